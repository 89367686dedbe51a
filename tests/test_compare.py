"""compare.py names functions for every tensor, and finds where two tensors diverge. Needs PyTorch.

tests/planted_faults.py shows that it finds mistakes in the C sources."""

import re
import sys
from pathlib import Path

import numpy
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import compare
import make_golden
import planted_faults
import reference

ROOT = planted_faults.ROOT
TEXT = "The house is small."


@pytest.fixture(scope="module")
def swish(tmp_path_factory):
    """The Hugging Face directory of which the golden checkpoints swish and int8 were made."""
    return make_golden.marian_directory(tmp_path_factory.mktemp("marian") / "swish", **make_golden.VARIANTS["swish"])


def run(monkeypatch, capsys, hf_dir, text=TEXT, directory=make_golden.GOLDEN / "swish"):
    """(exit status, lines on standard output, standard error) of compare.py."""
    monkeypatch.setattr(sys, "argv", ["compare.py", str(directory), str(hf_dir), text])
    with pytest.raises(SystemExit) as ended:
        compare.main()
    out, err = capsys.readouterr()
    return ended.value.code, out.split("\n"), err


def changed(monkeypatch, tensor, change):
    """Lets this program's array of one tensor be change(array)."""
    def traces(*arguments):
        source, target, tensors = reference.both_traces(*arguments)
        return source, target, [(name, change(found) if name == tensor else found, expected)
                                for name, found, expected in tensors]
    monkeypatch.setattr(compare, "both_traces", traces)


# ---- the functions that it names; test_explain.py checks that they exist ----

def test_every_tensor_has_one_place_and_every_place_a_tensor():
    names = {"source ids", "target ids", "encoder.0.feed_forward_residual", "decoder.1.cross_attention_residual"}  # pre-norm
    for variant in make_golden.VARIANTS:
        with reference.safe_open(make_golden.GOLDEN / variant / "golden.safetensors", "numpy") as file:
            names |= set(file.keys())
    fitting = {name: [pattern for pattern in compare.PLACES["tensors"] if re.fullmatch(pattern, name)] for name in names}
    assert {name: patterns for name, patterns in fitting.items() if len(patterns) != 1} == {}
    assert {pattern for [pattern] in fitting.values()} == set(compare.PLACES["tensors"])


@pytest.mark.parametrize("fault", planted_faults.FAULTS, ids=lambda fault: fault.mistake)
def test_a_fault_can_be_planted(fault):
    sound = (ROOT / fault.file).read_text()
    assert planted_faults.faulty(fault, sound) != sound


def test_a_fault_that_cannot_be_planted_is_named():
    with pytest.raises(SystemExit, match="found 0 times"):
        planted_faults.faulty(planted_faults.FAULTS[0], "")


def test_a_copy_has_one_fault_and_is_never_overwritten(tmp_path):
    fault = planted_faults.FAULTS[8]
    planted_faults.plant("9", tmp_path / "copy")
    files = {path.relative_to(tmp_path / "copy") for path in (tmp_path / "copy").rglob("*") if path.is_file()}
    assert {Path("CMakeLists.txt"), Path("scripts/translate"), Path("checkpoints/en-de/model.safetensors")} <= files
    different = [str(path) for path in files if (tmp_path / "copy" / path).read_bytes() != (ROOT / path).read_bytes()]
    assert different == [fault.file]
    assert (tmp_path / "copy" / fault.file).read_text() == planted_faults.faulty(fault, (ROOT / fault.file).read_text())
    (tmp_path / "copy" / fault.file).write_text("mine")
    with pytest.raises(SystemExit, match="choose a new directory"):
        planted_faults.plant("1", tmp_path / "copy")
    assert (tmp_path / "copy" / fault.file).read_text() == "mine"


@pytest.mark.parametrize("number, directory, says", [
    ("0", "copy", "expected 1 to 20"), ("21", "copy", "expected 1 to 20"), ("x", "copy", "expected 1 to 20"),
    ("1", ROOT / "tests/copy", "choose a new directory outside it")])
def test_a_fault_that_cannot_be_left_is_refused(number, directory, says, tmp_path):
    with pytest.raises(SystemExit, match=says):
        planted_faults.plant(number, tmp_path / directory)
    assert not (tmp_path / directory).exists()


def test_a_pre_norm_model_agrees_and_its_streams_are_compared(tmp_path, capsys):
    model, tokenizer = planted_faults.pre_norm_model(tmp_path)
    assert compare.compare_text(model, tokenizer, tmp_path / "checkpoint", "float32", TEXT) is None
    shown = {line.split()[1] for line in capsys.readouterr().out.split("\n") if line.startswith("agrees")}
    assert {"encoder.0.self_attention_norm", "encoder.1.feed_forward_residual", "encoder.final_norm",
            "decoder.0.cross_attention_residual", "decoder.1.feed_forward_residual", "decoder.final_norm", "output"} <= shown


# ---- what it says ----

