"""The samples of the benchmark in a file that grows with each finished round: a killed run loses only the one it was in.

Each line of the file is an object with "conditions", the name of what the figures depend on (CPU, program, versions),
and either their description (a list of sentences), or a round: its key, the load before the run, and its samples. Rounds
under other conditions stay in the file and are not read.
"""

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from bench.report import Sample


def digest(*values: Any) -> str:
    """A short name for values that JSON can write."""
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()[:12]


class Samples:
    def __init__(self, path: Path, conditions: str | None = None) -> None:
        """What `path` holds of these conditions; without conditions of those that were measured last."""
        self.path, self.load = path, os.getloadavg()[0]
        lines = self.whole_lines()
        self.conditions = conditions or (lines[-1]["conditions"] if lines else None)
        mine = [line for line in lines if line["conditions"] == self.conditions]
        self.description = next((line["description"] for line in mine if "description" in line), None)
        self.rounds = {tuple(line["round"]): line for line in mine if "round" in line}

    def whole_lines(self) -> list[dict[str, Any]]:
        """The lines of the file; one that a kill has cut off is removed."""
        if not self.path.is_file():
            return []
        content = self.path.read_bytes()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):
            os.truncate(self.path, whole)
        return [json.loads(line) for line in content[:whole].splitlines()]

    def append(self, **line: Any) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path, "a", encoding="utf-8") as file:
            file.write(json.dumps({"conditions": self.conditions} | line) + "\n")

    def describe(self, description: list[str]) -> None:
        self.description = description
        self.append(description=description)

    def add(self, key: tuple, samples: list[Sample]) -> None:
        line = {"round": list(key), "load": self.load, "samples": samples}
        self.append(**line)
        self.rounds[tuple(key)] = line

    def __contains__(self, key: tuple) -> bool:
        return tuple(key) in self.rounds

    def __getitem__(self, key: tuple) -> list[Sample]:
        return self.rounds[tuple(key)]["samples"]

    @property
    def all(self) -> list[Sample]:
        return [sample for line in self.rounds.values() for sample in line["samples"]]

    @property
    def loads(self) -> list[float]:
        return sorted({line["load"] for line in self.rounds.values()})
