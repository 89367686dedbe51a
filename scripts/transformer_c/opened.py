"""Opens other programs' checkpoints without running code from them: .pt files through a list of classes that may appear."""

import argparse
import collections
import hashlib
import pickle
import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy
import safetensors
import safetensors.numpy
import torch

from transformer_c.description import Unsupported
from transformer_c.hugging_face import check_file, one_line, read_json


class Record:
    """Stands for an object of a class that is not loaded: only its attributes are kept."""

    def __init__(self, *arguments: object, **named: object) -> None:
        self.arguments = arguments

    def __setstate__(self, state: object) -> None:
        self.__dict__.update(state if isinstance(state, dict) else {"state": state})

    def __call__(self, *arguments: object, **named: object) -> "Record":
        return Record(*arguments)


# Classes in the settings and vocabularies beside the weights. None of them is imported: Record takes their place.
RECORDS = [
    "omegaconf.dictconfig.DictConfig", "omegaconf.listconfig.ListConfig", "omegaconf.base.ContainerMetadata",
    "omegaconf.base.Metadata", "omegaconf.nodes.AnyNode", "omegaconf.nodes.StringNode", "omegaconf.nodes.IntegerNode",
    "omegaconf.nodes.FloatNode", "omegaconf.nodes.BooleanNode", "omegaconf.nodes.EnumNode", "typing.Any",
    "fairseq.data.dictionary.Dictionary", "torchtext.vocab.Vocab", "torchtext.vocab.vocab.Vocab",
    "torchtext.data.field.Field", "torchtext.legacy.data.field.Field", "torchtext.data.field.RawField",
    "onmt.inputters.text_dataset.TextMultiField", "torch.optim.lr_scheduler.LambdaLR",
]
ALLOWED: list[Any] = [argparse.Namespace, collections.defaultdict, collections.Counter, dict, list, set, int, float, str,
                      *((Record, name) for name in RECORDS)]

STATE_KEYS = ("model_state_dict", "state_dict", "model_state", "model", "net", "transformer")


@dataclass
class Opened:
    """A checkpoint: its tensors by their own names, and what else the file or its directory says."""
    path: Path                     # what was named
    file: Path                     # that of the weights
    state: dict[str, numpy.ndarray] = field(default_factory=dict)
    content: dict[str, Any] = field(default_factory=dict)  # of a .pt file, besides the tensors
    config: dict[str, Any] = field(default_factory=dict)   # config.json or config.yaml beside the weights

    @property
    def directory(self) -> Path:
        return self.file.parent

    def find(self, *patterns: str) -> Path | None:
        """The first file beside the weights whose name matches one of the patterns."""
        return next((path for pattern in patterns for path in sorted(self.directory.glob(pattern)) if path.is_file()), None)

    def sha256(self) -> dict[str, str]:
        return {self.file.name: hashlib.sha256(self.file.read_bytes()).hexdigest()}


def as_array(value: torch.Tensor | numpy.ndarray) -> numpy.ndarray:
    """Weights in float32; whole numbers, such as steps counted in buffers, as they are."""
    array = value.detach().float().cpu().numpy() if isinstance(value, torch.Tensor) and value.is_floating_point() \
        else value.detach().cpu().numpy() if isinstance(value, torch.Tensor) else value
    return array.astype(numpy.float32) if array.dtype.kind == "f" else array


def is_state(value: object) -> bool:
    return isinstance(value, dict) and any(isinstance(tensor, torch.Tensor) for tensor in value.values())


def flat_state(content: dict[str, Any]) -> dict[str, torch.Tensor]:
    """The tensors of a .pt file: its content, or what is in it under one of the usual names. OpenNMT-py has two parts."""
    if is_state(content):
        return {name: tensor for name, tensor in content.items() if isinstance(tensor, torch.Tensor)}
    for key in STATE_KEYS:
        if is_state(content.get(key)):
            state = {name: tensor for name, tensor in content[key].items() if isinstance(tensor, torch.Tensor)}
            generator = content.get("generator")
            return state | ({f"generator.{name}": tensor for name, tensor in generator.items()} if is_state(generator) else {})
    raise Unsupported(f"no weights found under {', '.join(STATE_KEYS)}; save model.state_dict() with torch.save")


