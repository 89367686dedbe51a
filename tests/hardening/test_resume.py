"""Long runs: OUT appears only once complete, and an interrupted run resumes where it stopped.

    test_resume.py --kills N [-m DIR] [--lines N]

Run by hand, kills N runs at random moments and prints how many were completed by --resume with byte-identical output. pytest
does the same with a few.
"""

import argparse
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent / "scripts")]  # when run by hand

from options import options
from processes import heed_interrupts
from transformer_c import program

REVERSING = TESTS / "golden/reversing"
TEXT = b"I have a dog.\n\nGood morning.\r\nWe go to the sea in summer. I have a dog.\n" * 50 + b"no line end"
SECONDS = 60  # a process that takes longer hangs


def start(*arguments, model=REVERSING, **options):
    options = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "bufsize": 0,
               "preexec_fn": heed_interrupts, **options}
    return subprocess.Popen([program.TRANSLATE, "-m", model, *arguments], **options)


def run(*arguments, stdin=b"", **options):
    """(exit status, standard error) of a process that writes nothing to standard output."""
    process = start(*arguments, **options)
    out, said = process.communicate(stdin, SECONDS)
    assert not out
    return process.returncode, said.decode()


def translated(text, model=REVERSING):
    return subprocess.run([program.TRANSLATE, "-m", model], input=text, capture_output=True, check=True).stdout


def beside(path, end):
    return path.with_name(path.name + end)


def names(directory):
    return sorted(path.name for path in directory.iterdir())


def wait_until(reached):
    ends = time.monotonic() + SECONDS
    while not reached():
        assert time.monotonic() < ends
        time.sleep(0.005)


def limit_size(n_bytes):
    """What the process calls before it starts, so that no file of it grows beyond n_bytes."""
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it
    return limit


@pytest.fixture
def files(tmp_path):
    """(in, out) of a run that stopped when half of its output was written."""
    text, out = tmp_path / "in", tmp_path / "out"
    text.write_bytes(TEXT)
    half = len(translated(TEXT)) // 2
    assert run("-i", text, "-o", out, preexec_fn=limit_size(half))[0] == 1
    assert beside(out, ".partial").read_bytes() == translated(TEXT)[:half]
    return text, out


def assert_whole(text, out):
    """Checks that `out` is complete, and nothing else is left."""
    assert out.read_bytes() == translated(text.read_bytes())
    assert names(out.parent) == sorted([text.name, out.name])


# ---- complete or absent ----

@pytest.mark.parametrize("old", [None, b"old\n"], ids=["no file", "an old file"])
def test_an_output_appears_when_it_is_whole(old, tmp_path):
    out, partial = tmp_path / "out", tmp_path / "out.partial"
    if old:
        out.write_bytes(old)
    with start("-o", out) as process:
        process.stdin.write(b"I have a dog.\n")
        wait_until(lambda: partial.exists() and partial.read_bytes() == translated(b"I have a dog.\n"))
        assert (out.read_bytes() if out.exists() else None) == old
        process.stdin.close()
        assert process.wait(SECONDS) == 0
    assert out.read_bytes() == translated(b"I have a dog.\n")
    assert names(tmp_path) == ["out"]


@pytest.mark.parametrize("mode", [0o600, 0o664])
def test_a_replaced_output_keeps_its_mode(mode, tmp_path):
    out = tmp_path / "out"
    out.write_bytes(b"old")
    out.chmod(mode)
    assert run("-o", out, "a") == (0, "")
    assert (out.read_bytes(), out.stat().st_mode & 0o777) == (translated(b"a\n"), mode)


def test_a_symbolic_link_is_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    target, link = tmp_path / "elsewhere/file", tmp_path / "link"
    target.write_bytes(b"old")
    link.symlink_to("elsewhere/file")
    assert run("-o", link, "a") == (0, "")
    assert link.is_symlink() and target.read_bytes() == translated(b"a\n")
    assert (names(tmp_path), names(target.parent)) == (["elsewhere", "link"], ["file"])


@pytest.mark.parametrize("end", [".partial", ".resume"])
def test_a_symbolic_link_beside_it_is_not_followed(end, tmp_path):
    victim, text = tmp_path / "victim", tmp_path / "in"
    victim.write_bytes(b"no line end")
    text.write_bytes(b"a\n")
    beside(tmp_path / "out", end).symlink_to("victim")
    status, said = run("-i", text, "-o", tmp_path / "out")
    assert status == 1 and f"out{end}: is a symbolic link, not a regular file" in said
    assert victim.read_bytes() == b"no line end"


