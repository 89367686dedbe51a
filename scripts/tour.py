#!/usr/bin/env python3
"""docs/tour.md: one sentence's way through the Transformer, with the lines of C and the numbers of each step.

    tour.py           writes docs/tour.md
    tour.py --check   says what differs from it; exit status 1 when something does

The words are those of docs/tour.template.md. Everything in {{…}} there is pulled: code from the sources, numbers from
a trace of the bundled checkpoint, output from the program itself. Numbers that can be computed from others of the page
are computed here once more, and must be what the program found.

    {{d_model}}                          a value of VALUES
    {{code FILE NAME}}                   the function or type NAME of a C file
    {{code FILE NAME: TEXT … TEXT}}      only the statements of function NAME that begin with a TEXT
    {{where FILE NAME}}                  a link to function, type or class NAME of a C or Python file
    {{output COMMAND}}                   a command with scripts/translate, and what it prints
    {{try COMMAND}}                      the same without what it prints; a command that fails is refused
    {{rows TENSOR N_ROWS N_COLUMNS}}     a corner of a traced tensor; a layer of -1 is the last one
    {{scores ATTENTION}}                 of the attention's most concentrated head: q kᵀ / √d_head …
    {{weights ATTENTION}}                … and the softmax
    {{VIEW …}}                           another function of this file whose name begins with view_
"""

import argparse
import difflib
import json
import math
import os
import re
import shlex
import subprocess
import sys
import tempfile
import textwrap
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy
import safetensors
import safetensors.numpy
from numpy.typing import ArrayLike

from read_trace import read_trace
from transformer_c.program import ROOT, TRANSLATE, ProgramFailure, translate, translate_tokens

SENTENCE = "The weather will be better tomorrow."
CHECKPOINT = ROOT / "checkpoints/en-de"
TEMPLATE, TOUR = ROOT / "docs/tour.template.md", ROOT / "docs/tour.md"
NOTICE = "<!-- Written by scripts/tour.py from tour.template.md, the sources and the checkpoint. -->\n\n"
DIRECTIVE = re.compile(r"\{\{(\w+)(?: (.*?))?\}\}", re.DOTALL)


class TourFailure(Exception):
    """The template asks for something that is not there; says what."""


def expect(true: object, sentence: str) -> None:
    if not true:
        raise TourFailure(sentence)


# ---- code ----

def statement(lines: list[str], first: int) -> list[str]:
    """The statement or definition whose first line is lines[first]: up to the semicolon or brace that closes it."""
    depth = 0
    for last in range(first, len(lines)):
        depth += lines[last].count("{") - lines[last].count("}")
        if depth == 0 and lines[last].endswith((";", "}")):
            break
    return textwrap.dedent("\n".join(lines[first:last + 1])).split("\n")


def definition(text: str, name: str) -> list[str] | None:
    """The lines of the function or type `name` of a C source; None when it is not there."""
    lines = text.split("\n")
    for first, line in enumerate(lines):
        if line.startswith(("typedef struct {", "typedef enum {")):
            found = statement(lines, first)
            if found[-1] == f"}} {name};":
                return found
        elif re.match(rf"[a-z][\w ]*[ *]{name}\(", line):
            found = statement(lines, first)
            if found[-1] == "}":
                return found
    return None


def code(file: str, name: str, beginnings: Sequence[str] = ()) -> str:
    """The lines of function or type `name`, or only its first statements that begin so."""
    path = ROOT / file
    expect(path.is_file(), f"{file} is not there")
    lines = definition(path.read_text(), name)
    expect(lines, f"{file} does not define {name}")
    if beginnings:
        first = {begin: [i for i, line in enumerate(lines) if line.strip().startswith(begin)] for begin in beginnings}
        for begin, found in first.items():
            expect(found, f"{file}: no statement of {name} begins with: {begin}")
        lines = [line for found in first.values() for line in statement(lines, found[0])]
    return f"[{file}](../{file}), `{name}`:\n\n```c\n" + "\n".join(lines) + "\n```"


