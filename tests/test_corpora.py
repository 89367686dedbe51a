"""Reading, cleaning, augmenting and batching of parallel text."""

import itertools
import lzma
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import augment
import corpora


def numbers(texts):
    """A tokenizer that a person can read: one id a word, its length."""
    return [[len(word) for word in text.split()] for text in texts]


END, PAD = 0, 99
NO_CHANGE = augment.shares({})


def batching(**changes):
    return corpora.Batching(**{"encode": numbers, "end": END, "pad": PAD, "batch_tokens": 50, "longest": 9, "seed": 1}
                            | changes)


@pytest.fixture
def batches_from():
    """A function that gives the first n batches of a text, from a place on."""
    made = []

    def take(n, text, start=(0, 0, 0), **changes):
        made.append(corpora.Batches(text, batching(**changes), 2))
        return [(place, [array.tolist() for array in batch])
                for place, batch in itertools.islice(made[-1].training(start), n)]
    yield take
    for batches in made:
        batches.close()


def test_pairs_are_read_plain_and_compressed(tmp_path):
    (tmp_path / "a.tsv").write_text("one\teins\ntwo \tzwei\n", encoding="utf-8")
    with lzma.open(tmp_path / "b.tsv.xz", "wt", encoding="utf-8") as file:
        file.write("one\teins\n")
    assert corpora.read_pairs(tmp_path / "a.tsv") == [("one", "eins"), ("two", "zwei")]
    assert corpora.read_pairs(tmp_path / "b.tsv.xz") == [("one", "eins")]


def test_a_line_without_a_tab_is_an_error(tmp_path):
    (tmp_path / "a.tsv").write_text("one\teins\nno tab\n", encoding="utf-8")
    with pytest.raises(ValueError, match="line 2: 1 columns found, expected two"):
        corpora.read_pairs(tmp_path / "a.tsv")


@pytest.mark.parametrize("source, target, clean", [
    ("The house is small.", "Das Haus ist klein.", True),
    ("Taxi", "Taxi", True),
    ("", "x", False),
    ("x", "", False),
    ("This sentence was never translated.", "This sentence was never translated.", False),
    ("One two three four five six seven.", "Ja.", False),
    ("Yes.", "Eins zwei drei vier fünf sechs sieben acht.", False),
])
def test_what_is_clean(source, target, clean):
    assert corpora.is_clean(source, target) == clean


def test_no_pair_is_loaded_twice(tmp_path):
    (tmp_path / "a.tsv").write_text("one\teins\none\teins\ntwo\tzwei\n", encoding="utf-8")
    (tmp_path / "b.tsv").write_text("two\tzwei\nthree\tdrei\n", encoding="utf-8")
    loaded = corpora.load_corpora({tmp_path / "a.tsv": 1.0, tmp_path / "b.tsv": 2.0})
    assert loaded == [(1.0, [("one", "eins"), ("two", "zwei")]), (2.0, [("three", "drei")])]


def test_the_second_column_as_the_source(tmp_path):
    (tmp_path / "a.tsv").write_text("one\teins\n", encoding="utf-8")
    assert corpora.load_corpora({tmp_path / "a.tsv": 1.0}, swap=True) == [(1.0, [("eins", "one")])]


def test_weights_are_how_often_a_pair_is_seen():
    pairs = [(str(i), str(i)) for i in range(100)]
    text = corpora.Text([(1.0, [("first", "corpus")]), (2.3, pairs)], {}, NO_CHANGE)
    order = text.one_pass(np.random.default_rng(0))
    seen = text.pairs_of(order, random.Random(0))
    assert len(seen) == 231 and seen.count(("first", "corpus")) == 1
    assert {seen.count(pair) for pair in pairs} == {2, 3}
    assert order.tolist() != sorted(order.tolist())


def test_a_file_beside_the_recipe_or_in_the_data_directory():
    assert corpora.place_of("./a.tsv", "recipes/r.toml", "data") == Path("recipes/a.tsv")
    assert corpora.place_of("train/a.tsv", "recipes/r.toml", "data") == Path("data/train/a.tsv")
    with pytest.raises(ValueError, match="--data"):
        corpora.place_of("a.tsv", "recipes/r.toml", None)


