"""docs/homework.md: each check refuses the project as it is or a wrong answer, and takes the right one; the answers to the
tour's questions are complete, and the translations in them are those of the program."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

pytest.importorskip("safetensors")

import tour
from transformer_c import program

ROOT = program.ROOT
PAGE = ROOT / "docs/homework.md"

# What exercises 7 to 10 ask for: in each file, texts and what takes their place.
SOLUTIONS = {
    7: {"cli/show_steps.c": {"N_ALTERNATIVES = 5": "N_ALTERNATIVES = 10"}},
    8: {"model/add_and_norm.c": {
        "    if (weights->before)\n        trace_tensor":
        "    trace_tensor(reader, weights->name, \"_sum\", x, n_rows, weights->d_model);\n"
        "    if (weights->before)\n        trace_tensor"}},
    9: {"attention/decoder_self.c": {"n_keys, n - 1,": "n_keys, 0,"}},
    10: {"model/config.h": {"ACTIVATION_GELU_TANH }": "ACTIVATION_GELU_TANH, ACTIVATION_SQUARED_RELU }"},
         "model/config.c": {"= \"gelu_tanh\",": "= \"gelu_tanh\", [ACTIVATION_SQUARED_RELU] = \"squared_relu\","},
         "model/feed_forward.c": {
             "static void activate":
             "static void squared_relu(float *x, size_t n)\n{\n    kernels_relu(x, n);\n"
             "    for (size_t i = 0; i < n; i++)\n        x[i] *= x[i];\n}\n\nstatic void activate",
             "kernels_gelu_tanh(x, n); break;":
             "kernels_gelu_tanh(x, n); break;\n    case ACTIVATION_SQUARED_RELU: squared_relu(x, n); break;"}},
}


def check(number, *answer, translate=program.TRANSLATE):
    """(whether homework.py takes the answer, what it says)"""
    done = subprocess.run([sys.executable, ROOT / "scripts/homework.py", str(number), *answer], capture_output=True, text=True,
                          env={**os.environ, "TRANSLATE": str(translate)})
    assert (done.returncode, done.stdout) in ((0, "right\n"), (1, "")) and "Traceback" not in done.stderr
    return done.returncode == 0, done.stderr


@pytest.mark.parametrize("number, right, wrong", [
    (1, "softmax_of_seen", "attention_scores"),
    (2, "encoder.0.self_attention.scores", "encoder.0.self_attention.weights"),
    (3, "encoder.4.self_attention:3", "encoder.5.self_attention:0"),
    (4, "0.97", "0.5"), (4, "0.974", "most"), (6, None, "checkpoints/en-de"), (5, None, ".")])
def test_a_right_and_a_wrong_answer(number, right, wrong):
    assert right is None or check(number, right) == (True, "")
    taken, says = check(number, wrong)
    assert not taken and says.startswith("not yet: ")


def test_a_fault_has_to_be_corrected(tmp_path):
    ignored = shutil.ignore_patterns("build", ".*", "checkpoints", "tests")
    shutil.copytree(ROOT, tmp_path / "faulty", ignore=ignored)
    file = tmp_path / "faulty/attention/core.c"
    sound = file.read_text()
    file.write_text(sound.replace("1.0f / sqrtf((float)d_head)", "1.0f"))
    assert check(5, tmp_path / "faulty") == (False, "not yet: its sources still differ from those of the project\n")
    file.write_text(sound.replace("    ", "\t"))
    assert check(5, tmp_path / "faulty")[0]
    file.unlink()
    assert "is missing" in check(5, tmp_path / "faulty")[1]


def test_a_word_has_to_be_forbidden_in_the_configuration(tmp_path):
    checkpoint = tmp_path / "without"
    shutil.copytree(ROOT / "checkpoints/en-de", checkpoint)
    config = json.loads((checkpoint / "config.json").read_text())
    config["generation"]["suppressed"] = [(checkpoint / "source.vocab").read_text().split("\n").index("▁Wetter")]
    (checkpoint / "config.json").write_text(json.dumps(config))
    assert check(6, checkpoint)[0]
    (checkpoint / "source.vocab").write_text("")
    assert "source.vocab is not that of checkpoints/en-de" in check(6, checkpoint)[1]


@pytest.fixture(scope="module")
def solved(tmp_path_factory):
    """The program with all solutions."""
    copy = tmp_path_factory.mktemp("solved") / "copy"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns("build", ".*", "checkpoints", "tests", "docs"))
    for files in SOLUTIONS.values():
        for name, changes in files.items():
            text = (copy / name).read_text()
            for old, new in changes.items():
                assert text.count(old) == 1, f"{name}: adapt the solution: {old}"
                text = text.replace(old, new)
            (copy / name).write_text(text)
    for command in (["-B", "build", "-DBUILD_TESTING=OFF", "-DCMAKE_BUILD_TYPE=Debug"],
                    ["--build", "build", "--target", "translate", "--parallel", str(os.cpu_count())]):
        done = subprocess.run(["cmake", *command], cwd=copy, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    return copy / "build/translate"


@pytest.mark.parametrize("number", SOLUTIONS)
def test_a_change_of_the_program(number, solved):
    assert not check(number)[0]
    assert check(number, translate=solved) == (True, "")


@pytest.mark.parametrize("arguments", [(), ("0",), ("11",), ("x",), ("1",), ("7", "x")])
def test_wrong_usage(arguments):
    done = subprocess.run([sys.executable, ROOT / "scripts/homework.py", *arguments], capture_output=True, text=True)
    assert done.returncode == 1 and done.stderr.startswith("    homework.py N ANSWER")


# ---- the page ----

def test_the_page_has_ten_exercises_with_checks_and_an_answer_for_each_stop():
    exercises, answers = PAGE.read_text().split("## Exercises")[1].split("## Answers")
    assert re.findall(r"^(\d+)\. ", exercises, re.MULTILINE) == [str(n) for n in range(1, 11)]
    assert re.findall(r"`homework\.py (\d+)", exercises) == [str(n) for n in range(1, 11)]
    stops = re.findall(r"^### (\d+)\.", tour.TOUR.read_text(), re.MULTILINE)
    assert re.findall(r"^(\d+)\. ", answers, re.MULTILINE) == stops


def test_the_translations_in_the_answers_are_those_of_the_program():
    page = " ".join(PAGE.read_text().split())
    pairs = re.findall(r'"([^"]+)" → "([^"]+)"', page)
    assert len(pairs) == 3
    done = program.translate(ROOT / "checkpoints/en-de", [source for source, _ in pairs])
    assert done.stdout.decode().splitlines() == [target for _, target in pairs]
