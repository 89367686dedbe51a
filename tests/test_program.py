"""The program `translate` as a process: what goes in, what comes out, exit codes, and what it says of a bad checkpoint.

The checkpoints are the small random ones of tests/golden: translations are nonsense, but always the same nonsense.
"""

import array
import json
import math
import os
import pty
import random
import re
import resource
import select
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

GOLDEN = Path(__file__).resolve().parent / "golden"
sys.path.insert(0, str(GOLDEN.parent.parent / "scripts"))

import program  # noqa: E402

FLOAT32 = ["relu", "swish", "gelu", "odd"]
VARIANTS = [*FLOAT32, "int8"]
CHECKPOINTS = [*VARIANTS, "../../checkpoints/en-de"]
RELU = GOLDEN / "relu"
CONFIG = json.loads((RELU / "config.json").read_text())
MODEL = (RELU / "model.safetensors").read_bytes()
HEADER_END = 8 + struct.unpack("<Q", MODEL[:8])[0]
N_VOCABULARY = CONFIG["source"]["n_vocabulary"]
D_MODEL = CONFIG["d_model"]
LONG_LINE = b"the small house " * 40
SECONDS = 30  # a process that takes longer hangs


def start(*arguments, stdin=b"", **options):
    """The finished process of the program with exactly these arguments; stdin is text, or something to read from."""
    options = {"capture_output": True, **({"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}), **options}
    return subprocess.run([program.TRANSLATE, *arguments], timeout=SECONDS, **options)


def run(*arguments, model=RELU, **options):
    return start("-m", model, *arguments, **options)


def translated(stdin, *arguments, model=RELU):
    """What the program as a filter makes of stdin."""
    done = run(*arguments, model=model, stdin=stdin)
    assert done.returncode == 0, done.stderr
    return done.stdout


def sentence_of(done, status):
    """The one sentence on standard error of a process that ended with `status` and wrote nothing."""
    assert (done.returncode, done.stdout) == (status, b"")
    said = done.stderr.decode()
    assert said.startswith("translate: ") and said.endswith("\n") and said.count("\n") == 1
    assert said[:-1].isprintable()
    return said


def failure_of(done):
    """The sentence of a process that could not do all: notices may come before it, translations on standard output."""
    assert done.returncode == 1
    said = done.stderr.decode().splitlines()
    assert all(line.startswith("translate: ") for line in said)
    assert all(re.match(r"translate: line \d+: ", line) for line in said[:-1])
    return said[-1]


def some_lines(variant):
    """Two hundred lines: more than a batch, of all lengths, some blank, some of several sentences."""
    words = " ".join(row["text"] for row in golden_sentences("relu")).split()
    chance = random.Random(variant)
    lines = [" ".join(chance.choices(words, k=chance.choice([0, 1, 3, 8, 20]))) for _ in range(200)]
    lines[100] = LONG_LINE.decode()
    return "".join(f"{line}\n" for line in lines).encode()


def golden_sentences(variant):
    return json.loads((GOLDEN / variant / "golden.json").read_text())["sentences"]


# ---- TEXT ----

def test_text_is_translated():
    done = run("I have a dog.")
    assert (done.returncode, done.stdout) == (0, translated(b"I have a dog.\n"))
    assert done.stdout.strip()


def test_words_of_text_are_joined_by_a_space():
    assert run("I have", "a", "dog.").stdout == run("I have a dog.").stdout


def test_each_line_of_text_gives_a_line():
    assert run("I have a dog.\n\nGood morning.").stdout == translated(b"I have a dog.\n\nGood morning.\n")


def test_an_empty_text_gives_an_empty_line():
    done = run("")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"\n", b"")


def test_a_text_may_begin_with_a_dash():
    assert run("--", "-5 degrees").stdout == translated(b"-5 degrees\n")


def test_options_may_follow_text(tmp_path):
    done = run("I have", "-o", tmp_path / "out", "a dog.")
    assert (done.returncode, done.stdout) == (0, b"")
    assert (tmp_path / "out").read_bytes() == run("I have a dog.").stdout


def test_standard_input_is_left_alone_when_there_is_text():
    assert run("a", stdin=b"Good morning.\n").stdout == run("a").stdout


# ---- a filter ----

ODD_LINES = {
    "control characters": b"\x1b[31mred\x07 \x08 \x7f \xc2\x9b2J\n",
    "control characters between sentences": b"One.\x0bTwo.\x0cThree.\xc2\x85Four.\xe2\x80\xa8Five.\n",
    "a carriage return inside": b"a\rb\n",
    "only carriage returns": b"\r\r\r\n",
    "NUL bytes": b"a\0b\0\0c\n",
    "only NUL bytes": b"\0\0\0\n",
    "a truncated character": b"Z\xc3\n",
    "bytes that are never UTF-8": b"\xff\xfe\xfd \xc0\x80\n",
    "a surrogate": b"\xed\xa0\x80\n",
    "every byte": bytes(b for b in range(256) if b != 10) + b"\n",
    "only punctuation": b"...!!! ??? -- ( ) \" ' ; : ,\n",
    "an unknown script": "你好。再见。 Здравствуйте שלום สวัสดี\n".encode(),
    "emoji and joiners": "👩‍👩‍👧‍👦 e\u0301\u0301 \u200b\u200d\ufeff\n".encode(),
    "names of special tokens": b"</s> <pad> <unk> <s> \xe2\x96\x81 hello</s>\n",
    "language codes": b">>deu<< I have a dog.\n>>\n>><<\n>>no end\n",
    "more than the positions": LONG_LINE + b"\n",
    "many sentences": b"I have a dog. " * 100 + b"\n",
    "ten thousand blank lines": b"\n" * 10000,
    "a hundred thousand letters": b"a" * 100_000 + b"\n",
    "a hundred thousand unknown characters": "語".encode() * 33_333 + b"\n",
    "a hundred thousand spaces": b" " * 100_000 + b"\n",
    "spaces around a word": b"   a   \n",
}


@pytest.mark.parametrize("text", ODD_LINES.values(), ids=ODD_LINES)
def test_one_line_comes_out_for_each_line_in(text):
    out = translated(text).decode()
    assert out.count("\n") == text.count(b"\n") and out.endswith("\n")
    assert not re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]|\r(?!\n)", out)


@pytest.mark.parametrize("line", ["", " ", "\t", " \t \t ", "\u00a0", "\u2003\u3000", "\u2028", "\x0b\x0c"],
                         ids=["empty", "space", "tab", "mixed", "no-break", "wide", "separator", "vertical"])
def test_a_blank_line_stays_empty(line):
    done = run(stdin=f"{line}\n".encode())
    assert (done.returncode, done.stdout, done.stderr) == (0, b"\n", b"")


def test_no_input_gives_no_output():
    done = run()
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_carriage_returns_at_line_ends_are_kept():
    out = translated(b"I have a dog.\r\n\r\n  \r\nGood morning.\nI have a dog.\r\n")
    dog, morning = translated(b"I have a dog.\n")[:-1], translated(b"Good morning.\n")[:-1]
    assert out == dog + b"\r\n\r\n\r\n" + morning + b"\n" + dog + b"\r\n"


def test_a_last_line_without_an_end_gets_one():
    assert translated(b"\nI have a dog.") == translated(b"\nI have a dog.\n")


@pytest.mark.parametrize("bad", [b"\0", b"\xff", b"\xe2\x82"], ids=["NUL", "never UTF-8", "truncated"])
def test_what_is_not_text_reads_as_a_replacement_character(bad):
    assert translated(b"a" + bad + b"b\n") == translated("a\ufffdb\n".encode())


def test_a_line_beyond_the_positions_gives_a_notice():
    done = run(stdin=b"\n" + LONG_LINE + b"\n")
    assert done.returncode == 0
    assert re.search(rb"^translate: line 2: a sentence is longer than the 64 positions of the checkpoint", done.stderr,
                     re.MULTILINE)


def test_a_long_run_of_full_stops_does_not_hang():
    assert translated(b"." * 200_000 + b"a\n").count(b"\n") == 1  # SECONDS is the limit


def test_white_space_between_sentences_is_put_back():
    done = run("  I have a dog.   Good morning. ")
    assert re.fullmatch(rb"  .*\S   \S.* \n", done.stdout)


@pytest.mark.parametrize("name", ["</s>", "<pad>", "<unk>"])
def test_the_name_of_a_special_token_is_text(name):
    [[sentence]] = program.translate_tokens(RELU, [name])
    assert len(sentence.source) > 3  # as many pieces as it has letters, and the end
    assert not {CONFIG["source"]["end"], CONFIG["target"]["pad"]} & set(sentence.source[:-1])


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_same_input_gives_the_same_output(variant):
    assert len({run("We go to the sea in summer.", model=GOLDEN / variant).stdout for _ in range(3)}) == 1


LEVELS = ["plain", "avx2", "avx_vnni", "avx512_vnni"]


def runs_here(level):
    return run("x", env={**os.environ, "TRANSFORMER_ISA": level}).returncode == 0


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("n_threads", ["1", "2", "5"])
def test_threads_and_instruction_sets_change_nothing(level, n_threads, tmp_path):
    if not runs_here(level):
        pytest.skip(f"this processor lacks {level}")
    lines = some_lines("int8")
    expected = translated(lines, "-t", "1", model=GOLDEN / "int8")
    done = run("-t", n_threads, model=GOLDEN / "int8", stdin=lines, env={**os.environ, "TRANSFORMER_ISA": level})
    assert (done.returncode, done.stdout) == (0, expected)
    first = lines.splitlines()[5]
    one = run("-t", n_threads, first, model=GOLDEN / "int8", env={**os.environ, "TRANSFORMER_ISA": level})
    assert one.stdout.splitlines() == expected.splitlines()[5:6]


def test_the_order_of_lines_changes_nothing():
    lines = some_lines("order").splitlines(keepends=True)
    together = translated(b"".join(lines), model=GOLDEN / "int8").splitlines()
    backwards = translated(b"".join(reversed(lines)), model=GOLDEN / "int8").splitlines()
    assert together == backwards[::-1]


def test_an_unknown_instruction_set_is_named_with_those_there_are():
    said = sentence_of(run("x", env={**os.environ, "TRANSFORMER_ISA": "mmx"}), 1)
    assert '"mmx"' in said and said.endswith("plain\n")


def test_a_line_is_answered_before_the_next_is_read():
    lines = [b"I have a dog.\n", b"\n", b"Good morning.\r\n", LONG_LINE + b"\n", b"a\n"]
    with subprocess.Popen([program.TRANSLATE, "-m", RELU], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, bufsize=0) as process:
        try:
            for line in lines:
                process.stdin.write(line)
                assert select.select([process.stdout], [], [], SECONDS)[0], "no answer"
                assert process.stdout.readline() == translated(line)
            process.stdin.close()
            assert process.stdout.read() == b""
            assert process.wait(SECONDS) == 0
        finally:
            process.kill()


def test_lines_before_a_broken_connection_are_answered():
    ours, theirs = socket.socketpair()
    ours.sendall(b"Good morning.\nThank you.\n")
    theirs.sendall(b"never read, so that closing breaks the connection")
    ours.close()
    with theirs:
        done = start("-m", RELU, stdin=theirs)
    assert done.stdout == translated(b"Good morning.\nThank you.\n")
    assert "standard input: cannot be read: " in failure_of(done)


def test_a_pipe_that_would_block_is_waited_for():
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    with os.fdopen(reading, "rb") as stdin:
        process = subprocess.Popen([program.TRANSLATE, "-m", RELU], stdin=stdin, stdout=subprocess.PIPE)
    time.sleep(0.2)
    os.write(writing, b"Good mor")
    time.sleep(0.2)
    os.write(writing, b"ning.\n")
    os.close(writing)
    assert process.communicate(timeout=SECONDS)[0] == translated(b"Good morning.\n")


def test_a_reader_that_leaves_ends_the_program():
    with subprocess.Popen([program.TRANSLATE, "-m", RELU], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, bufsize=0) as process:
        process.stdout.close()
        process.stdin.write(b"a\n")
        try:
            assert process.wait(SECONDS) != 0
        finally:
            process.kill()


# ---- files ----

@pytest.mark.parametrize("variant", VARIANTS)
def test_a_file_gives_what_its_lines_give_one_by_one(variant, tmp_path):
    text = some_lines(variant)
    (tmp_path / "in").write_bytes(text)
    done = run("-i", tmp_path / "in", "-o", tmp_path / "out", model=GOLDEN / variant)
    assert (done.returncode, done.stdout) == (0, b"")
    assert (tmp_path / "out").read_bytes() == translated(text, model=GOLDEN / variant)


FILE_CONTENTS = {"nothing": b"", "one blank line": b"\n", "no line end": b"a", "CRLF": b"a\r\n\r\nb",
                 "a blank batch": b"\n" * 64, "a batch": b"a\n" * 64, "a batch and one": b"a\n" * 65,
                 "not text": b"a\0b\n\xff\n"}


@pytest.mark.parametrize("text", FILE_CONTENTS.values(), ids=FILE_CONTENTS)
def test_a_file_gives_what_standard_input_gives(text, tmp_path):
    (tmp_path / "in").write_bytes(text)
    assert translated(b"", "-i", tmp_path / "in") == translated(text)


def test_an_output_file_is_written_anew(tmp_path):
    (tmp_path / "out").write_bytes(b"x" * 100_000)
    assert translated(b"a\n", "-o", tmp_path / "out") == b""
    assert (tmp_path / "out").read_bytes() == translated(b"a\n")


def test_long_options_do_what_short_ones_do(tmp_path):
    (tmp_path / "in").write_bytes(b"I have a dog.\n")
    done = start("--model", RELU, f"--input={tmp_path / 'in'}", "--output", tmp_path / "out")
    assert (done.returncode, done.stdout) == (0, b"")
    assert (tmp_path / "out").read_bytes() == translated(b"I have a dog.\n")


@pytest.mark.parametrize("make", [None, os.link, os.symlink], ids=["itself", "hard link", "symbolic link"])
def test_the_input_as_output_is_refused_and_untouched(make, tmp_path):
    text, out = tmp_path / "in", tmp_path / "out" if make else tmp_path / "in"
    text.write_bytes(b"I have a dog.\n")
    if make:
        make(text, out)
    assert f"{out}: is the input too" in sentence_of(run("-i", text, "-o", out), 1)
    assert text.read_bytes() == b"I have a dog.\n"


def test_standard_input_as_output_is_refused_and_untouched(tmp_path):
    text = tmp_path / "in"
    text.write_bytes(b"I have a dog.\n")
    with text.open("rb") as file:
        done = subprocess.run([program.TRANSLATE, "-m", RELU, "-o", text], stdin=file, capture_output=True,
                              timeout=SECONDS)
    assert text.read_bytes() == b"I have a dog.\n"
    assert f"{text}: is the input too" in sentence_of(done, 1)


def test_an_input_that_is_missing_is_named(tmp_path):
    assert f"{tmp_path / 'in'}: cannot be read: No such file" in sentence_of(run("-i", tmp_path / "in"), 1)


def test_an_input_that_is_a_directory_is_named(tmp_path):
    assert f"{tmp_path}: cannot be read: Is a directory" in sentence_of(run("-i", tmp_path), 1)


def test_a_missing_input_leaves_the_output_untouched(tmp_path):
    (tmp_path / "out").write_bytes(b"old")
    sentence_of(run("-i", tmp_path / "in", "-o", tmp_path / "out"), 1)
    assert (tmp_path / "out").read_bytes() == b"old"


def test_a_bad_checkpoint_leaves_the_output_untouched(tmp_path):
    (tmp_path / "out").write_bytes(b"old")
    sentence_of(run("-o", tmp_path / "out", "a", model=tmp_path), 1)
    assert (tmp_path / "out").read_bytes() == b"old"


def test_an_output_in_no_directory_is_named(tmp_path):
    out = tmp_path / "none/out"
    assert f"{out}: cannot be written: No such file" in sentence_of(run("-o", out, "a"), 1)


def test_an_output_that_is_a_directory_is_named(tmp_path):
    assert f"{tmp_path}: cannot be written: Is a directory" in sentence_of(run("-o", tmp_path, "a"), 1)


def test_a_full_output_file_is_named():
    assert failure_of(run("-o", "/dev/full", "a")) == "translate: /dev/full: cannot be written: No space left on device"


@pytest.mark.parametrize("arguments", [["-m", RELU, "a"], ["-m", RELU, "--info"], ["--help"], ["--version"]],
                         ids=["translation", "info", "help", "version"])
def test_a_full_standard_output_is_a_failure(arguments):
    with open("/dev/full", "wb") as full:
        done = start(*arguments, capture_output=False, stdout=full, stderr=subprocess.PIPE)
    assert failure_of(done) == "translate: standard output: cannot be written: No space left on device"


def start_without(descriptor, *arguments):
    """The process with one of its standard descriptors closed."""
    return subprocess.run(["sh", "-c", f'exec "$@" {descriptor}>&-', "sh", program.TRANSLATE, "-m", RELU, *arguments],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS)


def test_a_closed_standard_output_is_a_failure():
    assert "standard output: cannot be written" in failure_of(start_without(1, "a"))


def test_a_closed_standard_input_is_a_failure():
    assert "standard input: cannot be read" in sentence_of(start_without(0), 1)


def test_a_closed_standard_error_puts_no_notice_among_the_translations(tmp_path):
    start_without(2, "-o", tmp_path / "out", LONG_LINE)
    assert (tmp_path / "out").read_bytes() == run(LONG_LINE).stdout


def on_a_terminal(*arguments):
    """What a process with a terminal as its standard error shows there."""
    terminal, end = pty.openpty()
    shown = []

    def read():
        try:
            while chunk := os.read(terminal, 4096):
                shown.append(chunk)
        except OSError:
            pass  # a terminal that all have left

    reader = threading.Thread(target=read)
    reader.start()
    try:
        done = run(*arguments, capture_output=False, stdout=subprocess.PIPE, stderr=end)
    finally:
        os.close(end)
        reader.join()
        os.close(terminal)
    assert (done.returncode, done.stdout) == (0, b"")
    return b"".join(shown).decode()


@pytest.mark.parametrize("text", [b"", b"Good morning.\n" * 100, b"Good morning."],
                         ids=["nothing", "batches", "no line end"])
def test_a_progress_bar_is_drawn_on_a_terminal(text, tmp_path):
    (tmp_path / "in").write_bytes(text)
    shown = on_a_terminal("-i", tmp_path / "in", "-o", tmp_path / "out")
    if text:
        assert re.search(rf"\[#+\] 100 %  {len(text.splitlines())} lines ", shown)
    assert "nan" not in shown and "inf" not in shown


def test_no_progress_bar_is_drawn_elsewhere(tmp_path):
    (tmp_path / "in").write_bytes(b"Good morning.\n" * 100)
    assert b"%" not in run("-i", tmp_path / "in", "-o", tmp_path / "out").stderr


# ---- options ----

def test_help_shows_every_option():
    done = start("--help")
    assert (done.returncode, done.stderr) == (0, b"")
    shown = set(re.findall(r"-[a-z]\b|--[a-z]+", done.stdout.decode()))
    assert shown >= {"-m", "--model", "-t", "--threads", "-i", "--input", "-o", "--output", "--tokens", "--steps",
                     "--attention", "--trace", "--explain", "--info", "--help", "--version"}


def test_version_is_one_line():
    done = start("--version")
    assert (done.returncode, done.stderr) == (0, b"")
    assert re.fullmatch(rb"transformer\.c \d+\.\d+\.\d+\n", done.stdout)


@pytest.mark.parametrize("variant", VARIANTS)
def test_info_describes_the_checkpoint(variant):
    done = run("--info", model=GOLDEN / variant)
    config = json.loads((GOLDEN / variant / "config.json").read_text())
    shown = {line[:22].strip(): line[22:] for line in done.stdout.decode().splitlines()}
    assert (done.returncode, done.stderr) == (0, b"")
    assert shown["checkpoint"] == str(GOLDEN / variant)
    assert shown["languages"] == "en to de"
    assert shown["weights"].endswith("int8" if variant == "int8" else "float32")
    assert shown["d_model"] == str(config["d_model"])
    assert shown["activation"] == config["activation"]
    for stack in ("encoder", "decoder"):
        layers, heads, inner = (config[stack][key] for key in ("n_layers", "n_heads", "d_ff"))
        assert re.fullmatch(rf"{layers} layers?, {heads} heads?, d_ff {inner}", shown[stack])
    assert shown["vocabulary"] == "{} source, {} target, {}".format(
        config["source"]["n_vocabulary"], config["target"]["n_vocabulary"],
        "shared" if config["shared_vocabulary"] else "separate")
    assert shown["lengths"] == "{} positions, translations of at most {} tokens".format(
        config["max_positions"], config["generation"]["max_length"])


@pytest.mark.parametrize("arguments, said", [
    ("--bogus", "expected the name of an option"), ("-z", "does not exist"), ("a --bogus", "expected the name of an option"), ("--tokens=3 a", "without a value"), ("--steps=3 a", "without a value"),
    ("-m", "lacks its value"), ("--model", "lacks its value"), ("-i", "lacks its value"), ("a -o", "lacks its value"),
    ("--trace", "lacks its value"), ("-t 0 a", "a number from 1 to"), ("-t 257 a", "a number from 1 to"),
    ("--threads=two a", "a number from 1 to"), ("-t 1x a", "a number from 1 to"), ("-t -1 a", "a number from 1 to"),
    ("--trace t", "--trace needs a TEXT"), ("--trace t -i f", "--trace needs a TEXT"),
    ("-i f a", "both TEXT and --input"), ("-i f a b --trace t", "both TEXT and --input")])
def test_wrong_usage_ends_with_2(arguments, said, tmp_path):
    sentence = sentence_of(start(*arguments.split(), cwd=tmp_path), 2)
    assert said in sentence and "translate --help" in sentence
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--bogus", "-z", "-i", "--trace"])
def test_a_wrong_option_is_named(option):
    assert option in sentence_of(start(option), 2).replace("translate --help", "")


# ---- tokens ----

@pytest.mark.parametrize("variant", FLOAT32)
def test_tokens_are_those_of_pytorch(variant):
    golden = golden_sentences(variant)
    shown = program.translate_tokens(GOLDEN / variant, [row["text"] for row in golden])
    compared = 0
    for row, sentences in zip(golden, shown):
        if len(sentences) == 1:
            assert (sentences[0].begin, sentences[0].end) == (0, len(row["text"].encode()))
            assert (sentences[0].source, sentences[0].target) == (row["source"], row["target"])
            compared += 1
    assert compared > len(golden) / 2


@pytest.mark.parametrize("variant", VARIANTS)
def test_tokens_leave_standard_output_as_it_is(variant):
    text = b"I have a dog. Good morning.\n\n" + LONG_LINE + b"\n"
    assert translated(text, "--tokens", model=GOLDEN / variant) == translated(text, model=GOLDEN / variant)


def test_tokens_of_a_blank_line_are_none():
    shown = program.translate_tokens(RELU, ["a", "", " ", "I am. You are."])
    assert [len(sentences) for sentences in shown] == [1, 0, 0, 2]


def test_parts_of_a_long_line_cover_it():
    [parts] = program.translate_tokens(RELU, [LONG_LINE.decode()])
    assert b" ".join(LONG_LINE[part.begin:part.end] for part in parts) == LONG_LINE.strip()
    assert all(len(part.source) <= CONFIG["max_positions"] for part in parts)


def test_log_probabilities_are_at_most_zero():
    shown = re.findall(rb"^  target +\d+ +(\S+)  ", run("--tokens", "I have a dog.").stderr, re.MULTILINE)
    assert shown and all(-math.inf < float(number) <= 0 for number in shown)


# ---- trace ----

def read_safetensors(path):
    """The metadata, and by name (rows, columns, floats), of a file whose every rule is checked."""
    content = path.read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    header, data = json.loads(content[8:8 + size]), content[8 + size:]
    metadata, tensors, end = header.pop("__metadata__", {}), {}, 0
    for name, tensor in header.items():
        assert set(tensor) == {"dtype", "shape", "data_offsets"} and tensor["dtype"] == "F32"
        rows, columns = tensor["shape"]
        begin, after = tensor["data_offsets"]
        assert (begin, after) == (end, end + 4 * rows * columns)
        tensors[name] = rows, columns, array.array("f", data[begin:after])
        end = after
    assert size % 8 == 0 and end == len(data)
    return metadata, tensors


def trace(variant, path, text="I have a dog."):
    done = run("--trace", path, text, model=GOLDEN / variant)
    assert done.returncode == 0, done.stderr
    assert done.stdout == run(text, model=GOLDEN / variant).stdout
    return read_safetensors(path)


@pytest.mark.parametrize("variant", CHECKPOINTS)
def test_a_trace_is_in_order_of_computation(variant, tmp_path):
    names = list(trace(variant, tmp_path / "trace")[1])
    assert (names[0], names[-1]) == ("encoder.embedding", "output")
    parts = ("decoder.embedding", "decoder.0.self_attention", "decoder.0.cross_attention", "decoder.0.feed_forward")
    places = [names.index(part) for part in parts]
    assert places == sorted(places)
    assert max(i for i, name in enumerate(names) if name.startswith("encoder.")) < places[0]


def named_tensors(config, n_source, n_target):
    """{name: (rows, columns)} of every activation and attention weight, from the table in weights/FORMAT.md."""
    d = config["d_model"]
    shapes = {"encoder.embedding": (n_source, d), "decoder.embedding": (n_target, d),
              "output": (n_target, config["target"]["n_vocabulary"])}
    for stack, n in (("encoder", n_source), ("decoder", n_target)):
        attentions = {"self_attention": n} | ({"cross_attention": n_source} if stack == "decoder" else {})
        for layer in range(config[stack]["n_layers"]):
            for attention, n_keys in attentions.items():
                part = f"{stack}.{layer}.{attention}"
                shapes |= {f"{part}.query": (n, d), f"{part}.key": (n_keys, d), f"{part}.value": (n_keys, d),
                           f"{part}.weights": (config[stack]["n_heads"] * n, n_keys), f"{part}.heads": (n, d),
                           part: (n, d), f"{part}_norm": (n, d)}
            part = f"{stack}.{layer}.feed_forward"
            shapes |= {f"{part}.inner": (n, config[stack]["d_ff"]), part: (n, d), f"{part}_norm": (n, d)}
    return shapes


@pytest.mark.parametrize("variant", CHECKPOINTS)
def test_a_trace_holds_every_tensor_that_has_a_name(variant, tmp_path):
    metadata, tensors = trace(variant, tmp_path / "trace")
    config = json.loads((GOLDEN / variant / "config.json").read_text())
    expected = named_tensors(config, *(len(metadata[f"{side}_ids"].split()) for side in ("source", "target")))
    assert {name: tensor[:2] for name, tensor in tensors.items()} == expected


@pytest.mark.parametrize("variant", CHECKPOINTS)
def test_a_trace_is_read_by_safetensors(variant, tmp_path):
    """By the library of that name; that our own reader takes it too, tests/test_translator.c shows."""
    safetensors = pytest.importorskip("safetensors")
    metadata, tensors = trace(variant, tmp_path / "trace")
    with safetensors.safe_open(tmp_path / "trace", "numpy") as file:
        assert file.metadata() == metadata
        assert file.offset_keys() == list(tensors)
        for name, (rows, columns, values) in tensors.items():
            assert file.get_tensor(name).shape == (rows, columns)
            assert file.get_tensor(name).tobytes() == values.tobytes(), name


@pytest.mark.parametrize("variant", CHECKPOINTS)
def test_a_trace_holds_the_ids(variant, tmp_path):
    metadata, tensors = trace(variant, tmp_path / "trace")
    [[sentence]] = program.translate_tokens(GOLDEN / variant, ["I have a dog."])
    ids = {side: [int(number) for number in metadata[f"{side}_ids"].split()] for side in ("source", "target")}
    assert ids == {"source": sentence.source, "target": sentence.target}
    assert tensors["encoder.embedding"][0] == len(sentence.source)
    assert tensors["decoder.embedding"][0] == len(sentence.target)


@pytest.mark.parametrize("variant", CHECKPOINTS)
def test_the_largest_traced_output_is_the_next_token(variant, tmp_path):
    metadata, tensors = trace(variant, tmp_path / "trace")
    config = json.loads((GOLDEN / variant / "config.json").read_text())
    target, (rows, columns, logits) = metadata["target_ids"].split(), tensors["output"]
    allowed = set(range(columns)) - {config["target"]["pad"], *config["generation"]["suppressed"]}
    for i in range(rows - 1):  # the last one may be forced
        assert max(allowed, key=lambda id: logits[i * columns + id]) == int(target[i])


@pytest.mark.parametrize("variant", CHECKPOINTS)
def test_traced_attention_weights_sum_to_1(variant, tmp_path):
    tensors = trace(variant, tmp_path / "trace")[1]
    weights = [tensor for name, tensor in tensors.items() if name.endswith(".weights")]
    config = json.loads((GOLDEN / variant / "config.json").read_text())
    assert len(weights) == config["encoder"]["n_layers"] + 2 * config["decoder"]["n_layers"]
    for rows, columns, values in weights:
        assert min(values) >= 0
        sums = [math.fsum(values[i * columns:(i + 1) * columns]) for i in range(rows)]
        assert sums == pytest.approx([1] * rows, abs=1e-5)


@pytest.mark.parametrize("variant", CHECKPOINTS)
def test_traced_decoder_self_attention_sees_no_later_token(variant, tmp_path):
    tensors = trace(variant, tmp_path / "trace")[1]
    masked = [tensor for name, tensor in tensors.items() if re.match(r"decoder\.\d+\.self_attention\.weights", name)]
    assert masked
    for rows, columns, values in masked:
        assert columns > 1 and rows % columns == 0
        for row in range(rows):
            later = values[row * columns + row % columns + 1:(row + 1) * columns]
            assert not any(later)


@pytest.mark.parametrize("variant", FLOAT32)
def test_a_trace_is_that_of_pytorch(variant, tmp_path):
    content = (GOLDEN / variant / "golden.safetensors").read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    golden = json.loads(content[8:8 + size])
    golden.pop("__metadata__", None)
    traced = int(re.search(r"^TRACED = (\d+)", (GOLDEN.parent / "make_golden.py").read_text(), re.MULTILINE)[1])
    tensors = trace(variant, tmp_path / "trace", golden_sentences(variant)[traced]["text"])[1]
    assert set(tensors) == set(golden)
    for name, tensor in golden.items():
        begin, end = tensor["data_offsets"]
        expected = array.array("f", content[8 + size + begin:8 + size + end])
        scale = max(map(abs, expected))
        assert max(abs(a - b) for a, b in zip(tensors[name][2], expected, strict=True)) <= 1e-4 * max(1, scale), name


@pytest.mark.parametrize("text, n", [("I have a dog. Good morning.", 2), ("", 0), (LONG_LINE, r"\d+")],
                         ids=["two", "none", "parts"])
def test_a_trace_of_other_than_one_sentence_is_refused(text, n, tmp_path):
    said = failure_of(run("--trace", tmp_path / "trace", text))
    assert re.search(rf"found {n} sentences in TEXT, expected one for --trace", said)
    assert not (tmp_path / "trace").exists()


def test_a_trace_of_two_lines_is_refused(tmp_path):
    done = run("--trace", tmp_path / "trace", "I have a dog.\nGood morning.")
    assert "expected one for --trace" in failure_of(done)


def test_a_trace_that_cannot_be_written_is_named(tmp_path):
    path = tmp_path / "none/trace"
    assert f"{path}: cannot be written: No such file" in failure_of(run("--trace", path, "a"))


def test_a_trace_on_a_full_device_is_named():
    assert "/dev/full: cannot be written: No space left" in failure_of(run("--trace", "/dev/full", "a"))


# ---- bad checkpoints ----

def copy_of(variant, tmp_path):
    """A checkpoint to break; the path has a space and a letter beyond ASCII in it."""
    return Path(shutil.copytree(GOLDEN / variant, tmp_path / f"bad ü {variant}"))


def refusal(checkpoint, name):
    """The sentence that refuses a checkpoint because of its file `name`; --info refuses it with the same words."""
    said = sentence_of(run("a", model=checkpoint), 1)
    assert said.startswith(f"translate: {checkpoint / name}")
    assert sentence_of(run("--info", model=checkpoint), 1) == said
    return said


def test_the_copy_is_sound_as_long_as_nothing_is_broken(tmp_path):
    assert translated(b"a\n", model=copy_of("relu", tmp_path)) == translated(b"a\n")


def test_a_rewritten_model_is_sound_as_long_as_nothing_is_broken(tmp_path):
    checkpoint = copy_of("relu", tmp_path)
    edit_model(lambda header, data: data)(checkpoint / "model.safetensors")
    assert translated(b"a\n", model=checkpoint) == translated(b"a\n")


def test_a_missing_checkpoint_is_named(tmp_path):
    assert "No such file" in refusal(tmp_path / "none", "config.json")


def test_an_empty_directory_as_a_checkpoint_is_named(tmp_path):
    assert "No such file" in refusal(tmp_path, "config.json")


def test_a_file_as_a_checkpoint_is_named(tmp_path):
    (tmp_path / "file").write_bytes(b"text\n")
    assert "Not a directory" in refusal(tmp_path / "file", "config.json")


def test_a_path_cannot_command_the_terminal(tmp_path):
    said = sentence_of(run("a", model=tmp_path / "\x1b[2J\n\x9b"), 1)
    assert "\ufffd[2J \ufffd/config.json" in said


def test_a_very_long_path_is_refused():
    assert "path of the checkpoint is longer" in sentence_of(run("a", model="x" * 5000), 1)


FILES = [("relu", "config.json"), ("relu", "model.safetensors"), ("relu", "source.spm"), ("relu", "source.vocab"),
         ("gelu", "target.spm"), ("gelu", "target.vocab")]


@pytest.mark.parametrize("make, said", [
    (lambda path: None, "No such file"),
    (lambda path: path.mkdir(), "found a directory, expected a file"),
    (lambda path: os.mkfifo(path), "found a device, pipe or socket, expected a file"),
    (lambda path: path.symlink_to("/dev/zero"), "found a device, pipe or socket, expected a file"),
    (lambda path: path.symlink_to(path), "symbolic links"),
], ids=["missing", "directory", "FIFO", "device", "link to itself"])
@pytest.mark.parametrize("variant, name", FILES, ids=[name for _, name in FILES])
def test_what_is_not_a_file_is_refused(variant, name, make, said, tmp_path):
    checkpoint = copy_of(variant, tmp_path)
    (checkpoint / name).unlink()
    make(checkpoint / name)
    assert said in refusal(checkpoint, name)


EXPECTED = {"config.json": "JSON", "model.safetensors": "safetensors file", ".spm": "SentencePiece",
            ".vocab": "whole lines, expected the"}
PAGE = b"<!DOCTYPE html>\n<html><body>404 Not Found</body></html>\n"


@pytest.mark.parametrize("content", [b"", PAGE, random.Random(1).randbytes(1000)], ids=["empty", "web page", "random"])
@pytest.mark.parametrize("variant, name", FILES, ids=[name for _, name in FILES])
def test_a_file_of_something_else_is_refused(variant, name, content, tmp_path):
    checkpoint = copy_of(variant, tmp_path)
    (checkpoint / name).write_bytes(content)
    assert next(words for end, words in EXPECTED.items() if name.endswith(end)) in refusal(checkpoint, name)


def test_a_sentence_about_a_web_page_as_sentencepiece_model_is_for_people(tmp_path):
    checkpoint = copy_of("relu", tmp_path)
    (checkpoint / "source.spm").write_bytes(PAGE)
    said = refusal(checkpoint, "source.spm")
    assert ".cc" not in said and not said.endswith(" \n")  # no line of a library's source


@pytest.mark.parametrize("keep", [1, 100, 1000])
def test_an_incomplete_sentencepiece_model_is_refused(keep, tmp_path):
    checkpoint = copy_of("relu", tmp_path)
    (checkpoint / "source.spm").write_bytes((RELU / "source.spm").read_bytes()[:keep])
    assert "SentencePiece" in refusal(checkpoint, "source.spm")


# ---- config.json ----

def test_a_config_that_is_not_one_json_object_is_refused_with_the_place(tmp_path):
    checkpoint = copy_of("relu", tmp_path)
    (checkpoint / "config.json").write_bytes(b'{"format": oops}')
    assert "not JSON at byte 11" in refusal(checkpoint, "config.json")


WHOLE = json.dumps(CONFIG).encode()
CONFIGS = {
    "half": (WHOLE[:len(WHOLE) // 2], "not JSON"),
    "list": (b"[]", "expected one JSON object"),
    "null": (b"null", "expected one JSON object"),
    "nothing in it": (b"{}", '"format"'),
    "two": (WHOLE + WHOLE, "expected one JSON object { … } and nothing else"),
    "more after it": (WHOLE + b"\nmore", "expected one JSON object { … } and nothing else"),
    "a NUL byte": (WHOLE + b"\0", "NUL"),
    "very deep": (b'{"a":' * 100_000, "not JSON"),
    "a key twice": (WHOLE[:-1] + b', "d_model": 16}', 'the key "d_model" 2 times'),
    "a terminal command": (WHOLE[:-1] + b', "\\u001b[2J\\n": 1}', 'unknown key "\ufffd[2J "'),
}


@pytest.mark.parametrize("content, said", CONFIGS.values(), ids=CONFIGS)
def test_a_config_that_is_not_one_json_object_is_refused(content, said, tmp_path):
    checkpoint = copy_of("relu", tmp_path)
    (checkpoint / "config.json").write_bytes(content)
    assert said in refusal(checkpoint, "config.json")


ABSENT = object()


def edit_config(checkpoint, **changes):
    """Sets keys of config.json, or takes those that are ABSENT out; `encoder__n_layers` is n_layers in encoder."""
    config = json.loads((checkpoint / "config.json").read_text())
    for path, value in changes.items():
        *parents, key = path.split("__")
        place = config
        for parent in parents:
            place = place[parent]
        if value is ABSENT:
            del place[key]
        else:
            place[key] = value
    (checkpoint / "config.json").write_text(json.dumps(config))


IDS = rf'a whole number from 0 to {N_VOCABULARY - 1}$'
BAD_CONFIGS = [
    (dict(format="pytorch"), r'found the format "pytorch", expected "transformer\.c"'),
    (dict(format=ABSENT), r'found .+ under "format", expected a string'),
    (dict(format=1), r'found .+ under "format", expected a string'),
    (dict(version=2), r"found version 2, expected 1"),
    (dict(version="1"), r'found .+ under "version", expected a number'),
    (dict(version=ABSENT), r'found .+ under "version", expected a number'),
    (dict(version=2, novelty=True), r"found version 2, expected 1"),
    (dict(colour="red"), r'unknown key "colour"'),
    (dict(encoder__colour="red"), r'encoder: .*unknown key "colour"'),
    (dict(source__colour="red"), r'source: .*unknown key "colour"'),
    (dict(d_model=ABSENT), r'the key "d_model"'),
    (dict(origin=ABSENT), r'the key "origin"'),
    (dict(decoder=ABSENT), r'the key "decoder"'),
    (dict(decoder__d_ff=ABSENT), r'decoder: .*the key "d_ff"'),
    (dict(target__start=ABSENT), r'target: .*the key "start"'),
    (dict(generation__suppressed=ABSENT), r'generation: .*the key "suppressed"'),
    (dict(d_model=15), r"encoder: found n_heads 2, expected a divisor of d_model, 15"),
    (dict(d_model=0), r'found 0 under "d_model", expected a whole number from'),
    (dict(d_model=-16), r'found -16 under "d_model", expected a whole number from'),
    (dict(d_model=16.5), r'found 16\.5 under "d_model", expected a whole number from'),
    (dict(d_model=1e300), r'found 1e\+300 under "d_model", expected a whole number from'),
    (dict(d_model="16"), r'found .+ under "d_model", expected a number'),
    (dict(d_model=True), r'found .+ under "d_model", expected a number'),
    (dict(d_model=None), r'found .+ under "d_model", expected a number'),
    (dict(max_positions=0), r'found 0 under "max_positions"'),
    (dict(encoder=[]), r'found .+ under "encoder", expected an object'),
    (dict(encoder__n_layers=0), r'encoder: found 0 under "n_layers", expected a whole number from 1'),
    (dict(encoder__n_layers=100_000), r'encoder: found 100000 under "n_layers", expected a whole number from 1'),
    (dict(decoder__n_heads=0), r'decoder: found 0 under "n_heads", expected a whole number from 1'),
    (dict(decoder__n_heads=3), r"decoder: found n_heads 3, expected a divisor of d_model, 16"),
    (dict(activation="tanh"), r'found the activation "tanh", expected relu, swish or gelu'),
    (dict(scale_embedding=1), r'found .+ under "scale_embedding", expected true or false'),
    (dict(source__n_vocabulary=N_VOCABULARY + 1), rf"vocabularies of {N_VOCABULARY + 1} and {N_VOCABULARY} pieces"),
    (dict(source__n_vocabulary=N_VOCABULARY + 1, shared_embedding=False), rf"n_vocabulary {N_VOCABULARY + 1} and"),
    (dict(source__language=7), r'source: found .* under "language", expected a string'),
    (dict(source__language="e" * 1000), r"source: found a language of 1000 bytes"),
    (dict(source__end=N_VOCABULARY), rf'source: found {N_VOCABULARY} under "end", expected {IDS}'),
    (dict(source__unknown=-1), rf'source: found -1 under "unknown", expected {IDS}'),
    (dict(target__start=N_VOCABULARY), rf'target: found {N_VOCABULARY} under "start", expected {IDS}'),
    (dict(target__end=2 ** 32), rf'target: found 4294967296 under "end", expected {IDS}'),
    (dict(target__pad=1e18), r'target: found 1e\+18 under "pad"'),
    (dict(target__pad=0), r"target: found 0 as both the end and the pad token"),
    (dict(generation__max_length=0), r'generation: found 0 under "max_length"'),
    (dict(generation__max_length=65), r'generation: found 65 under "max_length", expected a whole number from 1 to 64'),
    (dict(generation__forced_end="yes"), r'generation: found .* under "forced_end", expected true or false'),
    (dict(generation__suppressed=7), r'generation: .* under "suppressed"'),
    (dict(generation__suppressed=[N_VOCABULARY]), r'generation: expected ids from 0 to .* under "suppressed"'),
    (dict(generation__suppressed=[-1]), r'generation: expected ids from 0 to .* under "suppressed"'),
    (dict(generation__suppressed=[0]), r"generation: the end token, 0, is suppressed"),
    (dict(generation__suppressed=[5] * 10_000), r'generation: expected a list of at most \d+ ids under "suppressed"'),
]


@pytest.mark.parametrize("changes, said", BAD_CONFIGS, ids=[
    " ".join(f"{key}={'absent' if value is ABSENT else str(value)[:12]}" for key, value in changes.items())
    for changes, _ in BAD_CONFIGS])
def test_a_wrong_config_is_refused(changes, said, tmp_path):
    checkpoint = copy_of("relu", tmp_path)
    edit_config(checkpoint, **changes)
    assert re.search(said, refusal(checkpoint, "config.json"))


@pytest.mark.parametrize("changes, said", [
    (dict(d_model=2 * D_MODEL), f'"source_embedding.weight" is F32 [{N_VOCABULARY}, {D_MODEL}], '
                                f'expected F32 [{N_VOCABULARY}, {2 * D_MODEL}] by config.json'),
    (dict(encoder__n_layers=4), '"encoder.3.self_attention.query.weight" is missing'),
    (dict(encoder__n_layers=1024), '"encoder.3.self_attention.query.weight" is missing'),
    (dict(decoder__n_layers=2), '"decoder.1.self_attention.query.weight" is missing'),
    (dict(encoder__n_layers=2), 'found the tensor "encoder.2.'),
    (dict(encoder__d_ff=25), '"encoder.0.feed_forward.inner.weight" is F32 [24, 16], expected F32 [25, 16]'),
    (dict(shared_embedding=False), '"target_embedding.weight" is missing'),
    (dict(tied_output=False), '"output.weight" is missing'),
    (dict(source__n_vocabulary=N_VOCABULARY + 1, target__n_vocabulary=N_VOCABULARY + 1),
     f'"source_embedding.weight" is F32 [{N_VOCABULARY}, {D_MODEL}], expected F32 [{N_VOCABULARY + 1}, {D_MODEL}]'),
], ids=lambda value: " ".join(f"{key}={v}" for key, v in value.items()) if isinstance(value, dict) else "")
def test_a_config_of_another_model_is_refused(changes, said, tmp_path):
    checkpoint = copy_of("relu", tmp_path)
    edit_config(checkpoint, **changes)
    assert said in refusal(checkpoint, "model.safetensors")


def test_a_config_of_a_huge_model_is_refused_without_its_memory(tmp_path):
    checkpoint = copy_of("relu", tmp_path)

    def run_small():
        limit = 4 << 30
        return run("a", model=checkpoint, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))

    if run_small().returncode != 0:
        pytest.skip("the program cannot run under a limit of its addresses")
    edit_config(checkpoint, d_model=65536, max_positions=65536)
    assert '"source_embedding.weight" is F32' in sentence_of(run_small(), 1)


@pytest.mark.parametrize("changes", [dict(source__language="\x1b[2J"), dict(source__language="\n")], ids=ascii)
def test_a_language_cannot_command_the_terminal(changes, tmp_path):
    checkpoint = copy_of("relu", tmp_path)
    edit_config(checkpoint, **changes)
    shown = run("--info", model=checkpoint)
    assert b"\x1b" not in shown.stdout + shown.stderr
    assert shown.returncode == 1 or shown.stdout.count(b"\n") == run("--info").stdout.count(b"\n")


# ---- model.safetensors ----

def model_bytes(header, data):
    """A safetensors file; the header is an object, or JSON text that may break the rules."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def edit_model(edit):
    """A function that rewrites a model file: edit(header, data) changes the header in place, or gives new data."""
    def rewrite(path):
        content = path.read_bytes()
        end = 8 + struct.unpack("<Q", content[:8])[0]
        header = json.loads(content[8:end])
        data = edit(header, content[end:])
        path.write_bytes(model_bytes(header, content[end:] if data is None else data))
    return rewrite


def edit_tensor(name, **changes):
    return edit_model(lambda header, data: header[name].update(changes))


def edit_header_text(old, new):
    """A function that replaces text in the header of a model file."""
    def rewrite(path):
        content = path.read_bytes()
        end = 8 + struct.unpack("<Q", content[:8])[0]
        assert old in content[8:end]
        path.write_bytes(model_bytes(content[8:end].replace(old, new, 1), content[end:]))
    return rewrite


def header_length(length):
    return lambda path: path.write_bytes(struct.pack("<Q", length) + path.read_bytes()[8:])


def last_tensor(header):
    return max((name for name in header if name != "__metadata__"), key=lambda name: header[name]["data_offsets"][1])


def remove_last(header, data):
    return data[:header.pop(last_tensor(header))["data_offsets"][0]]


def add_extra(name):
    def edit(header, data):
        header[name] = {"dtype": "F32", "shape": [1], "data_offsets": [len(data), len(data) + 4]}
        return data + b"\0\0\0\0"
    return edit_model(edit)


def move(name, begin, end):
    """A function that moves both offsets of a tensor by so many bytes."""
    def edit(header, data):
        offsets = header[name]["data_offsets"]
        header[name]["data_offsets"] = [offsets[0] + begin, offsets[1] + end]
    return edit_model(edit)


def swap_for(name, other):
    """A function that gives a tensor the place of another."""
    def edit(header, data):
        header[name]["data_offsets"] = header[other]["data_offsets"]
    return edit_model(edit)


BIAS, INNER = "decoder.0.cross_attention.query.bias", "encoder.0.feed_forward.inner.weight"
KEY = "decoder.0.cross_attention.key.bias"
BAD_MODELS = {
    "header length 0": (header_length(0), "not JSON"),
    "header length to the end": (header_length(len(MODEL) - 8), "JSON"),
    "header length one beyond": (header_length(len(MODEL) - 7), "header length"),
    "header length 100 MB": (header_length(100_000_000), "header length"),
    "header length 2^63": (header_length(2 ** 63), "header length of 9223372036854775808"),
    "header length 2^64 - 1": (header_length(2 ** 64 - 1), "header length of 18446744073709551615"),
    "header length 2^64 - 8": (header_length(2 ** 64 - 8), "header length of 18446744073709551608"),
    "header not aligned": (lambda path: path.write_bytes(
        struct.pack("<Q", HEADER_END - 8 + 1) + MODEL[8:HEADER_END] + b" " + MODEL[HEADER_END:]), "multiple of 4"),
    "header a list": (lambda path: path.write_bytes(model_bytes(b"[]", b"")), "expected one JSON object"),
    "header empty": (lambda path: path.write_bytes(model_bytes(b"{}", b"")), "is missing"),
    "header empty with data": (lambda path: path.write_bytes(model_bytes(b"{}", b"\0" * 8)), "found 8 bytes of data"),
    "header not UTF-8": (edit_header_text(b".bias", b".bi\xffs"), "not UTF-8"),
    "header with a NUL": (edit_header_text(b".bias", b".bi\0s"), "NUL"),
    "header cut in its text": (edit_header_text(b"}", b""), "not JSON"),
    "header very deep": (lambda path: path.write_bytes(model_bytes(b'{"a":' * 100_000, b"")), "not JSON"),
    "metadata a list": (edit_model(lambda header, data: header.update(__metadata__=[])), '"__metadata__"'),
    "metadata of numbers": (edit_model(lambda header, data: header.update(__metadata__={"a": 1})), "strings"),
    "tensor null": (edit_model(lambda header, data: header.update({BIAS: None})), f'"{BIAS}"'),
    "tensor with an unknown key": (edit_tensor(BIAS, colour="red"), 'unknown key "colour"'),
    "tensor without a shape": (edit_header_text(b'"shape":[16],', b""), 'the key "shape"'),
    "overlap": (move(BIAS, -4, -4), f'"{BIAS}" begins at byte'),
    "gap": (move(BIAS, 4, 4), "begins at byte"),
    "the same place twice": (swap_for(BIAS, KEY), "begins at byte"),
    "offsets beyond the file": (move(BIAS, 2 ** 40, 2 ** 40), "begins at byte"),
    "offsets too far apart": (move(BIAS, 0, 4), f'"{BIAS}" has 68 bytes of data, expected the 64'),
    "offsets reversed": (edit_tensor(BIAS, data_offsets=[64, 0]), f'"{BIAS}" has no data_offsets'),
    "offsets negative": (edit_tensor(BIAS, data_offsets=[-64, 0]), f'"{BIAS}" has no data_offsets'),
    "offsets fractional": (edit_tensor(BIAS, data_offsets=[0.5, 64.5]), f'"{BIAS}" has no data_offsets'),
    "offsets huge": (edit_tensor(BIAS, data_offsets=[1e300, 1e300]), f'"{BIAS}" has no data_offsets'),
    "offsets three": (edit_tensor(BIAS, data_offsets=[0, 64, 128]), f'"{BIAS}" has no data_offsets'),
    "offsets text": (edit_tensor(BIAS, data_offsets="0 64"), f'"{BIAS}" has no data_offsets'),
    "bytes after the last": (edit_model(lambda header, data: data + b"\0" * 4), "damaged"),
    "a name twice": (edit_header_text(f'"{KEY}"'.encode(), f'"{BIAS}"'.encode()), f'"{BIAS}" is there twice'),
    "an extra tensor": (add_extra("extra"), 'found the tensor "extra"'),
    "an extra tensor that commands": (add_extra("\x1b[2J\n"), 'found the tensor "\ufffd[2J "'),
    "a missing tensor": (edit_model(remove_last), "is missing, expected F32 ["),
    "dtype F16": (edit_tensor(BIAS, dtype="F16"), f'"{BIAS}" has the dtype F16, expected F32 or I8'),
    "dtype BF16": (edit_tensor(BIAS, dtype="BF16"), f'"{BIAS}" has the dtype BF16, expected F32 or I8'),
    "dtype a number": (edit_tensor(BIAS, dtype=32), f'"{BIAS}" has the dtype'),
    "dtype I8 of as many bytes": (edit_tensor(BIAS, dtype="I8", shape=[64]),
                                  f'"{BIAS}" is I8 [64], expected F32 [16] by config.json'),
    "dtype I8 of other bytes": (edit_tensor(BIAS, dtype="I8"), f'"{BIAS}" has 64 bytes of data, expected the 16'),
    "shape turned": (edit_tensor(INNER, shape=[16, 24]), f'"{INNER}" is F32 [16, 24], expected F32 [24, 16]'),
    "shape flat": (edit_tensor(INNER, shape=[384]), f'"{INNER}" is F32 [384], expected F32 [24, 16]'),
    "shape with a 1": (edit_tensor(BIAS, shape=[1, 16]), f'"{BIAS}" is F32 [1, 16], expected F32 [16]'),
    "shape of other bytes": (edit_tensor(BIAS, shape=[17]), f'"{BIAS}" has 64 bytes of data, expected the 68'),
    "shape none": (edit_tensor(BIAS, shape=[]), f'"{BIAS}" has 64 bytes of data, expected the 4'),
    "shape negative": (edit_tensor(BIAS, shape=[-16]), f'"{BIAS}" has a shape that is negative'),
    "shape too large": (edit_tensor(BIAS, shape=[2 ** 31, 2 ** 31, 16]), f'"{BIAS}" has a shape that is'),
    "shape of nine dimensions": (edit_tensor(BIAS, shape=[1] * 8 + [16]), f'"{BIAS}" has no shape of at most 8'),
    "shape a number": (edit_tensor(BIAS, shape=16), f'"{BIAS}" has no shape'),
}


@pytest.mark.parametrize("broken, said", BAD_MODELS.values(), ids=BAD_MODELS)
def test_a_broken_model_is_refused(broken, said, tmp_path):
    checkpoint = copy_of("relu", tmp_path)
    broken(checkpoint / "model.safetensors")
    assert said in refusal(checkpoint, "model.safetensors")


@pytest.mark.parametrize("keep, said", [
    (1, "found 1 bytes"), (7, "found 7 bytes"), (8, "header length"), (9, "header length"),
    (HEADER_END - 1, "header length"), (HEADER_END, "incomplete, copy it again"),
    (HEADER_END + 1, "incomplete, copy it again"), (len(MODEL) // 2, "incomplete, copy it again"),
    (len(MODEL) - 1, "incomplete, copy it again")])
def test_a_truncated_model_is_refused(keep, said, tmp_path):
    checkpoint = copy_of("relu", tmp_path)
    (checkpoint / "model.safetensors").write_bytes(MODEL[:keep])
    assert said in refusal(checkpoint, "model.safetensors")


def test_a_quantized_model_without_a_scale_is_refused(tmp_path):
    checkpoint = copy_of("int8", tmp_path)
    edit_header_text(b'"encoder.0.self_attention.key.scale"', b'"encoder.0.self_attention.key.other"')(
        checkpoint / "model.safetensors")
    assert '"encoder.0.self_attention.key.scale" is missing' in refusal(checkpoint, "model.safetensors")


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_weights_that_are_not_numbers_give_no_translation(number, tmp_path):
    checkpoint = copy_of("relu", tmp_path)
    n_floats = (len(MODEL) - HEADER_END) // 4
    (checkpoint / "model.safetensors").write_bytes(MODEL[:HEADER_END] + struct.pack("<f", number) * n_floats)
    assert "not a number" in sentence_of(run("a", model=checkpoint), 1)


# ---- source.vocab ----

def edit_lines(edit):
    """A function that rewrites a vocabulary: edit(lines) changes its lines, which have no ends, in place."""
    def rewrite(path):
        lines = path.read_bytes().split(b"\n")[:-1]
        edit(lines)
        path.write_bytes(b"".join(line + b"\n" for line in lines))
    return rewrite


def set_line(i, value):
    return edit_lines(lambda lines: lines.__setitem__(i, value))


WRONG_COUNT = "found {} whole lines, expected the %d pieces of config.json" % N_VOCABULARY
BAD_VOCABULARIES = {
    "a line too few": (edit_lines(lambda lines: lines.pop()), WRONG_COUNT.format(N_VOCABULARY - 1)),
    "a line too many": (edit_lines(lambda lines: lines.append(b"more")), WRONG_COUNT.format(N_VOCABULARY + 1)),
    "a last line without an end": (lambda path: path.write_bytes(path.read_bytes()[:-1]),
                                   WRONG_COUNT.format(N_VOCABULARY - 1)),
    "a piece twice": (edit_lines(lambda lines: lines.__setitem__(20, lines[10])), "a second time, first on line 11"),
    "an empty line": (set_line(10, b""), "line 11: found an empty line"),
    "a NUL byte": (set_line(10, b"a\0b"), "not text"),
    "not UTF-8": (set_line(10, b"\xff"), "not text"),
    "line ends of another system": (edit_lines(lambda lines: lines.__setitem__(
        slice(None), [line + b"\r" for line in lines])), "line"),
}


@pytest.mark.parametrize("broken, said", BAD_VOCABULARIES.values(), ids=BAD_VOCABULARIES)
def test_a_broken_vocabulary_is_refused(broken, said, tmp_path):
    checkpoint = copy_of("relu", tmp_path)
    broken(checkpoint / "source.vocab")
    assert said in refusal(checkpoint, "source.vocab")


def test_more_after_the_last_line_is_not_called_a_wrong_count(tmp_path):
    checkpoint = copy_of("relu", tmp_path)
    with (checkpoint / "source.vocab").open("ab") as file:
        file.write(b"more")
    assert WRONG_COUNT.format(N_VOCABULARY) not in refusal(checkpoint, "source.vocab")


def test_a_piece_cannot_command_the_terminal(tmp_path):
    checkpoint = copy_of("relu", tmp_path)
    edit_lines(lambda lines: lines.__setitem__(slice(2, None), [b"\x1b[2J" + line for line in lines[2:]]))(
        checkpoint / "source.vocab")
    done = run("--tokens", "I have a dog.", model=checkpoint)
    assert b"\x1b" not in done.stdout + done.stderr
