"""export.py with damaged Hugging Face directories: each is exported or refused with a message of one line that names a file,
and nothing is left behind; never a traceback, a crash or a hang. Needs PyTorch.

    test_damaged_marian.py --cases N [--seed S]

Run by hand, damages N directories at random and prints how many were exported and refused. pytest does the same with a few.
"""

import argparse
import collections
import copy
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import traceback
from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(TESTS), str(TESTS.parent / "scripts")]  # when run by hand

os.environ["OMP_NUM_THREADS"] = "1"  # threads do not survive a fork

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
from safetensors.torch import load_file

import export
import make_golden
from transformer_c import program

SECONDS = 120  # a case that takes longer hangs
FILES = ("config.json generation_config.json tokenizer_config.json special_tokens_map.json vocab.json target_vocab.json "
         "source.spm target.spm").split()
VALUES = [None, True, False, -1, 0, 1, 2, 3, 99, 2**31, 10**30, 1.5, 1e308, float("nan"), "", "a", "41", "<unk>", "\ud800",
          "\n", [], [0], [1, 2], ["a"], [[]], [["a"]], [[0]], [[5]], {}, {"a": 1}, {"content": "b"}, {"0": "</s>"}, {"200": {}},
          {"117": {"content": ">>x<<", "special": True}}, {"117": {"content": "new", "special": False}}]
KEYS = ("eos_token_id pad_token_id decoder_start_token_id bos_token_id forced_eos_token_id max_length bad_words_ids "
        "suppress_tokens num_beams output_attentions return_dict_in_generate temperature cache_implementation d_model "
        "hidden_size decoder_vocab_size torch_dtype id2label architectures encoder_layers added_tokens_decoder "
        "additional_special_tokens extra_special_tokens bos_token unk_token pad_token eos_token separate_vocabs "
        "model_max_length source_lang target_lang tokenizer_class auto_map chat_template <unk> </s> <pad>").split()


def places(node):
    """All (container, key) of a JSON value."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in list(pairs):
        yield node, key
        yield from places(value)


def damage_json(file, dice):
    content = json.loads(file.read_text())
    for _ in range(dice.choice([1, 1, 1, 2, 3])):
        kind, found = dice.choice(4 * ["value"] + 2 * ["key", "delete"] + ["root"]), list(places(content))
        if kind == "root":
            content = copy.deepcopy(dice.choice(VALUES))
        elif kind == "key" and isinstance(content, dict):
            content[dice.choice(KEYS)] = copy.deepcopy(dice.choice(VALUES))
        elif found:
            container, key = dice.choice(found)
            if kind == "delete":
                del container[key]
            else:
                container[key] = copy.deepcopy(dice.choice(VALUES))
    file.write_text("[" * 100_000 if dice.random() < 0.02 else json.dumps(content))


def damage_bytes(file, dice):
    content = bytearray(file.read_bytes())
    kind = dice.choice(["cut", "cut", "flip", "flip", "empty", "pointer", "longer", "missing", "directory"])
    if kind == "cut":
        content = content[:dice.randrange(len(content))]
    elif kind == "flip":
        at = dice.randrange(min(len(content), 2000)) if dice.random() < 0.7 else dice.randrange(len(content))
        for i in range(at, min(at + dice.choice([1, 1, 2, 8]), len(content))):
            content[i] = dice.randrange(256)
    elif kind == "empty":
        content = b""
    elif kind == "pointer":
        content = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    elif kind == "longer":
        content += dice.randbytes(dice.randrange(1, 100))
    if kind in ("missing", "directory"):
        file.unlink()
    if kind == "directory":
        file.mkdir()
    if kind not in ("missing", "directory"):
        file.write_bytes(content)


def make_directories(root):
    """Directories of several shapes: shared and separate vocabularies, one file of weights and shards, .bin files."""
    for name in ("relu", "gelu", "swish"):
        make_golden.marian_directory(root / name, **make_golden.VARIANTS[name])
    shutil.copytree(root / "swish", root / "bin")
    torch.save(load_file(root / "bin/model.safetensors"), root / "bin/pytorch_model.bin")
    (root / "bin/model.safetensors").unlink()
    shutil.copytree(root / "relu", root / "shards")
    model = export.checkpoint.open_marian(root / "relu")[0]
    (root / "shards/model.safetensors").unlink()
    model.save_pretrained(root / "shards", max_shard_size="20KB")
    shutil.copytree(root / "swish", root / "old")
    (root / "old/generation_config.json").unlink()
    return [root / name for name in ("relu", "gelu", "swish", "bin", "shards", "old")]


def in_child(action):
    """Runs an action in a forked process: ("ended", what it returns), ("traceback", text) or ("died", signal)."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        try:
            said = "ended", action()
        except BaseException:
            said = "traceback", traceback.format_exc()
        with open(writer, "w", encoding="utf-8", errors="backslashreplace") as file:
            json.dump(said, file)
        os._exit(0)
    os.close(writer)
    with open(reader, encoding="utf-8") as file:
        said = file.read()
    status = os.waitpid(child, 0)[1]
    return tuple(json.loads(said)) if said else ("died", str(status))


def refusal(directory, out, dtype):
    """The message that refuses an export; "" if it succeeds."""
    try:
        export.export(directory, out, dtype)
    except (export.Unsupported, program.ProgramFailure, OSError) as problem:
        return export.message(problem)
    return ""


def check_case(original, directory, seed):
    """Damages a copy of a directory. Gives "exported", "refused" or what is wrong."""
    dice = random.Random(seed)
    shutil.copytree(original, directory / "marian")
    files = [path for path in (directory / "marian").iterdir() if path.name in FILES or "model" in path.name]
    for file in dice.sample(sorted(files), dice.choice([1, 1, 1, 2])):
        (damage_json if file.suffix == ".json" and dice.random() < 0.8 else damage_bytes)(file, dice)
    (directory / "place").mkdir()
    how, said = in_child(lambda: refusal(directory / "marian", directory / "place/out", dice.choice(["float32", "int8"])))
    left = [path.name for path in (directory / "place").iterdir()]
    if how != "ended":
        return f"{how}: {said}"
    if left != ([] if said else ["out"]):
        return f"left {left}: {said}"
    if not said:
        return "exported"
    named = any(file.name in said for file in files) or str(directory / "marian") in said
    return "refused" if named and "\n" not in said else f"names no file, or has several lines: {said}"


def check_cases(n, seed, scratch, show=lambda text: None):
    """Counts of "exported" and "refused", and the list of all other outcomes."""
    originals = make_directories(scratch)
    outcomes, wrong = collections.Counter(), []
    for case in range(seed, seed + n):
        directory = scratch / f"case-{case}"
        directory.mkdir()
        outcome = check_case(originals[case % len(originals)], directory, case)
        shutil.rmtree(directory)
        outcomes[outcome if outcome in ("exported", "refused") else "wrong"] += 1
        if outcome not in ("exported", "refused"):
            wrong.append(f"case {case}: {outcome}")
            show(wrong[-1])
    return outcomes, wrong


def test_damaged_directories_are_exported_or_refused(tmp_path):
    outcomes, wrong = check_cases(20, 0, tmp_path)
    assert not wrong and outcomes["exported"] and outcomes["refused"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, required=True, metavar="N")
    parser.add_argument("--seed", type=int, default=0, metavar="S")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        outcomes, wrong = check_cases(arguments.cases, arguments.seed, Path(scratch), lambda text: print(text, flush=True))
    print(", ".join(f"{n} {outcome}" for outcome, n in sorted(outcomes.items())))
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
