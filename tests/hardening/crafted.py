"""Crafted checkpoints: each case spoils one file of a small golden checkpoint, and says which sentence that must give.

CASES holds them; test_crafted.py runs them. Where a number in a sentence follows from the file, it is computed here too.
"""

import json
import math
import os
import random
import shutil
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edits import ABSENT, GOLDEN, config, copy_of, edit_lines

ROOT = GOLDEN.parent.parent
RELU = GOLDEN / "relu"
MODEL = (RELU / "model.safetensors").read_bytes()
HEADER_END = 8 + struct.unpack("<Q", MODEL[:8])[0]
CONFIG = json.loads((RELU / "config.json").read_text())
WHOLE = json.dumps(CONFIG).encode()
N_VOCABULARY = CONFIG["source"]["n_vocabulary"]
D_MODEL = CONFIG["d_model"]
LARGEST_SPM = (1 << 20) + 256 * N_VOCABULARY
PAGE = b"<!DOCTYPE html>\n<html><body>404 Not Found</body></html>\n"
RANDOM = random.Random(1).randbytes(1000)


@dataclass(frozen=True)
class Case:
    """spoil(path) changes `file` in a copy of golden/`variant`. The sentence begins with the path of that file, or of the
    one in the same directory that `names` says, and has `said` in it."""
    name: str
    file: str
    spoil: Callable[[Path], None]
    said: str
    variant: str = "relu"
    names: str = ""

    def build(self, directory):
        """The path of the spoiled checkpoint, which has a space and a letter beyond ASCII in it."""
        checkpoint = copy_of(self.variant, directory)
        self.spoil(checkpoint / self.file)
        return checkpoint


def content(data):
    """A function that gives a file this content."""
    return lambda path: path.write_bytes(data)


def cut(n):
    """A function that leaves the first n bytes of a file, or all but the last -n."""
    return lambda path: path.write_bytes(path.read_bytes()[:n])


def instead(make):
    """A function that makes something else in the place of a file."""
    def replace(path):
        path.unlink()
        make(path)
    return replace


# ---- what is not the file ----

FILES = [("relu", "config.json"), ("relu", "model.safetensors"), ("relu", "source.spm"), ("relu", "source.vocab"),
         ("gelu", "target.spm"), ("gelu", "target.vocab")]
EXPECTED = {"config.json": "JSON", "model.safetensors": "safetensors file", ".spm": "it is no SentencePiece model",
            ".vocab": "whole lines, expected the"}
PLACES = [
    ("missing", instead(lambda path: None), "cannot be opened: No such file or directory"),
    ("a directory", instead(Path.mkdir), "found a directory, expected a file"),
    ("a FIFO", instead(os.mkfifo), "found a device, pipe or socket, expected a file"),
    ("a device", instead(lambda path: path.symlink_to("/dev/zero")), "found a device, pipe or socket, expected a file"),
    ("a link to itself", instead(lambda path: path.symlink_to(path)),
     "cannot be opened: Too many levels of symbolic links"),
]
OTHERS = [("empty", b""), ("one byte", b"{"), ("seven bytes", b"{\"a\": 1"), ("a web page", PAGE), ("random", RANDOM)]

CASES = [Case(f"{file} {name}", file, spoil, said, variant)
         for variant, file in FILES for name, spoil, said in PLACES]
CASES += [Case(f"{file} {name}", file, content(data), next(said for end, said in EXPECTED.items() if file.endswith(end)),
               variant)
          for variant, file in FILES for name, data in OTHERS]


# ---- config.json ----

def config_text(old, new):
    """A function that replaces text of config.json."""
    assert old in WHOLE
    return content(WHOLE.replace(old, new, 1))


