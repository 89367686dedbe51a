"""Changes to pairs of parallel text, so that training sees what people really type.

People leave out full stops, write in capitals, paste addresses and quote each other. augment() changes a share of the
pairs that way; the table [augmentation] of a recipe gives the share of each way. The pairs are English→German where
the language matters (quotation marks, number separators, the words that join clauses).

Copy tokens: the program does not translate URLs, file names, emoji, long numbers and the like. It puts a token
<copy:N> in place of each, numbered in the order of the source, and puts the text back where the model leaves the token.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from made_en_de import FEMALE, MALE, PLACES, QUOTED_INSIDE, SPEAKERS, SPEECH_VERBS, SURNAMES, WORD_LIST_FRAMES

Pair = tuple[str, str]  # source, target

PRONOUNS = frozenset("I he she we they".split())
COPY_TOKENS = [f"<copy:{i}>" for i in range(16)]

STRUCTURES = ("coordinated", "quoted", "noun_lists", "already_german")
CASES = ("lower_case", "all_caps", "title_case")
WAYS = ("joined", *STRUCTURES, "other_names", "other_numbers", "copied_text", "copy_tokens", "german_quotes",
        "other_quotes", "without_full_stop", "capitalized", *CASES)


def without_full_stop(source: str, target: str) -> Pair:
    """Both sides without their full stop or exclamation mark."""
    if source[-1:] == target[-1:] and source[-1:] in (".", "!") and len(source) > 1 < len(target) \
            and source[-2] not in ".!?":
        return source[:-1], target[:-1]
    return source, target


# Case.

def lower_case(source: str, target: str, rng: Random) -> Pair:
    """The source in lower case, sometimes without apostrophes: dont, youre."""
    source = source.lower()
    if rng.random() < 0.3:
        source = APOSTROPHE.sub("", source)
    return source, target


MOST_HEADLINE_WORDS = 12


def all_caps(source: str, target: str) -> Pair:
    """Both sides of a short line in capitals, except copy tokens."""
    if source.count(" ") >= MOST_HEADLINE_WORDS:
        return source, target
    source, target = source.upper(), target.replace("ß", "SS").upper()
    return source.replace("<COPY:", "<copy:"), target.replace("<COPY:", "<copy:")


SMALL_WORDS = frozenset("a an the and or but nor of in on at to for by from with as is".split())


def title_case(source: str, target: str, rng: Random) -> Pair:
    """The source of a short line as a headline: capitals, small words with or without them, usually no full stop."""
    if source.count(" ") >= MOST_HEADLINE_WORDS:
        return source, target
    if rng.random() < 0.7:
        source, target = without_full_stop(source, target)
    small = SMALL_WORDS if rng.random() < 0.5 else ()
    words = [word if i and word in small or "<" in word else word[:1].upper() + word[1:]
             for i, word in enumerate(source.split(" "))]
    return " ".join(words), target


def capitalized(source: str, target: str, rng: Random) -> Pair:
    """One to three words with the other case of the first letter, as in a table or a menu; sometimes with a full stop.
    The German stays as a dictionary writes it. A word that may be a name keeps its capital."""
    if source.count(" ") > 2:
        return source, target
    if source[0].islower():
        source = source[0].upper() + source[1:]
        if rng.random() < 0.2 and source[-1].isalpha() and target[-1].isalpha():
            return source + ".", target + "."
    elif source[1:].islower() and (target[0].islower() or " " in source or source[-1] in ".?!"):
        source = source[0].lower() + source[1:]
    return source, target


# Quotation marks.

TYPOGRAPHIC = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"'})
STRAIGHT_APOSTROPHE = re.compile(r"(?<=\w)'(?=\w)")
APOSTROPHE = re.compile(r"(?<=\w)['’](?=\w)")
STRAIGHT_QUOTES = re.compile(r'"([^"]*)"')


def other_quotes(source: str, target: str) -> Pair:
    """Straight quotes and apostrophes for typographic ones in the source and the other way round; the target stays."""
    if "’" in source or "“" in source or "”" in source or "‘" in source:
        return source.translate(TYPOGRAPHIC), target
    if "'" in source:
        source = STRAIGHT_APOSTROPHE.sub("’", source)
    if '"' in source:
        source = STRAIGHT_QUOTES.sub(r"“\1”", source)
    return source, target


# A quotation between straight marks: not the value of an attribute, not an inch or a second.
GERMAN_QUOTATION = re.compile(r'(?<![^\s(\[–—-])"(?=[^\s"])([^"]*[^\s"=])"(?!\w)')


def german_quotes(source: str, target: str) -> Pair:
    """„…“ in the target, where the text has straight marks."""
    return source, GERMAN_QUOTATION.sub(r"„\1“", target) if target.count('"') % 2 == 0 else target


ANY_QUOTE = re.compile("[\"“”„‚‘«»›‹]|(?<!\\w)['’]|['’](?!\\w)")
# Left and right, and those of speech inside speech.
ENGLISH_QUOTES = ([('"', '"', "'", "'")] * 4 + [("“", "”", "‘", "’")] * 4 + [("‘", "’", "“", "”")] * 2 +
                  [("'", "'", '"', '"'), ("„", "“", "‚", "‘"), ("«", "»", "‹", "›")])


def is_short(source: str, target: str) -> bool:
    """True for a sentence of at most four words, such as people say."""
    return source[-1] == target[-1] and source[-1] in ".?!" and source.count(" ") < 4 and target.count(" ") < 6 \
        and len(source) > 2 < len(target) and "<" not in source and not ANY_QUOTE.search(source + target)


def upper_first(text: str) -> str:
    return text[0].upper() + text[1:]


def speaker_words(stop: str, rng: Random) -> tuple[Pair, Pair]:
    """A speaker and a verb that suits a sentence that ends in `stop`, as they stand before speech and after it:
    (She asked, Sie fragte), (she asked, fragte sie)."""
    speaker, sprecher, number = rng.choice(SPEAKERS)
    verb = rng.choice([verb for verb in SPEECH_VERBS if stop in verb[3]])
    english, german = verb[0], verb[1 if number == "s" else 2]
    if speaker in ("I", "we") and ("sich" in german or " me" in english or " us" in english):
        english, german = "said", "sagte" if number == "s" else "sagten"
    finite, _, rest = german.partition(" ")
    inverted = f"{finite} {sprecher} {rest}".rstrip()  # sagte sie leise, fragte er sich, but fragte sich der Lehrer
    if rest == "sich" and speaker not in PRONOUNS:
        inverted = f"{finite} sich {sprecher}"
    said = f"{english} {speaker}" if " " not in english and speaker not in PRONOUNS and rng.random() < 0.4 \
        else f"{speaker} {english}"
    return (f"{upper_first(speaker)} {english}", f"{upper_first(sprecher)} {german}"), (said, inverted)


def words_in_quotes(source: str, target: str, rng: Random) -> Pair:
    """Words or a sentence without its final stop, alone in quotation marks or quoted inside a sentence."""
    left, right, *_ = rng.choice(ENGLISH_QUOTES)
    english, german = ("{}", "{}") if rng.random() < 0.2 else rng.choice(QUOTED_INSIDE)
    return english.format(f"{left}{source}{right}"), german.format(f"„{target}“")


def speech_inside_speech(source: str, target: str, rng: Random) -> Pair:
    """“He said, ‘No.’” / „Er sagte: ‚Nein.‘“, sometimes after a second speaker."""
    left, right, inner_left, inner_right = rng.choice(ENGLISH_QUOTES)
    (before, before_german), _ = speaker_words(source[-1], rng)
    english = f"{left}{before}, {inner_left}{source}{inner_right}{right}"
    german = f"„{before_german}: ‚{target}‘“"
    if rng.random() < 0.5:
        (before, before_german), _ = speaker_words(".", rng)
        return f"{before}, {english}", f"{before_german}: {german}"
    return english, german


def halves(source: str, target: str) -> tuple[Pair, Pair] | None:
    """The text before and after the only comma of both sides, if the comma is early enough for a speaker."""
    english, german = source.split(", "), target.split(", ")
    if len(english) != 2 or len(german) != 2 or source.count(",") + target.count(",") != 2 \
            or english[0].count(" ") > 5 or german[0].count(" ") > 5:
        return None
    return (english[0], german[0]), (english[1], german[1])


def speech_with_speaker(source: str, target: str, rng: Random, sentences: Sequence[Pair]) -> Pair:
    """The sentence with its speaker before it, in the middle or after it."""
    left, right, *_ = rng.choice(ENGLISH_QUOTES)
    stop, draw = source[-1], rng.random()
    (before, before_german), (after, after_german) = speaker_words(stop, rng)
    if draw < 0.35:
        comma = rng.choice([",", ",", ",", ":"])
        return f"{before}{comma} {left}{source}{right}", f"{before_german}: „{target}“"
    parts = halves(source, target)
    if parts and draw < 0.8:
        (first, first_german), (second, second_german) = parts
        return (f"{left}{first},{right} {after}, {left}{second}{right}",
                f"„{first_german}“, {after_german}, „{second_german}“")
    if stop == "." or stop == "?" and rng.random() < 0.15:
        source = source[:-1] + ","
    if stop == ".":
        target = target[:-1]
    if draw > 0.9 and sentences:
        more = rng.choice(sentences)
        return (f"{left}{source}{right} {after}. {left}{more[0]}{right}", f"„{target}“, {after_german}. „{more[1]}“")
    return f"{left}{source}{right} {after}.", f"„{target}“, {after_german}."


def quoted(source: str, target: str, rng: Random, sentences: Sequence[Pair] = ()) -> Pair:
    """Text in quotation marks: a sentence as speech, “…,” she said. / „…“, sagte sie., or words inside another sentence.
    Sometimes one of `sentences` follows the speaker."""
    if ANY_QUOTE.search(source) or ANY_QUOTE.search(target) or len(source) > 150:
        return source, target
    if source[-1].isalnum() and target[-1].isalnum():
        return words_in_quotes(source, target, rng) if len(source) < 50 else (source, target)
    stop = source[-1]
    if stop not in ".?!" or target[-1] != stop or source[-2:-1] in (".", "") or target[-2:-1] in (".", ""):
        return source, target
    if stop == "!" and rng.random() < 0.4:  # Wait! as Wait. and “Wait,” she said.
        source, target, stop = source[:-1] + ".", target[:-1] + ".", "."
    draw = rng.random()
    if draw < 0.05:
        left, right, *_ = rng.choice(ENGLISH_QUOTES)
        return f"{left}{source}{right}", f"„{target}“"
    if draw < 0.12 and len(source) < 50:
        return words_in_quotes(source[:-1] + stop.strip("."), target[:-1] + stop.strip("."), rng)
    if draw < 0.18 and len(source) < 50:
        return words_in_quotes(source[:-1], target[:-1], rng)
    if draw < 0.25:
        left, right, *_ = rng.choice(ENGLISH_QUOTES)
        speaker, sprecher, _ = rng.choice(SPEAKERS)
        return f"{upper_first(speaker)}: {left}{source}{right}", f"{upper_first(sprecher)}: „{target}“"
    if draw < 0.33:
        return speech_inside_speech(source, target, rng)
    return speech_with_speaker(source, target, rng, sentences)


# Sentences together.

# First words of a clause that lose their capital after a conjunction.
SUBJECT_WORDS = frozenset("The He She It We They My His Her Our Their This That These There "
                          "Today Yesterday Tomorrow".split())
GERMAN_SUBJECT_WORDS = frozenset(
    "Der Die Das Er Es Ich Wir Du Mein Meine Sein Seine Ihre Unser Unsere Dieser Diese Dieses Dort Hier Heute "
    "Gestern Morgen Man".split())
VERB = re.compile(r" (?:is|are|was|were|has|have|had|can|can't|cannot|could|will|won't|would|must|should|may|does|"
                  r"doesn't|did|didn't|isn't|wasn't|hasn't|went|came|said|saw|got|made|took|gave|knew|thought|told|"
                  r"bought|likes|wants|needs|looks|lives|loves|knows|thinks|goes|comes|works|seems|makes|sells|"
                  r"costs|\w{2,}ed) ")
NOT_A_MAIN_CLAUSE = re.compile(r"[–—…,;:\"“”„()\d<]|[.?!][ .]|\b[Yy]ou\b|\bSie\b")


def is_clause(source: str, target: str) -> bool:
    """True for a short statement that can be joined to another one by a conjunction."""
    if not 10 <= len(source) <= 45 or source[-1] != "." or target[-1] != "." or len(target) > 55:
        return False
    first, german_first = source.partition(" ")[0], target.partition(" ")[0]
    if first in SUBJECT_WORDS:
        if german_first == "Sie" and first in ("She", "They", "It"):
            target = target[4:]
        elif german_first not in GERMAN_SUBJECT_WORDS:
            return False
    elif first == "I":
        if german_first not in GERMAN_SUBJECT_WORDS:
            return False
    elif first != german_first or not first.isalpha():
        return False
    if first.lower() not in PRONOUNS and first != "I" and not VERB.search(source):
        return False
    return not NOT_A_MAIN_CLAUSE.search(source) and not NOT_A_MAIN_CLAUSE.search(target)


def lower_clause(source: str, target: str) -> Pair:
    """The clause without its full stop, as it stands after a conjunction."""
    if source.partition(" ")[0] in SUBJECT_WORDS:
        source = source[0].lower() + source[1:]
    german_first = target.partition(" ")[0]
    if german_first in GERMAN_SUBJECT_WORDS or german_first == "Sie":
        target = target[0].lower() + target[1:]
    return source[:-1], target[:-1]


CONJUNCTIONS = [(" and ", " und "), (" and ", " und "), (", and ", " und "), (", but ", ", aber "),
                (", but ", ", aber "), (" or ", " oder "), ("; ", "; "), (" because ", ", denn "), (", for ", ", denn "),
                (", yet ", ", doch ")]


def coordinated(source: str, target: str, rng: Random, clauses: Sequence[Pair]) -> Pair:
    """Two to five clauses in one sentence. After und, aber, oder and denn a German main clause keeps its order."""
    if not is_clause(source, target):
        return source, target
    source, target = source[:-1], target[:-1]
    n = rng.choice([1, 1, 1, 2, 2, 3, 4])
    more = [lower_clause(*pair) for pair in rng.sample(clauses, n)]
    if n > 1 and rng.random() < 0.6:  # a, b, c and d
        english, german = rng.choice(CONJUNCTIONS[:3])
        return (f"{source}, {', '.join(clause[0] for clause in more[:-1])}{english}{more[-1][0]}.",
                f"{target}, {', '.join(clause[1] for clause in more[:-1])}{german}{more[-1][1]}.")
    for clause in more:
        english, german = rng.choice(CONJUNCTIONS)
        source, target = source + english + clause[0], target + german + clause[1]
    return source + ".", target + "."


def list_of(members: Iterable[Pair], rng: Random) -> Pair:
    """(English, German) members as lists: a, b and c / A, B und C."""
    english = [member[0] for member in members]
    german = [member[1] for member in members]
    if rng.random() < 0.12:
        return ", ".join(english), ", ".join(german)
    word, wort = ("or", "oder") if rng.random() < 0.1 else ("and", "und")
    oxford = "," if len(members) > 2 and rng.random() < 0.4 else ""
    return (f"{', '.join(english[:-1])}{oxford} {word} {english[-1]}",
            f"{', '.join(german[:-1])} {wort} {german[-1]}")


def is_noun(source: str, target: str) -> bool:
    return source.isalpha() and source.islower() and target.isalpha() and target[0].isupper() and target[1:].islower() \
        and len(source) > 2


def noun_list(nouns: Sequence[Pair], rng: Random) -> Pair:
    english, german = list_of(rng.sample(nouns, rng.choice([3, 3, 3, 4, 4, 5, 5, 6, 7, 8, 9])), rng)
    frame = rng.choice(WORD_LIST_FRAMES)
    return frame[0].format(english), frame[1].format(german)


# Names.

KIND_OF_NAME = dict.fromkeys(MALE, "m") | dict.fromkeys(FEMALE, "f") | dict.fromkeys(PLACES, "place")
KIND_OF_NAME |= {name: "surname" for name in SURNAMES if name not in KIND_OF_NAME}
OTHER_NAMES = {"m": MALE, "f": FEMALE, "surname": SURNAMES, "place": PLACES}
# The first letter comes first, so that the search jumps from capital to capital; (?<!…) looks at what is before it.
NAME = re.compile(r"[A-Z](?<![\w'’</-].)[a-z]{2,}(?![\w-])")


def other_name(kind: str, genitive: bool, rng: Random) -> str:
    """A name of that kind; for persons sometimes with a surname. German writes the genitive without an apostrophe,
    which takes a name that does not end in an s sound."""
    while True:
        name = rng.choice(OTHER_NAMES[kind])
        if kind in "mf" and rng.random() < 0.2:
            name += " " + rng.choice(SURNAMES)
        if not genitive or name[-1] not in "sßxz":
            return name


def other_names(source: str, target: str, rng: Random) -> Pair:
    """Other names in the place of those that both sides share. What is known keeps its kind; another capitalized word
    inside both sentences becomes a surname. Tom's is replaced where German has Toms."""
    in_source = NAME.findall(source)
    in_target = NAME.findall(target) if in_source else ()
    if not in_target:
        return source, target
    other = {}
    for name in dict.fromkeys(in_source):
        genitive = name + "s"
        n = in_target.count(name) + in_target.count(genitive)
        if n == 0 or n != in_source.count(name):
            continue
        kind = KIND_OF_NAME.get(name)
        if kind is None and genitive not in in_target:
            before, before_target = source.find(name) - 2, target.find(name) - 2
            if before > 0 < before_target and source[before].isalpha() and target[before_target].isalpha() \
                    and not source[:before + 1].endswith(("the", "The", " a")) and rng.random() < 0.3:
                kind = "surname"
        if kind is not None:
            other[name] = other_name(kind, genitive in in_target, rng)
    if not other:
        return source, target
    other_in_target = other | {name + "s": new + "s" for name, new in other.items()}
    return (NAME.sub(lambda match: other.get(match[0], match[0]), source),
            NAME.sub(lambda match: other_in_target.get(match[0], match[0]), target))


