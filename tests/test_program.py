"""The program `translate` as a process: input, output, exit status, and error messages about bad checkpoints.

The checkpoints are the small random ones of tests/golden: translations are nonsense, but always the same nonsense.
"""

import array
import json
import math
import os
import pty
import random
import re
import select
import shutil
import signal
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

import odd_strings
from edits import config, copy_of, edit_lines
from options import options
from transformer_c import program

FLOAT32 = ["relu", "swish", "gelu", "odd"]
STORED = {**dict.fromkeys(FLOAT32, "float32"), "int8": "int8", "mixed": "float32 and int8"}
VARIANTS = list(STORED)
CHECKPOINTS = [*VARIANTS, "../../checkpoints/en-de"]
RELU = GOLDEN / "relu"
CONFIG = json.loads((RELU / "config.json").read_text())
LONG_LINE = b"the small house " * 40
SECONDS = 60  # a process that takes longer hangs


def start(*arguments, stdin=b"", **options):
    """The finished process of the program with exactly these arguments; stdin is text, or something to read from."""
    options = {"capture_output": True, **({"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}), **options}
    return subprocess.run([program.TRANSLATE, *arguments], timeout=SECONDS, **options)


def run(*arguments, model=RELU, **options):
    return start("-m", model, *arguments, **options)


def translated(stdin, *arguments, model=RELU):
    """The program's output for stdin."""
    done = run(*arguments, model=model, stdin=stdin)
    assert done.returncode == 0, done.stderr
    return done.stdout


def sentence_of(done, status):
    """The one-line message of a process that ended with `status` and wrote nothing to standard output."""
    assert (done.returncode, done.stdout) == (status, b"")
    said = done.stderr.decode()
    assert said.startswith("translate: ") and said.endswith("\n") and said.count("\n") == 1
    assert said[:-1].isprintable()
    return said


def failure_of(done):
    """The error message of a failed process. Notices may precede it, and standard output may have translations."""
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


def test_every_golden_checkpoint_is_tested():
    """Here and, by the lists of golden.h, in C; test_reversing.py has the trained one."""
    lists = re.findall(r"^#define GOLDEN_\w+ (.*)", (GOLDEN.parent / "golden.h").read_text(), re.MULTILINE)
    assert re.findall(r'"(\w+)"', " ".join(lists)) == VARIANTS
    assert {path.name for path in GOLDEN.iterdir() if path.is_dir()} == {*VARIANTS, "reversing"}


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
    "bytes that are never UTF-8": b"\xfd\xff\xfe \xc0\x80\n",
    "longer forms than needed": b"\xc0\xaf \xe0\x80\xaf \xf0\x80\x80\xaf \xf8\x88\x80\x80\x80\n",
    "beyond the last character": b"\xf4\x90\x80\x80 \xf5\x80\x80\x80\n",
    "a byte order mark": b"\xef\xbb\xbfGood morning.\n",
    "a surrogate": b"\xed\xa0\x80\n",
    "every byte": bytes(b for b in range(256) if b != 10) + b"\n",
    "only punctuation": b"...!!! ??? -- ( ) \" ' ; : ,\n",
    "an unknown script": "你好。再见。 Здравствуйте שלום สวัสดี\n".encode(),
    "emoji and joiners": "👩‍👩‍👧‍👦 e\u0301\u0301 \u200b\u200d\ufeff\n".encode(),
    "names of special tokens": b"</s> <pad> <unk> <s> \xe2\x96\x81 hello</s>\n",
    "language codes": b">>deu<< I have a dog.\n>>\n>><<\n>>no end\n",
    "more than the positions": LONG_LINE + b"\n",
    "many sentences": b"I have a dog. " * 100 + b"\n",
    "ten thousand sentences": b"I have a dog. " * 10_000 + b"\n",
    "a word a thousand times": b"dog " * 1000 + b"\n",
    "a letter with a thousand marks": ("e" + "\u0301\u0323" * 500).encode() + b"\n",
    "directions": "\u200f\u202eabc\u202c \u2067שלום\u2069\n".encode(),
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


@pytest.mark.parametrize("variant", CHECKPOINTS)
def test_each_odd_string_gives_a_line(variant):
    text = "".join(f"{string}\n" for string in odd_strings.ODD_STRINGS).encode()
    out = translated(text, model=GOLDEN / variant).decode()
    assert out.count("\n") == len(odd_strings.ODD_STRINGS)
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]", out)


@pytest.mark.parametrize("character", ["a", "\u2603"], ids=["known", "unknown"])
def test_a_megabyte_without_a_space_gives_a_line(character):
    """In parts: SentencePiece's time for unknown ones, which become one token, grows with the square."""
    text = character * (1_000_000 // len(character.encode()))
    done = subprocess.run([program.TRANSLATE, "-m", RELU, "--plain"], input=f"{text}\n".encode(), capture_output=True,
                          timeout=8 * SECONDS)
    assert (done.returncode, done.stdout.count(b"\n")) == (0, 1)
    assert re.search(rb"^translate: line 1: a sentence is longer .* in \d+ parts$", done.stderr, re.MULTILINE)


def test_what_is_longer_than_any_piece_is_no_language_code():
    """It would go before every sentence."""
    for length, is_code in ((2044, True), (2045, False)):
        done = run(stdin=b">>" + b"x" * length + b"<< a\n")
        assert (done.returncode, done.stdout.count(b"\n"), b"language code" in done.stderr) == (0, 1, is_code)


def test_what_is_not_utf_8_is_no_language_code():
    """Replaced by three bytes each, it would be longer than any piece."""
    done = run(stdin=b">>" + b"\xffa" * 1000 + b"<< b\n")
    assert (done.returncode, done.stdout.count(b"\n"), b"language code" in done.stderr) == (0, 1, False)


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


def test_a_nul_reads_as_a_replacement_character():
    assert translated(b"a\0b\n") == translated("a\ufffdb\n".encode())


def test_a_line_beyond_the_positions_gives_a_notice():
    done = run(stdin=b"\n" + LONG_LINE + b"\n")
    assert done.returncode == 0
    assert re.search(rb"^translate: line 2: a sentence is longer than the checkpoint's 64 positions", done.stderr,
                     re.MULTILINE)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_line_of_all_positions_is_one_sentence(variant):
    """And with one token more it is two."""
    positions = json.loads((GOLDEN / variant / "config.json").read_text())["max_positions"]

    def sentences(n_words):
        [shown] = program.translate_tokens(GOLDEN / variant, [" ".join(["a"] * n_words)])
        return shown

    n_words = 1
    while len(sentences(n_words + 1)) == 1:
        n_words += max(1, (positions - len(sentences(n_words)[0].source)) // 2)
    [last] = sentences(n_words)
    assert len(last.source) == positions
    assert len(sentences(n_words - 1)) == 1 and len(sentences(n_words + 1)) == 2
    assert b"was translated in 2 parts" in run(" ".join(["a"] * (n_words + 1)), model=GOLDEN / variant).stderr
    assert b"positions" not in run(" ".join(["a"] * n_words), model=GOLDEN / variant).stderr


def test_what_does_not_end_is_cut_at_the_cap_with_a_notice():
    [[sentence]] = program.translate_tokens(RELU, ["I have a dog."])
    assert len(sentence.target) == min(2 * len(sentence.source) + 30, CONFIG["generation"]["max_length"])
    assert (b"translate: line 1: 1 of 1 translated sentences did not end and were truncated at the length cap\n"
            in run("I have a dog.").stderr)


def test_a_long_run_of_full_stops_does_not_hang():
    assert translated(b"." * 200_000 + b"a\n").count(b"\n") == 1  # SECONDS is the limit


def test_white_space_between_sentences_is_put_back():
    done = run("  I have a dog.   Good morning. ")
    assert re.fullmatch(rb"  .*\S   \S.* \n", done.stdout)


@pytest.mark.parametrize("name", ["</s>", "<pad>", "<unk>"])
@pytest.mark.parametrize("variant", CHECKPOINTS)
def test_the_name_of_a_special_token_is_text(variant, name):
    config = json.loads((GOLDEN / variant / "config.json").read_text())
    [[sentence]] = program.translate_tokens(GOLDEN / variant, [name], "--plain")
    assert len(sentence.source) > 3  # pieces of its letters, and the end
    assert not {*config["source"]["after"], config["target"]["pad"]} & set(sentence.source[:-1])


@pytest.fixture(scope="session")
def locales(tmp_path_factory):
    """An environment with the locale de_DE.UTF-8."""
    directory = tmp_path_factory.mktemp("locales")
    environment = {**os.environ, "LOCPATH": str(directory)}
    try:
        subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", directory / "de_DE.UTF-8"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as problem:
        pytest.skip(f"de_DE.UTF-8 cannot be created, which needs Debian's package locales: {problem}")
    point = subprocess.run(["locale", "decimal_point"], env={**environment, "LC_ALL": "de_DE.UTF-8"}, capture_output=True)
    assert point.stdout == b",\n"
    return environment


@pytest.mark.parametrize("name", ["C", "C.UTF-8", "de_DE.UTF-8"])
def test_the_locale_changes_nothing(name, locales):
    text = "".join(f"{string}\n" for string in odd_strings.ODD_STRINGS).encode()
    shown = run("--tokens", model=GOLDEN / "int8", stdin=text)
    done = run("--tokens", model=GOLDEN / "int8", stdin=text, env={**locales, "LC_ALL": name})
    assert (done.returncode, done.stdout, done.stderr) == (0, shown.stdout, shown.stderr)


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
        pytest.skip(f"this CPU lacks {level}")
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
            assert process.wait(SECONDS) == -signal.SIGPIPE
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
    assert f"{out}: is both input and output" in sentence_of(run("-i", text, "-o", out), 1)
    assert text.read_bytes() == b"I have a dog.\n"


def test_standard_input_as_output_is_refused_and_untouched(tmp_path):
    text = tmp_path / "in"
    text.write_bytes(b"I have a dog.\n")
    with text.open("rb") as file:
        done = subprocess.run([program.TRANSLATE, "-m", RELU, "-o", text], stdin=file, capture_output=True,
                              timeout=SECONDS)
    assert text.read_bytes() == b"I have a dog.\n"
    assert f"{text}: is both input and output" in sentence_of(done, 1)


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
    assert f"{out}.partial: cannot be written: No such file" in sentence_of(run("-o", out, "a"), 1)


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
        assert re.search(rf"\[#+\] 100 %  {len(text.splitlines())} lines  [\d.]+ lines/s  0:00 left ", shown)
    assert "nan" not in shown and "inf" not in shown


def test_a_notice_replaces_the_progress_bar(tmp_path):
    (tmp_path / "in").write_bytes(b"Good morning.\n" * 300 + b"\xff\n")
    assert "\r\x1b[Ktranslate: line 301: not valid UTF-8" in on_a_terminal("-i", tmp_path / "in", "-o", tmp_path / "out")


def test_no_progress_bar_is_drawn_elsewhere(tmp_path):
    (tmp_path / "in").write_bytes(b"Good morning.\n" * 100)
    assert b"%" not in run("-i", tmp_path / "in", "-o", tmp_path / "out").stderr


# ---- options ----

def test_help_shows_every_option():
    """With its letter, and with a value where it takes one."""
    done = start("--help")
    assert (done.returncode, done.stderr) == (0, b"")
    shown = re.findall(r"^  (?:-(\w), |    )--([\w-]+)(\[=[A-Z]+\]| [A-Z]+|)(?=  |$)", done.stdout.decode(), re.MULTILINE)
    kinds = {"": "no", " ": "required", "[": "optional"}
    assert {name: (letter, kinds[value[:1]]) for letter, name, value in shown} == options()


# An option of a number, the value that it has when left out, another one, and what shows the difference.
DEFAULTS = [("beam", "1", "4", ""), ("length-penalty", "1", "2", "--beam 4 --n-best 4"),
            ("n-best", "5", "4", "--alternatives 0"), ("temperature", "1", "2", "--sample"), ("top-p", "1", "0.1", "--sample"),
            ("seed", "1", "2", "--sample")]


def test_the_help_says_the_defaults():
    said = re.findall(r"^      --([\w-]+)(?:(?!\n {6}--|\n\n).)*?\(default: (\d+)[,)]", start("--help").stdout.decode(),
                      re.MULTILINE | re.DOTALL)
    assert dict(said) == {"alternatives" if name == "n-best" else name: default for name, default, _, _ in DEFAULTS
                          if name != "top-p"}  # all of the probability


@pytest.mark.parametrize("name, default, other, shown", DEFAULTS)
def test_an_option_left_out_has_its_default(name, default, other, shown):
    text = b"".join(some_lines("relu").splitlines(keepends=True)[:20])
    left_out = translated(text, *shown.split())
    assert translated(text, *shown.split(), f"--{name}", default) == left_out
    assert translated(text, *shown.split(), f"--{name}", other) != left_out


def test_the_readme_shows_how_the_help_begins():
    readme = (GOLDEN.parent.parent / "README.md").read_text(encoding="utf-8")
    [shown] = re.findall(r"^\$ scripts/translate --help\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
    assert shown.endswith("\n…\n") and start("--help").stdout.decode().startswith(shown.removesuffix("…\n"))


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
    content = (GOLDEN / variant / "model.safetensors").read_bytes()
    tensors = json.loads(content[8:8 + struct.unpack("<Q", content[:8])[0]])
    n_numbers = sum(math.prod(tensor["shape"]) for name, tensor in tensors.items() if name != "__metadata__")
    assert shown["weights"] == f"{n_numbers} numbers in {1e-6 * len(content):.1f} MB, {STORED[variant]}"
    assert shown["d_model"] == str(config["d_model"])
    assert shown["activation"] == config["activation"]
    for stack in ("encoder", "decoder"):
        layers, heads, inner, width = (config[stack][key] for key in ("n_layers", "n_heads", "d_ff", "d_head"))
        assert re.fullmatch(rf"{layers} layers?, {heads} heads?, d_ff {inner}, d_head {width}", shown[stack])
    assert shown["norm"] == "after each sublayer"
    assert (shown["positions"], shown["tokenizer"]) == ("sinusoids", "sentencepiece")
    assert shown["frame"] == "source text </s>, target <pad> text </s>"
    assert shown["vocabulary"] == "{} source, {} target, {}".format(
        config["source"]["n_vocabulary"], config["target"]["n_vocabulary"],
        "shared" if config["shared_vocabulary"] else "separate")
    assert shown["lengths"] == "{} positions, translations of at most {} tokens".format(
        config["max_positions"], config["generation"]["max_length"])


@pytest.mark.parametrize("arguments, said", [
    ("--bogus", "unknown option --bogus"), ("-z", "unknown option -z"), ("a --bogus", "unknown option --bogus"),
    ("--tokens=3 a", "takes no value"), ("--steps=3 a", "takes no value"),
    ("-m", "requires a value"), ("--model", "requires a value"), ("-i", "requires a value"), ("a -o", "requires a value"),
    ("--trace", "requires a value"), ("-t 0 a", "a number from 1 to"), ("-t 257 a", "a number from 1 to"),
    ("--threads=two a", "a number from 1 to"), ("-t 1x a", "a number from 1 to"), ("-t -1 a", "a number from 1 to"),
    ("--trace t", "--trace requires TEXT"), ("--trace t -i f", "--trace requires TEXT"),
    ("-i f a", "TEXT and --input cannot be combined"), ("-i f a b --trace t", "TEXT and --input cannot be combined")])
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
    shown = program.translate_tokens(GOLDEN / variant, [row["text"] for row in golden], "--plain")
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


def test_tokens_show_what_was_protected():
    shown = run("--tokens", "See <b>%s</b> at x.org now.", model=GOLDEN / CHECKPOINTS[-1]).stderr.decode().splitlines()
    assert [line for line in shown if line.startswith("  protected: ")] == [
        "  protected: <b>", "  protected: <copy:0> = %s", "  protected: </b>", "  protected: <copy:1> = x.org"]
    assert sum(line.startswith("  source ") and "<copy:" in line for line in shown) == 2


def test_plain_protects_nothing_and_splits_no_line():
    shown = run("--plain", "--tokens", "See x.org. It is\tgood.", model=GOLDEN / CHECKPOINTS[-1]).stderr.decode()
    assert "line 1, sentence 1, bytes 0 to 22 of 22" in shown
    assert "sentence 2" not in shown and "protected" not in shown and "<copy:" not in shown


def test_log_probabilities_are_at_most_zero():
    [found] = program.translate_objects(RELU, ["I have a dog."])
    [sentence] = found["sentences"]
    assert sentence["log_probabilities"] and all(-math.inf < number <= 0 for number in sentence["log_probabilities"])


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
        assert all(map(math.isfinite, tensors[name][2])), name
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
                           f"{part}.heads": (n, d), part: (n, d), f"{part}_norm": (n, d),
                           **{f"{part}.{what}": (config[stack]["n_heads"] * n, n_keys) for what in ("scores", "weights")}}
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
    ids = {side: [int(number) for number in metadata[f"{side}_ids"].split()] for side in ("source", "decoder", "target")}
    start = json.loads((GOLDEN / variant / "config.json").read_text())["target"]["start"]
    assert ids == {"source": sentence.source, "decoder": [start, *sentence.target[:-1]], "target": sentence.target}
    assert tensors["encoder.embedding"][0] == len(sentence.source)
    assert tensors["decoder.embedding"][0] == len(sentence.target)


@pytest.mark.parametrize("variant", CHECKPOINTS)
def test_a_trace_holds_the_pieces_and_the_number_of_heads(variant, tmp_path):
    metadata, _ = trace(variant, tmp_path / "trace")
    config = json.loads((GOLDEN / variant / "config.json").read_text())
    for side in ("source", "decoder", "target"):
        vocabulary = "source" if side == "source" or config["shared_vocabulary"] else "target"
        pieces = (GOLDEN / variant / f"{vocabulary}.vocab").read_text().split("\n")
        assert json.loads(metadata[f"{side}_pieces"]) == [pieces[int(id)] for id in metadata[f"{side}_ids"].split()]
    assert [metadata[f"{stack}.n_heads"] for stack in ("encoder", "decoder")] == [
        str(config[stack]["n_heads"]) for stack in ("encoder", "decoder")]


@pytest.mark.parametrize("text", ['"a" \\ b', "<pad> </s>", "a\u2028b"])
def test_pieces_of_any_text_are_strings(text, tmp_path):
    checkpoint = copy_of("relu", tmp_path)
    edit_lines(lambda lines: lines.__setitem__(slice(None), [text.encode() + line for line in lines]))(
        checkpoint / "source.vocab")
    assert run("--trace", tmp_path / "trace", "a", model=checkpoint).returncode == 0
    metadata, _ = read_safetensors(tmp_path / "trace")
    for side in ("source", "decoder", "target"):
        assert all(piece.startswith(text) for piece in json.loads(metadata[f"{side}_pieces"]))


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
        assert all(value >= 0 for value in values)
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
        assert all(abs(a - b) <= 1e-4 * max(1, scale) for a, b in zip(tensors[name][2], expected, strict=True)), name


@pytest.mark.parametrize("text, n", [("I have a dog. Good morning.", 2), ("", 0), (LONG_LINE, r"\d+")],
                         ids=["two", "none", "parts"])
def test_a_trace_of_other_than_one_sentence_is_refused(text, n, tmp_path):
    said = failure_of(run("--trace", tmp_path / "trace", text))
    assert re.search(rf"TEXT has {n} sentences; --trace requires a single sentence", said)
    assert not (tmp_path / "trace").exists()


def test_a_trace_of_two_lines_is_refused(tmp_path):
    done = run("--trace", tmp_path / "trace", "I have a dog.\nGood morning.")
    assert "--trace requires a single sentence" in failure_of(done)


def test_a_trace_that_cannot_be_written_is_named(tmp_path):
    path = tmp_path / "none/trace"
    assert f"{path}.partial: cannot be written: No such file" in failure_of(run("--trace", path, "a"))


def test_a_trace_on_a_full_device_is_named():
    assert "/dev/full: cannot be written: No space left" in failure_of(run("--trace", "/dev/full", "a"))


# ---- bad checkpoints (hardening/test_crafted.py has many more) ----

def refusal(checkpoint, name):
    """The message that rejects a checkpoint because of its file `name`; --info prints the same."""
    said = sentence_of(run("a", model=checkpoint), 1)
    assert said.startswith(f"translate: {checkpoint / name}")
    assert sentence_of(run("--info", model=checkpoint), 1) == said
    return said


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


@pytest.mark.parametrize("control", "\u202a\u202e\u2066\u2069")
def test_what_is_shown_cannot_change_the_direction_of_text(control, tmp_path):
    """A name would be shown in another order than it has."""
    for arguments in (["-m", f"a{control}b", "a"], ["-m", RELU, "-i", f"a{control}b"], [f"--a{control}b"]):
        assert "a\ufffdb" in start(*arguments, cwd=tmp_path).stderr.decode()
    checkpoint = copy_of("relu", tmp_path)
    edit_lines(lambda lines: lines.__setitem__(slice(2, None), [control.encode() + line for line in lines[2:]]))(
        checkpoint / "source.vocab")
    for option in ("--tokens", "--steps", "--attention"):
        done = run(option, "I have a dog.", model=checkpoint)
        assert done.returncode == 0 and control.encode() not in done.stderr


def test_a_translation_keeps_the_direction_of_what_is_copied():
    assert "\u2067שלום\u2069\n".encode() == translated("\u2067שלום\u2069\n".encode(), model=GOLDEN / CHECKPOINTS[-1])


def test_a_very_long_path_is_refused():
    assert "path longer than" in sentence_of(run("a", model="x" * 5000), 1)


@pytest.mark.parametrize("language", ["\x1b[2J", "\n"], ids=ascii)
def test_a_language_cannot_command_the_terminal(language, tmp_path):
    checkpoint = copy_of("relu", tmp_path)
    config(source__language=language)(checkpoint / "config.json")
    shown = run("--info", model=checkpoint)
    assert b"\x1b" not in shown.stdout + shown.stderr
    assert shown.returncode == 1 or shown.stdout.count(b"\n") == run("--info").stdout.count(b"\n")


def test_a_piece_cannot_command_the_terminal(tmp_path):
    checkpoint = copy_of("relu", tmp_path)
    edit_lines(lambda lines: lines.__setitem__(slice(2, None), [b"\x1b[2J" + line for line in lines[2:]]))(
        checkpoint / "source.vocab")
    done = run("--tokens", "I have a dog.", model=checkpoint)
    assert b"\x1b" not in done.stdout + done.stderr


# ---- a checkpoint that changes while it is mapped ----

def shorten(path):
    os.truncate(path, 5000)


def write_again(path):
    path.write_bytes(path.read_bytes())


def overwrite(path):
    with path.open("r+b") as file:
        file.seek(-1000, os.SEEK_END)
        file.write(bytes(1000))


def put_another_in_its_place(path):
    shutil.copyfile(GOLDEN / "odd/model.safetensors", path.with_suffix(".new"))
    path.with_suffix(".new").rename(path)


def translations_around(change, tmp_path, *options):
    """The process that translates a line, lets `change` have the weights, and gets a second line."""
    checkpoint = copy_of("relu", tmp_path)
    with subprocess.Popen([program.TRANSLATE, "-m", checkpoint, *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, bufsize=0) as process:
        process.stdin.write(b"a dog.\n")
        first = process.stdout.readline()
        assert first == translated(b"a dog.\n")
        time.sleep(0.02)  # so that the time of the file becomes another
        change(checkpoint / "model.safetensors")
        rest, said = process.communicate(b"the house.\n" * 100, timeout=SECONDS)
        return subprocess.CompletedProcess([], process.returncode, rest, said)


@pytest.mark.parametrize("n_threads", ["1", "3"])
@pytest.mark.parametrize("change, said", [
    (shorten, "truncated or unreadable while in use; copy the checkpoint again and run the program again"),
    (write_again, "modified while in use, so the translation may be wrong; run the program again"),
    (overwrite, "modified while in use, so the translation may be wrong; run the program again"),
], ids=lambda value: getattr(value, "__name__", ""))
def test_weights_that_change_give_a_sentence(change, said, n_threads, tmp_path):
    done = translations_around(change, tmp_path, "--threads", n_threads)
    assert failure_of(done) == f"translate: {tmp_path / 'bad ü relu/model.safetensors'}: {said}"
    assert done.stdout == b""


def test_weights_with_others_put_in_their_place_stay_as_they_were(tmp_path):
    done = translations_around(put_another_in_its_place, tmp_path)
    assert (done.returncode, done.stdout) == (0, translated(b"the house.\n") * 100)
