"""What `translate --attention` and `--steps` show: the numbers of `--trace`, in lines that fit the terminal."""

import json
import math
import re
import unicodedata

import pytest

from edits import copy_of, edit_lines
from test_program import CHECKPOINTS, GOLDEN, LONG_LINE, RELU, VARIANTS, on_a_terminal, run, sentence_of, trace
from transformer_c import program

BUNDLED = program.ROOT / "checkpoints/en-de"
TEXT = "I have a dog."
TWO_SENTENCES = "I have a dog. Good morning, my friend!"
ESCAPE = r"\x1b\[[0-9;]*m"
PLACE = r"line \d+, sentence \d+, bytes \d+ to \d+ of \d+"


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    """A known terminal, wide enough for one block, whatever the tests run in."""
    monkeypatch.setenv("COLUMNS", "5000")
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)


def without_notices(text):
    """Random models seldom end their sentences, and the program says so."""
    return re.sub(r"^translate: line .*\n", "", text, flags=re.MULTILINE)


def shown(*arguments, model=RELU):
    done = run(*arguments, model=model)
    assert done.returncode == 0, done.stderr
    return without_notices(done.stderr.decode())


def map_of(text):
    """The numbers in the rows of a map in one block: None for what rounds to 0.00."""
    rows = [re.search(r"(?: +(?:\d\.\d\d|\.(?= |$)))+$", line) for line in text.split("\n\n")[0].splitlines()[3:]]
    return [[None if number == "." else float(number) for number in row[0].split()] for row in rows]


def pieces_of(text, model):
    [found] = program.translate_objects(model, [text])
    return [[token["piece"] for sentence in found["sentences"] for token in sentence["tokens"][side]]
            for side in ("source", "target")]


def pieces_fed(variant, text):
    """The pieces that the decoder is fed: the start token, then what it predicted."""
    config = json.loads((GOLDEN / variant / "config.json").read_text())
    vocabulary = "source.vocab" if config["shared_vocabulary"] else "target.vocab"
    start = (GOLDEN / variant / vocabulary).read_text().split("\n")[config["target"]["start"]]
    return [start, *pieces_of(text, GOLDEN / variant)[1][:-1]]


