"""Reads a file of translate --trace.

    from read_trace import read_trace
    trace, source, decoder = read_trace("trace.safetensors")
    trace["decoder.0.cross_attention.weights"][head, query, key]      from row decoder[query] to source[key]
"""

import json
from pathlib import Path

import safetensors
from numpy import ndarray


def read_trace(file: Path | str) -> tuple[dict[str, ndarray], list[str], list[str]]:
    """({name: tensor}, names of the encoder's rows, names of the decoder's rows): of the decoder, the piece that a row is fed
    → the one that it predicts. Scores and weights of an attention are [head, query, key], other tensors [row, column]."""
    with safetensors.safe_open(file, "numpy") as trace:
        about, tensors = trace.metadata(), {name: trace.get_tensor(name) for name in trace.offset_keys()}
    for name, x in tensors.items():
        if name.endswith((".scores", ".weights")):
            tensors[name] = x.reshape(int(about[f"{name.split('.')[0]}.n_heads"]), -1, x.shape[1])
    source, fed, predicted = (json.loads(about[f"{side}_pieces"]) for side in ("source", "decoder", "target"))
    return tensors, source, [f"{piece} → {following}" for piece, following in zip(fed, predicted)]
