#!/usr/bin/env python3
"""Measure this program against CTranslate2 and transformers on the same weights.

    scripts/bench [--quick] [--lines N] [--json FILE] [FILE…]     the tables, in Markdown
    scripts/bench --sweep [--quick] [--json FILE] [FILE]          throughput over the batch size
    scripts/bench --draw FILE.json OUT.svg                        a drawing of what --sweep wrote

FILE holds lines of text, or `source TAB reference`, for BLEU and chrF; without FILE it is the bundled checkpoint's
everyday.tsv. Lines are first cut into the sentences that this program sees, so that all translate the same: every
system then gets one sentence to a line. What is measured, in all systems from text to text with tokenization:

latency    one sentence in, its translation out, the next one: every system is a process at the other end of a pipe
file       all sentences, in batches. The rivals have loaded their model before and get the batches, of examples or of
           padded tokens, and with two threads one or two workers, that were fastest in a trial; this program chooses
           by itself, and the time it takes over an empty file is taken off
start      from the start of the process to the first translation, after the page cache was emptied (cold) and again
memory     the largest resident set after one sentence, and after the file
disk       the program with the shared libraries it needs beyond libc (the rivals: the Python packages that they
           import, without Python), and the model

Systems take turns, so that what the machine does besides hits all; tables show the median of the repeats (smallest–
largest). A process with N threads is bound to N processors. Ratios are speed over that of CTranslate2 with the same
precision and threads. GB/s of weights is what a sentence at a time reads: the weights of the encoder once and those of
a decoding step for each token, and its share of what plain loads from a buffer of the size of a step's weights reach
here. GMAC/s are the multiply-adds of the linear layers in a file, and their share of the float32 ones that the
processor reaches out of registers, for int8 too. The same text is compared with transformers in float32 without
padding: first the share of lines in the latency run, then in the file. For the bundled checkpoint the float32 systems
compute with its int8 weights turned back into numbers.
"""

import argparse
import contextlib
import importlib.metadata
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import sentencepiece
from sacrebleu.metrics import BLEU, CHRF

import bench_report
from program import ROOT, TRANSLATE, translate_tokens

BUNDLED, BUILD = ROOT / "checkpoints/en-de", ROOT / "build/bench"
CPUS = sorted(os.sched_getaffinity(0))
LIBC = ("libc.so", "libm.so", "linux-vdso.so", "ld-linux")
BATCHINGS = [("examples", 16), ("examples", 32), ("examples", 64), ("examples", 128), ("tokens", 1024), ("tokens", 4096)]
SWEEP = [1, 2, 4, 8, 16, 32, 64, 128, 256]
OWN_WINDOW = 64  # lines that this program computes together


@dataclass
class Effort:
    """How much is measured; the random model is larger and gets a part of the lines."""
    repeats: int
    lines: int
    latency_sentences: int
    sweep_sentences: int
    batchings: list
    random_part: int


FULL = Effort(repeats=5, lines=400, latency_sentences=60, sweep_sentences=256, batchings=BATCHINGS, random_part=5)
QUICK = Effort(repeats=2, lines=32, latency_sentences=8, sweep_sentences=16, batchings=BATCHINGS[:2], random_part=8)


class Failure(Exception):
    """A system did not do what it was asked; says what it printed."""


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def on_processors(n):
    """Processes that are started within run on n processors."""
    os.sched_setaffinity(0, CPUS[:n])
    try:
        yield
    finally:
        os.sched_setaffinity(0, CPUS)


def environment(threads):
    return os.environ | {"OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}


class Resident:
    """A process that answers every line with a line."""

    def __init__(self, command, threads, **variables):
        self.command, self.errors = command, tempfile.TemporaryFile()
        with on_processors(threads):
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
                                            env=environment(threads) | variables)

    def ask(self, line):
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise Failure(f"{self.command}: ended without an answer: {self.printed()[-2000:]}")
        return answer.decode().rstrip("\n")

    def printed(self):
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")

    def peak_memory(self):
        return peak_memory(self.process.pid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()
        self.errors.close()


def peak_memory(process_id):
    """Bytes of the largest resident set of a process, 0 when it has ended."""
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process_id}/status").read_text())
    except ProcessLookupError:
        found = None
    return 1024 * int(found[1]) if found else 0