# Numbers.

# A number of 1 to 10 digits that is not part of another one, of a word, a date or a version.
ENGLISH_NUMBER = re.compile(r"[1-9](?<![\w.,:/%-].)(?:\d{0,2}(?:,\d{3})+|\d{0,9})(?:\.\d+)?(?!\w|[.,:/-]\w)")
GERMAN_NUMBER = re.compile(r"[1-9](?<![\w.,:/%-].)(?:\d{0,2}(?:\.\d{3})+|\d{0,9})(?:,\d+)?(?!\w|[.,:/-]\w)")
MONTH = re.compile(r"\b(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)")
SEPARATORS = str.maketrans(",.", ".,")


def other_number(number: str, rng: Random) -> str:
    """A number in the same spelling. Its length may change, but a year stays a year and a single digit one from 2."""
    whole, point, decimals = number.partition(".")
    digits = whole.replace(",", "")
    length = len(digits)
    if length == 4 and whole[:2] in ("19", "20") and not point:
        return str(rng.randrange(1900, 2100))
    if length > 2 and rng.random() < 0.3:
        length = rng.randint(5, 10) if "," in whole else rng.randint(2, 10)
    n = rng.randrange(2 if length == 1 else 10 ** (length - 1), 10 ** length)
    if decimals:
        decimals = "".join(rng.choice("0123456789") for _ in decimals)
    return (f"{n:,}" if "," in whole else str(n)) + point + decimals