def plain_name(name: str) -> str:
    """A tensor's name without what nn.DataParallel and torch.compile put in front of it."""
    return re.sub(r"^(?:(?:module|_orig_mod)\.)+", "", name)


def read_torch(path: Path) -> tuple[dict[str, numpy.ndarray], dict[str, Any]]:
    try:
        with torch.serialization.safe_globals(ALLOWED):
            content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as problem:
        found = re.search(r"(?:GLOBAL|class|function) [`']?([\w.]+)", str(problem))
        name = found[1] if found else "an unknown class"
        raise Unsupported(f"{path}: contains {name}, which only its own program may load; save the weights alone: "
                          "torch.save(model.state_dict(), FILE)") from None
    except (RuntimeError, EOFError, ValueError, KeyError, TypeError, AttributeError, IndexError, AssertionError,
            zipfile.BadZipFile) as problem:
        raise Unsupported(f"{path}: not a file of torch.save: {one_line(problem)}") from None
    if not isinstance(content, dict):
        raise Unsupported(f"{path}: contains {type(content).__name__}, expected the weights; save model.state_dict()")
    try:
        state = {plain_name(str(name)): as_array(tensor) for name, tensor in flat_state(content).items()}
    except Unsupported as problem:
        raise Unsupported(f"{path}: {problem}") from None
    return state, {key: value for key, value in content.items() if isinstance(key, str)}


def read_yaml(text: str, what: str) -> dict[str, Any]:
    import yaml
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as problem:
        raise Unsupported(f"{what}: not YAML: {str(problem).splitlines()[0]}") from None
    if not isinstance(content, dict):
        raise Unsupported(f"{what}: contains no YAML mapping")
    return content


def read_npz(path: Path) -> dict[str, numpy.ndarray]:
    try:
        with numpy.load(path, allow_pickle=False) as file:
            return {name: as_array(file[name]) for name in file.files}
    except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile) as problem:
        raise Unsupported(f"{path}: not a .npz file: {problem}") from None


WEIGHTS = ("best.ckpt", "checkpoint_best.pt", "checkpoint_last.pt", "model.npz", "model.pt", "model.pth", "*.ckpt", "*.chkpt",
           "*.pt", "*.pth", "*.pth.tar", "*.npz", "*.safetensors")


def weights_in(directory: Path) -> Path:
    found = [path for pattern in WEIGHTS for path in sorted(directory.glob(pattern)) if path.is_file()]
    if not found:
        raise Unsupported(f"{directory}: found no weights there (model.safetensors, model.bin, *.pt, *.npz …)")
    return found[0]


def open_checkpoint(path: Path) -> Opened:
    """Opens a file, or the weights in a directory. Hugging Face's and CTranslate2's directories are left to their readers."""
    if not path.exists():
        raise Unsupported(f"{path}: no such file or directory")
    config = read_json(path / "config.json") if (path / "config.json").is_file() else {}
    if "model_type" in config or (path / "source.spm").is_file():
        return Opened(path, path / "config.json", config=config)
    if path.is_dir() and (path / "model.bin").is_file():
        return Opened(path, path / "model.bin")
    file = weights_in(path) if path.is_dir() else path
    check_file(file)
    opened = Opened(path, file)
    if file.suffix == ".npz":
        opened.state = read_npz(file)
    elif file.suffix == ".safetensors":
        try:
            opened.state = {plain_name(name): as_array(array) for name, array in safetensors.numpy.load_file(file).items()}
        except (safetensors.SafetensorError, KeyError) as problem:
            raise Unsupported(f"{file}: not a safetensors file: {problem}") from None
    elif file.suffix != ".bin" or zipfile.is_zipfile(file):
        opened.state, opened.content = read_torch(file)
    if (yaml_file := opened.directory / "config.yaml").is_file():
        opened.config = read_yaml(yaml_file.read_text(encoding="utf-8"), str(yaml_file))
    return opened
