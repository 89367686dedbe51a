#include "tokenizer/sentencepiece_c.h"

#include <sentencepiece_processor.h>

#include <memory>
#include <string>
#include <vector>

struct sentencepiece_model {
    sentencepiece::SentencePieceProcessor processor;
    std::string path;
};

namespace
{

// Runs `work`, which returns a status, and turns a bad one, or an exception, into the failure "path: problem".
template <typename Work> bool guarded(const char *path, const char *problem, failure *why, Work work)
{
    try {
        if (work().ok())
            return true;
    } catch (...) {
    }
    return failure_set(why, "%s: %s", path, problem);
}

} // namespace

sentencepiece_model *sentencepiece_open(const char *bytes, size_t size, const char *path, failure *why)
{
    std::unique_ptr<sentencepiece_model> model;
    const bool opened = guarded(path, "found something that is not a SentencePiece model, or a damaged one", why, [&] {
        model = std::make_unique<sentencepiece_model>();
        model->path = path;
        return model->processor.LoadFromSerializedProto(absl::string_view(bytes, size));
    });
    return opened ? model.release() : nullptr;
}

void sentencepiece_close(sentencepiece_model *of)
{
    delete of;
}

bool sentencepiece_encode(const sentencepiece_model *model, const char *text, size_t size,
                          bool (*use)(void *user, const char *piece, size_t size), void *user, failure *why)
{
    std::vector<std::string> pieces;
    if (!guarded(model->path.c_str(), "SentencePiece cannot encode the text with this model", why,
                 [&] { return model->processor.Encode(absl::string_view(text, size), &pieces); }))
        return false;
    for (const std::string &piece : pieces)
        if (!use(user, piece.data(), piece.size()))
            return false;
    return true;
}

bool sentencepiece_decode(const sentencepiece_model *model, const char *const *pieces, size_t n,
                          bool (*use)(void *user, const char *text, size_t size), void *user, failure *why)
{
    std::string text;
    if (!guarded(model->path.c_str(), "SentencePiece cannot decode the pieces with this model", why,
                 [&] { return model->processor.Decode(std::vector<std::string>(pieces, pieces + n), &text); }))
        return false;
    return use(user, text.data(), text.size());
}