def test_two_programs_that_agree(monkeypatch, capsys, swish):
    status, lines, _ = run(monkeypatch, capsys, swish)
    assert status == 0 and "All agree." in lines
    shown = [re.split(" {2,}", line)[1] for line in lines if line.startswith("agrees")]
    with reference.safe_open(make_golden.GOLDEN / "swish/golden.safetensors", "numpy") as file:
        assert set(shown) == set(file.keys()) | {"source ids", "target ids"}
    assert (shown[:2], shown[-2:]) == (["source ids", "encoder.embedding"], ["output", "target ids"])


def one_off(row, column, by):
    def change(array):
        array = array.copy()
        array[row, column] += by
        return array
    return change


@pytest.mark.parametrize("tensor, row, column, where", [
    ("encoder.0.self_attention.key", 1, 5, "row 1 ▁ho, dimension 5 (head 1)"),
    ("encoder.1.self_attention.weights", 8 + 4, 5, "head 1, row 4 ▁is, column 5 ▁small"),
    ("decoder.0.self_attention.scores", 1, 1, "head 0, row 1 i → ▁Morgen, column 1 i"),
    ("decoder.0.cross_attention.weights", 0, 5, "head 0, row 0 <pad> → i, column 5 ▁small"),
    ("decoder.1.cross_attention.value", 6, 0, "row 6 ., dimension 0 (head 0)"),
    ("decoder.embedding", 0, 15, "row 0 <pad> → i, dimension 15"),
    ("output", 0, 30, "row 0 <pad> → i, column 30 ▁The")])
def test_the_first_that_differs_ends_it(monkeypatch, capsys, swish, tensor, row, column, where):
    changed(monkeypatch, tensor, one_off(row, column, 0.5))
    status, lines, _ = run(monkeypatch, capsys, swish)
    [differs] = [line for line in lines if line.startswith("differs")]
    assert status == 1
    assert re.fullmatch(rf"differs +{re.escape(tensor)} +\d+ × \d+ +5.0e-01  {re.escape(where)}: found \S+, expected \S+",
                        differs)
    assert lines[lines.index(differs) + 2].startswith(f"{tensor} is the first that differs: ")
    file, function = compare.places(tensor)[0]
    assert f"Look at {function} in {file}" in lines[lines.index(differs) + 3]


@pytest.mark.parametrize("by, status", [(0.9e-4, 0), (1.2e-4, 1)])
def test_the_tolerance(monkeypatch, capsys, swish, by, status):
    changed(monkeypatch, "encoder.0.self_attention.weights", one_off(0, 0, by))
    assert run(monkeypatch, capsys, swish)[0] == status


@pytest.mark.parametrize("change, says", [
    (lambda array: array[:-1], "found shape [7, 16], expected [8, 16]"),
    (one_off(2, 3, numpy.nan), "row 2 us, dimension 3: found nan")])
def test_a_wrong_shape_and_nan_differ(monkeypatch, capsys, swish, change, says):
    changed(monkeypatch, "encoder.embedding", change)
    status, lines, _ = run(monkeypatch, capsys, swish)
    assert status == 1
    assert any(line.startswith("differs  encoder.embedding") and says in line for line in lines)


def test_ids_that_differ(monkeypatch, capsys, swish):
    monkeypatch.setattr(compare.checkpoint, "encode", lambda tokenizer, text: [30, 0])
    status, lines, _ = run(monkeypatch, capsys, swish)
    assert status == 1
    assert re.search(r"differs +source ids +8 +token 1: found \d+ ▁ho, expected 0 </s>$", "\n".join(lines), re.MULTILINE)
    assert any("Look at tokenizer_encode in tokenizer/tokenizer.c" in line for line in lines)


def test_every_sentence_is_compared(monkeypatch, capsys, swish):
    status, lines, _ = run(monkeypatch, capsys, swish, "I have a dog. Good morning.\n\nThank you!")
    assert status == 0
    assert sum("target ids" in line for line in lines) == 3
    assert {"I have a dog.", "Good morning.", "Thank you!"} <= set(lines)


def test_int8_is_shown_without_a_verdict(monkeypatch, capsys, swish):
    status, lines, _ = run(monkeypatch, capsys, swish, directory=make_golden.GOLDEN / "int8")
    assert status == 0
    assert sum("e-0" in line for line in lines) > 50
    assert not [line for line in lines if line.startswith(("agrees", "differs", "All agree"))]
    assert any("No verdict" in line for line in lines)


@pytest.mark.parametrize("text, directory, says", [
    (TEXT, "relu", "is not what"), (TEXT, "none", "No such file"), ("", "swish", "found no sentence in TEXT")])
def test_what_cannot_be_compared_ends_with_2(monkeypatch, capsys, swish, text, directory, says):
    status, _, err = run(monkeypatch, capsys, swish, text, make_golden.GOLDEN / directory)
    assert status == 2 and err.count("\n") == 1
    assert err.startswith("compare.py: ") and says in err


@pytest.mark.parametrize("terminal, no_color, coloured", [(True, "", True), (True, "1", False), (False, "", False)])
def test_colours_are_for_terminals(monkeypatch, capsys, terminal, no_color, coloured):
    monkeypatch.setenv("NO_COLOR", no_color)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal)
    compare.show(compare.Line("output", (2, 3), 1e-7, True, "row 0"))
    said = capsys.readouterr().out
    assert ("\033" in said) == coloured and "agrees" in said
