"""train.py on a recipe of a few seconds. Needs PyTorch."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("sacrebleu")

import torch
from safetensors.torch import load_file

import corpora
import export
import train
from conftest import TESTS
from transformer_c import checkpoint, files, program

RECIPE = """
source = "en"
target = "de"

[corpora]
"train.tsv" = 1.0
"./beside.tsv" = 2.0

[made]
numbers_en_de = 20

[augmentation]
joined = 0.1
other_numbers = 0.1
copied_text = 0.0
copy_tokens = 0.5
other_quotes = 0.1
without_full_stop = 0.1
lower_case = 0.1
all_caps = 0.0

[vocabulary]
size = 380
character_coverage = 1.0
sentences = 1000
copy_tokens = true

[model]
d_model = 16
heads = 2
d_ff = 32
encoder_layers = 1
decoder_layers = 1
activation = "relu"
dropout = 0.1
max_positions = 64
seed = 1

[schedule]
batch_tokens = 200
longest = 120
peak = 1e-2
warmup_steps = 5
steps = 24
decay = 0.34
label_smoothing = 0.1
clip_norm = 1.0
report_steps = 4
validate_steps = 100
save_minutes = 0

[validation]
files = ["valid.tsv"]
lines = 5
show = ["The house is small."]
"""


@pytest.fixture
def data(tmp_path):
    """A directory with a recipe and as much text as the golden sentences give."""
    golden = TESTS / "golden"
    pairs = list(zip((golden / "source.txt").read_text().splitlines(), (golden / "target.txt").read_text().splitlines()))
    directory = tmp_path / "data"
    directory.mkdir()
    (directory / "train.tsv").write_text("".join(f"{source}\t{target}\n" for source, target in pairs))
    (directory / "valid.tsv").write_text("".join(f"{source}\t{target}\n" for source, target in pairs[:5]))
    (directory / "beside.tsv").write_text("Hello!\tHallo!\n")
    (directory / "recipe.toml").write_text(RECIPE)
    return directory


def arguments(data, run, *more):
    return [str(argument) for argument in (data / "recipe.toml", "--data", data, "--run", run, *more)]


@pytest.fixture
def finish(monkeypatch, capsys):
    """A function that runs train.py to its end in this process, which has loaded PyTorch already; it returns what train.py
    says."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def run_main(*words):
        monkeypatch.setattr(sys, "argv", ["train.py", *words])
        train.main()
        return capsys.readouterr().err
    yield run_main
    for number, handler in handlers.items():
        signal.signal(number, handler)


def steps_seen(run):
    log = run / "log.jsonl"
    return [json.loads(line)["step"] for line in log.read_text().splitlines()] if log.exists() else []


def test_a_killed_training_resumes_with_nothing_lost(data, tmp_path, finish):
    finish(*arguments(data, tmp_path / "whole"))
    killed = subprocess.Popen([sys.executable, TESTS.parent / "scripts/train.py", *arguments(data, tmp_path / "killed")],
                              stderr=subprocess.DEVNULL)
    while not (tmp_path / "killed/model").exists():
        time.sleep(0.01)
        assert killed.poll() is None
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert steps_seen(tmp_path / "killed")[-1] < 24
    export.export(tmp_path / "killed/model", tmp_path / "unfinished", "float32")
    assert "resuming at step" in finish(*arguments(data, tmp_path / "killed"))

    whole, resumed = (load_file(tmp_path / run / "model/model.safetensors") for run in ("whole", "killed"))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)

    losses = [json.loads(line)["loss"] for line in (tmp_path / "whole/log.jsonl").read_text().splitlines() if "loss" in line]
    assert losses[-1] < losses[0]
    export.export(tmp_path / "whole/model", tmp_path / "checkpoint", "float32")  # compares the ids of both programs


def test_a_finished_training_resumes_when_steps_are_raised(data, tmp_path, finish):
    finish(*arguments(data, tmp_path / "run"))
    (data / "recipe.toml").write_text(RECIPE.replace("\nsteps = 24", "\nsteps = 40"))
    assert "resuming at step 16 " in finish(*arguments(data, tmp_path / "run"))  # where the decay had begun
    assert steps_seen(tmp_path / "run")[-1] == 40


