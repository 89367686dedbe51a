"""The whole program when allocations and writes fail: exit status 1 with an error message, and no incomplete output that looks
complete.

tests/hardening/failing.cc, preloaded, makes allocations fail; strace makes system calls fail, whatever library function
writes. With TRANSFORMER_TEST_ALL in the environment every allocation fails once, without it some of them.
"""

import bisect
import os
import re
import resource
import signal
import subprocess

import pytest

from edits import GOLDEN
from transformer_c import program

FAILING = program.TRANSLATE.resolve().parent / "tests/libfailing.so"
MODEL = ["-m", GOLDEN / "int8"]
ALL = "TRANSFORMER_TEST_ALL" in os.environ
SECONDS = 30  # a process that takes longer hangs
LINES = b"I have a dog.\n\nThank you!\n"
NO_UTF_32 = 300 * b"none"  # more than fits in a new buffer

# What the program is asked to do; OUT is a file that it writes.
TASKS = {
    "text": [*MODEL, "I have a dog."],
    "lines": [*MODEL],
    "output": [*MODEL, "-o", "OUT"],
    "encoding": [*MODEL, "--encoding", "UTF-32LE"],
    "file": [*MODEL, "-i", "IN", "-o", "OUT"],
    "tokens": [*MODEL, "--tokens", "a"],
    "steps": ["-m", GOLDEN / "reversing", "--steps", "a"],
    "attention": [*MODEL, "--attention", "the small house " * 8],  # a map larger than the buffer of a stream
    "trace": [*MODEL, "--trace", "OUT", "I have a dog."],
    "explain": [*MODEL, "--explain", "OUT", "a"],
    "info": [*MODEL, "--info"],
    "help": ["--help"],
    "version": ["--version"],
}
PRINTED = {"tokens", "steps", "attention"}  # their output is on standard error


class Directory:
    """Where a task runs, again and again, with one thread."""

    def __init__(self, task, path):
        self.arguments, self.out, self.lines = TASKS[task], path / "out", NO_UTF_32 if task == "encoding" else LINES
        (path / "in").write_bytes(self.lines)
        self.arguments = [{"IN": path / "in", "OUT": self.out}.get(a, a) for a in self.arguments]
        if self.arguments[0] == "-m":
            self.arguments = ["-t", "1", *self.arguments]

    def run(self, *before, **environment):
        """The finished process, and the bytes of the output file, or None."""
        for left in self.out.parent.glob("out*"):  # by a run before
            left.unlink()
        done = subprocess.run([*before, program.TRANSLATE, *self.arguments], input=self.lines, capture_output=True,
                              timeout=SECONDS, env={**os.environ, **environment})
        return done, self.out.read_bytes() if self.out.exists() else None


def last_sentence(done):
    assert done.stderr.endswith(b"\n"), done.stderr
    sentence = done.stderr.splitlines()[-1].decode()
    assert sentence.startswith("translate: "), sentence
    return sentence


# ---- allocations ----

@pytest.mark.skipif(not FAILING.exists(), reason="the sanitizers have allocators of their own")
@pytest.mark.parametrize("whose", ["own ", ""], ids=["own", "all"])
@pytest.mark.parametrize("then", ["once", "on"])
@pytest.mark.parametrize("task", TASKS)
def test_a_refused_allocation_is_a_failure(task, then, whose, tmp_path):
    if task == "encoding" and not whose:
        pytest.skip("without memory, iconv_open of glibc knows no encoding")
    directory = Directory(task, tmp_path)
    whole, whole_out = directory.run()
    stride = 1 if ALL else 487 if not whose else 97 if task == "explain" else 1 if then == "once" else 7
    number = n_refused = 1
    while n_refused:
        done, out = directory.run(LD_PRELOAD=str(FAILING), FAILING_ALLOCATION=f"{whose}{number} {then}",
                                  FAILING_REPORT=str(tmp_path / "report"))
        report = tmp_path / "report"
        # A process that SentencePiece's handler ends reports nothing, nor does one refused the memory to report.
        n_refused = int(report.read_text()) if report.exists() else 1
        report.unlink(missing_ok=True)
        where = f"allocation {number} {then}: {done}"
        if done.returncode == 0:  # it did without: a library may
            assert not (whose and n_refused), where
            assert (done.stdout, done.stderr, out) == (whole.stdout, whole.stderr, whole_out), where
        else:
            assert done.returncode == 1, where
            assert re.search("emory|thread", last_sentence(done)), where
            assert whole.stdout.startswith(done.stdout), where
        number += stride


@pytest.mark.skipif(not FAILING.exists(), reason="the sanitizers have allocators of their own")
def test_a_heat_map_is_shown_whole_or_refused(tmp_path):
    """It is drawn in memory, which must be allocated: some of the last allocations of the program."""
    report = tmp_path / "report"

    def attempt(number):
        """The process in which an allocation fails, and whether there is one of that number."""
        report.unlink(missing_ok=True)
        done = subprocess.run([program.TRANSLATE, "-t", "1", *TASKS["attention"]], capture_output=True, timeout=SECONDS,
                              env={**os.environ, "LD_PRELOAD": str(FAILING), "FAILING_ALLOCATION": f"{number} once",
                                   "FAILING_REPORT": str(report)})
        return done, not report.exists() or report.read_text() != "0"

    most = 100_000
    n_allocations = bisect.bisect_left(range(1, most), True, key=lambda number: not attempt(number)[1])
    whole, _ = attempt(most)
    for number in range(n_allocations - 80, n_allocations + 1):
        done, refused = attempt(number)
        assert refused and (done.stderr == whole.stderr if done.returncode == 0 else "memory" in last_sentence(done)), number


