#!/usr/bin/env python3
"""Measure this program against CTranslate2 and transformers on the same weights.

    bench/run [--models NAME] [--only MEASURE] [--beam N] [--minutes M] [--lines N] [FILE…]   measures, and prints the tables
    bench/run --report                                                                     prints them again
    bench/run --draw OUT.svg                                                       draws throughput over batch size

Every finished round is kept in build/bench/samples.jsonl, from where the same command resumes, so a long run can be killed
or split into parts; tables show what has been measured. A rebuilt program, other versions or another CPU start over.

FILE holds lines of text, or `source TAB reference`, for BLEU and chrF; without FILE it is the bundled checkpoint's
everyday.tsv. Lines are first cut into the sentences that this program sees, so that all translate the same: every
system then gets one sentence to a line. The models are the bundled checkpoint, and random weights of OPUS-MT's shape
(opus-shape) with an end token that is never chosen: each translation is as long as that checkpoint allows, 32 tokens.
The random model gets the first FILE, and a fifth of its sentences. What is measured, in all systems from text to text with
tokenization:

latency    one sentence in, its translation out, the next one: every system is a process at the other end of a pipe
file       all sentences, in batches. The rivals have loaded their model before and get the batches, of examples or of
           padded tokens, and with two threads one or two workers, that were fastest in a trial; this program chooses
           by itself, and the time it takes over an empty file is taken off
start      from the start of the process to the first translation, after the page cache was emptied (cold) and again;
           the largest resident set after one sentence, and after the file; on disk the program with the shared
           libraries it needs beyond libc (the rivals: the Python packages that they import, without Python), and the model
sweep      a file in batches of 1 to 256 sentences of like lengths, all threads; this program gets a batch as lines that
           arrive together, and computes up to 64 of them in a stack, two stacks at once with two threads

Systems take turns, so that what the machine does besides hits all; tables show the median of the repeats (smallest–
largest). A process with N threads is bound to N CPUs. Ratios are speed over that of CTranslate2 with the same
precision and threads. GB/s of weights is what a sentence at a time reads: the weights of the encoder once and those of
a decoding step for each token, and its share of what plain loads from a buffer of the size of a step's weights reach
here with the same number of threads. GMAC/s are the multiply-adds of the linear layers in a file, and their share of those
that the CPU reaches out of registers, in float32, or in int8 with the best instruction it has: the most that a round saw.
The same text is compared with transformers in float32 without padding. For the bundled checkpoint the float32 systems
compute with its int8 weights turned back into numbers.
"""

import argparse
import dataclasses
import hashlib
import importlib.metadata
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from bench import report
from bench.measures import FULL, MEASURES, QUICK, Bench, Effort, OutOfTime, say
from bench.samples import Samples, digest
from bench.systems import CPUS, SYSTEMS, Failure, Model, environment
from bench.text import BUNDLED, read_text
from transformer_c.program import ROOT, TRANSLATE, ProgramFailure

BUILD = ROOT / "build/bench"
MODELS = ["bundled", "opus-shape"]
PACKAGES = ["ctranslate2", "torch", "transformers", "sentencepiece"]


def program_info(model: Model) -> list[str]:
    """What `translate --info` says of the instruction set and of float32 products."""
    info = subprocess.run([TRANSLATE, "-m", model.directory / "float32", "--info"], capture_output=True, text=True,
                          check=True, env=environment(1)).stdout
    return [" ".join(line.split()) for line in info.splitlines() if line.startswith(("instruction set", "float32 products"))]


def processor() -> str:
    """Its name, and those of its instructions that matter here."""
    cpu = Path("/proc/cpuinfo").read_text()
    named = re.search(r"model name\s*: (.*)", cpu)
    family = re.search(r"cpu family\s*: (\d+)", cpu)
    flags = set((re.search(r"(?:flags|Features)\s*: (.*)", cpu) or ["", ""])[1].split())
    wanted = [flag for flag in ("avx2", "fma", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "asimddp") if flag in flags]
    return (f"{named[1] if named else platform.machine()}{f', family {family[1]}' if family else ''}, {len(CPUS)} processors, "
            f"{' '.join(wanted)}")


