"""--sample: that tokens are drawn from the distribution that transformers' warpers leave, and that what is drawn depends on
nothing but the seed and the place of a sentence."""

import json
import os
import re
import subprocess

import pytest

from conftest import TESTS
from test_beam import exported, of_levels  # noqa: F401
from transformer_c.program import TRANSLATE

LINES = ["The weather will be better tomorrow.", "", "He saw her duck. I know <b>that</b>.",
         "  - Write to {name} <b>today</b>.", "thank you", "thank you",
         "We have to put the meeting off, because the manager is ill and nobody else knows the customer."]


def start(*options, lines=(), environment=None):
    return subprocess.run([TRANSLATE, *options], input="".join(f"{line}\n" for line in lines).encode(), capture_output=True,
                          env=os.environ | (environment or {}))


def drawn(lines, *options, environment=None):
    done = start("--sample", *options, lines=lines, environment=environment)
    assert done.returncode == 0 and done.stderr == b"", done.stderr
    return done.stdout.decode()


@pytest.mark.parametrize("variant, temperature, top_k, top_p", [
    *((variant, 1.0, 0, 1.0) for variant in ("relu", "swish", "gelu", "odd", "reversing")),
    ("relu", 0.5, 0, 1.0), ("swish", 1.0, 10, 1.0), ("gelu", 1.0, 0, 0.7), ("odd", 2.0, 20, 0.9),
    ("reversing", 0.5, 5, 0.95), ("reversing", 3.0, 3, 0.9)])
def test_probabilities_are_those_of_transformers(exported, tmp_path, variant, temperature, top_k, top_p):  # noqa: F811
    model, directory = exported(variant)
    import reference
    from test_beam import lines_of
    (tmp_path / "lines").write_text("".join(f"{line}\n" for line in lines_of(variant) if "\n" not in line), encoding="utf-8")
    assert reference.compare_samples(model, directory, tmp_path / "lines", temperature, top_k, top_p, 1)


def test_what_is_drawn_does_not_depend_on_batch_threads_and_instruction_set():
    """In int8, bit for bit."""
    for options in ([], ["--format", "jsonl"], ["--top-k", "10", "--top-p", "0.9"], ["--no-repeat", "2"], ["--prefix", "Wir"]):
        expected = drawn(LINES, "-t", "1", *options)
        assert drawn(LINES, "-t", "3", *options) == expected
        for level in of_levels():
            assert drawn(LINES, "-t", "2", *options, environment={"TRANSFORMER_ISA": level}) == expected
        longer = drawn(LINES + LINES * 20, *options)
        assert longer[:len(expected)] == expected and longer != expected * 21  # another line number, other random numbers
        assert drawn(LINES[:3], *options) == "".join(expected.splitlines(keepends=True)[:3])


def test_objects_have_the_text_of_lines():
    """A text of several lines has other random numbers from its second line on."""
    objects = list(map(json.loads, drawn(LINES, "--format", "jsonl").splitlines()))
    assert "".join(found["translation"] + "\n" for found in objects) == drawn(LINES)
    [found] = map(json.loads, drawn([json.dumps({"text": "thank you\n" * 8})], "--format", "jsonl", "--temperature",
                                    "1.3").splitlines())
    assert len(set(found["translation"].splitlines())) > 4


def test_sentences_and_repeated_lines_have_random_numbers_of_their_own():
    assert len(set(drawn(["thank you"] * 20, "--temperature", "1.3").splitlines())) > 10
    [line] = drawn(["I like it. " * 10], "--temperature", "1.3").splitlines()
    assert len(set(re.split(r"[.!?] ", line))) > 4


def test_the_seed_decides():
    found = {seed: drawn(LINES, *(["--seed", seed] if seed else [])) for seed in ("", "0", "1", "2", "4294967295")}
    assert found[""] == found["1"] and len(set(found.values())) == 4


def test_one_token_to_draw_from_is_greedy_search():
    greedy = start(lines=LINES).stdout.decode()
    for options in (["--top-k", "1"], ["--top-p", "0"], ["--temperature", "0.01"]):
        assert drawn(LINES, *options) == greedy
    assert drawn(LINES) != greedy


def test_log_probabilities_are_those_of_the_draw():
    [found] = map(json.loads, drawn(LINES[:1], "--top-k", "1", "--format", "jsonl").splitlines())
    assert set(found["sentences"][0]["log_probabilities"]) == {0}
    [found] = map(json.loads, drawn(LINES[:1], "--top-k", "2", "--temperature", "100", "--format", "jsonl").splitlines())
    assert all(-0.8 < value < -0.6 for value in found["sentences"][0]["log_probabilities"])


def test_a_forced_token_that_could_not_be_drawn_is_certain():
    [found] = map(json.loads, drawn(["Hello."], "--top-k", "1", "--prefix", "Wir", "--format", "jsonl").splitlines())
    sentence = found["sentences"][0]
    assert sentence["tokens"]["target"][0]["piece"] == "▁Wir" and sentence["log_probabilities"][0] == 0


def test_steps_show_the_tokens_that_could_be_drawn():
    done = start("--sample", "--top-k", "3", "--temperature", "5", "--steps", LINES[0])
    steps = re.findall(r"step .*?→ (\S+)\n(.*)\n", done.stderr.decode())
    assert len(steps) > 3 and "".join(piece for piece, _ in steps).replace("▁", " ").startswith(" " + done.stdout.decode()[:3])
    for _, others in steps:
        assert len(re.findall(r"-\d+\.\d\d ", others)) == 2


@pytest.mark.parametrize("options, said", [
    (["--temperature", "2"], "--temperature requires --sample"),
    (["--top-k", "2"], "--top-k requires --sample"),
    (["--top-p", "0.5"], "--top-p requires --sample"),
    (["--seed", "2"], "--seed requires --sample"),
    (["--sample", "--beam", "2"], "--sample and --beam cannot be combined"),
    (["--sample", "--temperature", "0"], "invalid --temperature 0; must be a number from 0.01 to 100"),
    (["--sample", "--temperature", "nan"], "invalid --temperature nan; must be a number from 0.01 to 100"),
    (["--sample", "--top-k", "0"], "invalid --top-k 0; must be a number from 1 to 1000000"),
    (["--sample", "--top-p", "1.5"], "invalid --top-p 1.5; must be a number from 0 to 1"),
    (["--sample", "--seed", "-1"], "invalid --seed -1; must be a number from 0 to 4294967295"),
    (["--sample", "--seed", "4294967296"], "invalid --seed 4294967296; must be a number from 0 to 4294967295"),
    (["--sample", "--info"], "--info cannot be combined with TEXT or translation options"),
])
def test_options_that_make_no_sense_are_refused(options, said):
    done = start(*options)
    assert done.returncode == 2 and done.stderr.decode() == f"translate: {said}; see `translate --help`\n"


def test_a_random_checkpoint_can_be_sampled():
    done = start("-m", TESTS / "golden/relu", "--sample", "--plain", lines=LINES)
    assert done.returncode == 0 and len(done.stdout.splitlines()) == len(LINES)
