/* Opens a safetensors file: the tensors of every file that opens must lie inside it. */
#include "tests/hardening/fuzz/fuzz.h"
#include "weights/weights.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"x", "y", "encoder.embedding", ""};
    char path[200];
    failure why = {0};
    fuzz_write(fuzz_directory(), "model.safetensors", data, size);
    snprintf(path, sizeof path, "%s/model.safetensors", fuzz_directory());
    weights_file *file = weights_open(path, 64, &why);
    FUZZ_MUST(file || *why.sentence);
    if (!file)
        return 0;
    FUZZ_MUST(weights_file_size(file) == size && weights_n_elements(file) <= size);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (size_t n = 0; n < 4; n++) {
            tensor_type type = TENSOR_I8;
            const uint8_t *bytes = weights_find(file, names[i], &type)
                                       ? weights_take(file, names[i], type, (size_t[]){n, 1}, 1, &why)
                                       : NULL;
            uint8_t last = 0;
            for (size_t b = 0; bytes && b < n * (type == TENSOR_F32 ? 4 : 1); b++)
                last ^= ((const volatile uint8_t *)bytes)[b];
            (void)last;
        }
    FUZZ_MUST(weights_check(file, &why) || *why.sentence);
    weights_close(file);
    return 0;
}
