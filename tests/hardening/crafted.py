"""Crafted checkpoints: each case spoils one file of a small golden checkpoint, and has the error message that it must cause.

CASES holds them; test_crafted.py runs them. Numbers in messages that follow from the file are computed here too.
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
    """spoil(path) changes `file` in a copy of golden/`variant`. The message begins with the path of that file, or of the
    file `names` in the same directory, and contains `said`."""
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
EXPECTED = {"config.json": "JSON", "model.safetensors": "safetensors file", ".spm": "not a SentencePiece model",
            ".vocab": "complete lines, but"}
PLACES = [
    ("missing", instead(lambda path: None), "cannot be opened: No such file or directory"),
    ("a directory", instead(Path.mkdir), "is a directory, not a regular file"),
    ("a FIFO", instead(os.mkfifo), "is a device, pipe or socket, not a regular file"),
    ("a device", instead(lambda path: path.symlink_to("/dev/zero")), "is a device, pipe or socket, not a regular file"),
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


IDS = f"an integer from 0 to {N_VOCABULARY - 1}"
NOT_JSON = "invalid JSON at byte"
ONE_OBJECT = "must contain a single JSON object { … } and nothing else"
WRONG_CONFIGS = [
    ("half", content(WHOLE[:len(WHOLE) // 2]), NOT_JSON),
    ("a word", content(b'{"format": oops}'), "invalid JSON at byte 11"),
    ("a list", content(b"[]"), ONE_OBJECT),
    ("null", content(b"null"), ONE_OBJECT),
    ("nothing in it", content(b"{}"), '"format" is missing, expected a string'),
    ("two", content(WHOLE + WHOLE), ONE_OBJECT),
    ("more after it", content(WHOLE + b"\nmore"), ONE_OBJECT),
    ("a NUL byte", content(WHOLE + b"\0"), "invalid JSON: contains a NUL byte"),
    ("1,001 deep", content(b'{"a":' * 1001 + b"1" + b"}" * 1001), NOT_JSON),
    ("20,000 lists deep", config_text(b'"made_by"', b'"a":' + b"[" * 20_000 + b'"made_by"'), NOT_JSON),
    ("5,000 keys", content(b"{" + b",".join(b'"%d":1' % i for i in range(5000)) + b"}"),
     '"format" is missing, expected a string'),
    ("5,000 keys more", content(WHOLE[:-1] + b"".join(b',"%d":1' % i for i in range(5000)) + b"}"),
     'unknown key "0"'),
    ("a megabyte", config(origin={"a": "b" * 1_000_000}), "bytes long, more than the 65536 allowed; wrong file?"),
    ("a gigabyte with holes", lambda path: os.truncate(path, 1 << 30), "1073741824 bytes long, more than the 65536 allowed"),
    ("a key twice", content(WHOLE[:-1] + b', "d_model": 16}'), 'duplicate key "d_model"'),
    ("a terminal command", content(WHOLE[:-1] + b', "\\u001b[2J\\n": 1}'), 'unknown key "\ufffd[2J "'),
    ("a number of 60 digits", config_text(b'"d_model": 16', b'"d_model": ' + b"1" * 60),
     '"d_model" is 1.11111111111111e+59, expected an integer from 2 to 65536'),
    ("a number of 5,000 digits", config_text(b'"d_model": 16', b'"d_model": ' + b"1" * 5000),
     '"d_model" is inf'),
    ("an infinite number", config_text(b'"d_model": 16', b'"d_model": 1e999'), '"d_model" is inf'),
    ("a number NaN", config_text(b'"d_model": 16', b'"d_model": NaN'), NOT_JSON),
    ("a decimal comma", config_text(b'"d_model": 16', b'"d_model": 16,0'), NOT_JSON),
    ("format pytorch", config(format="pytorch"), 'format "pytorch", expected "transformer.c"'),
    ("format absent", config(format=ABSENT), '"format" is missing, expected a string'),
    ("format a number", config(format=1), '"format" is a number, expected a string'),
    ("version 3", config(version=3, novelty=True), "version 3, expected 2; export the checkpoint again"),
    ("version 1", config(version=1), "version 1, expected 2; export the checkpoint again"),
    ("version text", config(version="1"), '"version" is a string, expected a number'),
    ("version absent", config(version=ABSENT), '"version" is missing, expected a number'),
    ("an unknown key", config(colour="red"), 'unknown key "colour"'),
    ("an unknown key of the encoder", config(encoder__colour="red"), 'encoder: unknown key "colour"'),
    ("an unknown key of the source", config(source__colour="red"), 'source: unknown key "colour"'),
    ("d_model absent", config(d_model=ABSENT), 'missing key "d_model"'),
    ("origin absent", config(origin=ABSENT), 'missing key "origin"'),
    ("decoder absent", config(decoder=ABSENT), 'missing key "decoder"'),
    ("d_ff absent", config(decoder__d_ff=ABSENT), 'decoder: missing key "d_ff"'),
    ("start absent", config(target__start=ABSENT), 'target: missing key "start"'),
    ("suppressed absent", config(generation__suppressed=ABSENT), 'generation: missing key "suppressed"'),
    ("d_model 0", config(d_model=0), '"d_model" is 0, expected an integer from 2 to 65536'),
    ("d_model -16", config(d_model=-16), '"d_model" is -16, expected an integer'),
    ("d_model 16.5", config(d_model=16.5), '"d_model" is 16.5, expected an integer'),
    ("d_model 1e300", config(d_model=1e300), '"d_model" is 1e+300, expected an integer'),
    ("d_model text", config(d_model="16"), '"d_model" is a string, expected a number'),
    ("d_model true", config(d_model=True), '"d_model" is a boolean, expected a number'),
    ("d_model null", config(d_model=None), '"d_model" is null, expected a number'),
    ("max_positions 0", config(max_positions=0),
     '"max_positions" is 0, expected an integer from 2 to 8192'),
    ("a large table of positions", config(d_model=4096, max_positions=513),
     "max_positions 513 times d_model 4096 is more than the 2097152 allowed"),
    ("large attention", config(max_positions=8192),
     "max_positions 8192 squared times 2 heads is more than the 67108864 allowed"),
    ("encoder a list", config(encoder=[]), '"encoder" is an array, expected an object'),
    ("no layers", config(encoder__n_layers=0),
     'encoder: "n_layers" is 0, expected an integer from 1 to 128'),
    ("a million layers", config(encoder__n_layers=1_000_000), 'encoder: "n_layers" is 1000000'),
    ("no heads", config(decoder__n_heads=0), 'decoder: "n_heads" is 0, expected an integer from 1'),
    ("heads of nothing", config(decoder__d_head=0), 'decoder: "d_head" is 0, expected an integer from 1'),
    ("heads too wide together", config(decoder__d_head=32769),
     'decoder: "d_head" is 32769, expected an integer from 1 to 32768'),
    ("activation tanh", config(activation="tanh"), 'unknown activation "tanh", expected relu, swish, gelu or gelu_tanh'),
    ("norm absent", config(norm=ABSENT), 'missing key "norm"'),
    ("norm before a number", config(norm__before=1), 'norm: "before" is a number, expected true or false'),
    ("norm of another kind", config(norm__kind="rms"), 'norm: unknown key "kind"'),
    ("epsilon 0", config(norm__epsilon=0), 'norm: "epsilon" is 0, expected a number from 1e-20 to 1'),
    ("epsilon infinite", config_text(b'"epsilon": 1e-05', b'"epsilon": 1e999'), 'norm: "epsilon" is inf, expected'),
    ("epsilon text", config(norm__epsilon="1e-5"), 'norm: "epsilon" is a string, expected a number'),
    ("learned positions", config(positions="learned"), 'unknown positions "learned", expected sinusoids or stored'),
    ("9 ids before", config(source__before=[3] * 9), 'source: "before" must be a list of at most 8 ids'),
    ("forced beyond", config(target__forced=[N_VOCABULARY]), f'target: "forced" must contain ids from 0 to {N_VOCABULARY - 1}'),
    ("length_extra 0", config(generation__length_extra=0), 'generation: "length_extra" is 0, expected an integer from 1'),
    ("scale_embedding 1", config(scale_embedding=1), '"scale_embedding" is a number, expected true or false'),
    ("a vocabulary of nothing", config(source__n_vocabulary=0), 'source: "n_vocabulary" is 0'),
    ("vocabularies that differ", config(source__n_vocabulary=N_VOCABULARY + 1),
     f"shared_embedding needs vocabularies of equal size, not {N_VOCABULARY + 1} and {N_VOCABULARY} pieces"),
    ("a shared vocabulary of two sizes", config(source__n_vocabulary=N_VOCABULARY + 1, shared_embedding=False),
     f"shared_vocabulary needs vocabularies of equal size, not {N_VOCABULARY + 1} and {N_VOCABULARY} pieces"),
    ("language a number", config(source__language=7), 'source: "language" is a number, expected a string'),
    ("language of 1,000 letters", config(source__language="e" * 1000), "source: the language has 1000 bytes"),
    ("after beyond", config(source__after=[N_VOCABULARY]), f'source: "after" must contain ids from 0 to {N_VOCABULARY - 1}'),
    ("unknown negative", config(source__unknown=-1), f'source: "unknown" is -1, expected {IDS}'),
    ("start beyond", config(target__start=N_VOCABULARY), f'target: "start" is {N_VOCABULARY}, expected {IDS}'),
    ("end 2^32", config(target__end=2 ** 32), f'target: "end" is 4294967296, expected {IDS}'),
    ("pad 1e18", config(target__pad=1e18), 'target: "pad" is 1e+18'),
    ("pad the end", config(target__pad=0), "target: the end and pad tokens are both 0, but must differ"),
    ("max_length 0", config(generation__max_length=0), 'generation: "max_length" is 0'),
    ("max_length beyond", config(generation__max_length=65),
     'generation: "max_length" is 65, expected an integer from 1 to 64'),
    ("forced_end text", config(generation__forced_end="yes"), 'generation: "forced_end" is a string'),
    ("suppressed a number", config(generation__suppressed=7), '"suppressed" must be a list of at most 64 ids'),
    ("suppressed beyond", config(generation__suppressed=[N_VOCABULARY]),
     f'"suppressed" must contain ids from 0 to {N_VOCABULARY - 1}'),
    ("suppressed negative", config(generation__suppressed=[-1]), 'must contain ids from 0 to'),
    ("suppressed the end", config(generation__suppressed=[0]),
     '"suppressed" contains the end token, 0, so no translation would end'),
    ("copy tokens a number", config(copy_tokens=7), '"copy_tokens" must be a list of at most 16 ids'),
    ("17 copy tokens", config(copy_tokens=list(range(17))), '"copy_tokens" must be a list of at most 16 ids'),
    ("copy tokens beyond", config(copy_tokens=[N_VOCABULARY]), f'"copy_tokens" must contain ids from 0 to {N_VOCABULARY - 1}'),
    ("copy tokens twice", config(copy_tokens=[3, 4, 3]), '"copy_tokens" contains 3 twice'),
    ("suppressed 10,000", config(generation__suppressed=[5] * 10_000), "must be a list of at most 64 ids"),
]


def places(part, before=""):
    """Every value of a config and its place, as config() takes it."""
    for key, value in part.items():
        yield before + key, value
        if isinstance(value, dict):
            yield from places(value, f"{before}{key}__")


WRONG_CONFIGS += [
    (f"{place} of another type", config(**{place: {} if isinstance(value, list) else []}), f'"{place.split("__")[-1]}"')
    for place, value in places({**CONFIG, "copy_tokens": [], "languages": {}}) if not place.startswith("origin")]
CASES += [Case(f"config {name}", "config.json", spoil, said) for name, spoil, said in WRONG_CONFIGS]

EMBEDDING = f'"source_embedding.weight" is F32 [{N_VOCABULARY}, {D_MODEL}], expected F32'
OTHER_MODELS = [
    ("d_model doubled", config(d_model=2 * D_MODEL), f"{EMBEDDING} [{N_VOCABULARY}, {2 * D_MODEL}] according to config.json"),
    ("huge", config(d_model=65536, max_positions=32, generation__max_length=32), f"{EMBEDDING} [{N_VOCABULARY}, 65536]"),
    ("d_model 15", config(d_model=15), f"{EMBEDDING} [{N_VOCABULARY}, 15] according to config.json"),
    ("wider heads", config(encoder__d_head=9),
     '"encoder.0.self_attention.query.weight" is F32 [16, 16], expected F32 [18, 16]'),
    ("stored positions", config(positions="stored"), 'tensor "source_positions.weight" is missing'),
    ("an embedding norm", config(norm__embedding=True), 'tensor "encoder.embedding_norm.weight" is missing'),
    ("a final norm", config(norm__final=True), 'tensor "encoder.final_norm.weight" is missing'),
    ("a layer more", config(encoder__n_layers=4), 'tensor "encoder.3.self_attention.query.weight" is missing'),
    ("128 layers", config(encoder__n_layers=128, decoder__n_layers=128),
     '"encoder.3.self_attention.query.weight" is missing'),
    ("a layer less", config(encoder__n_layers=2), 'tensor "encoder.2.'),
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
    """A function that moves the offsets of a tensor by a number of bytes."""
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
NO_OFFSETS = f'"{BIAS}" has invalid data_offsets, expected [begin, end]'
BAD_SHAPE = f'"{BIAS}" has a dimension that is negative, fractional or too large'
WRONG_MODELS = [
    ("cut to 8 bytes", cut(8), "header length"),
    ("cut to 9 bytes", cut(9), "header length"),
    ("cut in the header's last byte", cut(HEADER_END - 1), "header length"),
    ("cut after the header", cut(HEADER_END), "bytes of data, the file has 0; copy it again"),
    ("cut in the first number", cut(HEADER_END + 1), "truncated: the header promises"),
    ("cut in the middle", cut(len(MODEL) // 2), "truncated: the header promises"),
    ("cut by a byte", cut(-1), "truncated: the header promises"),
    ("longer by 4 bytes", content(MODEL + b"\0" * 4), "damaged: the header promises"),
    ("longer by a gigabyte of holes", lambda path: os.truncate(path, 1 << 30), "damaged: the header promises"),
    ("header length 0", header_length(0), NOT_JSON),
    ("header length 4", header_length(4), NOT_JSON),
    ("header length to the end", header_length(len(MODEL) - 8), "is not valid UTF-8"),
    ("header length one beyond", header_length(len(MODEL) - 7),
     f"header length {len(MODEL) - 7} exceeds the file's {len(MODEL)} bytes"),
    ("header length 100 MB", header_length(100_000_000), "header length 100000000"),
    ("header length 2^63", header_length(2 ** 63), "header length 9223372036854775808"),
    ("header length 2^64 - 1", header_length(2 ** 64 - 1), "header length 18446744073709551615"),
    ("header length 2^64 - 8", header_length(2 ** 64 - 8), "header length 18446744073709551608"),
    ("header of 100 MB of spaces", lambda path: (header_length(100_000_000)(path), os.truncate(path, 100_000_008)),
     "header length 100000000, more than the"),
    ("header not aligned", content(struct.pack("<Q", HEADER_END - 7) + MODEL[8:HEADER_END] + b" " + MODEL[HEADER_END:]),
     "is not a multiple of 4, so the data is misaligned"),
    ("header a list", content(model_bytes(b"[]", b"")), ONE_OBJECT),
    ("header empty", content(model_bytes(b"{}", b"")), '"source_embedding.weight" is missing, expected F32 [101, 16]'),
    ("header empty with data", content(model_bytes(b"{}", b"\0" * 8)), "the header promises 0 bytes of data, the file has 8"),
    ("header not UTF-8", header_text(b".bias", b".bi\xffs"), "the header is not valid UTF-8"),
    ("header with a NUL", header_text(b".bias", b".bi\0s"), "invalid JSON: contains a NUL byte"),
    ("header with an escaped NUL", header_text(b".bias", b".bi\\u0000s"), "invalid JSON: contains a NUL byte"),
    ("header with half a surrogate", header_text(b".bias", b".bi\\ud800s"), NOT_JSON),
    ("header without a brace", header_text(b"}", b""), NOT_JSON),
    ("header 1,001 deep", content(model_bytes(b'{"a":' * 1001 + b"1" + b"}" * 1001, b"")), NOT_JSON),
    ("header 10,000 deep", content(model_bytes(b'{"a":' * 10_000, b"")), "the header has up to 10001 JSON values, more than"),
    ("header of two objects", header_text(b"}}", b"}}{}"), ONE_OBJECT),
    ("header of 100,000 keys", content(model_bytes({str(i): 0 for i in range(100_000)}, b"")), "more than the"),
    ("header of 3,000 zeros", header_text(b'"shape":[16]', b'"shape":[' + b"0," * 3_000 + b"0]"),
     "is not a list of at most 8 dim"),
    ("header of 30,000 zeros", header_text(b'"shape":[16]', b'"shape":[' + b"0," * 30_000 + b"0]"),
     "the header has up to 30562 JSON values, more than the 6032 allowed for the tensors in config.json"),
    ("metadata a list", edit_model(lambda header, data: header.update(__metadata__=[])),
     '"__metadata__" is not an object'),
    ("metadata of numbers", edit_model(lambda header, data: header.update(__metadata__={"a": 1})),
     '"__metadata__" may only contain strings'),
    ("metadata twice", header_text(b"{", b'{"__metadata__":{},"__metadata__":{},'), 'duplicate "__metadata__"'),
    ("tensor null", edit_model(lambda header, data: header.update({BIAS: None})),
     f'the entry of tensor "{BIAS}" is not an object'),
    ("tensor with an unknown key", edit_tensor(BIAS, colour="red"), 'unknown key "colour"'),
    ("tensor without a shape", header_text(b'"shape":[16],', b""), 'missing key "shape"'),
    ("tensor with two shapes", header_text(b'"shape":[16],', b'"shape":[16],"shape":[16],'), 'duplicate key "shape"'),
    ("an overlap", move(BIAS, -4, -4), f'the data of tensor "{BIAS}" begins at byte'),
    ("a gap", move(BIAS, 4, 4), f'the data of tensor "{BIAS}" begins at byte'),
    ("the same place twice", swap_for(BIAS, KEY), "begins at byte"),
    ("offsets beyond the file", move(BIAS, 2 ** 40, 2 ** 40), "begins at byte"),
    ("offsets near 2^53", edit_tensor(BIAS, data_offsets=[2 ** 53 - 64, 2 ** 53]), "begins at byte"),
    ("offsets too far apart", move(BIAS, 0, 4), f'"{BIAS}" has 68 bytes of data, but its shape requires 64'),
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
    ("a name twice", header_text(f'"{KEY}"'.encode(), f'"{BIAS}"'.encode()), f'duplicate tensor "{BIAS}"'),
    ("an empty name", add_extra(""), 'tensor "" is not described by config.json'),
    ("an extra tensor", add_extra("extra"), 'tensor "extra" is not described by config.json'),
    ("an extra tensor that commands", add_extra("\x1b[2J\n"), 'tensor "\ufffd[2J "'),
    ("an extra tensor of a long name", add_extra("x" * 30_000), 'tensor "xxx'),
    ("a missing tensor", edit_model(remove_last), "is missing, expected F32 ["),
    ("dtype F16", edit_tensor(BIAS, dtype="F16"), f'"{BIAS}" has dtype F16, expected F32 or I8'),
    ("dtype BF16", edit_tensor(BIAS, dtype="BF16"), f'"{BIAS}" has dtype BF16, expected F32 or I8'),
    ("dtype a number", edit_tensor(BIAS, dtype=32), f'"{BIAS}" has dtype (none), expected F32 or I8'),
    ("dtype I8 of the same size", edit_tensor(BIAS, dtype="I8", shape=[64]),
     f'"{BIAS}" is I8 [64], expected F32 [16] according to config.json'),
    ("dtype I8 of other bytes", edit_tensor(BIAS, dtype="I8"), f'"{BIAS}" has 64 bytes of data, but its shape requires 16'),
    ("shape turned", edit_tensor(INNER, shape=[16, 24]), f'"{INNER}" is F32 [16, 24], expected F32 [24, 16]'),
    ("shape flat", edit_tensor(INNER, shape=[384]), f'"{INNER}" is F32 [384], expected F32 [24, 16]'),
    ("shape with a 1", edit_tensor(BIAS, shape=[1, 16]), f'"{BIAS}" is F32 [1, 16], expected F32 [16]'),
    ("shape of other bytes", edit_tensor(BIAS, shape=[17]), f'"{BIAS}" has 64 bytes of data, but its shape requires 68'),
    ("shape with a 0", edit_tensor(BIAS, shape=[0, 16]), f'"{BIAS}" has 64 bytes of data, but its shape requires 0'),
    ("shape none", edit_tensor(BIAS, shape=[]), f'"{BIAS}" has 64 bytes of data, but its shape requires 4'),
    ("shape negative", edit_tensor(BIAS, shape=[-16]), BAD_SHAPE),
    ("shape twice negative", edit_tensor(INNER, shape=[-24, -16]), f'"{INNER}" has a dimension that is negative'),
    ("shape fractional", edit_tensor(BIAS, shape=[16.5]), BAD_SHAPE),
    ("shape of texts", edit_tensor(BIAS, shape=["16"]), BAD_SHAPE),
    ("shape overflowing to 0", edit_tensor(BIAS, shape=[2 ** 31, 2 ** 31]), BAD_SHAPE),
    ("shape overflowing to its bytes", edit_tensor(BIAS, shape=[2 ** 52 + 1, 2 ** 12, 16]), BAD_SHAPE),
    ("shape of nine dimensions", edit_tensor(BIAS, shape=[1] * 8 + [16]),
     f'the shape of tensor "{BIAS}" is not a list of at most 8 dimensions'),
    ("shape a number", edit_tensor(BIAS, shape=16), f'the shape of tensor "{BIAS}" is not a list of at most 8 dimensions'),
    ("NaN in a bias", numbers(BIAS, math.nan, at=3), f'"{BIAS}": element 4 of 16 is nan, not a finite number'),
    ("infinity in a norm", numbers(NORM, math.inf), f'"{NORM}": element 1 of 16 is inf, not a finite number'),
    ("NaN in a matrix", numbers(INNER, math.nan, at=383), f'"{INNER}": element 384 of 384 is nan'),
    ("-infinity in the embedding", numbers("source_embedding.weight", -math.inf, at=1000),
     '"source_embedding.weight": element 1001 of 1616 is -inf'),
    ("NaN everywhere", content(MODEL[:HEADER_END] + b"\xff\xff\xff\x7f" * ((len(MODEL) - HEADER_END) // 4)),
     ": element 1 of "),
    ("numbers that overflow", numbers(INNER, 3e38, n=384), "a logit is NaN or infinite at target token 1"),
    ("only -infinity as logits", negative_logits, "a logit is NaN or infinite at target token 1"),
    ("a quarter of a gigabyte of holes", embedding_of_holes, "is missing"),
    ("many gigabytes of holes", lambda path: os.truncate(path, 1 << 35),
     "34359738368 bytes long, more than the 17179869184 allowed"),
]
CASES += [Case("model an output that overflows", "model.safetensors", numbers("output.weight", 3e38, at=30, n=15),
               "a logit is NaN or infinite", variant="odd")]
CASES += [Case(f"model {name}", "model.safetensors", spoil, said) for name, spoil, said in WRONG_MODELS]

SCALE = "encoder.0.self_attention.key.scale"
WRONG_INT8_MODELS = [
    ("without a scale", header_text(f'"{SCALE}"'.encode(), b'"encoder.0.self_attention.key.other"'),
     f'"{SCALE}" is missing'),
    ("NaN in a scale", numbers(SCALE, math.nan, at=15), f'"{SCALE}": element 16 of 16 is nan'),
    ("scales that overflow", numbers("encoder.1.feed_forward.outer.scale", 3e38, n=16),
     "a logit is NaN or infinite"),
    ("a scale for each column", edit_tensor(SCALE, shape=[1, 16]), f'"{SCALE}" is F32 [1, 16], expected F32 [16]'),
]
CASES += [Case(f"int8 model {name}", "model.safetensors", spoil, said, variant="int8")
          for name, spoil, said in WRONG_INT8_MODELS]


# ---- source.vocab ----

def set_line(i, value):
    return edit_lines(lambda lines: lines.__setitem__(i, value))


WRONG_COUNT = f"{{}} complete lines, but config.json promises {N_VOCABULARY} pieces"
WRONG_VOCABULARIES = [
    ("a line too few", edit_lines(lambda lines: lines.pop()), WRONG_COUNT.format(N_VOCABULARY - 1)),
    ("a line too many", edit_lines(lambda lines: lines.append(b"more")), WRONG_COUNT.format(N_VOCABULARY + 1)),
    ("a last line without an end", cut(-1), WRONG_COUNT.format(N_VOCABULARY - 1)),
    ("more after the last line", lambda path: path.write_bytes(path.read_bytes() + b"more"),
     f"text after line {N_VOCABULARY}, the last piece according to config.json"),
    ("a piece twice", edit_lines(lambda lines: lines.__setitem__(20, lines[10])), 'duplicate piece "g", first on line 11'),
    ("an empty line", set_line(10, b""), "line 11: empty, expected a piece"),
    ("a NUL byte", set_line(10, b"a\0b"), "not valid UTF-8 text"),
    ("not UTF-8", set_line(10, b"\xff"), "not valid UTF-8 text"),
    ("a surrogate", set_line(10, b"\xed\xa0\x80"), "not valid UTF-8 text"),
    ("line ends of another system", lambda path: path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n")),
     "line 1: ends with a carriage return, expected \\n alone"),
    ("a piece of 100 kB", set_line(10, b"x" * 100_000), "line 11: piece of 100000 bytes, longer than the 2048 allowed"),
    ("a gigabyte with holes", lambda path: os.truncate(path, 1 << 30), "1073741824 bytes long, more than the 206949 allowed"),
    ("only line ends", content(b"\n" * N_VOCABULARY), "line 1: empty"),
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
    ("cut to 100 bytes", cut(100), "not a SentencePiece model, or a damaged one"),
    ("cut between two pieces", content(PIECES), f"byte {len(PIECES)}: the model ends before the trainer_spec"),
    ("cut between the specs", content(PIECES + field(TRAINER, b"")), "the model ends before the normalizer_spec"),
    ("cut by a byte", cut(-1), "not a SentencePiece model, or a damaged one"),
    ("of a gigabyte of holes", lambda path: os.truncate(path, 1 << 30),
     f"1073741824 bytes long, more than the {LARGEST_SPM} allowed"),
    ("the largest file, of holes", lambda path: os.truncate(path, LARGEST_SPM), "field number 0 in the model"),
    ("of a piece 100,000 times", spm(field(1, field(1, b"z")) * 100_000), "duplicate piece, first at byte"),
    ("a length beyond the end", content(PIECES + b"\x0a\x7f"), "length 127, but the model has only 0 bytes left"),
    ("a length of 2^64 - 1", content(b"\x0a" + b"\xff" * 9 + b"\x01"), "byte 1: length 18446744073709551615"),
    ("a length of 2^70", content(b"\x0a" + b"\xff" * 10), "byte 1: number of more than 64 bits in the model"),
    ("groups 10,000 deep", content(b"\x0b" * 10_000), "byte 0: field 1 of the model has wire type 3"),
    ("groups in the trainer_spec", spm(trainer=b"\xcb\x06" * 5000), "of the trainer_spec has wire type 3"),
    ("an unknown field", spm(more=field(7, b"x")), "unknown field 7 in the model"),
    ("an unknown field of the normalizer", spm(normalizer=field(8, 1)),
     "unknown field 8 in the normalizer_spec"),
    ("an unknown field of a piece", spm(field(1, field(1, b"z") + field(200, 1))),
     "unknown field 200 in the piece"),
    ("pieces of another wire type", content(field(1, 5)), "the pieces of the model has wire type 0, expected 2"),
    ("two trainer_specs", spm(more=field(TRAINER, b"")), "the trainer_spec of the model appears twice"),
    ("a byte_fallback without bytes", spm(trainer=field(35, 1)),
     "0 byte pieces, but the trainer_spec requires 256"),
    ("bytes without a byte_fallback", spm(piece(b"<0x00>", 0.0, BYTE)), "1 byte pieces, but the trainer_spec requires 0"),
    ("an invalid byte piece", spm(piece(b"<0x1G>", 0.0, BYTE)), "byte piece not written as <0x00>"),
    ("an unknown model_type", spm(trainer=field(3, 7)), "model_type 7, expected 1 to 4"),
    ("a model_type in text", spm(trainer=field(3, b"1")),
     "model_type of the trainer_spec has wire type 2, expected 0"),
    ("a piece of 100 kB", spm(piece(b"x" * 100_000)), "piece of 100000 bytes, longer than the 2048 allowed"),
    ("a user-defined piece of 100 kB", spm(piece(b"x" * 100_000, 0.0, USER_DEFINED)), "piece of 100000 bytes"),
    ("a NUL piece", spm(piece(b"\0")), "piece that is not valid UTF-8 or contains a NUL"),
    ("a piece with a NUL", spm(piece(b"a\0b", 0.0, USER_DEFINED)), "piece that is not valid UTF-8 or contains a NUL"),
    ("a piece that is not UTF-8", spm(piece(b"\xe2\x96")), "piece that is not valid UTF-8"),
    ("an empty piece", spm(piece(b"")), "piece without text"),
    ("a piece without anything", spm(field(1, b"")), "piece without text"),
    ("a piece twice", spm(piece(b"a")), "duplicate piece, first at byte"),
    ("a piece as two types", spm(piece(b"a", 0.0, 3)), "duplicate piece, first at byte"),
    ("a piece of type 0", spm(piece(b"z", 0.0, 0)), "piece of type 0, expected 1 to 6"),
    ("a piece of type 2^32 + 1", spm(piece(b"z", 0.0, 2 ** 32 + 1)), "piece of type 4294967297"),
    ("a NaN score", spm(piece(b"z", math.nan)), "piece with score nan, not a finite number"),
    ("an infinite score", spm(piece(b"z", math.inf)), "piece with score inf"),
    ("two unknown pieces", spm(piece(b"z", 0.0, UNKNOWN)), "2 of 8 pieces are for unknown text, expected one"),
    ("no unknown piece", content(piece(b"a") + field(TRAINER, b"") + field(NORMALIZER, b"")),
     "0 of 1 pieces are for unknown text"),
    ("65 nested symbols", spm(b"".join(piece(b"y" * n, 0.0, USER_DEFINED) for n in range(1, 66))),
     "more than 64 user-defined pieces that are prefixes of one another"),
    ("two self-tests", spm(more=field(SELF_TEST, b"") * 2), "the self_test_data of the model appears twice"),
    ("a map of 3 bytes", spm(normalizer=field(2, b"\0\0\0")), "normalizer map of only 3 bytes"),
    ("a trie of 0 bytes", spm(normalizer=charsmap([])), "trie of 0 bytes in the"),
    ("a trie beyond the map", spm(normalizer=charsmap(trie({}), size=1028)),
     "trie of 1028 bytes in the 1026 left of the normalizer map"),
    ("a trie of 2^32 - 4 bytes", spm(normalizer=charsmap(trie({}), size=2 ** 32 - 4)),
     "trie of 4294967292 bytes"),
    ("a trie that is not aligned", spm(normalizer=charsmap(trie({}), size=1023)), "trie of 1023 bytes"),
    ("a trie of 255 units", spm(normalizer=charsmap(trie({})[:255])), "trie of 1020 bytes in the"),
    ("a unit that leads outside", spm(normalizer=charsmap(trie({0: node(0, 0, 256)}))),
     "unit 0 of the normalizer map leads to"),
    ("a root that is a leaf", spm(normalizer=charsmap(trie({0: 1 << 31 | node(0, 0, 256)}))),
     "unit 0 of the normalizer map leads to unit"),
    ("a unit that leads far outside", spm(normalizer=charsmap(trie({96: 97 | 1 << 9 | 0x7FFFFC00}))),
     "unit 96 of the norm"),
    ("a replacement outside", spm(normalizer=charsmap(trie({2: 1 << 31 | 2}))),
     "has its replacement at byte 2 of only 2"),
    ("a replacement at 2^31 - 1", spm(normalizer=charsmap(trie({2: 2 ** 32 - 1}))), "has its replacement at byte 2147483647"),
    ("a replacement without an end", spm(normalizer=charsmap(trie({}), b"bb")),
     "normalizer map that does not end with a NUL"),
    ("no replacements", spm(normalizer=charsmap(trie({}), b"")), "normalizer map that does not end with a NUL"),
    ("a replacement that is not UTF-8", spm(normalizer=charsmap(trie({}), b"\xff\0")),
     "replacements in the normalizer map that"),
    ("a replacement inside a letter", spm(normalizer=charsmap(trie({2: 1 << 31 | 1}), b"\xc3\xa4\0")),
     "begins inside a character"),
    ("a replacement of 100 kB", spm(normalizer=charsmap(trie({}), b"b" * 100_000 + b"\0")),
     "replacement of 100000 bytes"),
    ("rules in a circle", spm(normalizer=charsmap(trie({96: node(97, 96, 1)}))),
     "normalizer map whose rules are longer than 256"),
    ("33 nested rules", spm(normalizer=charsmap(nested_rules(33))), "or more than 32 of them prefixes of one another"),
    ("a denormalizer that leads outside", spm(more=field(DENORMALIZER, charsmap(trie({0: node(0, 0, 256)})))),
     "leads to unit 256"),
    ("NFKC with its units shuffled", bundled_map(shuffle_units), "of the normalizer map"),
    ("NFKC with random units", bundled_map(lambda normalizer, begin, end: normalizer.__setitem__(
        slice(begin, end), random.Random(1).randbytes(end - begin))), "of the normalizer map"),
    ("NFKC with random replacements", bundled_map(lambda normalizer, begin, end: normalizer.__setitem__(
        slice(end, -1), random.Random(1).randbytes(len(normalizer) - 1 - end))), "the normalizer map"),
]
CASES += [Case(f"SentencePiece model {name}", "source.spm", spoil, said) for name, spoil, said in WRONG_SPMS]

# What must pass, although it looks odd: each is a file and what is done to it.
SOUND = {
    "a header in reverse": ("model.safetensors", edit_model(reverse_header)),
    "metadata": ("model.safetensors", edit_model(lambda header, data: header.update(__metadata__={"a": "b", "c": ""}))),
    "a small model": ("source.spm", spm()),
    "a vocab_size in text, which the library skips": ("source.spm", spm(trainer=field(4, b"100"))),
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
