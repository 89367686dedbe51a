"""The C program, run from Python: translations, and the token ids on both sides."""

import json
import os
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
TRANSLATE = Path(os.environ.get("TRANSLATE", ROOT / "build/release/translate")).absolute()


class ProgramFailure(Exception):
    """The program failed; says why."""


@dataclass
class Sentence:
    """One sentence as the program cut it: bytes begin to end of its line, and its token ids."""
    begin: int
    end: int
    source: list[int]
    target: list[int]

    def text(self, line: str) -> str:
        """The sentence itself."""
        return line.encode()[self.begin:self.end].decode()


def translate(checkpoint: Path | str, lines: list[str], *options: str) -> subprocess.CompletedProcess[bytes]:
    """The finished process of the program over `lines`; its translations are in stdout, bytes."""
    if not TRANSLATE.is_file():
        raise ProgramFailure(f"{TRANSLATE}: not built yet; run scripts/translate once")
    done = subprocess.run([TRANSLATE, "-m", checkpoint, *options], input="".join(f"{line}\n" for line in lines).encode(),
                          capture_output=True)
    if done.returncode != 0:
        raise ProgramFailure(f"{TRANSLATE} ended with {done.returncode}: {done.stderr.decode(errors='replace').strip()}")
    return done


def as_json_lines(texts: Iterable[str]) -> list[str]:
    """Input lines for `translate --format jsonl`; as objects, so that no text is mistaken for one."""
    return [json.dumps({"text": text}) for text in texts]


def translate_objects(checkpoint: Path | str, texts: Iterable[str], *options: str) -> list[dict[str, Any]]:
    """For each text the object that `translate --format jsonl` writes (docs/json-lines.md)."""
    done = translate(checkpoint, as_json_lines(texts), *options, "--format", "jsonl")
    return [json.loads(line) for line in done.stdout.splitlines()]


def translate_tokens(checkpoint: Path | str, texts: Iterable[str], *options: str) -> list[list[Sentence]]:
    """For each text the list of its Sentences."""
    def ids(sentence: dict[str, Any], side: str) -> list[int]:
        return [token["id"] for token in sentence["tokens"][side]]

    return [[Sentence(*sentence["range"], ids(sentence, "source"), ids(sentence, "target"))
             for sentence in found["sentences"]] for found in translate_objects(checkpoint, texts, *options)]
