"""Parallel text for training: reading, cleaning, passes over it, batches.

A corpus is a file of lines `source TAB target` (UTF-8, plain or .xz). A recipe gives each corpus a weight: how often its
pairs are seen in one pass over the data (0.5: a new random half in every pass). A name that begins with ./ is a file beside
the recipe, any other one is in the data directory. Synthetic pairs (made.py) join each pass, and some pairs are changed to the
way people type (augment.py).

A pass is cut into shards. Worker processes change, tokenize and batch them ahead of time. Everything random is drawn from
(seed, pass, shard), so a training run that was killed resumes with exactly the batches it would have seen.
"""

import collections
import concurrent.futures
import itertools
import lzma
import multiprocessing
import os
import random
import signal
import threading
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import augment
import made
from augment import Pair

Example = tuple[list[int], list[int]]  # source ids, target ids
Batch = tuple[np.ndarray, np.ndarray]  # padded source ids (B, S), target ids (B, T)
Place = tuple[int, int, int]           # pass, shard, batch

PAIRS_PER_SHARD = 60_000  # pairs that are tokenized, sorted by length and batched together


def read_recipe(path: Path) -> dict:
    """The keys and tables of a recipe. What it does not have comes from the recipe beside it that its key `base` names."""
    recipe = tomllib.loads(path.read_text(encoding="utf-8"))
    return read_recipe(path.parent / recipe["base"]) | recipe if "base" in recipe else recipe


def corpora_of(recipe: dict) -> dict[str, float]:
    """{name: weight}. Reversed, back-translated text would have its machine-translated side as the target: it is left out."""
    return {name: weight for name, weight in recipe.get("corpora", {}).items()
            if not (recipe.get("swap") and name.startswith("back/"))}


def read_pairs(path: Path | str) -> list[Pair]:
    """The (source, target) pairs of a TSV file; a line without exactly one tab is an error."""
    path = Path(path)
    pairs = []
    with lzma.open(path, "rt", encoding="utf-8") if path.suffix == ".xz" else open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            fields = line.rstrip("\n").split("\t")
            if len(fields) != 2:
                raise ValueError(f"{path}, line {number}: {len(fields)} columns found, expected two: source TAB target")
            pairs.append((fields[0].strip(), fields[1].strip()))
    return pairs


def read_lines(path: Path) -> list[str]:
    """The lines of an .xz file."""
    with lzma.open(path, "rt", encoding="utf-8") as file:
        return [line.rstrip("\n") for line in file]


def is_clean(source: str, target: str) -> bool:
    """False for pairs that teach something wrong: empty, untranslated sentences, lengths that cannot fit."""
    if not source or not target:
        return False
    n_source, n_target = len(source.split()), len(target.split())
    if source == target and n_source > 3:
        return False
    if max(n_source, n_target) > 6 and not 0.4 < len(source) / len(target) < 2.5:
        return False
    return True


def place_of(name: str, recipe: Path | str, data: Path | str | None) -> Path:
    """The path of a file that a recipe names: beside the recipe, or in the data directory."""
    if name.startswith("./"):
        return Path(recipe).parent / name
    if data is None:
        raise ValueError(f"{recipe}: names {name}, so say with --data in which directory it is")
    return Path(data) / name


def load_corpora(weights: Mapping[Path, float], swap: bool = False) -> list[tuple[float, list[Pair]]]:
    """{path: weight} to a list of (weight, pairs): clean, no pair twice in the whole of the data. With `swap` the second
    column is the source."""
    seen, corpora = set(), []
    for path, weight in weights.items():
        pairs = []
        for pair in read_pairs(path):
            pair = pair[::-1] if swap else pair
            if is_clean(*pair) and pair not in seen:
                seen.add(pair)
                pairs.append(pair)
        corpora.append((weight, pairs))
    return corpora


@dataclass
class Text:
    """What a run learns from: [(weight, pairs)], {maker: pairs in one pass}, and the share of pairs that each way of typing
    changes."""
    corpora: list[tuple[float, list[Pair]]]
    n_made: dict[str, int]
    chances: dict[str, float]

    def __post_init__(self) -> None:
        self.pairs = list(itertools.chain.from_iterable(pairs for _, pairs in self.corpora))

    def one_pass(self, rng: np.random.Generator) -> np.ndarray:
        """One pass in random order, as an array: the numbers of pairs, each corpus floor(weight) times plus a random part of
        it, and -1, -2, … for a pair of the first, second, … maker."""
        parts, first = [np.zeros(0, int)], 0
        for weight, pairs in self.corpora:
            whole, part = divmod(weight, 1.0)
            numbers = np.arange(first, first + len(pairs))
            parts += [numbers] * int(whole)
            parts.append(rng.permutation(numbers)[:round(part * len(pairs))])
            first += len(pairs)
        parts += [np.full(n, -1 - i) for i, n in enumerate(self.n_made.values())]
        return rng.permutation(np.concatenate(parts))

    def pairs_of(self, numbers: Sequence[int], rng: random.Random) -> list[Pair]:
        """The pairs of a part of a pass; those of makers are new ones, drawn from rng."""
        makers = list(self.n_made)
        return [self.pairs[i] if i >= 0 else made.pairs(makers[-1 - i], 1, rng)[0] for i in numbers]


