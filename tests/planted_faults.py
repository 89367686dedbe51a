#!/usr/bin/env python3
"""Mistakes that people make when they write a Transformer, planted one by one, and whether compare.py finds each.

    planted_faults.py
    planted_faults.py --model DIR
    planted_faults.py --plant N DIR

Copies the sources, and for each of FAULTS changes a line or two, builds, and lets scripts/compare.py look for the first
tensor that differs from PyTorch's. Prints the table of docs/compare.md. The exit status is 1 when a fault is not found
at the tensor where it belongs, when none of the files named is the one that was changed, or when the page shows
another table. --model only writes the small random model that it compares with: DIR/hf and its export, DIR/checkpoint.
--plant leaves a copy of the project in DIR, which must not exist, with fault N in it for somebody to find: docs/homework.md.
"""

import argparse
import contextlib
import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "scripts")]
os.environ["OMP_NUM_THREADS"] = "1"

import safetensors.numpy
import torch
from transformers import PegasusConfig, PegasusForConditionalGeneration

import compare
import edits
import export
import make_golden
from transformer_c import checkpoint, program
from transformer_c.readers import marian

PAGE = ROOT / "docs/compare.md"
TEXT = "The house is small."


class Fault(NamedTuple):
    """A mistake: in `file`, each text of `changes`, which stands there once, becomes another; `tensor` is the first that
    it spoils, in a post-norm or a pre-norm model."""
    mistake: str
    file: str
    changes: dict
    tensor: str
    pre_norm: bool = False


FAULTS = [
    Fault("embedding not scaled by √d_model", "model/embedding.c", {"sqrtf((float)d_model)": "1.0f"}, "encoder.embedding"),
    Fault("position added before scaling", "model/embedding.c",
          {"x[column] *= factor":
           "x[column] = factor * (x[column] + positions[column])",
           "kernels_add(x, positions, d_model);": ""}, "encoder.embedding"),
    Fault("sines and cosines alternate", "model/embedding.c",
          {"row[i] = ": "row[2 * i] = ", "row[n_sines + i] = ": "row[2 * i + 1] = "}, "encoder.embedding"),
    Fault("value projection with the key's bias", "model/model.c",
          {'w->output = bind_part(': 'w->value.bias = w->key.bias; w->output = bind_part('}, "encoder.0.self_attention.value"),
    Fault("scores over √d_model", "attention/core.c", {"sqrtf((float)d_head)": "sqrtf((float)d_heads)"},
          "encoder.0.self_attention.scores"),
    Fault("scores not scaled", "attention/core.c", {"1.0f / sqrtf((float)d_head)": "1.0f"},
          "encoder.0.self_attention.scores"),
    Fault("keys and values swapped", "attention/encoder_self.c",
          {"scratch->k + first * d_heads, scratch->v + first": "scratch->v + first * d_heads, scratch->k + first"},
          "encoder.0.self_attention.scores"),
    Fault("heads interleaved: head h takes columns h, h + n_heads …", "attention/core.c",
          {"scale);":
           "scale); for (size_t i = 0; i < n_queries * n_keys; i++) { scores[i] = 0; for (size_t c = h; c < d_heads; "
           "c += n_heads) scores[i] += scale * q[i / n_keys * d_heads + c] * runs->k[i % n_keys * d_heads + c]; }"},
          "encoder.0.self_attention.scores"),
    Fault("every head mixes the values of head 0", "attention/core.c", {"run->v + column": "run->v"},
          "encoder.0.self_attention.heads"),
    Fault("norm before the residual connection", "model/add_and_norm.c",
          {"kernels_add(x, sublayer, n_rows * weights->d_model);": "",
           "model_norm(x, x, weights, n_rows, reader);":
           "{ model_norm(x, x, weights, n_rows, NULL); kernels_add(x, sublayer, n_rows * weights->d_model); "
           "trace_tensor(reader, weights->name, \"_norm\", x, n_rows, weights->d_model); }"},
          "encoder.0.self_attention_norm"),
    Fault("gain of the norm forgotten", "kernels/plain.c", {" * weight[i]": ""}, "encoder.0.self_attention_norm"),
    Fault("variance over d − 1", "kernels/plain.c", {"(squares) / (double)d;": "(squares) / (double)(d - 1);"},
          "encoder.0.self_attention_norm"),
    Fault("epsilon 1e-6", "model/model.c", {"c->norm_epsilon": "1e-6"}, "encoder.0.feed_forward_norm"),
    Fault("gelu for swish", "model/feed_forward.c", {"kernels_swish(x, n)": "kernels_gelu(x, n)"},
          "encoder.0.feed_forward.inner"),
    Fault("no residual around the feed-forward", "model/encoder.c",
          {"model_add_and_norm(x, state->sublayer, &layer->feed_forward_norm":
           "for (size_t i = 0; i < n_rows * d_model; i++) x[i] = 0;"
           "model_add_and_norm(x, state->sublayer, &layer->feed_forward_norm"}, "encoder.0.feed_forward_norm"),
    Fault("causal length one too long", "attention/core.c", {"n_keys - n_masked + i :": "n_keys - n_masked + i + 1 :"},
          "decoder.0.self_attention.weights"),
    Fault("no causality", "attention/decoder_self.c", {"n_keys, n - 1,": "n_keys, 0,"}, "decoder.0.self_attention.weights"),
    Fault("cross-attention over the decoder's own keys", "model/decoder.c",
          {"&state->by_source, source,": "&state->by_source, past,"}, "decoder.0.cross_attention.scores"),
    Fault("output bias forgotten", "model/model.c", {"m->output.bias = bind_vector(": "bind_vector("}, "output"),
    Fault("every step at position 0", "model/decoder.c", {"position * d_model": "0 * position"}, "target ids"),
    Fault("pre-norm: self-attention reads the residual stream, not its norm", "model/encoder.c",
          {"&layer->self_attention, in,": "&layer->self_attention, x,"}, "encoder.0.self_attention.query", True),
    Fault("pre-norm: the residual connection goes around the sublayer only", "model/add_and_norm.c",
          {"model_norm(normed, x, weights, n_rows, reader);\n    return normed;":
           "model_norm((float *)x, x, weights, n_rows, reader);\n    return normed + (x - normed);"},
          "encoder.0.self_attention_residual", True),
    Fault("pre-norm: the decoder's final norm is not what the output layer reads", "model/decoder.c",
          {"model_norm(x, x, &model->decoder_final_norm": "model_norm(state->normed, x, &model->decoder_final_norm"},
          "output", True),
]


