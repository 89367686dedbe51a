"""The way over a lent machine and back, with ten steps on the CPU. Needs PyTorch."""

import lzma
import re
import signal
import sys

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("sacrebleu")

import torch

import export
import lease
from conftest import TESTS
from network import Network
from test_train import RECIPE
from transformer_c import program


@pytest.fixture
def run(monkeypatch, capsys):
    """A function that runs lease.py in this process, which has loaded PyTorch already; it returns the standard output."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def run_main(*arguments):
        monkeypatch.setattr(sys, "argv", ["lease.py", *map(str, arguments)])
        lease.main()
        return capsys.readouterr().out
    yield run_main
    for number, handler in handlers.items():
        signal.signal(number, handler)


def test_there_and_back(tmp_path, run):
    golden = TESTS / "golden"
    lines = (golden / "source.txt").read_text().splitlines(), (golden / "target.txt").read_text().splitlines()
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "train").mkdir(parents=True)
    with lzma.open(here / "train/pairs.tsv.xz", "wt") as file:
        file.writelines(f"{source}\t{target}\n" for source, target in zip(*lines))
    (here / "valid.tsv").write_text("".join(f"{source}\t{target}\n" for source, target in zip(*lines)))
    with lzma.open(here / "text.txt.xz", "wt") as file:
        file.writelines(f"{line}\n" for line in lines[1][:7])

    recipe = RECIPE.replace("steps = 24", "steps = 10").replace('"train.tsv" = 1.0', '"train/pairs.tsv.xz" = 1.0')
    recipe = recipe.replace('"./beside.tsv" = 2.0\n', "")
    reverse, forward = tmp_path / "de-en.toml", tmp_path / "en-de.toml"
    reverse.write_text("swap = true\n" + recipe.replace('"en"', '"x"').replace('"de"', '"en"').replace('"x"', '"de"'))
    forward.write_text(recipe.replace("[made]", '"back/text.tsv" = 1.0\n[made]'))

    run("pack", reverse, forward, "--data", here, "--to", there)
    assert sorted(path.relative_to(there).as_posix() for path in there.rglob("*.*")) == ["train/pairs.tsv.xz", "valid.tsv"]
    run("back-translate", reverse, here / "text.txt.xz", "--data", there, "--run", tmp_path / "reverse",
        "--out", tmp_path / "out")
    back = [line.split("\t") for line in (there / "back/text.tsv").read_text().splitlines()]
    assert [german for _, german in back] == lines[1][:7]
    assert (tmp_path / "out/text.txt").read_text().splitlines() == [english for english, _ in back]

    profiled = run("profile", reverse, "--data", there, "--run", tmp_path / "profiled", "--out", tmp_path / "profiled")
    assert re.search(r"s a step, [\d,]+ target tokens a second", profiled) and "aten::" in profiled

    run("train", forward, "--data", there, "--run", tmp_path / "forward", "--out", tmp_path / "weights")
    assert '"step": 10' in (tmp_path / "weights/log.jsonl").read_text()
    run("collect", forward, "--out", tmp_path / "weights", "--run", tmp_path / "forward")
    export.export(tmp_path / "forward/model", tmp_path / "checkpoint", "int8")  # compares the ids of both programs
    assert program.translate(tmp_path / "checkpoint", ["hello"]).stdout.count(b"\n") == 1


def test_weights_travel_in_parts(tmp_path, monkeypatch):
    shape = {"d_model": 8, "heads": 2, "d_ff": 8, "encoder_layers": 1, "decoder_layers": 1, "activation": "relu",
             "dropout": 0.0, "max_positions": 8, "seed": 1}
    monkeypatch.setattr(lease, "PART_BYTES", 500)
    network = Network(shape, 20)
    lease.write_parts(tmp_path, "state", network)
    assert max(path.stat().st_size for path in tmp_path.iterdir()) == 500
    other = Network(shape | {"seed": 2}, 20)
    lease.read_parts(tmp_path, "state", other)
    for name, tensor in network.state_dict().items():
        torch.testing.assert_close(other.state_dict()[name], tensor, rtol=1e-3, atol=1e-6)
    with pytest.raises(SystemExit, match="for the recipe's shape"):
        lease.read_parts(tmp_path, "state", Network(shape | {"d_ff": 9}, 20))


def test_more_than_can_travel_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(lease, "PACKED_BYTES", 10)
    (tmp_path / "train.tsv").write_text("a long line\teine lange Zeile\n")
    (tmp_path / "recipe.toml").write_text('[corpora]\n"train.tsv" = 1.0\n[validation]\n')
    with pytest.raises(SystemExit, match="more than the 10 that can travel"):
        lease.pack([tmp_path / "recipe.toml"], tmp_path, tmp_path / "to")