def batches_of(examples: Sequence[Example], batch_tokens: int, rng: random.Random) -> list[list[Example]]:
    """Batches of examples (source ids, target ids) of similar length, at most `batch_tokens` padded tokens a side. A last
    batch of one example joins the one before: its shape would be a case of its own for a compiled network."""
    examples = sorted(examples, key=lambda e: (max(len(e[0]), len(e[1])), len(e[0])))
    batches, batch, longest = [], [], 0
    for example in examples:
        length = max(len(example[0]), len(example[1]))
        if batch and max(longest, length) * (len(batch) + 1) > batch_tokens:
            batches.append(batch)
            batch, longest = [], 0
        batch.append(example)
        longest = max(longest, length)
    if len(batch) == 1 and batches:
        batches[-1] += batch
    elif batch:
        batches.append(batch)
    rng.shuffle(batches)
    return batches


def padded(rows: Sequence[Sequence[int]], pad: int) -> np.ndarray:
    """Lists of ids to one array (rows, longest)."""
    array = np.full((len(rows), max(map(len, rows))), pad, dtype=np.int32)
    for row, ids in zip(array, rows):
        row[:len(ids)] = ids
    return array


@dataclass
class Batching:
    """How pairs become batches. `encode` takes a list of texts to a list of id lists; pairs with more than `longest` ids on
    a side, the end token among them, are left out."""
    encode: Callable[[list[str]], list[list[int]]]
    end: int
    pad: int
    batch_tokens: int
    longest: int
    seed: int


def batches_of_shard(text: Text, batching: Batching, numbers: Sequence[int], pass_: int, shard: int) -> list[Batch]:
    """The batches of one shard: (source, target) arrays of padded ids, shapes (B, S) and (B, T)."""
    rng = random.Random(f"{batching.seed} {pass_} {shard}")
    pairs = augment.augment(text.pairs_of(numbers, rng), text.chances, rng)
    sources = batching.encode([source for source, _ in pairs])
    targets = batching.encode([target for _, target in pairs])
    examples = [(source + [batching.end], target + [batching.end]) for source, target in zip(sources, targets)
                if len(source) < batching.longest and len(target) < batching.longest]
    return [(padded([source for source, _ in batch], batching.pad), padded([target for _, target in batch], batching.pad))
            for batch in batches_of(examples, batching.batch_tokens, rng)]


def shards(text: Text, seed: int, start: tuple[int, int]) -> Iterator[tuple[int, int, np.ndarray]]:
    """Endless (pass, shard, numbers of pairs) from (pass, shard) `start` on."""
    pass_, first = start
    while True:
        order = text.one_pass(np.random.default_rng([seed, pass_]))
        for shard in range(first, -(-len(order) // PAIRS_PER_SHARD)):
            yield pass_, shard, order[shard * PAIRS_PER_SHARD:(shard + 1) * PAIRS_PER_SHARD]
        if first == 0 and len(order) == 0:
            raise ValueError("the corpora hold no pair to train on; look at their weights")
        pass_, first = pass_ + 1, 0


_job = None  # (text, batching) of a worker: it comes with the fork, so that no text is copied


def _work(pass_: int, shard: int, numbers: Sequence[int]) -> tuple[tuple[int, int], list[Batch]]:
    return (pass_, shard), batches_of_shard(*_job, numbers, pass_, shard)


def _begin_work(job: tuple[Text, Batching]) -> None:
    global _job
    _job = job
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process decides when to stop
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = os.getppid()

    def watch():
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)  # a killed parent leaves no workers behind
    threading.Thread(target=watch, daemon=True).start()


class Batches:
    """Worker processes that make batches ahead of time. They fork when this is made, so make it before anything that does
    not survive a fork, such as a CUDA context."""

    def __init__(self, text: Text, batching: Batching, n_workers: int) -> None:
        self.text, self.seed, self.n_workers = text, batching.seed, n_workers
        self.workers = concurrent.futures.ProcessPoolExecutor(n_workers, multiprocessing.get_context("fork"), _begin_work,
                                                              ((text, batching),))
        self.workers.submit(os.getpid).result()

    def training(self, start: Place = (0, 0, 0)) -> Iterator[tuple[Place, Batch]]:
        """Endless batches with their place: yields ((pass, shard, batch), (source, target)), from the place `start` on."""
        todo = shards(self.text, self.seed, start[:2])
        ahead = collections.deque(self.workers.submit(_work, *next(todo)) for _ in range(self.n_workers + 2))
        n_empty = 0
        while True:
            place, batches = ahead.popleft().result()
            ahead.append(self.workers.submit(_work, *next(todo)))
            n_empty = 0 if batches else n_empty + 1
            if n_empty > 100:
                raise ValueError("a hundred shards hold no pair that is short enough; look at schedule.longest")
            for number, batch in enumerate(batches):
                if place + (number,) >= start:
                    yield place + (number,), batch

    def close(self) -> None:
        self.workers.shutdown(wait=False, cancel_futures=True)
