#!/usr/bin/env python3
"""Pairs that rules make better than text gives them: numbers, dates, times, and tasks to learn from scratch.

    made.py NAME N

A recipe names them in its table [made]: NAME = pairs in one pass over the data. One answer in fifty, chosen by a
hash of its text, is held out with every input that leads to it: none of them is trained on, and validation uses only
such pairs. The program prints N of them, `source TAB target`, for evaluate.py.
"""

import argparse
import random
import sys
import zlib

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


def english_words(n, and_=""):
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


def german_words(n, one="eins", hundred="hundert"):
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


def ordinal(n):
    end = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{end}"


def any_size(rng, most_digits):
    """A number with 1 to most_digits digits, all lengths as often."""
    digits = rng.randint(1, most_digits)
    return rng.randrange(10 ** (digits - 1) if digits > 1 else 0, 10 ** digits)


def german_digits(english):
    """3,500 to 3.500 and 3.5 to 3,5."""
    return english.translate(str.maketrans(",.", ".,"))


# English to German: a slot's English and German text, then sentences with such slots.

def count(rng):
    """A number of things, more than one, in digits or in words."""
    n = max(2, any_size(rng, 6))
    if rng.random() < 0.4:
        n = n if n < 1000 else max(2, n % 1000)
        return english_words(n, rng.choice(["", " and"])), german_words(n)
    if n < 10_000 and rng.random() < 0.3:
        return str(n), str(n)
    return f"{n:,}", german_digits(f"{n:,}")


def decimal(rng):
    text = f"{rng.choice([rng.randrange(2, 10), rng.randrange(10, 100)])}.{rng.randint(1, 9)}"
    return text, german_digits(text)


def percent(rng):
    text = rng.choice([str(rng.randint(2, 100)), f"{rng.randint(0, 99)}.{rng.randint(1, 9)}"])
    mark = rng.choice([("%", " %"), (" percent", " Prozent"), (" per cent", " Prozent")])
    return text + mark[0], german_digits(text) + mark[1]


def price(rng):
    n = max(2, any_size(rng, 5))
    if rng.random() < 0.3:
        unit = rng.choice([("euros", "Euro"), ("dollars", "Dollar"), ("pounds", "Pfund")])
        english, german = count(rng)
        return f"{english} {unit[0]}", f"{german} {unit[1]}"
    text = f"{n:,}" if rng.random() < 0.5 else f"{n % 1000}.{rng.randrange(100):02}"
    sign = rng.choice("$€£")
    return sign + text, f"{german_digits(text)} {sign}"


def year(rng):
    return (str(rng.randint(1900, 2035)),) * 2


def decade(rng):
    n = 10 * rng.randint(180, 202)
    return f"{n}s", f"{n}er"


def century(rng):
    n = rng.randint(5, 21)
    return ordinal(n), f"{n}."


def day(rng):
    return random_pair(rng, ENGLISH_DAYS, GERMAN_DAYS)


def month(rng):
    return random_pair(rng, ENGLISH_MONTHS, GERMAN_MONTHS)


def random_pair(rng, english, german):
    i = rng.randrange(len(english))
    return english[i], german[i]


def month_day(rng):
    """March 5, March 5th, 5 March or the 5th of March."""
    i = rng.randrange(12)
    n = rng.randint(1, MONTH_LENGTHS[i])
    name = ENGLISH_MONTHS[i]
    english = rng.choice([f"{name} {n}", f"{name} {n}", f"{name} {ordinal(n)}", f"{n} {name}",
                          f"the {ordinal(n)} of {name}"])
    return english, f"{n}. {GERMAN_MONTHS[i]}"


def date(rng):
    """A day with its year."""
    english, german = month_day(rng)
    number = year(rng)[0]
    comma = "," if english[0].isupper() else ""  # March 5, 2024, but 5 March 2024
    return f"{english}{comma} {number}", f"{german} {number}"


def clock(rng):
    """A time in digits, with the German word Uhr."""
    hour, minute = rng.randrange(24), rng.choice([0, 15, 30, 45, rng.randrange(60)])
    german = f"{hour}:{minute:02} Uhr" if minute else f"{hour} Uhr"
    if rng.random() < 0.25:
        return f"{hour}:{minute:02}", f"{hour}:{minute:02} Uhr"
    half = rng.choice([" am", "am", " a.m.", " AM"]) if hour < 12 else rng.choice([" pm", "pm", " p.m.", " PM"])
    return f"{hour % 12 or 12}" + (f":{minute:02}" if minute else "") + half, german