def faulty(fault, text):
    """The text of the file with the fault in it; ends the program where the source has changed."""
    for old, new in fault.changes.items():
        if text.count(old) != 1:
            raise SystemExit(f"{fault.file}: found {text.count(old)} times what the fault \"{fault.mistake}\" changes, "
                             f"expected once: {old}\nAdapt it in tests/planted_faults.py.")
        text = text.replace(old, new)
    return text


def quiet_model(directory):
    """Writes directory/hf and directory/checkpoint: random biases and gains, and a first layer whose rows are so small before
    the last norm that its epsilon shows. Returns (model, tokenizer)."""
    hf_dir = make_golden.marian_directory(directory / "hf", **make_golden.VARIANTS["swish"])
    model, tokenizer = checkpoint.open_marian(hf_dir)
    layer = model.model.encoder.layers[0]
    with torch.no_grad():
        for part in (layer.self_attn_layer_norm, layer.fc2):
            part.weight *= 0.01
            part.bias *= 0.01
    model.save_pretrained(hf_dir)
    (directory / "checkpoint").mkdir()
    export.write_checkpoint(directory / "checkpoint", marian.describe(hf_dir, model, tokenizer), "hf", "float32")
    return model, tokenizer


def pre_norm_model(directory):
    """Writes directory/checkpoint: the weights of tests/golden/swish before the sublayers, and random final norms. Returns
    (model, tokenizer): Pegasus, which is Marian in pre-norm."""
    hf_dir = make_golden.marian_directory(directory / "hf", **make_golden.VARIANTS["swish"])
    post_norm, tokenizer = checkpoint.open_marian(hf_dir)
    (directory / "checkpoint").mkdir()
    export.write_checkpoint(directory / "checkpoint", marian.describe(hf_dir, post_norm, tokenizer), "hf", "float32")
    config = post_norm.config.to_dict()
    config.pop("model_type")
    model = PegasusForConditionalGeneration._from_config(PegasusConfig(**config), attn_implementation="eager")
    torch.manual_seed(3)
    state = post_norm.state_dict() | {
        f"model.{stack}.layer_norm.{kind}": torch.randn(config["d_model"]) for stack in ("encoder", "decoder")
        for kind in ("weight", "bias")}
    model.load_state_dict(state)
    model.generation_config = post_norm.generation_config
    model.eval()
    edits.config(norm__before=True, norm__final=True)(directory / "checkpoint/config.json")
    weights = directory / "checkpoint/model.safetensors"
    tensors = safetensors.numpy.load_file(weights) | {
        f"{stack}.final_norm.{kind}": state[f"model.{stack}.layer_norm.{kind}"].numpy() for stack in ("encoder", "decoder")
        for kind in ("weight", "bias")}
    export.write_weights(weights, tensors)
    return model, tokenizer


