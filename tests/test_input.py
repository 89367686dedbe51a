"""What the program reads: encodings, `-`, and input that is not text."""

import bz2
import functools
import gzip
import io
import json
import lzma
import re
import subprocess
import zipfile

import pytest

from edits import GOLDEN
from transformer_c import program

MODEL = GOLDEN / "int8"
SECONDS = 60
LINES = "I have a dog.\nDon’t go – it’s 5 €!\n\nÄgypten “hi” Œ\n"


def run(*arguments, stdin=b"", **options):
    """(exit status, standard output, standard error) of the program; stdin is text, or something to read from."""
    options |= {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
    done = subprocess.run([program.TRANSLATE, "-m", MODEL, *arguments], capture_output=True, timeout=SECONDS, **options)
    return done.returncode, done.stdout, done.stderr.decode()


def notices(said):
    """The notices about encodings."""
    return re.findall(r"^translate: (line \d+: not valid .*)$", said, re.MULTILINE)


def translated(text):
    status, out, said = run(stdin=text.encode())
    assert status == 0 and not notices(said)
    return out


# ---- Windows-1252 ----

READ_AS = "not valid UTF-8; such lines are read as Windows-1252; --encoding names another encoding"


def test_lines_that_are_not_utf8_are_windows_1252_with_one_notice(tmp_path):
    text = "Good morning.\n" + LINES * 2
    (tmp_path / "in").write_bytes(text.encode("cp1252"))
    for arguments, stdin in ([], text.encode("cp1252")), (["-i", tmp_path / "in"], b""):
        status, out, said = run(*arguments, stdin=stdin)
        assert (status, out, notices(said)) == (0, translated(text), [f"line 3: {READ_AS}"])


def test_every_byte_is_a_character_of_windows_1252():
    lines = [b"a " + bytes([byte]) + b" dog" for byte in range(0x80, 0x100)]
    text = "".join(line.decode("cp1252", "replace") + "\n" for line in lines)
    stdin = b"".join(line + b"\n" for line in lines)
    assert run(stdin=stdin)[1] == translated(text)
    assert "".join(json.loads(line)["text"] + "\n" for line in run("--format", "jsonl", stdin=stdin)[1].splitlines()) == text


def test_each_line_has_its_own_encoding():
    assert run(stdin="café\n".encode() + "café\n".encode("cp1252"))[1] == translated("café\n" * 2)


def test_a_text_that_is_not_utf8_is_windows_1252():
    status, out, said = run("I can\x92t.\nA café.".encode("latin1"))
    assert (status, out, notices(said)) == (0, translated("I can’t.\nA café.\n"), [f"line 1: {READ_AS}"])


def test_carriage_returns_stay(tmp_path):
    assert run(stdin=b"caf\xe9\r\n\r\nb\r\n")[1] == translated("café\r\n\r\nb\r\n")


def test_the_notice_counts_lines_of_a_resumed_run(tmp_path):
    (tmp_path / "in").write_bytes(b"a\n" * 3 + b"caf\xe9\n")
    _, whole, _ = run("-i", tmp_path / "in")
    with subprocess.Popen([program.TRANSLATE, "-m", MODEL, "-o", tmp_path / "out", "-i", tmp_path / "in"]) as process:
        process.wait()
    (tmp_path / "out.resume").write_text("")  # what a run that was killed at once leaves
    (tmp_path / "out.partial").write_text("")
    status, _, said = run("-i", tmp_path / "in", "-o", tmp_path / "out", "--resume")
    assert (status, notices(said)) == (0, [f"line 4: {READ_AS}"])
    assert (tmp_path / "out").read_bytes() == whole


# ---- --encoding ----

@functools.cache
def read_as_utf8(text):
    """(translation, what is said) of a text in UTF-8."""
    return run(stdin=text.encode())[1:]


ENCODINGS = ["UTF-8", "utf-16", "UTF-16LE", "UTF-16BE", "UTF-32", "CP1252", "iso-2022-jp-2", "UTF-7"]


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_named_encoding_is_read(name, tmp_path):
    text = LINES if name != "iso-2022-jp-2" else "dog 犬\nÄ\n東京 cat"
    whole = (text * 300).encode(name)
    (tmp_path / "in").write_bytes(whole)
    for arguments in ([], ["-i", tmp_path / "in"]):
        assert run("--encoding", name, *arguments, stdin=whole) == (0, *read_as_utf8(text * 300))


def test_a_character_may_arrive_in_pieces():
    with subprocess.Popen([program.TRANSLATE, "-m", MODEL, "--encoding", "utf-16"], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as process:
        for byte in "𝔸 dog €.\n".encode("utf-16"):
            process.stdin.write(bytes([byte]))
        assert process.stdout.readline() == translated("𝔸 dog €.\n")
        process.stdin.close()
        assert (process.stdout.read(), notices(process.stderr.read().decode())) == (b"", [])


@pytest.mark.parametrize("name, bad", [("UTF-8", b"\xff"), ("UTF-16LE", b"\x00\xd8"), ("UTF-32LE", b"\x00\x00\x11\x00"),
                                       ("EUC-JP", b"\xff")])
def test_what_is_no_character_is_replaced_with_a_notice(name, bad):
    stdin = "b\nI have ".encode(name) + bad + " a dog.\nGood morning.\n".encode(name)
    status, out, said = run("--encoding", name, stdin=stdin)
    assert (status, out) == (0, translated("b\nI have \ufffd a dog.\nGood morning.\n"))
    assert notices(said) == ["line 2: not valid in the encoding named; invalid bytes are read as U+FFFD"]


@pytest.mark.parametrize("name, stdin", [("utf-16le", b"a\0b"), ("utf-16le", b"a\0\x00\xd8"), ("utf-8", b"a\xf0\x9f\x98"),
                                         ("gb18030", b"a\x81\x30\x81")])
def test_the_beginning_of_a_character_at_the_end_is_replaced(name, stdin):
    [line] = run("--encoding", name, "--format", "jsonl", stdin=stdin)[1].splitlines()
    assert json.loads(line)["text"] == "a\ufffd"


def test_a_text_has_the_named_encoding():
    assert run("--encoding", "koi8-r", "дом".encode("koi8-r"))[1] == translated("дом\n")


@pytest.mark.parametrize("name", ["klingon", "", "utf-8//IGNORE", "x" * 100, "\x1b[2J"])
def test_an_unknown_encoding_is_refused(name):
    status, out, said = run("--encoding", name, "a")
    assert (status, out) == (2, b"") and "unknown --encoding" in said and "`iconv --list` shows the names" in said
    assert "\x1b" not in said


# ---- no text ----

def zipped(text):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("in.txt", text)
    return file.getvalue()


NO_TEXT = {"gzip": (gzip.compress, "compressed with gzip", "gunzip"), "zip": (zipped, "a zip archive", "funzip"),
           "xz": (lzma.compress, "compressed with xz", "unxz"), "bzip2": (bz2.compress, "compressed with bzip2", "bunzip2"),
           "zstd": (lambda text: b"\x28\xb5\x2f\xfd\x24" + text, "compressed with zstd", "unzstd"),
           "UTF-16": (lambda text: text.decode().encode("utf-16"), "UTF-16", "iconv -f UTF-16 -t UTF-8"),
           "UTF-16BE": (lambda text: b"\xfe\xff" + text.decode().encode("utf-16be"), "UTF-16", "iconv -f UTF-16 -t UTF-8"),
           "UTF-32": (lambda text: text.decode().encode("utf-32"), "UTF-32", "iconv -f UTF-32 -t UTF-8")}


@pytest.mark.parametrize("make, what, command", NO_TEXT.values(), ids=NO_TEXT)
def test_input_that_is_no_text_is_refused_with_what_to_do(make, what, command, tmp_path):
    content = make(b"The house is small.\n")
    (tmp_path / "in").write_bytes(content)
    status, out, said = run(stdin=content)
    assert (status, out) == (1, b"") and f"standard input: is {what}, " in said and f"the output of `{command}`" in said
    status, out, said = run("-i", "in", "-o", "out", cwd=tmp_path)
    assert (status, out) == (1, b"") and f"in: is {what}, " in said and f"the output of `{command} <in`" in said
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize("magic", [b"\x1f\x8b\x08", b"PK\x03\x04", b"\xfd7zXZ\0", b"\x28\xb5\x2f\xfd", b"\xfe\xff"], ids=str)
def test_a_few_bytes_tell_what_is_no_text(magic):
    assert run(stdin=magic)[0] == 1


@pytest.mark.parametrize("name", ["UTF-16", "UTF-32"])
def test_what_the_message_says_works(name, tmp_path):
    (tmp_path / "in").write_bytes(LINES.encode(name))
    said = run("-i", "in", cwd=tmp_path)[2]
    command = re.search("the output of `(.*)`", said)[1]
    converted = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, check=True).stdout
    option = re.search("use (--encoding [^ ,]+)", said)[1].split()
    assert run(stdin=converted)[1] == run(*option, "-i", "in", cwd=tmp_path)[1] == translated(LINES)


def test_a_file_name_is_no_command(tmp_path):
    name = "a';echo $(x) `y`.gz"
    (tmp_path / name).write_bytes(gzip.compress(b"a"))
    said = run("-i", name, cwd=tmp_path)[2]
    assert said.startswith(f"translate: {name}: is compressed") and "`gunzip <FILE`" in said


@pytest.mark.parametrize("text", ["PK is a name.\n", "BZh9 is text.\n", "BZh91AY&S\n", "(/ a\n"])
def test_text_that_begins_like_a_compressed_file_is_text(text):
    assert run(stdin=text.encode())[0] == 0


# ---- the name - ----

def test_dashes_are_the_standard_streams(tmp_path):
    for arguments in (["-i", "-"], ["-o", "-"], ["-i", "-", "-o", "-"], ["--input=-", "--output=-"]):
        assert run(*arguments, stdin=LINES.encode(), cwd=tmp_path)[:2] == (0, translated(LINES))
    (tmp_path / "-").write_bytes(b"Good morning.\n")
    assert run("-i", "./-", "-o", "-", cwd=tmp_path)[1] == translated("Good morning.\n")
    assert (tmp_path / "-").read_bytes() == b"Good morning.\n"


@pytest.mark.parametrize("arguments, said", [
    ("--trace - a", "--trace cannot write to standard output; name a file"),
    ("--explain - a", "--explain cannot write to standard output; name a file"),
    ("-i - -o out --resume", "--resume requires --input and --output to name files"),
    ("-i in -o - --resume", "--resume requires --input and --output to name files"),
    ("-i - a", "TEXT and --input cannot be combined")])
def test_dashes_where_they_make_no_sense_are_refused(arguments, said, tmp_path):
    status, _, message = run(*arguments.split(), cwd=tmp_path)
    assert status == 2 and said in message and list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("option", ["--input", "--output", "--trace", "--explain", "--model"])
def test_an_empty_name_is_refused(option, tmp_path):
    status, _, message = run(option, "", *(["a"] if option != "--input" else []), cwd=tmp_path)
    assert status == 2 and f"{option} has an empty name" in message and list(tmp_path.iterdir()) == []


# ---- lines without tokens ----

@pytest.mark.parametrize("line", ["\ufffd\ufffd", "▁", "▁▁ ▁", "\0", "\ufffd ▁"], ids=ascii)
def test_a_line_without_tokens_comes_back(line):
    for model, arguments in ((MODEL, []), (program.ROOT / "checkpoints/en-de", []),
                             (program.ROOT / "checkpoints/en-de", ["--plain"])):
        out = run("-m", model, *arguments, stdin=f"{line}\n".encode())[1]
        assert out == f"{line}\n".replace("\0", "\ufffd").encode()
