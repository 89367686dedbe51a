"""Changes to pairs of parallel text."""

import random
import re
from collections import Counter

import pytest

import augment

NO_CHANGE = augment.shares({})

PAIRS = [
    ("The house is small.", "Das Haus ist klein."), ("He lives in Boston.", "Er wohnt in Boston."),
    ("Tom is my brother.", "Tom ist mein Bruder."), ("Where is Tom's car?", "Wo ist Toms Auto?"),
    ("She has 350 books.", "Sie hat 350 Bücher."), ("It was 3,500 euros.", "Es waren 3.500 Euro."),
    ("Open foo.txt and run --all.", "Öffnen Sie foo.txt und führen Sie --all aus."), ("Come in! Sit down.", "Komm! Sitz."),
    ("I don't know.", "Ich weiß nicht."), ("We saw them yesterday.", "Wir haben sie gestern gesehen."),
    ("water", "Wasser"), ("to run", "laufen"), ("Hello!", "Hallo!"), ("Street", "Straße"),
    ("He said “no”.", "Er sagte „nein“."), ("See <copy:0>.", "Siehe <copy:0>."), (".", "."), ("a", "b")]
NOUNS = [(f"{a}{b}{c}", f"{a.upper()}{b}{c}en") for a in "bdfg" for b in "aeiou" for c in "lmn"]
CLAUSES = [(f"He was {word}.", f"Er war {word}.") for word in
           "alt rund rot blond blind modern human liberal normal legal final formal total regional".split()] * 8


def copies(text):
    return re.findall(r"<copy:\d+>", text)


@pytest.mark.parametrize("change, pair, expected", [
    (augment.without_full_stop, ("A b.", "C d."), ("A b", "C d")),
    (augment.without_full_stop, ("A b...", "C d..."), ("A b...", "C d...")),
    (augment.without_full_stop, ("A b?", "C d."), ("A b?", "C d.")),
    (augment.without_full_stop, (".", "."), (".", ".")),
    (augment.without_full_stop, ("A b!", "C d!"), ("A b", "C d")),
    (augment.without_full_stop, ("A b!", "C d."), ("A b!", "C d.")),
    (augment.without_full_stop, ("A b?!", "C d?!"), ("A b?!", "C d?!")),
    (augment.all_caps, ("Street", "Straße"), ("STREET", "STRASSE")),
    (augment.all_caps, ("See <copy:3>", "Siehe <copy:3>"), ("SEE <copy:3>", "SIEHE <copy:3>")),
    (augment.all_caps, ("a" + 12 * " b", "x"), ("a" + 12 * " b", "x")),
    (augment.other_quotes, ("It's \"so\".", "Es ist „so“."), ("It’s “so”.", "Es ist „so“.")),
    (augment.other_quotes, ("It’s “so”.", "Es ist „so“."), ("It's \"so\".", "Es ist „so“.")),
    (augment.german_quotes, ('"A b," c "d."', '"A b", c "d."'), ('"A b," c "d."', "„A b“, c „d.“")),
    (augment.german_quotes, ('("a")', '("a")'), ('("a")', "(„a“)")),
    (augment.german_quotes, ("x", '<a b="c" d="e">'), ("x", '<a b="c" d="e">')),
    (augment.german_quotes, ("x", '5" und 6"'), ("x", '5" und 6"')),
    (augment.german_quotes, ("x", '"a" 5"'), ("x", '"a" 5"')),
])
def test_ways_of_typing(change, pair, expected):
    assert change(*pair) == expected


def every(change, n=100):
    """What `change`, a function of a generator, gives for n seeds."""
    return {change(random.Random(seed)) for seed in range(n)}


def test_lower_case_with_and_without_apostrophes():
    assert every(lambda rng: augment.lower_case("I don't know Tom’s.", "Ich weiß nicht.", rng)) == {
        ("i don't know tom’s.", "Ich weiß nicht."), ("i dont know toms.", "Ich weiß nicht.")}


