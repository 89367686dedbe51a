"""scripts/read_trace.py: the arrays and names of a trace, against the same numbers by hand."""

import subprocess

import pytest

pytest.importorskip("safetensors")

import safetensors.numpy

from read_trace import read_trace
from transformer_c import program

GELU = program.ROOT / "tests/golden/gelu"  # other heads and pieces on each side
TEXT = "I have a dog."


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("trace") / "trace.safetensors"
    subprocess.run([program.TRANSLATE, "-m", GELU, "--trace", path, TEXT], check=True, capture_output=True)
    return path


def test_weights_are_head_query_key(file):
    trace, source, decoder = read_trace(file)
    stored = safetensors.numpy.load_file(file)
    for name, n_heads, queries, keys in (("encoder.0.self_attention", 3, source, source),
                                         ("decoder.2.self_attention", 2, decoder, decoder),
                                         ("decoder.1.cross_attention", 2, decoder, source)):
        weights = trace[f"{name}.weights"]
        assert weights.shape == (n_heads, len(queries), len(keys))
        assert weights[1, 2].tolist() == stored[f"{name}.weights"][len(queries) + 2].tolist()
        assert weights.sum(axis=2) == pytest.approx(1, abs=1e-5)


def test_other_tensors_are_row_column_in_order_of_computation(file):
    trace, source, decoder = read_trace(file)
    stored = safetensors.numpy.load_file(file)
    assert set(trace) == set(stored) and list(trace)[0] == "encoder.embedding" and list(trace)[-1] == "output"
    for name in ("encoder.embedding", "output"):
        assert trace[name].tobytes() == stored[name].tobytes() and trace[name].ndim == 2
    assert (len(trace["encoder.embedding"]), len(trace["output"])) == (len(source), len(decoder))


def test_a_row_of_the_decoder_has_what_it_is_fed_and_what_it_predicts(file):
    _, source, decoder = read_trace(file)
    [found] = program.translate_objects(GELU, [TEXT])
    pieces = {side: [token["piece"] for token in found["sentences"][0]["tokens"][side]] for side in ("source", "target")}
    assert source == pieces["source"]
    assert decoder == [f"{fed} → {predicted}" for fed, predicted in zip(["<pad>", *pieces["target"]], pieces["target"])]