def build(copy):
    done = subprocess.run(["cmake", "--build", copy / "build", "--target", "translate", "--parallel", str(os.cpu_count())],
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stdout + done.stderr)


def first_difference(*compared):
    """The name of what compare.py finds first, None when all agree."""
    with contextlib.redirect_stdout(io.StringIO()):
        return compare.compare_text(*compared, "float32", TEXT)


def copy_project(directory):
    shutil.copytree(ROOT, directory, ignore=shutil.ignore_patterns("build", ".*", "run", "__pycache__"))


def plant(number, directory):
    """Writes a copy of the project with fault number - 1 of those in a post-norm model."""
    faults = [fault for fault in FAULTS if not fault.pre_norm]
    if not number.isdecimal() or not 1 <= int(number) <= len(faults):
        sys.exit(f"planted_faults.py: --plant: unknown fault {number}; expected 1 to {len(faults)}")
    if directory.exists() or directory.resolve().is_relative_to(ROOT):
        sys.exit(f"planted_faults.py: {directory}: exists or lies in the project; choose a new directory outside it")
    fault = faults[int(number) - 1]
    copy_project(directory)
    file = directory / fault.file
    file.write_text(faulty(fault, file.read_text(encoding="utf-8")), encoding="utf-8")


def plant_all(scratch):
    """(the table, the number of faults that were not found where they are)"""
    table = "| mistake | what was changed | expected first difference | found | files named |\n|---|---|---|---|---|\n"
    missed = 0
    copy = scratch / "copy"
    copy_project(copy)
    subprocess.run(["cmake", "-S", copy, "-B", copy / "build", "-DBUILD_TESTING=OFF"], check=True, capture_output=True)
    build(copy)
    program.TRANSLATE = copy / "build/translate"
    compared = {}
    for pre_norm, make in ((False, quiet_model), (True, pre_norm_model)):
        place = scratch / f"pre_norm_{pre_norm}"
        place.mkdir()
        compared[pre_norm] = *make(place), place / "checkpoint"
        if first_difference(*compared[pre_norm]):
            raise SystemExit("the sources as they are differ from PyTorch, expected no difference without a fault")
    for fault in FAULTS:
        file = copy / fault.file
        sound = file.read_text(encoding="utf-8")
        file.write_text(faulty(fault, sound), encoding="utf-8")
        build(copy)
        found = first_difference(*compared[fault.pre_norm])
        file.write_text(sound, encoding="utf-8")
        named = dict.fromkeys(name for name, _ in compare.places(found)) if found else {}
        missed += found != fault.tensor or fault.file not in named
        changed = " ".join(next(iter(fault.changes)).split())
        table += f"| {fault.mistake} | {fault.file}: `{changed}` | {fault.tensor} | {found} | {', '.join(named)} |\n"
    return table, missed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, metavar="DIR")
    parser.add_argument("--plant", nargs=2, metavar=("N", "DIR"))
    arguments = parser.parse_args()
    os.environ["TRANSFORMER_ISA"] = "plain"  # kernels/plain.c, where some faults are planted
    if arguments.model:
        arguments.model.mkdir(parents=True)
        quiet_model(arguments.model)
        return
    if arguments.plant:
        plant(arguments.plant[0], Path(arguments.plant[1]))
        return
    with tempfile.TemporaryDirectory() as scratch:
        table, missed = plant_all(Path(scratch))
    print(table, end="")
    if missed:
        sys.exit(f"planted_faults.py: {missed} of {len(FAULTS)} faults were not found where they are")
    if table not in PAGE.read_text(encoding="utf-8"):
        sys.exit(f"planted_faults.py: {PAGE.relative_to(ROOT)} shows another table, expected the one above")


if __name__ == "__main__":
    main()
