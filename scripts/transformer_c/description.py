"""What a reader finds out about a checkpoint and export.py writes down: tensors under our names, shape, vocabularies."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy


class Unsupported(Exception):
    """A checkpoint that this program would not compute exactly; says what was found, and what to do."""


@dataclass
class Stack:
    """The encoder or the decoder."""
    n_layers: int
    n_heads: int
    d_head: int
    d_ff: int


@dataclass
class Norm:
    """Where layers are normalized; before: before each sublayer instead of after it."""
    before: bool = False
    embedding: bool = False
    final: bool = False
    epsilon: float = 1e-5


@dataclass
class Tokenizer:
    """How text is split. The .spm files go with "sentencepiece", merges with "bpe" and "byte_bpe"; target_spm only if it
    differs from source_spm."""
    splitter: str = "sentencepiece"
    lower_case: bool = False
    source_spm: Path | None = None
    target_spm: Path | None = None
    merges: list[str] | None = None
    prefix_space: bool = False


@dataclass
class Source:
    """The source language: its pieces in the order of ids, the ids around a text, and that of unknown pieces."""
    vocabulary: list[str]
    before: list[int]
    after: list[int]
    unknown: int
    language: str = ""


@dataclass
class Target:
    """The target language; vocabulary: None if it is the source's; silent: ids that write nothing; languages: what --to
    chooses from, and their ids."""
    vocabulary: list[str] | None
    start: int
    end: int
    pad: int
    silent: list[int]
    forced: list[int] = field(default_factory=list)
    language: str = ""
    languages: dict[str, int] = field(default_factory=dict)


@dataclass
class Generation:
    """The length cap, length_factor * n_src + length_extra but at most max_length, and ids that are never chosen."""
    length_factor: int
    length_extra: int
    max_length: int
    forced_end: bool = False
    suppressed: list[int] = field(default_factory=list)


@dataclass
class Description:
    """A checkpoint, as weights/FORMAT.md has it. Positions are stored, the embedding shared and the output tied as the
    names of the tensors say. check(directory, dtype), if there is one, compares the exported checkpoint with the program
    that it comes from, and raises Unsupported if they differ."""
    tensors: dict[str, numpy.ndarray]
    d_model: int
    max_positions: int
    encoder: Stack
    decoder: Stack
    activation: str
    norm: Norm
    scale_embedding: bool
    tokenizer: Tokenizer
    source: Source
    target: Target
    generation: Generation
    copy_tokens: list[int] = field(default_factory=list)
    origin: dict[str, Any] = field(default_factory=dict)
    check: Callable[[Path, str], None] | None = None

    def config(self) -> dict[str, Any]:
        """The content of config.json, except for the origin."""
        source, target, tokenizer = self.source, self.target, self.tokenizer
        norm = {name: getattr(self.norm, name) for name in ("before", "embedding", "final", "epsilon")}
        stacks = {name: {"n_layers": stack.n_layers, "n_heads": stack.n_heads, "d_head": stack.d_head, "d_ff": stack.d_ff}
                  for name, stack in (("encoder", self.encoder), ("decoder", self.decoder))}
        return {
            "format": "transformer.c", "version": 2, "d_model": self.d_model, "max_positions": self.max_positions, **stacks,
            "activation": self.activation, "norm": norm,
            "positions": "stored" if "source_positions.weight" in self.tensors else "sinusoids",
            "scale_embedding": self.scale_embedding,
            "shared_embedding": "target_embedding.weight" not in self.tensors,
            "tied_output": "output.weight" not in self.tensors,
            "tokenizer": self.tokenizer_config(),
            "source": {"language": source.language, "n_vocabulary": len(source.vocabulary), "before": source.before,
                       "after": source.after, "unknown": source.unknown},
            "target": {"language": target.language, "n_vocabulary": len(target.vocabulary or source.vocabulary),
                       "start": target.start, "forced": target.forced, "end": target.end, "pad": target.pad,
                       "silent": target.silent},
            "shared_sentencepiece": tokenizer.target_spm is None, "shared_vocabulary": target.vocabulary is None,
            "generation": {"length_factor": self.generation.length_factor, "length_extra": self.generation.length_extra,
                           "max_length": self.generation.max_length, "forced_end": self.generation.forced_end,
                           "suppressed": self.generation.suppressed},
            **({"copy_tokens": self.copy_tokens} if self.copy_tokens else {}),
            **({"languages": target.languages} if target.languages else {}),
        }

    def tokenizer_config(self) -> dict[str, Any]:
        tokenizer = self.tokenizer
        config: dict[str, Any] = {"splitter": tokenizer.splitter, "lower_case": tokenizer.lower_case}
        if tokenizer.merges is not None:
            config["n_merges"] = len(tokenizer.merges)
        if tokenizer.splitter == "byte_bpe":
            config["prefix_space"] = tokenizer.prefix_space
        return config
