"""The systems that the benchmark compares, each as a process: this program, and its rivals in worker.py."""

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from transformer_c.program import ROOT, TRANSLATE

CPUS = sorted(os.sched_getaffinity(0))
LIBC = ("libc.so", "libm.so", "linux-vdso.so", "ld-linux")


@dataclass
class Model:
    name: str
    directory: Path
    fixed_length: int = 0  # target tokens of every sentence; 0: the model ends its translations itself
    n_beams: int = 1       # 1: greedy search


class Failure(Exception):
    """A system did not do what it was asked; says what it printed."""


@contextlib.contextmanager
def on_processors(n: int) -> Iterator[None]:
    """Processes that are started within run on n processors."""
    os.sched_setaffinity(0, CPUS[:n])
    try:
        yield
    finally:
        os.sched_setaffinity(0, CPUS)


def thread_counts() -> list[int]:
    return [threads for threads in (1, 2) if threads <= len(CPUS)]


def environment(threads: int) -> dict[str, str]:
    """Without what the machine's own environment tells the libraries to do."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("OPENBLAS_", "MKL_", "DNNL_", "CT2_"))}
    return own | {"OMP_NUM_THREADS": str(threads), "HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false"}


class Resident:
    """A process that answers every line with a line."""

    def __init__(self, command: list[str], threads: int, **variables: str) -> None:
        self.command, self.errors = command, tempfile.TemporaryFile()  # noqa: SIM115 (closed in __exit__)
        with on_processors(threads):
            self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
                                            env=environment(threads) | variables)

    def ask_together(self, lines: list[str]) -> list[str]:
        """The answers to lines that arrive at once, while they fit into a pipe (64 KiB)."""
        self.process.stdin.raw.write("".join(f"{line}\n" for line in lines).encode())
        answers = [self.process.stdout.readline().decode() for _ in lines]
        if not all(answers):
            raise Failure(f"{self.command}: ended without an answer: {self.printed()[-2000:]}")
        return [answer.rstrip("\n") for answer in answers]

    def ask(self, line: str) -> str:
        return self.ask_together([line])[0]

    def printed(self) -> str:
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")

    def peak_memory(self) -> int:
        return peak_memory(self.process.pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()
        self.errors.close()


def peak_memory(process_id: int) -> int:
    """Bytes of the largest resident set of a process, 0 when it has ended."""
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process_id}/status").read_text())
    except ProcessLookupError:
        found = None
    return 1024 * int(found[1]) if found else 0


def size_of(paths: list[Path]) -> int:
    """Bytes of files and of all files in directories."""
    return sum(file.stat().st_size for path in paths for file in ([path] if path.is_file() else path.rglob("*"))
               if file.is_file())


class Own:
    name = "transformer.c"

    def __init__(self, precision: str) -> None:
        self.precision = precision

    def checkpoint(self, model: Model) -> Path:
        return model.directory / self.precision

    def command(self, model: Model, threads: int) -> list[str]:
        return [str(TRANSLATE), "-m", str(self.checkpoint(model)), "--plain", "--threads", str(threads),
                "--beam", str(model.n_beams)]

    def start(self, model: Model, threads: int, workers: int = 1) -> Resident:
        return Resident(self.command(model, threads), threads)

    def run(self, model: Model, threads: int, source: Path, target: Path) -> tuple[float, int]:
        """Seconds of a whole process over a file, and its largest resident set, looked at every 5 ms."""
        command = [*self.command(model, threads), "-i", str(source), "-o", str(target)]
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

    def files(self, model: Model) -> tuple[list[Path], list[Path]]:
        """What lies on the disk: the program with the libraries it loads, and the model."""
        with self.start(model, 1) as resident:
            resident.ask("Hello.")
            mapped = Path(f"/proc/{resident.process.pid}/maps").read_text()
        libraries = [Path(path) for path in sorted(set(re.findall(r" (/\S+\.so\S*)$", mapped, re.MULTILINE)))
                     if not Path(path).name.startswith(LIBC)]
        names = ("config.json", "model.safetensors", "source.spm", "target.spm", "source.vocab", "target.vocab")
        model_files = [self.checkpoint(model) / name for name in names]
        return [TRANSLATE, *libraries], [path for path in model_files if path.is_file()]


class Rival:
    """A system in worker.py."""
    packages = None

    def __init__(self, name: str, precision: str) -> None:
        self.name, self.precision = name, precision

    def start(self, model: Model, threads: int, workers: int = 1, **variables: str) -> Resident:
        command = [sys.executable, "-P", str(ROOT / "bench/worker.py"), self.name.lower(),
                   str(model.directory / "hugging-face"), str(threads), str(model.n_beams)]
        if self.name == "CTranslate2":
            command += [str(model.directory / f"ctranslate2-{self.precision}"), self.precision, str(workers)]
        return Resident(command, threads, **variables)

    def files(self, model: Model) -> tuple[list[Path], list[Path]]:
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
SYSTEMS: list[Own | Rival] = [Own("int8"), Rival("CTranslate2", "int8"), Own("float32"), Rival("CTranslate2", "float32"),
                              REFERENCE]