def test_headline_capitals():
    assert every(lambda rng: augment.title_case("the end of a day.", "das Ende eines Tages.", rng)) == {
        ("The End Of A Day", "das Ende eines Tages"), ("The End of a Day", "das Ende eines Tages"),
        ("The End Of A Day.", "das Ende eines Tages."), ("The End of a Day.", "das Ende eines Tages.")}
    assert augment.title_case("see <copy:0>", "s <copy:0>", random.Random(0))[0] == "See <copy:0>"
    assert augment.title_case("a" + 12 * " b", "x", random.Random(0))[0] == "a" + 12 * " b"


@pytest.mark.parametrize("pair, expected", [
    (("water", "Wasser"), {("Water", "Wasser"), ("Water.", "Wasser.")}),
    (("Open file", "Datei öffnen"), {("open file", "Datei öffnen")}),
    (("Turkey", "Türkei"), {("Turkey", "Türkei")}),                      # may be a name
    (("NATO", "NATO"), {("NATO", "NATO")}),
    (("one two three four", "x"), {("one two three four", "x")}),
])
def test_single_words_change_their_first_letter(pair, expected):
    assert every(lambda rng: augment.capitalized(*pair, rng)) == expected


def test_an_address_is_copied_to_both_sides():
    rng = random.Random(0)
    for _ in range(200):
        source, target = augment.with_copied_text("See this.", "Siehe dies.", rng)
        address = source.removeprefix("See this").lstrip(" :")
        assert target.endswith(address) and ("@" in address or "." in address)


@pytest.mark.parametrize("source, target, changed", [
    ("I am 42.", "Ich bin 42.", "42"),
    ("Room 101, please.", "Zimmer 101, bitte.", "101"),
    ("It was in 1984.", "Es war 1984.", "1984"),
    ("in 7 cars", "in 7 Autos", "7"),
    ("1 car", "1 Auto", None),                                        # a singular
    ("on 12 March", "am 12. März", None),                             # a day has to exist
    ("30 and 30", "30 und 30", None),                                 # twice
    ("at 12:45, on 2024-03-05", "um 12:45 Uhr, am 2024-03-05", None),
    ("5 pm to 17", "17 bis 17", None),
    ("the 1990s, 20th, A380", "die 1990er, 20, A380", None),
    ("%1 of %2", "%1 von %2", None),
])
def test_other_numbers_are_the_same_on_both_sides(source, target, changed):
    for seed in range(60):
        source_out, target_out = augment.other_numbers(source, target, random.Random(seed))
        if changed is None:
            assert (source_out, target_out) == (source, target)
            continue
        before, after = source.split(changed)
        number = source_out.removeprefix(before).removesuffix(after)
        assert number.isdecimal() and number[0] != "0" and len(number) <= 10
        assert target_out == target.replace(changed, number)
        assert changed != "1984" or 1900 <= int(number) < 2100
        assert changed != "7" or 2 <= int(number) <= 9


def test_separators_of_numbers():
    for source, target in every(lambda rng: augment.other_numbers("3,500.25 m", "3.500,25 m", rng)):
        assert source.translate(str.maketrans(",.", ".,")) == target
        assert re.fullmatch(r"[1-9]\d{0,2}(,\d{3})+\.\d\d m", source)
    for source, target in every(lambda rng: augment.other_numbers("25000 m", "25.000 m", rng)):
        assert target.replace(".", "") == source and "." in target


def test_two_numbers_keep_their_order():
    source, target = augment.other_numbers("21 of 350", "von 350 sind es 21", random.Random(0))
    n, of, m = source.split()
    assert target == f"von {m} sind es {n}" and (n, m) != ("21", "350")


