"""--target: views and log-probabilities of a translation that is given."""

import json
import re
import subprocess

import pytest

import test_explain
import webdriver
from conftest import TESTS
from transformer_c.program import ROOT, TRANSLATE

GOLDEN, BUNDLED = TESTS / "golden", ROOT / "checkpoints/en-de"
TEXT, TARGET = "He saw her duck.", "Er sah ihre Ente."


def run(*arguments, text=None):
    return subprocess.run([TRANSLATE, *arguments], input=text, capture_output=True)


def target_rows(stderr):
    """(id, log-probability) of each target piece that --tokens shows."""
    return [(int(id_), float(p)) for id_, p in re.findall(r"^  target +(\d+) +(-?[\d.]+) ", stderr.decode(), re.MULTILINE)]


def test_log_probabilities_are_those_of_score():
    done = run("--target", TARGET, "--tokens", TEXT)
    assert (done.returncode, done.stdout.decode()) == (0, f"{TARGET}\n")
    scored = json.loads(run("--score", "--format", "jsonl", text=f"{TEXT}\t{TARGET}\n".encode()).stdout)
    ids = [token["id"] for token in scored["tokens"]["target"]]
    found = target_rows(done.stderr)
    assert [id_ for id_, _ in found] == ids and len(ids) == 7
    assert [p for _, p in found] == pytest.approx(scored["log_probabilities"], abs=2e-4)
    assert run(TEXT).stdout.decode() != f"{TARGET}\n"  # it is not what the program would have chosen


@pytest.mark.parametrize("variant", ["relu", "swish", "gelu", "odd"])
def test_ids_and_tensors_are_those_of_pytorch(tmp_path, variant):
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    import make_golden
    import reference
    from transformer_c import checkpoint
    model, tokenizer = checkpoint.open_marian(make_golden.marian_directory(tmp_path / variant, **make_golden.VARIANTS[variant]))
    for text, target in (("I have a dog.", "Good morning."), ("a", "We go to the sea in summer.")):
        source, ids, tensors = reference.both_traces(model, GOLDEN / variant, text, "--target", target)
        assert [source, ids] == [checkpoint.encode(tokenizer, text), checkpoint.encode_target(tokenizer, target)]
        assert max(reference.difference(found, expected) for _, found, expected in tensors) <= reference.TOLERANCE


@pytest.mark.parametrize("views", [["--tokens"], ["--steps"], ["--attention"], ["--attention=all"], ["--format", "jsonl"]],
                         ids=" ".join)
def test_the_programs_own_translation_gives_the_same_views(views):
    own = run("--plain", TEXT).stdout.decode().strip()
    found, plain = run("--target", own, *views, TEXT), run("--plain", *views, TEXT)
    assert found.returncode == 0 and (found.stdout, found.stderr) == (plain.stdout, plain.stderr)


def test_the_programs_own_translation_gives_the_same_trace(tmp_path):
    own = run("--plain", TEXT).stdout.decode().strip()
    for name, options in (("plain", ["--plain"]), ("target", ["--target", own])):
        assert run(*options, "--trace", tmp_path / name, TEXT).returncode == 0
    assert (tmp_path / "plain").read_bytes() == (tmp_path / "target").read_bytes()


def test_the_original_has_the_same_target():
    done = run("--target", TARGET, "--tokens", "--without", "decoder.1.cross_attention", TEXT)
    changed, original = done.stderr.split(b"original:\n")
    assert original.replace(f"{TARGET}\n".encode(), b"", 1) == run("--target", TARGET, "--tokens", TEXT).stderr
    assert [id_ for id_, _ in target_rows(changed)] == [id_ for id_, _ in target_rows(original)]
    assert sum(p for _, p in target_rows(changed)) < sum(p for _, p in target_rows(original)) - 1


def test_an_empty_target_is_the_end_token():
    done = run("--target", "", "--tokens", TEXT)
    assert (done.returncode, done.stdout, [id_ for id_, _ in target_rows(done.stderr)]) == (0, b"\n", [0])


def test_the_longest_target_is_not_truncated():
    model, n = GOLDEN / "relu", 58  # tokens, with the end token; max_length is 60, with start and end
    done = run("-m", model, "--target", "a " * (n - 1), "--tokens", "a")
    assert len(target_rows(done.stderr)) == n and b"truncated" not in done.stderr
    done = run("-m", model, "--target", "a " * n, "a")
    assert done.returncode == 1
    assert done.stderr.decode() == f"translate: the target has {n + 1} tokens; at most {n} are possible\n"


@pytest.mark.parametrize("options", [["--beam", "2"], ["--no-repeat", "3"], ["--prefix", "Er"], ["--score"],
                                     ["--alternatives", "1"], ["--sample"]], ids=" ".join)
def test_a_search_has_no_target(options):
    done = run("--target", TARGET, *options, TEXT)
    assert done.returncode == 2 and b"--target searches nothing; it cannot be combined with --beam" in done.stderr


def test_lines_have_no_target():
    done = run("--target", TARGET, text=b"a\n")
    assert (done.returncode, done.stderr) == (2, b"translate: --target requires TEXT; see `translate --help`\n")


# ---- the page ----

def test_the_page_shows_the_given_translation(tmp_path):
    [found], [plain] = (test_explain.explain(tmp_path / "page.html", TEXT, BUNDLED, *options)[0]["sentences"]
                        for options in (["--target", TARGET], []))
    assert found["translation"] == TARGET and found["given"] and "given" not in plain
    _, probabilities = zip(*target_rows(run("--target", TARGET, "--tokens", TEXT).stderr))
    assert [round(row["chosen"], 2) for row in found["trace"]["output"]["reading"]] == pytest.approx(
        [round(2.718281828 ** p, 2) for p in probabilities], abs=0.011)


@test_explain.needs_browser
def test_the_page_says_that_the_translation_was_given(tmp_path):
    test_explain.explain(tmp_path / "page.html", TEXT, BUNDLED, "--target", TARGET)
    (tmp_path / "profile").mkdir()
    browser = webdriver.Browser(tmp_path / "profile")
    try:
        browser.open(tmp_path / "page.html")
        test_explain.choose(browser, "#step", 2)
        assert browser.text("#best .note").endswith(": the translation was given.")
        assert browser.console() == []
    finally:
        browser.close()