def traced_attention(variant, tmp_path, text=TEXT):
    """By name the heads of each attention, [head][query][key], and the sentence."""
    tensors = trace(variant, tmp_path / "trace", text)[1]
    config = json.loads((GOLDEN / variant / "config.json").read_text())
    heads = {}
    for name, (rows, columns, values) in tensors.items():
        if name.endswith(".weights"):
            n_heads = config[name.split(".")[0]]["n_heads"]
            lines = [list(values[i * columns:(i + 1) * columns]) for i in range(rows)]
            heads[name[:-len(".weights")]] = [lines[h * rows // n_heads:(h + 1) * rows // n_heads]
                                              for h in range(n_heads)]
    return heads


def mean(heads):
    return [[math.fsum(weights) / len(heads) for weights in zip(*rows)] for rows in zip(*heads)]


def most_concentrated(heads):
    """The name of the cross-attention whose mean has the lowest mean entropy without the last column."""
    def entropy(row):
        total = math.fsum(row[:-1])
        return -math.fsum(w / total * math.log(w / total) for w in row[:-1])
    cross = [name for name in heads if name.endswith("cross_attention")]
    return min(cross, key=lambda name: math.fsum(map(entropy, mean(heads[name]))))


# ---- the numbers ----

@pytest.mark.parametrize("option", ["--attention", "--attention=all", "--attention=decoder.0.self_attention:0",
                                    "--steps"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_standard_output_is_the_translation_only(variant, option):
    text = f"{TWO_SENTENCES}\n\n{LONG_LINE.decode()}\r\n".encode()
    done = run(option, model=GOLDEN / variant, stdin=text)
    assert (done.returncode, done.stdout) == (0, run(model=GOLDEN / variant, stdin=text).stdout)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_weights_shown_are_those_of_the_trace(variant, tmp_path):
    for name, heads in traced_attention(variant, tmp_path).items():
        views = {name: mean(heads), **{f"{name}:{h}": weights for h, weights in enumerate(heads)}}
        for view, weights in views.items():
            numbers = map_of(shown(f"--attention={view}", TEXT, model=GOLDEN / variant))
            if "decoder" in view and "self" in view:  # the causal triangle
                assert [len(row) for row in numbers] == list(range(1, len(weights) + 1))
            else:
                assert {len(row) for row in numbers} == {len(weights[0])}
            assert len(numbers) == len(weights)
            for row, expected in zip(numbers, weights):
                assert not any(expected[len(row):])
                for number, weight in zip(row, expected):
                    assert abs((number or 0.0) - weight) < 0.00501
                    assert (number is None) == (weight < 0.005) or abs(weight - 0.005) < 1e-6


@pytest.mark.parametrize("name", ["", "=decoder.0.self_attention", "=encoder.0.self_attention:1"])
@pytest.mark.parametrize("model", [BUNDLED, *(GOLDEN / variant for variant in VARIANTS)], ids=lambda model: model.name)
def test_the_rows_shown_sum_to_1(model, name):
    for row in map_of(shown(f"--attention{name}", TEXT, model=model)):
        assert sum(number or 0.0 for number in row) == pytest.approx(1.0, abs=0.0051 * len(row))


@pytest.mark.parametrize("variant", VARIANTS)
def test_rows_and_columns_are_named_by_their_pieces(variant):
    source, target = pieces_of(TEXT, GOLDEN / variant)
    fed = pieces_fed(variant, TEXT)
    decoder = [f"{piece} → {predicted}" for piece, predicted in zip(fed, target)]
    for name, down, across, heading in [
            ("encoder.0.self_attention", source, source, "source pieces down, source pieces across"),
            ("decoder.0.self_attention", decoder, fed, "pieces fed → predicted down, pieces fed across"),
            ("decoder.0.cross_attention", decoder, source, "pieces fed → predicted down, source pieces across")]:
        said = shown(f"--attention={name}", TEXT, model=GOLDEN / variant).split("\n\n")[0].splitlines()
        header, *rows = said[2:]
        n_words = 3 if down is decoder else 1
        assert header.split() == across and [" ".join(row.split()[:n_words]) for row in rows] == down
        assert said[1].endswith(f", {heading}")


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_most_concentrated_layer_is_taken(variant, tmp_path):
    heads = traced_attention(variant, tmp_path)
    name = most_concentrated(heads)
    n_layers = json.loads((GOLDEN / variant / "config.json").read_text())["decoder"]["n_layers"]
    among = f"lowest mean entropy of {n_layers} layers, " if n_layers > 1 else ""
    heading = shown("--attention", TEXT, model=GOLDEN / variant).splitlines()[1]
    assert heading == (f"{name}, mean of {len(heads[name])} heads, {among}pieces fed → predicted down, "
                       "source pieces across")


def thumbnail(weights, limit):
    """Characters for at most `limit` rows and columns, each for the largest weight of its share."""
    def shares(n):
        n_shares = min(n, limit)
        return [range(i * n // n_shares, (i + 1) * n // n_shares) for i in range(n_shares)]
    return ["".join(".:-=+*#%@"[int(max(weights[i][j] for i in rows for j in columns) * 8.999)]
                    for columns in shares(len(weights[0]))) for rows in shares(len(weights))]


def summary(weights, keys, is_self_attention):
    """(mean entropy of the rows, the keys with the most weight, their share)"""
    entropy = sum(-w * math.log(w) for row in weights for w in row if w > 0) / len(weights)
    shares = [(sum(row[j] for row in weights) / len(weights), key) for j, key in enumerate(keys)]
    if is_self_attention:
        for name, distance in (("itself", 0), ("previous", 1), ("next", -1)):
            on_it = [row[i - distance] for i, row in enumerate(weights) if 0 <= i - distance < len(keys)]
            shares.append((sum(on_it) / len(weights), name))
    share, most = max(shares, key=lambda found: found[0])
    return entropy, most, share


def beside(texts, width):
    """One text per head, each `width` columns wide, 2 apart."""
    return "  ".join(text.ljust(width) if len(text) <= width else f"{text[:width - 1]}…" for text in texts).rstrip()


@pytest.mark.parametrize("columns", [40, 200])
@pytest.mark.parametrize("variant", CHECKPOINTS)  # the bundled one has heads that look at the previous or the next piece
def test_all_shows_every_head_as_characters(variant, columns, monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", str(columns))
    source, _ = pieces_of(TEXT, GOLDEN / variant)
    expected, fed = [], pieces_fed(variant, TEXT)
    for name, heads in traced_attention(variant, tmp_path).items():
        drawn = [thumbnail(weights, min(24, max(8, (columns + 2) // len(heads) - 2))) for weights in heads]
        summaries = [summary(weights, fed if name.startswith("decoder") and "self" in name else source, "self" in name)
                     for weights in heads]
        lines = [[f":{h}" for h in range(len(heads))], *zip(*drawn), [f"{found[0]:.2f} nat" for found in summaries],
                 [found[1] for found in summaries], [f"{100 * found[2]:.0f} %" for found in summaries]]
        width = max(8, len(drawn[0][0]))
        n = (columns + 2) // (width + 2)  # side by side
        expected += ["", f"{name},", *(beside(texts[h:h + n], width) for h in range(0, len(heads), n) for texts in lines)]
    given = shown("--attention=all", TEXT, model=GOLDEN / variant).splitlines()
    given = given[next(i for i, line in enumerate(given) if line.startswith("Weights from 0 to 1: .:-=+*#%@")) + 1:]
    down_or_across = re.compile(r" ?(pieces fed|source pieces).*")
    assert [line for line in (down_or_across.sub("", line) for line in given) if line] == [line for line in expected if line]


def test_heads_of_the_bundled_checkpoint_look_at_their_neighbours_and_at_the_end():
    images = shown("--attention=all", "The house is small.", model=BUNDLED)
    assert all(re.search(rf"(^|  ){most}( |$)", images, re.MULTILINE) for most in ("previous", "next", "itself", "</s>"))


# ---- words ----

def words_of(pieces):
    """Lists of the places of the pieces that make up each word, and its text."""
    words = []
    for i, piece in enumerate(pieces):
        text = piece.replace("\u2581", "")
        mark = bool(text) and not any(map(str.isalnum, text))
        before = pieces[i - 1].replace("\u2581", "") if i else ""
        if not i or piece.startswith("\u2581") or mark or (before and not any(map(str.isalnum, before))):
            words.append([[], "", mark])
        words[-1][0].append(i)
        words[-1][1] += text
    return words


@pytest.mark.parametrize("variant", VARIANTS)
def test_each_word_is_aligned_with_the_word_it_attends_to_most(variant, tmp_path):
    text = "We go to the sea in summer, my friend."
    heads = traced_attention(variant, tmp_path, text)
    weights = mean(heads[most_concentrated(heads)])
    source, target = pieces_of(text, GOLDEN / variant)
    expected = []
    for rows, word, mark in words_of(target[:-1] if target[-1] == "</s>" else target):
        others = [word for word in words_of(source[:-1]) if not word[2]]
        best = max(others, key=lambda other: math.fsum(weights[i][j] for i in rows for j in other[0]))
        expected += [] if mark else [f"{word}–{best[1]}"]
    assert shown("--attention", text, model=GOLDEN / variant).splitlines()[-1] == "  ".join(expected)


def test_punctuation_is_aligned_with_nothing():
    assert "–" in shown("--attention", "I am.", model=BUNDLED)
    assert "–" not in shown("--attention", "...", model=BUNDLED)


def test_the_bundled_checkpoint_aligns_a_house_with_a_house():
    assert "Haus–house" in shown("--attention", "The house is small.", model=BUNDLED).splitlines()[-1]


# ---- sentences and lines ----

@pytest.mark.parametrize("option", ["--attention", "--attention=all", "--steps"])
def test_every_sentence_of_every_line_is_shown(option):
    lines = [TEXT, "", TWO_SENTENCES]
    places = [f"line {number}, sentence {n}, bytes {sentence.begin} to {sentence.end} of {len(lines[number - 1])}"
              for number, sentences in enumerate(program.translate_tokens(RELU, lines), 1)
              for n, sentence in enumerate(sentences, 1)]
    said = run(option, stdin="".join(f"{line}\n" for line in lines).encode()).stderr.decode().splitlines()
    assert [line for line in said if line.startswith("line ")] == places and len(places) == 3


def test_a_blank_line_shows_nothing():
    for option in ("--attention", "--attention=all", "--steps"):
        done = run(option, stdin=b"\n \n")
        assert (done.returncode, done.stdout, done.stderr) == (0, b"\n\n", b"")


# ---- the terminal ----

def width_of(text):
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def widths(text):
    """The width of each line but the place of the sentence, which is that of --tokens."""
    return [width_of(re.sub(ESCAPE, "", line)) for line in text.splitlines() if not re.fullmatch(PLACE, line)]


def copy_with_prefix(tmp_path, prefix):
    """A checkpoint that shows all its pieces with something before them. It reads all text as unknown."""
    checkpoint = copy_of("relu", tmp_path)
    edit_lines(lambda lines: lines.__setitem__(slice(None), [prefix.encode() + line for line in lines]))(
        checkpoint / "source.vocab")
    return checkpoint


@pytest.mark.parametrize("columns", [40, 80, 200])
@pytest.mark.parametrize("option", ["--attention", "--attention=encoder.0.self_attention",
                                    "--attention=decoder.0.self_attention:1", "--attention=all", "--steps"])
def test_no_line_is_wider_than_the_terminal(option, columns, monkeypatch, tmp_path):
    monkeypatch.setenv("COLUMNS", str(columns))
    text = "When I was young, my grandmother told me stories about the sea in summer, and we go to the sea."
    models = [BUNDLED, GOLDEN / "gelu", copy_with_prefix(tmp_path / "a", "語e\u0301"),
              copy_with_prefix(tmp_path / "b", "語" * 40)]
    for model in models:
        found = widths(shown(option, text, model=model))
        assert max(found) <= columns and len(found) > 10
    assert "語" in shown(option, text, model=models[-1]) or option == "--attention=all"
    if columns == 40 and option == "--attention":
        assert max(found) > 30  # the room is used


def test_columns_that_are_too_few_are_taken_as_40(monkeypatch):
    expected = {columns: None for columns in ("1", "40")}
    for columns in expected:
        monkeypatch.setenv("COLUMNS", columns)
        expected[columns] = shown("--attention", TEXT, model=BUNDLED)
    assert expected["1"] == expected["40"]


def test_80_columns_are_the_default(monkeypatch):
    drawn = {}
    for columns in ("79", "80", ""):
        monkeypatch.setenv("COLUMNS", columns)
        drawn[columns] = shown("--attention", "When I was young, my grandmother told me stories about the sea in summer.",
                               model=BUNDLED)
    assert drawn["79"] != drawn["80"] == drawn[""]


@pytest.mark.parametrize("columns", ["40", "60", "80"])
def test_each_hypothesis_of_a_step_is_one_line(columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", columns)
    text = "When I was young, my grandmother told me stories about the sea in summer."
    lines = shown("--steps", "--beam=4", text, model=BUNDLED).splitlines()
    assert len(lines) > 60 and any("… " in line for line in lines)
    for line in lines[2:]:
        assert re.fullmatch(r"  step +\d+|  [* ] +-?\d+\.\d{4} .*", line) and width_of(line) <= int(columns)


def drawn_in_colour(option, tmp_path):
    return without_notices(on_a_terminal("-o", tmp_path / "out", option, TEXT).replace("\r\n", "\n"))


@pytest.mark.parametrize("option", ["--attention", "--attention=decoder.0.self_attention", "--attention=all"])
@pytest.mark.parametrize("depth, colour", [("", r"\x1b\[[34]8;5;\d+m"), ("truecolor", r"\x1b\[48;2;\d+;\d+;\d+m"),
                                           ("24bit", r"\x1b\[48;2;\d+;\d+;\d+m")])
def test_colours_end_with_their_line(depth, colour, option, monkeypatch, tmp_path):
    monkeypatch.setenv("COLORTERM", depth)
    text = drawn_in_colour(option, tmp_path)
    assert len(re.findall(colour, text)) > 20
    assert depth or "8;2;" not in text
    for line in text.splitlines():
        assert "\x1b" not in line or re.search(r"\x1b\[0m *$", line)
        assert "\x1b" not in re.sub(ESCAPE, "", line)


def oklab(rgb):
    """Lightness, chroma, and hue in degrees of an sRGB colour: https://bottosson.github.io/posts/oklab/"""
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (level / 255 for level in rgb))
    long, medium, short = (math.cbrt(x) for x in (0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b,
                                                  0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b,
                                                  0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b))
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    return lightness, math.hypot(a, b), math.degrees(math.atan2(b, a)) % 360


def cells_in_colour(depth, text, monkeypatch, tmp_path):
    """The background and foreground codes of each weight of a head that ranges from 0 to 1."""
    monkeypatch.setenv("COLORTERM", depth)
    option = "--attention=decoder.0.cross_attention:0"
    drawn = on_a_terminal("-m", GOLDEN / "reversing", "-o", tmp_path / "out", option, text)
    return re.findall(r"\x1b\[48;([\d;]+)m\x1b\[38;5;(\d+)m", drawn)


def test_colours_grow_in_lightness_and_turn_from_blue_to_yellow(monkeypatch, tmp_path):
    head = traced_attention("reversing", tmp_path, "a b c")["decoder.0.cross_attention"][0]
    weights, cells = [weight for row in head for weight in row], cells_in_colour("truecolor", "a b c", monkeypatch, tmp_path)
    assert len(cells) == len(weights) and min(weights) < 0.01 and max(weights) > 0.95
    for weight, (background, foreground) in zip(weights, cells):
        kind, *rgb = map(int, background.split(";"))
        lightness, chroma, hue = oklab(rgb)
        assert kind == 2 and lightness == pytest.approx(0.22 + 0.72 * weight, abs=0.01)
        assert hue == pytest.approx(285 - 180 * weight, abs=3)
        assert chroma == pytest.approx(0.07 + 0.08 * weight, abs=0.01) or 0 in rgb  # sRGB has no such colour
        assert foreground == ("231" if lightness < 0.6 else "16")  # white, black


def test_256_colours_are_the_nearest(monkeypatch, tmp_path):
    """Numbers 16 to 231 are a cube of six levels for red, green and blue."""
    levels = [0, 95, 135, 175, 215, 255]
    exact, cells = (cells_in_colour(depth, "transformer", monkeypatch, tmp_path) for depth in ("truecolor", ""))
    assert len(exact) == len(cells)
    assert {"47", "115", "154", "234"} <= {c for background, _ in exact for c in background.split(";")}  # next to limits
    for (background, _), (number, _) in zip(exact, cells):
        steps = divmod(int(number.removeprefix("5;")) - 16, 6)
        for step, exactly in zip((*divmod(steps[0], 6), steps[1]), map(int, background.split(";")[1:])):
            assert abs(levels[step] - exactly) == min(abs(level - exactly) for level in levels)


def test_a_name_takes_at_most_16_columns(tmp_path):
    rows = shown("--attention=encoder.0.self_attention", "a", model=copy_with_prefix(tmp_path, "x" * 30)).splitlines()
    assert {len(row[:row.index(" ")]) for row in rows[3:5]} == {16}
    assert [len(name) for name in rows[2].split()] == [16, 16]


@pytest.mark.parametrize("name", ["", "=decoder.0.self_attention"])
def test_colours_change_no_number(name, tmp_path):
    coloured = re.sub(ESCAPE, "", drawn_in_colour(f"--attention{name}", tmp_path))
    plain = shown(f"--attention{name}", TEXT)
    def numbers(text):  # without the dots of what rounds to 0.00, which have a shade instead
        return re.sub(r"(?<= )\.(?= |$)| +$", "", text, flags=re.MULTILINE).split("\n")
    assert [line.split() for line in numbers(coloured)] == [line.split() for line in numbers(plain)]


@pytest.mark.parametrize("name, value", [("NO_COLOR", "1"), ("TERM", "dumb"), ("TERM", "")])
def test_a_terminal_without_colours_gets_plain_text(name, value, monkeypatch, tmp_path):
    monkeypatch.setenv("COLORTERM", "truecolor")
    monkeypatch.setenv(name, value)
    for option in ("--attention", "--attention=all", "--steps"):
        assert drawn_in_colour(option, tmp_path) == shown(option, TEXT)


@pytest.mark.parametrize("option", ["--attention", "--attention=all", "--steps"])
def test_what_is_not_a_terminal_gets_no_escape(option, monkeypatch):
    monkeypatch.setenv("COLORTERM", "truecolor")
    assert b"\x1b" not in run(option, TEXT).stderr


def test_a_piece_cannot_command_the_terminal(tmp_path):
    checkpoint = copy_with_prefix(tmp_path, "\x1b[2J\t\x9b\u2028")
    for option in ("--attention", "--attention=decoder.0.self_attention", "--steps"):
        text = shown(option, TEXT, model=checkpoint)
        assert "\ufffd[2J\ufffd" in text and not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028]", text)


# ---- names ----

@pytest.mark.parametrize("name", [
    "encoder.3.self_attention", "decoder.1.cross_attention", "encoder.0.cross_attention", "decoder.0.cross_attention:2",
    "decoder.0.cross_attention:", "decoder.0.cross_attention:-1", "decoder.0.cross_attention:01",
    "decoder.0.cross_attention.weights", "decoder.0", "ALL", "all:0", "\x1b[2J", "x" * 3000])
def test_an_unknown_name_is_wrong_usage(name, tmp_path):
    said = sentence_of(run(f"--attention={name}", "-o", tmp_path / "out", TEXT), 2)
    assert "encoder.L.self_attention with L below 3" in said and "decoder.L.cross_attention with L below 1" in said
    assert "below 2 in the encoder and 2 in the decoder" in said and "translate --help" in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("option", ["--attention", "--steps"])
def test_info_shows_no_sentence(option):
    assert "--info cannot be combined with" in sentence_of(run("--info", option), 2)


# ---- steps ----

def steps_of(text, model):
    """For each step its log-probability, the chosen piece and the alternatives as (log-probability, piece)."""
    steps = []
    for line in shown("--steps", text, model=model).splitlines():
        if step := re.fullmatch(r"  step +(\d+) +(\S+)  (\S+) → (\S+)", line):
            assert step[1] == "1" or step[3] == steps[-1][1]
            steps.append((step[2], step[4], []))
            assert int(step[1]) <= len(steps)
        elif not re.fullmatch(PLACE, line):
            steps[-1][2].extend((float(number), piece) for number, piece in re.findall(r"(-?\d+\.\d\d) (\S+)", line))
    return steps


@pytest.mark.parametrize("model", [BUNDLED, *(GOLDEN / variant for variant in VARIANTS)], ids=lambda model: model.name)
def test_steps_choose_what_tokens_show(model):
    text = "We go to the sea in summer, my friend. Good morning!"
    [found] = program.translate_objects(model, [text])
    steps = steps_of(text, model)
    assert [piece for _, piece, _ in steps] == pieces_of(text, model)[1]
    assert [float(number) for number, _, _ in steps] == pytest.approx(
        [number for sentence in found["sentences"] for number in sentence["log_probabilities"]], abs=6e-5)
    forced = [i for i, (_, piece, _) in enumerate(steps) if piece == "</s>"]
    for i, (number, piece, others) in enumerate(steps):
        assert len({other for _, other in others} - {piece}) == 5
        assert [least for least, _ in others] == sorted((least for least, _ in others), reverse=True)
        assert others[0][0] <= float(number) + 0.01 or i in forced
        assert math.exp(float(number)) + sum(math.exp(other) for other, _ in others) <= 1.02


@pytest.mark.parametrize("variant", VARIANTS)
def test_alternatives_are_the_best_of_the_traced_output(variant, tmp_path):
    metadata, tensors = trace(variant, tmp_path / "trace", TEXT)
    config = json.loads((GOLDEN / variant / "config.json").read_text())
    rows, columns, logits = tensors["output"]
    allowed = set(range(columns)) - {config["target"]["pad"], *config["generation"]["suppressed"]}
    name = "source" if config["shared_vocabulary"] else "target"
    pieces = (GOLDEN / variant / f"{name}.vocab").read_text().split("\n")
    chosen = [int(id) for id in metadata["target_ids"].split()]
    for i, (_, _, others) in enumerate(steps_of(TEXT, GOLDEN / variant)):
        row = logits[i * columns:(i + 1) * columns]
        total = math.log(math.fsum(math.exp(row[id]) for id in allowed))
        best = sorted(allowed - {chosen[i]}, key=lambda id: (-row[id], id))[:5]
        assert [piece for _, piece in others] == [pieces[id] for id in best]
        assert [number for number, _ in others] == pytest.approx([row[id] - total for id in best], abs=0.006)
