"""Which translations back_translate.py keeps."""

import lzma
import sys

import pytest

pytest.importorskip("sacrebleu")

import back_translate
from transformer_c.program import ROOT


@pytest.mark.parametrize("translation, sentence, invented", [
    ("The lake is deep.", "Der See ist tief.", False),
    ("The lake is deeply.", "Der See ist tief.", True),
    ("LAKE", "SEE", False),                                  # known in lower case
    ("The Bodensee is deep.", "Der Bodensee ist tief.", False),  # a name of the sentence
    ("The bodensee is deep.", "Der Bodensee ist tief.", True),
    ("The lake is tief.", "Der See ist tief.", True),          # left untranslated
    ("The lake's deep: 254 m²", "Der See ist 254 m² tief", True),
])
def test_invented_words(translation, sentence, invented):
    assert back_translate.has_invented_word(translation, sentence, {"The", "the", "lake", "is", "deep"}) == invented


def test_pairs_with_known_words_are_kept(tmp_path, monkeypatch, capsys):
    """The bundled checkpoint translates to German; `klein` is known, `alt` is known from two lines only."""
    with lzma.open(tmp_path / "text.txt.xz", "wt") as file:
        file.write("The house is small.\nThe house is old.\n\nThe house\tis small.\n")
    (tmp_path / "known.tsv").write_text("Das Haus ist klein\tx\n" * 3 + "alt\ty\n" * 2)
    monkeypatch.setattr(sys, "argv", ["back_translate.py", str(ROOT / "checkpoints/en-de"), str(tmp_path / "text.txt.xz"),
                                      "--known", str(tmp_path / "known.tsv"), "--to", str(tmp_path / "back.tsv")])
    back_translate.main()
    assert (tmp_path / "back.tsv").read_text() == "Das Haus ist klein.\tThe house is small.\n" * 2
    assert "2 of 4 pairs" in capsys.readouterr().out