def other_numbers(source: str, target: str, rng: Random) -> Pair:
    """Other digits in numbers that stand once on each side, so that the model learns to copy them: 1,234.5 and 1.234,5,
    a plain number of up to ten digits, a year."""
    in_source = ENGLISH_NUMBER.findall(source)
    if not in_source:
        return source, target
    in_target = GERMAN_NUMBER.findall(target)
    month = MONTH.search(source)
    other, other_german = {}, {}
    for number in in_source:
        german = number.translate(SEPARATORS)
        if in_source.count(number) != 1 or number == "1" or month and len(number) < 3:
            continue
        if in_target.count(german) == 1 and german not in other_german:
            other[number] = other_number(number, rng)
            other_german[german] = other[number].translate(SEPARATORS)
        elif len(number) > 4 and number.isdigit() and in_target.count(f"{int(number):,}".replace(",", ".")) == 1:
            other[number] = str(rng.randrange(10_000, 10 ** rng.randint(5, 10)))
            german = f"{int(number):,}".replace(",", ".")
            other_german[german] = f"{int(other[number]):,}".replace(",", ".")
    if not other:
        return source, target
    return (ENGLISH_NUMBER.sub(lambda match: other.get(match[0], match[0]), source),
            GERMAN_NUMBER.sub(lambda match: other_german.get(match[0], match[0]), target))


