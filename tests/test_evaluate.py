"""evaluate.py's own judgements."""

import pytest

pytest.importorskip("sacrebleu")

import evaluate


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
