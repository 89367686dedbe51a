"""Byte-pair encoding against subword-nmt (which make_bpe.py ran), and against Hugging Face's BartTokenizer and tokenizers.
Needs these two."""

import json

import pytest

pytest.importorskip("tokenizers")
pytest.importorskip("transformers")

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import BartTokenizer

from bpe_lines import LINES, PHRASES
from edits import ABSENT, GOLDEN
from plain_checkpoint import plain_checkpoint
from transformer_c.program import ProgramFailure, translate, translate_objects, translate_tokens

SPECIAL = ["<unk>", "</s>"]


def ids_of(pieces):
    """{piece: id}, with the special tokens first."""
    return {piece: id_ for id_, piece in enumerate([*SPECIAL, *(piece for piece in pieces if piece not in SPECIAL)])}


def check(directory, expected, ids):
    """expected: the pieces of each of LINES."""
    for line, sentences, pieces in zip(LINES, translate_tokens(directory, LINES, "--plain"), expected, strict=True):
        found = [id_ for sentence in sentences for id_ in sentence.source]
        assert found == [ids.get(piece, 0) for piece in pieces], ascii(line)


def test_pieces_are_those_of_subword_nmt(tmp_path):
    golden = json.loads((GOLDEN / "subword_nmt.json").read_text(encoding="utf-8"))
    expected = [line.split(" ") if line else [] for line in golden["pieces"]]
    ids = ids_of(dict.fromkeys(piece for pieces in expected for piece in pieces if not piece.endswith("\r")))
    plain_checkpoint(tmp_path, list(ids), {"splitter": "bpe", "lower_case": False, "n_merges": len(golden["merges"])},
                     golden["merges"])
    check(tmp_path, expected, ids)


@pytest.fixture(scope="module")
def gpt(tmp_path_factory):
    """A byte-level vocabulary and its merges, as the files that BartTokenizer reads; (directory, vocabulary, merges)"""
    directory = tmp_path_factory.mktemp("gpt")
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.train_from_iterator(PHRASES, trainers.BpeTrainer(
        vocab_size=900, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False,
        special_tokens=["<unk>", "</s>", "<s>", "<pad>", "<mask>"]))
    tokenizer.model.save(str(directory))
    merges = (directory / "merges.txt").read_text(encoding="utf-8").splitlines()[1:]
    return directory, tokenizer.get_vocab(), merges


def byte_checkpoint(directory, gpt, prefix_space, **changes):
    _, vocabulary, merges = gpt
    return plain_checkpoint(directory, sorted(vocabulary, key=vocabulary.get), {
        "splitter": "byte_bpe", "lower_case": False, "n_merges": len(merges), "prefix_space": prefix_space}, merges, **changes)


@pytest.mark.parametrize("prefix_space", [False, True], ids=["without a space", "with a space"])
def test_pieces_are_those_of_bart(tmp_path, gpt, prefix_space):
    directory, vocabulary, merges = gpt
    bart = BartTokenizer(directory / "vocab.json", directory / "merges.txt", add_prefix_space=prefix_space)
    fast = Tokenizer(models.BPE(vocabulary, [tuple(merge.split(" ")) for merge in merges]))
    fast.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=prefix_space)
    expected = [bart.tokenize(line, split_special_tokens=True) for line in LINES]
    assert expected == [fast.encode(line).tokens for line in LINES]
    byte_checkpoint(tmp_path, gpt, prefix_space)
    check(tmp_path, expected, vocabulary)


def test_text_of_bytes(tmp_path, gpt):
    """Forced ids are decoded as tokenizers decodes them: whole characters, and parts of some."""
    _, vocabulary, _ = gpt
    pieces = sorted(vocabulary, key=vocabulary.get)
    decode = decoders.ByteLevel().decode
    for forced in (["ĠT", "h", "is", "Ġ", "Ã", "¼", "Ã", "a"], ["â", "Ĥ", "¬", "!"], ["â", "Ĥ", "x", "ð", "Ł", "ĺ", "Ģ"]):
        byte_checkpoint(tmp_path, gpt, False, target={
            "language": "de", "n_vocabulary": len(pieces), "start": 1, "forced": [vocabulary[piece] for piece in forced],
            "end": 1, "pad": 3, "silent": [1, 3]}, generation={
            "length_factor": 0, "length_extra": len(forced) + 1, "max_length": len(forced) + 1, "forced_end": True,
            "suppressed": []})
        [found] = translate_objects(tmp_path, ["a"], "--plain")
        assert found["translation"] == decode(forced).strip(" ")


def test_a_word_of_65536_characters_takes_seconds(tmp_path, gpt):
    byte_checkpoint(tmp_path, gpt, False)
    done = translate(tmp_path, ["ab.c" * 16384], "--plain")
    assert b"longer than the checkpoint's 2048 positions" in done.stderr


def test_the_merges_are_a_file_of_the_checkpoint(tmp_path, gpt):
    """A run reads them, and does not write to them; nor does it miss a SentencePiece model."""
    byte_checkpoint(tmp_path, gpt, False)
    (tmp_path / "in.txt").write_text("a\n" * 3)
    translate(tmp_path, [], "--input", tmp_path / "in.txt", "--output", tmp_path / "out.txt")
    assert (tmp_path / "out.txt").read_text().count("\n") == 3
    with pytest.raises(ProgramFailure, match="part of the checkpoint"):
        translate(tmp_path, [], "--input", tmp_path / "in.txt", "--output", tmp_path / "source.bpe")


@pytest.mark.parametrize("splitter, changes, said", [
    ("bpe", {"n_merges": ABSENT}, "tokenizer: missing key \"n_merges\""),
    ("bpe", {"n_merges": 0}, "\"n_merges\" is 0, expected an integer from 1"),
    ("bpe", {"prefix_space": True}, "tokenizer: unknown key \"prefix_space\""),
    ("byte_bpe", {}, "tokenizer: missing key \"prefix_space\""),
    ("spaces", {}, "tokenizer: unknown key \"n_merges\""),
    ("bpe", {"n_merges": 3}, "source.bpe: 2 complete lines, but config.json promises 3"),
    ("wordpiece", {"n_merges": ABSENT}, "unknown tokenizer \"wordpiece\", expected")])
def test_wrong_tokenizers_are_refused(tmp_path, splitter, changes, said):
    tokenizer = {"splitter": splitter, "lower_case": False, "n_merges": 2} | changes
    plain_checkpoint(tmp_path, [*SPECIAL, "a", "b"], {key: value for key, value in tokenizer.items() if value is not ABSENT},
                     ["a b", "b c"])
    with pytest.raises(ProgramFailure) as refused:
        translate(tmp_path, ["a"])
    assert said in str(refused.value)
