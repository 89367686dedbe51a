#!/usr/bin/env python3
"""Write tests/hardening/fuzz/seeds: for each target a few small inputs that are good, or nearly.

The checkpoint is tests/golden/int8 with one layer of one head, rows of four numbers and the first pieces of its vocabulary.
"""

import json
import re
import struct
from pathlib import Path

FUZZ = Path(__file__).resolve().parent
GOLDEN = FUZZ.parent.parent / "golden/int8"
D_MODEL, D_FF, N_VOCABULARY = 4, 4, 8
SEPARATOR = b"\n====\n"


def tiny_config():
    config = json.loads((GOLDEN / "config.json").read_text())
    config |= {"d_model": D_MODEL, "max_positions": 16, "origin": {}}
    for stack in ("encoder", "decoder"):
        config[stack] = {"n_layers": 1, "n_heads": 1, "d_ff": D_FF}
    for side in ("source", "target"):
        config[side]["n_vocabulary"] = N_VOCABULARY
        for token, id in (("start", 2), ("pad", 2)):
            if token in config[side]:
                config[side][token] = id
    config["generation"] |= {"max_length": 8, "suppressed": [2]}
    return json.dumps(config).encode()


def tiny_model():
    """The tensors of the golden model, in the order of its data, with small shapes and the bytes that were there."""
    file = (GOLDEN / "model.safetensors").read_bytes()
    size = struct.unpack("<Q", file[:8])[0]
    header, data = json.loads(file[8:8 + size]), file[8 + size:]
    small = {16: D_MODEL, 32: D_FF, 101: N_VOCABULARY}
    tensors, out = {}, b""
    for name, tensor in sorted(((n, t) for n, t in header.items() if n != "__metadata__"),
                               key=lambda item: item[1]["data_offsets"][0]):
        if re.search(r"\.1\.", name):
            continue
        shape, n = [small[length] for length in tensor["shape"]], {"F32": 4, "I8": 1}[tensor["dtype"]]
        for length in shape:
            n *= length
        begin = tensor["data_offsets"][0]
        tensors[name] = {"dtype": tensor["dtype"], "shape": shape, "data_offsets": [len(out), len(out) + n]}
        out += data[begin:begin + n]
    text = json.dumps(tensors, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + out


def main():
    config, model, spm = tiny_config(), tiny_model(), (GOLDEN / "source.spm").read_bytes()
    vocabulary = b"".join((GOLDEN / "source.vocab").read_bytes().splitlines(keepends=True)[:N_VOCABULARY])
    texts = {"one": b"The house is small.", "odd": "Dr. A. said \"No!\" (3. Mai) … 再见。\r\n\t\0\xff ü\u2028x".encode()}
    x = b'{"x":{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]},"y":{"dtype":"I8","shape":[3],"data_offsets":[4,7]}}    '
    seeds = {
        "weights": {"model": model, "two": struct.pack("<Q", len(x)) + x + bytes(7)},
        "config": {"tiny": config + SEPARATOR + vocabulary},
        "tokenizer": {"unigram": spm + SEPARATOR + b"ab \xff"},
        "sentences": texts,
        "text": {name: bytes([shown]) + text for shown, (name, text) in enumerate(
            [("plain", b"I have a dog.\n\n>>deu<< x\r\nb"), *texts.items(), ("map", b"a b"), ("all", b"\x1b[31m a"),
             ("page", b"a. B!")])},
        "checkpoint": {"tiny": SEPARATOR.join([config, vocabulary, b"", spm, b"", model])},
    }
    for target, named in seeds.items():
        (FUZZ / "seeds" / target).mkdir(parents=True, exist_ok=True)
        for name, seed in named.items():
            (FUZZ / "seeds" / target / name).write_bytes(seed)


if __name__ == "__main__":
    main()