def size_of(paths):
    """Bytes of files and of all files in directories."""
    return sum(file.stat().st_size for path in paths for file in ([path] if path.is_file() else path.rglob("*"))
               if file.is_file())


class Own:
    name = "transformer.c"

    def __init__(self, precision):
        self.precision = precision

    def checkpoint(self, model):
        return model.directory / self.precision

    def command(self, model, threads):
        return [str(TRANSLATE), "-m", str(self.checkpoint(model)), *(["--threads", str(threads)] if has("--threads") else [])]

    def start(self, model, threads, workers=1):
        return Resident(self.command(model, threads), threads)

    def run(self, model, threads, source, target, *options):
        """Seconds of a whole process over a file, and its largest resident set, looked at every 5 ms."""
        command = [*self.command(model, threads), "-i", str(source), "-o", str(target), *options]
        with tempfile.TemporaryFile() as errors, on_processors(threads):
            started = time.perf_counter()
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, env=environment(threads))
            memory = 0
            while True:
                memory = max(memory, peak_memory(process.pid))
                try:
                    process.wait(0.005)
                    break
                except subprocess.TimeoutExpired:
                    pass
            seconds = time.perf_counter() - started
            if process.returncode != 0:
                errors.seek(0)
                raise Failure(f"{command}: {errors.read().decode(errors='replace')[-2000:]}")
        return seconds, memory

    def files(self, model):
        """What lies on the disk: the program with its libraries, and the model."""
        linked = subprocess.run(["ldd", TRANSLATE], capture_output=True, text=True, check=True).stdout
        libraries = [Path(path).resolve() for path in re.findall(r"=> (/\S+)", linked)
                     if not Path(path).name.startswith(LIBC)]
        names = ("config.json", "model.safetensors", "source.spm", "target.spm", "source.vocab", "target.vocab")
        model_files = [self.checkpoint(model) / name for name in names]
        return [TRANSLATE, *libraries], [path for path in model_files if path.is_file()]


class Rival:
    """A system in bench_worker.py."""
    packages = None

    def __init__(self, name, precision):
        self.name, self.precision = name, precision

    def start(self, model, threads, workers=1, **variables):
        command = [sys.executable, str(ROOT / "scripts/bench_worker.py"), self.name.lower(),
                   str(model.directory / "hugging-face"), str(threads)]
        if self.name == "CTranslate2":
            command += [str(model.directory / f"ctranslate2-{self.precision}"), self.precision, str(workers)]
        return Resident(command, threads, **variables)

    def files(self, model):
        hugging_face = model.directory / "hugging-face"
        if self.packages is None:
            with self.start(model, 1) as resident:
                resident.ask("Hello.")
                self.packages = [Path(place).resolve() for place in resident.ask("\tpackages").split("\t")]
        if self.name == "transformers":
            return self.packages, [hugging_face]
        return self.packages, [model.directory / f"ctranslate2-{self.precision}", hugging_face / "source.spm",
                               hugging_face / "target.spm"]


REFERENCE = Rival("transformers", "float32")
SYSTEMS = [Own("int8"), Rival("CTranslate2", "int8"), Own("float32"), Rival("CTranslate2", "float32"), REFERENCE]


def has(option):
    """Does this program's --help offer the option?"""
    return option in subprocess.run([TRANSLATE, "--help"], capture_output=True, text=True, check=True).stdout


def systems(threads):
    return [system for system in SYSTEMS if threads == 1 or not isinstance(system, Own) or has("--threads")]


def thread_counts():
    return [threads for threads in (1, 2) if threads <= len(CPUS)]


# Input


@dataclass
class Text:
    """The lines of a file, and the sentences that this program finds in them."""
    name: str
    lines: list
    references: list  # one for each line, or nothing
    ranges: list      # for each line the bytes (begin, end) of its sentences

    @property
    def sentences(self):
        return [line.encode()[begin:end].decode() for line, ranges in zip(self.lines, self.ranges) for begin, end in ranges]

    def joined(self, outputs):
        """The lines with a translation in the place of each sentence."""
        outputs, lines = iter(outputs), []
        for line, ranges in zip(self.lines, self.ranges):
            line, at, parts = line.encode(), 0, []
            for begin, end in ranges:
                parts += [line[at:begin].decode(), next(outputs)]
                at = end
            lines.append("".join(parts) + line[at:].decode())
        return lines


