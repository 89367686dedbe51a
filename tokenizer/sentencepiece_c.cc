#include "tokenizer/sentencepiece_c.h"

#include <sentencepiece_processor.h>

#include <exception>
#include <memory>
#include <string>
#include <vector>

struct sentencepiece_model {
    sentencepiece::SentencePieceProcessor processor;
    std::string path;
};

namespace {

// Runs `work`, which returns a status, and turns a bad one, or an exception, into a failure.
template <typename Work>
bool guarded(const char *path, const char *doing, failure *why, Work work)
{
    try {
        const sentencepiece::util::Status status = work();
        return status.ok() || fail(why, "%s: SentencePiece cannot %s: %s", path, doing, status.ToString().c_str());
    } catch (const std::exception &problem) {
        return fail(why, "%s: SentencePiece cannot %s: %s", path, doing, problem.what());
    } catch (...) {
        return fail(why, "%s: SentencePiece cannot %s", path, doing);
    }
}

}  // namespace

sentencepiece_model *sentencepiece_open(const char *bytes, size_t size, const char *path, failure *why)
{
    std::unique_ptr<sentencepiece_model> model;
    const bool opened = guarded(path, "read the model", why, [&] {
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
    if (!guarded(model->path.c_str(), "encode the text", why,
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
    if (!guarded(model->path.c_str(), "decode the pieces", why,
                 [&] { return model->processor.Decode(std::vector<std::string>(pieces, pieces + n), &text); }))
        return false;
    return use(user, text.data(), text.size());
}
