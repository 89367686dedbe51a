"""export.py's readers against each system's own arithmetic (systems.py): ids of greedy search, and every named tensor. Needs
PyTorch."""

import json
import random
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from safetensors import safe_open

import export
import reference
import systems
from transformer_c import program
from transformer_c.options import Options
from transformer_c.readers import ctranslate2

READERS = Path(__file__).resolve().parent / "readers"
EN_IPA = Path(__file__).resolve().parent.parent / "checkpoints/en-ipa"
N_TEXTS, N_TRACED = 24, 4


def exported(system, directory):
    directory.mkdir(exist_ok=True)
    source = system.save(directory)
    given = {"max-positions": 20} | system.options | {"tokenizer": "spaces"} | system.write_vocabularies(directory)
    options = Options(given)
    export.export(source, directory.parent / "out", "float32", options)
    return directory.parent / "out", options


def texts_of(system):
    choose = random.Random(7)
    words = [word for word in system.source_words if word not in system.special]
    return [choose.choices(words, k=1 + i % 9) for i in range(N_TEXTS)]


def traced(directory, text, file):
    """(source ids, target ids, {name: array}) of one sentence."""
    program.translate(directory, [], "--plain", "--trace", str(file), "--", text)
    with safe_open(file, "numpy") as found:
        ids = [[int(id_) for id_ in found.metadata()[f"{side}_ids"].split()] for side in ("source", "target")]
        return *ids, {name: found.get_tensor(name) for name in found.keys()}  # noqa: SIM118 (no dictionary)


def greedy_ids_are_equal(system, directory, texts, joint=" "):
    """All target ids that occur, after comparing those of each text."""
    generation = json.loads((directory / "config.json").read_text())["generation"]
    found = set()
    lines = [joint.join(text) for text in texts]
    for words, [sentence] in zip(texts, program.translate_tokens(directory, lines, "--plain")):
        assert sentence.source == system.source_ids(words)
        cap = min(generation["length_factor"] * len(sentence.source) + generation["length_extra"], generation["max_length"])
        assert sentence.target == system.greedy(sentence.source, cap, generation["forced_end"])
        found |= set(sentence.target)
    return found


def largest_difference(system, directory, texts, joint=" "):
    """(the largest difference of a tensor, its name, number of tensors)."""
    start, worst = system.target_words.index(system.start), {}
    for words in texts:
        source, target, tensors = traced(directory, joint.join(words), directory.parent / "trace.safetensors")
        expected = system.forward(source, [start, *target[:-1]])
        assert tensors.keys() == expected.keys()
        for name, array in expected.items():
            worst[name] = max(worst.get(name, 0.0), reference.difference(tensors[name], array))
    name = max(worst, key=worst.get)
    print(f"{system.name}: {len(worst)} tensors, largest difference {worst[name]:.1e} ({name})")
    return worst[name]


@pytest.mark.parametrize("kind", systems.SYSTEMS, ids=lambda kind: kind.name)
def test_every_id_and_tensor_is_the_system_s_own(kind, tmp_path):
    system = kind()
    directory, _ = exported(system, tmp_path / "theirs")
    texts = texts_of(system)
    assert len(greedy_ids_are_equal(system, directory, texts)) >= 5, "the model repeats itself, which compares little"
    assert largest_difference(system, directory, texts[:N_TRACED]) <= reference.TOLERANCE


def test_a_trained_model_of_ctranslate2(tmp_path):
    """Arabic to Latin letters. Its references are of the float32 model; in this one, of int8 weights, one letter differs."""
    directory = READERS / "aren-transliteration"
    export.export(directory, tmp_path / "out", "float32", Options({"tokenizer": "characters"}))
    rows = [line.split("\t") for line in (directory / "references.tsv").read_text().splitlines()[1:]]
    texts = program.translate(tmp_path / "out", [row[0] for row in rows], "--plain").stdout.decode().splitlines()
    assert sum(text != row[1] for row, text in zip(rows, texts)) == 1
    words = [(directory / f"{side}_vocabulary.txt").read_text().splitlines() for side in ("source", "target")]
    system = systems.CTranslate2(ctranslate2.in_float32(ctranslate2.read_model(directory / "model.bin")), *words)
    choose = random.Random(3)
    names = [list(row[0]) for row in rows] + [choose.choices(words[0][3:], k=2 + i % 7) for i in range(16)]
    assert len(greedy_ids_are_equal(system, tmp_path / "out", names, "")) > 10
    assert largest_difference(system, tmp_path / "out", names[:N_TRACED], "") <= reference.TOLERANCE


def test_the_bundled_checkpoint_en_ipa_says_what_bart_says():
    rows = [line.split("\t") for line in (READERS / "en-ipa.tsv").read_text(encoding="utf-8").splitlines()[1:]]
    words = [row[1] for row in rows]
    assert program.translate(EN_IPA, words, "--plain").stdout.decode().splitlines() == [row[4] for row in rows]
    for row, [sentence] in zip(rows, program.translate_tokens(EN_IPA, words, "--plain")):
        assert [sentence.source, sentence.target] == [[int(id_) for id_ in row[i].split()] for i in (2, 3)]