def test_other_names_are_the_same_on_both_sides():
    for source, target in every(lambda rng: augment.other_names("Tom met Lucy.", "Tom traf Lucy.", rng)):
        assert source.replace(" met ", " traf ") == target and "Tom met" not in source + "."
    for source, target in every(lambda rng: augment.other_names("Tom's car", "Toms Auto", rng)):
        name = source.removesuffix("'s car")
        assert target == f"{name}s Auto" and name[-1] not in "sxzß"


@pytest.mark.parametrize("pair", [("Mary is here.", "Maria ist hier."), ("the Tom-like man", "der Tom-artige Mann"),
                                  ("Tom saw Tom.", "Tom sah ihn."), ("GNU/Tom", "GNU/Tom"), ("a cat", "eine Katze")])
def test_names_that_stay(pair):
    assert every(lambda rng: augment.other_names(*pair, rng)) == {pair}


def test_there_are_many_names():
    names = set(augment.MALE + augment.FEMALE + augment.SURNAMES + augment.PLACES)
    assert len(names) > 500 and {"Łukasz", "Søren", "Dvořák", "O’Brien", "van der Berg", "Jean-Luc"} <= names


@pytest.mark.parametrize("pair, speaker, verb, source, target", [
    (("No.", "Nein."), "he", "said", '"No," he said.', "„Nein“, sagte er."),
    (("No!", "Nein!"), "he", "shouted", '"No!" he shouted.', "„Nein!“, rief er."),
    (("Who?", "Wer?"), "she", "asked", "She asked, “Who?”", "Sie fragte: „Wer?“"),
    (("Who?", "Wer?"), "our teacher", "wondered", '"Who?" our teacher wondered.', "„Wer?“, fragte sich unser Lehrer."),
    (("Who?", "Wer?"), "the girl", "asked", '"Who?" asked the girl.', "„Wer?“, fragte das Mädchen."),
    (("Who?", "Wer?"), "she", "wondered", '"Who?" she wondered.', "„Wer?“, fragte sie sich."),
    (("No.", "Nein."), "Tom", "said", 'Tom: "No."', "Tom: „Nein.“"),
    (("No.", "Nein."), "my parents", "replied", "My parents replied, ‘No.’", "Meine Eltern antworteten: „Nein.“"),
    (("No.", "Nein."), "I", "said quietly", '"No," I said quietly.', "„Nein“, sagte ich leise."),
    (("Oh no.", "O nein."), "he", "said", 'What does "Oh no" mean?', "Was bedeutet „O nein“?"),
    (("fork", "Gabel"), "he", "said", 'How do you say "fork" in French?', "Wie sagt man „Gabel“ auf Französisch?"),
    (("No!", "Nein!"), "she", "said", '"No," she said.', "„Nein“, sagte sie."),
    (("No!", "Nein!"), "he", "said", 'He said, "No."', "Er sagte: „Nein.“"),
    (("No, not me.", "Nein, ich nicht."), "he", "said", '"No," he said, "not me."', "„Nein“, sagte er, „ich nicht.“"),
    (("No.", "Nein."), "he", "said", '"He said, \'No.\'"', "„Er sagte: ‚Nein.‘“"),
    (("No.", "Nein."), "he", "said", "He said, “He said, ‘No.’”", "Er sagte: „Er sagte: ‚Nein.‘“"),
    (("No.", "Nein."), "he", "said", "„No,“ he said.", "„Nein“, sagte er."),
    (("No.", "Nein."), "he", "said", "«No,» he said.", "„Nein“, sagte er."),
])
def test_quoted_speech(monkeypatch, pair, speaker, verb, source, target):
    monkeypatch.setattr(augment, "SPEAKERS", [row for row in augment.SPEAKERS if row[0] == speaker])
    monkeypatch.setattr(augment, "SPEECH_VERBS", [row for row in augment.SPEECH_VERBS if row[0] in (verb, "said")])
    assert (source, target) in every(lambda rng: augment.quoted(*pair, rng), 4000)


