"""Translates a sentence, and shows the index of the source token that each target token attends to most, head by head:
CHECKPOINT SENTENCE. Needs cffi and numpy, and finds the library with pkg-config."""

import re
import subprocess
import sys
from pathlib import Path

import cffi
import numpy


def installed(variable: str) -> str:
    command = ["pkg-config", f"--variable={variable}", "transformer"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


ffi = cffi.FFI()
header = Path(installed("includedir"), "transformer.h").read_text()
ffi.cdef(re.search(r'extern "C" \{\n#endif(.*)#ifdef __cplusplus', header, re.DOTALL)[1])
library = ffi.dlopen(f"{installed('libdir')}/libtransformer.so")

checkpoint, sentence = (argument.encode() for argument in sys.argv[1:])
attention = {}


@ffi.callback("void(void *, const char *, const float *, size_t, size_t)")
def read(_user: object, name: object, data: object, rows: int, columns: int) -> None:
    if ffi.string(name).endswith(b".cross_attention.weights"):
        values = numpy.frombuffer(ffi.buffer(data, 4 * rows * columns), numpy.float32)
        attention[ffi.string(name).decode()] = values.reshape(rows, columns).copy()


translator = library.transformer_open(checkpoint, 1)
translation = translator and library.transformer_translate(translator, sentence)
if not translation or not library.transformer_trace(translator, sentence, read, ffi.NULL):
    sys.exit(ffi.string(library.transformer_error()).decode())
print(ffi.string(translation).decode())
for name, weights in attention.items():
    print(name, weights.shape, weights.argmax(1))
library.transformer_free(translation)
library.transformer_close(translator)
