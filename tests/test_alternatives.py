"""--alternatives: that they are those of transformers, and what is written for each line."""

import json
import subprocess

import pytest

from test_beam import exported, lines_of  # noqa: F401
from transformer_c.program import TRANSLATE

LINES = ["The weather will be better tomorrow.", "", "He saw her duck.", "thank you"]


def start(*options, lines=()):
    return subprocess.run([TRANSLATE, *options], input="".join(f"{line}\n" for line in lines).encode(), capture_output=True)


def listed(position, *options, lines=LINES):
    done = start("--alternatives", str(position), *options, lines=lines)
    assert done.returncode == 0 and done.stderr == b"", done.stderr
    return [line.split("\t") for line in done.stdout.decode().splitlines()]


@pytest.mark.parametrize("variant, position, n_beams, length_penalty, no_repeat", [
    ("relu", 0, 1, 1.0, 0), ("swish", 1, 1, 1.0, 2), ("gelu", 2, 3, 0.5, 0), ("odd", 3, 1, 1.0, 0),
    ("reversing", 0, 1, 1.0, 0), ("reversing", 1, 4, 2.0, 0), ("reversing", 9, 1, 1.0, 0)])
def test_alternatives_are_those_of_transformers(exported, tmp_path, variant, position, n_beams, length_penalty,  # noqa: F811
                                                no_repeat):
    model, directory = exported(variant)
    import reference
    lines = [line for line in lines_of(variant) if "\n" not in line and 0 < len(line.strip()) < 30][:4]
    (tmp_path / "lines").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    assert reference.compare_alternatives(model, directory, tmp_path / "lines", position, n_beams, length_penalty, 4, no_repeat)


def test_the_first_words_are_kept():
    [translation] = start(lines=LINES[:1]).stdout.decode().splitlines()
    words = translation.split()
    for position in range(len(words) + 3):
        rows = listed(position, lines=LINES[:1])
        beginning = " ".join(words[:position])
        assert len(rows) == 5 and all(text.startswith(beginning) for _, _, text in rows)
        assert translation in [text for _, _, text in rows]  # the most probable token continues greedy search
        assert len({tuple(text.split()[:position + 1]) for _, _, text in rows}) > 1
        scores = [float(score) for _, score, _ in rows]
        assert scores == sorted(scores, reverse=True) and scores[0] < 0


def test_a_prefix_is_kept_whatever_the_position():
    for position in 0, 1:
        rows = listed(position, "--prefix", "Morgen wird", "--n-best", "3", lines=LINES[:1])
        assert len(rows) == 3 and all(text.startswith("Morgen wird") for _, _, text in rows)


def test_each_line_has_its_number_and_blank_lines_have_one():
    rows = listed(1, "--n-best", "3")
    assert [int(number) for number, _, _ in rows] == [1] * 3 + [2] + [3] * 3 + [4] * 3
    assert rows[3][1:] == ["0", ""]


def test_alternatives_do_not_depend_on_batch_and_threads():
    for options in ([], ["--beam", "3"]):
        expected = listed(1, "-t", "1", *options)
        many = listed(1, "-t", "3", *options, lines=LINES * 10)
        assert [row[1:] for row in many] == [row[1:] for row in expected] * 10


def test_a_line_in_several_parts_has_its_translation_alone():
    line = "We go to the sea in summer because we like the water and the sun very much, " * 25
    done = start("--alternatives", "1", lines=[line])
    assert b"was translated in" in done.stderr
    [[number, score, text]] = [row.split("\t") for row in done.stdout.decode().splitlines()]
    assert number == "1" and float(score) < 0
    assert text + "\n" == start("--plain", lines=[line]).stdout.decode()


def test_json_lines_have_the_alternatives():
    found = [json.loads(line) for line in start("--alternatives", "1", "--format", "jsonl",
                                                lines=LINES).stdout.splitlines()]
    texts = [[hypothesis["text"] for sentence in line["sentences"] for hypothesis in sentence["hypotheses"]] for line in found]
    rows = listed(1)
    assert texts == [[text for number, _, text in rows if int(number) == i and text] for i in range(1, 5)]
    assert [line["translation"] for line in found] == start("--plain", lines=LINES).stdout.decode().split("\n")[:-1]


@pytest.mark.parametrize("options, said", [
    (["--alternatives", "-1"], "invalid --alternatives -1; must be a number from 0 to 1000000"),
    (["--alternatives", "x"], "invalid --alternatives x; must be a number from 0 to 1000000"),
    (["--alternatives", "1", "--sample"], "--sample and --alternatives cannot be combined"),
    (["--alternatives", "1", "--info"], "--info cannot be combined with TEXT or translation options"),
    (["--alternatives", "1", "-i", "a", "-o", "b", "--resume"],
     "--resume and --alternatives require --format jsonl, which has one line per input line"),
    (["--alternatives", "1", "--explain", "page", "Hello."],
     "--explain and --alternatives cannot be combined"),
])
def test_options_that_make_no_sense_are_refused(options, said):
    done = start(*options)
    assert done.returncode == 2 and done.stderr.decode() == f"translate: {said}; see `translate --help`\n"
