"""The splitters of plain vocabularies, against the programs whose rules they follow: on the odd strings, on lines of this
project's documents, on random characters of all kinds, and in lower case on every character."""

import random
import re
import sys
import unicodedata
from pathlib import Path

import pytest

pytest.importorskip("tokenizers")

from tokenizers import normalizers, pre_tokenizers

from odd_strings import ODD_STRINGS
from plain_checkpoint import plain_checkpoint
from transformer_c.program import translate_tokens

ROOT = Path(__file__).resolve().parent.parent


def document_lines():
    """1,000 different lines of text, of this project's documents and sources."""
    files = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "tests").glob("*.py"))]
    lines = dict.fromkeys(line.strip() for file in files for line in file.read_text(encoding="utf-8").splitlines())
    return list(filter(None, lines))[:1000]


def random_lines(n=300):
    """Lines of random characters: of Unicode 14 (2021), as both sides know newer ones or not. U+0130 is left out, where
    Dive into Deep Learning counts characters of another text than it reads."""
    choose = random.Random(1)
    known = [chr(c) for c in range(1, sys.maxunicode + 1) if unicodedata.category(chr(c)) not in ("Cn", "Cs")]
    known = [c for c in known if c not in "\n\r\u0130"]
    often = " \t\x1c\x1f\x85\xa0\u180e\u2003\u2028\u202f\u3000.,!?'_-aZ9ΣσςΑ"
    return ["".join(choose.choice(often if choose.random() < 0.5 else known) for _ in range(40)) for _ in range(n)]


LINES = [line for line in [*ODD_STRINGS, *document_lines(), "ΚΟΣΜΟΣ ΟΔΟΣ. ΣΑΣ'Σ Σ ΑΣ\u0301Β ΑΣ\u0301 ΑΣ1", *random_lines()]
         if not re.match(">>.*<<", line)]  # which the program takes for a language code


def words(text, lower):
    """Hugging Face's tokenizers: Whitespace, after Lowercase."""
    text = normalizers.Lowercase().normalize_str(text) if lower else text
    return [piece for piece, _ in pre_tokenizers.Whitespace().pre_tokenize_str(text)]


def marks(text, lower):
    """Dive into Deep Learning, which always has lower case: a space before each mark that has none, split at spaces."""
    text = text.replace("\u202f", " ").replace("\xa0", " ")
    lowered = text.lower() if lower else text
    spaced = [" " + c if i > 0 and c in ",.!?" and text[i - 1] != " " else c for i, c in enumerate(lowered)]
    return [piece for piece in "".join(spaced).split(" ") if piece]


ORIGINALS = {
    "characters": lambda text, lower: list(text.lower() if lower else text),
    "spaces": lambda text, lower: (text.lower() if lower else text).split(),
    "words": words,
    "marks": marks,
}


def check(directory, rule, lower, lines, split):
    """The ids of lines are those of the pieces that `split` finds."""
    pieces = dict.fromkeys(piece for line in lines for piece in split(line, lower))
    fit = [piece for piece in pieces if not piece.endswith("\r") and "\n" not in piece and piece not in ("<unk>", "</s>")]
    ids = {piece: id_ for id_, piece in enumerate(["<unk>", "</s>", *fit])}
    plain_checkpoint(directory, list(ids), {"splitter": rule, "lower_case": lower})
    found = translate_tokens(directory, lines, "--plain")
    n_compared = 0
    for line, sentences in zip(lines, found, strict=True):
        for sentence in sentences:
            text = sentence.text(line)
            assert sentence.source == [ids.get(piece, 0) for piece in split(text, lower)], ascii(text)
            n_compared += 1
    return n_compared


@pytest.mark.parametrize("lower", [False, True], ids=["as it is", "lower case"])
@pytest.mark.parametrize("rule", ORIGINALS)
def test_pieces_are_those_of_the_original(tmp_path, rule, lower):
    assert check(tmp_path, rule, lower, LINES, ORIGINALS[rule]) >= 1400


@pytest.mark.parametrize("rule", ["words", "spaces"])
def test_lower_case_of_every_character(tmp_path, rule):
    known = [chr(c) for c in range(33, sys.maxunicode + 1) if unicodedata.category(chr(c)) not in ("Cn", "Cs")]
    lines = ["".join(f"{c} " for c in known[i:i + 500]) for i in range(0, len(known), 500)]
    check(tmp_path, rule, True, lines, ORIGINALS[rule])