def where(file: str, name: str) -> str:
    """A link to the file that defines function, type or class `name`."""
    path = ROOT / file
    expect(path.is_file(), f"{file} is not there")
    text = path.read_text()
    found = re.search(rf"^(?:def|class) {name}\b", text, re.MULTILINE) if path.suffix == ".py" else definition(text, name)
    expect(found, f"{file} does not define {name}")
    return f"`{name}` in [{file}](../{file})"


# ---- commands ----

def run(command: str) -> str:
    """What a command prints, on both outputs, run in an empty directory."""
    with tempfile.TemporaryDirectory() as scratch:
        environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "TERM": "dumb"}
        done = subprocess.run(["bash", "-c", command.replace("scripts/translate", shlex.quote(str(TRANSLATE)))],
                              cwd=scratch, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    out = done.stdout.decode(errors="replace")
    expect("scripts/translate" in command and done.returncode == 0, f"failed: {command}\n{out}")
    return out


def output_of(command: str) -> str:
    return f"```console\n$ {command}\n{run(command)}```"


def try_out(command: str) -> str:
    run(command)
    return f"```console\n$ {command}\n```"


# ---- numbers ----

def width(text: str) -> int:
    """Columns of a terminal."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def number(value: float, digits: int | None) -> str:
    text = f"{value:.{digits}f}" if digits is not None else str(value)
    return text.removeprefix("-") if float(text) == 0 else text


def grid(lines: list[tuple], head: list[str] | None = None) -> str:
    """Lines of (label, cells, what follows them) as text whose columns line up, below the head's cells."""
    label = max(width(line[0]) for line in lines)
    all_cells = [line[1] for line in lines] + ([head] if head else [])
    widths = [max(width(cells[i]) for cells in all_cells if i < len(cells)) for i in range(max(map(len, all_cells)))]

    def shown(name: str, cells: list[str], behind: str = "") -> str:
        padded = "  ".join(" " * (widths[i] - width(cell)) + cell for i, cell in enumerate(cells))
        return (name + " " * (label - width(name)) + "  " + padded + (f"  {behind}" if behind else "")).rstrip()

    return "\n".join(shown(*line) for line in ([("", head)] if head else []) + lines)


def text_block(*parts: str) -> str:
    return "\n".join(("```text", *parts, "```"))


class Tour:
    """One sentence of the bundled checkpoint: its trace, its weights, and what the template may ask of them."""

    def __init__(self) -> None:
        if not TRANSLATE.is_file():
            raise ProgramFailure(f"{TRANSLATE}: not built yet; run scripts/translate once")
        self.config = json.loads((CHECKPOINT / "config.json").read_text())
        self.stored = safetensors.numpy.load_file(CHECKPOINT / "model.safetensors")
        with tempfile.TemporaryDirectory() as scratch:
            path = Path(scratch) / "trace.safetensors"
            done = subprocess.run([TRANSLATE, "--trace", path, SENTENCE], capture_output=True)
            expect(done.returncode == 0, f"failed: translate --trace: {done.stderr.decode(errors='replace')}")
            self.translation = done.stdout.decode().strip()
            self.trace, self.source, self.decoder = read_trace(path)  # the last two: names of rows
            with safetensors.safe_open(path, "numpy") as file:
                about = file.metadata()
        self.source_ids = [int(id_) for id_ in about["source_ids"].split()]
        self.fed = json.loads(about["decoder_pieces"])
        vocabulary = "source" if self.config["shared_vocabulary"] else "target"
        self.target_piece = (CHECKPOINT / f"{vocabulary}.vocab").read_text().split("\n")[:-1]
        generation, stacks = self.config["generation"], [self.config[side] for side in ("encoder", "decoder")]
        d_model = self.config["d_model"]
        self.values = {
            "sentence": SENTENCE, "translation": self.translation,
            "d_model": d_model, "sqrt_d_model": number(math.sqrt(d_model), 2),
            "n_heads": stacks[0]["n_heads"], "d_head": d_model // stacks[0]["n_heads"],
            "d_ff": stacks[0]["d_ff"], "activation": self.config["activation"],
            "n_encoder_layers": stacks[0]["n_layers"], "n_decoder_layers": stacks[1]["n_layers"],
            "n_vocabulary": self.config["target"]["n_vocabulary"], "max_positions": self.config["max_positions"],
            "n_source": len(self.source), "n_target": len(self.decoder),
            "start": self.config["target"]["start"], "start_piece": self.fed[0],
            "max_length": generation["max_length"], "cap": min(2 * len(self.source) + 30, generation["max_length"]),
            "n_weights": f"{sum(array.size for array in self.stored.values()):,}",
        }

    # ---- tensors ----

    def name_of(self, name: str) -> str:
        """The name with a layer of -1 made the last one."""
        stack, _, rest = name.partition(".-1.")
        return f"{stack}.{self.config[stack]['n_layers'] - 1}.{rest}" if rest else name

    def tensor(self, name: str) -> numpy.ndarray:
        expect(name in self.trace, f"the trace has no tensor {name}")
        return self.trace[name]

    def pieces(self, name: str) -> list[str]:
        """What the rows of a tensor are."""
        from_source = name.startswith("encoder") or ".cross_attention." in name and name.endswith((".key", ".value"))
        return self.source if from_source else self.decoder

    def agree(self, computed: ArrayLike, traced: ArrayLike, what: str) -> None:
        """That what is shown as computed from other numbers is what the program found."""
        largest = numpy.abs(numpy.asarray(computed, float) - traced).max()
        expect(largest < 1e-4, f"{what}: computed from what the page shows it is {largest:.1e} off the trace")

    def view_rows(self, name: str, n_rows: str, n_columns: str) -> str:
        name = self.name_of(name)
        tensor, n_rows, n_columns = self.tensor(name), int(n_rows), int(n_columns)
        lines = [(piece, [number(value, 2) for value in row[:n_columns]] + ["…"])
                 for piece, row in zip(self.pieces(name)[:n_rows], tensor)]
        return text_block(f"{name} [{len(tensor)}, {tensor.shape[1]}]", grid(lines))

    # ---- embedding and positions ----

    def position(self, p: int) -> numpy.ndarray:
        """Row p of the positions."""
        d_model = self.config["d_model"]
        angles = [p / 10000 ** (2 * i / d_model) for i in range((d_model + 1) // 2)]
        return numpy.array(([math.sin(a) for a in angles] + [math.cos(a) for a in angles])[:d_model])

    def view_embedding(self, row: str) -> str:
        row, d_model = int(row), self.config["d_model"]
        id_ = self.source_ids[row]
        stored, scale = (self.stored[f"source_embedding.{what}"][id_] for what in ("weight", "scale"))
        scaled = stored.astype(float) * float(scale) * math.sqrt(d_model)
        found, position = self.tensor("encoder.embedding")[row], self.position(row)
        self.agree(scaled + position, found, "encoder.embedding")
        columns = [0, 1, 2, 3, d_model // 2, d_model // 2 + 1]
        lines = [(f"E[{id_}], as stored", [str(int(stored[c])) for c in columns], f"int8, in steps of {scale:.5g}")]
        lines += [(label, [number(values[c], 3) for c in columns], behind) for label, values, behind in (
            ("E · √d_model", scaled, ""), (f"+ P[{row}]", position, "sines, then cosines"),
            ("= x", found, f"encoder.embedding, row {row}"))]
        return text_block(self.source[row], grid(lines, [f"[{c}]" for c in columns]))

    def view_positions(self) -> str:
        half = self.config["d_model"] // 2
        columns = [0, 1, half // 4, half // 2, half - 1]
        table = numpy.array([self.position(p) for p in range(self.config["max_positions"])])
        lines = [(f"P[{p}]", [number(table[p, c], 3) for c in columns]) for p in (0, 1, 2, 7)]
        periods = ["{:,.1f}".format(2 * math.pi * 10000 ** (2 * c / self.config["d_model"])) for c in columns]
        lines.append(("tokens per turn", periods))
        self.agree(self.position(0), [0.0] * half + [1.0] * (self.config["d_model"] - half), "row 0 of the positions")
        return text_block(grid(lines, [f"[{c}]" for c in columns]))

    # ---- attention ----

    def head(self, name: str) -> tuple[numpy.ndarray, int]:
        """(weights [n_heads, queries, keys], the head whose rows have the least entropy)."""
        weights = self.tensor(f"{name}.weights")
        entropy = -(weights * numpy.log(numpy.maximum(weights, 1e-30))).sum((1, 2))
        return weights, int(entropy.argmin())

    def head_of(self, tensor: str, h: int, name: str) -> numpy.ndarray:
        d_head = self.config["d_model"] // self.config[name.split(".")[0]]["n_heads"]
        return self.tensor(f"{name}.{tensor}")[:, h * d_head:(h + 1) * d_head].astype(float)

    def square(self, name: str, h: int, values: numpy.ndarray, title: str, digits: int = 2, dot: bool = False) -> str:
        """A row per query and a column per key; with `dot`, a dot for what is below 0.005."""
        keys = self.source if name.startswith("encoder") or "cross" in name else self.fed
        lines = [(piece, ["." if dot and value < 0.005 else number(value, digits) for value in row])
                 for piece, row in zip(self.pieces(name), values)]
        return text_block(f"{name}, head {h}: {title}", grid(lines, keys))

    def view_scores(self, name: str) -> str:
        name = self.name_of(name)
        weights, h = self.head(name)
        query, key = (self.head_of(what, h, name) for what in ("query", "key"))
        scores = query @ key.T / math.sqrt(key.shape[1])
        if name.startswith("encoder"):
            powers = numpy.exp(scores - scores.max(1, keepdims=True))
            self.agree(powers / powers.sum(1, keepdims=True), weights[h], f"{name}.weights")
        self.agree(scores, self.tensor(f"{name}.scores")[h], f"{name}.scores")
        return self.square(name, h, scores, "q kᵀ / √d_head, queries down, keys across", digits=1)

    def view_weights(self, name: str) -> str:
        name = self.name_of(name)
        weights, h = self.head(name)
        return self.square(name, h, weights[h], "softmax, queries down, keys across", dot=True)

    def view_without(self, name: str) -> str:
        """For each head of an attention, and for all of it: how probable the translation is without it, and what is said."""
        name = self.name_of(name)
        n_heads = self.config[name.split(".")[0]]["n_heads"]

        def line(label: str, *options: str) -> tuple[str, list[str], str]:
            scored = translate(CHECKPOINT, [f"{SENTENCE}\t{self.translation}"], "--score", *options).stdout.decode()
            found = translate(CHECKPOINT, [SENTENCE], *options).stdout.decode().strip()
            return label, [number(float(scored.split("\t")[0]), 2)], found

        parts = [*(f"{name}:{h}" for h in range(n_heads)), name]
        return text_block(grid([line("nothing"), *(line(part, f"--without={part}") for part in parts)]))

    def view_mixed(self, name: str, row: str) -> str:
        """One row of what a head found: its weights times the values."""
        name, row = self.name_of(name), int(row)
        weights, h = self.head(name)
        values, found = self.head_of("value", h, name), self.head_of("heads", h, name)[row]
        self.agree(weights[h][row] @ values, found, f"{name}.heads")
        keys = sorted(numpy.argsort(-weights[h][row], kind="stable")[:3])
        lines = [(f"{weights[h][row][j]:.2f} · v of {self.source[j]}", [number(v, 2) for v in values[j][:6]] + ["…"])
                 for j in keys]
        rest = weights[h][row].sum() - weights[h][row][keys].sum()
        lines.append((f"{rest:.2f} of the others", ["…"]))
        lines.append((f"= row of {self.source[row]}", [number(v, 2) for v in found[:6]] + ["…"]))
        first, last = h * values.shape[1], (h + 1) * values.shape[1] - 1
        return text_block(f"{name}.heads, columns {first} … {last}, which are head {h}", grid(lines))

    def view_farthest(self) -> str:
        """The largest attention weight of the encoder between pieces that are far apart, punctuation left out."""
        words = [i for i, piece in enumerate(self.source) if piece.startswith("▁") and len(piece) > 1]
        gap = len(words) // 2
        names = [f"encoder.{layer}.self_attention" for layer in range(self.config["encoder"]["n_layers"])]
        weight, name, h, i, j = max(
            (float(self.head(name)[0][h, i, j]), name, h, i, j) for name in names
            for h in range(self.config["encoder"]["n_heads"]) for i in words for j in words if abs(i - j) >= gap)
        return text_block(f"the largest weight between words {gap} or more places apart:",
                          f"{weight:.2f} from {self.source[i]} to {self.source[j]}, {name}, head {h}")

    def view_end_token(self) -> str:
        """How much weight the end of the source gets in each layer of the encoder, and how long its value vectors are."""
        lines, n_heads = [], self.config["encoder"]["n_heads"]
        for layer in range(self.config["encoder"]["n_layers"]):
            name = f"encoder.{layer}.self_attention"
            lengths = numpy.mean([numpy.linalg.norm(self.head_of("value", h, name), axis=1) for h in range(n_heads)], axis=0)
            share = self.tensor(f"{name}.weights")[:, :, -1].mean()
            lines.append((name, [f"{share:.2f}", number(lengths[-1], 1), number(lengths[:-1].mean(), 1)]))
        return text_block("means over heads and rows", grid(lines, [f"weight on {self.source[-1]}", "length of its v",
                                                                    "of the others'"]))

    # ---- rows ----

    def view_norm(self, name: str, row: str) -> str:
        """The residual connection and the norm after a self-attention of the encoder's first layer."""
        row = int(row)
        x, sublayer = (self.tensor(part)[row].astype(float) for part in ("encoder.embedding", name))
        found = self.tensor(f"{name}_norm")[row]
        total = x + sublayer
        normed = (total - total.mean()) / math.sqrt(total.var() + 1e-5)
        weight, bias = (self.stored[f"{name}_norm.{what}"] for what in ("weight", "bias"))
        self.agree(normed * weight + bias, found, f"{name}_norm")
        lines = [(label, [number(v, 2) for v in values[:6]] + ["…"], behind) for label, values, behind in (
            ("x", x, ""), ("+ self-attention", sublayer, ""),
            ("= sum", total, f"mean {number(total.mean(), 2)}, deviation {number(total.std(), 2)}"),
            ("normed", normed, "mean 0, deviation 1"), ("· weight + bias", found, f"{name}_norm"))]
        return text_block(self.source[row], grid(lines))

    def view_fired(self, name: str) -> str:
        inner = self.tensor(name)
        fired = [str((row != 0).sum()) for row in inner]
        return text_block(f"{name} [{inner.shape[0]}, {inner.shape[1]}], how many of each row are not 0",
                          grid([("", fired)], self.pieces(name)))

    def view_stack(self, row: str) -> str:
        """A row of the residual stream after each layer, and the cosine with the row that went in."""
        row = int(row)
        names = ["encoder.embedding", *(f"encoder.{layer}.feed_forward_norm" for layer in
                                        range(self.config["encoder"]["n_layers"]))]
        first, lines = self.tensor(names[0])[row].astype(float), []
        for name in names:
            x = self.tensor(name)[row].astype(float)
            cosine = x @ first / math.sqrt((x @ x) * (first @ first))
            lines.append((name, [number(v, 2) for v in x[:5]] + ["…"], f"cosine {cosine:.2f}"))
        return text_block(self.source[row], grid(lines))

    # ---- int8 ----

    def int8(self, x: numpy.ndarray, weight: str, bias: str, output: int) -> tuple[numpy.ndarray, float, int, float, float]:
        """An output of an int8 layer of one row, as the program computes it: (values, their scale, the sum of products,
        the weight's scale, the output)."""
        x, top = x.astype(numpy.float32), numpy.abs(x).max()
        values = numpy.rint(x * (numpy.float32(127) / top)).astype(int)
        scale, stored = top / numpy.float32(127), self.stored[weight][output].astype(int)
        total, step = int(values @ stored), self.stored[weight.removesuffix("weight") + "scale"][output]
        return values, scale, total, step, numpy.float32(total) * (step * scale) + self.stored[bias][output]

    def view_rounded(self, row: str, output: str) -> str:
        row, output, name = int(row), int(output), "encoder.0.self_attention.query"
        x = self.tensor("encoder.embedding")[row]
        values, scale, total, step, out = self.int8(x, f"{name}.weight", f"{name}.bias", output)
        bias = self.stored[f"{name}.bias"][output]
        exact = x.astype(float) @ (self.stored[f"{name}.weight"][output] * float(step)) + float(bias)
        self.agree(out, self.tensor(name)[row, output], name)
        lines = [("x", [number(v, 2) for v in x[:6]] + ["…"], f"its largest magnitude is 127 · {scale:.5g}"),
                 ("x in int8", [str(v) for v in values[:6]] + ["…"], "rounded to nearest"),
                 ("W in int8", [str(int(v)) for v in self.stored[f"{name}.weight"][output][:6]] + ["…"],
                  f"row {output}, in steps of {step:.5g}")]
        signed = f"{'−' if bias < 0 else '+'} {abs(bias):.3f}"
        return text_block(
            f"{name}, row {row} {self.source[row]}, column {output}", grid(lines),
            f"their product is {total:,}, exactly",
            f"{total:,} · {scale:.5g} · {step:.5g} {signed} = {number(out, 3)}, which is what the trace has",
            f"with x not rounded: {number(exact, 3)}")

    def view_logits(self, row: str) -> str:
        """The largest logits of one row of the decoder, from its last output and the rows of the embedding."""
        row = int(row)
        x = self.tensor(self.name_of("decoder.-1.feed_forward_norm"))[row]
        logits = self.tensor("output")[row]
        weight = "source_embedding.weight"
        expect(self.config["tied_output"] and self.config["shared_embedding"], "the output layer is not tied")
        lines = []
        for id_ in numpy.argsort(-logits, kind="stable")[:4]:
            *_, out = self.int8(x, weight, "output.bias", id_)
            bias = self.stored["output.bias"][id_]
            self.agree(out, logits[id_], "output")
            lines.append((self.target_piece[id_], [str(id_), number(out - bias, 2), number(bias, 2), number(out, 2)]))
        return text_block(f"row {row}, {self.decoder[row]}: the four largest of {len(logits):,}",
                          grid(lines, ["id", "x · E[id]", "+ bias", "= logit"]))

    # ---- batches ----

    def view_stacked(self, *sentences: str) -> str:
        """Sentences as one stack of rows, as their source ids say."""
        first = [0]
        for [sentence] in translate_tokens(CHECKPOINT, sentences):
            first.append(first[-1] + len(sentence.source))
        lines = [(f"rows {begin} … {end - 1}", [text]) for text, begin, end in zip(sentences, first, first[1:])]
        return text_block(f"x [{first[-1]}, {self.config['d_model']}], first = {', '.join(map(str, first))}",
                          grid(lines))

    # ---- the page ----

    def pulled(self, match: re.Match[str]) -> str:
        name, rest = match[1], match[2] or ""
        if name == "code":
            place, _, beginnings = rest.partition(": ")
            return code(*place.split(), beginnings.split(" … ") if beginnings else ())
        if name == "where":
            return where(*rest.split())
        if name in ("output", "try"):
            return (output_of if name == "output" else try_out)(rest)
        if not rest and name in self.values:
            return str(self.values[name])
        view = getattr(self, f"view_{name}", None)
        expect(view, f"{TEMPLATE.name}: {match[0]} is not known")
        return view(*shlex.split(rest))

    def page(self, template: str) -> str:
        return NOTICE + DIRECTIVE.sub(self.pulled, template)


def page() -> str:
    """What docs/tour.md has to be."""
    return Tour().page(TEMPLATE.read_text())


def differences(found: str, expected: str) -> list[str]:
    """Lines of a unified diff; none when both are the same."""
    return list(difflib.unified_diff(found.split("\n"), expected.split("\n"), "docs/tour.md",
                                     "what the sources and the checkpoint give", lineterm="", n=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing, say what differs")
    arguments = parser.parse_args()
    try:
        expected = page()
    except (TourFailure, ProgramFailure, OSError) as problem:
        print(f"tour.py: {problem}", file=sys.stderr)
        sys.exit(2)
    if not arguments.check:
        TOUR.write_text(expected)
        return
    if different := differences(TOUR.read_text(), expected):
        print("\n".join(different))
        print("docs/tour.md is out of date; write it again with scripts/python scripts/tour.py", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
