#!/usr/bin/env python3
"""Export an encoder-decoder Transformer that another program trained to a checkpoint directory of this program.

    export.py SOURCE OUT_DIR [--dtype float32|int8] [options]

SOURCE is a Hugging Face directory (MarianMT, BART, NLLB …) or the file of weights of a toolkit or tutorial;
docs/bring-your-own.md lists the systems. Which one it is, the names of the tensors tell. What a file does not
say has the value of that system's own program, which is printed at the end, or an option below.

The tensors are written under the paper's names (weights/FORMAT.md). For Hugging Face's systems, a few lines are
translated by both programs and their ids compared: in float32 all must be equal. For others, --module compares
the logits with those of your own module.

OUT_DIR appears when it is whole. If it exists, it must be empty, or a checkpoint that export.py wrote and that
has no other files besides README.md, ATTRIBUTION.md, LICENSE and everyday.tsv, which are kept.
"""

import argparse
import importlib.util
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy
import safetensors
import safetensors.numpy

from transformer_c import readers
from transformer_c.description import Description, Unsupported
from transformer_c.files import directory_whole, other_files
from transformer_c.options import OPTIONS, Options
from transformer_c.program import TRANSLATE, ProgramFailure, translate
from transformer_c.vocabularies import sample_texts

CHECKPOINT_FILES = {"config.json", "model.safetensors",
                    "source.spm", "target.spm", "source.bpe", "source.vocab", "target.vocab"}
SAMPLES, TOLERANCE = 24, 1e-4  # of compare_module
KEPT_FILES = {"README.md", "ATTRIBUTION.md", "LICENSE", "everyday.tsv"}  # they belong to the directory, not to the export

def rounded(weight: numpy.ndarray, scale: numpy.ndarray) -> numpy.ndarray:
    """weight [d_out, d_in] in steps of its row's scale: 127 at most, and 129 at most for the sum of columns 2i and 2i + 1,
    as more would not fit where AVX2 adds two products in 16 bits (kernels/simd/avx2.c)."""
    steps = numpy.clip(numpy.rint(weight / scale[:, None]), -127, 127)
    first, second = steps[:, 0:-1:2], steps[:, 1::2]  # without the last one of an odd number
    too_much = first + second - numpy.clip(first + second, -129, 129)
    half = numpy.trunc(too_much / 2)
    first -= half
    second -= too_much - half
    return steps


def quantize(weight: numpy.ndarray) -> tuple[numpy.ndarray, numpy.ndarray]:
    """(int8 [d_out, d_in], float32 scale [d_out]): for each row the scale that leaves the smallest squared error, of the
    one with which everything fits (see rounded) and smaller ones, down to half of it, which cut off what does not."""
    first, second = weight[:, 0:-1:2], weight[:, 1::2]
    pairs = numpy.abs(first + second).max(axis=1, initial=0)
    largest = numpy.maximum(numpy.abs(weight).max(axis=1) / 127, pairs / 128)  # rounding adds 1/2 for each of the two
    largest[largest == 0] = 1
    best, best_error = numpy.ones_like(largest), numpy.full_like(largest, numpy.inf)
    for fraction in numpy.linspace(1, 0.5, 26, dtype=largest.dtype):
        scale = fraction * largest
        error = ((rounded(weight, scale) * scale[:, None] - weight) ** 2).sum(axis=1)
        best = numpy.where(error < best_error, scale, best)
        best_error = numpy.minimum(error, best_error)
    return rounded(weight, best).astype(numpy.int8), best.astype(numpy.float32)


def stored_tensors(tensors: dict[str, numpy.ndarray], dtype: str) -> dict[str, numpy.ndarray]:
    stored = {}
    for name, array in tensors.items():
        if dtype == "int8" and array.ndim == 2 and not name.endswith("_positions.weight"):
            stored[name], stored[name.removesuffix("weight") + "scale"] = quantize(array)
        else:
            stored[name] = numpy.ascontiguousarray(array, dtype=numpy.float32)
    return stored


