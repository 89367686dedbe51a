#!/usr/bin/env python3
"""Find the first tensor where this program and PyTorch diverge: one text, tensor by tensor, in order of computation.

    compare.py CHECKPOINT HF_DIR TEXT

CHECKPOINT is the export of HF_DIR. Each sentence of TEXT is translated by this program; PyTorch computes with
the same token ids. The source ids, every named tensor (weights/FORMAT.md) and at last the target ids are shown with
their largest absolute difference and its place, up to the first that differs, and the functions to look at. What comes
after that one is left out: it is computed from it.

A tensor differs when a value is more than 1e-4 off (of the tensor's largest magnitude, where that is above 1). An
int8 checkpoint is quantized and differs from the start: all of it is shown, without a verdict.

Exit status: 0 if all agree, or with int8; 1 if something differs; 2 on a usage error, or if nothing can be compared.
"""

import argparse
import json
import os
import re
import sys
from collections import namedtuple
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy
import safetensors
import safetensors.numpy
from transformers import MarianMTModel, MarianTokenizer

import export
from reference import TIE, TOLERANCE, both_traces, difference, first_difference, gap_at
from transformer_c import checkpoint
from transformer_c.program import ProgramFailure, translate_tokens
from transformer_c.readers import marian

# What computes a tensor, by its name: functions, the most telling first, then what that one calls, what calls it and what
# binds its weights.
PLACES = json.loads((Path(__file__).parents[1] / "explain/places.json").read_text(encoding="utf-8"))

# A line of the output; `agrees` is None where there is no verdict.
Line = namedtuple("Line", "name shape difference agrees where")


def places(name: str) -> tuple[tuple[str, str], ...]:
    """((file, function), …) for what has this name."""
    functions = next(found for pattern, found in PLACES["tensors"].items() if re.fullmatch(pattern, name))
    return tuple((PLACES["functions"][function], function) for function in functions)


class Pieces:
    """The vocabulary of a checkpoint, and what the rows and columns of its tensors are."""

    def __init__(self, model: MarianMTModel, tokenizer: MarianTokenizer, source: list[int], target: list[int]) -> None:
        config = model.config
        encoder = tokenizer.target_encoder if tokenizer.separate_vocabs else tokenizer.encoder
        self.source_of = {id_: piece for piece, id_ in tokenizer.encoder.items()}
        self.target_of = {id_: piece for piece, id_ in encoder.items()}
        self.source = [self.shown(self.source_of, id_) for id_ in source]
        self.fed = [self.shown(self.target_of, id_) for id_ in [config.decoder_start_token_id, *target[:-1]]]
        self.decoder = [f"{fed} → {self.shown(self.target_of, id_)}" for fed, id_ in zip(self.fed, target)]
        self.n_heads = {"encoder": config.encoder_attention_heads, "decoder": config.decoder_attention_heads}
        self.d_model = config.d_model

    @staticmethod
    def shown(piece_of: dict[int, str], id_: int) -> str:
        piece = piece_of.get(id_, "no piece")
        return piece if piece.isprintable() else ascii(piece)

    def place(self, name: str, row: int, column: int) -> str:
        """What row and column of the tensor `name` are, such as "row 2 ▁is, dimension 7". A row of the decoder has the piece
        that it is fed → the one that it predicts."""
        cross = "cross_attention." in name
        from_source = name.startswith("encoder") or cross and name.endswith((".key", ".value"))
        rows = self.source if from_source else self.decoder
        n_heads = self.n_heads.get(name.split(".")[0])
        if name.endswith((".scores", ".weights")):
            keys = self.source if from_source or cross else self.fed
            head, query = divmod(row, len(rows))
            return f"head {head}, row {query} {rows[query]}, column {column} {keys[column]}"
        if name == "output":
            return f"row {row} {rows[row]}, column {column} {self.shown(self.target_of, column)}"
        if name.endswith((".query", ".key", ".value", ".heads")):
            return f"row {row} {rows[row]}, dimension {column} (head {column // (self.d_model // n_heads)})"
        return f"row {row} {rows[row]}, dimension {column}"


def compare_tensor(name: str, found: numpy.ndarray, expected: numpy.ndarray, pieces: Pieces) -> Line:
    """The Line of a tensor of two dimensions."""
    agrees = difference(found, expected) <= TOLERANCE
    if found.shape != expected.shape:
        return Line(name, found.shape, None, False, f"found shape {list(found.shape)}, expected {list(expected.shape)}")
    differences = numpy.abs(found - expected)
    row, column = numpy.unravel_index(differences.argmax(), found.shape)  # the first NaN, if any
    where = pieces.place(name, int(row), int(column)) if differences[row, column] != 0 else ""
    if not agrees:
        where += f": found {found[row, column]:.6g}, expected {expected[row, column]:.6g}"
    return Line(name, found.shape, differences[row, column], agrees, where)


def compare_ids(name: str, found: list[int], expected: list[int], piece_of: dict[int, str],
                tie: Callable[[int], bool] = lambda step: False) -> Line:
    """The Line of a list of token ids, which agrees when they are equal or the first that differs is a tie."""
    step = first_difference(found, expected)
    if step is None:
        return Line(name, (len(found),), None, True, "")
    ours, theirs = (f"{ids[step]} {Pieces.shown(piece_of, ids[step])}" if step < len(ids) else "the end"
                    for ids in (found, expected))
    agrees = tie(step)
    return Line(name, (len(found),), None, agrees, f"token {step}: found {ours}, expected {theirs}{', a tie' * agrees}")


