"""The texts that are translated, cut into the sentences that this program sees."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bench.systems import Failure
from transformer_c.program import ROOT, translate_tokens

BUNDLED = ROOT / "checkpoints/en-de"
T = TypeVar("T")


def evenly(items: list[T], n: int) -> list[T]:
    """n of the items, or all, at equal distances."""
    n = min(n or len(items), len(items))
    return [items[i * len(items) // n] for i in range(n)]


@dataclass
class Text:
    """The lines of a file, and the sentences that this program finds in them."""
    name: str
    lines: list[str]
    references: list[str]                # one for each line, or nothing
    ranges: list[list[tuple[int, int]]]  # for each line the bytes (begin, end) of its sentences

    @property
    def sentences(self) -> list[str]:
        return [line.encode()[begin:end].decode() for line, ranges in zip(self.lines, self.ranges) for begin, end in ranges]

    def joined(self, outputs: Iterable[str]) -> list[str]:
        """The lines with a translation in the place of each sentence."""
        outputs, lines = iter(outputs), []
        for line, ranges in zip(self.lines, self.ranges):
            line, at, parts = line.encode(), 0, []
            for begin, end in ranges:
                parts += [line[at:begin].decode(), next(outputs)]
                at = end
            lines.append("".join(parts) + line[at:].decode())
        return lines


def read_text(path: Path, n: int) -> Text:
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    rows = evenly([row for row in rows if row[0].strip()], n)
    if not rows:
        raise Failure(f"{path}: found no line to translate")
    lines = [row[0].strip() for row in rows]
    ranges = [[(sentence.begin, sentence.end) for sentence in sentences] for sentences in translate_tokens(BUNDLED, lines)]
    references = [row[1] for row in rows] if all(len(row) > 1 for row in rows) else []
    return Text(f"{path.name} ({len(lines)} lines)", lines, references, ranges)