# Addresses.

COPIED_NAMES = "anna ben clara jonas lena mueller schmidt smith garcia kim ivanov lopez tanaka".split()
COPIED_WORDS = "info shop news blog support home mail docs archive team data cloud forum".split()
COPIED_ENDS = "com de org net co.uk at ch io".split()


def copied_text(rng: Random) -> str:
    """An address that is the same in every language: a URL or an e-mail address."""
    host = f"{rng.choice(COPIED_WORDS)}{rng.choice(['', '-', ''])}{rng.choice(COPIED_NAMES)}.{rng.choice(COPIED_ENDS)}"
    if rng.random() < 0.5:
        return f"{rng.choice(COPIED_NAMES)}{rng.choice(['.', '_', ''])}{rng.choice(COPIED_NAMES)}@{host}"
    path = rng.choice(["", "/", f"/{rng.choice(COPIED_WORDS)}", f"/{rng.choice(COPIED_WORDS)}/{rng.randrange(10000)}"])
    return f"{rng.choice(['https://', 'http://', 'www.', 'https://www.'])}{host}{path}"


def with_copied_text(source: str, target: str, rng: Random) -> Pair:
    """An address after the sentence, the way people paste one, or alone."""
    copied = copied_text(rng)
    if rng.random() < 0.2:
        return copied, copied
    mark = rng.choice([" ", ": ", " "])
    return source.rstrip(".:") + mark + copied, target.rstrip(".:") + mark + copied


