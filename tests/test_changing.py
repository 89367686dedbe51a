"""The worked examples of docs/changing.md: each diff applies to the sources as they are, the result builds, and what it adds
works. A diff that no longer applies has to be made again."""

import os
import re
import shutil
import subprocess
import sys

import pytest

from transformer_c import program

ROOT = program.ROOT
PAGE = ROOT / "docs/changing.md"
DIFFS = sorted((ROOT / "docs/changing").glob("*.diff"))

# Tests that show that an example works, some of which the diff adds. That of the activation needs PyTorch.
TESTS = {
    "activation": ["tests/test_architectures.py::test_every_tensor_and_every_token_are_those_of_pytorch[quick gelu]"],
    "option": ["tests/hardening/test_resume.py::test_every_option_is_tried_in_a_later_run",
               "tests/hardening/test_resume.py::test_an_option_that_changes_translations_is_refused[--with-source]"],
}


def run(*command, cwd, **environment):
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, env={**os.environ, **environment})


@pytest.fixture(scope="module")
def changed(tmp_path_factory):
    """A copy of the project with all examples, built."""
    copy = tmp_path_factory.mktemp("changed") / "copy"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns("build", ".*", "run", "__pycache__"))
    for diff in DIFFS:
        done = run("git", "apply", diff, cwd=copy, GIT_CEILING_DIRECTORIES=str(copy.parent))
        assert done.returncode == 0, f"{diff.name} no longer applies; make it again:\n{done.stderr}"
    for command in (["-B", "build", "-DBUILD_TESTING=OFF", "-DCMAKE_BUILD_TYPE=Debug"],
                    ["--build", "build", "--target", "translate", "--parallel", str(os.cpu_count())]):
        done = run("cmake", *command, cwd=copy)
        assert done.returncode == 0 and "warning:" not in done.stderr, done.stdout + done.stderr
    return copy


def translate(changed, *arguments):
    return run(changed / "build/translate", *arguments, cwd=changed)


def test_quick_gelu_is_computed(changed, tmp_path):
    """forward.py computes each tensor itself; ReLU in its place would differ."""
    shutil.copytree(ROOT / "tests/golden/relu", tmp_path / "checkpoint")
    config = tmp_path / "checkpoint/config.json"
    config.write_text(config.read_text().replace('"activation": "relu"', '"activation": "quick_gelu"'))
    done = translate(changed, "-m", tmp_path / "checkpoint", "--trace", tmp_path / "trace", "I have a dog.")
    assert done.returncode == 0, done.stderr
    for root, status in ((changed, 0), (ROOT, 1)):
        done = run(sys.executable, root / "scripts/forward.py", tmp_path / "checkpoint", tmp_path / "trace", cwd=root)
        assert done.returncode == status, done.stdout + done.stderr


def test_a_line_stands_before_its_translation(changed):
    model = changed / "tests/golden/reversing"
    assert translate(changed, "-m", model, "--with-source", "hello").stdout == "hello\tolleh\n"
    assert translate(changed, "-m", model, "hello").stdout == "olleh\n"
    assert "\n      --with-source   write each line" in translate(changed, "--help").stdout
    assert translate(changed, "-m", model, "--with-source", "--format", "jsonl", "hello").returncode == 2


@pytest.mark.parametrize("diff", DIFFS, ids=lambda diff: diff.stem)
def test_the_tests_that_the_page_names_pass(diff, changed):
    if diff.stem == "activation":
        pytest.importorskip("torch")
    done = run(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *TESTS[diff.stem], cwd=changed,
               TRANSLATE=str(changed / "build/translate"))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_page_links_to_every_example_and_names_what_is_there():
    page = PAGE.read_text(encoding="utf-8")
    assert set(re.findall(r"\]\(changing/(\w+)\.diff\)", page)) == {diff.stem for diff in DIFFS} == TESTS.keys()
    paths = re.findall(r"`((?:[\w.-]+/)+[\w.-]*)`", page)
    assert len(paths) > 30 and [path for path in paths if not (ROOT / path).exists()] == []
