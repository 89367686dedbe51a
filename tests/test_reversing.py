"""A trained checkpoint of recipes/reversing.toml: what it says, and where it looks while it says it."""

import random

import pytest

import made
from test_program import GOLDEN, read_safetensors, run
from transformer_c import program

REVERSING = GOLDEN / "reversing"


def test_unseen_lines_are_reversed():
    pairs = made.pairs("reversed_lines", 300, random.Random("unseen"), held_out=True)
    outputs = program.translate(REVERSING, [source for source, _ in pairs]).stdout.decode().split("\n")
    right = sum(output == target for output, (_, target) in zip(outputs, pairs))
    assert right >= 0.99 * len(pairs)


@pytest.mark.parametrize("line", ["attention", "hello world", "transformer", "abcdefghijkl", "qzjx"])
def test_cross_attention_is_an_anti_diagonal(line, tmp_path):
    """Letter i of the output is letter n - i of the line: while it is chosen, most weight lies there. Token 0 of both
    sides is the ▁ that begins a text, and in between it stands for the blank."""
    assert run("--trace", tmp_path / "trace", line, model=REVERSING).stdout.decode() == f"{line[::-1]}\n"
    n, tensors = len(line), read_safetensors(tmp_path / "trace")[1]
    rows, columns, weights = tensors["decoder.0.cross_attention.weights"]
    n_target, n_source = tensors["decoder.embedding"][0], columns
    assert n_target == n_source == n + 2
    for i in range(1, n + 1):
        looked_at = [sum(weights[(head * n_target + i) * n_source + j] for head in range(rows // n_target))
                     for j in range(n_source)]
        assert max(range(n_source), key=looked_at.__getitem__) == n + 1 - i
