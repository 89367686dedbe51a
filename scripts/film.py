#!/usr/bin/env python3
"""Train a checkpoint on synthetic pairs and film how it learns: one page, with a slider over a dozen steps.

    film.py RECIPE --run DIR [--pair SOURCE TARGET] OUT.html

Trains as train.py does, to the end of the recipe's steps. At a dozen of the steps that it reports, more of them at first,
it translates the held-out pairs, writes DIR/model, exports it, and lets the program trace one pair, whose target is
given. --pair is that pair; the default is the first held-out one. OUT.html is written at each of these steps, so it can
be watched while it grows. It needs no other file and no network.

DIR is that of train.py, with one more file, film.jsonl: a line for each frame. Loss and accuracy are in log.jsonl. Run
the same command again and it resumes where it was killed.
"""

import argparse
import json
import re
import sys
import tempfile
from pathlib import Path

import train
from read_trace import read_trace
from transformer_c.files import write_whole
from transformer_c.program import ROOT, TRANSLATE, translate

N_FRAMES = 12


def frame_steps(n_steps: int, report_steps: int) -> list[int]:
    """At most N_FRAMES of the steps that are reported, the last among them; the distance between them grows."""
    n_reports, reports = n_steps // report_steps, [1]
    while reports[-1] < n_reports and len(reports) < N_FRAMES:
        reports.append(max(reports[-1] + 1, round(n_reports ** (len(reports) / (N_FRAMES - 1)))))
    return [report * report_steps for report in reports]


def cross_attention(checkpoint: Path | str, source: str, target: str) -> dict:
    """The names of the source's and the decoder's rows, and of each decoder layer the weights [query, key], the mean of its
    heads, when the program is given this target."""
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "trace"
        translate(checkpoint, [], "--target", target, "--trace", str(file), "--", source)
        trace, source_rows, decoder_rows = read_trace(file)
    weights = {name: weights.mean(axis=0).round(4).tolist() for name, weights in trace.items()
               if name.endswith("cross_attention.weights")}
    return {"source": source_rows, "decoder": decoder_rows, "attention": weights}


def by_step(file: Path) -> dict[int, dict]:
    """{step: what the lines of a log say of it}. Of a step that was computed again after a kill, the last line counts."""
    steps: dict[int, dict] = {}
    for line in map(json.loads, file.read_text(encoding="utf-8").splitlines()):
        steps.setdefault(line["step"], {}).update(line)
    return steps


def page(data: dict) -> str:
    """film.html with its data, and with the style sheet and two modules of the page of --explain."""
    text = (ROOT / "scripts/film.html").read_text(encoding="utf-8")
    for name in ("page.css", "numbers.js", "elements.js"):
        part = (ROOT / "explain" / name).read_text(encoding="utf-8")
        text = text.replace(f"/* {name} */", re.sub(r"^(import [^;]*;\n|export )", "", part, flags=re.MULTILINE))
    return text.replace("@data@", json.dumps(data, ensure_ascii=False).replace("<", "\\u003c"))


class Film(train.Run):
    """A training run that takes frames."""

    def __init__(self, recipe_file: Path, run: Path, pair: tuple[str, str] | None, out: Path) -> None:
        super().__init__(recipe_file, None, run)
        self.name, self.out = recipe_file.stem, out
        self.pair = pair or next(iter(self.validation.values()))[0]
        self.frame_steps = frame_steps(self.schedule["steps"], self.schedule["report_steps"])

    def log(self, **values: object) -> None:
        """Takes a frame after the report of its step."""
        super().log(**values)
        if "loss" in values and self.step in self.frame_steps:
            self.validate()
            self.write_model()
            self.take_frame()

    def take_frame(self) -> None:
        import export  # needs transformers, which takes seconds to load
        from transformer_c import readers
        from transformer_c.options import Options
        with tempfile.TemporaryDirectory() as checkpoint:
            export.write_checkpoint(Path(checkpoint), readers.describe(self.run / "model", Options()), "model", "float32")
            looks = cross_attention(checkpoint, *self.pair)
        frame = {"step": self.step, "says": self.translate([self.pair[0]])[0], **looks}
        with open(self.run / "film.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps(frame) + "\n")
        log = by_step(self.run / "log.jsonl")
        frames = [log[step] | frame for step, frame in sorted(by_step(self.run / "film.jsonl").items())]
        data = {"name": self.name, "pair": self.pair, "frames": frames,
                "reports": [line for _, line in sorted(log.items())]}
        write_whole(self.out, lambda path: path.write_text(page(data), encoding="utf-8"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--pair", nargs=2, metavar=("SOURCE", "TARGET"))
    parser.add_argument("out", type=Path, metavar="OUT.html")
    arguments = parser.parse_args()
    if not TRANSLATE.is_file():
        sys.exit(f"film.py: {TRANSLATE}: not built yet, and traces come from it; run scripts/translate once")
    Film(arguments.recipe, arguments.run, arguments.pair, arguments.out).train()


if __name__ == "__main__":
    main()
