"""Trains the models in readers/, one for each of systems.TRAINED and families.TRAINED, in the system's own arithmetic and file
format:

    tests/make_systems.py [DIRECTORY ...]

They say numbers below 1000: "4 0 7" is "four hundred seven". One seventh of those with three digits is held out of
training. golden.tsv beside each has the texts and ids of greedy search: of numbers in training, of numbers held out, and of
longer texts. Takes about half a minute for each."""

import csv
import math
import random
import sys
from pathlib import Path

import torch
import torch.nn.functional as F

import families
import systems

READERS = Path(__file__).resolve().parent / "readers"
N_STEPS, BATCH, RATE = 500, 96, 8e-3
HELD_OUT = [n for n in range(100, 1000) if n % 7 == 3]
IGNORED = -100  # of cross_entropy
NAMES = [*systems.TRAINED, *families.TRAINED]


def untrained(name):
    return systems.TRAINED[name]() if name in systems.TRAINED else families.trained(name)


def batch_of(system, numbers):
    """(source ids, decoder input ids, ids to predict) of numbers with equally many digits. Shorter targets end in padding."""
    targets = [[system.target_words.index(word) for word in [*systems.spoken(n), system.end]] for n in numbers]
    width, start = max(map(len, targets)), system.target_words.index(system.start)
    sources = torch.tensor([system.source_ids(str(n)) for n in numbers])
    inputs = torch.tensor([[start, *ids[:-1], *[start] * (width - len(ids))] for ids in targets])
    return sources, inputs, torch.tensor([[*ids, *[IGNORED] * (width - len(ids))] for ids in targets])


def train(system):
    learned = system.learned()
    for tensor in learned:
        tensor.requires_grad_()
    optimizer = torch.optim.Adam(learned, RATE, (0.9, 0.98))
    choose = random.Random(5)
    numbers = sorted(set(range(1000)) - set(HELD_OUT))
    for step in range(N_STEPS):
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1, step / 50) * (1 + math.cos(math.pi * step / N_STEPS)) / 2
        chosen = choose.sample(numbers, BATCH) + choose.choices(range(100), k=24)
        loss = 0
        for n_digits in (1, 2, 3):
            sources, inputs, wanted = batch_of(system, [n for n in chosen if len(str(n)) == n_digits] or [10 ** n_digits // 10])
            loss += F.cross_entropy(system.compute(sources, inputs).flatten(0, 1), wanted.flatten(), reduction="sum")
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, BATCH / 4)
        optimizer.step()
    system.round()


def texts():
    choose = random.Random(11)
    numbers = [0, 7, 12, 40, 85, 300, 999, 110] + choose.sample(HELD_OUT, 12)
    return [*map(str, numbers), *("".join(choose.choices(systems.DIGITS, k=k)) for k in (4, 5, 6, 9))]


def write_golden(system, file):
    """Returns how many numbers below 1000 are right."""
    rows, right = [], 0
    for text in texts():
        source = system.source_ids(text)
        target = system.greedy(source, 2 * len(text) + 10, False)
        words = " ".join(system.target_words[id_] for id_ in target if id_ >= len(system.special))
        rows.append([" ".join(text), words, " ".join(map(str, source)), " ".join(map(str, target))])
        right += len(text) <= 3 and words.split() == systems.spoken(int(text))
    with file.open("w", newline="") as out:
        writer = csv.writer(out, "excel-tab", lineterminator="\n")
        writer.writerow(["source", "target", "source ids", "target ids"])
        writer.writerows(rows)
    return right


def make(name):
    directory, system = READERS / name, untrained(name)
    directory.mkdir(exist_ok=True)
    train(system)
    system.save(directory)
    system.write_vocabularies(directory)
    system.load(directory)
    with torch.no_grad():
        right = write_golden(system, directory / "golden.tsv")
    size = sum(file.stat().st_size for file in directory.iterdir())
    print(f"{name}: {right} of 20 numbers right, {size:,} bytes", flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name in sys.argv[1:] or NAMES:
        make(name)
