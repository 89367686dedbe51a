#!/usr/bin/env python3
"""Checks an answer to one of the exercises in docs/homework.md.

    homework.py N ANSWER     exercises 1 to 6
    homework.py N            exercises 7 to 10, which change the program: build it with scripts/translate first

Says "right" and exits with 0, or says what is wrong and exits with 1.
"""

import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy
from numpy import ndarray

import forward
from read_trace import read_trace
from transformer_c.program import ROOT, TRANSLATE, ProgramFailure

SENTENCE, TRANSLATION = "The weather will be better tomorrow.", "Das Wetter wird morgen besser."
CHECKPOINT = ROOT / "checkpoints/en-de"
ROOMS = ("attention", "cli", "explain", "kernels", "library", "model", "support", "text", "tokenizer", "translator", "weights")


class Wrong(Exception):
    """The answer is wrong; says why."""


def expect(true: object, hint: str) -> None:
    if not true:
        raise Wrong(hint)


def run(checkpoint: Path, *options: str) -> tuple[str, str]:
    """(translation of SENTENCE, standard error)"""
    done = subprocess.run([TRANSLATE, "-m", checkpoint, *options, SENTENCE], capture_output=True, text=True)
    expect(done.returncode == 0, f"the program fails: {done.stderr.strip()}")
    return done.stdout.strip(), done.stderr


def trace(checkpoint: Path = CHECKPOINT) -> dict[str, ndarray]:
    with tempfile.TemporaryDirectory() as scratch:
        run(checkpoint, "--trace", f"{scratch}/trace")
        return read_trace(f"{scratch}/trace")[0]


def causality(answer: str) -> None:
    expect(answer == "softmax_of_seen", "not the function that gives a query fewer keys; see stop 15 of the tour")


def unscaled(answer: str) -> None:
    expect(answer == "encoder.0.self_attention.scores", "run scripts/forward.py on a trace; the first line that is not small")


def previous_piece(answer: str) -> None:
    weights = {f"{name.removesuffix('.weights')}:{h}": numpy.diagonal(head, -1).mean()
               for name, x in trace().items() if re.fullmatch(r"encoder.*\.weights", name) for h, head in enumerate(x)}
    expect(answer == max(weights, key=lambda name: weights[name]),
           f"that head gives {weights.get(answer, 0):.2f} of its weight to the previous piece, another gives more")


def weight_of_the_end(answer: str) -> None:
    expected = float(trace()["encoder.0.self_attention.weights"][:, :, -1].mean())
    expect(re.fullmatch(r"[01]\.\d+", answer) and abs(float(answer) - expected) < 0.01,
           "take the mean over heads and queries of the last key's column of encoder.0.self_attention.weights")


def fixed(answer: str) -> None:
    expect(Path(answer).resolve() != ROOT, "name the copy with the fault, not the project itself")
    for room in ROOMS:
        for file in sorted((ROOT / room).rglob("*.[chi]*")):
            copy = Path(answer) / file.relative_to(ROOT)
            expect(copy.is_file(), f"{answer} is not a copy of the project: {copy} is missing")
            expect(copy.read_text().split() == file.read_text().split(), "its sources still differ from those of the project")


def without_weather(answer: str) -> None:
    for name in ("model.safetensors", "source.vocab", "source.spm"):
        expect((Path(answer) / name).is_file() and (Path(answer) / name).read_bytes() == (CHECKPOINT / name).read_bytes(),
               f"{name} is not that of checkpoints/en-de; only config.json has to change")
    translation = run(Path(answer))[0]
    expect("Wetter" not in translation, f"the translation is still: {translation}")


def ten_runners_up() -> None:
    steps = run(CHECKPOINT, "--steps")[1].split("  step ")[1:]
    n = [len(re.findall(r"-\d+\.\d\d \S", "\n".join(step.splitlines()[1:]))) for step in steps]
    expect(n and set(n) == {10}, f"the steps show these numbers of runners-up: {n}")


def traced_sum() -> None:
    tensors = trace()
    for name in ("encoder.0.self_attention", "encoder.0.feed_forward"):
        x = tensors["encoder.embedding" if "self" in name else "encoder.0.self_attention_norm"]
        found = tensors.get(f"{name}_sum")
        expect(found is not None, f"the trace has no {name}_sum")
        expect(found.shape == x.shape and numpy.abs(found - (x + tensors[name])).max() < 1e-5,
               f"{name}_sum is not x + {name}")


def all_keys_seen() -> None:
    translation = run(CHECKPOINT)[0]
    expect(translation == TRANSLATION, f"the translation has changed to: {translation}")
    weights = trace()["decoder.0.self_attention.weights"]
    expect((weights[:, 0, 1:] > 0).any(), "the first row of the decoder still sees only itself in the trace")


def squared_relu() -> None:
    with tempfile.TemporaryDirectory() as scratch:
        checkpoint = Path(scratch) / "squared"
        shutil.copytree(ROOT / "tests/golden/relu", checkpoint)
        config = json.loads((checkpoint / "config.json").read_text())
        (checkpoint / "config.json").write_text(json.dumps(config | {"activation": "squared_relu"}))
        tensors, model = trace(checkpoint), forward.Model(checkpoint)
    name = "encoder.0.feed_forward.inner"
    expected = numpy.maximum(forward.kernels_linear(model, tensors["encoder.0.self_attention_norm"], name), 0) ** 2
    expect(numpy.abs(tensors[name] - expected).max() < 1e-4, f"{name} is not max(0, x)²")


EXERCISES = {1: causality, 2: unscaled, 3: previous_piece, 4: weight_of_the_end, 5: fixed, 6: without_weather,
             7: ten_runners_up, 8: traced_sum, 9: all_keys_seen, 10: squared_relu}


def main() -> None:
    number, *answer = sys.argv[1:] or ["0"]
    check = EXERCISES.get(int(number) if number.isdecimal() else 0)
    if not check or len(answer) != check.__code__.co_argcount:
        sys.exit(__doc__.split("\n\n")[1])
    try:
        check(*answer)
    except (Wrong, ProgramFailure, OSError) as problem:
        sys.exit(f"not yet: {problem}")
    print("right")


if __name__ == "__main__":
    main()
