"""scripts/forward.py against translate --trace: every tensor of every checkpoint here."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy
import pytest

pytest.importorskip("safetensors")

import safetensors.numpy

import forward
import tour
from transformer_c.program import TRANSLATE

ROOT = Path(__file__).resolve().parent.parent
CHECKPOINTS = sorted(file.parent for file in [*ROOT.glob("checkpoints/*/model.safetensors"),
                                              *ROOT.glob("tests/golden/*/model.safetensors")])
SENTENCES = ["The house is small.", "No.", "Where did the dog sleep while it rained all night?"]


def trace(directory, text, file, isa="plain"):
    environment = {**os.environ, "TRANSFORMER_ISA": isa} if isa else None
    subprocess.run([TRANSLATE, "-m", directory, "--plain", "--trace", file, "--", text], env=environment, check=True,
                   capture_output=True)
    return file


def is_int8(directory):
    return all(array.dtype == numpy.int8 for name, array in safetensors.numpy.load_file(directory / "model.safetensors").items()
               if array.ndim == 2 and "positions" not in name)


def differences(directory, file):
    found = forward.compare(forward.Model(directory), file)
    assert len(found) > 20
    return dict(found)


def test_golden_checkpoints_cover_both_precisions():
    assert {is_int8(directory) for directory in CHECKPOINTS} == {True, False}


@pytest.mark.parametrize("text", SENTENCES)
@pytest.mark.parametrize("directory", CHECKPOINTS, ids=lambda directory: directory.name)
def test_every_tensor_is_that_of_the_program(directory, text, tmp_path):
    found = differences(directory, trace(directory, text, tmp_path / "trace"))
    assert max(found.values()) <= (0 if is_int8(directory) else forward.TOLERANCE)


@pytest.mark.parametrize("name", ["odd", "swish"])
def test_float32_is_within_the_tolerance_of_the_vector_kernels(name, tmp_path):
    directory = ROOT / "tests/golden" / name
    assert max(differences(directory, trace(directory, SENTENCES[0], tmp_path / "trace", isa=None)).values()) \
        <= forward.TOLERANCE


def variant(name, dtype, tmp_path):
    """A random checkpoint of tests/test_architectures.py; whose `name` says what it has that MarianMT has not."""
    architectures, export = pytest.importorskip("test_architectures"), pytest.importorskip("export")
    v = architectures.PLAIN | architectures.VARIANTS[name]
    architectures.write(tmp_path / "model", v, export.stored_tensors(architectures.tensors_of(v, seed=1), dtype))
    return tmp_path / "model"


@pytest.mark.parametrize("dtype", ["float32", "int8"])
@pytest.mark.parametrize("name", ["post-norm with a final norm", "pre-norm", "pre-norm without a final norm", "embedding norm",
                                  "narrow heads", "wide heads", "a cap that grows with the source"])
def test_what_other_systems_have(name, dtype, tmp_path):
    directory = variant(name, dtype, tmp_path)
    found = differences(directory, trace(directory, "i have seen a dog", tmp_path / "trace"))
    assert max(found.values()) <= (0 if dtype == "int8" else forward.TOLERANCE)


# ---- the program ----

def test_functions_are_named_as_in_c():
    names = set(re.findall(r"^def (\w+)", (ROOT / "scripts/forward.py").read_text(), re.MULTILINE))
    names -= {"libm", "compare", "main"}
    sources = [file.read_text() for room in ("kernels", "attention", "model") for file in (ROOT / room).glob("*.[ch]")]
    assert [name for name in sorted(names) if not any(tour.definition(source, name) for source in sources)] == []
    assert len(names) >= 30


def run(*arguments):
    return subprocess.run([sys.executable, ROOT / "scripts/forward.py", *arguments], capture_output=True, text=True)


def test_a_tensor_that_differs_is_named(tmp_path):
    directory = ROOT / "tests/golden/int8"
    file = trace(directory, SENTENCES[0], tmp_path / "trace")
    same = run(directory, file)
    assert (same.returncode, {line.split()[0] for line in same.stdout.splitlines()}) == (0, {"0.0e+00"})
    with safetensors.safe_open(file, "numpy") as traced:
        tensors = {name: traced.get_tensor(name) for name in traced.offset_keys()}
    name = "decoder.1.cross_attention.heads"
    data = file.read_bytes()
    at = data.index(tensors[name].tobytes())
    off = tensors[name].copy()
    off[0, 0] += 0.001
    file.write_bytes(data[:at] + off.tobytes() + data[at + off.nbytes:])
    other = run(directory, file)
    assert other.returncode == 1
    assert [line.split()[1] for line in other.stdout.splitlines() if not line.startswith("0.0e+00")] == [name]


def test_a_trace_of_another_checkpoint_is_refused(tmp_path):
    file = trace(ROOT / "checkpoints/en-de", SENTENCES[0], tmp_path / "trace")
    for name in ("swish", "odd"):
        other = run(ROOT / "tests/golden" / name, file)
        assert (other.returncode, other.stderr) == (1, f"forward.py: {file}: not a trace of this checkpoint\n")


def test_usage():
    assert "forward.py CHECKPOINT TRACE" in run().stderr
