"""Parallel text for training: reading, cleaning, augmenting, batching.

A corpus is a file of lines `source TAB target` (UTF-8, plain or .xz). A recipe gives each corpus a
weight: how often its pairs are seen in one pass over the data (0.5: a new random half every pass).
A name that begins with ./ is a file beside the recipe, any other one in the data directory. Pairs that rules make
(made.py) join each pass, as many as the recipe says.

Everything random is drawn from (seed, pass, shard), so a training run that was killed goes on with
exactly the batches it would have seen.
"""

import lzma
import random
import re
from pathlib import Path

import made

PAIRS_PER_SHARD = 40_000  # pairs that are encoded, sorted by length and batched together


def read_pairs(path):
    """The (source, target) pairs of a TSV file; a line without exactly one tab is an error."""
    path = Path(path)
    opened = lzma.open(path, "rt", encoding="utf-8") if path.suffix == ".xz" else open(path, encoding="utf-8")
    pairs = []
    with opened as lines:
        for number, line in enumerate(lines, 1):
            fields = line.rstrip("\n").split("\t")
            if len(fields) != 2:
                raise ValueError(f"{path}, line {number}: {len(fields)} columns found, expected two: source TAB target")
            pairs.append((fields[0].strip(), fields[1].strip()))
    return pairs


def is_clean(source, target):
    """False for pairs that teach something wrong: empty, untranslated sentences, lengths that cannot fit."""
    if not source or not target:
        return False
    n_source, n_target = len(source.split()), len(target.split())
    if source == target and n_source > 3:
        return False
    if max(n_source, n_target) > 6 and not 0.4 < len(source) / len(target) < 2.5:
        return False
    return True


def place_of(name, recipe, data):
    """The path of a file that a recipe names: beside the recipe, or in the data directory."""
    if name.startswith("./"):
        return Path(recipe).parent / name
    if data is None:
        raise ValueError(f"{recipe}: names {name}, so say with --data in which directory it is")
    return Path(data) / name


def load_corpora(weights):
    """{path: weight} to a list of (weight, pairs): clean, no pair twice in the whole of the data."""
    seen, corpora = set(), []
    for path, weight in weights.items():
        pairs = []
        for pair in read_pairs(path):
            if is_clean(*pair) and pair not in seen:
                seen.add(pair)
                pairs.append(pair)
        corpora.append((weight, pairs))
    return corpora


def one_pass(corpora, n_made, rng):
    """All pairs of one pass in random order: each corpus floor(weight) times plus a random part of it, and for each
    {name: pairs} of n_made so many new pairs of that maker."""
    order = []
    for weight, pairs in corpora:
        whole, part = divmod(weight, 1.0)
        order += pairs * int(whole)
        order += rng.sample(pairs, round(part * len(pairs)))
    for name, n in n_made.items():
        order += made.pairs(name, n, rng)
    rng.shuffle(order)
    return order


# The way people type. Each takes and returns a (source, target) pair.

def without_full_stop(source, target):
    if source.endswith(".") and target.endswith(".") and not source.endswith("..") and len(source) > 1 < len(target):
        return source[:-1], target[:-1]
    return source, target


def lower_case(source, target):
    return source.lower(), target


def all_caps(source, target):
    return source.upper(), target.replace("ß", "SS").upper()


TYPOGRAPHIC = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"'})


def other_quotes(source, target):
    """Straight quotes for typographic ones in the source and the other way round; the target stays."""
    if any(quote in source for quote in "’‘“”"):
        return source.translate(TYPOGRAPHIC), target
    source = re.sub(r"(?<=\w)'(?=\w)", "’", source)
    return re.sub(r'"([^"]*)"', r"“\1”", source), target


# A number of 2 to 4 digits that is not part of another one, of a word, a date or a version.
NUMBER = re.compile(r"(?<![\w.,:/-])[1-9]\d{1,3}(?![\w]|[.,:/-]\w)")


def other_numbers(source, target, rng):
    """Other digits in numbers that stand once on each side, so that they are copied and not learnt by heart. A year
    stays a year."""
    in_source, in_target = NUMBER.findall(source), NUMBER.findall(target)
    other = {}
    for number in in_source:
        if in_source.count(number) == in_target.count(number) == 1:
            low, high = (1900, 2100) if number[:2] in ("19", "20") and len(number) == 4 else (
                10 ** (len(number) - 1), 10 ** len(number))
            other[number] = str(rng.randrange(low, high))
    return tuple(NUMBER.sub(lambda match: other.get(match[0], match[0]), text) for text in (source, target))


COPIED_NAMES = "anna ben clara jonas lena mueller schmidt smith garcia kim ivanov lopez tanaka".split()
COPIED_WORDS = "info shop news blog support home mail docs archive team data cloud forum".split()
COPIED_ENDS = "com de org net co.uk at ch io".split()


