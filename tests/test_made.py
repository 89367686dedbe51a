"""Pairs made by rules."""

import random
import tomllib

import pytest

import corpora
import made
from conftest import TESTS

RECIPES = sorted((TESTS.parent / "recipes").glob("*.toml"))


@pytest.mark.parametrize("n, english, german", [
    (0, "zero", "null"),
    (1, "one", "eins"),
    (17, "seventeen", "siebzehn"),
    (21, "twenty-one", "einundzwanzig"),
    (30, "thirty", "dreißig"),
    (66, "sixty-six", "sechsundsechzig"),
    (100, "one hundred", "hundert"),
    (101, "one hundred one", "hunderteins"),
    (312, "three hundred twelve", "dreihundertzwölf"),
    (1000, "one thousand", "tausend"),
    (1017, "one thousand seventeen", "tausendsiebzehn"),
    (1100, "one thousand one hundred", "tausendeinhundert"),
    (21_001, "twenty-one thousand one", "einundzwanzigtausendeins"),
    (101_000, "one hundred one thousand", "hunderteintausend"),
    (999_999, "nine hundred ninety-nine thousand nine hundred ninety-nine",
     "neunhundertneunundneunzigtausendneunhundertneunundneunzig"),
])
def test_numbers_in_words(n, english, german):
    assert made.english_words(n) == english
    assert made.german_words(n) == german


@pytest.mark.parametrize("n, british", [
    (101, "one hundred and one"), (1017, "one thousand and seventeen"),
    (2_312, "two thousand three hundred and twelve"), (101_000, "one hundred and one thousand")])
def test_numbers_in_british_words(n, british):
    assert made.english_words(n, " and") == british


@pytest.mark.parametrize("n, expected", [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"),
                                         (13, "13th"), (21, "21st"), (112, "112th")])
def test_ordinals(n, expected):
    assert made.ordinal(n) == expected


class Chosen:
    """A generator of chosen numbers, in the place of random.Random: a person can follow what is made of them."""

    def __init__(self, *values):
        self.values = list(values)

    def next(self, *_):
        return self.values.pop(0)

    randint = randrange = random = next

    def choice(self, options):
        return options[self.next()]


@pytest.mark.parametrize("slot, chosen, english, german", [
    (made.month_day, (2, 5, 0), "March 5", "5. März"),
    (made.month_day, (2, 5, 4), "the 5th of March", "5. März"),
    (made.date, (2, 5, 0, 2024), "March 5, 2024", "5. März 2024"),
    (made.date, (2, 5, 3, 2024), "5 March 2024", "5. März 2024"),
    (made.date, (2, 5, 4, 2024), "the 5th of March 2024", "5. März 2024"),
    (made.clock, (19, 59, 2, 0.9, 0), "7:30 pm", "19:30 Uhr"),
    (made.clock, (7, 59, 0, 0.9, 2), "7 a.m.", "7 Uhr"),
    (made.clock, (0, 59, 2, 0.9, 0), "12:30 am", "0:30 Uhr"),
    (made.clock, (12, 59, 0, 0.9, 0), "12 pm", "12 Uhr"),
    (made.clock, (9, 5, 4, 0.1), "9:05", "9:05 Uhr"),
    (made.spoken_time, (3, 0, 1), "half past three", "halb vier"),
    (made.spoken_time, (12, 0, 1), "half past twelve", "halb eins"),
    (made.spoken_time, (9, 0, 3), "a quarter to nine", "Viertel vor neun"),
    (made.spoken_time, (1, 0, 0), "one o'clock", "ein Uhr"),
    (made.spoken_time, (1, 1, 4), "ten past one", "zehn nach eins"),
])
def test_dates_and_times(slot, chosen, english, german):
    assert slot(Chosen(*chosen)) == (english, german)


@pytest.mark.parametrize("slot, chosen, source, target", [
    (made.number_words, (4, 8412, 0), "8,412", "eight thousand four hundred twelve"),
    (made.number_words, (4, 8412, 1), "8412", "eight thousand four hundred twelve"),
    (made.reversed_line, (9, 3, 0, 0.9, 1, 0.1, 2, 0.1), "ab c", "c ba"),
    (made.iso_date, (2, 2024, 5, 0), "March 5, 2024", "2024-03-05"),
    (made.iso_date, (2, 2024, 5, 3), "the 5th of March 2024", "2024-03-05"),
    (made.iso_date, (2, 2024, 5, 6), "3/5/2024", "2024-03-05"),
    (made.iso_date, (2, 2024, 5, 7), "5.3.2024", "2024-03-05"),
])
def test_tasks(slot, chosen, source, target):
    assert slot(Chosen(*chosen)) == (source, target)


def test_digits():
    assert made.german_digits("3,500") == "3.500"
    assert made.german_digits("1,234.5") == "1.234,5"


@pytest.mark.parametrize("name", made.MAKERS)
def test_held_out_pairs_are_never_trained_on(name):
    trained = made.pairs(name, 3000, random.Random(1))
    held_out = made.pairs(name, 50, random.Random(2), held_out=True)
    assert len(set(held_out)) == 50
    for side in (0, 1):
        assert not {pair[side] for pair in trained} & {pair[side] for pair in held_out}


@pytest.mark.parametrize("name", made.MAKERS)
def test_made_pairs_are_whole(name):
    for source, target in made.pairs(name, 2000, random.Random(3)):
        for text in (source, target):
            assert text == text.strip() and text and "  " not in text and not set(text) & set("{}\t\n")


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_recipes_name_what_is_there(path):
    recipe = tomllib.loads(path.read_text(encoding="utf-8"))
    assert set(recipe.get("made", {})) <= set(made.MAKERS)
    corpora.shares(recipe.get("augmentation", {}))
    for name in recipe.get("corpora", {}):
        if name.startswith("./"):
            pairs = corpora.read_pairs(corpora.place_of(name, path, None))
            assert all(corpora.is_clean(*pair) for pair in pairs)
            assert len({source for source, _ in pairs}) == len(pairs)