def limit(what, kilobytes):
    """What a process calls before it starts."""
    return lambda: resource.setrlimit(what, (1024 * kilobytes, 1024 * kilobytes))


@pytest.mark.skipif(not FAILING.exists(), reason="the sanitizers reserve more memory than that")
@pytest.mark.parametrize("kilobytes", [55_000, 60_000, 80_000, 100_000, 150_000])
def test_little_memory_for_openblas_ends_the_program(kilobytes):
    """Its threads, started when it is loaded, would ask for memory for ever. conftest.py's OMP_NUM_THREADS would hide it."""
    done = subprocess.run([program.TRANSLATE, "-m", GOLDEN / "relu", "-t", "1", "a b"], capture_output=True, timeout=SECONDS,
                          env={"TRANSFORMER_ISA": "plain"}, preexec_fn=limit(resource.RLIMIT_AS, kilobytes))
    assert done.returncode in (0, 1)
    assert done.returncode == 0 or re.search("emory|thread|cannot load", last_sentence(done))


@pytest.mark.skipif(not FAILING.exists(), reason="the sanitizers need a larger stack")
@pytest.mark.parametrize("kilobytes", [64, 128, 255, 256])
def test_a_small_stack_is_refused_or_enough(kilobytes):
    done = subprocess.run([program.TRANSLATE, *MODEL, "-t", "2"], input=LINES, capture_output=True, timeout=SECONDS,
                          preexec_fn=limit(resource.RLIMIT_STACK, kilobytes))
    assert done.returncode == (kilobytes < 256)
    assert kilobytes == 256 or f"the stack is limited to {kilobytes} kB, but 256 are needed; run `ulimit" in last_sentence(done)


# ---- writing ----

CALLS = ["write", "writev", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "renameat2", "openat", "close"]


def traces():
    """Whether strace may trace here."""
    try:
        return subprocess.run(["strace", "-qq", "-o", os.devnull, "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


TRACES = traces()


def calls_that_write(directory, log):
    """Of each system call that has to do with writing, those by number that the program makes on what it writes to."""
    directory.run("strace", "--seccomp-bpf", "-f", "-qq", "-y", "-e", "trace=" + ",".join(CALLS), "-o", log)
    numbers, counts, synced, read_only = [], dict.fromkeys(CALLS, 0), False, set()
    for line in log.read_text(errors="replace").splitlines():
        found = re.match(r"\d+ +(\w+)\((.*)", line)
        if not found:
            continue
        name, rest = found.groups()
        counts[name] += 1
        synced = synced or name == "fsync"  # then closing tells nothing new
        if opened := re.search(r"= (\d+)<", rest) if name == "openat" else None:
            (read_only.add if "O_RDONLY" in rest else read_only.discard)(opened[1])
        writes = (name not in ("openat", "close") or (name == "openat" and "O_CREAT" in rest) or
                  (name == "close" and not synced and rest.split("<")[0] not in read_only and
                   re.match(rf"\d+<{re.escape(str(directory.out))}", rest)))
        if writes:
            numbers.append((name, counts[name], rest.startswith("2<")))
    return numbers


@pytest.mark.skipif(not TRACES, reason="strace is not there, or may not trace")
@pytest.mark.parametrize("problem, said", [("ENOSPC", "No space left on device"), ("EIO", "Input/output error")])
@pytest.mark.parametrize("task", TASKS)
def test_a_failed_write_is_a_failure(task, problem, said, tmp_path):
    directory, log = Directory(task, tmp_path), tmp_path / "log"
    whole, whole_out = directory.run()
    calls = calls_that_write(directory, log)
    assert calls
    for name, number, on_standard_error in calls:
        if on_standard_error and (task not in PRINTED or (number % 50 != 1 and not ALL)):
            continue  # a notice; or one of hundreds of pieces
        done, out = directory.run("strace", "--seccomp-bpf", "-f", "-qq", "-e", "trace=" + ",".join(CALLS), "-e",
                                  f"inject={name}:error={problem}:when={number}", "-o", log)
        where = f"{name} {number}: {done}"
        assert "INJECTED" in log.read_text(errors="replace"), where
        assert done.returncode == 1, where
        assert ("standard error: cannot be written" if on_standard_error else said) in last_sentence(done), where
        assert whole.stdout.startswith(done.stdout), where
        assert task not in ("output", "file", "trace", "explain") or out in (None, whole_out), where


@pytest.mark.parametrize("task", ["text", "lines", "tokens", "info", "help"])
def test_a_closed_pipe_ends_the_program_quietly(task, tmp_path):
    directory = Directory(task, tmp_path)
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as stdout:
        done = subprocess.run([program.TRANSLATE, *directory.arguments], input=LINES, stdout=stdout,
                              stderr=subprocess.PIPE, timeout=SECONDS)
    assert done.returncode == -signal.SIGPIPE
    assert b"cannot be written" not in done.stderr