def spoken_time(rng):
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


def number_alone(rng):
    n = any_size(rng, 6)
    return english_words(n, rng.choice(["", " and"])), german_words(n)


def ordinal_number(rng):
    n = rng.randint(2, 99)
    return ordinal(n), f"{n}."


NUMBERS = [
    (number_alone, "{}", "{}"), (number_alone, "{}", "{}"), (count, "{}", "{}"), (count, "{}", "{}"),
    (decimal, "{}", "{}"), (price, "{}", "{}"), (percent, "{}", "{}"),
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
    (count, "We need {} chairs.", "Wir brauchen {} Stühle."),
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
    (date, "She was born on {}.", "Sie wurde am {} geboren."),
    (date, "The contract ends on {}.", "Der Vertrag endet am {}."),
    (date, "The law came into force on {}.", "Das Gesetz trat am {} in Kraft."),
    (month_day, "My birthday is on {}.", "Ich habe am {} Geburtstag."),
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
    (spoken_time, "It's {}.", "Es ist {}."), (spoken_time, "It is {}.", "Es ist {}."),
    (clock, "The train leaves at {}.", "Der Zug fährt um {} ab."),
    (clock, "The meeting starts at {}.", "Die Besprechung beginnt um {}."),
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

def number_words(rng):
    """8,412 or 8412 to eight thousand four hundred twelve."""
    n = any_size(rng, 6)
    return rng.choice([f"{n:,}", str(n)]), english_words(n)


LETTERS = "abcdefghijklmnopqrstuvwxyz"


def reversed_line(rng):
    """Up to 12 random letters and blanks, and the same from the last to the first. Short lines are more frequent: how
    to find the last letter is learnt from them."""
    length = rng.randint(1, rng.randint(1, 12))
    text = "".join(rng.choice(LETTERS) + (" " if rng.random() < 0.15 else "") for _ in range(length))[:12].strip()
    return text, text[::-1]


def iso_date(rng):
    """A date as people write it, such as March 5, 2024, to 2024-03-05."""
    i, number = rng.randrange(12), rng.randint(1900, 2099)
    n = rng.randint(1, MONTH_LENGTHS[i])
    name = ENGLISH_MONTHS[i]
    source = rng.choice([f"{name} {n}, {number}", f"{name} {ordinal(n)}, {number}", f"{n} {name} {number}",
                         f"the {ordinal(n)} of {name} {number}", f"{name[:3]} {n}, {number}", f"{n} {name[:3]} {number}",
                         f"{i + 1}/{n}/{number}", f"{n}.{i + 1}.{number}"])
    return source, f"{number}-{i + 1:02}-{n:02}"


def from_templates(templates):
    def make(rng):
        slots, english, german = rng.choice(templates)
        filled = [slot(rng) for slot in (slots if isinstance(slots, tuple) else (slots,))]
        source = english.format(*(pair[0] for pair in filled))
        target = german.format(*(pair[1] for pair in filled))
        if source.endswith("..") and not source.endswith("..."):
            source = source[:-1]  # the full stop of p.m. ends the sentence too
        if english[-1] in ".?!":
            source, target = source[0].upper() + source[1:], target[0].upper() + target[1:]
        return source, target
    return make


MAKERS = {
    "numbers_en_de": from_templates(NUMBERS),
    "dates_en_de": from_templates(DATES),
    "times_en_de": from_templates(TIMES),
    "number_words": number_words,
    "reversed_lines": reversed_line,
    "iso_dates": iso_date,
}


def is_held_out(target):
    return zlib.crc32(target.encode()) % 50 == 0


def pairs(name, n, rng, held_out=False):
    """n pairs (source, target) of the maker `name`, drawn from rng: those for training, or held-out ones, each once."""
    if name not in MAKERS:
        raise ValueError(f"[made]: found {name}, expected one of {', '.join(MAKERS)}")
    made = []
    while len(made) < n:
        pair = MAKERS[name](rng)
        if is_held_out(pair[1]) == held_out and not (held_out and pair in made):
            made.append(pair)
    return made


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=MAKERS)
    parser.add_argument("n", type=int)
    arguments = parser.parse_args()
    for source, target in pairs(arguments.name, arguments.n, random.Random("held out"), held_out=True):
        sys.stdout.write(f"{source}\t{target}\n")


if __name__ == "__main__":
    main()