# Copy tokens.

def tokens(n: int, rng: Random) -> list[str]:
    """n copy tokens in ascending order: usually the first n, one time in five any n, so that all get trained."""
    if rng.random() < 0.2:
        return [COPY_TOKENS[i] for i in sorted(rng.sample(range(len(COPY_TOKENS)), n))]
    return COPY_TOKENS[:n]


# What the program carries across, if both sides have it: addresses, tags, placeholders, options, file names and
# identifiers, dotted numbers, numbers with three or more digits, signs outside the letters of Europe.
SPAN = re.compile(r"(?<!\w)(?:https?://[^\s<>\"]*[\w/]|www\.[^\s<>\"]*[\w/]|[A-Za-z][\w.+-]*@[\w-]+(?:\.[\w-]+)+|"
                  r"v?\d+(?:[.:/-]\d+)+\b|\d{3,}\b|[A-Za-z]\w*(?:\.\w+)*\.[a-z]{2,4}\b(?!\.\w)|"
                  r"[A-Za-z]\w*_\w+|[A-Z]?[a-z]+[A-Z]\w*)|"
                  r"[<%${/~.-](?:(?<=<)/?[A-Za-z][^<>]*>|(?<=%)(?:(?:\d+\$)?[sdif@](?!\w)|\(\w+\)[sdif]|\d\b|\{\w+\})|"
                  r"(?<=\$)(?:\w+|\{\w+\})|(?<=\{)[\w{:.-]*\}+|(?<=-)(?<![\w-]-)-?[a-z][\w-]*|"
                  r"(?<=[/~.])(?<![\w/.<~].)(?:\.?/)?[\w.-]*\w(?:/[\w.-]*\w)*)|"
                  r"[\u2190-\u2bff\u3040-\u9fff\u0370-\u06ff\U0001f300-\U0001faff]+")
