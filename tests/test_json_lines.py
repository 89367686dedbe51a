"""`translate --format jsonl`, as docs/json-lines.md describes it."""

import json
import math
import random
import select
import subprocess

import pytest

from odd_strings import ODD_STRINGS
from test_program import CHECKPOINTS, GOLDEN, RELU, SECONDS, VARIANTS, run, sentence_of, start, trace, translated
from transformer_c import program

BUNDLED = program.ROOT / "checkpoints/en-de"
DOCS = program.ROOT / "docs/json-lines.md"
NAMES = ["text", "translation", "sentences", "protected", "notices"]
LINE_ENDS = "\n\v\f\r\x85\u2028\u2029"


def refuse_constant(name):
    raise ValueError(name)


def parse(line, **options):
    """The object on a line; NaN and infinity are errors, as for any parser but Python's."""
    return json.loads(line, parse_constant=refuse_constant, **options)


def objects(lines, *arguments, model=RELU, **options):
    """What the program makes of lines, bytes or strings."""
    lines = [line.encode() if isinstance(line, str) else line for line in lines]
    done = run("--format", "jsonl", *arguments, model=model, stdin=b"".join(line + b"\n" for line in lines))
    assert (done.returncode, done.stderr) == (0, b"")
    out = done.stdout.decode()
    assert out.splitlines() == out.split("\n")[:-1] and out.count("\n") == len(lines)
    assert not any(is_control(c) for c in out.replace("\n", ""))
    return [parse(line, **options) for line in out.splitlines()]


def is_control(c):
    return (c < " " and c != "\t") or "\x7f" <= c < "\xa0"


def as_written(text):
    """As the program writes what it copies: on one line, without control characters."""
    return "".join(" " if c in LINE_ENDS else "\ufffd" if is_control(c) else c for c in text)


# ---- the document ----

def test_the_documents_example_is_what_comes_out():
    blocks = [part.split("```")[0] for part in DOCS.read_text().split("```json\n")[1:]]
    [given], [shown] = blocks[0].splitlines(), [json.loads(blocks[1])]
    [found] = objects([given], model=BUNDLED)
    assert list(found) == list(shown)
    for ours, theirs in zip(found["sentences"], shown["sentences"], strict=True):
        assert ours.pop("log_probabilities") == pytest.approx(theirs.pop("log_probabilities"), abs=1e-4)
        assert list(ours) == list(theirs)
    assert found == shown


# ---- any text ----

def random_text(rng):
    words = [*ODD_STRINGS, "I have a dog.", "See <b>%s</b> at x.org now!", "Mail a@b.org.", "the", "house", "You are here. "]
    marks = [" ", " ", " ", "\n", "\r\n", "\r", "\0", "\u2028", "\x85", "\ud800", "\udfff", "\ud83d", ""]
    parts = [rng.choice(words if rng.random() < 0.8 else marks) for _ in range(rng.randrange(5))]
    parts += [chr(rng.choice([rng.randrange(0x250), rng.randrange(0xD800), rng.randrange(0xE000, 0x110000)])) for _ in range(2)]
    return rng.choice(["", " "]).join(parts)


def random_value(rng, depth=0):
    kinds = ["1", "-0.50", "12345678901234567890", "1E400", "0.10000000000000000001", "true", "null", '""',
             '"\\ud800\\u0000\\/"', '"</b>\u2028\x85\x9b"', "[]", "{}"]
    if depth < 3 and rng.random() < 0.3:
        return "[" + ", ".join(random_value(rng, depth + 1) for _ in range(2)) + "]"
    if depth < 3 and rng.random() < 0.3:
        return '{ "text" : ' + random_value(rng, depth + 1) + ',"a":' + random_value(rng, depth + 1) + "}"
    return rng.choice(kinds)


def random_line(rng, text):
    """An object with this text, as odd as JSON allows."""
    quoted = json.dumps(text, ensure_ascii=rng.random() < 0.5)
    quoted = "".join(f"\\u{ord(c):04x}" if "\ud800" <= c < "\ue000" else c for c in quoted)
    members = [f'"{key}"{rng.choice(["", " "])}:{rng.choice(["", chr(9)])}{random_value(rng)}'
               for key in rng.sample(["id", "", "ü", "\\u0000", "notices", "te\\u0078", "texts"], rng.randrange(4))]
    if rng.random() < 0.2:
        members.append(f'"text":{random_value(rng)}')
    members.append(f'"{rng.choice(["text", "te" + chr(92) + "u0078t"])}" : {quoted}')
    if rng.random() < 0.3:
        members.append('"last":0')
    space = rng.choice(["", " ", " \t"])
    return space + "{" + space + f" ,{space}".join(members) + space + "}" + rng.choice(["", " "])