def test_a_run_of_some_minutes_ends_in_time_with_a_rate_of_zero(data, tmp_path, finish):
    (data / "recipe.toml").write_text(RECIPE.replace("\nreport_steps = 4", "\nreport_steps = 1"))
    started = time.monotonic()
    finish(*arguments(data, tmp_path / "run", "--minutes", 0.03))
    assert time.monotonic() - started > 1.8
    reports = [json.loads(line) for line in (tmp_path / "run/log.jsonl").read_text().splitlines()]
    rates = [report["rate"] for report in reports if "rate" in report]
    assert rates[-1] == 0 < max(rates) and (tmp_path / "run/undecayed.pt").exists()


def test_the_parts_of_a_batch_give_the_gradients_of_the_whole(data, tmp_path):
    (data / "recipe.toml").write_text(RECIPE.replace("\ndropout = 0.1", "\ndropout = 0.0"))
    run = train.Run(data / "recipe.toml", data, tmp_path / "run")
    run.batches.close()
    pad = run.network.pad
    source = corpora.padded([[5, 6, 7, 0], [9, 0], [14, 15, 0]], pad)
    target = corpora.padded([[8, 0], [10, 11, 12, 13, 0], [16, 17, 0]], pad)
    result = {}
    for run.n_parts in (1, 2, 8):
        loss, n_tokens = run.set_gradients(source, target)
        result[run.n_parts] = torch.cat([loss[None]] + [p.grad.flatten() for p in run.learned])
    assert n_tokens == 10
    assert result[1][1:].abs().max() > 1e-3
    for n_parts in (2, 8):
        torch.testing.assert_close(result[n_parts], result[1], rtol=1e-4, atol=1e-6)


def test_a_recipe_that_makes_its_own_pairs(tmp_path, finish):
    """Twelve steps of a real recipe: no --data, held-out pairs to validate on, a checkpoint that the program loads."""
    recipe = (TESTS.parent / "recipes/reversing.toml").read_text()
    for key, value in (("reversed_lines", 500), ("sentences", 500), ("steps", 12), ("lines", 5)):
        recipe, n = re.subn(rf"^{key} = \S+", f"{key} = {value}", recipe, flags=re.MULTILINE)
        assert n == 1
    (tmp_path / "recipe.toml").write_text(recipe)
    finish(str(tmp_path / "recipe.toml"), "--run", str(tmp_path / "run"))
    report = json.loads((tmp_path / "run/log.jsonl").read_text().splitlines()[-1])
    assert set(report["validation"]) == {"reversed_lines"} and "exact" in report["validation"]["reversed_lines"]
    export.export(tmp_path / "run/model", tmp_path / "checkpoint", "int8")
    assert program.translate(tmp_path / "checkpoint", ["hello"]).stdout.count(b"\n") == 1


def test_threads_that_wait_sleep():
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OMP_")}
    done = subprocess.run([sys.executable, "-c", "import train"], env=environment | {"OMP_DISPLAY_ENV": "true"},
                          cwd=TESTS.parent / "scripts", capture_output=True, text=True)
    assert done.returncode == 0 and "OMP_WAIT_POLICY = 'PASSIVE'" in done.stderr, done.stderr


def test_the_learning_rate():
    schedule = {"peak": 1e-2, "warmup_steps": 5, "decay": 0.25}
    assert train.learning_rate(1, 0.01, schedule) == pytest.approx(2e-3)   # 1/5 of the peak
    assert train.learning_rate(5, 0.05, schedule) == 1e-2                  # the peak
    assert train.learning_rate(75, 0.75, schedule) == 1e-2                 # the end of the plateau
    assert train.learning_rate(90, 0.9, schedule) == pytest.approx(4e-3)   # 0.1 of 0.25 are left
    assert train.learning_rate(100, 1.0, schedule) == 0
    assert train.learning_rate(3, 0.95, schedule) == pytest.approx(2e-3)   # a run that is all warm-up and decay


def test_a_result_without_its_state_is_not_replaced(tmp_path):
    (tmp_path / "run/model").mkdir(parents=True)
    (tmp_path / "run/model/mine").touch()
    with pytest.raises(SystemExit, match="neither state.pt nor undecayed.pt to resume from"):
        train.Run(TESTS.parent / "recipes/reversing.toml", None, tmp_path / "run")
    assert [path.name for path in (tmp_path / "run").rglob("*")] == ["model", "mine"]


def test_other_files_beside_a_result_are_not_removed(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model/mine").touch()
    with pytest.raises(SystemExit, match="model: found other files there"), \
         files.directory_whole(tmp_path / "model", lambda found: checkpoint.check_marian(found, tmp_path / "model")) as beside:
        (beside / "config.json").touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["model", "mine"]
