"""What the benchmark measures. All systems take turns in a round; a round that is among the samples already is left out."""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sentencepiece
from sacrebleu.metrics import BLEU, CHRF

from bench.samples import Samples, digest
from bench.systems import REFERENCE, SYSTEMS, Failure, Model, Own, Resident, Rival, on_processors, size_of, thread_counts
from bench.text import Text, evenly
from bench.worker import make_batches
from transformer_c.files import write_whole
from transformer_c.program import ROOT

SWEEP = [1, 2, 4, 8, 16, 32, 64, 128, 256]
MEASURES = ["latency", "file", "start", "sweep"]


@dataclass
class Effort:
    """How much is measured; the random model is larger and gets a part of the lines."""
    repeats: int
    lines: int
    latency_sentences: int
    sweep_repeats: int
    sweep_sentences: tuple  # for small batches, for the largest
    batchings: list
    random_part: int


FULL = Effort(repeats=5, lines=400, latency_sentences=100, sweep_repeats=3, sweep_sentences=(64, 256), random_part=5,
              batchings=[("examples", 16), ("examples", 32), ("examples", 64), ("examples", 128), ("tokens", 1024),
                         ("tokens", 4096)])
QUICK = Effort(repeats=1, lines=10, latency_sentences=5, sweep_repeats=1, sweep_sentences=(5, 10), random_part=5,
               batchings=[("examples", 16), ("tokens", 1024)])


class OutOfTime(Exception):
    """The minutes that were given are over; what is missing is measured by the same command again."""