def evenly(items, n):
    """n of the items, or all, at equal distances."""
    n = min(n or len(items), len(items))
    return [items[i * len(items) // n] for i in range(n)]


def read_text(path, n):
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    rows = evenly([row for row in rows if row[0].strip()], n)
    if not rows:
        raise Failure(f"{path}: found no line to translate")
    lines = [row[0].strip() for row in rows]
    ranges = [[(sentence.begin, sentence.end) for sentence in sentences] for sentences in translate_tokens(BUNDLED, lines)]
    return Text(path.name, lines, [row[1] for row in rows] if all(len(row) > 1 for row in rows) else [], ranges)


def write_lines(path, lines):
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def read_lines(path):
    return path.read_text(encoding="utf-8").split("\n")[:-1]


# What the work amounts to


class Work:
    """Counts tokens, and with them weights and multiply-adds, for one model."""

    def __init__(self, model):
        self.model = model
        directory = model.directory / "float32"
        self.source = sentencepiece.SentencePieceProcessor(model_file=str(directory / "source.spm"))
        target = directory / "target.spm"
        self.target = sentencepiece.SentencePieceProcessor(model_file=str(target)) if target.is_file() else self.source
        with open(directory / "model.safetensors", "rb") as file:
            header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        matrices = {name: tensor["shape"][0] * tensor["shape"][1] for name, tensor in header.items()
                    if len(tensor.get("shape", [])) == 2}
        output = next(matrices[name] for name in ("output.weight", "target_embedding.weight", "source_embedding.weight")
                      if name in matrices)
        once = [name for name in matrices if name.startswith("encoder.") or "cross_attention.key" in name
                or "cross_attention.value" in name]
        self.source_weights = sum(matrices[name] for name in once)  # used for each source token
        self.step_weights = output + sum(size for name, size in matrices.items()
                                         if name.startswith("decoder.") and name not in once)

    def source_tokens(self, sentences):
        return sum(len(self.source.encode(sentence)) + 1 for sentence in sentences)

    def target_tokens(self, outputs):
        """Counted again in the text, the end token too; the same way for every system."""
        return sum(self.model.fixed_length or len(self.target.encode(output)) + 1 for output in outputs)

    def step_bytes(self, precision):
        return self.step_weights * (1 if precision == "int8" else 4)

    def bytes_read(self, sentences, outputs, precision):
        """One sentence at a time."""
        weights = len(sentences) * self.source_weights + self.target_tokens(outputs) * self.step_weights
        return weights * (1 if precision == "int8" else 4)

    def multiply_adds(self, sentences, outputs):
        return (self.source_tokens(sentences) * self.source_weights + self.target_tokens(outputs) * self.step_weights)


# Measurements


class Bench:
    def __init__(self, effort, scratch):
        self.effort, self.scratch, self.samples, self.limits = effort, Path(scratch), [], {}
        self.machine = Path(scratch) / "machine"
        subprocess.run(["cc", "-std=gnu11", "-O3", "-march=native", "-o", self.machine,
                        ROOT / "scripts/bench_machine.c", "-pthread"], check=True)

    def add(self, model, text, system, threads, measure, **values):
        self.samples.append({"model": model.name, "input": text.name, "system": system.name,
                             "precision": system.precision, "threads": threads, "measure": measure, **values})

    def machine_limit(self, threads, *arguments):
        with on_processors(threads):
            done = subprocess.run([self.machine, *map(str, arguments), str(threads)], capture_output=True, text=True,
                                  check=True)
        return float(done.stdout)

    def measure_limits(self, model):
        """The read bandwidth for this model's decoding step, and the peak of multiply-adds."""
        work, limits = Work(model), {}
        for threads in thread_counts():
            limits["multiply", threads] = self.machine_limit(threads, "multiply")
            for precision in ("int8", "float32"):
                limits["read", precision, threads] = self.machine_limit(threads, "read", work.step_bytes(precision))
        self.limits[model.name] = limits

    def file(self, name, lines):
        path = self.scratch / name
        write_lines(path, lines)
        return path

    def request(self, resident, batching, source):
        """Seconds and outputs of a rival over a file."""
        target = self.scratch / "rival"
        started = time.perf_counter()
        resident.ask("\t".join(("\tfile", str(source), str(target), *map(str, batching))))
        return time.perf_counter() - started, read_lines(target)

    def empty_seconds(self, own, model, threads):
        empty = self.file("empty", [])
        return statistics.median(own.run(model, threads, empty, self.scratch / "own")[0] for _ in range(5))

    def resident(self, rival, model, threads, workers=1):
        """A process that has translated a line already; it is kept until the model is done."""
        key = rival, threads, workers
        if key not in self.residents:
            self.residents[key] = self.open.enter_context(rival.start(model, threads, workers))
            self.residents[key].ask("Hello.")
        return self.residents[key]

    def reference(self, model, sentences):
        """What the others must say: transformers, float32, without padding."""
        resident = self.resident(REFERENCE, model, thread_counts()[-1])
        return self.request(resident, ("equal", 32), self.file("reference", sentences))[1]

    def latency(self, model, text, threads, sentences, reference):
        work = Work(model)
        residents = {system: self.resident(system, model, threads) for system in systems(threads)}
        for repeat in range(self.effort.repeats):
            for system, resident in residents.items():
                time.sleep(0.3)  # the threads of the last one go to sleep
                seconds, outputs = [], []
                for sentence in sentences:
                    started = time.perf_counter()
                    outputs.append(resident.ask(sentence))
                    seconds.append(time.perf_counter() - started)
                self.add(model, text, system, threads, "latency", repeat=repeat, seconds=seconds,
                         bytes=work.bytes_read(sentences, outputs, system.precision), same=share_equal(outputs, reference))

    def calibrate(self, rival, model, threads, sentences):
        """The fastest (workers, batching) of a rival over a part of the sentences."""
        source, best = self.file("trial", evenly(sentences, 256)), (float("inf"),)
        for workers in range(1, threads + 1) if rival.name == "CTranslate2" else [1]:
            for batching in self.effort.batchings:
                seconds, _ = self.request(self.resident(rival, model, threads, workers), batching, source)
                best = min(best, (seconds, workers, batching))
        return best[1:]

    def throughput(self, model, text, threads, sentences, reference):
        work, source = Work(model), self.file("source", sentences)
        chosen, empty = {}, {}
        for system in systems(threads):
            if isinstance(system, Own):
                empty[system] = self.empty_seconds(system, model, threads)
            else:
                chosen[system] = self.calibrate(system, model, threads, sentences)
        for repeat in range(self.effort.repeats):
            for system in systems(threads):
                time.sleep(0.3)
                if isinstance(system, Own):
                    seconds = system.run(model, threads, source, self.scratch / "own")[0] - empty[system]
                    outputs, batching = read_lines(self.scratch / "own"), "own"
                else:
                    workers, (kind, size) = chosen[system]
                    seconds, outputs = self.request(self.resident(system, model, threads, workers), (kind, size), source)
                    batching = f"{size} {kind}" + (f", {workers} workers" if workers > 1 else "")
                self.add(model, text, system, threads, "file", repeat=repeat, seconds=seconds, batching=batching,
                         sentences=len(sentences), tokens=work.target_tokens(outputs),
                         multiply_adds=work.multiply_adds(sentences, outputs), same=share_equal(outputs, reference),
                         **self.quality(model, text, outputs))

    def quality(self, model, text, outputs):
        if not text.references or model.fixed_length:
            return {}
        lines = text.joined(outputs)
        return {name: metric.corpus_score(lines, [text.references]).score
                for name, metric in (("BLEU", BLEU()), ("chrF", CHRF()))}

    def footprint(self, model, text, sentences):
        """Start, memory and disk, with one thread."""
        for repeat in range(self.effort.repeats):
            for system in systems(1):
                program, files = system.files(model)
                self.dropped = drop_page_cache([*program, *files])
                for measure in ("start cold", "start warm"):
                    started = time.perf_counter()
                    with system.start(model, 1) as resident:
                        resident.ask(sentences[0])
                        seconds, memory = time.perf_counter() - started, resident.peak_memory()
                    self.add(model, text, system, 1, measure, repeat=repeat, value=seconds)
                self.add(model, text, system, 1, "memory of a sentence", repeat=repeat, value=memory)
        source = self.file("source", sentences)
        for system in systems(1):
            if isinstance(system, Own):
                memory = system.run(model, 1, source, self.scratch / "own")[1]
            else:
                with system.start(model, 1) as resident:
                    self.request(resident, ("examples", min(32, len(sentences))), source)
                    memory = resident.peak_memory()
            program, files = system.files(model)
            for measure, value in (("memory of a file", memory), ("disk of the program", size_of(program)),
                                   ("disk of the model", size_of(files))):
                self.add(model, text, system, 1, measure, repeat=0, value=value)

    @contextlib.contextmanager
    def keeping_residents(self):
        with contextlib.ExitStack() as self.open:
            self.residents = {}
            yield

    def measure(self, model, texts):
        """Everything for one model and the texts."""
        part = self.effort.random_part if model.fixed_length else 1
        self.measure_limits(model)
        with self.keeping_residents():
            for text in texts:
                sentences = evenly(text.sentences, max(len(text.sentences) // part, 1))
                few = evenly(sentences, max(self.effort.latency_sentences // part, 1))
                say(f"{model.name}, {text.name}: {len(sentences)} sentences, {len(few)} of them one at a time")
                reference = self.reference(model, sentences)
                by_sentence = dict(zip(sentences, reference))
                for threads in thread_counts():
                    say(f"  latency, threads: {threads}")
                    self.latency(model, text, threads, few, [by_sentence[sentence] for sentence in few])
                    say(f"  file, threads: {threads}")
                    self.throughput(model, text, threads, sentences, reference)
        say("  start, memory, disk")
        self.footprint(model, texts[0], evenly(texts[0].sentences, max(len(texts[0].sentences) // part, 1)))

    # The batch size

    def own_seconds(self, own, model, threads, sentences, batch, empty):
        """Seconds over the sentences, `batch` of them together; without --batch a process for each batch."""
        target = self.scratch / "own"
        if has("--batch"):
            return own.run(model, threads, self.file("own-source", sentences), target, "--batch", str(batch))[0] - empty
        return sum(own.run(model, threads, self.file("own-source", sentences[i:i + batch]), target)[0] - empty
                   for i in range(0, len(sentences), batch))

    def sweep(self, model, text):
        threads = thread_counts()[-1] if has("--threads") else 1
        sentences = evenly(text.sentences, self.effort.sweep_sentences)
        source = self.file("source", sentences)
        empty = {own: self.empty_seconds(own, model, threads) for own in SYSTEMS if isinstance(own, Own)}
        with self.keeping_residents():
            for batch in [batch for batch in SWEEP if batch <= len(sentences)]:
                say(f"batches of {batch}")
                for repeat in range(self.effort.repeats):
                    for system in systems(threads):
                        time.sleep(0.3)
                        if isinstance(system, Rival):
                            resident = self.resident(system, model, threads)
                            seconds, _ = self.request(resident, ("examples", batch), source)
                        elif batch <= OWN_WINDOW or has("--batch"):
                            seconds = self.own_seconds(system, model, threads, sentences, batch, empty[system])
                        else:
                            continue
                        self.add(model, text, system, threads, "sweep", repeat=repeat, batch=batch, seconds=seconds,
                                 sentences=len(sentences))


def share_equal(outputs, reference):
    if len(outputs) != len(reference):
        raise Failure(f"found {len(outputs)} translations of {len(reference)} sentences")
    return 100 * sum(map(str.__eq__, outputs, reference)) / len(reference)


def drop_page_cache(paths):
    """Makes the next start a cold one; says how."""
    os.sync()
    try:
        Path("/proc/sys/vm/drop_caches").write_text("1")
        return "the page cache dropped"
    except OSError:
        for path in paths:
            for file in [path] if path.is_file() else path.rglob("*"):
                if file.is_file():
                    with open(file, "rb") as opened:
                        os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return "the program's and the model's files put out of the page cache (posix_fadvise)"


def describe_machine(model):
    """Lines about what the figures depend on."""
    cpu = Path("/proc/cpuinfo").read_text()
    named = re.search(r"model name\s*: (.*)", cpu)
    flags = set((re.search(r"(?:flags|Features)\s*: (.*)", cpu) or ["", ""])[1].split())
    wanted = [flag for flag in ("avx2", "fma", "avx512f", "avx512_vnni", "avx_vnni", "amx_int8", "asimddp") if flag in flags]
    info = subprocess.run([TRANSLATE, "-m", BUNDLED, "--info"], capture_output=True, text=True, check=True).stdout
    version = subprocess.run([TRANSLATE, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    with SYSTEMS[1].start(model, 1, CT2_VERBOSE="1") as resident:
        resident.ask("Hello.")
        chosen = re.findall(r"(Selected ISA: \w+|Use Intel MKL: \w+|SGEMM backend: \w+|GEMM_S8 backend: \w+)[^\n]*",
                            resident.printed())
    import torch
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in ("torch", "transformers", "sentencepiece"))
    return [
        f"{named[1] if named else platform.machine()}, {len(CPUS)} processors, {' '.join(wanted)}; "
        f"{platform.platform()}; load {os.getloadavg()[0]:.1f} before",
        f"{version}: " + "; ".join(" ".join(line.split()) for line in info.splitlines() if "products" in line),
        f"CTranslate2 {importlib.metadata.version('ctranslate2')}: {', '.join(dict.fromkeys(chosen))}",
        f"{versions}: {torch.backends.cpu.get_cpu_capability()}"]


def print_tables(bench, models, machine):
    for model, text in bench_report.distinct(bench_report.select(bench.samples, measure="file"), "model", "input"):
        samples = bench_report.select(bench.samples, model=model, input=text)
        n = bench_report.select(samples, measure="file")[0]["sentences"]
        print(f"## {model}: {text}, {n} sentences\n\n{bench_report.speed_table(samples, bench.limits[model])}")
    for model in models:
        samples = bench_report.select(bench.samples, model=model.name)
        print(f"## {model.name}: start, memory, disk\n\n{bench_report.footprint_table(samples)}")
        limits = bench.limits[model.name]
        for threads in thread_counts():
            machine.append(f"{model.name}, threads: {threads}: at most {limits['read', 'int8', threads]:.0f} GB/s out of a step's "
                           f"int8 weights, {limits['read', 'float32', threads]:.0f} GB/s out of its float32 weights, "
                           f"{limits['multiply', threads]:.0f} GMAC/s")
    machine.append(f"Threads: OMP_NUM_THREADS, translate --threads {'' if has('--threads') else '(not there yet) '}and "
                   f"intra_threads as in the tables, processes bound to as many processors; before a cold start {bench.dropped}")
    print("".join(f"- {line}\n" for line in machine))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="*", metavar="FILE")
    parser.add_argument("--quick", action="store_true", help="few lines, twice: to see that everything works")
    parser.add_argument("--lines", type=int, metavar="N",
                        help=f"at most N lines of each file, at equal distances; 0: all (default {FULL.lines})")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample to FILE")
    parser.add_argument("--sweep", action="store_true", help="throughput over the batch size, nothing else")
    parser.add_argument("--draw", type=Path, nargs=2, metavar=("JSON", "SVG"), help="draw what --sweep wrote")
    arguments = parser.parse_args()
    if arguments.draw:
        samples, svg = arguments.draw
        svg.write_text(bench_report.drawing(json.loads(samples.read_text())["samples"]), encoding="utf-8")
        return
    import bench_models  # PyTorch: seconds that the other uses do not need
    effort = QUICK if arguments.quick else FULL
    if arguments.lines is not None:
        effort.lines = arguments.lines
    say("preparing the models")
    models = bench_models.prepare(BUNDLED, BUILD)
    texts = [read_text(path, effort.lines) for path in arguments.files or [BUNDLED / "everyday.tsv"]]
    machine = describe_machine(models[0])
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(effort, scratch)
        if arguments.sweep:
            bench.sweep(models[0], texts[0])
        else:
            bench.measure(models[0], texts)
            bench.measure(models[1], texts[:1])
            print_tables(bench, models, machine)
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": machine, "samples": bench.samples}, indent=0), encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except (Failure, OSError) as problem:
        sys.exit(f"bench: {problem}")
