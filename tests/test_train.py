"""train.py on a recipe of a few seconds. Needs PyTorch."""

import json
import re
import signal
import subprocess
import sys
import time
import tomllib

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("sacrebleu")

import torch  # noqa: E402
from safetensors.torch import load_file  # noqa: E402

import export  # noqa: E402
import program  # noqa: E402
import train  # noqa: E402
from conftest import TESTS  # noqa: E402

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
other_quotes = 0.1
without_full_stop = 0.1
lower_case = 0.1
all_caps = 0.0

[vocabulary]
size = 360
character_coverage = 1.0
sentences = 1000

[model]
d_model = 16
heads = 2
d_ff = 32
encoder_layers = 1
decoder_layers = 1
activation = "relu"
dropout = 0.1
attention_dropout = 0.0
max_positions = 64
seed = 1

[schedule]
batch_tokens = 200
longest = 120
peak = 1e-2
warmup_steps = 5
steps = 24
decay_steps = 8
label_smoothing = 0.1
clip_norm = 1.0
report_steps = 4
snapshot_steps = 6
averaged_snapshots = 2
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


def start(data, run):
    return subprocess.Popen([sys.executable, TESTS.parent / "scripts/train.py", data / "recipe.toml", "--data", data,
                             "--run", run], stderr=subprocess.PIPE, text=True)


def finish(data, run):
    process = start(data, run)
    stderr = process.communicate(timeout=600)[1]
    assert process.returncode == 0, stderr
    return stderr


def steps_seen(run):
    log = run / "log.jsonl"
    return [json.loads(line)["step"] for line in log.read_text().splitlines()] if log.exists() else []


def test_a_killed_training_goes_on_with_nothing_lost(data, tmp_path):
    finish(data, tmp_path / "whole")
    killed = start(data, tmp_path / "killed")
    while not steps_seen(tmp_path / "killed"):
        time.sleep(0.01)
        assert killed.poll() is None
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert "going on at step" in finish(data, tmp_path / "killed")

    whole, resumed = (load_file(tmp_path / run / "model/model.safetensors") for run in ("whole", "killed"))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)

    losses = [json.loads(line)["loss"] for line in (tmp_path / "whole/log.jsonl").read_text().splitlines() if "loss" in line]
    assert losses[-1] < losses[0]
    export.export(tmp_path / "whole/model", tmp_path / "checkpoint", "float32")  # compares the ids of both programs


def test_a_finished_training_goes_on_when_steps_are_raised(data, tmp_path):
    finish(data, tmp_path / "run")
    (data / "recipe.toml").write_text(RECIPE.replace("\nsteps = 24", "\nsteps = 40"))
    assert "going on at step 16 " in finish(data, tmp_path / "run")  # where the decay had begun
    assert steps_seen(tmp_path / "run")[-1] == 40
    snapshots = sorted(path.stem for path in (tmp_path / "run/snapshots").iterdir())
    assert snapshots == ["00000036", "00000040"]  # none of the first decay


def test_the_parts_of_a_batch_give_the_gradients_of_the_whole(data, tmp_path):
    (data / "recipe.toml").write_text(RECIPE.replace("\ndropout = 0.1", "\ndropout = 0.0"))
    run = train.Run(data / "recipe.toml", data, tmp_path / "run", None, 0)
    run.bfloat16 = False
    batch = [([5, 6, 7, 0], [8, 0]), ([9, 0], [10, 11, 12, 13, 0]), ([14, 15, 0], [16, 17, 0])]
    result = {}
    for run.n_parts in (1, 2, 8):
        mean, n_tokens = run.set_gradients(batch)
        result[run.n_parts] = torch.cat([torch.tensor([mean, n_tokens])] + [p.grad.flatten() for p in run.learned])
    assert n_tokens == 10
    assert result[1][2:].abs().max() > 1e-3
    for n_parts in (2, 8):
        torch.testing.assert_close(result[n_parts], result[1], rtol=1e-4, atol=1e-6)


def test_a_recipe_that_makes_its_own_pairs(tmp_path):
    """Twelve steps of a real recipe: no --data, held-out pairs to validate on, a checkpoint that the program loads."""
    recipe = (TESTS.parent / "recipes/reversing.toml").read_text()
    for key, value in (("reversed_lines", 500), ("sentences", 500), ("steps", 12), ("decay_steps", 4), ("lines", 5)):
        recipe, n = re.subn(rf"^{key} = \S+", f"{key} = {value}", recipe, flags=re.MULTILINE)
        assert n == 1
    (tmp_path / "recipe.toml").write_text(recipe)
    subprocess.run([sys.executable, TESTS.parent / "scripts/train.py", tmp_path / "recipe.toml", "--run", tmp_path / "run"],
                   check=True, timeout=600)
    report = json.loads((tmp_path / "run/log.jsonl").read_text().splitlines()[-1])
    assert set(report["validation"]) == {"reversed_lines"} and "exact" in report["validation"]["reversed_lines"]
    export.export(tmp_path / "run/model", tmp_path / "checkpoint", "int8")
    assert program.translate(tmp_path / "checkpoint", ["hello"]).stdout.count(b"\n") == 1


def test_the_mean_of_snapshots_of_tied_weights(tmp_path):
    for i, value in enumerate((1.0, 2.0, 6.0)):
        tied = torch.full((2,), value)
        torch.save({"embedding": tied, "output": tied, "other": torch.full((1,), 10 * value)}, tmp_path / f"{i}.pt")
    mean = train.mean_of(sorted(tmp_path.iterdir()))
    assert {name: tensor.tolist() for name, tensor in mean.items()} == {
        "embedding": [3.0, 3.0], "output": [3.0, 3.0], "other": [30.0]}


def test_the_learning_rate():
    schedule = tomllib.loads(RECIPE)["schedule"] | {"steps": 100, "decay_steps": 10}
    rate = [train.learning_rate(step, schedule) for step in range(101)]
    assert rate[1] == pytest.approx(2e-3)        # 1/5 of the peak
    assert rate[5] == pytest.approx(1e-2)        # the peak
    assert rate[20] == pytest.approx(1e-2 / 2)   # 1/sqrt(step)
    assert rate[95] == pytest.approx(1e-2 * (5 / 95) ** 0.5 / 2)
    assert rate[100] == 0