# Most sentences hold no span and none of these characters; to see that takes less time than to look for spans.
MAY_HOLD_A_SPAN = re.compile(r"[^A-Za-zÄÖÜäöüß ,;!?'’\"“”()]|[a-z][A-Z]")


def spans_as_tokens(source: str, target: str, rng: Random) -> Pair | None:
    """Copy tokens in the place of the spans that both sides have equally often; None without such a span."""
    in_source = Counter(SPAN.findall(source)) if MAY_HOLD_A_SPAN.search(source[:-1]) else {}
    in_target = Counter(SPAN.findall(target)) if in_source else {}
    found = {span: n for span, n in in_source.items() if in_target.get(span) == n}
    if not found:
        return None
    n = sum(found.values())
    if n > len(COPY_TOKENS):
        return None
    left, given = iter(tokens(n, rng)), {}

    def name(match: re.Match[str]) -> str:
        if match[0] not in found:
            return match[0]
        token = next(left)
        given.setdefault(match[0], []).append(token)
        return token

    source = SPAN.sub(name, source)
    return source, SPAN.sub(lambda match: given[match[0]].pop(0) if match[0] in found else match[0], target)


def names_as_tokens(source: str, target: str, rng: Random) -> Pair | None:
    """Copy tokens in the place of the capitalized words that both sides have once; None without such a word, or with
    more than four."""
    in_target = NAME.findall(target)
    names = [name for name in NAME.findall(source)
             if in_target.count(name) == 1 and source.count(name) == target.count(name) == 1]
    if not 0 < len(names) < 5:
        return None
    for name, token in zip(names, tokens(len(names), rng)):
        source, target = source.replace(name, token), target.replace(name, token)
    return source, target


# Where copy tokens can be put into any pair. s, e: the sentence without and its final stop; 0, 1, 2: tokens.
AFTER = ("{s}{e} {0}", "{s}{e} {0}", "{s}{e} {0}", "{s}{e}{0}", "{s}{e} {0}{1}", "{s}{e} {0} {1}", "{s}{e} {0}{1}{2}",
         "{s} {0}{e}", "{s} {0}{e}", "{s} {0}", "{s}{0}{e}", "{s}: {0}", "{s}: {0}{e}", "{s} ({0}){e}", "{s} ({0})",
         "{s} [{0}]{e}", "{s} – {0}", "{s} - {0}", "{s}, {0}{e}", "{s}{e} ({0})", "{s} | {0}", "{s} ({0}, {1}){e}",
         "{s}{e} {0}.", "{s} {0}{1}{e}", "{s} {0}!", "{s} … {0}", "{s} / {0}", "{s}; {0}", "{s}{e} [{0}]", "{s} = {0}")