IDS = f"a whole number from 0 to {N_VOCABULARY - 1}"
NOT_JSON = "found something that is not JSON at byte"
ONE_OBJECT = "expected one JSON object { … } and nothing else"
WRONG_CONFIGS = [
    ("half", content(WHOLE[:len(WHOLE) // 2]), NOT_JSON),
    ("a word", content(b'{"format": oops}'), "found something that is not JSON at byte 11, expected an object { … }"),
    ("a list", content(b"[]"), ONE_OBJECT),
    ("null", content(b"null"), ONE_OBJECT),
    ("nothing in it", content(b"{}"), 'found nothing under "format", expected a string'),
    ("two", content(WHOLE + WHOLE), ONE_OBJECT),
    ("more after it", content(WHOLE + b"\nmore"), ONE_OBJECT),
    ("a NUL byte", content(WHOLE + b"\0"), "found a NUL byte, expected JSON text"),
    ("1,001 deep", content(b'{"a":' * 1001 + b"1" + b"}" * 1001), NOT_JSON),
    ("20,000 lists deep", config_text(b'"made_by"', b'"a":' + b"[" * 20_000 + b'"made_by"'), NOT_JSON),
    ("5,000 keys", content(b"{" + b",".join(b'"%d":1' % i for i in range(5000)) + b"}"),
     'found nothing under "format", expected a string'),
    ("5,000 keys more", content(WHOLE[:-1] + b"".join(b',"%d":1' % i for i in range(5000)) + b"}"),
     'found the unknown key "0"'),
    ("a megabyte", config(origin={"a": "b" * 1_000_000}), "bytes, expected at most 65536; it is another file"),
    ("a gigabyte with holes", lambda path: os.truncate(path, 1 << 30), "found 1073741824 bytes, expected at most 65536"),
    ("a key twice", content(WHOLE[:-1] + b', "d_model": 16}'), 'found the key "d_model" 2 times, expected it once'),
    ("a terminal command", content(WHOLE[:-1] + b', "\\u001b[2J\\n": 1}'), 'found the unknown key "\ufffd[2J "'),
    ("a number of 60 digits", config_text(b'"d_model": 16', b'"d_model": ' + b"1" * 60),
     'found 1.11111111111111e+59 under "d_model", expected a whole number from 2 to 65536'),
    ("a number of 5,000 digits", config_text(b'"d_model": 16', b'"d_model": ' + b"1" * 5000),
     'found inf under "d_model"'),
    ("an infinite number", config_text(b'"d_model": 16', b'"d_model": 1e999'), 'found inf under "d_model"'),
    ("a number that is none", config_text(b'"d_model": 16', b'"d_model": NaN'), NOT_JSON),
    ("a decimal comma", config_text(b'"d_model": 16', b'"d_model": 16,0'), NOT_JSON),
    ("format pytorch", config(format="pytorch"), 'found the format "pytorch", expected "transformer.c"'),
    ("format absent", config(format=ABSENT), 'found nothing under "format", expected a string'),
    ("format a number", config(format=1), 'found a number under "format", expected a string'),
    ("version 2", config(version=2, novelty=True), "found version 2, expected 1; export the checkpoint again"),
    ("version text", config(version="1"), 'found a string under "version", expected a number'),
    ("version absent", config(version=ABSENT), 'found nothing under "version", expected a number'),
    ("an unknown key", config(colour="red"), 'found the unknown key "colour"'),
    ("an unknown key of the encoder", config(encoder__colour="red"), 'encoder: found the unknown key "colour"'),
    ("an unknown key of the source", config(source__colour="red"), 'source: found the unknown key "colour"'),
    ("d_model absent", config(d_model=ABSENT), 'found the key "d_model" 0 times, expected it once'),
    ("origin absent", config(origin=ABSENT), 'found the key "origin" 0 times'),
    ("decoder absent", config(decoder=ABSENT), 'found the key "decoder" 0 times'),
    ("d_ff absent", config(decoder__d_ff=ABSENT), 'decoder: found the key "d_ff" 0 times'),
    ("start absent", config(target__start=ABSENT), 'target: found the key "start" 0 times'),
    ("suppressed absent", config(generation__suppressed=ABSENT), 'generation: found the key "suppressed" 0 times'),
    ("d_model 15", config(d_model=15), "encoder: found n_heads 2, expected a divisor of d_model, 15"),
    ("d_model 0", config(d_model=0), 'found 0 under "d_model", expected a whole number from 2 to 65536'),
    ("d_model -16", config(d_model=-16), 'found -16 under "d_model", expected a whole number'),
    ("d_model 16.5", config(d_model=16.5), 'found 16.5 under "d_model", expected a whole number'),
    ("d_model 1e300", config(d_model=1e300), 'found 1e+300 under "d_model", expected a whole number'),
    ("d_model text", config(d_model="16"), 'found a string under "d_model", expected a number'),
    ("d_model true", config(d_model=True), 'found true or false under "d_model", expected a number'),
    ("d_model null", config(d_model=None), 'found null under "d_model", expected a number'),
    ("max_positions 0", config(max_positions=0),
     'found 0 under "max_positions", expected a whole number from 2 to 8192'),
    ("a large table of positions", config(d_model=4096, max_positions=513),
     "found max_positions 513 with d_model 4096, expected a product of at most 2097152"),
    ("large attention", config(max_positions=8192), "found max_positions 8192 with 2 heads, expected at most 67108864"),
    ("encoder a list", config(encoder=[]), 'found a list under "encoder", expected an object { … }'),
    ("no layers", config(encoder__n_layers=0),
     'encoder: found 0 under "n_layers", expected a whole number from 1 to 128'),
    ("a million layers", config(encoder__n_layers=1_000_000), 'encoder: found 1000000 under "n_layers"'),
    ("no heads", config(decoder__n_heads=0), 'decoder: found 0 under "n_heads", expected a whole number from 1'),
    ("heads that do not divide", config(decoder__n_heads=3),
     "decoder: found n_heads 3, expected a divisor of d_model, 16"),
    ("activation tanh", config(activation="tanh"), 'found the activation "tanh", expected relu, swish or gelu'),
    ("scale_embedding 1", config(scale_embedding=1), 'found a number under "scale_embedding", expected true or false'),
    ("a vocabulary of nothing", config(source__n_vocabulary=0), 'source: found 0 under "n_vocabulary"'),
    ("vocabularies that differ", config(source__n_vocabulary=N_VOCABULARY + 1),
     f"found vocabularies of {N_VOCABULARY + 1} and {N_VOCABULARY} pieces, expected equal sizes for a shared embedding"),
    ("a shared vocabulary of two sizes", config(source__n_vocabulary=N_VOCABULARY + 1, shared_embedding=False),
     f"found n_vocabulary {N_VOCABULARY + 1} and {N_VOCABULARY} for one shared vocabulary"),
    ("language a number", config(source__language=7), 'source: found a number under "language", expected a string'),
    ("language of 1,000 letters", config(source__language="e" * 1000), "source: found a language of 1000 bytes"),
    ("end beyond", config(source__end=N_VOCABULARY), f'source: found {N_VOCABULARY} under "end", expected {IDS}'),
    ("unknown negative", config(source__unknown=-1), f'source: found -1 under "unknown", expected {IDS}'),
    ("start beyond", config(target__start=N_VOCABULARY), f'target: found {N_VOCABULARY} under "start", expected {IDS}'),
    ("end 2^32", config(target__end=2 ** 32), f'target: found 4294967296 under "end", expected {IDS}'),
    ("pad 1e18", config(target__pad=1e18), 'target: found 1e+18 under "pad"'),
    ("pad the end", config(target__pad=0), "target: found 0 as both the end and the pad token, expected two ids"),
    ("max_length 0", config(generation__max_length=0), 'generation: found 0 under "max_length"'),
    ("max_length beyond", config(generation__max_length=65),
     'generation: found 65 under "max_length", expected a whole number from 1 to 64'),
    ("forced_end text", config(generation__forced_end="yes"), 'generation: found a string under "forced_end"'),
    ("suppressed a number", config(generation__suppressed=7), 'expected a list of at most 64 ids under "suppressed"'),
    ("suppressed beyond", config(generation__suppressed=[N_VOCABULARY]),
     f'expected ids from 0 to {N_VOCABULARY - 1} under "suppressed"'),
    ("suppressed negative", config(generation__suppressed=[-1]), 'expected ids from 0 to'),
    ("suppressed the end", config(generation__suppressed=[0]),
     "the end token, 0, is suppressed: no translation would end"),
    ("suppressed 10,000", config(generation__suppressed=[5] * 10_000), "expected a list of at most 64 ids"),
]
CASES += [Case(f"config {name}", "config.json", spoil, said) for name, spoil, said in WRONG_CONFIGS]

EMBEDDING = f'"source_embedding.weight" is F32 [{N_VOCABULARY}, {D_MODEL}], expected F32'
OTHER_MODELS = [
    ("d_model doubled", config(d_model=2 * D_MODEL), f"{EMBEDDING} [{N_VOCABULARY}, {2 * D_MODEL}] by config.json"),
    ("huge", config(d_model=65536, max_positions=32, generation__max_length=32), f"{EMBEDDING} [{N_VOCABULARY}, 65536]"),
    ("a layer more", config(encoder__n_layers=4), 'the tensor "encoder.3.self_attention.query.weight" is missing'),
    ("128 layers", config(encoder__n_layers=128, decoder__n_layers=128),
     '"encoder.3.self_attention.query.weight" is missing'),
    ("a layer less", config(encoder__n_layers=2), 'found the tensor "encoder.2.'),
    ("d_ff 25", config(encoder__d_ff=25), '"encoder.0.feed_forward.inner.weight" is F32 [24, 16], expected F32 [25, 16]'),
    ("an embedding for each side", config(shared_embedding=False), '"target_embedding.weight" is missing'),
    ("an output of its own", config(tied_output=False), '"output.weight" is missing'),
    ("a vocabulary and embedding that differ",
     config(source__n_vocabulary=N_VOCABULARY + 1, target__n_vocabulary=N_VOCABULARY + 1),
     f"{EMBEDDING} [{N_VOCABULARY + 1}, {D_MODEL}]"),
    ("the largest vocabulary", config(source__n_vocabulary=2 ** 22, target__n_vocabulary=2 ** 22),
     f"{EMBEDDING} [4194304, 16]"),
]
CASES += [Case(f"config of another model: {name}", "config.json", spoil, said, names="model.safetensors")
          for name, spoil, said in OTHER_MODELS]


# ---- model.safetensors ----

def model_bytes(header, data):
    """A safetensors file; the header is an object, or JSON text that may break the rules."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def edit_model(edit):
    """A function that rewrites a model file: edit(header, data) changes the header in place, or gives new data."""
    def rewrite(path):
        file = path.read_bytes()
        end = 8 + struct.unpack("<Q", file[:8])[0]
        header = json.loads(file[8:end])
        data = edit(header, file[end:])
        path.write_bytes(model_bytes(header, file[end:] if data is None else data))
    return rewrite


def edit_tensor(name, **changes):
    return edit_model(lambda header, data: header[name].update(changes))


def header_text(old, new):
    """A function that replaces text in the header of a model file."""
    def rewrite(path):
        file = path.read_bytes()
        end = 8 + struct.unpack("<Q", file[:8])[0]
        assert old in file[8:end]
        path.write_bytes(model_bytes(file[8:end].replace(old, new, 1), file[end:]))
    return rewrite


def header_length(length):
    return lambda path: path.write_bytes(struct.pack("<Q", length) + path.read_bytes()[8:])


def remove_last(header, data):
    last = max((name for name in header if name != "__metadata__"), key=lambda name: header[name]["data_offsets"][1])
    return data[:header.pop(last)["data_offsets"][0]]


def add_extra(name):
    def edit(header, data):
        header[name] = {"dtype": "F32", "shape": [1], "data_offsets": [len(data), len(data) + 4]}
        return data + b"\0\0\0\0"
    return edit_model(edit)


def move(name, begin, end):
    """A function that moves the offsets of a tensor by so many bytes."""
    def edit(header, data):
        offsets = header[name]["data_offsets"]
        header[name]["data_offsets"] = [offsets[0] + begin, offsets[1] + end]
    return edit_model(edit)


def swap_for(name, other):
    """A function that gives a tensor the place of another."""
    def edit(header, data):
        header[name]["data_offsets"] = header[other]["data_offsets"]
    return edit_model(edit)


def numbers(name, value, at=0, n=1):
    """A function that sets n numbers of a float32 tensor from `at` on."""
    def edit(header, data):
        begin = header[name]["data_offsets"][0] + 4 * at
        return data[:begin] + struct.pack("<f", value) * n + data[begin + 4 * n:]
    return edit_model(edit)


def negative_logits(path):
    """Every number is finite, but all logits become -infinity."""
    numbers("source_embedding.weight", -1.0, n=N_VOCABULARY * D_MODEL)(path)
    numbers("decoder.0.feed_forward_norm.weight", 0.0, n=D_MODEL)(path)
    numbers("decoder.0.feed_forward_norm.bias", 3e38, n=D_MODEL)(path)


def embedding_of_holes(path):
    """A model file of nothing but an embedding for four million pieces, which config.json has too."""
    rows = 1 << 22
    config(source__n_vocabulary=rows, target__n_vocabulary=rows)(path.with_name("config.json"))
    size = 4 * rows * D_MODEL
    tensor = {"dtype": "F32", "shape": [rows, D_MODEL], "data_offsets": [0, size]}
    content(model_bytes({"source_embedding.weight": tensor}, b""))(path)
    os.truncate(path, path.stat().st_size + size)


def reverse_header(header, data):
    tensors = list(header.items())
    header.clear()
    header.update(reversed(tensors))


BIAS, INNER = "decoder.0.cross_attention.query.bias", "encoder.0.feed_forward.inner.weight"
KEY, NORM = "decoder.0.cross_attention.key.bias", "encoder.1.self_attention_norm.weight"
NO_OFFSETS = f'"{BIAS}" has no data_offsets [begin, end] of whole numbers'
BAD_SHAPE = f'"{BIAS}" has a shape that is negative, fractional or too large'
WRONG_MODELS = [
    ("cut to 8 bytes", cut(8), "found a header length of"),
    ("cut to 9 bytes", cut(9), "found a header length of"),
    ("cut in the header's last byte", cut(HEADER_END - 1), "found a header length of"),
    ("cut behind the header", cut(HEADER_END), "found 0 bytes of data, expected"),
    ("cut in the first number", cut(HEADER_END + 1), "the file is incomplete, copy it again"),
    ("cut in the middle", cut(len(MODEL) // 2), "the file is incomplete, copy it again"),
    ("cut by a byte", cut(-1), "the file is incomplete, copy it again"),
    ("longer by 4 bytes", content(MODEL + b"\0" * 4), "the file is damaged"),
    ("longer by a gigabyte of holes", lambda path: os.truncate(path, 1 << 30), "the file is damaged"),
    ("header length 0", header_length(0), NOT_JSON),
    ("header length 4", header_length(4), NOT_JSON),
    ("header length to the end", header_length(len(MODEL) - 8), "is not UTF-8"),
    ("header length one beyond", header_length(len(MODEL) - 7),
     f"found a header length of {len(MODEL) - 7} in a file of"),
    ("header length 100 MB", header_length(100_000_000), "found a header length of 100000000"),
    ("header length 2^63", header_length(2 ** 63), "found a header length of 9223372036854775808"),
    ("header length 2^64 - 1", header_length(2 ** 64 - 1), "found a header length of 18446744073709551615"),
    ("header length 2^64 - 8", header_length(2 ** 64 - 8), "found a header length of 18446744073709551608"),
    ("header of 100 MB of spaces", lambda path: (header_length(100_000_000)(path), os.truncate(path, 100_000_008)),
     "found a header of 100000000 bytes, expected at most"),
    ("header not aligned", content(struct.pack("<Q", HEADER_END - 7) + MODEL[8:HEADER_END] + b" " + MODEL[HEADER_END:]),
     "expected a multiple of 4 so that the data is aligned"),
    ("header a list", content(model_bytes(b"[]", b"")), ONE_OBJECT),
    ("header empty", content(model_bytes(b"{}", b"")), '"source_embedding.weight" is missing, expected F32 [101, 16]'),
    ("header empty with data", content(model_bytes(b"{}", b"\0" * 8)), "found 8 bytes of data, expected 0 by the header"),
    ("header not UTF-8", header_text(b".bias", b".bi\xffs"), "found a header that is not UTF-8, expected JSON"),
    ("header with a NUL", header_text(b".bias", b".bi\0s"), "found a NUL byte, expected JSON text"),
    ("header with an escaped NUL", header_text(b".bias", b".bi\\u0000s"), "found a NUL byte, expected JSON text"),
    ("header with half a surrogate", header_text(b".bias", b".bi\\ud800s"), NOT_JSON),
    ("header without a brace", header_text(b"}", b""), NOT_JSON),
    ("header 1,001 deep", content(model_bytes(b'{"a":' * 1001 + b"1" + b"}" * 1001, b"")), NOT_JSON),
    ("header 10,000 deep", content(model_bytes(b'{"a":' * 10_000, b"")),
     "found a header of up to 10001 values, expected at most"),
    ("header of two objects", header_text(b"}}", b"}}{}"), ONE_OBJECT),
    ("header of 100,000 keys", content(model_bytes({str(i): 0 for i in range(100_000)}, b"")), "bytes, expected at most"),
    ("header of 3,000 zeros", header_text(b'"shape":[16]', b'"shape":[' + b"0," * 3_000 + b"0]"),
     "no shape of at most 8 dim"),
    ("header of 30,000 zeros", header_text(b'"shape":[16]', b'"shape":[' + b"0," * 30_000 + b"0]"),
     "found a header of up to 30562 values, expected at most 5872 for the tensors of config.json"),
    ("metadata a list", edit_model(lambda header, data: header.update(__metadata__=[])),
     'expected an object { … } under "__metadata__"'),
    ("metadata of numbers", edit_model(lambda header, data: header.update(__metadata__={"a": 1})),
     'expected strings in "__meta'),
    ("metadata twice", header_text(b"{", b'{"__metadata__":{},"__metadata__":{},'), '"__metadata__" is there twice'),
    ("tensor null", edit_model(lambda header, data: header.update({BIAS: None})),
     f'expected an object {{ … }} under the tensor "{BIAS}"'),
    ("tensor with an unknown key", edit_tensor(BIAS, colour="red"), 'found the unknown key "colour"'),
    ("tensor without a shape", header_text(b'"shape":[16],', b""), 'found the key "shape" 0 times'),
    ("tensor with two shapes", header_text(b'"shape":[16],', b'"shape":[16],"shape":[16],'), 'the key "shape" 2 times'),
    ("an overlap", move(BIAS, -4, -4), f'the data of tensor "{BIAS}" begins at byte'),
    ("a gap", move(BIAS, 4, 4), f'the data of tensor "{BIAS}" begins at byte'),
    ("the same place twice", swap_for(BIAS, KEY), "begins at byte"),
    ("offsets beyond the file", move(BIAS, 2 ** 40, 2 ** 40), "begins at byte"),
    ("offsets near 2^53", edit_tensor(BIAS, data_offsets=[2 ** 53 - 64, 2 ** 53]), "begins at byte"),
    ("offsets too far apart", move(BIAS, 0, 4), f'"{BIAS}" has 68 bytes of data, expected the 64 of its shape'),
    ("offsets reversed", edit_tensor(BIAS, data_offsets=[64, 0]), NO_OFFSETS),
    ("offsets negative", edit_tensor(BIAS, data_offsets=[-64, 0]), NO_OFFSETS),
    ("offsets fractional", edit_tensor(BIAS, data_offsets=[0.5, 64.5]), NO_OFFSETS),
    ("offsets 1e300", edit_tensor(BIAS, data_offsets=[1e300, 1e300]), NO_OFFSETS),
    ("offsets of 60 digits", edit_tensor(BIAS, data_offsets=[10 ** 59, 10 ** 59 + 64]), NO_OFFSETS),
    ("offsets 2^64", edit_tensor(BIAS, data_offsets=[2 ** 64, 2 ** 64 + 64]), NO_OFFSETS),
    ("offsets three", edit_tensor(BIAS, data_offsets=[0, 64, 128]), NO_OFFSETS),
    ("offsets one", edit_tensor(BIAS, data_offsets=[64]), NO_OFFSETS),
    ("offsets text", edit_tensor(BIAS, data_offsets="0 64"), NO_OFFSETS),
    ("offsets of texts", edit_tensor(BIAS, data_offsets=["0", "64"]), NO_OFFSETS),
    ("a name twice", header_text(f'"{KEY}"'.encode(), f'"{BIAS}"'.encode()), f'tensor "{BIAS}" is there twice'),
    ("an empty name", add_extra(""), 'found the tensor "", which config.json has no place for'),
    ("an extra tensor", add_extra("extra"), 'found the tensor "extra", which config.json has no place for'),
    ("an extra tensor that commands", add_extra("\x1b[2J\n"), 'found the tensor "\ufffd[2J "'),
    ("an extra tensor of a long name", add_extra("x" * 30_000), 'found the tensor "xxx'),
    ("a missing tensor", edit_model(remove_last), "is missing, expected F32 ["),
    ("dtype F16", edit_tensor(BIAS, dtype="F16"), f'"{BIAS}" has the dtype F16, expected F32 or I8'),
    ("dtype BF16", edit_tensor(BIAS, dtype="BF16"), f'"{BIAS}" has the dtype BF16, expected F32 or I8'),
    ("dtype a number", edit_tensor(BIAS, dtype=32), f'"{BIAS}" has the dtype (none), expected F32 or I8'),
    ("dtype I8 of as many bytes", edit_tensor(BIAS, dtype="I8", shape=[64]),
     f'"{BIAS}" is I8 [64], expected F32 [16] by config.json'),
    ("dtype I8 of other bytes", edit_tensor(BIAS, dtype="I8"), f'"{BIAS}" has 64 bytes of data, expected the 16'),
    ("shape turned", edit_tensor(INNER, shape=[16, 24]), f'"{INNER}" is F32 [16, 24], expected F32 [24, 16]'),
    ("shape flat", edit_tensor(INNER, shape=[384]), f'"{INNER}" is F32 [384], expected F32 [24, 16]'),
    ("shape with a 1", edit_tensor(BIAS, shape=[1, 16]), f'"{BIAS}" is F32 [1, 16], expected F32 [16]'),
    ("shape of other bytes", edit_tensor(BIAS, shape=[17]), f'"{BIAS}" has 64 bytes of data, expected the 68'),
    ("shape with a 0", edit_tensor(BIAS, shape=[0, 16]), f'"{BIAS}" has 64 bytes of data, expected the 0 of its shape'),
    ("shape none", edit_tensor(BIAS, shape=[]), f'"{BIAS}" has 64 bytes of data, expected the 4'),
    ("shape negative", edit_tensor(BIAS, shape=[-16]), BAD_SHAPE),
    ("shape twice negative", edit_tensor(INNER, shape=[-24, -16]), f'"{INNER}" has a shape that is negative'),
    ("shape fractional", edit_tensor(BIAS, shape=[16.5]), BAD_SHAPE),
    ("shape of texts", edit_tensor(BIAS, shape=["16"]), BAD_SHAPE),
    ("shape overflowing to 0", edit_tensor(BIAS, shape=[2 ** 31, 2 ** 31]), BAD_SHAPE),
    ("shape overflowing to its bytes", edit_tensor(BIAS, shape=[2 ** 52 + 1, 2 ** 12, 16]), BAD_SHAPE),
    ("shape of nine dimensions", edit_tensor(BIAS, shape=[1] * 8 + [16]),
     f'"{BIAS}" has no shape of at most 8 dimensions'),
    ("shape a number", edit_tensor(BIAS, shape=16), f'"{BIAS}" has no shape of at most 8 dimensions'),
    ("NaN in a bias", numbers(BIAS, math.nan, at=3), f'"{BIAS}" holds nan as number 4 of 16, expected finite ones'),
    ("infinity in a norm", numbers(NORM, math.inf), f'"{NORM}" holds inf as number 1 of 16, expected finite ones'),
    ("NaN in a matrix", numbers(INNER, math.nan, at=383), f'"{INNER}" holds nan as number 384 of 384'),
    ("-infinity in the embedding", numbers("source_embedding.weight", -math.inf, at=1000),
     '"source_embedding.weight" holds -inf as number 1001 of 1616'),
    ("NaN everywhere", content(MODEL[:HEADER_END] + b"\xff\xff\xff\x7f" * ((len(MODEL) - HEADER_END) // 4)),
     "holds nan as number 1"),
    ("numbers that overflow", numbers(INNER, 3e38, n=384), "gives a logit that is not a finite number at target token 1"),
    ("only -infinity as logits", negative_logits, "gives a logit that is not a finite number at target token 1"),
    ("a quarter of a gigabyte of holes", embedding_of_holes, "is missing"),
    ("many gigabytes of holes", lambda path: os.truncate(path, 1 << 35),
     "found 34359738368 bytes, expected at most 17179869184"),
]
CASES += [Case("model an output that overflows", "model.safetensors", numbers("output.weight", 3e38, at=30, n=15),
               "gives a logit that is not a finite number", variant="odd")]
CASES += [Case(f"model {name}", "model.safetensors", spoil, said) for name, spoil, said in WRONG_MODELS]

SCALE = "encoder.0.self_attention.key.scale"
WRONG_INT8_MODELS = [
    ("without a scale", header_text(f'"{SCALE}"'.encode(), b'"encoder.0.self_attention.key.other"'),
     f'"{SCALE}" is missing'),
    ("NaN in a scale", numbers(SCALE, math.nan, at=15), f'"{SCALE}" holds nan as number 16 of 16'),
    ("scales that overflow", numbers("encoder.1.feed_forward.outer.scale", 3e38, n=16),
     "gives a logit that is not a finite number"),
    ("a scale for each column", edit_tensor(SCALE, shape=[1, 16]), f'"{SCALE}" is F32 [1, 16], expected F32 [16]'),
]
CASES += [Case(f"int8 model {name}", "model.safetensors", spoil, said, variant="int8")
          for name, spoil, said in WRONG_INT8_MODELS]


# ---- source.vocab ----

def set_line(i, value):
    return edit_lines(lambda lines: lines.__setitem__(i, value))


WRONG_COUNT = f"found {{}} whole lines, expected the {N_VOCABULARY} pieces of config.json"
WRONG_VOCABULARIES = [
    ("a line too few", edit_lines(lambda lines: lines.pop()), WRONG_COUNT.format(N_VOCABULARY - 1)),
    ("a line too many", edit_lines(lambda lines: lines.append(b"more")), WRONG_COUNT.format(N_VOCABULARY + 1)),
    ("a last line without an end", cut(-1), WRONG_COUNT.format(N_VOCABULARY - 1)),
    ("more after the last line", lambda path: path.write_bytes(path.read_bytes() + b"more"),
     f"found more after line {N_VOCABULARY}, expected it to be the last piece of config.json"),
    ("a piece twice", edit_lines(lambda lines: lines.__setitem__(20, lines[10])), "a second time, first on line 11"),
    ("an empty line", set_line(10, b""), "line 11: found an empty line, expected a piece"),
    ("a NUL byte", set_line(10, b"a\0b"), "found bytes that are not text, expected a piece in UTF-8 on every line"),
    ("not UTF-8", set_line(10, b"\xff"), "found bytes that are not text"),
    ("a surrogate", set_line(10, b"\xed\xa0\x80"), "found bytes that are not text"),
    ("line ends of another system", lambda path: path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n")),
     "line 1: found a carriage return at the end, expected the line end \\n alone"),
    ("a piece of 100 kB", set_line(10, b"x" * 100_000), "line 11: found a piece of 100000 bytes, expected at most 2048"),
    ("a gigabyte with holes", lambda path: os.truncate(path, 1 << 30), "found 1073741824 bytes, expected at most 206949"),
    ("only line ends", content(b"\n" * N_VOCABULARY), "line 1: found an empty line"),
]
CASES += [Case(f"vocabulary {name}", "source.vocab", spoil, said) for name, spoil, said in WRONG_VOCABULARIES]


# ---- source.spm ----

def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number, value):
    """A field of a protobuf message: bytes, a whole number, or a float."""
    if isinstance(value, bytes):
        return varint(number << 3 | 2) + varint(len(value)) + value
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    return varint(number << 3) + varint(value)


def piece(text, score=-1.0, kind=None):
    inside = field(1, text) + field(2, score) + (b"" if kind is None else field(3, kind))
    return field(1, inside)


UNKNOWN, USER_DEFINED, BYTE = 2, 4, 6
TRAINER, NORMALIZER, SELF_TEST, DENORMALIZER = 2, 3, 4, 5
PIECES = piece(b"<unk>", 0.0, UNKNOWN) + b"".join(piece(b"\xe2\x96\x81" + bytes([c])) + piece(bytes([c])) for c in b"abc")


def spm(pieces=b"", trainer=b"", normalizer=b"", more=b""):
    """A small SentencePiece model with more pieces, and these fields in its specs."""
    return content(PIECES + pieces + field(TRAINER, trainer) + field(NORMALIZER, normalizer) + more)


def charsmap(units, texts=b"b\0", size=None):
    """A normalizer's fields with a map of these units."""
    size = 4 * len(units) if size is None else size
    return field(1, b"x") + field(2, struct.pack(f"<{1 + len(units)}I", size, *units) + texts)


def node(label, at, base, leaf=False):
    """The trie's unit `at` for a label, whose children are at `base`."""
    return label | leaf << 8 | (at ^ base) << 10


def trie(changes):
    """256 units with a rule for the letter a, as darts-clone writes them, and changes to it."""
    units = [i ^ 3 for i in range(256)]
    units[0], units[1 ^ 97], units[2] = node(0, 0, 1), node(97, 1 ^ 97, 2, True), 1 << 31
    for at, unit in changes.items():
        units[at] = unit
    return units


def nested_rules(n):
    """Units with rules for the letter a n times, for all n."""
    units = [(i & 255) ^ 3 for i in range(256 * (n + 1))]
    units[0] = node(0, 0, 1)
    for i in range(n):
        at, base = 256 * i + 1 ^ 97, 256 * (i + 1) + 1
        units[at], units[base] = node(97, at, base, True), 1 << 31
    return units


def bundled_map(edit):
    """A function that gives a model the normalizer of the bundled checkpoint (NFKC), edited as a bytearray."""
    def write(path):
        bundled = (ROOT / "checkpoints/en-de/source.spm").read_bytes()
        at = bundled.rindex(field(1, b"nmt_nfkc"))
        size = struct.unpack("<I", bundled[at + 14:at + 18])[0]
        normalizer = bytearray(bundled[at:])
        edit(normalizer, 18, 18 + size)
        path.write_bytes(PIECES + field(TRAINER, b"") + field(NORMALIZER, bytes(normalizer)))
    return write


def shuffle_units(normalizer, begin, end):
    units = [normalizer[at:at + 4] for at in range(begin, end, 4)]
    random.Random(1).shuffle(units)
    normalizer[begin:end] = b"".join(units)


WRONG_SPMS = [
    ("cut to 100 bytes", cut(100), "it is no SentencePiece model, or a damaged one"),
    ("cut between two pieces", content(PIECES), f"byte {len(PIECES)}: found the end before the trainer_spec"),
    ("cut between the specs", content(PIECES + field(TRAINER, b"")), "found the end before the normalizer_spec"),
    ("cut by a byte", cut(-1), "it is no SentencePiece model, or a damaged one"),
    ("of a gigabyte of holes", lambda path: os.truncate(path, 1 << 30),
     f"found 1073741824 bytes, expected at most {LARGEST_SPM}"),
    ("of as many holes as may be", lambda path: os.truncate(path, LARGEST_SPM), "found the field number 0 in the model"),
    ("of a piece 100,000 times", spm(field(1, field(1, b"z")) * 100_000), "found a piece a second time, first at byte"),
    ("a length beyond the end", content(PIECES + b"\x0a\x7f"), "found a length of 127 where the model has 0 bytes left"),
    ("a length of 2^64 - 1", content(b"\x0a" + b"\xff" * 9 + b"\x01"), "byte 1: found a length of 18446744073709551615"),
    ("a length of 2^70", content(b"\x0a" + b"\xff" * 10), "byte 1: found a number of more than 64 bits in the model"),
    ("groups 10,000 deep", content(b"\x0b" * 10_000), "byte 0: found field 1 of wire type 3 in the model"),
    ("groups in the trainer_spec", spm(trainer=b"\xcb\x06" * 5000), "of wire type 3 in the trainer_spec"),
    ("an unknown field", spm(more=field(7, b"x")), "found the unknown field 7 in the model"),
    ("an unknown field of the normalizer", spm(normalizer=field(8, 1)),
     "found the unknown field 8 in the normalizer_spec"),
    ("an unknown field of a piece", spm(field(1, field(1, b"z") + field(200, 1))),
     "found the unknown field 200 in the piece"),
    ("pieces of another wire type", content(field(1, 5)), "found the pieces of the model with wire type 0, expected 2"),
    ("two trainer_specs", spm(more=field(TRAINER, b"")), "found the trainer_spec of the model a second time"),
    ("a byte_fallback without bytes", spm(trainer=field(35, 1)),
     "found 0 pieces for bytes, expected 256 by the trainer_spec"),
    ("bytes without a byte_fallback", spm(piece(b"<0x00>", 0.0, BYTE)), "found 1 pieces for bytes, expected 0"),
    ("a byte that is none", spm(piece(b"<0x1G>", 0.0, BYTE)), "found a piece for a byte that is not written as <0x00>"),
    ("a model_type that is none", spm(trainer=field(3, 7)), "found the model_type 7, expected 1 to 4"),
    ("a vocab_size in text", spm(trainer=field(4, b"100")),
     "found vocab_size of the trainer_spec with wire type 2, expected 0"),
    ("a piece of 100 kB", spm(piece(b"x" * 100_000)), "found a piece of 100000 bytes, expected at most 2048"),
    ("a user-defined piece of 100 kB", spm(piece(b"x" * 100_000, 0.0, USER_DEFINED)), "found a piece of 100000 bytes"),
    ("a NUL piece", spm(piece(b"\0")), "found a piece that is not UTF-8 or has a NUL in it"),
    ("a piece with a NUL", spm(piece(b"a\0b", 0.0, USER_DEFINED)), "found a piece that is not UTF-8 or has a NUL in it"),
    ("a piece that is not UTF-8", spm(piece(b"\xe2\x96")), "found a piece that is not UTF-8"),
    ("an empty piece", spm(piece(b"")), "found a piece without text"),
    ("a piece without anything", spm(field(1, b"")), "found a piece without text"),
    ("a piece twice", spm(piece(b"a")), "found a piece a second time, first at byte"),
    ("a piece as two types", spm(piece(b"a", 0.0, 3)), "found a piece a second time, first at byte"),
    ("a piece of type 0", spm(piece(b"z", 0.0, 0)), "found the type 0 of a piece, expected 1 to 6"),
    ("a piece of type 2^32 + 1", spm(piece(b"z", 0.0, 2 ** 32 + 1)), "found the type 4294967297 of a piece"),
    ("a score that is none", spm(piece(b"z", math.nan)), "found the score nan of a piece, expected a finite one"),
    ("an infinite score", spm(piece(b"z", math.inf)), "found the score inf of a piece"),
    ("two unknown pieces", spm(piece(b"z", 0.0, UNKNOWN)), "found 2 pieces of 8 for what is unknown, expected one"),
    ("no unknown piece", content(piece(b"a") + field(TRAINER, b"") + field(NORMALIZER, b"")),
     "found 0 pieces of 1 for what is unkn"),
    ("65 nested symbols", spm(b"".join(piece(b"y" * n, 0.0, USER_DEFINED) for n in range(1, 66))),
     "found more than 64 user-defined pieces that begin one another"),
    ("two self-tests", spm(more=field(SELF_TEST, b"") * 2), "found the self_test_data of the model a second time"),
    ("a map of 3 bytes", spm(normalizer=field(2, b"\0\0\0")), "found a normalizer map of 3 bytes"),
    ("a trie of 0 bytes", spm(normalizer=charsmap([])), "found a trie of 0 bytes in a normalizer map"),
    ("a trie beyond the map", spm(normalizer=charsmap(trie({}), size=1028)),
     "found a trie of 1028 bytes in a normalizer map of 1026"),
    ("a trie of 2^32 - 4 bytes", spm(normalizer=charsmap(trie({}), size=2 ** 32 - 4)),
     "found a trie of 4294967292 bytes"),
    ("a trie that is not aligned", spm(normalizer=charsmap(trie({}), size=1023)), "found a trie of 1023 bytes"),
    ("a trie of 255 units", spm(normalizer=charsmap(trie({})[:255])), "found a trie of 1020 bytes in a normalizer map"),
    ("a unit that leads outside", spm(normalizer=charsmap(trie({0: node(0, 0, 256)}))),
     "found unit 0 of a normalizer map leading to"),
    ("a root that is a leaf", spm(normalizer=charsmap(trie({0: 1 << 31 | node(0, 0, 256)}))),
     "found unit 0 of a normalizer map leading to unit"),
    ("a unit that leads far outside", spm(normalizer=charsmap(trie({96: 97 | 1 << 9 | 0x7FFFFC00}))),
     "found unit 96 of a norm"),
    ("a replacement outside", spm(normalizer=charsmap(trie({2: 1 << 31 | 2}))),
     "with a replacement at 2, expected one of its 2"),
    ("a replacement at 2^31 - 1", spm(normalizer=charsmap(trie({2: 2 ** 32 - 1}))), "with a replacement at 2147483647"),
    ("a replacement without an end", spm(normalizer=charsmap(trie({}), b"bb")),
     "a normalizer map that does not end with a NUL"),
    ("no replacements", spm(normalizer=charsmap(trie({}), b"")), "a normalizer map that does not end with a NUL"),
    ("a replacement that is not UTF-8", spm(normalizer=charsmap(trie({}), b"\xff\0")),
     "found replacements in a normalizer map that"),
    ("a replacement inside a letter", spm(normalizer=charsmap(trie({2: 1 << 31 | 1}), b"\xc3\xa4\0")),
     "begins inside a character"),
    ("a replacement of 100 kB", spm(normalizer=charsmap(trie({}), b"b" * 100_000 + b"\0")),
     "found a replacement of 100000 bytes"),
    ("rules in a circle", spm(normalizer=charsmap(trie({96: node(97, 96, 1)}))),
     "found a normalizer map whose rules are longer than 256"),
    ("33 nested rules", spm(normalizer=charsmap(nested_rules(33))), "or more than 32 of them begin one another"),
    ("a denormalizer that leads outside", spm(more=field(DENORMALIZER, charsmap(trie({0: node(0, 0, 256)})))),
     "leading to unit 256"),
    ("NFKC with its units shuffled", bundled_map(shuffle_units), "of a normalizer map"),
    ("NFKC with random units", bundled_map(lambda normalizer, begin, end: normalizer.__setitem__(
        slice(begin, end), random.Random(1).randbytes(end - begin))), "of a normalizer map"),
    ("NFKC with random replacements", bundled_map(lambda normalizer, begin, end: normalizer.__setitem__(
        slice(end, -1), random.Random(1).randbytes(len(normalizer) - 1 - end))), "a normalizer map"),
]
CASES += [Case(f"SentencePiece model {name}", "source.spm", spoil, said) for name, spoil, said in WRONG_SPMS]

# What must pass, although it looks odd: each is a file and what is done to it.
SOUND = {
    "a header in reverse": ("model.safetensors", edit_model(reverse_header)),
    "metadata": ("model.safetensors", edit_model(lambda header, data: header.update(__metadata__={"a": "b", "c": ""}))),
    "a small model": ("source.spm", spm()),
    "a self-test that would fail, with what clears a screen": (
        "source.spm", spm(more=field(SELF_TEST, field(1, field(1, b"a") + field(2, b"\x1b[2J\xff"))))),
    "a self-test of unknown characters": (
        "source.spm", spm(more=field(SELF_TEST, field(1, field(1, b"z" * 1_000_000) + field(2, b"z"))))),
    "a map": ("source.spm", spm(normalizer=charsmap(trie({})))),
    "32 nested rules": ("source.spm", spm(normalizer=charsmap(nested_rules(32)))),
    "64 nested symbols": ("source.spm", spm(b"".join(piece(b"y" * n, 0.0, USER_DEFINED) for n in range(1, 65)))),
    "a piece of 2,048 bytes": ("source.spm", spm(piece(b"x" * 2048), field(3, 1))),
    "a user-defined piece of 2,048 bytes": ("source.spm", spm(piece(b"x" * 2048, 0.0, USER_DEFINED), field(3, 2))),
    "unused pieces of BPE": ("source.spm", spm(piece(b"x") + b"".join(piece(b"x" * n, -float(n), 5) for n in range(2, 1001)),
                                               field(3, 2))),
    "NFKC": ("source.spm", bundled_map(lambda normalizer, begin, end: None)),
    "the bundled model": ("source.spm", lambda path: shutil.copyfile(ROOT / "checkpoints/en-de/source.spm", path)),
}
