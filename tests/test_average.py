"""The mean of checkpoints: average.py. Needs PyTorch."""

import json
import sys

import numpy
import pytest
import safetensors.numpy

pytest.importorskip("torch")
pytest.importorskip("transformers")

import average


@pytest.fixture
def model(tmp_path):
    """A function that writes a directory with one tensor, as train.py would."""
    def write(name, *values, d_model=2):
        directory = tmp_path / name
        directory.mkdir()
        safetensors.numpy.save_file({"w": numpy.array(values, numpy.float32)}, directory / "model.safetensors")
        (directory / "config.json").write_text(json.dumps({"d_model": d_model}))
        (directory / "vocab.json").write_text("{}")
        (directory / "source.spm").write_text(name)
        return directory
    return write


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["average.py", *map(str, arguments)])
    average.main()


def test_weighted_mean(model, tmp_path, monkeypatch):
    first, second = model("first", 1, -2), model("second", 2, 3)
    for _ in range(2):  # the second time DIR is replaced
        run(monkeypatch, first, second, "--shares", 0.25, 0.75, "--to", tmp_path / "mean")
    assert safetensors.numpy.load_file(tmp_path / "mean/model.safetensors")["w"].tolist() == [1.75, 1.75]
    assert (tmp_path / "mean/source.spm").read_text() == "second"


@pytest.mark.parametrize("shares, d_model, word", [
    ((0.5, 0.6), 2, "sum 1.1"),
    ((1,), 2, "1 shares"),
    ((0.5, 0.5), 4, "config.json differs"),
])
def test_what_has_no_mean(shares, d_model, word, model, tmp_path, monkeypatch, capsys):
    first, second = model("first", 1, 2), model("second", 2, 3, d_model=d_model)
    with pytest.raises(SystemExit):
        run(monkeypatch, first, second, "--shares", *shares, "--to", tmp_path / "mean")
    assert word in capsys.readouterr().err
    assert not (tmp_path / "mean").exists()


def test_other_files_stay(model, tmp_path, monkeypatch):
    (tmp_path / "mean").mkdir()
    (tmp_path / "mean/letter.txt").write_text("mine")
    first = model("first", 1)
    with pytest.raises(SystemExit, match="mean: found other files there"):
        run(monkeypatch, first, "--shares", 1, "--to", tmp_path / "mean")
    assert [path.name for path in (tmp_path / "mean").iterdir()] == ["letter.txt"]
