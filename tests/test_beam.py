"""Beam search: that its hypotheses and scores are those of transformers, and that a sentence's do not depend on anything
else. The comparisons need PyTorch; reference.py makes them on whole files."""

import functools
import json
import os
import random
import re
import subprocess
import tomllib

import pytest

from conftest import TESTS
from transformer_c.program import TRANSLATE

GOLDEN = TESTS / "golden"
RANDOM = ["relu", "swish", "gelu", "odd"]
REVERSING = "reversing"  # a trained checkpoint, so that hypotheses end at different lengths


def letters(n, seed=0):
    """Lines of random words, which the checkpoint `reversing` reads letter by letter."""
    rng = random.Random(seed)
    return ["".join(rng.choice("abcdefghijklmnop ") for _ in range(rng.randint(1, 14))).strip() or "a" for _ in range(n)]


def lines_of(variant):
    if variant == REVERSING:
        return letters(20)
    sentences = json.loads((GOLDEN / variant / "golden.json").read_text(encoding="utf-8"))["sentences"]
    return [sentence["text"] for sentence in sentences if 0 < len(sentence["text"]) < 40]


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """variant → (MarianMTModel, the directory of its export in float32)"""
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    pytest.importorskip("sacrebleu")
    import make_golden
    from transformer_c import checkpoint
    scratch = tmp_path_factory.mktemp("marian")

    @functools.cache
    def export_of(variant):
        if variant != REVERSING:
            directory = make_golden.marian_directory(scratch / variant, **make_golden.VARIANTS[variant])
            return checkpoint.open_marian(directory)[0], GOLDEN / variant
        make_golden.make_variant(reversing(), scratch / "reversing", "float32")
        return checkpoint.open_marian(scratch / "marian")[0], scratch / "reversing"

    def reversing():
        import train
        from network import Network
        shape = tomllib.loads((TESTS.parent / "recipes/reversing.toml").read_text(encoding="utf-8"))["model"]
        pad = json.loads((GOLDEN / REVERSING / "config.json").read_text(encoding="utf-8"))["target"]["pad"]
        network = Network(shape, pad + 1)
        network.load_state_dict(checkpoint.exported_weights(GOLDEN / REVERSING, network))
        train.take_tokenizer(scratch / "tokenizer", GOLDEN / REVERSING)
        checkpoint.write_marian(scratch / "marian", network, scratch / "tokenizer",
                                {"model": shape, "source": "forwards", "target": "backwards"})
        return scratch / "marian"

    return export_of


@pytest.mark.parametrize("variant, n_beams, length_penalty", [
    *((variant, n_beams, penalty) for variant in RANDOM for n_beams, penalty in ((2, 0.6), (4, 1.0), (8, 2.0))),
    *((REVERSING, n_beams, penalty) for n_beams in (2, 4, 8) for penalty in (0.6, 1.0, 2.0))])
def test_hypotheses_are_those_of_transformers(exported, variant, n_beams, length_penalty):
    model, directory = exported(variant)
    import reference
    from transformer_c import checkpoint
    n_best = min(4, n_beams)
    found = [sentence for line in reference.program_beam(directory, lines_of(variant), n_beams, length_penalty, n_best)
             for sentence in line]
    wanted = checkpoint.beam(model, [source for source, _ in found], n_beams, length_penalty, n_best)
    assert found
    for (_, hypotheses), expected in zip(found, wanted, strict=True):
        assert [hypothesis.target for hypothesis in hypotheses] == [hypothesis.target for hypothesis in expected]
        assert len(hypotheses) == n_best
        for ours, theirs in zip(hypotheses, expected):
            assert abs(ours.score - theirs.score) <= 1e-4


@pytest.mark.parametrize("variant, no_repeat", [("relu", 1), ("swish", 2), ("gelu", 3), ("odd", 2),
                                               *((REVERSING, n) for n in (1, 2, 3))])
def test_without_repeats_ids_are_those_of_transformers(exported, variant, no_repeat):
    """Random checkpoints repeat themselves all the time."""
    model, directory = exported(variant)
    import reference
    from transformer_c import checkpoint
    from transformer_c.program import translate_tokens
    greedy = [sentence for line in translate_tokens(directory, lines_of(variant), "--plain", "--no-repeat", str(no_repeat))
              for sentence in line]
    sources = [sentence.source for sentence in greedy]
    assert [sentence.target for sentence in greedy] == checkpoint.greedy(model, sources, no_repeat)
    of_line = reference.program_beam(directory, lines_of(variant), 4, 1.0, 4, "--no-repeat", str(no_repeat))
    found = [hypotheses for line in of_line for _, hypotheses in line]
    wanted = checkpoint.beam(model, sources, 4, 1.0, 4, no_repeat)
    for ours, theirs in zip(found, wanted, strict=True):
        assert [hypothesis.target for hypothesis in ours] == [hypothesis.target for hypothesis in theirs]
        assert reference.beam_difference(ours, theirs)[0] <= 1e-4
    assert variant == REVERSING or [sentence.target for sentence in greedy] != checkpoint.greedy(model, sources)