def test_quotation_marks_are_on_both_sides():
    for pair in PAIRS:
        for source, target in every(lambda rng, pair=pair: augment.quoted(*pair, rng, [("Yes.", "Ja.")]), 300) - {pair}:
            german = Counter(re.findall("[„“‚‘]", target))
            assert german["„"] == german["“"] > 0 and german["‚"] == german["‘"]
            marks = re.findall("[\"“”„«»‹›‚]|(?<!\\w)['‘]|['’‘](?!\\w)", source)
            assert len(marks) == german.total()


def test_half_of_the_quoted_pairs_are_short_sentences():
    long, short = ("She reads a book in the park.", "Sie liest im Park ein Buch."), [("Run!", "Lauf!"), ("Dry.", "Trocken.")]
    out = augment.augment([long] * 200 + short, NO_CHANGE | {"quoted": 1.0}, random.Random(0))
    assert 70 < sum("Run" in source or "Dry" in source for source, _ in out) < 130
    assert any(re.match('["“‘]Run,', source) for source, _ in out) and any("Run." in source for source, _ in out)


def test_pairs_with_quotation_marks_are_not_quoted_again():
    pair = ("He said “no”.", "Er sagte „nein“.")
    assert every(lambda rng: augment.quoted(*pair, rng)) == {pair}


@pytest.mark.parametrize("pair, clause", [
    (("The cat is black.", "Die Katze ist schwarz."), ("the cat is black", "die Katze ist schwarz")),
    (("I know them well.", "Ich kenne sie gut."), ("I know them well", "ich kenne sie gut")),
    (("She is at home.", "Sie ist zu Hause."), ("she is at home", "sie ist zu Hause")),
    (("Tom was very tired.", "Tom war sehr müde."), ("Tom was very tired", "Tom war sehr müde")),
    (("The new car.", "Das neue Auto."), None),                       # no verb
    (("Do your homework.", "Mach deine Aufgaben."), None),
    (("I think you are right.", "Ich denke, Sie haben recht."), None),
    (("He said that he came.", "Er sagte, dass er kam."), None),
])
def test_clauses_that_can_be_joined(pair, clause):
    assert augment.is_clause(*pair) == (clause is not None)
    if clause:
        assert augment.lower_clause(*pair) == clause


def test_joined_clauses():
    out = set(augment.augment(CLAUSES * 40, NO_CHANGE | {"coordinated": 1.0}, random.Random(0)))
    for source, target in out:
        assert source.count("was") == target.count("war") >= 2 and source[-1] == target[-1] == "."
        assert (", but he" in source) == (", aber er" in target) and " und" in target or " and" not in source
        assert re.findall(r"was (\w+)", source) == re.findall(r"war (\w+)", target)
    assert any(source.count("was") == 5 for source, _ in out)
    assert any(re.fullmatch(r"He was \w+, he was \w+,? and he was \w+\.", source) for source, _ in out)


def test_lists_of_nouns():
    out = augment.augment(NOUNS * 4, NO_CHANGE | {"noun_lists": 1.0}, random.Random(0))
    german = dict(NOUNS)
    for source, target in out:
        words = [word for word in re.findall(r"\w+", source) if word in german]
        assert [german[word] for word in words] == [word for word in re.findall(r"\w+", target) if word in german.values()]
        assert 3 <= len(words) <= 9
    assert augment.augment(NOUNS[:10], NO_CHANGE | {"noun_lists": 1.0}, random.Random(0)) == NOUNS[:10]


def test_german_stays_german():
    pairs = [("The house is small.", "Das Haus ist klein."), ("Good day.", "Guten Tag.")]
    assert augment.augment(pairs, NO_CHANGE | {"already_german": 1.0}, random.Random(0)) == [
        ("Das Haus ist klein.", "Das Haus ist klein."), pairs[1]]


