#!/usr/bin/env python3
"""Export a local Hugging Face MarianMT directory to a checkpoint directory of this program.

    export.py HF_DIR OUT_DIR [--dtype float32|int8]

The resolved tensors of the loaded model are written under the paper's names (weights/FORMAT.md), so it
does not matter which of them the files share. At the end a few lines are translated by both programs and
their ids compared: in float32 all must be equal.

OUT_DIR appears when it is whole. If it exists, it must be empty, or a checkpoint that export.py wrote and that
has no other files besides README.md, ATTRIBUTION.md and everyday.tsv, which are kept.
"""

import argparse
import hashlib
import itertools
import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy
import safetensors.numpy
import torch
import transformers
from transformers import MarianConfig, MarianMTModel, MarianTokenizer

from transformer_c import checkpoint, hugging_face
from transformer_c.checkpoint import Unsupported, expect
from transformer_c.files import directory_whole, other_files
from transformer_c.hugging_face import ACTIVATIONS
from transformer_c.program import TRANSLATE, ProgramFailure, translate_tokens

CHECKPOINT_FILES = {"config.json", "model.safetensors", "source.spm", "target.spm", "source.vocab", "target.vocab"}
KEPT_FILES = {"README.md", "ATTRIBUTION.md", "everyday.tsv"}  # they belong to the directory, not to the export

SAMPLE = ["Hello.", "The house is small.", "What time is it?", "I have never seen such a big dog before.",
          "Tom and Mary went to the station, but the train had already left."]


def resolved_tensors(model: MarianMTModel) -> tuple[dict[str, numpy.ndarray], bool, bool]:
    """{our name: float32 array} of everything the forward pass uses, and how embeddings are shared."""
    config = model.config
    state = {name: tensor.detach().numpy() for name, tensor in model.state_dict().items()}
    tensors = {checkpoint.our_name(name): array for name, array in state.items() if checkpoint.our_name(name)}
    source = model.model.encoder.embed_tokens.weight.detach().numpy()
    target = model.model.decoder.embed_tokens.weight.detach().numpy()
    output = model.lm_head.weight.detach().numpy()
    shared_embedding = source.shape == target.shape and numpy.array_equal(source, target)
    tied_output = target.shape == output.shape and numpy.array_equal(target, output)
    tensors["source_embedding.weight"] = source
    if not shared_embedding:
        tensors["target_embedding.weight"] = target
    if not tied_output:
        tensors["output.weight"] = output
    tensors["output.bias"] = model.final_logits_bias.detach().numpy().reshape(-1)
    expect(tensors["output.bias"].shape, (output.shape[0],), "final_logits_bias: shape")
    check_positions(model.model.encoder.embed_positions.weight.detach().numpy(), config)
    for name, array in tensors.items():
        if not numpy.isfinite(array).all():
            raise Unsupported(f"{name}: found values that are not finite, expected numbers; the checkpoint is damaged")
    return tensors, shared_embedding, tied_output