@pytest.mark.parametrize("variant, prefix", [("relu", "a"), ("swish", "the house is"), ("gelu", "a"), ("odd", "the house is"),
                                             (REVERSING, "a"), (REVERSING, "the house is")])
def test_after_a_prefix_ids_are_those_of_transformers(exported, variant, prefix):
    """With a length penalty, because the prefix does not count in it."""
    model, directory = exported(variant)
    import reference
    from transformer_c import checkpoint
    from transformer_c.program import translate, translate_tokens
    [scored] = translate(directory, [f"a\t{prefix}"], "--score", "--format", "jsonl").stdout.splitlines()
    ids = [token["id"] for token in json.loads(scored)["tokens"]["target"]][:-1]
    lines = lines_of(variant)
    greedy = [sentence for line in translate_tokens(directory, lines, "--plain", "--prefix", prefix) for sentence in line]
    sources = [sentence.source for sentence in greedy]
    assert ids and all(sentence.target[:len(ids)] == ids for sentence in greedy)
    assert [sentence.target for sentence in greedy] == checkpoint.greedy(model, sources, prefix=ids)
    of_line = reference.program_beam(directory, lines, 4, 2.0, 4, "--prefix", prefix)
    found = [hypotheses for line in of_line for _, hypotheses in line]
    wanted = checkpoint.beam(model, sources, 4, 2.0, 4, prefix=ids)
    for ours, theirs in zip(found, wanted, strict=True):
        assert [hypothesis.target for hypothesis in ours] == [hypothesis.target for hypothesis in theirs]
        assert reference.beam_difference(ours, theirs)[0] <= 1e-4


def test_the_closest_choice_of_greedy_search_is_that_of_its_two_best_logits(exported):
    model, directory = exported("relu")
    import reference
    from transformer_c.program import translate_tokens
    for [sentence] in translate_tokens(directory, ["The house is small.", "I have a dog."], "--plain"):
        source, n_steps = sentence.source, len(sentence.target) - 1  # a random model does not end before the cap
        gaps = [reference.gap_at(model, source, sentence.target, step) for step in range(n_steps)]
        gap, step = reference.closest_choice(model, source, 1, n_steps)
        assert gap == pytest.approx(min(gaps), abs=1e-5) and gaps[step] == min(gaps)


LINES = ["The weather will be better tomorrow.", "", "He saw her duck. I know <b>that</b>.",
         "  - Call {name} <b>today</b>.", "thank you",
         "We have to put the meeting off, because the manager is ill and nobody else knows the customer."]


def of_levels():
    """The instruction sets that this CPU can run."""
    refused = start("a", environment={"TRANSFORMER_ISA": "none"}).stderr.decode()
    return re.search(r"this CPU can run (.*)", refused)[1].split(", ")


def start(*options, lines=None, environment=None):
    text = None if lines is None else "".join(f"{line}\n" for line in lines).encode()
    return subprocess.run([TRANSLATE, *options], input=text, capture_output=True, env=os.environ | (environment or {}))


def hypotheses(lines, *options, environment=None):
    done = start("--beam", "5", "--n-best", "4", *options, lines=lines, environment=environment)
    assert done.returncode == 0 and done.stderr == b"", done.stderr
    return done.stdout.decode()


def test_hypotheses_do_not_depend_on_batch_threads_and_instruction_set():
    """In int8, bit for bit."""
    for options in ([], ["--format", "jsonl"], ["--no-repeat", "2"], ["--prefix", "Wir"]):
        expected = hypotheses(LINES, "-t", "1", *options)
        assert hypotheses(LINES, "-t", "3", *options) == expected
        for level in of_levels():
            assert hypotheses(LINES, "-t", "2", *options, environment={"TRANSFORMER_ISA": level}) == expected
    expected = hypotheses(LINES, "--format", "jsonl")
    alone = [hypotheses([line], "--format", "jsonl") for line in LINES]
    assert "".join(alone) == expected
    many = hypotheses(LINES * 20, "--format", "jsonl")
    assert many == expected * 20