def test_a_recipe_has_the_tables_of_its_base(tmp_path):
    (tmp_path / "base.toml").write_text(
        'source = "en"\n[corpora]\na = 1.0\n"back/b" = 2.0\n[model]\nheads = 2\n[made]\nx = 1\n')
    (tmp_path / "other.toml").write_text('base = "base.toml"\nsource = "de"\nswap = true\n[model]\nheads = 4\n[made]\n')
    base, other = (corpora.read_recipe(tmp_path / name) for name in ("base.toml", "other.toml"))
    assert other == base | {"base": "base.toml", "source": "de", "swap": True, "model": {"heads": 4}, "made": {}}
    assert corpora.corpora_of(base) == {"a": 1.0, "back/b": 2.0}
    assert corpora.corpora_of(other) == {"a": 1.0}  # whose machine-translated side would be the target


def test_made_pairs_join_each_pass_and_are_new_in_each():
    text = corpora.Text([(1.0, [("a", "b")])], {"numbers_en_de": 50, "dates_en_de": 7}, NO_CHANGE)
    order = text.one_pass(np.random.default_rng(0))
    assert sorted(order.tolist()) == [-2] * 7 + [-1] * 50 + [0]
    first, again, second = (text.pairs_of(order, random.Random(seed)) for seed in ("pass 0", "pass 0", "pass 1"))
    assert ("a", "b") in first and first == again and set(first) != set(second)


def test_batches_hold_similar_lengths_and_no_more_than_their_tokens():
    rng = random.Random(1)
    examples = [([1] * rng.randint(1, 30), [2] * rng.randint(1, 30)) for _ in range(500)]
    batches = corpora.batches_of(examples, 100, rng)
    assert sorted(map(str, itertools.chain(*batches))) == sorted(map(str, examples))
    for batch in batches:
        assert len(batch) * max(max(len(s), len(t)) for s, t in batch) <= 100
        assert len(batch) > 1


def test_a_last_batch_of_one_joins_the_one_before():
    three = [([1, 1], [1, 1])] * 3
    assert [len(batch) for batch in corpora.batches_of(three, 4, random.Random(0))] == [3]
    assert [len(batch) for batch in corpora.batches_of(three[:1], 4, random.Random(0))] == [1]


def test_ids_are_padded_at_the_end():
    assert corpora.padded([[1, 2, 3], [4]], PAD).tolist() == [[1, 2, 3], [4, PAD, PAD]]


def test_a_batch_has_both_sides_with_their_end(batches_from):
    text = corpora.Text([(1.0, [("aa b", "cccc"), ("a", "bb ccc")])], {}, NO_CHANGE)
    [(place, (source, target))] = batches_from(1, text)
    assert place == (0, 0, 0)
    assert sorted(zip(source, target)) == [([1, END, PAD], [2, 3, END]), ([2, 1, END], [4, END, PAD])]


def test_training_resumes_with_the_batches_it_would_have_seen(batches_from):
    pairs = [(f"source {'x' * (i % 9)} {i}", f"target {i}.") for i in range(300)]
    text = corpora.Text([(1.5, pairs)], {"dates_en_de": 30}, {name: 0.2 for name in NO_CHANGE})
    whole = batches_from(200, text)
    assert whole[-1][0][0] > 0  # more than one pass over the data
    for stop in (0, 1, 57, 150):
        assert batches_from(200 - stop, text, start=whole[stop][0]) == whole[stop:]


def test_nothing_to_train_on_is_an_error(batches_from):
    with pytest.raises(ValueError, match="short enough"):
        batches_from(1, corpora.Text([(1.0, [("a long source", "a")])], {}, NO_CHANGE), longest=2)
    with pytest.raises(ValueError, match="no pair to train on"):
        batches_from(1, corpora.Text([], {}, NO_CHANGE))


def test_workers_end_with_the_process_that_started_them():
    script = """if True:
        import augment, corpora, sys
        text = corpora.Text([(1.0, [("a", "b")] * 9)], {}, augment.shares({}))
        batches = corpora.Batches(text, corpora.Batching(lambda texts: [[1] for _ in texts], 0, 9, 50, 9, 1), 1)
        print(next(iter(batches.workers._processes)), flush=True)
        sys.stdin.read()"""
    process = subprocess.Popen([sys.executable, "-c", script], cwd=Path(corpora.__file__).parent, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    worker = Path("/proc") / process.stdout.readline().strip()
    assert worker.exists()
    process.send_signal(signal.SIGKILL)
    process.wait()
    deadline = time.monotonic() + 20
    while worker.exists() and "State:\tZ" not in (worker / "status").read_text():
        assert time.monotonic() < deadline
        time.sleep(0.1)
