"""export.py's readers against each system's own arithmetic (systems.py): ids of greedy search, and every named tensor. Needs
PyTorch."""

import json
import random

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from safetensors import safe_open

import export
import reference
import systems
from transformer_c import program
from transformer_c.options import Options

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


@pytest.mark.parametrize("kind", systems.SYSTEMS, ids=lambda kind: kind.name)
def test_every_id_and_tensor_is_the_system_s_own(kind, tmp_path):
    system = kind()
    directory, _ = exported(system, tmp_path / "theirs")
    texts = texts_of(system)
    generation = json.loads((directory / "config.json").read_text())["generation"]
    start = system.target_words.index(system.start)
    found, worst = set(), {}
    for words, [sentence] in zip(texts, program.translate_tokens(directory, [" ".join(text) for text in texts], "--plain")):
        assert sentence.source == system.source_ids(words)
        cap = min(generation["length_factor"] * len(sentence.source) + generation["length_extra"], generation["max_length"])
        assert sentence.target == system.greedy(sentence.source, cap, generation["forced_end"])
        found |= set(sentence.target)
    assert len(found) >= 5, "the model repeats itself, which compares little"
    for words in texts[:N_TRACED]:
        source, target, tensors = traced(directory, " ".join(words), tmp_path / "trace.safetensors")
        expected = system.forward(source, [start, *target[:-1]])
        assert tensors.keys() == expected.keys()
        for name, array in expected.items():
            worst[name] = max(worst.get(name, 0.0), reference.difference(tensors[name], array))
    name = max(worst, key=worst.get)
    print(f"{kind.name}: {N_TEXTS} lines, {len(worst)} tensors, largest difference {worst[name]:.1e} ({name})")
    assert worst[name] <= reference.TOLERANCE