@pytest.mark.parametrize("text", [
    "https://a.org/b?c=1", "www.a.de", "tom@a-b.com", "foo.txt", "--all", "-v", "my_name", "camelCase", "%s", "%1$s", "{name}",
    "{{count}}", "${x}", "$1", "%(total)s", "<b>", "</b>", "1.2.3", "v1.2", "2024-03-05", "12345", "~/.bashrc", "/usr/bin/env",
    "日本", "Москва", "→", "🙂"])
def test_spans_that_become_tokens(text):
    assert augment.SPAN.findall(text) == [text]
    source, target = augment.spans_as_tokens(f"See {text} there.", f"Siehe {text} dort.", random.Random(0))
    token = copies(source)
    assert (source, target) == (f"See {token[0]} there.", f"Siehe {token[0]} dort.")


def test_tokens_are_numbered_in_the_order_of_the_source():
    pair = ("Copy a.txt to b.txt, then a.txt again.", "Nach b.txt kopieren Sie a.txt, dann wieder a.txt.")
    expected = ("Copy <copy:0> to <copy:1>, then <copy:2> again.",
                "Nach <copy:1> kopieren Sie <copy:0>, dann wieder <copy:2>.")
    assert expected in every(lambda rng: augment.spans_as_tokens(*pair, rng))
    assert augment.spans_as_tokens("foo.txt and foo.txt", "foo.txt", random.Random(0)) is None
    assert augment.spans_as_tokens("plain words", "Wörter", random.Random(0)) is None


def test_all_tokens_are_used_and_ascend():
    seen = Counter()
    rng = random.Random(0)
    for _ in range(300):
        for pair in PAIRS:
            if "<copy" not in pair[0]:
                source, target = augment.copy_tokens(*pair, rng)
                numbers = [int(token[6:-1]) for token in copies(source)]
                assert numbers == sorted(set(numbers)) and Counter(copies(source)) == Counter(copies(target)) and numbers
                seen.update(numbers)
    assert set(seen) == set(range(16)) and seen[0] == max(seen.values())


def test_two_joined_sentences_stay_a_pair():
    pairs = [(f"Source {i}.", f"Target {i}.") for i in range(50)]
    out = augment.augment(pairs, NO_CHANGE | {"joined": 1.0}, random.Random(0))
    assert out[0] == ("Source 0. Source 1.", "Target 0. Target 1.")
    assert len(out) == 25
    long = [(99 * "a" + ".", "b.")] * 4
    assert augment.augment(long, NO_CHANGE | {"joined": 1.0}, random.Random(0)) == long


def test_pairs_with_tokens_are_not_joined_to_each_other():
    pairs = [("<copy:0>.", "<copy:0>.")] * 5
    assert augment.augment(pairs, NO_CHANGE | {"joined": 1.0}, random.Random(0)) == pairs


def test_everything_at_once():
    for seed in range(20):
        out = augment.augment(PAIRS * 10 + NOUNS + CLAUSES, dict.fromkeys(augment.WAYS, 0.3), random.Random(seed))
        for source, target in out:
            assert source and target and "  " not in source + target and Counter(copies(source)) == Counter(copies(target))
            assert copies(source) == sorted(set(copies(source)), key=lambda token: int(token[6:-1]))
    again = augment.augment(PAIRS * 10 + NOUNS + CLAUSES, dict.fromkeys(augment.WAYS, 0.3), random.Random(19))
    assert again == out


def test_german_quotation_marks_come_before_what_is_typed():
    chances = NO_CHANGE | {"german_quotes": 1.0, "other_quotes": 1.0}
    assert augment.augment([('"A," b', '"A", b')], chances, random.Random(0)) == [("“A,” b", "„A“, b")]


def test_an_unknown_way_is_an_error():
    assert augment.shares({"joined": 0.1}) == NO_CHANGE | {"joined": 0.1}
    with pytest.raises(ValueError, match="found lowercase, expected one of joined"):
        augment.shares({"lowercase": 0.1})


def test_no_pair_changes_without_a_share():
    assert augment.augment(PAIRS, NO_CHANGE, random.Random(0)) == PAIRS