def say(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def read_lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split("\n")[:-1]


def write_lines(path: Path, lines: list[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


class Work:
    """Counts tokens, and with them weights and multiply-adds, for one model."""

    def __init__(self, model: Model) -> None:
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

    def source_tokens(self, sentences: list[str]) -> int:
        return sum(len(self.source.encode(sentence)) + 1 for sentence in sentences)

    def target_tokens(self, outputs: list[str]) -> int:
        """Counted again in the text, the end token too; the same way for every system."""
        return sum(self.model.fixed_length or len(self.target.encode(output)) + 1 for output in outputs)

    def step_bytes(self, precision: str) -> int:
        return self.step_weights * (1 if precision == "int8" else 4)

    def bytes_read(self, sentences: list[str], outputs: list[str], precision: str) -> int:
        """One sentence at a time."""
        weights = len(sentences) * self.source_weights + self.target_tokens(outputs) * self.step_weights
        return weights * (1 if precision == "int8" else 4)

    def multiply_adds(self, sentences: list[str], outputs: list[str]) -> int:
        return (self.source_tokens(sentences) * self.source_weights + self.target_tokens(outputs) * self.step_weights)


class Bench:
    def __init__(self, samples: Samples, effort: Effort, build: Path, scratch: str, minutes: float) -> None:
        self.samples, self.effort, self.build, self.scratch = samples, effort, build, Path(scratch)
        self.end = time.monotonic() + 60 * minutes
        self.machine = self.scratch / "machine"
        subprocess.run(["cc", "-std=gnu11", "-O3", "-march=native", "-o", self.machine,
                        ROOT / "bench/machine.c", "-pthread"], check=True)

    @contextlib.contextmanager
    def models_residents(self, model: Model, text: Text) -> Iterator[None]:
        """Processes that are started stay for other rounds of the model."""
        with contextlib.ExitStack() as self.open:
            self.model, self.text, self.work, self.residents = model, text, Work(model), {}
            yield

    def rounds(self, measure: str, sentences: list[str], threads: int, n: int) -> Iterator[int]:
        """Yields the numbers of the missing rounds; the samples of a round are kept when the next number is requested."""
        where = (measure, self.model.directory.name, self.text.name, digest(sentences), threads)
        for repeat in range(n):
            key = (*where, repeat)
            if key in self.samples:
                continue
            if time.monotonic() > self.end:
                raise OutOfTime
            say(f"{self.model.name}, {self.text.name}: {measure}, {len(sentences)} sentences, threads: {threads}, "
                f"round {repeat + 1} of {n}")
            self.added = []
            yield repeat
            self.samples.add(key, self.added)

    def add(self, system: Own | Rival, threads: int, measure: str, **values: Any) -> None:
        self.added.append({"model": self.model.name, "input": self.text.name, "system": system.name,
                           "precision": system.precision, "threads": threads, "measure": measure, **values})

    def add_limit(self, threads: int, precision: str, measure: str, *arguments: object) -> None:
        """What the machine itself reaches just now, as a sample of the round."""
        with on_processors(threads):
            done = subprocess.run([self.machine, *map(str, arguments), str(threads)], capture_output=True, text=True,
                                  check=True)
        value, used = done.stdout.strip().split(" ", 1)
        self.added.append({"model": self.model.name, "input": self.text.name, "system": "machine", "precision": precision,
                           "threads": threads, "measure": measure, "value": float(value), "used": used})

    def file(self, name: str, lines: list[str]) -> Path:
        path = self.scratch / name
        write_lines(path, lines)
        return path

    def request(self, resident: Resident, batching: tuple[str, int], source: Path) -> tuple[float, list[str]]:
        """Seconds and outputs of a rival over a file."""
        target = self.scratch / "rival"
        started = time.perf_counter()
        resident.ask("\t".join(("\tfile", str(source), str(target), *map(str, batching))))
        return time.perf_counter() - started, read_lines(target)

    def resident(self, system: Own | Rival, threads: int, workers: int = 1) -> Resident:
        """A process that has translated before; this program reads more lines at once with each call, so eight times."""
        key = system, threads, workers
        if key not in self.residents:
            self.residents[key] = self.open.enter_context(system.start(self.model, threads, workers))
            for _ in range(8):
                self.residents[key].ask("Hello.")
        time.sleep(0.3)  # the threads of the last one go to sleep
        return self.residents[key]

    def reference(self, sentences: list[str]) -> list[str]:
        """What the others must say: transformers, float32, without padding. Kept in a file."""
        path = self.build / f"reference-{self.model.directory.name}-{digest(self.samples.conditions, sentences)}"
        if not path.is_file():
            say(f"{self.model.name}, {self.text.name}: {len(sentences)} sentences by the reference")
            resident = self.resident(REFERENCE, thread_counts()[-1])
            outputs = self.request(resident, ("equal", 32), self.file("reference", sentences))[1]
            write_whole(path, lambda beside: write_lines(beside, outputs))
        return read_lines(path)

    # One sentence at a time

    def latency(self, threads: int, sentences: list[str]) -> None:
        few = evenly(sentences, max(self.effort.latency_sentences // self.part(), 1))
        for repeat in self.rounds("latency", few, threads, self.effort.repeats):
            reference = self.reference(few)
            for precision in ("int8", "float32"):
                self.add_limit(threads, precision, "limit of reading", "read", self.work.step_bytes(precision))
            for system in SYSTEMS:
                resident, seconds, outputs = self.resident(system, threads), [], []
                for sentence in few:
                    started = time.perf_counter()
                    outputs.append(resident.ask(sentence))
                    seconds.append(time.perf_counter() - started)
                self.add(system, threads, "latency", repeat=repeat, seconds=seconds, sentences=len(few),
                         bytes=self.work.bytes_read(few, outputs, system.precision), same=share_equal(outputs, reference))

    # A file

    def trial(self, threads: int, sentences: list[str]) -> dict[Rival, tuple[int, tuple[str, int]]]:
        """The fastest (workers, batching) of each rival over a part of the sentences."""
        chosen, part = {}, evenly(sentences, 256)
        for rival in [system for system in SYSTEMS if isinstance(system, Rival)]:
            measure = f"trial of {rival.name} {rival.precision}"
            for _ in self.rounds(measure, part, threads, 1):
                source = self.file("trial", part)
                for workers in range(1, threads + 1) if rival.name == "CTranslate2" else [1]:
                    for batching in self.effort.batchings:
                        seconds = self.request(self.resident(rival, threads, workers), batching, source)[0]
                        self.add(rival, threads, "trial", seconds=seconds, workers=workers, batching=batching)
            tried = self.samples[measure, self.model.directory.name, self.text.name, digest(part), threads, 0]
            best = min(tried, key=lambda sample: sample["seconds"])
            chosen[rival] = best["workers"], tuple(best["batching"])
        return chosen

    def empty_seconds(self, own: Own, threads: int) -> float:
        empty = self.file("empty", [])
        return statistics.median(own.run(self.model, threads, empty, self.scratch / "own")[0] for _ in range(3))

    def throughput(self, threads: int, sentences: list[str]) -> None:
        chosen = self.trial(threads, sentences)
        for repeat in self.rounds("file", sentences, threads, self.effort.repeats):
            reference, source = self.reference(sentences), self.file("source", sentences)
            for precision in ("int8", "float32"):
                self.add_limit(threads, precision, "limit of multiplying", precision)
            for system in SYSTEMS:
                if isinstance(system, Own):
                    empty = self.empty_seconds(system, threads)
                    seconds = system.run(self.model, threads, source, self.scratch / "own")[0] - empty
                    outputs, batching = read_lines(self.scratch / "own"), "own"
                else:
                    workers, (kind, size) = chosen[system]
                    seconds, outputs = self.request(self.resident(system, threads, workers), (kind, size), source)
                    batching = f"{size} {kind}" + (f", {workers} workers" if workers > 1 else "")
                self.add(system, threads, "file", repeat=repeat, seconds=seconds, batching=batching,
                         sentences=len(sentences), tokens=self.work.target_tokens(outputs),
                         multiply_adds=self.work.multiply_adds(sentences, outputs), same=share_equal(outputs, reference),
                         **self.quality(outputs))

    def quality(self, outputs: list[str]) -> dict[str, float]:
        if not self.text.references or self.model.fixed_length:
            return {}
        lines = self.text.joined(outputs)
        return {name: metric.corpus_score(lines, [self.text.references]).score
                for name, metric in (("BLEU", BLEU()), ("chrF", CHRF()))}

    # Start, memory, disk

    def footprint(self, sentences: list[str]) -> None:
        for repeat in self.rounds("start", sentences, 1, self.effort.repeats):
            for system in SYSTEMS:
                program, files = system.files(self.model)
                dropped = drop_page_cache([*program, *files])
                for measure in ("start cold", "start warm"):
                    started = time.perf_counter()
                    with system.start(self.model, 1) as resident:
                        resident.ask(sentences[0])
                        seconds, memory = time.perf_counter() - started, resident.peak_memory()
                    self.add(system, 1, measure, repeat=repeat, value=seconds, dropped=dropped)
                self.add(system, 1, "memory of a sentence", repeat=repeat, value=memory)
        for repeat in self.rounds("memory and disk", sentences, 1, 1):
            source = self.file("source", sentences)
            for system in SYSTEMS:
                if isinstance(system, Own):
                    memory = system.run(self.model, 1, source, self.scratch / "own")[1]
                else:
                    with system.start(self.model, 1) as resident:
                        self.request(resident, ("examples", min(32, len(sentences))), source)
                        memory = resident.peak_memory()
                program, files = system.files(self.model)
                for measure, value in (("memory of a file", memory), ("disk of the program", size_of(program)),
                                       ("disk of the model", size_of(files))):
                    self.add(system, 1, measure, repeat=repeat, value=value)

    # The batch size

    def sweep(self, sentences: list[str]) -> None:
        """Sentences of the same lengths for every batch size, fewer for small batches."""
        threads = thread_counts()[-1]
        fewest, most = self.effort.sweep_sentences
        by_length = sorted(sentences, key=lambda sentence: self.work.source_tokens([sentence]))
        for batch in [batch for batch in SWEEP if batch <= min(most, len(sentences))]:
            chosen = evenly(by_length, min(max(4 * batch, fewest), most))
            for repeat in self.rounds(f"sweep, batches of {batch}", chosen, threads, self.effort.sweep_repeats):
                source = self.file("source", chosen)
                for system in SYSTEMS:
                    resident = self.resident(system, threads)
                    if isinstance(system, Own):
                        seconds = self.own_seconds(resident, chosen, batch)
                    else:
                        seconds, _ = self.request(resident, ("examples", batch), source)
                    self.add(system, threads, "sweep", repeat=repeat, batch=batch, seconds=seconds, sentences=len(chosen))

    def own_seconds(self, resident: Resident, sentences: list[str], batch: int) -> float:
        """The same batches as a rival's, each given at once."""
        lengths = [self.work.source_tokens([sentence]) for sentence in sentences]
        batches = [[sentences[i] for i in indices] for indices in make_batches(lengths, "examples", batch)]
        started = time.perf_counter()
        for lines in batches:
            resident.ask_together(lines)
        return time.perf_counter() - started

    # Everything

    def part(self) -> int:
        return self.effort.random_part if self.model.fixed_length else 1

    def measure(self, model: Model, text: Text, wanted: list[str]) -> None:
        """One model and text; start and sweep belong to the first text."""
        with self.models_residents(model, text):
            sentences = evenly(text.sentences, max(len(text.sentences) // self.part(), 1))
            for threads in thread_counts():
                if "latency" in wanted:
                    self.latency(threads, sentences)
                if "file" in wanted:
                    self.throughput(threads, sentences)
            if "start" in wanted:
                self.footprint(sentences)
            if "sweep" in wanted:
                self.sweep(text.sentences if not model.fixed_length else evenly(text.sentences, 128))


def share_equal(outputs: list[str], reference: list[str]) -> float:
    if len(outputs) != len(reference):
        raise Failure(f"found {len(outputs)} translations of {len(reference)} sentences")
    return 100 * sum(map(str.__eq__, outputs, reference)) / len(reference)


def drop_page_cache(paths: list[Path]) -> str:
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
