#!/usr/bin/env python3
"""Byte-identical translations from every build, instruction set, number of threads, order and grouping of lines.

    tests/hardening/sameness.py BUILD…        for example build/test build/clang: directories that contain `translate`

Prints a matrix of builds and instruction sets by numbers of threads and groupings of lines. int8 must be byte-identical,
float32 must give the same text. Exit status 1 if anything differs.
"""

import os
import random
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
LEVELS = ["plain", "avx2", "avx_vnni", "avx512_vnni", "neon_dot"]
THREADS = [1, 2, 4]
CHECKPOINTS = {"int8": ["checkpoints/en-de", "tests/golden/int8"], "float32": ["tests/golden/relu", "tests/golden/gelu"]}
N_LINES = 96


def text_lines():
    """Lines of every length that a file has: single sentences, several, empty ones, odd bytes."""
    everyday = (ROOT / "checkpoints/en-de/everyday.tsv").read_text(encoding="utf-8").splitlines()
    lines = [line.split("\t")[0].encode() for line in everyday[:N_LINES - 6]]
    lines[10:10] = [b"", lines[0] + b" " + lines[1] + b" " + lines[2], b"\xff odd \xe2\x82", b"a", b"  two  spaces  ",
                    b"word " * 300]
    return lines


def translate(build, level, threads, checkpoint, lines):
    """The translations, or None if the CPU lacks the level."""
    done = subprocess.run([build / "translate", "-m", ROOT / checkpoint, "-t", str(threads)],
                          input=b"".join(line + b"\n" for line in lines), capture_output=True,
                          env={**os.environ, "TRANSFORMER_ISA": level})
    if done.returncode == 1 and done.stderr.startswith(b"translate: TRANSFORMER_ISA"):
        return None
    if done.returncode != 0 or done.stdout.count(b"\n") != len(lines):
        raise SystemExit(f"{build}, {level}, {threads} threads: {done.returncode} {done.stderr[-500:]!r}")
    return done.stdout.split(b"\n")[:-1]


def ways(build, level, threads, checkpoint, lines):
    """Name and translations in the order of `lines`, of each way that lines come: together, in another order, a few."""
    together = translate(build, level, threads, checkpoint, lines)
    if together is None:
        return
    yield "together", together
    order = list(range(len(lines)))
    random.Random(1).shuffle(order)
    shuffled = translate(build, level, threads, checkpoint, [lines[i] for i in order])
    yield "shuffled", [shuffled[order.index(i)] for i in range(len(lines))]
    few = [translate(build, level, threads, checkpoint, lines[i:i + n]) for i, n in ((0, 1), (1, 3), (4, 20))]
    yield "a few", [line for part in few for line in part]


def main():
    builds = [Path(build).resolve() for build in sys.argv[1:]]
    if not builds:
        raise SystemExit(__doc__)
    lines, n_different = text_lines(), 0
    for precision, checkpoints in CHECKPOINTS.items():
        for checkpoint in checkpoints:
            expected = translate(builds[0], "plain", 1, checkpoint, lines)
            print(f"\n{precision}, {checkpoint}, {len(lines)} lines; lines that differ from {builds[0].name}, plain, 1 thread")
            for build in builds:
                for level in LEVELS:
                    cells = []
                    for threads in THREADS:
                        for name, found in ways(build, level, threads, checkpoint, lines):
                            different = sum(a != b for a, b in zip(found, expected))
                            n_different += different
                            cells.append(f"{threads} {name}: {different}")
                    print(f"  {build.name:8} {level:12} " + ("  ".join(cells) or "not on this CPU"), flush=True)
    print(f"\n{n_different} differ")
    return n_different > 0


if __name__ == "__main__":
    sys.exit(main())
