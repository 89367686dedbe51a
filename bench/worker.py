#!/usr/bin/env python3
"""A resident rival for the benchmark: a line in, its translation out, flushed, until the end of standard input.

    worker.py transformers HF_DIR THREADS BEAMS
    worker.py ctranslate2 HF_DIR THREADS BEAMS CT2_DIR COMPUTE_TYPE WORKERS

Greedy search (BEAMS 1) or beam search, with this project's length cap. WORKERS translators of CTranslate2 share
THREADS. A line that begins with a tab is a request, its fields separated by tabs and its answer one line:

    file IN OUT KIND SIZE   translates the lines of IN into OUT, in the batches that make_batches says
    packages                the files and directories of the installed packages that were imported, tabs between them

What PyTorch does on its own is left alone: threads are set by OMP_NUM_THREADS, which the benchmark sets.
"""

import json
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path


def make_batches(lengths: list[int], kind: str, size: int) -> list[list[int]]:
    """Lists of indices into `lengths`, longest sentences first: `size` of them (examples), as many as fit into
    `size` padded tokens (tokens), or at most `size` of one length (equal), so that nothing is padded."""
    batches = []
    for i in sorted(range(len(lengths)), key=lambda i: -lengths[i]):
        longest = lengths[batches[-1][0]] if batches else 0
        full = (not batches or (kind == "tokens" and (len(batches[-1]) + 1) * longest > size)
                or (kind != "tokens" and len(batches[-1]) == size) or (kind == "equal" and lengths[i] != longest))
        if full:
            batches.append([])
        batches[-1].append(i)
    return batches


class Rival:
    """encode: text to tokens with the end token; generate: batches of tokens to lists of target tokens without it;
    decode: target tokens to text."""

    def __init__(self, directory: Path, n_beams: int) -> None:
        self.n_beams = n_beams
        self.max_length = json.loads((directory / "generation_config.json").read_text())["max_length"] - 1

    def cap(self, n_source: int) -> int:
        """Generated tokens, the end token among them, as search_length_cap in model/search.c counts them."""
        return min(2 * n_source + 30, self.max_length)

    def translate(self, lines: list[str], kind: str, size: int) -> list[str]:
        sources = [self.encode(line) for line in lines]
        batches = make_batches([len(source) for source in sources], kind, size)
        targets = [None] * len(lines)
        generated = self.generate([[sources[i] for i in batch] for batch in batches])
        for batch, outputs in zip(batches, generated):
            for i, output in zip(batch, outputs):  # a batch has its longest sentence's cap
                targets[i] = self.decode(output[:self.cap(len(sources[i])) - 1])
        return targets


class Transformers(Rival):
    def __init__(self, directory: Path, threads: int, n_beams: int) -> None:
        super().__init__(directory, n_beams)
        import torch
        from transformers import MarianMTModel, MarianTokenizer
        warnings.filterwarnings("ignore", message="Recommended: pip install sacremoses")
        self.torch = torch
        torch.set_num_threads(threads)
        self.model = MarianMTModel.from_pretrained(directory, dtype=torch.float32, local_files_only=True).eval()
        self.tokenizer = MarianTokenizer.from_pretrained(directory, local_files_only=True)

    def encode(self, line: str) -> list[int]:
        return self.tokenizer(line)["input_ids"]

    def generate(self, batches: list[list[list[int]]]) -> Iterator[list[list[int]]]:
        for batch in batches:
            inputs = self.tokenizer.pad({"input_ids": batch}, return_tensors="pt")
            with self.torch.inference_mode():
                rows = self.model.generate(**inputs, num_beams=self.n_beams, do_sample=False,
                                           max_length=1 + max(self.cap(len(source)) for source in batch))
            end, outputs = self.model.config.eos_token_id, rows[:, 1:].tolist()
            yield [row[:row.index(end)] if end in row else row for row in outputs]

    def decode(self, ids: list[int]) -> str:
        return self.tokenizer.decode(ids, skip_special_tokens=True)


class CTranslate2(Rival):
    """With SentencePiece alone, as it is deployed: without torch and transformers."""

    def __init__(self, directory: Path, threads: int, n_beams: int, converted: str, compute_type: str,
                 workers: int) -> None:
        super().__init__(directory, n_beams)
        import ctranslate2
        import sentencepiece
        self.source = sentencepiece.SentencePieceProcessor(model_file=str(directory / "source.spm"))
        self.target = sentencepiece.SentencePieceProcessor(model_file=str(directory / "target.spm"))
        self.translator = ctranslate2.Translator(converted, device="cpu", compute_type=compute_type,
                                                 inter_threads=workers, intra_threads=threads // workers,
                                                 max_queued_batches=-1)

    def encode(self, line: str) -> list[str]:
        return self.source.encode(line, out_type=str) + ["</s>"]

    def generate(self, batches: list[list[list[str]]]) -> Iterator[list[list[str]]]:
        pending = [self.translator.translate_batch(
            batch, beam_size=self.n_beams, max_input_length=0, asynchronous=True,
            max_decoding_length=max(self.cap(len(source)) for source in batch)) for batch in batches]
        for results in pending:
            yield [result.result().hypotheses[0] for result in results]

    def decode(self, pieces: list[str]) -> str:
        return self.target.decode(pieces)


def imported_packages() -> list[str]:
    """Where the imported modules outside the standard library lie, and the libraries that wheels put beside them."""
    places = set()
    for module in list(sys.modules.values()):
        path = Path(getattr(module, "__file__", None) or "/")
        for place in [path, *path.parents]:
            if place.parent.name == "site-packages":
                places.add(place)
    libraries = {place.with_name(f"{place.name}.libs") for place in places}
    return sorted(map(str, places | {place for place in libraries if place.is_dir()}))


def answer(rival: Rival, request: str) -> str:
    name, *fields = request.split("\t")
    if name == "packages":
        return "\t".join(imported_packages())
    source, target, kind, size = fields
    lines = Path(source).read_text(encoding="utf-8").split("\n")[:-1]
    outputs = rival.translate(lines, kind, int(size))
    Path(target).write_text("".join(f"{line}\n" for line in outputs), encoding="utf-8")
    return "done"


def main() -> None:
    kind, directory, threads, n_beams, *rest = sys.argv[1:]
    if kind == "transformers":
        rival = Transformers(Path(directory), int(threads), int(n_beams))
    else:
        converted, compute_type, workers = rest
        rival = CTranslate2(Path(directory), int(threads), int(n_beams), converted, compute_type, int(workers))
    for line in sys.stdin:
        line = line.rstrip("\n")
        print(answer(rival, line[1:]) if line.startswith("\t") else rival.translate([line], "examples", 1)[0], flush=True)


if __name__ == "__main__":
    main()
