#!/usr/bin/env python3
"""The weighted mean of the weights of MarianMT checkpoints that train.py wrote, one from the other.

    average.py MODEL... --shares SHARE... --to DIR

A MODEL is a run's model/ directory. The SHAREs, one for each, add up to 1. DIR gets the mean, and the other files of
the last MODEL; export.py reads it like any other. All must have the same shape and vocabulary. The mean of a checkpoint and
one that was trained further from it is often better than both (https://arxiv.org/abs/2109.01903).
"""

import argparse
import math
import shutil
from pathlib import Path

import numpy
import safetensors
import safetensors.numpy

from transformer_c.checkpoint import check_marian
from transformer_c.files import directory_whole
from transformer_c.hugging_face import Unsupported

SAME = ("config.json", "vocab.json")  # in all of them


def average(models: list[Path], shares: list[float]) -> dict[str, numpy.ndarray]:
    """The mean, by name of tensor, summed in float64 and rounded to float32."""
    if len(models) != len(shares) or not math.isclose(sum(shares), 1):
        raise Unsupported(f"found {len(shares)} shares with the sum {sum(shares):g} for {len(models)} models; expected one for "
                          f"each, with the sum 1")
    for model in models:
        for name in SAME:
            if (model / name).read_bytes() != (models[-1] / name).read_bytes():
                raise Unsupported(f"{model / name} differs from {models[-1] / name}; only checkpoints of one shape and "
                                  f"vocabulary have a mean")
    weights = [safetensors.numpy.load_file(model / "model.safetensors") for model in models]
    return {name: numpy.average([tensors[name].astype(numpy.float64) for tensors in weights], axis=0, weights=shares)
            .astype(numpy.float32) for name in weights[-1]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", type=Path, nargs="+", metavar="MODEL")
    parser.add_argument("--shares", type=float, nargs="+", required=True)
    parser.add_argument("--to", type=Path, required=True)
    arguments = parser.parse_args()
    try:
        tensors = average(arguments.models, arguments.shares)
        with directory_whole(arguments.to, lambda found: check_marian(found, arguments.to)) as directory:
            shutil.copytree(arguments.models[-1], directory, dirs_exist_ok=True)
            safetensors.numpy.save_file(tensors, directory / "model.safetensors", metadata={"format": "pt"})
    except (Unsupported, safetensors.SafetensorError, OSError) as problem:
        parser.exit(1, f"average.py: {problem}\n")


if __name__ == "__main__":
    main()
