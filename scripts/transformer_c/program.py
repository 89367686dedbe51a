"""The C program, run from Python: translations, and the token ids on both sides."""

import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
TRANSLATE = Path(os.environ.get("TRANSLATE", ROOT / "build/release/translate")).absolute()


class ProgramFailure(Exception):
    """The program failed; says why."""


@dataclass
class Sentence:
    """One sentence as the program cut it: bytes begin to end of its line, and its token ids."""
    begin: int
    end: int
    source: list[int] = field(default_factory=list)
    target: list[int] = field(default_factory=list)

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


def translate_tokens(checkpoint: Path | str, lines: list[str], *options: str) -> list[list[Sentence]]:
    """For each line the list of its Sentences, read from what `translate --tokens` shows."""
    out = [[] for _ in lines]
    for shown in translate(checkpoint, lines, *options, "--tokens").stderr.decode(errors="replace").split("\n"):
        if match := re.match(r"line (\d+), sentence \d+, bytes (\d+) to (\d+) of", shown):
            sentence = Sentence(int(match[2]), int(match[3]))
            out[int(match[1]) - 1].append(sentence)
        elif match := re.match(r"  (source|target) +(\d+) ", shown):
            getattr(sentence, match[1]).append(int(match[2]))
    return out