def test_a_translation_begins_with_the_prefix():
    found = start("--prefix", "Wir", lines=["The house is small. {name} sleeps.", "", "Hello."]).stdout.decode().splitlines()
    assert [line[:3] for line in found] == ["Wir", "", "Wir"]


def test_a_prefix_has_no_score():
    """The first token after it has its log-probability."""
    shown = start("--beam", "2", "--steps", "--prefix", "Wir wollen", lines=["We want to sleep."]).stderr.decode()
    steps = [re.findall(r"^  [* ] +(\S+) +(\S+) ", step, re.MULTILINE)
             for step in re.split(r"^  step +\d+$", shown, flags=re.MULTILINE)]
    forced = [step for step in steps[1:] if step == [("0.0000", "0.0000")]]
    assert 0 < len(forced) < len(steps) - 1 and steps[1:len(forced) + 1] == forced
    assert all(total == score != "0.0000" for total, score in steps[len(forced) + 1])


def test_a_prefix_that_leaves_no_room_is_refused():
    done = start("--prefix", "ja " * 400, lines=["Hello."])
    assert done.returncode == 1
    said = r"translate: the prefix has \d+ tokens; at most \d+ leave room for a translation\n"
    assert re.fullmatch(said, done.stderr.decode())


def test_a_beam_of_one_is_greedy_search():
    assert start("--beam", "1", lines=LINES).stdout == start(lines=LINES).stdout


def test_n_best_lines_have_number_score_and_text():
    rows = [line.split("\t") for line in hypotheses(LINES).splitlines()]
    assert [int(number) for number, _, _ in rows] == [1] * 4 + [2, 3] + [4] * 4 + [5] * 4 + [6] * 4
    best = start("--beam", "5", lines=LINES).stdout.decode().splitlines()
    for number, line in enumerate(LINES, start=1):
        scores = [float(score) for n, score, _ in rows if int(n) == number]
        texts = [text for n, _, text in rows if int(n) == number]
        assert texts[0] == best[number - 1] and len(set(texts)) == len(texts)
        assert scores == sorted(scores, reverse=True) and all(score < 0 for score in scores) == bool(line)
        if "{name}" in line:
            assert all(re.fullmatch(r"  - .*\{name\}.*", text) and "<b>" in text for text in texts)


def test_json_lines_have_the_hypotheses_of_each_sentence():
    for found in map(json.loads, hypotheses(LINES, "--format", "jsonl").splitlines()):
        for sentence in found["sentences"]:
            best = sentence["hypotheses"][0]
            assert len(sentence["hypotheses"]) == 4 or "<b>" in found["text"]  # those that lose a tag are left out
            assert best["target"] == sentence["tokens"]["target"]
            assert best["score"] == pytest.approx(sum(sentence["log_probabilities"]) / len(best["target"]), abs=1e-5)
            assert best["text"] in found["translation"]
            assert len(sentence["alignment"]) == len(best["target"])


def test_without_n_best_json_lines_have_no_hypotheses():
    [found] = map(json.loads, start("--beam", "5", "--format", "jsonl", lines=["Thank you."]).stdout.splitlines())
    assert "hypotheses" not in found["sentences"][0]


def test_the_length_penalty_decides_between_short_and_long():
    lengths = []
    for penalty in "0", "1", "3":
        done = start("--beam", "8", "--length-penalty", penalty, lines=LINES)
        assert done.returncode == 0
        lengths.append(len(done.stdout))
    assert lengths == sorted(lengths) and lengths[0] < lengths[-1]


def beam_of(text, n_beams, *options, columns=200):
    """For each step what --steps shows: [(on the way to the translation, sum, score, fate, pieces)]."""
    done = start("--steps", "--beam", str(n_beams), *options, text, environment={"COLUMNS": str(columns)})
    assert done.returncode == 0
    place, head, *lines = done.stderr.decode().splitlines()
    assert place.startswith("line 1, sentence 1, ") and head.split() == ["sum", "score"]
    assert all(len(line) <= columns for line in lines)
    steps = []
    for line in lines:
        if step := re.fullmatch(r"  step +(\d+)", line):
            assert int(step[1]) == len(steps) + 1
            steps.append([])
            continue
        star, total, score, fate, pieces = re.fullmatch(
            r"  ([* ]) +(-?\d+\.\d{4}) +(-?\d+\.\d{4}) (ended  |dropped|open   |       ) (.*)", line).groups()
        steps[-1].append((star == "*", float(total), float(score), fate.strip(), pieces))
    return steps