def copied_text(rng):
    """An address that is the same in every language: a URL or an e-mail address."""
    host = f"{rng.choice(COPIED_WORDS)}{rng.choice(['', '-', ''])}{rng.choice(COPIED_NAMES)}.{rng.choice(COPIED_ENDS)}"
    if rng.random() < 0.5:
        return f"{rng.choice(COPIED_NAMES)}{rng.choice(['.', '_', ''])}{rng.choice(COPIED_NAMES)}@{host}"
    path = rng.choice(["", "/", f"/{rng.choice(COPIED_WORDS)}", f"/{rng.choice(COPIED_WORDS)}/{rng.randrange(10000)}"])
    return f"{rng.choice(['https://', 'http://', 'www.', 'https://www.'])}{host}{path}"


def with_copied_text(source, target, rng):
    """An address after the sentence, the way people paste one, or alone."""
    copied = copied_text(rng)
    if rng.random() < 0.2:
        return copied, copied
    mark = rng.choice([" ", ": ", " "])
    return source.rstrip(".:") + mark + copied, target.rstrip(".:") + mark + copied


WAYS_OF_TYPING = ("joined", "other_numbers", "copied_text", "other_quotes", "without_full_stop", "lower_case",
                  "all_caps")


def shares(augmentation):
    """The share of pairs for each way of typing; a way that the recipe does not name has none."""
    for name in augmentation:
        if name not in WAYS_OF_TYPING:
            raise ValueError(f"[augmentation]: found {name}, expected one of {', '.join(WAYS_OF_TYPING)}")
    return {name: augmentation.get(name, 0.0) for name in WAYS_OF_TYPING}


def augment(pairs, chances, rng):
    """The pairs, some of them changed: `chances` gives the share of pairs for each way of typing. Two joined pairs
    become one; one in five pairs that get an address becomes the address alone."""
    out, waiting = [], None
    for pair in pairs:
        if waiting is not None:
            pair = (f"{waiting[0]} {pair[0]}", f"{waiting[1]} {pair[1]}")
            waiting = None
        elif rng.random() < chances["joined"] and pair[0][-1] in ".?!" and pair[1][-1] in ".?!" and len(pair[0]) < 60:
            waiting = pair
            continue
        if rng.random() < chances["other_numbers"]:
            pair = other_numbers(*pair, rng)
        if rng.random() < chances["copied_text"] and len(pair[0]) < 100:
            pair = with_copied_text(*pair, rng)
        if rng.random() < chances["other_quotes"]:
            pair = other_quotes(*pair)
        if rng.random() < chances["without_full_stop"]:
            pair = without_full_stop(*pair)
        draw = rng.random()
        if draw < chances["lower_case"]:
            pair = lower_case(*pair)
        elif draw < chances["lower_case"] + chances["all_caps"]:
            pair = all_caps(*pair)
        out.append(pair)
    return out if waiting is None else out + [waiting]


def batches_of(examples, batch_tokens, rng):
    """Batches of examples (source ids, target ids) of similar length, at most `batch_tokens` padded tokens a side."""
    examples = sorted(examples, key=lambda e: (len(e[1]), len(e[0])))
    batches, batch, longest = [], [], 0
    for example in examples:
        length = max(len(example[0]), len(example[1]))
        if batch and max(longest, length) * (len(batch) + 1) > batch_tokens:
            batches.append(batch)
            batch, longest = [], 0
        batch.append(example)
        longest = max(longest, length)
    if batch:
        batches.append(batch)
    rng.shuffle(batches)
    return batches


def training_batches(corpora, n_made, chances, encode, eos, batch_tokens, max_pieces, seed, start=(0, 0, 0)):
    """Endless batches with their place: yields ((pass, shard, batch), [(source ids, target ids), …]).

    `start` is the place to go on at. `encode` takes a list of texts to a list of id lists; pairs with more
    than max_pieces ids on a side, the end token among them, are left out.
    """
    pass_, first_shard, first_batch = start
    while True:
        order, n_batches = one_pass(corpora, n_made, random.Random(f"{seed} {pass_}")), 0
        shards = range(0, len(order), PAIRS_PER_SHARD)
        for shard in range(first_shard, len(shards)):
            rng = random.Random(f"{seed} {pass_} {shard}")
            pairs = augment(order[shards[shard]:shards[shard] + PAIRS_PER_SHARD], chances, rng)
            sources = encode([source for source, _ in pairs])
            targets = encode([target for _, target in pairs])
            examples = [(source + [eos], target + [eos]) for source, target in zip(sources, targets)
                        if len(source) < max_pieces and len(target) < max_pieces]
            for number, batch in enumerate(batches_of(examples, batch_tokens, rng)):
                n_batches += 1
                if number >= first_batch:
                    yield (pass_, shard, number), batch
            first_batch = 0
        if n_batches == 0 and first_shard == 0:
            raise ValueError("the corpora hold no pair to train on; look at their weights and at the longest pieces allowed")
        pass_, first_shard = pass_ + 1, 0