def test_a_symbolic_link_to_nothing_is_refused(tmp_path):
    (tmp_path / "link").symlink_to("none")
    status, said = run("-o", tmp_path / "link", "a")
    assert status == 1 and "link: cannot be written: dangling symbolic link" in said
    assert names(tmp_path) == ["link"]


def test_a_pipe_is_written_straight_away(tmp_path):
    os.mkfifo(tmp_path / "out")
    with start("-o", tmp_path / "out") as process, (tmp_path / "out").open("rb", buffering=0) as pipe:
        process.stdin.write(b"I have a dog.\n")
        assert pipe.readline() == translated(b"I have a dog.\n")
        assert names(tmp_path) == ["out"]
        process.stdin.close()
        assert process.wait(SECONDS) == 0


def test_standard_output_as_a_file_is_written_straight_away(tmp_path):
    (tmp_path / "file").write_bytes(b"before\n")
    with (tmp_path / "file").open("ab") as file:
        assert start("-o", "/dev/stdout", "a", stdout=file).wait(SECONDS) == 0
    assert (tmp_path / "file").read_bytes() == b"before\n" + translated(b"a\n")
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize("arguments", [["--trace", "t", "One. Two."], ["-i", "/dev/null", "--resume"], ["-i", "none"]],
                         ids=" ".join)
def test_a_run_that_wrote_nothing_leaves_nothing(arguments, tmp_path):
    status, said = run("-o", "out", *arguments, cwd=tmp_path)
    assert status == 1 and said.count("\n") == 1 and "--resume continues" not in said
    assert names(tmp_path) == []


def test_a_reader_that_leaves_ends_the_program_quietly(tmp_path):
    (tmp_path / "in").write_bytes(b"I have a dog.\n" * 20_000)
    with start("-i", tmp_path / "in") as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(SECONDS) == -signal.SIGPIPE
        assert process.stderr.read() == b""


# ---- one run at a time ----

@pytest.mark.parametrize("options", [[], ["--resume"]], ids=["new", "resume"])
@pytest.mark.parametrize("through_link", [False, True], ids=["file", "link"])
def test_a_second_run_is_refused_while_the_first_lives(options, through_link, tmp_path):
    text, out, link = tmp_path / "in", tmp_path / "out", tmp_path / "link"
    text.write_bytes(TEXT)
    out.write_bytes(b"old")
    link.symlink_to(out)
    with start("-o", out) as process:
        process.stdin.write(b"I have a dog.\n")
        wait_until(lambda: beside(out, ".partial").exists() and beside(out, ".partial").read_bytes())
        status, said = run("-i", text, "-o", link if through_link else out, *options)
        assert status == 1 and "out.partial: locked by another run" in said
        process.stdin.close()
        assert process.wait(SECONDS) == 0
    assert out.read_bytes() == translated(b"I have a dog.\n")


# ---- resuming ----

def test_resume_goes_on_after_the_last_whole_line(files):
    text, out = files
    n_lines = beside(out, ".partial").read_bytes().count(b"\n")
    assert run("-i", text, "-o", out, "--resume") == (0, f"translate: {out}.partial: resuming after {n_lines} lines\n")
    assert_whole(text, out)


def test_lines_of_an_interrupted_run_are_not_lost_silently(files):
    text, out = files
    partial = beside(out, ".partial").read_bytes()
    n_lines = partial.count(b"\n")
    for arguments in (["-i", text], ["a"]):
        status, said = run("-o", out, *arguments)
        assert status == 1 and f"out.partial: holds {n_lines} lines of an interrupted run; " in said
        assert ("--resume" in said) == (arguments[0] == "-i")
        assert beside(out, ".partial").read_bytes() == partial and not out.exists()


def test_resume_does_not_translate_again(files):
    """Existing lines are kept as they are."""
    text, out = files
    partial = beside(out, ".partial")
    partial.write_bytes(b"already\n" + partial.read_bytes().split(b"\n", 1)[1])
    assert run("-i", text, "-o", out, "--resume")[0] == 0
    assert out.read_bytes() == b"already\n" + translated(TEXT).split(b"\n", 1)[1]


