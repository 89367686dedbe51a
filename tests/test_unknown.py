"""What a plain vocabulary lacks: characters and words that are copied before the model reads the text."""

import pytest

from plain_checkpoint import plain_checkpoint
from transformer_c.program import translate_objects


def protected(directory, text):
    """The copied parts of a text."""
    [found] = translate_objects(directory, [text])
    return [text.encode()[slice(*span["range"])].decode() for span in found["protected"]]


@pytest.mark.parametrize("rule, lower, pieces, copied", [
    ("characters", False, "abc ö", {"ab 😀 c": ["😀"], "ab → c": ["→"], "Öa b": ["Öa"], "ab öa": [], "ab 東京 c": ["東京"]}),
    ("characters", True, "abc ö", {"Öa b": [], "Üa b": ["Üa"], "ab 😀 c": ["😀"]}),
    ("characters", True, "abc Ö", {"Öa b": ["Öa"]}),  # which is never read in capitals
    ("spaces", False, ["a", "b", "Köln", "😀", "x→y", "東京"],
     {"a 😀 b": [], "a 👍 b": ["👍"], "a x→y b": [], "a y→x b": ["→"], "a Köln b": [], "a Łódź b": ["Łódź"], "a łódź b": [],
      "a 東京 b": [], "a 大阪 b": ["大阪"], "a Smith b": [], "a x. b": [], "a - b": ["-"]}),
    ("spaces", True, ["a", "köln", "😀"], {"a Köln a": [], "a Łódź a": ["Łódź"], "a 👍😀 a": ["👍😀"]}),
    ("words", False, ["a", "Köln", ",", "(", ")"],
     {"a Köln, a": [], "a (Köln) a": [], "a Köln→ a": ["→"], "a Łódź, a": ["Łódź"], "a; a": [";"]}),
    ("marks", True, ["a", "köln", ",", "!"], {"a Köln, a!": [], "a 👍👍, a": ["👍👍"], "a Łódź, a": ["Łódź"], "a(a a": []}),
], ids=lambda value: value if isinstance(value, str) else None)
def test_what_the_vocabulary_lacks_is_copied(tmp_path, rule, lower, pieces, copied):
    plain_checkpoint(tmp_path, ["<unk>", "</s>", *pieces], {"splitter": rule, "lower_case": lower})
    assert {text: protected(tmp_path, text) for text in copied} == copied


def test_byte_pair_encoding_knows_characters_with_and_without_their_mark(tmp_path):
    plain_checkpoint(tmp_path, ["<unk>", "</s>", "a", "b@@", "→", "ö@@"],
                     {"splitter": "bpe", "lower_case": False, "n_merges": 1}, ["a b"])
    assert [protected(tmp_path, text) for text in ("a → b", "a ← b", "Aö b", "Aü b")] == [[], ["←"], [], ["Aü"]]
