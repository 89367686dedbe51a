"""--score: that log-probabilities are those of PyTorch, and what is written for each pair."""

import json
import subprocess

import pytest

from conftest import TESTS
from transformer_c.program import TRANSLATE

GOLDEN = TESTS / "golden"
PAIRS = ["The house is small.\tDas Haus ist klein.", "The house is small.\tDas Haus ist groß.", "Hello\t", "\tHallo",
         "Thank you very much!\tVielen Dank!\tnote"]


def start(*options, lines):
    return subprocess.run([TRANSLATE, *options], input="".join(f"{line}\n" for line in lines).encode(), capture_output=True)


def scored(lines, *options):
    done = start("--score", *options, lines=lines)
    assert done.returncode == 0 and done.stderr == b"", done.stderr
    return done.stdout.decode().splitlines()


@pytest.mark.parametrize("variant", ["relu", "swish", "gelu", "odd"])
def test_log_probabilities_are_those_of_pytorch(tmp_path, variant):
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    import make_golden
    import reference
    from transformer_c import checkpoint
    sentences = json.loads((GOLDEN / variant / "golden.json").read_text(encoding="utf-8"))["sentences"]
    texts = [text for text in (sentence["text"] for sentence in sentences) if 0 < len(text.strip()) < 40 and "\t" not in text]
    (tmp_path / "pairs").write_text("".join(f"{text}\t{other}\n" for text, other in zip(texts, texts[1:])), encoding="utf-8")
    model, tokenizer = checkpoint.open_marian(make_golden.marian_directory(tmp_path / variant, **make_golden.VARIANTS[variant]))
    assert len(texts) > 3
    assert reference.compare_scores(model, tokenizer, GOLDEN / variant, tmp_path / "pairs")


def test_lines_have_log_probability_number_of_tokens_and_pair():
    rows = [line.split("\t", 2) for line in scored(PAIRS)]
    assert [pair for _, _, pair in rows] == PAIRS
    assert [int(n) for _, n, _ in rows] == [6, 6, 1, 2, 4]
    assert float(rows[1][0]) < float(rows[0][0]) < 0


def test_objects_have_the_log_probability_of_each_token():
    for row, found in zip(scored(PAIRS), map(json.loads, scored(PAIRS, "--format", "jsonl")), strict=True):
        total, n, *pair = row.split("\t")
        assert [found["text"], found["translation"]] == pair[:2]
        assert len(found["tokens"]["target"]) == len(found["log_probabilities"]) == int(n)
        assert found["score"] == float(total) == pytest.approx(sum(found["log_probabilities"]), abs=1e-4)


def test_the_score_of_a_hypothesis_is_that_of_beam_search():
    done = start("--plain", "--beam", "4", "--n-best", "4", "--length-penalty", "0", lines=["The house is small."])
    for row in done.stdout.decode().splitlines():
        _, score, text = row.split("\t")
        [again] = scored([f"The house is small.\t{text}"])
        assert float(again.split("\t")[0]) == pytest.approx(float(score), abs=2e-4)


def test_scores_do_not_depend_on_threads_and_other_pairs():
    many = scored(PAIRS * 30, "-t", "3")
    assert many == scored(PAIRS, "-t", "1") * 30
    assert [line for pair in PAIRS for line in scored([pair])] == many[:len(PAIRS)]


def test_a_pair_with_too_many_tokens_is_not_scored():
    lines = [PAIRS[0], "Hello.\t" + "ja " * 3000, "ja " * 100000 + "\tHello."]
    done = start("--score", lines=lines)
    assert done.returncode == 0
    assert done.stdout.decode().splitlines() == scored(PAIRS[:1]) + [f"-inf\t0\t{line}" for line in lines[1:]]
    assert done.stderr.decode().splitlines() == [
        f"translate: line {n}: more tokens than the checkpoint has positions; not scored" for n in (2, 3)]
    done = start("--score", "--format", "jsonl", lines=lines[1:2])
    assert json.loads(done.stdout)["score"] is None


def test_a_line_without_a_tab_is_an_error():
    done = start("--score", lines=[PAIRS[0], "Hello."])
    assert done.returncode == 1
    assert done.stderr.decode() == "translate: line 2: has no tab; --score expects a source, a tab and its translation\n"


@pytest.mark.parametrize("option", [["--beam", "2"], ["--no-repeat", "3"], ["--tokens"], ["--steps"], ["--attention"]])
def test_options_of_a_search_are_refused(option):
    done = start("--score", *option, lines=PAIRS)
    assert done.returncode == 2 and b"--score searches nothing; it cannot be combined with --beam" in done.stderr


def test_a_file_is_scored(tmp_path):
    (tmp_path / "in").write_text("".join(f"{line}\n" for line in PAIRS), encoding="utf-8")
    done = start("--score", "-i", tmp_path / "in", "-o", tmp_path / "out", lines=[])
    assert done.returncode == 0
    assert (tmp_path / "out").read_text(encoding="utf-8").splitlines() == scored(PAIRS)