def write_weights(path: Path, tensors: dict[str, numpy.ndarray]) -> None:
    """A safetensors file whose header ends in spaces, so that data begins at a multiple of 64 bytes: so do the tensors,
    where their sizes are such multiples, and no load of a vector of theirs crosses a cache line."""
    file = safetensors.numpy.save(tensors)
    end = 8 + int.from_bytes(file[:8], "little")
    spaces = -end % 64
    path.write_bytes((end - 8 + spaces).to_bytes(8, "little") + file[8:end] + b" " * spaces + file[end:])


def vocabulary_text(pieces: list[str], what: str) -> str:
    """Line i of a .vocab file is the piece of id i."""
    for piece in pieces:
        if not piece or set(piece) & set("\n\r\0"):
            raise Unsupported(f"{what}: found the piece {piece!r}, expected pieces without line ends")
    return "".join(f"{piece}\n" for piece in pieces)


def write_checkpoint(directory: Path, description: Description, name: str, dtype: str) -> None:
    """All files of the checkpoint into an empty directory. name: of what was exported."""
    write_weights(directory / "model.safetensors", stored_tensors(description.tensors, dtype))
    tokenizer = description.tokenizer
    for side, spm in (("source", tokenizer.source_spm), ("target", tokenizer.target_spm)):
        if spm:
            shutil.copyfile(spm, directory / f"{side}.spm")
    if tokenizer.merges is not None:
        (directory / "source.bpe").write_text(vocabulary_text(tokenizer.merges, "merges"), encoding="utf-8")
    for side, pieces in (("source", description.source.vocabulary), ("target", description.target.vocabulary)):
        if pieces is not None:
            (directory / f"{side}.vocab").write_text(vocabulary_text(pieces, f"{side} vocabulary"), encoding="utf-8")
    config = description.config() | {"origin": {"directory": name, "dtype": dtype, **description.origin}}
    (directory / "config.json").write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def has_our_config(directory: Path) -> bool:
    """True if the directory has a config.json that export.py wrote."""
    try:
        return json.loads((directory / "config.json").read_bytes())["format"] == "transformer.c"
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return False


def check_replaceable(directory: Path, place: Path) -> None:
    """Only a checkpoint that export.py wrote, or nothing, may be replaced. place: where `directory` is or was."""
    if not directory.is_dir():
        raise Unsupported(f"{place}: found a file there, expected a checkpoint to replace, or nothing; choose another name")
    others = other_files(directory, CHECKPOINT_FILES | KEPT_FILES)
    if not others and any(directory.iterdir()) and not has_our_config(directory):
        others = other_files(directory, ())
    if others:
        raise Unsupported(f"{place}: found other files there ({', '.join(others[:3])}), expected a checkpoint of export.py to "
                          f"replace, or nothing; choose another directory")


def check_place(source: Path, out_dir: Path) -> None:
    """Refuses what must not be replaced, before anything is read."""
    if not TRANSLATE.is_file():
        raise Unsupported(f"{TRANSLATE}: not built yet, and the export is checked with it; run scripts/translate once")
    if source == out_dir or source in out_dir.parents or out_dir in source.parents:
        raise Unsupported(f"{out_dir}: overlaps with {source}, expected another directory for the checkpoint")
    if os.path.lexists(out_dir):
        check_replaceable(out_dir, out_dir)


def export(source: Path | str, out_dir: Path | str, dtype: str, options: Options | None = None,
           module: str | None = None) -> None:
    source, out_dir = Path(os.path.realpath(source)), Path(os.path.realpath(out_dir))
    options = options or Options()
    check_place(source, out_dir)
    description = readers.describe(source, options)
    with directory_whole(out_dir, lambda found: check_replaceable(found, out_dir)) as beside:
        write_checkpoint(beside, description, source.name, dtype)
        try:
            translate(beside, ["."], "--plain")  # the program can read it
            if description.check:
                description.check(beside, dtype)
            if module:
                compare_module(beside, description, module, dtype)
        except ProgramFailure as problem:
            raise Unsupported(f"{source}: this program cannot translate with what was exported, which is removed again: "
                              f"{str(problem).replace(f'{beside}/', '')}") from problem
        for name in KEPT_FILES:
            if (out_dir / name).is_file():
                shutil.copyfile(out_dir / name, beside / name)
    if options.assumed:
        print(f"assumed, as the file does not say: {options.assumptions()}", file=sys.stderr)


