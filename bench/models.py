"""The models of the benchmark: one set of weights each, in the directories that every system reads.

    DIRECTORY/hugging-face          what transformers reads, and the rivals' tokenizer files
    DIRECTORY/float32, int8         checkpoints of this program
    DIRECTORY/ctranslate2-float32, ctranslate2-int8
"""

import hashlib
import json
import tempfile
from pathlib import Path
from typing import Any

import ctranslate2.converters
import safetensors.torch
import torch

import export
import random_marian
import train
from bench.systems import Model
from network import Network
from transformer_c import checkpoint
from transformer_c.files import directory_whole
from transformer_c.program import ROOT, ProgramFailure

FIXED_LENGTH = 32  # tokens of every translation of the random model


def write_hugging_face(stored: Path, directory: Path) -> None:
    """The Hugging Face directory of a checkpoint that shares everything: export.py the other way round."""
    config = json.loads((stored / "config.json").read_text(encoding="utf-8"))
    for key in ("d_ff", "n_heads"):
        checkpoint.expect(config["encoder"][key], config["decoder"][key], f"{stored}: {key} of both stacks")
    with tempfile.TemporaryDirectory() as scratch:
        train.take_tokenizer(Path(scratch), stored)
        shape = {"d_model": config["d_model"], "d_ff": config["encoder"]["d_ff"], "heads": config["encoder"]["n_heads"],
                 "encoder_layers": config["encoder"]["n_layers"], "decoder_layers": config["decoder"]["n_layers"],
                 "activation": config["activation"], "max_positions": config["max_positions"], "dropout": 0.0, "seed": 1}
        network = Network(shape, config["target"]["n_vocabulary"])
        network.load_state_dict(checkpoint.exported_weights(stored, network))
        checkpoint.write_marian(directory, network, Path(scratch), {
            "model": shape, "source": config["source"]["language"], "target": config["target"]["language"]})


def write_random(tokenizer_directory: Path, directory: Path, **shape: Any) -> None:
    """A random model that never ends a translation, so that every one has FIXED_LENGTH tokens."""
    model = random_marian.random_model(1, pad=shape["vocab_size"] - 1, max_length=FIXED_LENGTH + 1, **shape)
    with torch.no_grad():
        model.final_logits_bias[0, model.config.eos_token_id] = -1e9
    random_marian.write(tokenizer_directory, directory, model)


class Converter(ctranslate2.converters.TransformersConverter):
    """CTranslate2 begins every translation with zeros for the start token, as Marian's own models have them. Here the
    embedding of the start token is not zero: what it adds goes to the first position, where that token always is."""

    def __init__(self, directory: Path) -> None:
        super().__init__(str(directory))
        self.directory = directory

    def _load(self) -> ctranslate2.specs.ModelSpec:
        spec = super()._load()
        config = json.loads((self.directory / "config.json").read_text(encoding="utf-8"))
        embedding = safetensors.torch.load_file(self.directory / "model.safetensors")["model.shared.weight"]
        positions = spec.decoder.position_encodings
        positions.encodings = positions.encodings.clone()
        positions.encodings[0] += config["d_model"] ** 0.5 * embedding[config["decoder_start_token_id"]]
        return spec


def complete(directory: Path, *, int8: Path | None = None) -> None:
    """The other systems' forms of DIRECTORY/hugging-face; int8: an existing checkpoint."""
    hugging_face = directory / "hugging-face"
    export.export(hugging_face, directory / "float32", "float32")
    if int8:
        (directory / "int8").symlink_to(int8)
    else:
        export.export(hugging_face, directory / "int8", "int8")
    for name, quantization in (("ctranslate2-float32", None), ("ctranslate2-int8", "int8")):
        Converter(hugging_face).convert(str(directory / name), quantization=quantization)


def check_absent(directory: Path) -> None:
    raise ProgramFailure(f"{directory}: made by another run of the benchmark at the same time; run the benchmark again")


def prepare(bundled: Path, build: Path) -> list[Model]:
    """The models, written under `build` unless they exist: the bundled checkpoint, and the random one."""
    made_of = [bundled / "model.safetensors", bundled / "config.json", Path(ctranslate2.__file__).with_name("version.py"),
               *(ROOT / f"{name}.py" for name in (
                   "bench/models", "scripts/transformer_c/checkpoint", "scripts/export", "scripts/network",
                   "scripts/random_marian", "scripts/train"))]
    version = hashlib.sha256(b"".join(path.read_bytes() for path in made_of)).hexdigest()[:12]
    trained, random = build / f"trained-{version}", build / f"random-{version}"
    if not trained.is_dir():
        with directory_whole(trained, check_absent) as beside:
            write_hugging_face(bundled, beside / "hugging-face")
            complete(beside, int8=bundled.resolve())
    if not random.is_dir():
        with directory_whole(random, check_absent) as beside:
            write_random(trained / "hugging-face", beside / "hugging-face", **random_marian.OPUS_MT)
            complete(beside)
    return [Model(f"the bundled checkpoint, {bundled.name}", trained),
            Model("random weights of OPUS-MT's shape", random, FIXED_LENGTH)]