CUTS = {"nothing": lambda whole: b"", "one byte": lambda whole: whole[:1],
        "a first line": lambda whole: whole[:whole.find(b"\n") + 1],
        "before a line end": lambda whole: whole[:whole.find(b"\n", len(whole) // 2)],
        "after a carriage return": lambda whole: whole[:whole.find(b"\r", len(whole) // 2) + 1],
        "all but one byte": lambda whole: whole[:-1], "everything": lambda whole: whole,
        "zeros at the end": lambda whole: whole[:300] + b"\0" * 4096,
        "zeros in between": lambda whole: whole[:300] + b"\0" * 500 + whole[800:]}


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_a_run_that_ended_anywhere_can_be_gone_on_with(cut, files):
    text, out = files
    beside(out, ".partial").write_bytes(cut(translated(TEXT)))
    assert run("-i", text, "-o", out, "--resume")[0] == 0
    assert_whole(text, out)


@pytest.mark.parametrize("options", [[], ["--resume"]], ids=["new", "resume"])
@pytest.mark.parametrize("left", [[], [".partial"], [".resume"], [".partial", ".resume"]], ids=str)
def test_empty_files_of_a_run_that_was_killed_are_taken_over(options, left, tmp_path):
    text, out = tmp_path / "in", tmp_path / "out"
    text.write_bytes(TEXT)
    for end in left:
        beside(out, end).touch()
    assert run("-i", text, "-o", out, *options) == (0, "")
    assert_whole(text, out)


def test_a_run_that_kept_half_a_line_starts_at_the_beginning(files):
    text, out = files
    beside(out, ".partial").write_bytes(b"half a li")
    assert run("-i", text, "-o", out, "--resume") == (0, "")
    assert_whole(text, out)


def test_a_state_without_lines_is_replaced(files):
    text, out = files
    beside(out, ".partial").unlink()
    (text.parent / "other").write_bytes(b"Good morning.\n")
    text.unlink()
    assert run("-i", text.parent / "other", "-o", out) == (0, "")
    assert_whole(text.parent / "other", out)


def change_input(text, model):
    text.write_bytes(text.read_bytes().replace(b"dog", b"Dog", 1))


def append_to_input(text, model):
    text.write_bytes(text.read_bytes() + b"\nmore\n")


def change_file(name):
    def change(text, model):
        content = bytearray((model / name).read_bytes())
        content[-1] = ord(" ") if content[-1:] == b"\n" and name == "config.json" else content[-1] ^ 1
        (model / name).write_bytes(content)
    return change


def change_vocabulary(text, model):
    lines = (model / "source.vocab").read_bytes().split(b"\n")
    lines[20:22] = reversed(lines[20:22])
    (model / "source.vocab").write_bytes(b"\n".join(lines))


CHANGES = {"input": (change_input, "input"), "longer input": (append_to_input, "input"),
           "config": (change_file("config.json"), "checkpoint"), "weights": (change_file("model.safetensors"), "checkpoint"),
           "vocabulary": (change_vocabulary, "checkpoint"),
           "program": (lambda text, model: beside(text.with_name("out"), ".resume").write_text(
               beside(text.with_name("out"), ".resume").read_text().replace("program ", "program 9.")), "program")}


@pytest.mark.parametrize("options", [["--beam", "2"], ["--no-repeat", "3"], ["--prefix", "a"], ["--sample"], ["--score"]])
def test_another_search_is_refused(options, files):
    text, out = files
    status, said = run("-i", text, "-o", out, "--resume", *options)
    assert status == 1 and "out.partial: the search has changed since this run began" in said


@pytest.mark.parametrize("change, named", CHANGES.values(), ids=CHANGES)
def test_what_has_changed_is_refused(change, named, files, tmp_path):
    text, out = files
    model = Path(shutil.copytree(REVERSING, tmp_path / "model"))
    partial = beside(out, ".partial").read_bytes()
    change(text, model)
    status, said = run("-i", text, "-o", out, "--resume", model=model)
    assert status == 1 and f"out.partial: the {named} has changed since this run began; restore it, or remove " in said
    assert beside(out, ".partial").read_bytes() == partial and not out.exists()


# Every option except those that only print, with a value that the interrupted run did not have.
ADDED = {"model": ["--model", TESTS / "golden/relu"], "threads": ["--threads", "3"],
         "input": ["--input", TESTS / "golden/source.txt"],
         "output": None, "resume": None,  # every case has them
         "encoding": ["--encoding", "utf-16"], "to": ["--to", "deu"], "plain": ["--plain"], "format": ["--format", "jsonl"],
         "beam": ["--beam", "2"], "length-penalty": ["--beam", "8", "--length-penalty", "10"],
         "n-best": ["--beam", "2", "--n-best", "2"],
         "alternatives": ["--alternatives", "1", "--format", "jsonl"], "no-repeat": ["--no-repeat", "1"],
         "prefix": ["--prefix", "zwei"],
         "sample": ["--sample"], "temperature": ["--sample", "--temperature", "2"], "top-k": ["--sample", "--top-k", "2"],
         "top-p": ["--sample", "--top-p", "0.5"], "seed": ["--sample", "--seed", "2"], "score": ["--score"],
         "without": ["--without", "positions"], "target": ["--target", "zwei"], "tokens": ["--tokens"], "steps": ["--steps"],
         "attention": ["--attention=all"],
         "trace": ["--trace", "trace"], "explain": ["--explain", "page"], "info": ["--info"]}


def test_every_option_is_tried_in_a_later_run():
    assert ADDED.keys() | {"help", "version"} == options().keys()


@pytest.mark.parametrize("added", filter(None, ADDED.values()), ids=lambda added: added[0])
def test_an_option_that_changes_translations_is_refused(added, files, tmp_path):
    """Otherwise one file would mix two kinds of lines. Options that cannot be combined with files are usage errors."""
    text, out = files
    partial = beside(out, ".partial").read_bytes()
    whole = tmp_path / "whole"
    whole.mkdir()
    status, _ = run("-i", text, "-o", whole / "out", *added, cwd=tmp_path)
    changes = status != 0 or (whole / "out").read_bytes() != translated(TEXT)
    status, said = run("-i", text, "-o", out, *added, "--resume", cwd=tmp_path)
    if changes:
        assert status == 2 or (status == 1 and "has changed since this run began" in said)
        assert beside(out, ".partial").read_bytes() == partial and not out.exists()
    else:
        assert status == 0 and out.read_bytes() == translated(TEXT)


def test_what_is_the_same_elsewhere_is_taken(files, tmp_path):
    """Contents count: not paths, not times."""
    text, out = files
    model = Path(shutil.copytree(REVERSING, tmp_path / "model"))
    moved = text.rename(tmp_path / "moved")
    os.utime(moved, (1, 1))
    assert run("-i", moved, "-o", out, "--resume", model=model)[0] == 0
    assert out.read_bytes() == translated(TEXT)


def test_a_partial_file_of_unknown_origin_is_refused(files):
    text, out = files
    beside(out, ".resume").unlink()
    status, said = run("-i", text, "-o", out, "--resume")
    assert status == 1 and "out.resume: cannot be read: No such file or directory; without it, " in said


def test_lines_from_standard_input_are_kept_but_not_gone_on_with(tmp_path):
    out = tmp_path / "out"
    (tmp_path / "in").write_bytes(TEXT)
    with start("-o", out) as process:
        process.stdin.write(b"I have a dog.\n")
        wait_until(lambda: beside(out, ".partial").exists() and beside(out, ".partial").read_bytes())
        process.kill()
    assert names(tmp_path) == ["in", "out.partial"]
    status, said = run("-i", tmp_path / "in", "-o", out, "--resume")
    assert status == 1 and "out.resume: cannot be read" in said


def test_more_lines_than_the_input_has_are_refused(files):
    text, out = files
    beside(out, ".partial").write_bytes(b"more\n" * 1000)
    status, said = run("-i", text, "-o", out, "--resume")
    assert status == 1 and f"has {TEXT.count(10) + 1} lines, but 1000 have already been translated" in said


@pytest.mark.parametrize("arguments", [["--resume", "a"], ["--resume"], ["--resume", "-i", "in"], ["--resume", "-o", "out"]],
                         ids=" ".join)
def test_resume_needs_an_input_and_an_output(arguments, tmp_path):
    status, said = run(*arguments, cwd=tmp_path)
    assert status == 2 and "--resume requires --input and --output" in said


def test_resume_needs_files(tmp_path):
    (tmp_path / "in").write_bytes(b"a\n")
    for arguments in (["-i", "/dev/stdin", "-o", tmp_path / "out"], ["-i", tmp_path / "in", "-o", "/dev/null"]):
        status, said = run("--resume", *arguments)
        assert status == 1 and "not a regular file, which --resume requires" in said
    assert names(tmp_path) == ["in"]


def test_a_limit_of_file_sizes_keeps_the_lines_so_far(tmp_path):
    text, out = tmp_path / "in", tmp_path / "out"
    text.write_bytes(TEXT)
    status, said = run("-i", text, "-o", out, preexec_fn=limit_size(len(translated(TEXT)) // 2))
    assert status == 1
    assert said == (f"translate: {out}: cannot be written: File too large; {out}.partial keeps the lines so far; the same "
                    "command with --resume continues\n")
    assert run("-i", text, "-o", out, "--resume")[0] == 0
    assert_whole(text, out)


def test_objects_are_resumed_in_the_middle(tmp_path):
    text, out, whole = tmp_path / "in", tmp_path / "out", tmp_path / "whole"
    text.write_text("".join(f'{{"id": {i}, "text": "I have a dog.\\nGood morning."}}\n' for i in range(400)))
    assert run("--format", "jsonl", "-i", text, "-o", whole)[0] == 0
    content = whole.read_bytes()
    half = len(content) // 2
    assert run("--format", "jsonl", "-i", text, "-o", out, preexec_fn=limit_size(half))[0] == 1
    kept = beside(out, ".partial").read_bytes()
    assert kept == content[:half]
    status, said = run("-i", text, "-o", out, "--resume")
    assert status == 1 and "out.partial: the format has changed since this run began" in said
    assert beside(out, ".partial").read_bytes() == kept
    status, said = run("--format", "jsonl", "-i", text, "-o", out, "--resume")
    n_kept = kept.count(b"\n")
    assert status == 0 and 0 < n_kept < 400 and f"out.partial: resuming after {n_kept} lines" in said
    assert out.read_bytes() == content and names(tmp_path) == ["in", "out", "whole"]


def test_samples_are_resumed_with_the_same_options(tmp_path):
    text, out, whole = tmp_path / "in", tmp_path / "out", tmp_path / "whole"
    text.write_text("I have a dog. Good morning.\n" * 400)
    options = ["--sample", "--temperature", "2", "--top-k", "9", "--top-p", "0.99", "--seed", "5", "-i", text]
    assert run(*options, "-o", whole)[0] == 0
    content = whole.read_bytes()
    assert run(*options, "-o", out, preexec_fn=limit_size(len(content) // 2))[0] == 1
    for other in ("--temperature", "1"), ("--top-k", "8"), ("--top-p", "1"), ("--seed", "1"):
        status, said = run(*options, *other, "-o", out, "--resume")
        assert status == 1 and "out.partial: the search has changed since this run began" in said
    assert run(*options, "-o", out, "--resume")[0] == 0
    assert out.read_bytes() == content and len(set(content.splitlines())) > 10


@pytest.mark.parametrize("options, defaults", [([], "--beam 1 --length-penalty 1 --format text"),
                                               (["--sample"], "--temperature 1 --top-p 1 --seed 1")], ids=["greedy", "sample"])
def test_a_default_may_be_left_out(options, defaults, tmp_path):
    text, out, whole = tmp_path / "in", tmp_path / "out", tmp_path / "whole"
    text.write_text("I have a dog. Good morning.\n" * 400)
    assert run(*options, "-i", text, "-o", whole)[0] == 0
    content = whole.read_bytes()
    assert run(*options, "-i", text, "-o", out, preexec_fn=limit_size(len(content) // 2))[0] == 1
    assert run(*options, *defaults.split(), "-i", text, "-o", out, "--resume")[0] == 0
    assert out.read_bytes() == content


# ---- signals ----

LONG = b"I have a dog. Good morning. " * 3 + b"\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_to_stop_leaves_whole_lines(number, tmp_path):
    text, out, partial = tmp_path / "in", tmp_path / "out", tmp_path / "out.partial"
    text.write_bytes(LONG * 1500)  # more than the first two calls take
    process = start("-i", text, "-o", out)
    wait_until(lambda: partial.exists() and partial.stat().st_size > 0)
    process.send_signal(number)
    _, said = process.communicate(timeout=SECONDS)
    kept = partial.read_bytes()
    assert process.returncode == -number
    assert said.decode() == (f"translate: stopped by {number.name} after {kept.count(10)} lines; {partial} keeps the lines so "
                             "far; the same command with --resume continues\n")
    assert kept.endswith(b"\n") and not out.exists()
    assert run("-i", text, "-o", out, "--resume")[0] == 0
    assert_whole(text, out)


def test_a_second_signal_ends_at_once(tmp_path):
    text, out = tmp_path / "in", tmp_path / "out"
    text.write_bytes(b"I have a dog. Good morning. " * 100_000 + b"\n")  # one line for many seconds
    process = start("-i", text, "-o", out)
    wait_until(lambda: beside(out, ".resume").exists())
    started = time.monotonic()
    for _ in range(2):
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
    assert process.wait(SECONDS) == -signal.SIGINT
    assert time.monotonic() - started < 2
    assert process.stderr.read() == b""


def test_a_signal_that_is_ignored_stays_ignored(tmp_path):
    """As nohup and shells without job control start processes."""
    text, out = tmp_path / "in", tmp_path / "out"
    text.write_bytes(TEXT * 10)
    process = start("-i", text, "-o", out, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))
    wait_until(lambda: beside(out, ".resume").exists())
    process.send_signal(signal.SIGINT)
    assert process.wait(SECONDS) == 0
    assert_whole(text, out)


# ---- kills at random moments ----

def some_lines(n, chance):
    words = "the house is small and we have a dog good morning".split()
    return "".join(" ".join(chance.choices(words, k=chance.choice([0, 1, 3, 8]))) + "\n" for _ in range(n)).encode()


def some_moment(chance, seconds):
    """While files are made, while lines are written, or around the end."""
    return chance.choice([chance.uniform(0, 0.1 * seconds), chance.uniform(0, seconds),
                          chance.uniform(0.9 * seconds, 1.1 * seconds)])


def kill(process, moment, number):
    """Whether the process was still running at that moment."""
    try:
        process.communicate(timeout=moment)
        return False
    except subprocess.TimeoutExpired:
        process.send_signal(number)
        process.communicate(timeout=SECONDS)
        return process.returncode == -number


def kill_at_random(model, n_kills, n_lines, seed, directory):
    """(kills, runs with byte-identical output, runs): every run is killed, two of three by SIGKILL, and resumed until it is
    complete; it may be killed again meanwhile."""
    chance = random.Random(seed)
    text, out = directory / "in", directory / "out"
    text.write_bytes(some_lines(n_lines, chance))
    started = time.monotonic()
    status, said = run("-i", text, "-o", out, model=model)
    assert (status, said) == (0, "")
    seconds, whole = time.monotonic() - started, out.read_bytes()
    killed = n_same = n_runs = 0
    while killed < n_kills:
        out.unlink()
        was_killed = 0
        while killed + was_killed < n_kills and (was_killed == 0 or chance.random() < 0.3):
            number = chance.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
            resume = ["--resume"] if was_killed else []
            if not kill(start("-i", text, "-o", out, *resume, model=model), some_moment(chance, seconds), number):
                break
            was_killed += 1
            assert not out.exists() or out.read_bytes() == whole  # never half of it
        if was_killed:
            killed, n_runs = killed + was_killed, n_runs + 1
            status, said = run("-i", text, "-o", out, "--resume", model=model)
            n_same += status == 0 and out.read_bytes() == whole and names(directory) == ["in", "out"]
    return killed, n_same, n_runs


def test_kills_at_random_moments_change_nothing(tmp_path):
    killed, n_same, n_runs = kill_at_random(REVERSING, 6, 1000, 1, tmp_path)
    assert killed == 6 and n_same == n_runs


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, required=True, metavar="N")
    parser.add_argument("-m", "--model", type=Path, default=TESTS.parent / "checkpoints/en-de", metavar="DIR")
    parser.add_argument("--lines", type=int, default=600, metavar="N")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        killed, n_same, n_runs = kill_at_random(arguments.model, arguments.kills, arguments.lines, arguments.seed,
                                               Path(directory))
    print(f"{killed} kills in {n_runs} runs, of which {n_same} ended with the bytes of an undisturbed one")
    sys.exit(n_same != n_runs)


if __name__ == "__main__":
    main()