def ids_of_tokens_view(text, model):
    """What --tokens shows for the lines of a text: for each sentence its bytes, and its ids on both sides."""
    sentences = []
    for line in run("--tokens", model=model, stdin=text).stderr.decode().split("\n"):
        words = line.split()
        if line.startswith("line "):
            sentences.append((int(words[5]), int(words[7]), [], []))
        elif line.startswith(("  source ", "  target ")):
            sentences[-1][2 if words[0] == "source" else 3].append(int(words[1]))
    return sentences


def check_sentences(found):
    text, at = found["text"].encode(), 0
    for sentence in found["sentences"]:
        begin, end = sentence["range"]
        assert at <= begin < end <= len(text)
        part = text[begin:end].decode()
        assert part == part.strip(" \t\n\r")
        at = end
        n_source, n_target = len(sentence["tokens"]["source"]), len(sentence["tokens"]["target"])
        assert len(sentence["log_probabilities"]) == len(sentence["alignment"]) == n_target > 0
        assert all(0 <= i < n_source for i in sentence["alignment"])
        assert all(number <= 0 for number in sentence["log_probabilities"])


def check_protected(found):
    text, translation, at = found["text"].encode(), found["translation"].encode(), 0
    for span in found["protected"]:
        (begin, end), (to, to_end) = span["range"], span["translation_range"]
        assert at <= begin < end <= len(text)
        assert translation[to:to_end].decode() == as_written(text[begin:end].decode())
        assert span["kind"] in ("text", "opening_tag", "closing_tag", "empty_tag", "line")
        at = end


@pytest.mark.parametrize("model", [RELU, BUNDLED], ids=["random", "bundled"])
def test_any_text_is_translated_as_in_a_text_file(model):
    rng = random.Random(17)
    texts = [random_text(rng) for _ in range(40 if model == RELU else 80)]  # random weights write long translations
    lines = [random_line(rng, text) for text in texts]
    kept = [text.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for text in texts]
    found = [parse(line) for line in run("--format", "jsonl", model=model, stdin="".join(
        f"{line}\n" for line in lines).encode()).stdout.decode().splitlines()]
    whole = "".join(f"{text}\n" for text in kept).encode()
    of_file = iter(translated(whole, model=model).decode().split("\n"))
    sentences = iter(ids_of_tokens_view(whole, model))
    for text, out in zip(kept, found, strict=True):
        assert out["text"] == text
        assert out["translation"] == "\n".join(next(of_file) for _ in range(text.count("\n") + 1))
        assert list(out)[:5] == NAMES
        check_sentences(out)
        check_protected(out)
        for sentence in out["sentences"]:
            begin, end, source, target = next(sentences)
            assert end - begin == sentence["range"][1] - sentence["range"][0]
            for side, ids in (("source", source), ("target", target)):
                assert [token["id"] for token in sentence["tokens"][side]] == ids
    assert next(sentences, None) is None and any(out["protected"] for out in found)


def test_each_line_of_a_text_has_its_spans():
    text = "See https://a.org now\n\nand ask b@c.org, <b>please</b>"
    [found] = objects([json.dumps({"text": text})], model=BUNDLED)
    check_protected(found)
    assert [text[slice(*span["range"])] for span in found["protected"]] == ["https://a.org", "b@c.org", "<b>", "</b>"]


def test_other_members_are_copied_digit_by_digit():
    rng = random.Random(3)
    lines = [random_line(rng, "") for _ in range(200)]
    for line, found in zip(lines, objects(lines, parse_int=str, parse_float=str), strict=True):
        given = parse(line, parse_int=str, parse_float=str)
        assert {key: value for key, value in found.items() if key not in NAMES} == {
            key: value for key, value in given.items() if key not in NAMES}


# ---- what is an object ----

