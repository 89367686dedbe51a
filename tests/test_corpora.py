"""Reading, cleaning, augmenting and batching of parallel text."""

import itertools
import lzma
import random
from pathlib import Path

import pytest

import corpora


def numbers(texts):
    """A tokenizer that a person can read: one id a word, its length."""
    return [[len(word) for word in text.split()] for text in texts]


NO_CHANGE = corpora.shares({})


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


def test_weights_are_how_often_a_pair_is_seen():
    pairs = [(str(i), str(i)) for i in range(100)]
    order = corpora.one_pass([(2.3, pairs)], {}, random.Random(0))
    assert len(order) == 230
    assert {order.count(pair) for pair in pairs} == {2, 3}


@pytest.mark.parametrize("change, pair, expected", [
    (corpora.without_full_stop, ("A b.", "C d."), ("A b", "C d")),
    (corpora.without_full_stop, ("A b...", "C d..."), ("A b...", "C d...")),
    (corpora.without_full_stop, ("A b?", "C d."), ("A b?", "C d.")),
    (corpora.without_full_stop, (".", "."), (".", ".")),
    (corpora.lower_case, ("Hello Tom.", "Hallo Tom."), ("hello tom.", "Hallo Tom.")),
    (corpora.all_caps, ("Street", "Straße"), ("STREET", "STRASSE")),
    (corpora.other_quotes, ("It's \"so\".", "Es ist „so“."), ("It’s “so”.", "Es ist „so“.")),
    (corpora.other_quotes, ("It’s “so”.", "Es ist „so“."), ("It's \"so\".", "Es ist „so“.")),
])
def test_ways_of_typing(change, pair, expected):
    assert change(*pair) == expected


def test_an_address_is_copied_to_both_sides():
    rng = random.Random(0)
    for _ in range(200):
        source, target = corpora.with_copied_text("See this.", "Siehe dies.", rng)
        address = source.removeprefix("See this").lstrip(" :")
        assert target.endswith(address) and ("@" in address or "." in address)


@pytest.mark.parametrize("source, target, changed", [
    ("I am 42.", "Ich bin 42.", "42"),
    ("Room 101, please.", "Zimmer 101, bitte.", "101"),
    ("It was in 1984.", "Es war 1984.", "1984"),
    ("3,500 people in 7 cars", "3.500 Menschen in 7 Autos", None),    # parts of a number, one digit
    ("30 and 30", "30 und 30", None),                                 # twice
    ("at 12:45, on 2024-03-05", "um 12:45 Uhr, am 2024-03-05", None),
    ("5 pm to 17", "17 bis 17", None),
    ("the 1990s, 20th, A380", "die 1990er, 20, A380", None),
])
def test_other_numbers_are_the_same_on_both_sides(source, target, changed):
    for seed in range(30):
        source_out, target_out = corpora.other_numbers(source, target, random.Random(seed))
        if changed is None:
            assert (source_out, target_out) == (source, target)
            continue
        before, after = source.split(changed)
        number = source_out.removeprefix(before).removesuffix(after)
        assert len(number) == len(changed) and number.isdecimal() and number[0] != "0"
        assert target_out == target.replace(changed, number)
        assert changed != "1984" or 1900 <= int(number) < 2100


def test_two_numbers_keep_their_order():
    source, target = corpora.other_numbers("21 of 350", "von 350 sind es 21", random.Random(0))
    n, of, m = source.split()
    assert target == f"von {m} sind es {n}" and (n, m) != ("21", "350")


def test_a_file_beside_the_recipe_or_in_the_data_directory():
    assert corpora.place_of("./a.tsv", "recipes/r.toml", "data") == Path("recipes/a.tsv")
    assert corpora.place_of("train/a.tsv", "recipes/r.toml", "data") == Path("data/train/a.tsv")
    with pytest.raises(ValueError, match="--data"):
        corpora.place_of("a.tsv", "recipes/r.toml", None)


def test_made_pairs_join_each_pass_and_are_new_in_each():
    first, again, second = (corpora.one_pass([(1.0, [("a", "b")])], {"numbers_en_de": 50}, random.Random(seed))
                            for seed in ("pass 0", "pass 0", "pass 1"))
    assert len(first) == 51 and ("a", "b") in first and first == again
    assert set(first) != set(second)


def test_two_joined_sentences_stay_a_pair():
    pairs = [(f"Source {i}.", f"Target {i}.") for i in range(50)]
    out = corpora.augment(pairs, NO_CHANGE | {"joined": 1.0}, random.Random(0))
    assert out[0] == ("Source 0. Source 1.", "Target 0. Target 1.")
    assert len(out) == 25


def test_a_way_of_typing_that_does_not_exist_is_an_error():
    assert corpora.shares({"joined": 0.1}) == NO_CHANGE | {"joined": 0.1}
    with pytest.raises(ValueError, match="found lowercase, expected one of joined"):
        corpora.shares({"lowercase": 0.1})


def test_no_pair_is_lost_when_nothing_is_changed():
    pairs = [(f"s {i}.", f"t {i}.") for i in range(7)]
    assert corpora.augment(pairs, NO_CHANGE, random.Random(0)) == pairs


def test_batches_hold_similar_lengths_and_no_more_than_their_tokens():
    rng = random.Random(1)
    examples = [([1] * rng.randint(1, 30), [2] * rng.randint(1, 30)) for _ in range(500)]
    batches = corpora.batches_of(examples, 100, rng)
    assert sorted(map(str, itertools.chain(*batches))) == sorted(map(str, examples))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(max(len(s), len(t)) for s, t in batch) <= 100


def test_training_goes_on_with_the_batches_it_would_have_seen():
    loaded = [(1.5, [(f"source {'x' * (i % 9)} {i}", f"target {i}.") for i in range(300)])]
    chances = {name: 0.2 for name in NO_CHANGE}
    n_made = {"dates_en_de": 30}
    whole = list(itertools.islice(corpora.training_batches(loaded, n_made, chances, numbers, 0, 50, 9, seed=1), 200))
    assert whole[-1][0][0] > 0  # more than one pass over the data
    for stop in (0, 1, 57, 150):
        (pass_, shard, batch), _ = whole[stop]
        rest = corpora.training_batches(loaded, n_made, chances, numbers, 0, 50, 9, seed=1, start=(pass_, shard, batch))
        assert list(itertools.islice(rest, 200 - stop)) == whole[stop:]


def test_nothing_to_train_on_is_an_error():
    with pytest.raises(ValueError, match="no pair to train on"):
        next(corpora.training_batches([(1.0, [("a long source", "a")])], {}, NO_CHANGE, numbers, 0, 50, 2, seed=1))
