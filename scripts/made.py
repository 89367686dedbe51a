#!/usr/bin/env python3
"""Synthetic pairs, for what rules teach better than text: numbers, dates, codes, negation, and tasks to learn from
scratch. The templates for English→German are in made_en_de.py.

    made.py NAME N

A recipe names them in its table [made]: NAME = pairs in one pass over the data. One answer in fifty, chosen by a
hash of its text, is held out with every input that leads to it: none of them is trained on, and validation uses only
such pairs. The program prints N of them, `source TAB target`, for evaluate.py.
"""

import argparse
import re
import sys
import zlib
from collections.abc import Callable
from random import Random

import made_en_de as en_de
from augment import Pair, list_of, tokens

Slot = Callable[[Random], Pair]  # what fills a slot of a template, or a maker of whole pairs: English and German

ENGLISH_SMALL = ("zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
                 "seventeen eighteen nineteen").split()
ENGLISH_TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()
GERMAN_SMALL = ("null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn "
                "siebzehn achtzehn neunzehn").split()
GERMAN_TENS = "- - zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig".split()

ENGLISH_MONTHS = "January February March April May June July August September October November December".split()
GERMAN_MONTHS = "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split()
ENGLISH_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
GERMAN_DAYS = "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag".split()
MONTH_LENGTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def english_words(n: int, and_: str = "") -> str:
    """An integer from 0 to 999,999 in words; and_ = " and" says it the British way."""
    if n < 20:
        return ENGLISH_SMALL[n]
    if n < 100:
        return ENGLISH_TENS[n // 10] + (f"-{ENGLISH_SMALL[n % 10]}" if n % 10 else "")
    if n < 1000:
        return f"{ENGLISH_SMALL[n // 100]} hundred" + (f"{and_} {english_words(n % 100)}" if n % 100 else "")
    words = f"{english_words(n // 1000, and_)} thousand"
    if n % 1000 == 0:
        return words
    return f"{words}{and_ if n % 1000 < 100 else ''} {english_words(n % 1000, and_)}"


def german_words(n: int, one: str = "eins", hundred: str = "hundert") -> str:
    """An integer from 0 to 999,999 in words. A one at the end is `one`: ein before tausend. From 100 to 199 it begins
    with `hundred`: einhundert after tausend."""
    if n == 1:
        return one
    if n < 20:
        return GERMAN_SMALL[n]
    if n < 100:
        return (f"{german_words(n % 10, one='ein')}und" if n % 10 else "") + GERMAN_TENS[n // 10]
    if n < 1000:
        hundreds = hundred if n < 200 else f"{GERMAN_SMALL[n // 100]}hundert"
        return hundreds + (german_words(n % 100, one) if n % 100 else "")
    thousands = "tausend" if n < 2000 else f"{german_words(n // 1000, one='ein')}tausend"
    return thousands + (german_words(n % 1000, one, hundred="einhundert") if n % 1000 else "")


def ordinal(n: int) -> str:
    end = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{end}"


def any_size(rng: Random, most_digits: int) -> int:
    """A number with 1 to most_digits digits, all lengths as often."""
    digits = rng.randint(1, most_digits)
    return rng.randrange(10 ** (digits - 1) if digits > 1 else 0, 10 ** digits)


def german_digits(english: str) -> str:
    """3,500 to 3.500 and 3.5 to 3,5."""
    return english.translate(str.maketrans(",.", ".,"))


# English to German: a slot's English and German text, then sentences with such slots.

def count(rng: Random) -> Pair:
    """A number of things, more than one, in digits or in words."""
    n = max(2, any_size(rng, 6))
    if rng.random() < 0.4:
        n = n if n < 1000 else max(2, n % 1000)
        return english_words(n, rng.choice(["", " and"])), german_words(n)
    if n < 10_000 and rng.random() < 0.3:
        return str(n), str(n)
    return f"{n:,}", german_digits(f"{n:,}")


def decimal(rng: Random) -> Pair:
    text = f"{rng.choice([rng.randrange(2, 10), rng.randrange(10, 100)])}.{rng.randint(1, 9)}"
    return text, german_digits(text)


def percent(rng: Random) -> Pair:
    text = rng.choice([str(rng.randint(2, 100)), f"{rng.randint(0, 99)}.{rng.randint(1, 9)}"])
    mark = rng.choice([("%", " %"), (" percent", " Prozent"), (" per cent", " Prozent")])
    return text + mark[0], german_digits(text) + mark[1]


def price(rng: Random) -> Pair:
    n = max(2, any_size(rng, 5))
    if rng.random() < 0.3:
        unit = rng.choice([("euros", "Euro"), ("dollars", "Dollar"), ("pounds", "Pfund")])
        english, german = count(rng)
        return f"{english} {unit[0]}", f"{german} {unit[1]}"
    text = f"{n:,}" if rng.random() < 0.5 else f"{n % 1000}.{rng.randrange(100):02}"
    sign = rng.choice("$€£")
    return sign + text, f"{german_digits(text)} {sign}"


def year(rng: Random) -> Pair:
    return (str(rng.randint(1900, 2035)),) * 2


def decade(rng: Random) -> Pair:
    n = 10 * rng.randint(180, 202)
    return f"{n}s", f"{n}er"


def century(rng: Random) -> Pair:
    n = rng.randint(5, 21)
    return ordinal(n), f"{n}."


def day(rng: Random) -> Pair:
    return random_pair(rng, ENGLISH_DAYS, GERMAN_DAYS)


def month(rng: Random) -> Pair:
    return random_pair(rng, ENGLISH_MONTHS, GERMAN_MONTHS)


def random_pair(rng: Random, english: list[str], german: list[str]) -> Pair:
    i = rng.randrange(len(english))
    return english[i], german[i]


def month_day(rng: Random) -> Pair:
    """March 5, March 5th, 5 March or the 5th of March."""
    i = rng.randrange(12)
    n = rng.randint(1, MONTH_LENGTHS[i])
    name = ENGLISH_MONTHS[i]
    english = rng.choice([f"{name} {n}", f"{name} {n}", f"{name} {ordinal(n)}", f"{n} {name}",
                          f"the {ordinal(n)} of {name}"])
    return english, f"{n}. {GERMAN_MONTHS[i]}"


def date(rng: Random) -> Pair:
    """A day with its year."""
    english, german = month_day(rng)
    number = year(rng)[0]
    comma = "," if english[0].isupper() else ""  # March 5, 2024, but 5 March 2024
    return f"{english}{comma} {number}", f"{german} {number}"


def clock(rng: Random) -> Pair:
    """A time in digits, with the German word Uhr."""
    hour, minute = rng.randrange(24), rng.choice([0, 15, 30, 45, rng.randrange(60)])
    german = f"{hour}:{minute:02} Uhr" if minute else f"{hour} Uhr"
    if rng.random() < 0.25:
        return f"{hour}:{minute:02}", f"{hour}:{minute:02} Uhr"
    half = rng.choice([" am", "am", " a.m.", " AM"]) if hour < 12 else rng.choice([" pm", "pm", " p.m.", " PM"])
    return f"{hour % 12 or 12}" + (f":{minute:02}" if minute else "") + half, german


def spoken_time(rng: Random) -> Pair:
    """Half past three, a quarter to nine, ten past five, six o'clock."""
    hour = rng.randint(1, 12)
    after = hour % 12 + 1
    this, english = GERMAN_SMALL[hour], ENGLISH_SMALL[hour]
    minutes = rng.choice([5, 10, 20])
    return rng.choice([
        (f"{english} o'clock", f"{german_words(hour, one='ein')} Uhr"),
        (f"half past {english}", f"halb {GERMAN_SMALL[after]}"),
        (f"a quarter past {english}", f"Viertel nach {this}"),
        (f"a quarter to {english}", f"Viertel vor {this}"),
        (f"{english_words(minutes)} past {english}", f"{german_words(minutes)} nach {this}"),
        (f"{english_words(minutes)} to {english}", f"{german_words(minutes)} vor {this}")])


def number_alone(rng: Random) -> Pair:
    """A number in words, from 21 on: the smaller ones are in the dictionary corpora."""
    n = rng.randrange(21, 10 ** rng.randint(2, 6))
    return english_words(n, rng.choice(["", " and"])), german_words(n)


def ordinal_number(rng: Random) -> Pair:
    n = rng.randint(2, 99)
    return ordinal(n), f"{n}."


# Amounts. English and German have the same digits; only the separators change.

def figure(rng: Random, most_digits: int = 5) -> str:
    """Digits of a number of at least two, in English: 2, 3,500, 3500, 12.5 or 7.99."""
    n = max(2, any_size(rng, most_digits))
    draw = rng.random()
    if draw < 0.2:
        return f"{n:,}.{rng.randint(1, 9)}" if n < 1000 else f"{n:,}.{rng.randrange(100):02}"
    return f"{n:,}" if draw < 0.8 else str(n)


MULTIPLES = [("million", "Millionen"), ("billion", "Milliarden"), ("trillion", "Billionen")]
SHORT_MULTIPLES = [("k", "Tsd."), ("K", "Tsd."), ("m", "Mio."), ("M", "Mio."), ("bn", "Mrd.")]


def small_figure(rng: Random) -> str:
    """2 to 999, or with one or two decimals."""
    n = max(2, any_size(rng, 3))
    return rng.choice([str(n), f"{n}.{rng.randint(1, 9)}", f"{n % 100}.{rng.randrange(10)}{rng.randint(1, 9)}"])


def money(rng: Random) -> Pair:
    draw = rng.random()
    if draw < 0.08:
        sign, word = rng.choice(en_de.BIG_MONEY)
        n, multiple = small_figure(rng), rng.choice(MULTIPLES)
        return f"{sign}{n} {multiple[0]}", f"{german_digits(n)} {multiple[1]} {word}"
    if draw < 0.14:
        sign, _ = rng.choice(en_de.BIG_MONEY)
        n, multiple = small_figure(rng), rng.choice(SHORT_MULTIPLES)
        return f"{sign}{n}{multiple[0]}", f"{german_digits(n)} {multiple[1]} {sign}"
    if draw < 0.35:
        word, german_word = rng.choice(en_de.MONEY_WORDS)
        if rng.random() < 0.2:
            n, multiple = small_figure(rng), rng.choice(MULTIPLES)
            return f"{n} {multiple[0]} {word}", f"{german_digits(n)} {multiple[1]} {german_word}"
        english, german = count(rng) if rng.random() < 0.5 else (lambda n: (n, german_digits(n)))(figure(rng))
        return f"{english} {word}", f"{german} {german_word}"
    sign, german_sign = rng.choice(en_de.SIGNS)
    n = figure(rng, 6)
    if sign[-1].isalpha():
        english = f"{n} {sign}" if sign in ("zł", "Kč", "Ft", "lei") or rng.random() < 0.4 else f"{sign} {n}"
    else:
        english = f"{sign}{n}" if rng.random() < 0.9 else f"{n} {sign}"
    return english, f"{german_digits(n)} {german_sign}"


def measure(kind: str) -> Slot:
    """A slot for quantities of that kind. A symbol keeps its case and gets a space in German: 5kg is 5 kg."""
    def slot(rng: Random) -> Pair:
        unit, german_unit = rng.choice(en_de.UNITS[kind])
        symbol = unit == german_unit and (len(unit) < 4 or "/" in unit)
        if not symbol and rng.random() < 0.4:
            english, german = count(rng)
            return f"{english} {unit}", f"{german} {german_unit}"
        n = figure(rng, rng.choice([2, 3, 3, 5]))
        space = "" if symbol and rng.random() < 0.35 else " "
        return f"{n}{space}{unit}", f"{german_digits(n)} {german_unit}"
    return slot


def number_range(rng: Random) -> Pair:
    """5-7, 5–7, 5 to 7, between 5 and 7; the same dash in German."""
    if rng.random() < 0.1:
        low = rng.randrange(1850, 2030)
        high = rng.randint(low + 1, low + 90)
    else:
        low = any_size(rng, 3)
        high = low + rng.randint(1, rng.choice([9, 99, 999]))
    low, high = (f"{n:,}" if rng.random() < 0.9 and n < 1000 else str(n) for n in (low, high))
    if rng.random() < 0.1:
        low, high = f"{low}.{rng.randint(1, 9)}", f"{high}.{rng.randint(1, 9)}"
    german = german_digits(low), german_digits(high)
    draw = rng.random()
    if draw < 0.6:
        dash = rng.choice(["-", "–", "-", "–", " - ", " – "])
        return f"{low}{dash}{high}", f"{german[0]}{dash}{german[1]}"
    if draw < 0.85:
        if rng.random() < 0.25 and low.isdigit() and high.isdigit() and int(high) < 100:
            return (f"{english_words(int(low))} to {english_words(int(high))}",
                    f"{german_words(int(low))} bis {german_words(int(high))}")
        return f"{low} to {high}", f"{german[0]} bis {german[1]}"
    return f"between {low} and {high}", f"zwischen {german[0]} und {german[1]}"


def number_list(rng: Random) -> Pair:
    """Numbers in a row, counted up or not, with the separators that tables and lists have."""
    n = rng.choice([3, 4, 6, 9, 11, 13, 14, 16, 21])  # lengths other than those of the lists we evaluate on
    first = rng.randrange(rng.choice([10, 100, 1000]))
    draw = rng.random()
    if draw < 0.5:
        step = rng.choice([1, 1, 1, 1, 2, 5, 10])
        numbers = range(first, first + n * step, step)
    else:
        numbers = [any_size(rng, rng.choice([2, 2, 3, 4])) for _ in range(n)]
    texts = [str(number) for number in numbers]
    if rng.random() < 0.15:
        joined = ", ".join(texts[:-1])
        return f"{joined} and {texts[-1]}", f"{joined} und {texts[-1]}"
    if rng.random() < 0.1:
        n = min(n, 8)
        return (", ".join(english_words(number) for number in numbers[:n]),
                ", ".join(german_words(number) for number in numbers[:n]))
    text = rng.choice([", ", ", ", "; ", ";", " ", " ", " | ", "/", " - ", " / "]).join(texts)
    return text, text


def long_number(rng: Random) -> Pair:
    """Up to twelve digits, plain or with separators, or in millions."""
    if rng.random() < 0.15:
        n, multiple = small_figure(rng), rng.choice(MULTIPLES)
        return f"{n} {multiple[0]}", f"{german_digits(n)} {multiple[1]}"
    n = max(2, any_size(rng, 12))
    text = f"{n:,}" if rng.random() < 0.6 else str(n)
    return text, german_digits(text)


def any_number(rng: Random) -> Pair:
    """A number alone, from 0."""
    return (str(any_size(rng, 5)),) * 2


# Numbers that are names: each slot gives the same text for both languages.

def with_digits(pattern: str, rng: Random) -> str:
    """The pattern with a random digit for each 9, a letter for each A or a, the rest as it is."""
    text = []
    for char in pattern:
        if char == "9":
            char = rng.choice("0123456789")
        elif char == "A":
            char = rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ")
        elif char == "a":
            char = rng.choice("abcdefghijkmnpqrstuvwxyz")
        text.append(char)
    return "".join(text)


COUNTRY_CODES = ("1 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 52 55 61 64 81 82 86 90 91 351 353 358 "
                 "420").split()
PHONE_PATTERNS = (
    "999-9999", "999 9999", "(999) 999-9999", "999-999-9999", "999.999.9999", "1-800-999-9999", "0800 999 9999",
    "0800 9999", "030 999999", "030/9999999", "0179 9999999", "(030) 999999-99", "0999 99999", "0999/99 99 99",
    "09 99 99 99 99", "999 999 999", "09999 999999", "9999999", "01-9999999", "112", "110", "0-999-999", "116 999")
ABROAD_PATTERNS = (
    "99 999999", "999 999 9999", "(999) 999-9999", "99 9999 9999", "9 99 99 99 99", "(0)99 999 99 99", "999 9999999",
    "99-9999-9999", "999/999999", "99 999 99 99", "999-999-9999", "9999999999")


def phone(rng: Random) -> Pair:
    if rng.random() < 0.5:
        text = f"+{rng.choice(COUNTRY_CODES)} {with_digits(rng.choice(ABROAD_PATTERNS), rng)}"
    else:
        text = with_digits(rng.choice(PHONE_PATTERNS), rng)
    return text, text


CODE_PATTERNS = (
    "AA-9999-A", "AAA999", "AAA-9999", "A9A 9A9", "AA9999999", "A-999", "999-A", "A99", "AA 999", "AA-AA 9999",
    "#99999", "#999", "9999-9999", "9999-9999-9999", "99-999-99", "A999999999", "AA99 AA99 9999", "A9-99A-99",
    "9999/99", "AAA/9999/99", "AA-999.999", "999A9999", "A/999-99", "AAAA-AAAA-AAAA", "999-9-99-999999-9", "AA_9999",
    "aa999aa9", "9a99aa-9a9a", "0x9999", "A99-999", "AA999", "AA9999", "ID-99999", "RX-999A", "No9999", "REF99999",
    "99-AAA-99", "9A99-99AA", "AA99", "999999", "99999999", "9999 9999 9999 9999", "AA9-9AA", "A-9999/A")


def code(rng: Random) -> Pair:
    return (with_digits(rng.choice(CODE_PATTERNS), rng),) * 2


def dotted(rng: Random) -> Pair:
    """A version with two dots or more, or with letters, or an IP address: nothing that could be a decimal."""
    draw = rng.random()
    parts = [str(rng.randrange(rng.choice([10, 10, 100]))) for _ in range(rng.choice([3, 3, 3, 4]))]
    if draw < 0.3:
        parts = [str(rng.randrange(256)) for _ in range(4)]
        text = ".".join(parts) + rng.choice(["", "", "", f":{rng.choice([80, 443, 8080, 5000])}", "/24"])
    elif draw < 0.55:
        text = f"v{'.'.join(parts[:rng.choice([1, 2, 2, 3, 4])])}"
    elif draw < 0.65:
        text = f"{'.'.join(parts[:2])}{rng.choice(['-rc', '-beta', 'b', 'a', '-alpha', 'rc', '-p'])}{rng.randint(1, 9)}"
    else:
        text = ".".join(parts)
    return text, text


def short_version(rng: Random) -> Pair:
    return (f"{rng.randrange(30)}.{rng.randrange(20)}",) * 2


def iso(rng: Random) -> Pair:
    i = rng.randrange(12)
    return (f"{rng.randint(1900, 2099)}-{i + 1:02}-{rng.randint(1, MONTH_LENGTHS[i]):02}",) * 2


def numeric_date(rng: Random) -> Pair:
    """A date in digits, unchanged: 3/5/2024 is in March for some readers and in May for others."""
    i = rng.randrange(12)
    month, n, number = i + 1, rng.randint(1, MONTH_LENGTHS[i]), rng.randint(1930, 2060)
    text = rng.choice([f"{month}/{n}/{number}", f"{n}/{month}/{number}", f"{month:02}/{n:02}/{number}",
                       f"{n:02}/{month:02}/{number}", f"{n}.{month}.{number}", f"{n:02}.{month:02}.{number}",
                       f"{n:02}-{month:02}-{number}"])
    return text, text


def short_date(rng: Random) -> Pair:
    """Mar 5, 2024 or 5 Mar 2024: the German month stays whole."""
    i, number = rng.randrange(12), rng.randint(1930, 2060)
    n, name = rng.randint(1, MONTH_LENGTHS[i]), ENGLISH_MONTHS[i][:3]
    stop = "" if name == "May" else "."
    english = rng.choice([f"{name} {n}, {number}", f"{n} {name} {number}", f"{name}{stop} {n}, {number}"])
    return english, f"{n}. {GERMAN_MONTHS[i]} {number}"


def day_part(rng: Random) -> Pair:
    """7 in the morning, noon, midnight."""
    draw = rng.random()
    if draw < 0.1:
        return "midnight", "Mitternacht"
    if draw < 0.2:
        return "noon", "zwölf Uhr mittags"
    hours, english, german = rng.choice([
        ((5, 11), "in the morning", "morgens"), ((1, 5), "in the afternoon", "nachmittags"),
        ((6, 9), "in the evening", "abends"), ((9, 11), "at night", "abends")])
    hour = rng.randint(*hours)
    minute = rng.choice(["", "", ":15", ":30", ":45", f":{rng.randrange(60):02}"])
    minute = "" if minute == ":00" else minute
    if not minute and rng.random() < 0.4:
        return f"{ENGLISH_SMALL[hour]} {english}", f"{german_words(hour, one='ein')} Uhr {german}"
    return f"{hour}{minute} {english}", f"{hour}{minute} Uhr {german}"


def time_range(rng: Random) -> Pair:
    """9am-5pm, 9:30 – 17:00, with days or without; the same dash in German."""
    first, last = rng.randrange(0, 13), rng.randrange(13, 24)
    minutes = [rng.choice([0, 0, 15, 30, 45]) for _ in "ab"]
    dash = rng.choice(["-", "–", "-", "–", " - ", " – "])
    if rng.random() < 0.4:
        text = f"{first}:{minutes[0]:02}{dash}{last}:{minutes[1]:02}"
        return text, f"{text} Uhr"
    am, pm = rng.choice([("am", "pm"), (" am", " pm"), (" a.m.", " p.m."), (" AM", " PM")])
    english = [f"{hour % 12 or 12}" + (f":{minute:02}" if minute else "") + (am if hour < 12 else pm)
               for hour, minute in zip((first, last), minutes)]
    german = [f"{hour}" + (f":{minute:02}" if minute else "") for hour, minute in zip((first, last), minutes)]
    return f"{english[0]}{dash}{english[1]}", f"{german[0]}{dash}{german[1]} Uhr"


def day_range(rng: Random) -> Pair:
    """Mon-Fri or Monday to Friday."""
    i, k = sorted(rng.sample(range(7), 2))
    dash = rng.choice(["-", "–", " - ", " – "])
    if rng.random() < 0.6:
        return f"{ENGLISH_DAYS[i][:3]}{dash}{ENGLISH_DAYS[k][:3]}", f"{GERMAN_DAYS[i][:2]}{dash}{GERMAN_DAYS[k][:2]}"
    return f"{ENGLISH_DAYS[i]} to {ENGLISH_DAYS[k]}", f"{GERMAN_DAYS[i]} bis {GERMAN_DAYS[k]}"


# Negation: subject, adverb, verb and object combined.

def verb_forms(row: tuple[str, ...], negated: bool) -> tuple:
    """English present, he-form and past, German forms by tense and person, the rest, and what the object may be."""
    english = (row[0],) * 3 if negated else row[:3]
    german = row[1:8] if negated else row[3:10]
    present = dict(zip(("1s", "2s", "3s", "p"), german[:4]))
    past = {"1s": german[4], "2s": german[5], "3s": german[4], "p": german[6]}
    return english, present, past, row[-2], row[-1]


DENIALS = [verb_forms(row, False) for row in en_de.DENIALS]
NEGATED = [verb_forms(row, True) for row in en_de.NEGATED]
BE = {"1s": ("am", "bin"), "2s": ("are", "bist"), "3s": ("is", "ist"), "p": ("are", "sind")}
BEEN = {"1s": ("was", "war"), "2s": ("were", "warst"), "3s": ("was", "war"), "p": ("were", "waren")}
ADVERB_PLACE = re.compile(r"\{p\|(\w+)\}")


def object_for(what: str, rng: Random) -> tuple[str, ...]:
    thing = rng.choice(en_de.OBJECTS)
    while thing[3] not in what:
        thing = rng.choice(en_de.OBJECTS)
    return thing


def clause(opening: Pair | None, subject: tuple[str, ...], english: str, german: str, rest: str, rng: Random) -> Pair:
    """The whole sentence; after an opening the German verb stands before its subject."""
    if opening is None:
        text, german = f"{subject[0]} {english}", f"{subject[1]} {german} {rest}"
    else:
        text = f"{opening[0]} {subject[0]} {english}"
        german = (f"{opening[1]} {subject[1]} {german} {rest}" if opening[0] == "But" else
                  f"{opening[1]} {german} {subject[1]} {rest}")
    german = german.rstrip(" ,")
    stop = rng.choice(["."] * 8 + ["!", ""])
    return text[0].upper() + text[1:] + stop, german[0].upper() + german[1:] + stop


def negation(rng: Random) -> Pair:
    """Strongly disagree, not fully trust, deeply unhappy, almost impossible."""
    draw = rng.random()
    if draw < 0.15:
        parts = [rng.choice([("It is", "Es ist"), ("It was", "Es war"), ("It seems", "Es scheint")]),
                 rng.choice(en_de.IMPOSSIBLE_DEGREES), rng.choice(en_de.IMPOSSIBLE), rng.choice(en_de.TO_DO)]
        (english, degree, adjective, task), (german, grad, wort, aufgabe) = zip(*parts)
        return (" ".join(f"{english} {degree} {adjective} {task}.".split()),
                " ".join(f"{german} {grad} {wort}, {aufgabe}.".split()))
    subject = rng.choice(en_de.SUBJECTS)
    person = subject[2]
    opening = rng.choice(en_de.OPENINGS) if rng.random() < 0.2 else None
    past = rng.random() < 0.3
    if draw < 0.3:
        adjective, rest, what = rng.choice(en_de.NEGATIVE_ADJECTIVES)
        thing, degree = object_for(what, rng), rng.choice(en_de.DEGREES)
        be, sein = (BEEN if past else BE)[person]
        return clause(opening, subject, f"{be} {degree[0]} {adjective} {thing[0]}", sein,
                      rest.format(a=thing[1], d=thing[2], p=degree[1]), rng)
    if draw < 0.65:
        english, present, german_past, rest, what = rng.choice(DENIALS)
        thing, adverb = object_for(what, rng), rng.choice(en_de.ADVERBS)
        verb = english[2] if past else english[1 if person == "3s" else 0]
        special = ADVERB_PLACE.search(rest)
        if special:
            word = special[1] if adverb[0] == "strongly" else adverb[2]
            rest = rest.replace(special[0], "völlig" if adverb[0] in ("fully", "utterly", "entirely") else word)
        verb = f"{adverb[0]} {verb}".strip()
    else:
        english, present, german_past, rest, what = rng.choice(NEGATED)
        thing = object_for(what, rng)
        if rng.random() < 0.3:
            word, german = rng.choice(en_de.INSTEAD_OF_NOT)
            verb = english[0] if not past and person != "3s" else past_or_third(english[0], past)
            verb = f"{word} {verb}"
        else:
            word, german = rng.choice(en_de.NOTS)
            do = "did" if past else "does" if person == "3s" else "do"
            verb = f"{do}n't{word[3:]} {english[0]}" if rng.random() < 0.5 else f"{do} {word} {english[0]}"
        adverb = (None, german, german)
    rest = " ".join(rest.format(a=thing[1], d=thing[2], n=adverb[1], p=adverb[2]).split())
    return clause(opening, subject, f"{verb} {thing[0]}", (german_past if past else present)[person], rest, rng)


def past_or_third(verb: str, past: bool) -> str:
    """trusts or trusted, agrees with or agreed with."""
    first, _, rest = verb.partition(" ")
    if past:
        form = {"understand": "understood"}.get(first, first + ("d" if first.endswith("e") else "ed"))
    else:
        form = first + "s"
    return f"{form} {rest}".strip()


def invented_name(rng: Random) -> Pair:
    """A name that nobody has, of one or two words: its letters are to be copied."""
    words = []
    for _ in range(rng.choice([1, 1, 2])):
        word = rng.choice(en_de.VOWELS) if rng.random() < 0.2 else ""
        for _ in range(rng.choice([2, 2, 2, 3, 3, 4])):
            word += rng.choice(en_de.ONSETS) + rng.choice(en_de.VOWELS)
            if rng.random() < 0.3:
                word += rng.choice(en_de.CODAS)
        words.append(word[0].upper() + word[1:])
    if rng.random() < 0.1:
        words[-1] = rng.choice(en_de.BEFORE_NAMES) + words[-1]
    return (" ".join(words),) * 2


def things(rng: Random) -> Pair:
    """A list of three to nine things."""
    return list_of(rng.sample(en_de.THINGS, rng.choice([2, 3, 3, 3, 4, 4, 5, 6, 7, 8, 9])), rng)


# Copy tokens.

def marked_parts(text: str) -> list[str]:
    """Text with [parts] as a list: plain text and parts take turns."""
    return re.split(r"[][]", text)


MARKED = [(marked_parts(english), marked_parts(german)) for english, german in en_de.MARKED]
N_SLOTS = [(english, german, len(set(re.findall(r"\{\d\}", english)))) for english, german in en_de.COPIED]


BESIDE_A_PART = [("{0}", "{1}")] * 4 + [("", " {0}"), ("{0} ", ""), ("", "{0}"), ("{0}", ""), ("", " ({0})"),
                                        ("({0}", "{1})"), ("{0} ", " {1}")]


def copied(rng: Random) -> Pair:
    """A sentence with copy tokens, as nouns, or around or beside one of its words."""
    if rng.random() < 0.7:
        english, german, n = rng.choice(N_SLOTS)
        chosen = tokens(n, rng)
        source, target = english.format(*chosen), german.format(*chosen)
    else:
        english, german = rng.choice(MARKED)
        i = rng.randrange(1, len(english), 2)
        before, after = rng.choice(BESIDE_A_PART)
        chosen = tokens(2 if "{1}" in after else 1, rng)
        source, target = ("".join(parts[:i] + [before.format(*chosen), parts[i], after.format(*chosen)] + parts[i + 1:])
                          for parts in (english, german))
    if source[-1] == target[-1] == "." and rng.random() < 0.2:
        return source[:-1], target[:-1]
    return source, target


# Templates with their slots.

def with_slot(slot: Slot, templates: list[Pair]) -> list[tuple[Slot, str, str]]:
    return [(slot, english, german) for english, german in templates]


NUMBERS = [
    (number_alone, "{}", "{}"), (number_alone, "{}", "{}"),
    (decimal, "{}", "{}"), (price, "{}", "{}"), (percent, "{} of the total", "{} der Gesamtmenge"),
    (number_alone, "The answer is {}.", "Die Antwort ist {}."),
    (count, "{} people", "{} Menschen"),
    (count, "{} kilometres", "{} Kilometer"),
    (count, "{} years ago", "vor {} Jahren"),
    (count, "{} people live in this town.", "{} Menschen leben in dieser Stadt."),
    (count, "There are {} students at our school.", "An unserer Schule gibt es {} Schüler."),
    (count, "More than {} people came to the concert.", "Mehr als {} Menschen kamen zum Konzert."),
    (count, "I have read {} pages.", "Ich habe {} Seiten gelesen."),
    (count, "It is {} kilometres to the next town.", "Es sind {} Kilometer bis zur nächsten Stadt."),
    (count, "She has {} books.", "Sie hat {} Bücher."),
    (count, "They sold {} tickets.", "Sie haben {} Karten verkauft."),
    (count, "I have been waiting for {} minutes.", "Ich warte seit {} Minuten."),
    (count, "The fire destroyed {} houses.", "Das Feuer zerstörte {} Häuser."),
    (count, "At least {} people were injured.", "Mindestens {} Menschen wurden verletzt."),
    (count, "The company has {} employees.", "Das Unternehmen hat {} Mitarbeiter."),
    (count, "You have {} new messages.", "Sie haben {} neue Nachrichten."),
    (count, "The castle was built {} years ago.", "Die Burg wurde vor {} Jahren gebaut."),
    (decimal, "{} million people", "{} Millionen Menschen"),
    (decimal, "The bag weighs {} kilos.", "Die Tasche wiegt {} Kilo."),
    (decimal, "The route is {} kilometres long.", "Die Strecke ist {} Kilometer lang."),
    (decimal, "The city has {} million inhabitants.", "Die Stadt hat {} Millionen Einwohner."),
    (percent, "{} of the voters were against it.", "{} der Wähler waren dagegen."),
    (percent, "Prices rose by {}.", "Die Preise stiegen um {}."),
    (percent, "The battery is at {}.", "Der Akku ist bei {}."),
    (percent, "Save {} today!", "Sparen Sie heute {}!"),
    (price, "It costs {}.", "Es kostet {}."),
    (price, "That will be {}, please.", "Das macht {}, bitte."),
    (price, "I paid {} for it.", "Ich habe {} dafür bezahlt."),
    (price, "The ticket costs {}.", "Die Karte kostet {}."),
    (price, "He owes me {}.", "Er schuldet mir {}."),
    (ordinal_number, "for the {} time", "zum {} Mal"),
    (ordinal_number, "She finished in {} place.", "Sie belegte den {} Platz."),
    (ordinal_number, "Today is his {} birthday.", "Heute ist sein {} Geburtstag."),
]

DATES = [
    (date, "{}", "{}"), (date, "{}", "{}"), (month_day, "{}", "{}"),
    (month_day, "on {}", "am {}"), (date, "on {}", "am {}"),
    (date, "The bridge was completed on {}.", "Die Brücke wurde am {} fertiggestellt."),
    (date, "The lease ends on {}.", "Der Mietvertrag endet am {}."),
    (date, "The law came into force on {}.", "Das Gesetz trat am {} in Kraft."),
    (month_day, "Her birthday is on {}.", "Sie hat am {} Geburtstag."),
    (month_day, "The course starts on {}.", "Der Kurs beginnt am {}."),
    (month_day, "We will be back on {}.", "Am {} sind wir wieder da."),
    (month_day, "Please reply by {}.", "Bitte antworten Sie bis zum {}."),
    (month_day, "Today is {}.", "Heute ist der {}."),
    ((day, month_day), "{}, {}", "{}, {}"),
    ((day, month_day), "on {}, {}", "am {}, dem {}"),
    ((day, date), "{}, {}", "{}, {}"),
    ((day, date), "The wedding is on {}, {}.", "Die Hochzeit ist am {}, dem {}."),
    ((day, month_day), "The meeting is on {}, {}.", "Die Besprechung ist am {}, dem {}."),
    (day, "next {}", "nächsten {}"), (day, "last {}", "letzten {}"), (day, "every {}", "jeden {}"),
    (day, "Are you free on {}?", "Hast du am {} Zeit?"),
    (day, "The shop is closed on {}.", "Das Geschäft ist am {} geschlossen."),
    (day, "I saw him last {}.", "Ich habe ihn letzten {} gesehen."),
    (day, "Shall we meet on {} evening?", "Wollen wir uns am {}abend treffen?"),
    (year, "in {}", "im Jahr {}"), (year, "since {}", "seit {}"),
    (year, "He was born in {}.", "Er wurde {} geboren."),
    (year, "The house was built in {}.", "Das Haus wurde {} gebaut."),
    (year, "We have lived here since {}.", "Wir wohnen seit {} hier."),
    ((month, year), "in {} {}", "im {} {}"),
    ((month, year), "They moved to Berlin in {} {}.", "Sie zogen im {} {} nach Berlin."),
    (decade, "in the {}", "in den {}-Jahren"),
    (decade, "The song is from the {}.", "Das Lied stammt aus den {}-Jahren."),
    (century, "in the {} century", "im {} Jahrhundert"),
    (century, "The church dates from the {} century.", "Die Kirche stammt aus dem {} Jahrhundert."),
    (month, "I am going on holiday in {}.", "Im {} fahre ich in den Urlaub."),
]

TIMES = [
    (clock, "at {}", "um {}"), (clock, "{}", "{}"), (spoken_time, "{}", "{}"), (spoken_time, "at {}", "um {}"),
    (spoken_time, "It's already {}.", "Es ist schon {}."), (spoken_time, "It was {}.", "Es war {}."),
    (clock, "The coach departs at {}.", "Der Reisebus fährt um {} ab."),
    (clock, "The rehearsal starts at {}.", "Die Probe beginnt um {}."),
    (clock, "The shop opens at {}.", "Das Geschäft öffnet um {}."),
    (clock, "Can you come at {}?", "Kannst du um {} kommen?"),
    (clock, "I get up at {}.", "Ich stehe um {} auf."),
    (spoken_time, "I'll pick you up at {}.", "Ich hole dich um {} ab."),
    (spoken_time, "Let's meet at {}.", "Treffen wir uns um {}."),
    (spoken_time, "Breakfast is at {}.", "Frühstück gibt es um {}."),
    (spoken_time, "The film begins at {}.", "Der Film fängt um {} an."),
    ((clock, clock), "from {} to {}", "von {} bis {}"),
    ((clock, clock), "We are open from {} to {}.", "Wir haben von {} bis {} geöffnet."),
    ((day, clock), "See you on {} at {}.", "Wir sehen uns am {} um {}."),
    ((day, clock), "{} at {}", "{} um {}"),
    ((day, spoken_time), "I have an appointment on {} at {}.", "Ich habe am {} um {} einen Termin."),
]


# Tasks to learn from scratch.

def number_words(rng: Random) -> Pair:
    """8,412 or 8412 to eight thousand four hundred twelve."""
    n = any_size(rng, 6)
    return rng.choice([f"{n:,}", str(n)]), english_words(n)


LETTERS = "abcdefghijklmnopqrstuvwxyz"


def reversed_line(rng: Random) -> Pair:
    """Up to 12 random letters and blanks, and the same from the last to the first. Short lines are more frequent: how
    to find the last letter is learnt from them."""
    length = rng.randint(1, rng.randint(1, 12))
    text = "".join(rng.choice(LETTERS) + (" " if rng.random() < 0.15 else "") for _ in range(length))[:12].strip()
    return text, text[::-1]


def iso_date(rng: Random) -> Pair:
    """A date as people write it, such as March 5, 2024, to 2024-03-05."""
    i, number = rng.randrange(12), rng.randint(1900, 2099)
    n = rng.randint(1, MONTH_LENGTHS[i])
    name = ENGLISH_MONTHS[i]
    source = rng.choice([f"{name} {n}, {number}", f"{name} {ordinal(n)}, {number}", f"{n} {name} {number}",
                         f"the {ordinal(n)} of {name} {number}", f"{name[:3]} {n}, {number}", f"{n} {name[:3]} {number}",
                         f"{i + 1}/{n}/{number}", f"{n}.{i + 1}.{number}"])
    return source, f"{number}-{i + 1:02}-{n:02}"


WORD_AT_START = re.compile("[a-zäöü][a-zäöüß ]")


def from_templates(*groups: list) -> Slot:
    """A maker that draws one of the groups, then one of its templates, then what fills its slots."""
    def make(rng: Random) -> Pair:
        slots, english, german = rng.choice(rng.choice(groups) if len(groups) > 1 else groups[0])
        filled = [slot(rng) for slot in (slots if isinstance(slots, tuple) else (slots,))]
        source = english.format(*(pair[0] for pair in filled))
        target = german.format(*(pair[1] for pair in filled))
        if source.endswith("..") and not source.endswith("..."):
            source = source[:-1]  # the full stop of p.m. ends the sentence too
        if english[-1] in ".?!":
            if WORD_AT_START.match(source):
                source = source[0].upper() + source[1:]
            if WORD_AT_START.match(target):
                target = target[0].upper() + target[1:]
        return source, target
    return make


MEASURES = [with_slot(measure(kind), en_de.MEASURES[kind] + en_de.MEASURES["any"]) for kind in en_de.UNITS]
AMOUNTS = [with_slot(money, en_de.MONEY), with_slot(number_range, en_de.RANGES),
           with_slot(number_list, en_de.NUMBER_LISTS), with_slot(long_number, en_de.LONG_NUMBERS),
           [(any_number, "{}", "{}")]]
IDENTIFIERS = [with_slot(phone, en_de.PHONES), with_slot(code, en_de.CODES), with_slot(dotted, en_de.DOTTED),
               with_slot(short_version, [pair for pair in en_de.DOTTED if "ersion {}" in pair[0]])]
MORE_DATES = [with_slot(slot, en_de.ON_A_DAY) for slot in (iso, numeric_date, date, short_date)]
MORE_TIMES = [with_slot(clock, en_de.AT_A_TIME), with_slot(day_part, en_de.AT_A_TIME),
              with_slot(spoken_time, en_de.AT_A_TIME),
              with_slot(time_range, en_de.TIME_RANGES) + [((day_range, time_range), "{} {}", "{} {}"),
                                                          ((day_range, time_range), "{}, {}", "{}, {}"),
                                                          ((day_range, time_range), "{}: {}", "{}: {}")]]


MAKERS = {
    "numbers_en_de": from_templates(NUMBERS),
    "dates_en_de": from_templates(DATES, *MORE_DATES),
    "times_en_de": from_templates(TIMES, *MORE_TIMES),
    "amounts_en_de": from_templates(*AMOUNTS, *AMOUNTS[:1] * 2, *MEASURES),
    "identifiers_en_de": from_templates(*IDENTIFIERS),
    "negation_en_de": negation,
    "names_en_de": from_templates([(invented_name, "{}", "{}")], with_slot(invented_name, en_de.NAMED)),
    "lists_en_de": from_templates(with_slot(things, en_de.THING_LISTS)),
    "copied_en_de": copied,
    "number_words": number_words,
    "reversed_lines": reversed_line,
    "iso_dates": iso_date,
}


def is_held_out(target: str) -> bool:
    return zlib.crc32(target.encode()) % 50 == 0


def pairs(name: str, n: int, rng: Random, held_out: bool = False) -> list[Pair]:
    """n pairs (source, target) of the maker `name`, drawn from rng: those for training, or held-out ones, each once."""
    if name not in MAKERS:
        raise ValueError(f"[made]: found {name}, expected one of {', '.join(MAKERS)}")
    made = []
    while len(made) < n:
        pair = MAKERS[name](rng)
        if is_held_out(pair[1]) == held_out and not (held_out and pair in made):
            made.append(pair)
    return made


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=MAKERS)
    parser.add_argument("n", type=int)
    arguments = parser.parse_args()
    for source, target in pairs(arguments.name, arguments.n, Random("held out"), held_out=True):
        sys.stdout.write(f"{source}\t{target}\n")


if __name__ == "__main__":
    main()