BEFORE = ("{0} {s}{e}", "{0} {s}{e}", "{0} {s}{e}", "{0} {s}", "{0}{s}{e}", "{0}: {s}{e}", "{0}: {s}", "({0}) {s}{e}",
          "[{0}] {s}{e}", "{0} – {s}{e}", "{0} - {s}", "{0}, {s}{e}", "{0}) {s}{e}", "{0}. {s}{e}", "{0}{1} {s}{e}",
          "{0} {1} {s}{e}", "- {0}: {s}{e}", "{0}| {s}", "{0} | {s}", "> {0} {s}{e}", "{0}; {s}", "{0}/{1}: {s}{e}",
          "#{0}: {s}", "• {0} {s}")
AROUND = ("{0}{s}{e}{1}", "{0}{s}{e}{1}", "{0}{s}{1}{e}", "{0} {s}{e} {1}", "{0} {s} {1}", "{0}{1}{s}{e}{2}",
          "({0}) {s}{e} ({1})", "{0}: {s} {1}", "{0} {s} ({1}){e}", "{0} {s}{e} {1}{2}", "{0} | {s} | {1}",
          "{0}{1}{s}{2}", "{0}; {s}; {1}")
ALONE = ("{0}", "{0}", "{0} {1}", "{0}{1}", "{0}.", "{0}, {1}, {2}", "{0}: {1}", "({0})", "{0}?", "{0} - {1}",
         "{0} | {1}", "{0} = {1}", "{0};{1};{2}", "{0} {1} {2}", "{0}!", "- {0}")
BESIDE_A_WORD = ("{0}{w}{1}", "{0}{w}{1}", "{w} {0}", "{0} {w}", "{w}{0}", "{w} ({0})", "“{w}” ({0})", "{w}/{0}",
                 "{w}-{0}")


def tokens_inserted(source: str, target: str, rng: Random) -> Pair:
    """Copy tokens after, before, inside or around the sentence, or alone."""
    draw = rng.random()
    if draw < 0.06:
        form = rng.choice(ALONE)
        filled = form.format(*some_tokens(form, rng))
        return filled, filled
    if draw < 0.25:
        names = [name for name in NAME.findall(source) if source.count(name) == target.count(name) == 1]
        if names:
            form, name = rng.choice(BESIDE_A_WORD), rng.choice(names)
            chosen = some_tokens(form, rng)
            german = form.translate({ord("“"): "„", ord("”"): "“"})
            if target[target.find(name) + len(name):][:1] not in ("s", "-"):
                return (source.replace(name, form.format(*chosen, w=name)),
                        target.replace(name, german.format(*chosen, w=name)))
        middle, middle_target = SENTENCE_END.findall(source), SENTENCE_END.findall(target)
        if len(middle) == len(middle_target) == 1:
            form = rng.choice([" {0} ", " {0} ", " {0}{1} ", " ({0}) ", "{0} "])
            filled = form.format(*some_tokens(form, rng))
            return SENTENCE_END.sub(filled, source), SENTENCE_END.sub(filled, target)
    form = rng.choice(AFTER if draw < 0.62 else BEFORE if draw < 0.85 else AROUND)
    chosen = some_tokens(form, rng)
    stop = source[-1] if source[-1] in ".?!" and source[-1] == target[-1] and len(source) > 1 < len(target) else ""
    end = len(stop)
    return (form.format(*chosen, s=source[:len(source) - end], e=stop),
            form.format(*chosen, s=target[:len(target) - end], e=stop))


SENTENCE_END = re.compile(r"(?<=\w[.?!]) (?=[A-ZÄÖÜ])")


def some_tokens(form: str, rng: Random) -> list[str]:
    return tokens(3 if "{2}" in form else 2 if "{1}" in form else 1, rng)


def copy_tokens(source: str, target: str, rng: Random) -> Pair:
    """Copy tokens for what both sides share; if they share nothing, added to the pair."""
    changed = None
    draw = rng.random()
    if draw < 0.7:
        changed = spans_as_tokens(source, target, rng)
    if changed is None and draw < 0.2:
        changed = names_as_tokens(source, target, rng)
    return changed or tokens_inserted(source, target, rng)