@pytest.mark.parametrize("text, options", [("He saw her duck.", []), (LINES[-1], ["--length-penalty", "2"]),
                                           ("The house is small.", ["--prefix", "Das Haus"])])
def test_steps_show_the_beam(text, options):
    done = start("--plain", "--beam", "4", "--n-best", "4", "--format", "jsonl", *options, text)
    [sentence] = json.loads(done.stdout)["sentences"]
    best = [token["piece"] for token in sentence["tokens"]["target"]]
    steps = beam_of(text, 4, *options)
    ended = {}
    for n, rows in enumerate(steps, start=1):
        live = [row for row in rows if row[3] != "ended"]
        assert len(live) <= 4 and [row[1] for row in live] == sorted((row[1] for row in live), reverse=True)
        for star, total, score, fate, pieces in rows:
            assert len(pieces.split(" ")) == n and star == (n <= len(best) and pieces.split(" ") == best[:n])
            if not options:
                assert score == pytest.approx(total / n, abs=1e-4)
            if fate == "ended":
                ended[pieces] = score
            continued = n < len(steps) and any(other[4].startswith(pieces + " ") for other in steps[n])
            stopped = "open" if n == len(steps) else "dropped"
            assert fate == ("ended" if pieces.endswith("</s>") else "" if continued else stopped)
            assert n == 1 or any(pieces.startswith(other[4] + " ") and other[3] == "" for other in steps[n - 2])
    for hypothesis in sentence["hypotheses"]:
        pieces = " ".join(token["piece"] for token in hypothesis["target"])
        assert ended[pieces] == pytest.approx(hypothesis["score"], abs=1e-4)
    assert max(ended.values()) == ended[" ".join(best)]


def test_steps_of_the_beam_fit_the_terminal():
    for columns in 40, 61:
        wide, narrow = beam_of(LINES[-1], 4), beam_of(LINES[-1], 4, columns=columns)
        assert len(narrow) == len(wide)
        for rows, others in zip(wide, narrow):
            assert [row[:4] for row in rows] == [row[:4] for row in others]
            for (*_, pieces), (*_, short) in zip(rows, others, strict=True):
                assert short == pieces or (short.startswith("… ") and pieces.endswith(" " + short[2:])) or (
                    re.fullmatch("… [^ ]+…", short) and pieces.split(" ")[-1].startswith(short[2:-1]))
        assert any(row[4].startswith("… ") for row in narrow[-1])


@pytest.mark.parametrize("options, said", [
    (["--beam", "0"], "invalid --beam 0; must be a number from 1 to 16"),
    (["--beam", "17"], "invalid --beam 17; must be a number from 1 to 16"),
    (["--beam", "x"], "invalid --beam x; must be a number from 1 to 16"),
    (["--beam", "4", "--length-penalty", "-1"], "invalid --length-penalty -1; must be a number from 0 to 10"),
    (["--beam", "4", "--length-penalty", "nan"], "invalid --length-penalty nan; must be a number from 0 to 10"),
    (["--beam", "4", "--length-penalty", "11"], "invalid --length-penalty 11; must be a number from 0 to 10"),
    (["--length-penalty", "0.6"], "--length-penalty requires --beam 2 or more"),
    (["--n-best", "1"], "--n-best 1 requires --beam 2 or more"),
    (["--beam", "2", "--n-best", "3"], "--n-best 3 requires --beam 3 or more"),
    (["--no-repeat", "0"], "invalid --no-repeat 0; must be a number from 1 to 100"),
    (["--no-repeat", "3", "--info"], "--info cannot be combined with TEXT or translation options"),
    (["--beam", "2", "--info"], "--info cannot be combined with TEXT or translation options"),
    (["--beam", "2", "--n-best", "2", "-i", "a", "-o", "b", "--resume"],
     "--resume and --n-best require --format jsonl, which has one line per input line"),
])
def test_options_that_make_no_sense_are_refused(options, said):
    done = start(*options)
    assert done.returncode == 2 and done.stderr.decode() == f"translate: {said}; see `translate --help`\n"


def test_an_n_best_list_is_written_whole_but_not_resumed(tmp_path):
    (tmp_path / "in").write_text("".join(f"{line}\n" for line in LINES))
    done = start("--beam", "5", "--n-best", "4", "-i", tmp_path / "in", "-o", tmp_path / "out")
    assert done.returncode == 0
    assert (tmp_path / "out").read_text() == hypotheses(LINES)
    assert [path.name for path in tmp_path.iterdir() if path.name not in ("in", "out")] == []
