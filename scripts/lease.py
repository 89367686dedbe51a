#!/usr/bin/env python3
"""Train on a GPU machine that is lent for minutes, keeps nothing and takes and returns small files only.

    lease.py pack RECIPE… --data DIR --to DIR          copy what the recipes name into one directory of at most 60 MiB
    lease.py train RECIPE --data DIR --run DIR --out DIR --minutes N
    lease.py back-translate RECIPE TEXT.xz… --data DIR --run DIR --out DIR --minutes N
    lease.py profile RECIPE --data DIR --run DIR --out DIR
    lease.py collect RECIPE --out DIR --run DIR        here again: the weights of --out become a Hugging Face directory

`pack` runs here; `train` and `back-translate` run there, with --data naming the packed directory; both train as train.py
does and write the weights to --out in float16, in files of at most 15 MiB, whenever the state is saved and at the end.
back-translate then translates each TEXT, one sentence a line, and writes `translation TAB sentence` to
DIR/back/TEXT.tsv of --data, where another recipe can name it as a corpus; the translations alone go to --out too.

`profile` takes 80 steps and prints where the time of the last 20 went, on the GPU and in Python.

A machine that is lent twice in a row keeps its files: what the first command wrote, the second may read.
"""

import argparse
import itertools
import shutil
import time
from pathlib import Path

import numpy as np
import torch

import corpora
import train
from network import EOS, Network, translate
from transformer_c.files import write_whole

PACKED_BYTES = 60 << 20
PART_BYTES = 15 << 20
BATCH_TOKENS = 300_000  # source tokens that are translated at once


def pack(recipes: list[Path], data: Path, to: Path) -> None:
    """Copies the corpora and validation files of the recipes, the same names below `to`."""
    for recipe in recipes:
        table = corpora.read_recipe(recipe)
        names = [*corpora.corpora_of(table), *table["validation"].get("files", [])]
        for name in names:
            if name.startswith(("./", "back/")):  # beside the recipe, or made there
                continue
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(data / name, to / name)
    size = sum(path.stat().st_size for path in to.rglob("*") if path.is_file())
    if size > PACKED_BYTES:
        raise SystemExit(f"{to}: {size:,} bytes, more than the {PACKED_BYTES:,} that can travel; name fewer corpora")
    print(f"{to}: {size:,} bytes")


def write_parts(directory: Path, name: str, network: Network) -> None:
    """The state of a network in float16, one vector in files NAME.0.f16, NAME.1.f16, …"""
    vector = torch.cat([tensor.detach().flatten() for tensor in network.state_dict().values()])
    values = vector.half().cpu().numpy().tobytes()
    for i, first in enumerate(range(0, len(values), PART_BYTES)):
        part = values[first:first + PART_BYTES]
        write_whole(directory / f"{name}.{i}.f16", lambda path, part=part: path.write_bytes(part))


def read_parts(directory: Path, name: str, network: Network) -> None:
    """Loads what write_parts wrote into a network of the same shape."""
    parts = sorted(directory.glob(f"{name}.*.f16"))
    vector = torch.from_numpy(np.frombuffer(b"".join(path.read_bytes() for path in parts), dtype=np.float16).astype(np.float32))
    state = network.state_dict()
    sizes = [tensor.numel() for tensor in state.values()]
    if len(vector) != sum(sizes):
        raise SystemExit(f"{directory}: {name}: {len(vector):,} weights, expected {sum(sizes):,} for the recipe's shape")
    network.load_state_dict({key: part.reshape(tensor.shape)
                             for (key, tensor), part in zip(state.items(), vector.split(sizes))})


class LeasedRun(train.Run):
    """A run whose weights also go to the directory `out`."""

    def __init__(self, recipe: Path, data: Path, run: Path, minutes: float | None, out: Path) -> None:
        self.out = out
        out.mkdir(parents=True, exist_ok=True)
        super().__init__(recipe, data, run, minutes=minutes)

    def save(self, name: str = "state.pt") -> None:
        super().save(name)
        if name == "state.pt":
            write_parts(self.out, "state", self.network)

    def log(self, **values: object) -> None:
        super().log(**values)
        shutil.copyfile(self.run / "log.jsonl", self.out / "log.jsonl")

    def finish(self) -> None:
        self.validate()

    def synchronize(self) -> None:
        if self.device == "cuda":
            torch.cuda.synchronize()


def profile(run: LeasedRun) -> None:
    """Prints the time of 20 steps, the operations that took most of it, and tokens a second."""
    if run.device == "cuda":
        run.network.compile_layers()
    run.network.train()
    profiler, n_tokens = torch.profiler.profile(), 0
    for i, (_, batch) in enumerate(itertools.islice(run.batches.training(), 80)):
        if i == 60:
            run.synchronize()
            profiler.start()
            started = time.monotonic()
            n_tokens = 0
        n_tokens += run.learn(*batch)[1]
    run.synchronize()
    seconds = time.monotonic() - started
    profiler.stop()
    run.batches.close()
    for order in ("self_device_time_total", "self_cpu_time_total"):
        print(profiler.key_averages().table(sort_by=order, row_limit=25, max_name_column_width=90))
    print(f"{seconds / 20:.3f} s a step, {n_tokens / seconds:,.0f} target tokens a second")


def back_translate(run: LeasedRun, path: Path, directory: Path, out: Path) -> None:
    """Translates the lines of `path` with the network of `run`."""
    started, lines = time.monotonic(), corpora.read_lines(path)
    limit = run.recipe["model"]["max_positions"]
    sources = [(ids + [EOS])[:limit] for ids in run.pieces.encode(lines, num_threads=-1)]
    run.network.eval()
    with torch.autocast(run.device, torch.bfloat16, enabled=run.device == "cuda"):
        targets = translate(run.network, sources, BATCH_TOKENS, limit)
    texts = run.pieces.decode([[id_ for id_ in ids if id_ != EOS] for ids in targets], num_threads=-1)
    texts = [text.replace("\t", " ") for text in texts]
    name = path.name.removesuffix(".txt.xz")
    directory.mkdir(parents=True, exist_ok=True)
    (directory / f"{name}.tsv").write_text("".join(map("{}\t{}\n".format, texts, lines)), encoding="utf-8")
    (out / f"{name}.txt").write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    train.say(f"{name}: {len(lines):,} sentences in {time.monotonic() - started:.1f} s")
    for text, line in list(zip(texts, lines))[:3]:
        train.say(f"    {line} -> {text}")


def collect(recipe_file: Path, out: Path, run: Path) -> None:
    """Writes run/model from the weights that `train` left in `out`."""
    from transformer_c import checkpoint
    recipe = corpora.read_recipe(recipe_file)
    network = Network(recipe["model"], recipe["vocabulary"]["size"])
    read_parts(out, "state", network)
    checkpoint.write_marian(run / "model", network, run / "tokenizer", recipe)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("pack", "train", "back-translate", "profile", "collect"))
    parser.add_argument("files", type=Path, nargs="+")
    for name in ("--data", "--to", "--run", "--out"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--minutes", type=float)
    arguments = parser.parse_intermixed_args()
    recipe, *texts = arguments.files
    if arguments.command == "pack":
        pack(arguments.files, arguments.data, arguments.to)
    elif arguments.command == "collect":
        collect(recipe, arguments.out, arguments.run)
    else:
        run = LeasedRun(recipe, arguments.data, arguments.run, arguments.minutes, arguments.out)
        if arguments.command == "profile":
            return profile(run)
        run.train()
        for path in texts:
            back_translate(run, path, arguments.data / "back", arguments.out)


if __name__ == "__main__":
    main()