def load_function(module: str) -> Callable[[list[int], list[int]], object]:
    """The function named FILE.py:FUNCTION. It is the user's own code, and runs."""
    file, _, name = module.rpartition(":")
    specification = importlib.util.spec_from_file_location("module_to_compare", file) if file.endswith(".py") else None
    if not specification or not specification.loader or not Path(file).is_file():
        raise Unsupported(f"--module {module}: expected FILE.py:FUNCTION")
    found = importlib.util.module_from_spec(specification)
    sys.path.insert(0, str(Path(file).resolve().parent))
    try:
        specification.loader.exec_module(found)
        return getattr(found, name)
    except Exception as problem:
        raise Unsupported(f"--module {module}: {type(problem).__name__}: {problem}") from problem
    finally:
        sys.path.pop(0)


def call_module(function: Callable[[list[int], list[int]], object], source: list[int], target: list[int]) -> numpy.ndarray:
    try:
        logits = function(source, target)
        if hasattr(logits, "detach"):
            logits = logits.detach().cpu().numpy()
        return numpy.asarray(logits, dtype=numpy.float32)
    except Exception as problem:
        raise Unsupported(f"--module: {type(problem).__name__}: {problem}") from problem


def log_softmax(logits: numpy.ndarray) -> numpy.ndarray:
    """Log-probabilities [rows, n_vocabulary], which many modules return instead of logits. Masked ones become -1e4."""
    shifted = numpy.maximum(logits - logits.max(axis=1, keepdims=True), -1e4)
    return shifted - numpy.log(numpy.exp(shifted).sum(axis=1, keepdims=True))


def compare_module(directory: Path, description: Description, module: str, dtype: str) -> None:
    """Compares logits of SAMPLES random texts with those of the user's module, which gets the same ids."""
    function, worst, n_compared = load_function(module), 0.0, 0
    for text in sample_texts(description, SAMPLES):
        with tempfile.TemporaryDirectory() as scratch:
            file = Path(scratch) / "trace.safetensors"
            translate(directory, [], "--plain", "--trace", str(file), "--", text)
            with safetensors.safe_open(file, "numpy") as trace:
                source, target = ([int(id_) for id_ in trace.metadata()[f"{side}_ids"].split()]
                                  for side in ("source", "target"))
                ours = trace.get_tensor("output")
        theirs = call_module(function, source, [description.target.start, *target[:-1]])
        if theirs.shape != ours.shape:
            raise Unsupported(f"--module: logits of shape {list(theirs.shape)}, expected {list(ours.shape)}: "
                              "[n_tgt, n_vocabulary]")
        worst = max(worst, float(numpy.abs(log_softmax(ours) - log_softmax(theirs)).max()))
        n_compared += 1
        if not worst <= (TOLERANCE if dtype == "float32" else float("inf")):
            raise Unsupported(f"--module: the logits for {text!r} (source ids {source}) differ by {worst:.2g}, more than "
                              f"{TOLERANCE}; an assumption is wrong, or this is an altered version")
    print(f"the logits of {n_compared} texts are those of {module}: largest difference {worst:.2g}", file=sys.stderr)


def message(problem: Exception) -> str:
    """What the user is told: one line."""
    if isinstance(problem, OSError) and problem.filename:
        return f"{problem.filename}: {problem.strerror}"
    return str(problem)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, metavar="SOURCE")
    parser.add_argument("out_dir", type=Path, metavar="OUT_DIR")
    parser.add_argument("--dtype", choices=["float32", "int8"], default="float32")
    parser.add_argument("--module", metavar="FILE.py:FUNCTION",
                        help="compare with FUNCTION(source ids, target ids), which returns the logits [n_tgt, n_vocabulary]")
    group = parser.add_argument_group("what SOURCE does not say; the defaults are those of its system")
    for name, (kind, text) in OPTIONS.items():
        group.add_argument(f"--{name}", type=kind, help=text)
    arguments = parser.parse_args()
    given = {name: value for name in OPTIONS if (value := getattr(arguments, name.replace("-", "_"))) is not None}
    try:
        export(arguments.source, arguments.out_dir, arguments.dtype, Options(given), arguments.module)
    except (Unsupported, ProgramFailure, OSError) as problem:
        sys.exit(f"export.py: {message(problem)}")


if __name__ == "__main__":
    main()