def expected_text(line):
    try:
        found = parse(line.removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        return line
    return found["text"] if isinstance(found, dict) and isinstance(found.get("text"), str) else line


def test_only_a_valid_object_with_a_text_is_one():
    rng = random.Random(5)
    lines = ['{"text": "a"', '{"text": "a"} b', '{"text": "a"}{}', "{'text': 'a'}", '{"text": "a",}', '{"text": 3}',
             '{"text": null}', '{"text":"a","text":1}', '{"text":1,"text":"a"}', '["text"]', '"text"', '{}', '{', '',
             '   ', '{"text": "\\u12"}', '{"text": "\\un"}', '{"text": "\\', '{"text":"a","b":01}', '{"text":"a","b":.5}',
             '{"text":"a","b":1.}', '{"text":"a","b":+1}', '{"text":"a","b":NaN}', '{"text":"a","b":-Infinity}',
             '{"text":"a\tb"}', '\ufeff{"text":"a"}', '{"text":"a","b":truth}', '{"text":"a" "b":1}', '{"Text":"a"}',
             '{"text":"\\ud83d\\ude00"}', '{"text":"a","b":-}', '{"text":"a","b":1e}', '{"text":"a","b":[1,]}',
             '{"text":"a","b":[}',
             '{"text":"a","b":' + "[" * 999]
    for _ in range(300):
        characters = list(random_line(rng, "a"))
        for _ in range(rng.randrange(1, 3)):
            i = rng.randrange(len(characters))
            characters[i:i + rng.randrange(2)] = rng.choice(['"', "{", "}", "[", "]", ",", ":", "\\", "0", "e", "-", " ", ""])
        lines.append("".join(characters))
    found = [parse(line) for line in run("--format", "jsonl", stdin="".join(f"{line}\n" for line in lines).encode()
                                         ).stdout.decode().splitlines()]
    expected = [expected_text(line) for line in lines]
    assert [out["text"] for out in found] == [text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
                                              for text in expected]
    assert 0 < sum(text == line for text, line in zip(expected, lines)) < len(lines)


@pytest.mark.parametrize("space", ["", " ", "\t", " \t "], ids=ascii)
def test_white_space_may_be_between_any_two_tokens(space):
    tokens = ["", "{", '"a"', ":", "[", "]", ",", '"b"', ":", "{", "}", ",", '"c"', ":", "[", "1", ",", "[", "true", "]", "]",
              ",", '"text"', ":", '"yes"', ",", '"d"', ":", "{", '"e"', ":", "null", ",", '"f"', ":", '""', "}", "}", ""]
    [found] = objects([space.join(tokens)], "--plain")
    assert found["text"] == "yes" and found["c"] == [1, [True]] and found["d"] == {"e": None, "f": ""}


@pytest.mark.parametrize("depth, is_object", [(200, True), (1_000_000, False)])
def test_members_may_be_nested_but_not_without_end(depth, is_object):
    line = '{"text":"","b":' + "[" * depth + "]" * depth + "}"
    done = run("--format", "jsonl", "--plain", stdin=line.encode())
    assert done.returncode == 0 and done.stdout.startswith(b'{"text":""') == is_object


def test_members_of_the_output_replace_those_of_the_input():
    line = json.dumps({"notices": 1, "text": "", "translation": 2, "protected": 3, "sentences": 4, "tokens": 5})
    [pairs] = objects([line], object_pairs_hook=list)
    assert [key for key, _ in pairs] == [*NAMES, "tokens"]


def test_lines_that_are_not_utf8_are_read_as_windows_1252():
    lines = [b'{"text":"a\xff","b":"\xed\xa0\x80"}', b"a \xc3", b"\xfe"]
    done = run("--format", "jsonl", stdin=b"\n".join(lines))
    found = [parse(line) for line in done.stdout.decode().splitlines()]
    assert [out["text"] for out in found] == ["aÿ", "a Ã", "þ"] and found[0]["b"] == "í\xa0€"
    assert done.stderr.decode().startswith("translate: line 1: not valid UTF-8; such lines are read as Windows-1252")


@pytest.mark.parametrize("text", ["", " ", "\t", "\n", " \r\n\n", "\n" * 3000], ids=ascii)
def test_a_blank_text_has_no_sentence(text):
    [found] = objects([json.dumps({"text": text})])
    assert (found["text"], found["sentences"], found["notices"]) == (text, [], [])
    assert found["translation"] == translated(text.encode() + b"\n").decode()[:-1]


# ---- what it says of the model ----

@pytest.mark.parametrize("variant", CHECKPOINTS)
def test_the_alignment_is_that_of_the_traced_cross_attention(variant, tmp_path):
    """The mean over the heads, in the layer of lowest mean entropy; equal within what greedy steps and a pass differ by."""
    text = "I have a dog"
    [found] = objects_without_notices([text], GOLDEN / variant)
    [sentence] = found["sentences"]
    layers = []
    for name, (rows, columns, values) in trace(variant, tmp_path / "trace", text)[1].items():
        if not name.endswith(".cross_attention.weights"):
            continue
        n_tgt = len(sentence["tokens"]["target"])
        n_heads = rows // n_tgt
        mean = [[math.fsum(values[(h * n_tgt + i) * columns + j] for h in range(n_heads)) / n_heads for j in range(columns - 1)]
                for i in range(n_tgt)]
        entropy = math.fsum(-w / math.fsum(row) * math.log(w / math.fsum(row)) for row in mean for w in row if w > 0) / n_tgt
        layers.append((entropy, mean))
    lowest = min(entropy for entropy, _ in layers)
    pairs = list(enumerate(sentence["alignment"]))
    if sentence["tokens"]["target"][-1]["piece"] == "</s>":
        assert pairs.pop()[1] == len(sentence["tokens"]["source"]) - 1
    assert any(entropy < lowest + 1e-3 and all(row[j] >= max(row) - 1e-3 for row, j in ((mean[i], j) for i, j in pairs))
               for entropy, mean in layers)


def objects_without_notices(lines, model):
    done = run("--format", "jsonl", model=model, stdin="".join(f"{line}\n" for line in lines).encode())
    return [parse(line) for line in done.stdout.decode().splitlines()]


def test_log_probabilities_and_pieces_are_those_of_tokens():
    text = "I have a dog. Good morning!"
    shown = [line.split() for line in run("--tokens", text, model=BUNDLED).stderr.decode().splitlines()]
    [found] = objects([text], model=BUNDLED)
    for side, column in (("source", 2), ("target", 3)):
        tokens = [token for sentence in found["sentences"] for token in sentence["tokens"][side]]
        assert [token["piece"] for token in tokens] == [words[column] for words in shown if words[0] == side]
    assert [number for sentence in found["sentences"] for number in sentence["log_probabilities"]] == pytest.approx(
        [float(words[2]) for words in shown if words[0] == "target"], abs=6e-5)


def test_notices_are_in_the_object_of_their_line():
    done = run("--format", "jsonl", stdin=b"\n>>xyz<< a\n" + json.dumps({"text": "\n\n" + "a " * 200}).encode() + b"\n")
    assert done.stderr == b""
    blank, unknown, long = [parse(line)["notices"] for line in done.stdout.decode().splitlines()]
    assert blank == [] and any(">>xyz<<" in notice for notice in unknown)
    assert any("positions" in notice for notice in long) and not any(">>xyz<<" in notice for notice in long)


# ---- the program ----

@pytest.mark.parametrize("threads", ["1", "3"])
def test_objects_come_in_the_order_of_lines(threads):
    lines = [json.dumps({"text": "a " * (i % 7), "id": i}) for i in range(1500)]
    found = objects_without_notices(lines, BUNDLED) if threads == "1" else [parse(line) for line in run(
        "--format", "jsonl", "-t", threads, model=BUNDLED, stdin="\n".join(lines).encode()).stdout.decode().splitlines()]
    assert [out["id"] for out in found] == list(range(1500))


def test_a_line_is_answered_before_the_next_is_written():
    with subprocess.Popen([program.TRANSLATE, "-m", RELU, "--format", "jsonl"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          bufsize=0) as process:
        try:
            for i in range(3):
                process.stdin.write(json.dumps({"id": i, "text": "I have\na dog."}).encode() + b"\n")
                assert select.select([process.stdout], [], [], SECONDS)[0], "no answer"
                assert parse(process.stdout.readline())["id"] == i
            process.stdin.close()
            assert process.stdout.read() == b"" and process.wait(SECONDS) == 0
        finally:
            process.kill()


def test_arguments_are_lines():
    done = run("--format", "jsonl", '{"text":"a","id":1}\nb')
    assert [(out["text"], out.get("id")) for out in map(parse, done.stdout.decode().splitlines())] == [("a", 1), ("b", None)]


def test_text_is_the_default():
    assert run("--format", "text", '{"text": "a"}').stdout == run('{"text": "a"}').stdout


@pytest.mark.parametrize("arguments", [
    ["--tokens", "a"], ["--steps", "a"], ["--attention", "a"], ["--trace", "t", "a"], ["--explain", "p", "a"], ["--info"]],
    ids=lambda arguments: arguments[0])
def test_views_and_objects_exclude_each_other(arguments, tmp_path):
    said = sentence_of(run("--format", "jsonl", *arguments, cwd=tmp_path), 2)
    assert "cannot be combined with" in said and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", "json", "JSONL", "jsonl "])
def test_another_format_is_refused(name):
    assert "must be text or jsonl" in sentence_of(start("--format", name, "a"), 2)


@pytest.mark.parametrize("variant", VARIANTS)
def test_plain_lines_are_translated_as_without_the_option(variant):
    text = (GOLDEN / "source.txt").read_bytes()
    found = objects_without_notices(text.decode().split("\n")[:-1], GOLDEN / variant)
    assert "".join(f"{out['translation']}\n" for out in found).encode() == translated(text, model=GOLDEN / variant)