def compare_sentence(model: MarianMTModel, tokenizer: MarianTokenizer, directory: Path, text: str) -> Iterator[Line]:
    """The Lines of one sentence, in the order of computation."""
    source, target, tensors = both_traces(model, directory, text)
    pieces = Pieces(model, tokenizer, source, target)
    yield compare_ids("source ids", source, checkpoint.encode(tokenizer, text), pieces.source_of)
    for name, found, expected in tensors:
        yield compare_tensor(name, found, expected, pieces)
    [wanted] = checkpoint.greedy(model, [source])
    yield compare_ids("target ids", target, wanted, pieces.target_of,
                      tie=lambda step: gap_at(model, source, wanted, step) < TIE)


def show(line: Line) -> None:
    """Prints a Line; in colours on a terminal, unless NO_COLOR is set."""
    verdict = {True: "agrees", False: "differs", None: ""}[line.agrees]
    value = f"{line.difference:.1e}" if line.difference is not None else ""
    shape = " × ".join(str(n) for n in line.shape)
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR") and verdict:
        verdict = f"\033[{32 if line.agrees else 31}m{verdict:7}\033[0m"
    print(f"{verdict:7}  {line.name:35}  {shape:>10}  {value:>10}  {line.where}".rstrip(" "))


def sentences_of(directory: Path, text: str) -> Iterator[str]:
    """The sentences of `text` as the program cuts them, each after the language code of its line."""
    lines = text.split("\n")
    for line, sentences in zip(lines, translate_tokens(directory, lines)):
        line = line.encode()
        for sentence in sentences:
            yield (line[:sentences[0].begin] + line[sentence.begin:sentence.end]).decode()


def report_difference(name: str, n_before: int, n_after: int) -> None:
    look_at = [f"{function} in {file}" for file, function in places(name)]
    print(f"\n{name} is the first that differs: {n_before} before it agree, {n_after} after it are left out.")
    print("Look at " + ",\n   then ".join(look_at) + ".")
    if any(file == "kernels/plain.c" for file, _ in places(name)):
        print("TRANSFORMER_ISA=plain runs kernels/plain.c itself: if the difference disappears, look in kernels/simd/ instead.")


def compare_text(model: MarianMTModel, tokenizer: MarianTokenizer, directory: Path, dtype: str, text: str) -> str | None:
    """Prints the comparison of all sentences of `text`; the name of the first that differs, None when all agree."""
    sentences = list(sentences_of(directory, text))
    if not sentences:
        raise checkpoint.Unsupported("found no sentence in TEXT, expected one or more")
    for sentence in sentences:
        lines = list(compare_sentence(model, tokenizer, directory, sentence))
        if dtype == "int8":
            lines = [line._replace(agrees=None) for line in lines]
        n_before = next((i for i, line in enumerate(lines) if line.agrees is False), len(lines))
        print(f"{sentence}\n{'':7}  {'tensor':35}  {'shape':>10}  {'difference':>10}  where it is largest")
        for line in lines[:n_before + 1]:
            show(line)
        if n_before < len(lines):
            report_difference(lines[n_before].name, n_before, len(lines) - n_before - 1)
            return lines[n_before].name
        print()
    if dtype == "int8":
        print("No verdict: in int8 all weights, and the input of each product, are quantized to 127 steps, so that everything "
              "differs.\nExport with --dtype float32 to find mistakes.")
    else:
        print("All agree.")
    return None


def check_exported(directory: Path, hf_dir: Path, model: MarianMTModel) -> str:
    """The dtype of the checkpoint, refused unless its weights are those of the model: two programs are compared here."""
    stored = safetensors.numpy.load_file(Path(directory) / "model.safetensors")
    dtype = "int8" if any(array.dtype == numpy.int8 for array in stored.values()) else "float32"
    expected = export.stored_tensors(marian.resolved_tensors(model), dtype)
    for name in sorted(expected.keys() | stored.keys()):
        if name not in expected or name not in stored or not numpy.array_equal(stored[name], expected[name]):
            raise checkpoint.Unsupported(f"{directory}: {name} is not what {hf_dir} has, expected its export; make it again "
                                         "with scripts/export.py")
    return dtype


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=Path, metavar="CHECKPOINT")
    parser.add_argument("hf_dir", type=Path, metavar="HF_DIR")
    parser.add_argument("text", metavar="TEXT")
    arguments = parser.parse_args()
    try:
        model, tokenizer = checkpoint.open_marian(arguments.hf_dir)
        dtype = check_exported(arguments.checkpoint, arguments.hf_dir, model)
        differs = compare_text(model, tokenizer, arguments.checkpoint, dtype, arguments.text)
    except (checkpoint.Unsupported, ProgramFailure, safetensors.SafetensorError, OSError, UnicodeError) as problem:
        print(f"compare.py: {problem}", file=sys.stderr)
        sys.exit(2)
    sys.exit(1 if differs else 0)


if __name__ == "__main__":
    main()