def shares(augmentation: Mapping[str, float]) -> dict[str, float]:
    """The share of pairs for each way; a way that the recipe does not name has none."""
    for name in augmentation:
        if name not in WAYS:
            raise ValueError(f"[augmentation]: found {name}, expected one of {', '.join(WAYS)}")
    return {name: augmentation.get(name, 0.0) for name in WAYS}


@dataclass
class Pools:
    """Pairs of a shard from which new ones are built: nouns for lists, statements that can be joined, short sentences."""
    nouns: list[Pair]
    clauses: list[Pair]
    short: list[Pair]

    @classmethod
    def of(cls, pairs: Sequence[Pair], chance: Mapping[str, float]) -> "Pools":
        return cls([pair for pair in pairs[::2] if is_noun(*pair)] if chance["noun_lists"] else [],
                   [pair for pair in pairs[::4] if is_clause(*pair)] if chance["coordinated"] or chance["quoted"] else [],
                   [pair for pair in pairs if is_short(*pair)] if chance["quoted"] else [])


def one_of(ways: Sequence[str], chance: Mapping[str, float], rng: Random) -> str | None:
    """One of the ways, each with its chance; None for the rest of the probability."""
    draw = rng.random()
    for way in ways:
        draw -= chance[way]
        if draw < 0:
            return way
    return None


def restructured(way: str | None, pair: Pair, pools: Pools, rng: Random) -> Pair:
    if way == "coordinated" and len(pools.clauses) > 20:
        return coordinated(*pair, rng, pools.clauses)
    if way == "quoted":
        # what people say is short, and the words of short sentences are seldom beside quotation marks in text
        spoken = rng.choice(pools.short) if pools.short and rng.random() < 0.5 else pair
        return quoted(*spoken, rng, pools.clauses)
    if way == "noun_lists" and len(pools.nouns) >= 20:
        return noun_list(pools.nouns, rng)
    if way == "already_german" and pair[1].count(" ") >= 3:
        return pair[1], pair[1]
    return pair


def as_typed(pair: Pair, chance: Mapping[str, float], rng: Random) -> Pair:
    """The pair with the quotation marks, full stop and case that people type."""
    if rng.random() < chance["other_quotes"]:
        pair = other_quotes(*pair)
    if rng.random() < chance["without_full_stop"]:
        pair = without_full_stop(*pair)
    if rng.random() < chance["capitalized"]:
        pair = capitalized(*pair, rng)
    way = one_of(CASES, chance, rng)
    if way == "lower_case":
        return lower_case(*pair, rng)
    if way == "all_caps":
        return all_caps(*pair)
    if way == "title_case":
        return title_case(*pair, rng)
    return pair


def changed(pair: Pair, chance: Mapping[str, float], pools: Pools, rng: Random) -> Pair:
    if rng.random() < chance["german_quotes"]:
        pair = german_quotes(*pair)
    if "<copy:" not in pair[0]:
        if rng.random() < chance["other_names"]:
            pair = other_names(*pair, rng)
        if rng.random() < chance["other_numbers"]:
            pair = other_numbers(*pair, rng)
        way = one_of(STRUCTURES, chance, rng)
        pair = restructured(way, pair, pools, rng)
        if way == "already_german" and pair[0] == pair[1]:
            return pair
        if rng.random() < chance["copied_text"] and len(pair[0]) < 100:
            pair = with_copied_text(*pair, rng)
        elif rng.random() < chance["copy_tokens"]:
            pair = copy_tokens(*pair, rng)
    return as_typed(pair, chance, rng)


MOST_JOINED = 100  # characters of the first of two sentences in one line


def augment(pairs: Sequence[Pair], chances: Mapping[str, float], rng: Random) -> list[Pair]:
    """The pairs, some of them changed: `chances` gives the share of pairs for each way.

    Two joined pairs become one. One in five pairs that get an address becomes the address alone; a list of nouns, or half of
    the time a quoted short sentence, takes the place of a pair; the other ways change a pair. A pair that already holds copy
    tokens gets no more.
    """
    chance = shares(chances)
    pools = Pools.of(pairs, chance)
    out, waiting = [], None
    for pair in pairs:
        if waiting is not None:
            if "<copy:" in pair[0] and "<copy:" in waiting[0]:
                out.append(waiting)
            else:
                pair = (f"{waiting[0]} {pair[0]}", f"{waiting[1]} {pair[1]}")
            waiting = None
        elif rng.random() < chance["joined"] and pair[0][-1] in ".?!" and pair[1][-1] in ".?!" and len(pair[0]) < MOST_JOINED:
            waiting = pair
            continue
        out.append(changed(pair, chance, pools, rng))
    return out if waiting is None else out + [waiting]
