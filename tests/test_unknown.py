"""What a vocabulary lacks: characters and words that are copied before the model reads the text, and unknown words that it
writes."""

import pytest
import safetensors.numpy

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


def writing_unknown(directory, rule, pieces, forced, n_unknown, lower=False, attended="<unk>"):
    """A checkpoint that writes the forced pieces and then <unk>. All of them attend to one piece of the source, if it has it:
    only its embedding gives a key, and the encoder adds nothing to it."""
    pieces = ["<unk>", "</s>", "<pad>", *pieces]
    n_target = len(forced) + n_unknown + 1
    plain_checkpoint(directory, pieces, {"splitter": rule, "lower_case": lower},
                     target={"language": "de", "n_vocabulary": len(pieces), "start": 1,
                             "forced": [pieces.index(piece) for piece in forced], "end": 1, "pad": 2, "silent": [1, 2]},
                     generation={"length_factor": 0, "length_extra": n_target, "max_length": n_target, "forced_end": True,
                                 "suppressed": []})
    file = directory / "model.safetensors"
    tensors = {name: 0 * tensor for name, tensor in safetensors.numpy.load_file(file).items()}
    tensors["output.bias"][0] = 1e4
    tensors["source_embedding.weight"][pieces.index(attended), 0] = 100
    tensors["decoder.0.cross_attention.key.weight"][0, 0] = 1
    tensors["decoder.0.cross_attention.query.bias"][0] = 1
    safetensors.numpy.save_file(tensors, file)
    return directory


@pytest.mark.parametrize("rule, lower, pieces, forced, n_unknown, text, translation, plain", [
    ("words", False, ["a", "b", "."], ["b"], 1, "a Smith b.", "b Smith", "b <unk>"),
    ("words", False, ["a", "b", "."], [], 3, "a Smith b.", "Smith", "<unk> <unk> <unk>"),
    ("words", True, ["a", "b", "."], ["."], 1, "a Smith b.", ". Smith", ". <unk>"),
    ("marks", True, ["open", "now", "."], ["now"], 2, "OPEN SMITH NOW.", "NOW SMITH", "now <unk> <unk>"),
    ("words", True, ["a", "b"], ["b"], 1, "İ Jo b", "b jo", "b <unk>"),  # İ in small letters is longer; places are not known
    ("words", False, ["The", "house", "of", "is", "old"], [], 1, "The House Of Smith Is Old", "Smith", "<unk>"),
    ("spaces", False, ["a", "b", "c"], ["b", "c"], 1, "a łódź b", "b c łódź", "b c <unk>"),
    ("characters", False, "ab x", ["b", " "], 2, "a xyx b", "b xyx", "b <unk><unk>"),
], ids=lambda value: value if isinstance(value, str) else None)
def test_the_source_word_stands_for_an_unknown_one(tmp_path, rule, lower, pieces, forced, n_unknown, text, translation, plain):
    writing_unknown(tmp_path, rule, pieces, forced, n_unknown, lower)
    [found], [without] = translate_objects(tmp_path, [text]), translate_objects(tmp_path, [text], "--plain")
    assert (found["translation"], without["translation"]) == (translation, plain)
    [sentence] = found["sentences"]
    assert [token["piece"] for token in sentence["tokens"]["target"]] == [*forced, *["<unk>"] * n_unknown, "</s>"]


def test_tags_enclose_a_source_word(tmp_path):
    writing_unknown(tmp_path, "words", ["a", "b", "Jo"], ["b"], 1, attended="Jo")
    [found] = translate_objects(tmp_path, ["a <b>Jo</b> b"])
    assert found["translation"] == "<b>b Jo</b>"
    assert len(found["sentences"]) == 1
