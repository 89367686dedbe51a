"""Pairs made by rules."""

import random
import re
from collections import Counter

import pytest

import augment
import corpora
import made
import made_en_de
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


@pytest.mark.parametrize("name", [name for name in made.MAKERS if name.endswith("_en_de")])
def test_no_line_of_the_evaluation_list_is_trained_on(name):
    lines = (TESTS.parent / "checkpoints/en-de/everyday.tsv").read_text(encoding="utf-8").splitlines()
    sources = {source for source, _ in made.pairs(name, 3000, random.Random(3))}
    assert len(lines) == 400 and not sources & {line.split("\t")[0] for line in lines}


def test_money_and_measures(monkeypatch):
    rng = random.Random(0)
    for signs, pairs in ([("€", "€")], {("€5", "5 €")}), ([("CHF", "CHF")], {("CHF 5", "5 CHF"), ("5 CHF", "5 CHF")}), (
            [("zł", "zł")], {("5 zł", "5 zł")}):
        monkeypatch.setattr(made_en_de, "SIGNS", signs)
        assert pairs <= {made.money(rng) for _ in range(5000)}
    monkeypatch.setattr(made_en_de, "BIG_MONEY", [("£", "Pfund")])
    monkeypatch.setattr(made_en_de, "MONEY_WORDS", [("rupees", "Rupien")])
    assert {("£3 billion", "3 Milliarden Pfund"), ("£7m", "7 Mio. £"), ("nine rupees", "neun Rupien"),
            ("4 million rupees", "4 Millionen Rupien")} <= {made.money(rng) for _ in range(60_000)}
    assert {("5kg", "5 kg"), ("5 kg", "5 kg")} <= {made.measure("mass")(rng) for _ in range(30_000)}


@pytest.mark.parametrize("slot, pair", [
    (made.number_range, ("3-9", "3-9")), (made.number_range, ("3 to 9", "3 bis 9")),
    (made.number_range, ("between 3 and 9", "zwischen 3 und 9")), (made.number_range, ("three to nine", "drei bis neun")),
    (made.day_part, ("7 in the morning", "7 Uhr morgens")), (made.day_part, ("noon", "zwölf Uhr mittags")),
    (made.day_part, ("ten at night", "zehn Uhr abends")), (made.time_range, ("9am-5pm", "9-17 Uhr")),
    (made.time_range, ("9:30 – 17:15", "9:30 – 17:15 Uhr")), (made.day_range, ("Mon-Fri", "Mo-Fr")),
    (made.day_range, ("Monday to Friday", "Montag bis Freitag")), (made.phone, ("112", "112")),
])
def test_slots(slot, pair):
    rng = random.Random(0)
    assert any(slot(rng) == pair for _ in range(200_000))


def test_what_is_copied_stays_as_it_is():
    rng = random.Random(0)
    for slot in (made.iso, made.numeric_date, made.phone, made.code, made.dotted, made.short_version, made.any_number):
        for english, german in (slot(rng) for _ in range(500)):
            assert english == german and any(char.isdigit() or char.isupper() for char in english)


def test_an_invented_name_keeps_its_letters():
    """Most names are drawn once only, so what is learned from them is to copy."""
    names = [made.invented_name(random.Random(seed)) for seed in range(2000)]
    assert all(source == target and any(word[0].isupper() for word in source.split()) for source, target in names)
    assert len(set(names)) > 1990 and {len(source.split()) for source, _ in names} >= {1, 2, 3}


def digits(text):
    return Counter(char for char in text if char.isdecimal())


@pytest.mark.parametrize("name", ["numbers_en_de", "dates_en_de", "amounts_en_de", "identifiers_en_de", "negation_en_de",
                                  "lists_en_de", "copied_en_de"])
def test_both_sides_have_the_same_digits(name):
    for source, target in made.pairs(name, 5000, random.Random(4)):
        assert digits(source) == digits(target), (source, target)


@pytest.mark.parametrize("name", [name for name in made.MAKERS if name.endswith("_en_de")])
def test_a_source_has_one_translation(name):
    pairs = set(made.pairs(name, 10_000, random.Random(5)))
    assert len({source for source, _ in pairs}) == len(pairs)


def test_templates_have_one_translation_and_the_same_slots():
    for name, group in vars(made_en_de).items():
        if isinstance(group, list) and group and isinstance(group[0], tuple) and "{" in "".join(group[0]):
            english = [pair[0] for pair in dict.fromkeys(group)]
            assert len(set(english)) == len(english), name
            if len(group[0]) == 2:
                for pair in group:
                    assert sorted(re.findall(r"{\d?}", pair[0])) == sorted(re.findall(r"{\d?}", pair[1])), pair


@pytest.mark.parametrize("source, target", [
    ("He strongly opposes the plan.", "Er lehnt den Plan entschieden ab."),
    ("Unfortunately, Tom doesn't trust her.", "Leider traut Tom ihr nicht."),
    ("We are deeply unhappy with the decision.", "Wir sind mit der Entscheidung zutiefst unzufrieden."),
    ("It is almost impossible to say no.", "Es ist fast unmöglich, Nein zu sagen."),
    ("They never liked what he says.", "Sie mochten das, was er sagt, nie."),
    ("But I totally disagree with him.", "Aber ich stimme ihm überhaupt nicht zu."),
])
def test_negation(monkeypatch, source, target):
    for name in "SUBJECTS ADVERBS OPENINGS DEGREES TO_DO IMPOSSIBLE".split():
        rows = getattr(made_en_de, name)
        named = [row for row in rows if row[0].lower() in source.lower()]
        monkeypatch.setattr(made_en_de, name, named or rows)
    for name in ("NOTS", "INSTEAD_OF_NOT"):
        monkeypatch.setattr(made_en_de, name, getattr(made_en_de, name)[:1])
    monkeypatch.setattr(made, "NEGATED", [row for row in made.NEGATED if row[0][0] in ("trust", "like")])
    rng = random.Random(0)
    assert any(made.negation(rng) == (source, target) for _ in range(200_000))


@pytest.mark.parametrize("pair", [
    ("Copy <copy:0> to <copy:1>.", "Kopieren Sie <copy:0> nach <copy:1>."),
    ("This is <copy:0>very<copy:1> important.", "Das ist <copy:0>sehr<copy:1> wichtig."),
    ("It costs <copy:0> 50", "Es kostet 50 <copy:0>"),
])
def test_copy_tokens_in_sentences(pair):
    rng = random.Random(0)
    assert any(made.copied(rng) == pair for _ in range(50_000))


def test_copy_tokens_are_numbered_in_the_order_of_the_source():
    for source, target in made.pairs("copied_en_de", 5000, random.Random(6)):
        source, target = (re.findall(r"<copy:(\d+)>", text) for text in (source, target))
        assert sorted(source, key=int) == source and sorted(source) == sorted(target) and len(set(source)) == len(source) > 0


def test_an_unknown_maker_is_an_error():
    with pytest.raises(ValueError, match="found dates, expected one of numbers_en_de"):
        made.pairs("dates", 1, random.Random(0))


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_recipes_name_what_is_there(path):
    recipe = corpora.read_recipe(path)
    assert set(recipe.get("made", {})) <= set(made.MAKERS)
    augment.shares(recipe.get("augmentation", {}))
    for name in recipe.get("corpora", {}):
        if name.startswith("./"):
            pairs = corpora.read_pairs(corpora.place_of(name, path, None))
            assert all(corpora.is_clean(*pair) for pair in pairs)
            assert len({source for source, _ in pairs}) == len(pairs)