def check_positions(found: numpy.ndarray, config: MarianConfig) -> None:
    """The table must be the sinusoids that the program computes: sines, then cosines (FORMAT.md)."""
    d, n = config.d_model, config.max_position_embeddings
    angles = numpy.arange(n)[:, None] / 10000.0 ** (2 * (numpy.arange(d) // 2)[None, :] / d)
    expected = numpy.concatenate([numpy.sin(angles[:, 0::2]), numpy.cos(angles[:, 1::2])], axis=1)
    difference = numpy.abs(found - expected).max()
    if difference > 1e-6:
        raise Unsupported(f"embed_positions: found a table that is {difference:.1g} off MarianMT's sinusoids, expected sines "
                          f"then cosines; if it was only rounded to half precision, remove it from the weights")


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
        if dtype == "int8" and array.ndim == 2:
            stored[name], stored[name.removesuffix("weight") + "scale"] = quantize(array)
        else:
            stored[name] = numpy.ascontiguousarray(array, dtype=numpy.float32)
    return stored


def vocabulary_lines(encoder: dict[str, int], n: int, what: str) -> str:
    """The pieces in the order of their ids; line i of a .vocab file is the piece of id i."""
    pieces = {id_: piece for piece, id_ in encoder.items()}
    if sorted(pieces) != list(range(n)) or len(encoder) != n:
        raise Unsupported(f"{what}: found {len(encoder)} pieces with {len(pieces)} different ids, expected the ids 0 to "
                          f"{n - 1} of the embedding, each once")
    for piece in encoder:
        if not piece or set(piece) & set("\n\r\0"):
            raise Unsupported(f"{what}: found the piece {piece!r}, expected pieces without line ends")
    return "".join(f"{pieces[id_]}\n" for id_ in range(n))


def copy_tokens(tokenizer: MarianTokenizer) -> dict[str, list[int]]:
    """The ids of <copy:0>, <copy:1> … as far as a shared vocabulary has them, 16 at most; under their key, if there are any."""
    pieces = [f"<copy:{i}>" for i in range(16)] if not tokenizer.separate_vocabs else []
    ids = [tokenizer.encoder[piece] for piece in itertools.takewhile(tokenizer.encoder.__contains__, pieces)]
    return {"copy_tokens": ids} if ids else {}


def config_json(model: MarianMTModel, tokenizer: MarianTokenizer, sharing: Sequence[bool], shared_sentencepiece: bool,
                origin: dict[str, Any]) -> dict[str, Any]:
    config = model.config
    shared_embedding, tied_output = sharing
    return {
        "format": "transformer.c", "version": 1,
        "d_model": config.d_model, "max_positions": config.max_position_embeddings,
        "encoder": {"n_layers": config.encoder_layers, "n_heads": config.encoder_attention_heads,
                    "d_ff": config.encoder_ffn_dim},
        "decoder": {"n_layers": config.decoder_layers, "n_heads": config.decoder_attention_heads,
                    "d_ff": config.decoder_ffn_dim},
        "activation": ACTIVATIONS[config.activation_function], "scale_embedding": bool(config.scale_embedding),
        "shared_embedding": shared_embedding, "tied_output": tied_output,
        "source": {"language": tokenizer.source_lang or "", "n_vocabulary": len(tokenizer.encoder),
                   "end": tokenizer.encoder[str(tokenizer.eos_token)],
                   "unknown": tokenizer.encoder[str(tokenizer.unk_token)]},
        "target": {"language": tokenizer.target_lang or "", "n_vocabulary": model.lm_head.out_features,
                   "start": config.decoder_start_token_id, "end": config.eos_token_id, "pad": config.pad_token_id},
        "shared_sentencepiece": shared_sentencepiece, "shared_vocabulary": not tokenizer.separate_vocabs,
        "generation": {"max_length": checkpoint.max_length(model), "forced_end": checkpoint.forced_end(model),
                       "suppressed": checkpoint.suppressed_ids(model)},
        **copy_tokens(tokenizer), "origin": origin,
    }


def sha256(path: Path | str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def write_weights(path: Path, tensors: dict[str, numpy.ndarray]) -> None:
    """A safetensors file whose header ends in spaces, so that data begins at a multiple of 64 bytes: so do the tensors,
    where their sizes are such multiples, and no load of a vector of theirs crosses a cache line."""
    file = safetensors.numpy.save(tensors)
    end = 8 + int.from_bytes(file[:8], "little")
    spaces = -end % 64
    path.write_bytes((end - 8 + spaces).to_bytes(8, "little") + file[8:end] + b" " * spaces + file[end:])


def write_checkpoint(hf_dir: Path, directory: Path, model: MarianMTModel, tokenizer: MarianTokenizer, dtype: str) -> None:
    """All files of the checkpoint into an empty directory."""
    tensors, *sharing = resolved_tensors(model)
    target_encoder = tokenizer.target_encoder if tokenizer.separate_vocabs else tokenizer.encoder
    expect(model.config.eos_token_id, target_encoder.get(str(tokenizer.eos_token)),
           "config.json: eos_token_id, against the vocabulary")
    source_spm, target_spm = tokenizer.spm_files
    shared_sentencepiece = sha256(source_spm) == sha256(target_spm)
    files = ["config.json", "vocab.json", "source.spm", "target.spm", "target_vocab.json", "generation_config.json",
             *(path.name for path in hugging_face.weights_files(Path(hf_dir)))]
    origin = {"directory": Path(hf_dir).resolve().name, "dtype": dtype, "transformers": transformers.__version__,
              "torch": torch.__version__.split("+")[0],
              "sha256": {name: sha256(Path(hf_dir) / name) for name in files if (Path(hf_dir) / name).is_file()}}
    config = config_json(model, tokenizer, sharing, shared_sentencepiece, origin)
    write_weights(directory / "model.safetensors", stored_tensors(tensors, dtype))
    shutil.copyfile(source_spm, directory / "source.spm")
    if not shared_sentencepiece:
        shutil.copyfile(target_spm, directory / "target.spm")
    (directory / "source.vocab").write_text(
        vocabulary_lines(tokenizer.encoder, model.model.encoder.embed_tokens.num_embeddings, "vocab.json"),
        encoding="utf-8")
    if tokenizer.separate_vocabs:
        (directory / "target.vocab").write_text(
            vocabulary_lines(target_encoder, model.lm_head.out_features, "target_vocab.json"),
            encoding="utf-8")
    (directory / "config.json").write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def compare_sample(directory: Path, model: MarianMTModel, tokenizer: MarianTokenizer, dtype: str) -> bool:
    """Translates SAMPLE with both programs; False when token ids, or float32 translations, differ."""
    equal = 0
    for line, sentences in zip(SAMPLE, translate_tokens(directory, SAMPLE, "--plain")):
        if not sentences or any(sentence.source != checkpoint.encode(tokenizer, sentence.text(line)) for sentence in sentences):
            return False
        wanted = checkpoint.greedy(model, [sentence.source for sentence in sentences])
        equal += wanted == [sentence.target for sentence in sentences]
    print(f"{equal} of {len(SAMPLE)} sample lines have the ids of transformers ({dtype})", file=sys.stderr)
    return equal == len(SAMPLE) or dtype != "float32"


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


def export(hf_dir: Path | str, out_dir: Path | str, dtype: str) -> None:
    hf_dir, out_dir = Path(os.path.realpath(hf_dir)), Path(os.path.realpath(out_dir))
    if not TRANSLATE.is_file():
        raise Unsupported(f"{TRANSLATE}: not built yet, and the export is checked with it; run scripts/translate once")
    if hf_dir == out_dir or hf_dir in out_dir.parents or out_dir in hf_dir.parents:
        raise Unsupported(f"{out_dir}: overlaps with {hf_dir}, expected another directory for the checkpoint")
    if os.path.lexists(out_dir):
        check_replaceable(out_dir, out_dir)
    model, tokenizer = checkpoint.open_marian(hf_dir)
    with directory_whole(out_dir, lambda found: check_replaceable(found, out_dir)) as beside:
        write_checkpoint(hf_dir, beside, model, tokenizer, dtype)
        try:
            same = compare_sample(beside, model, tokenizer, dtype)
        except ProgramFailure as problem:
            raise Unsupported(f"{hf_dir}: this program cannot translate with what was exported, which is removed again: "
                              f"{str(problem).replace(f'{beside}/', '')}") from problem
        if not same:
            raise Unsupported(f"{hf_dir}: the two programs translate the sample differently, so nothing was exported; the "
                              f"weights may be damaged: download them again")
        for name in KEPT_FILES:
            if (out_dir / name).is_file():
                shutil.copyfile(out_dir / name, beside / name)


def message(problem: Exception) -> str:
    """What the user is told: one line."""
    if isinstance(problem, OSError) and problem.filename:
        return f"{problem.filename}: {problem.strerror}"
    return str(problem)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hf_dir", type=Path)
    parser.add_argument("out_dir", type=Path)
    parser.add_argument("--dtype", choices=["float32", "int8"], default="float32")
    arguments = parser.parse_args()
    try:
        export(arguments.hf_dir, arguments.out_dir, arguments.dtype)
    except (Unsupported, ProgramFailure, OSError) as problem:
        sys.exit(f"export.py: {message(problem)}")


if __name__ == "__main__":
    main()
