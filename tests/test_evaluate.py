"""evaluate.py's own judgements."""

import pytest

pytest.importorskip("sacrebleu")

import evaluate
from transformer_c import program


@pytest.mark.parametrize("output, looping", [
    ("Das Haus ist klein.", False), ("", False), ("sehr sehr gut", False), ("ja ja ja ja", True),
    ("er ist er ist er ist er ist", True), ("und das und ein und das und ein", False), ("a b c a b c a b c a b c", True),
])
def test_what_loops(output, looping):
    assert evaluate.is_looping(output) == looping


@pytest.mark.parametrize("source, output, untranslated", [
    ("This was never translated.", "This was never translated.", True),
    ("New York Times", "New York Times", False),
    ("This was translated well.", "Das wurde gut übersetzt.", False),
])
def test_what_is_untranslated(source, output, untranslated):
    assert evaluate.is_untranslated(source, output) == untranslated


def test_a_beam_finds_what_greedy_search_does_not():
    checkpoint, line = program.ROOT / "checkpoints/en-de", "There is a panther in the garden."
    greedy, found = (evaluate.translate_file(checkpoint, [line], beam)[0] for beam in (1, 4))
    assert greedy != found == program.translate(checkpoint, [line], "--beam", "4").stdout.decode().splitlines()
