"""Many lines: memory does not grow, the last lines take as long as the first, and each line has its translation.

    test_long_run.py --lines 1000000 [-m DIR]

Run by hand, prints memory and lines per second of CPU time, through a pipe and through files. pytest does the same with
fewer lines.
"""

import argparse
import itertools
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent / "scripts")]  # when run by hand

from transformer_c import program

REVERSING = TESTS / "golden/reversing"
EN_DE = TESTS.parent / "checkpoints/en-de"
FIRST = 3000  # lines after which memory must not grow: by then, 1,024 are taken at a time
MIB = 1024  # kB
SECONDS = 60  # without an answer


def pool():
    """A thousand short lines, which are given again and again."""
    chance = random.Random(1)
    words = "the house is small and we have a dog good morning".split()
    return ["".join(" ".join(chance.choices(words, k=chance.choice([0, 1, 2, 3]))) + "\n").encode() for _ in range(1000)]


def translated(text, model):
    return subprocess.run([program.TRANSLATE, "-m", model], input=text, capture_output=True, check=True).stdout


def start(model, *arguments):
    return subprocess.Popen([program.TRANSLATE, "-m", model, "-t", "1", *arguments], stdin=subprocess.PIPE,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def sample(process, n_lines):
    """(lines, kB of memory, seconds of CPU time) of a running process."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    memory = int(status.split("VmRSS:")[1].split()[0])
    fields = Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return n_lines, memory, (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def through_a_pipe(model, n_lines, directory):
    """The samples, or the one after FIRST lines if there are no others yet."""
    lines = pool()
    answers = itertools.cycle(translated(b"".join(lines), model).splitlines(keepends=True))
    samples = []

    def feed(first, last):
        for i in range(first, last, len(lines)):
            process.stdin.write(b"".join(lines[:last - i]))
        process.stdin.flush()

    with start(model) as process:
        feed(0, FIRST)
        feeder = threading.Thread(target=feed, args=(FIRST, n_lines))
        for i in range(1, n_lines + 1):
            assert process.stdout.readline() == next(answers), f"line {i}"
            if i % len(lines) == 0:
                samples.append(sample(process, i))
            if i == FIRST:
                feeder.start()
        feeder.join()
        process.stdin.close()
        assert process.stdout.read() == b"" and process.wait(SECONDS) == 0
    return samples


def through_files(model, n_lines, directory):
    """The samples; how far it is, the partial file says."""
    lines = pool()
    answers = translated(b"".join(lines), model).splitlines(keepends=True)
    text, out = directory / "in", directory / "out"
    with text.open("wb") as file:
        for _ in range(n_lines // len(lines)):
            file.write(b"".join(lines))
    n_bytes = len(b"".join(answers)) * n_lines // len(lines)
    samples = []
    with start(model, "-i", text, "-o", out) as process:
        while not out.exists():
            partial = directory / "out.partial"
            size = partial.stat().st_size if partial.exists() else 0
            if size and process.poll() is None:
                samples.append(sample(process, n_lines * size // n_bytes))
            time.sleep(0.01)
        assert process.wait(SECONDS) == 0
    with out.open("rb") as file:
        for i, line in zip(range(n_lines), itertools.cycle(answers)):
            assert file.readline() == line, f"line {i + 1}"
        assert file.read() == b""
    return samples


def memory_before(samples, n_lines):
    """kB at most until n_lines were answered, or a few more."""
    return max(memory for n, memory, _ in samples if n <= next(n for n, _, _ in samples if n >= n_lines))


def memory_at_most(samples):
    return max(memory for _, memory, _ in samples)


def lines_per_second(samples):
    """Of CPU time, in the first and in the last tenth."""
    def between(some):
        (n, _, begun), (m, _, ended) = some[0], some[-1]
        return (m - n) / max(ended - begun, 0.01)
    last = samples[-1][0]
    return (between([s for s in samples if s[0] <= 0.1 * last] or samples),
            between([s for s in samples if s[0] >= 0.9 * last] or samples))


@pytest.mark.parametrize("way", [through_a_pipe, through_files])
def test_many_lines_need_the_memory_of_the_first(way, tmp_path):
    samples = way(REVERSING, 20_000, tmp_path)
    assert len(samples) > 10 and memory_at_most(samples) - memory_before(samples, FIRST) < MIB


def test_a_batch_takes_the_memory_that_it_fills():
    """10.6 MiB; with room for the longest translations and for a whole batch's encoder it would be 26."""
    lines = [line.split(b"\t")[0] + b"\n" for line in (EN_DE / "everyday.tsv").read_bytes().splitlines()[:189]]
    with start(EN_DE) as process:
        memory = []
        for some in lines[:1], 3 * lines:
            process.stdin.write(b"".join(some))
            process.stdin.flush()
            for _ in some:
                process.stdout.readline()
            memory.append(sample(process, len(some))[1])
        process.stdin.close()
    assert memory[1] - memory[0] < 12 * MIB


def test_many_processes_and_threads_share_a_checkpoint():
    text = b"".join(pool())
    expected = translated(text, REVERSING)
    processes = [subprocess.Popen([program.TRANSLATE, "-m", REVERSING, "-t", "5"], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE) for _ in range(3)]
    outputs = []
    threads = [threading.Thread(target=lambda process=process: outputs.append(process.communicate(text, SECONDS)[0]))
               for process in processes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outputs == [expected] * 3
    assert [process.returncode for process in processes] == [0] * 3


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, required=True, metavar="N", help="a multiple of 1000")
    parser.add_argument("-m", "--model", type=Path, default=REVERSING, metavar="DIR")
    arguments = parser.parse_args()
    for way in (through_a_pipe, through_files):
        with tempfile.TemporaryDirectory() as directory:
            started = time.monotonic()
            samples = way(arguments.model, arguments.lines, Path(directory))
        first, last = lines_per_second(samples)
        print(f"{way.__name__}: {arguments.lines} lines, all translated, in {time.monotonic() - started:.0f} s; kB of memory "
              f"after 1000 lines {memory_before(samples, 1000)}, after {FIRST} {memory_before(samples, FIRST)}, at most "
              f"{memory_at_most(samples)}; "
              f"{first:.0f} lines per second of CPU time in the first tenth, {last:.0f} in the last", flush=True)


if __name__ == "__main__":
    main()
