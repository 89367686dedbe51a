#include "tokenizer/sentencepiece_c.h"

#include <sentencepiece_processor.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <new>
#include <string>
#include <vector>

struct sentencepiece_model {
    sentencepiece::SentencePieceProcessor processor;
    std::string path;
};

namespace
{

// The memory reserve of a call in bytes: a base, plus an allowance per byte or piece. Only odd texts and models need
// more.
constexpr size_t RESERVE = 1 << 16, RESERVE_TO_OPEN = 32, RESERVE_TO_ENCODE = 512, RESERVE_TO_DECODE = 512;

// When memory runs out inside SentencePiece, nothing may be thrown: its protobuf library would destroy messages that it
// has not constructed. So each call has a reserve, which is released when an allocation fails: the call continues to
// its end and then fails.
thread_local void *reserve;
thread_local bool calling;

void release_reserve()
{
    if (!calling)
        throw std::bad_alloc();
    if (!reserve) // it did not suffice
        failure_fatal("not enough memory for SentencePiece; close other programs");
    free(reserve);
    reserve = nullptr;
}

// Runs `work`, which processes n bytes or pieces and returns a status. An error status or an exception becomes the
// failure "path: problem", or failure_memory if the reserve was released.
template <typename Work>
bool guarded(const char *path, const char *problem, size_t n, size_t reserve_for_each, failure *why, Work work)
{
    reserve = n < (SIZE_MAX - RESERVE) / reserve_for_each ? malloc(RESERVE + n * reserve_for_each) : nullptr;
    if (!reserve)
        return failure_memory(why, "SentencePiece");
    calling = true;
    bool ok = false;
    try {
        ok = work().ok();
    } catch (...) {
    }
    calling = false;
    if (!reserve)
        return failure_memory(why, "SentencePiece");
    free(reserve);
    return ok || failure_set(why, "%s: %s", path, problem);
}

} // namespace

sentencepiece_model *sentencepiece_open(const char *bytes, size_t size, const char *path, failure *why)
{
    std::unique_ptr<sentencepiece_model> model;
    std::set_new_handler(release_reserve);
    const bool ok = guarded(path, "not a SentencePiece model, or a damaged one", size, RESERVE_TO_OPEN, why, [&] {
        model = std::make_unique<sentencepiece_model>();
        model->path = path;
        return model->processor.LoadFromSerializedProto(absl::string_view(bytes, size));
    });
    return ok ? model.release() : nullptr;
}

void sentencepiece_close(sentencepiece_model *model)
{
    delete model;
}

bool sentencepiece_encode(const sentencepiece_model *model, const char *text, size_t size,
                          bool (*use)(void *user, const char *piece, size_t size), void *user, failure *why)
{
    std::vector<std::string> pieces;
    if (!guarded(model->path.c_str(), "SentencePiece cannot encode the text with this model", size, RESERVE_TO_ENCODE,
                 why, [&] { return model->processor.Encode(absl::string_view(text, size), &pieces); }))
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
    if (!guarded(model->path.c_str(), "SentencePiece cannot decode the pieces with this model", n, RESERVE_TO_DECODE,
                 why, [&] {
                     std::vector<std::string> some;
                     std::copy_if(pieces, pieces + n, std::back_inserter(some),
                                  [](const char *piece) { return *piece; });
                     return model->processor.Decode(some, &text);
                 }))
        return false;
    return use(user, text.data(), text.size());
}