def conditions(models: dict[str, Model]) -> str:
    """A name for all that the figures depend on besides the texts."""
    files = [TRANSLATE, ROOT / "bench/worker.py"]
    return digest(processor(), [program_info(model) for model in models.values()],
                  [hashlib.sha256(path.read_bytes()).hexdigest() for path in files],
                  [importlib.metadata.version(name) for name in PACKAGES],
                  [(model.directory.name, model.n_beams) for model in models.values()])


def describe(model: Model) -> list[str]:
    """Sentences about what the figures depend on."""
    version = subprocess.run([TRANSLATE, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    with SYSTEMS[1].start(model, 1, CT2_VERBOSE="1") as resident:
        resident.ask("Hello.")
        chosen = re.findall(r"(Selected ISA: \w+|Use Intel MKL: \w+|SGEMM backend: \w+|GEMM_S8 backend: \w+)[^\n]*",
                            resident.printed())
    import torch
    versions = {name: importlib.metadata.version(name) for name in PACKAGES}
    return [
        f"{processor()}; {platform.platform()}",
        f"{version}: {'; '.join(program_info(model))}",
        f"CTranslate2 {versions['ctranslate2']}: {', '.join(dict.fromkeys(chosen))}",
        f"transformers {versions['transformers']}, torch {versions['torch']}: {torch.backends.cpu.get_cpu_capability()}; "
        f"sentencepiece {versions['sentencepiece']}",
        f"Beam search with {model.n_beams} hypotheses" if model.n_beams > 1 else "Greedy search",
        "Threads: OMP_NUM_THREADS, translate --threads and torch's or CTranslate2's own setting as in the tables, processes "
        "bound to as many processors"]


def measure(arguments: argparse.Namespace, effort: Effort) -> Samples:
    """Adds the rounds that are missing to the samples; returns all."""
    from bench.models import prepare  # PyTorch: seconds that the tables do not need
    say("preparing the models")
    models = {name: dataclasses.replace(model, n_beams=arguments.beam) for name, model in
              zip(MODELS, prepare(BUNDLED, BUILD))}
    texts = [read_text(path, effort.lines) for path in arguments.files or [BUNDLED / "everyday.tsv"]]
    samples = Samples(arguments.samples, conditions(models))
    if not samples.description:
        samples.describe(describe(models["bundled"]))
    wanted = arguments.only or MEASURES
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(samples, effort, BUILD, scratch, arguments.minutes)
        try:
            for name in arguments.models or MODELS:
                for text in texts if name == "bundled" else texts[:1]:
                    in_turn = wanted if text is texts[0] else [one for one in wanted if one in ("latency", "file")]
                    bench.measure(models[name], text, in_turn)
        except OutOfTime:
            say(f"{arguments.minutes:g} minutes are over; the same command resumes")
    return samples


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench/run", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="*", metavar="FILE")
    parser.add_argument("--models", action="append", choices=MODELS, help="only this model; may be repeated")
    parser.add_argument("--only", action="append", choices=MEASURES, help="only this measure; may be repeated")
    parser.add_argument("--minutes", type=float, default=float("inf"), metavar="M", help="begin no round after M minutes")
    parser.add_argument("--lines", type=int, metavar="N",
                        help=f"at most N lines of each file, at equal distances; 0: all (default {FULL.lines})")
    parser.add_argument("--beam", type=int, default=1, metavar="N", help="beam search with N hypotheses in all systems")
    parser.add_argument("--quick", action="store_true", help="few lines, once: to see that everything works")
    parser.add_argument("--samples", type=Path, metavar="FILE", help="keep the samples in FILE instead")
    parser.add_argument("--report", action="store_true", help="measure nothing, print the tables of the last samples")
    parser.add_argument("--draw", type=Path, metavar="SVG", help="measure nothing, draw the last samples of the sweep")
    arguments = parser.parse_args()
    effort = QUICK if arguments.quick else FULL
    arguments.samples = arguments.samples or BUILD / ("quick.jsonl" if arguments.quick else "samples.jsonl")
    if arguments.lines is not None:
        effort.lines = arguments.lines
    samples = Samples(arguments.samples) if arguments.report or arguments.draw else measure(arguments, effort)
    if arguments.draw:
        report.draw(samples.all, arguments.draw)
    else:
        print(report.report(samples.all, [*(samples.description or []), *report.limits(samples.all)], samples.loads))


if __name__ == "__main__":
    try:
        main()
    except (Failure, ProgramFailure, report.NothingMeasured, OSError) as problem:
        sys.exit(f"bench: {problem}")
