"""What a checkpoint's file does not say: options of export.py, whose defaults are those of the system's own program."""

import argparse
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transformer_c.description import Unsupported


def yes_or_no(text: str) -> bool:
    if text not in ("yes", "no"):
        raise argparse.ArgumentTypeError(f"{text!r}: expected yes or no")
    return text == "yes"


OPTIONS: dict[str, tuple[Any, str]] = {  # name: (type, help)
    "heads": (int, "number of attention heads"),
    "norm-first": (yes_or_no, "yes: layer norm before each sublayer (pre-norm); no: after it"),
    "epsilon": (float, "epsilon of the layer norm"),
    "unbiased-norm": (yes_or_no, "yes: the layer norm divides by the unbiased deviation"),
    "activation": (str, "relu, gelu, gelu_tanh or swish"),
    "scale-embedding": (yes_or_no, "yes: embeddings are multiplied by sqrt(d_model)"),
    "embedding-norm": (yes_or_no, "jadore: yes: layer_norm normalizes the embeddings; no: what follows the last layer"),
    "scale": (str, "jadore: emb, prj or none, its --scale_emb_or_prj"),
    "positions": (str, "table that the file lacks: interleaved, halves (fairseq, CTranslate2) or marian"),
    "max-positions": (int, "number of positions to export"),
    "source-vocabulary": (Path, "tokens in the order of ids: text (one per line), JSON, or tokenizer.json"),
    "target-vocabulary": (Path, "the same for the target"),
    "sentencepiece": (Path, "SentencePiece model that splits the source text"),
    "target-sentencepiece": (Path, "that of the target, if it is another"),
    "tokenizer": (str, "characters, spaces, words or marks: how text is split without SentencePiece"),
    "merges": (Path, "merges of byte-pair encoding: the codes of subword-nmt or fastBPE"),
    "lower-case": (yes_or_no, "yes: text is put in lower case before it is split"),
    "source-frame": (str, "special tokens around the source, such as '<bos> text <eos>'"),
    "target-frame": (str, "start token, forced tokens and end token of the target, such as '<bos> text <eos>'"),
    "unknown": (str, "source token of unknown words"),
    "pad": (str, "target token of padding, which is never chosen"),
    "from": (str, "source language, by the tokenizer's name for it"),
    "to": (str, "target language"),
}


def shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return f"'{text}'" if set(text) & set(" <>[]") else text


@dataclass
class Options:
    """Values given on the command line, and what was assumed where there was none."""
    given: dict[str, Any] = field(default_factory=dict)
    assumed: dict[str, Any] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def has(self, name: str) -> bool:
        return self.given.get(name) is not None

    def take(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 (of the option's type)
        """The value of an option, or else the default, which is then listed as assumed unless it is None."""
        self.taken.add(name)
        if self.has(name):
            return self.given[name]
        if default is not None:
            self.assumed[name] = default
        return default

    def need(self, name: str, why: str) -> Any:  # noqa: ANN401
        """The value of an option without a default."""
        value = self.take(name)
        if value is None:
            raise Unsupported(f"{why}; name it with --{name}")
        return value

    def check_all_taken(self, system: str) -> None:
        for name in self.given:
            if self.has(name) and name not in self.taken:
                raise Unsupported(f"--{name}: the checkpoint is one of {system}, whose files say this themselves; "
                                  "leave the option out")

    def assumptions(self) -> str:
        """What was assumed, as options to copy and change."""
        return " ".join(f"--{name} {shown(value)}" for name, value in self.assumed.items())
