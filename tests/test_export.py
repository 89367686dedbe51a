"""export.py: what it writes, what it refuses; the golden files are made again. Needs PyTorch."""

import json
import re
import shutil
import types

import numpy
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
from safetensors import safe_open
from safetensors.numpy import save_file
from transformers import MarianMTModel, MarianTokenizer

import export
import make_golden
import reference
from transformer_c import checkpoint, program
from transformer_c.readers import marian as reader


@pytest.fixture(scope="module")
def marian(tmp_path_factory):
    """Hugging Face directories of the golden variants."""
    root = tmp_path_factory.mktemp("marian")
    return {name: make_golden.marian_directory(root / name, **arguments)
            for name, arguments in make_golden.VARIANTS.items()}


@pytest.fixture
def changed(marian, tmp_path):
    """A function that copies a variant with some keys of one of its JSON files changed."""
    def change(variant, file, **values):
        copy = tmp_path / "changed"
        shutil.copytree(marian[variant], copy)
        content = json.loads((copy / file).read_text())
        content.update(values)
        (copy / file).write_text(json.dumps(content))
        return copy
    return change


def tensors(path):
    with safe_open(path, "numpy") as file:
        return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no dictionary)


def test_golden_files_are_made_again(tmp_path):
    make_golden.main(tmp_path)
    names = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert len(names) > 20
    for name in names:
        committed = make_golden.GOLDEN / name
        if name.name == "golden.safetensors":  # other processors sum in another order
            found, expected = tensors(tmp_path / name), tensors(committed)
            assert found.keys() == expected.keys()
            for tensor, array in expected.items():
                assert reference.difference(found[tensor], array) < 1e-5, f"{name}: {tensor}"
        else:
            assert (tmp_path / name).read_bytes() == committed.read_bytes(), f"{name} differs"


@pytest.mark.parametrize("variant", make_golden.VARIANTS)
def test_a_float32_export_translates_as_transformers_does(marian, tmp_path, variant, capsys):
    export.export(marian[variant], tmp_path / "out", "float32")
    assert "5 of 5 sample lines have the ids of transformers" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_every_tensor_is_that_of_pytorch(marian, tmp_path):
    export.export(marian["swish"], tmp_path / "out", "float32")
    lines = tmp_path / "lines.txt"
    lines.write_text("The house is small.\nI have a dog.\nWhere is the station?\n")
    model, tokenizer = checkpoint.open_marian(marian["swish"])
    assert reference.compare_tensors(model, tmp_path / "out", lines, 3)
    assert reference.compare_ids(model, tokenizer, tmp_path / "out", lines)
    assert reference.compare_tokens(tokenizer, tmp_path / "out", lines)


def test_a_difference_is_found(marian, tmp_path, capsys):
    """The comparison fails for another model's weights: it can fail."""
    export.export(marian["swish"], tmp_path / "out", "float32")
    other = tmp_path / "other"
    make_golden.marian_directory(other, **make_golden.VARIANTS["swish"] | {"seed": 99})
    lines = tmp_path / "lines.txt"
    lines.write_text("The house is small.\nI have a dog.\n")
    model, tokenizer = checkpoint.open_marian(other)
    assert not reference.compare_tensors(model, tmp_path / "out", lines, 2)
    assert not reference.compare_ids(model, tokenizer, tmp_path / "out", lines)


def test_int8_neighbours_add_up_to_129_at_most():
    rounded, scale = export.quantize(numpy.array([[1.0, 1.0, -1.0, 0.5], [1.0, -1.0, 0.0, 1.0]], dtype=numpy.float32))
    assert rounded.tolist() == [[64, 64, -64, 32], [127, -127, 0, 127]]
    assert scale == pytest.approx([1 / 64, 1 / 127])
    weight = numpy.random.default_rng(1).normal(size=(200, 33)).astype(numpy.float32)
    rounded = export.quantize(weight)[0].astype(int)
    assert numpy.abs(rounded[:, 0:32:2] + rounded[:, 1:32:2]).max() in (127, 128, 129)
    assert numpy.abs(rounded).max() <= 127


def test_int8_rows_are_rounded_to_127_steps():
    weight = numpy.array([[1.0, -2.0, 0.5], [0.0, 0.0, 0.0]], dtype=numpy.float32)
    rounded, scale = export.quantize(weight)
    assert rounded.tolist() == [[64, -127, 32], [0, 0, 0]]
    assert scale == pytest.approx([2 / 127, 1])


def test_int8_scales_leave_the_smallest_squared_error():
    """In steps of 1, 127 stays and 24.5 becomes 24; in steps of 0.98, 127 becomes 124.46 and 24.5 stays."""
    rounded, scale = export.quantize(numpy.array([[127.0, 0.0] + 40 * [24.5]], dtype=numpy.float32))
    assert rounded.tolist() == [[127, 0] + 40 * [25]]
    assert scale == pytest.approx([0.98])


def test_int8_neighbours_that_a_smaller_scale_makes_too_large_are_cut_off():
    """127 + 127 is 125 more than 129: 62 and 63 less."""
    weight = numpy.array([[1.0, 1.0, -1.0, -1.0, 1.0, -1.0, 1.0]], dtype=numpy.float32)
    assert export.rounded(weight, numpy.array([1 / 127])).tolist() == [[65, 64, -65, -64, 127, -127, 127]]


@pytest.mark.parametrize("name", ["a", "names" * 10, "n" * 64])
def test_weights_begin_with_a_cache_line(tmp_path, name):
    stored = {name: numpy.arange(7, dtype=numpy.float32), "b": numpy.arange(3, dtype=numpy.int8)}
    export.write_weights(tmp_path / "file", stored)
    assert (8 + int.from_bytes((tmp_path / "file").read_bytes()[:8], "little")) % 64 == 0
    read = tensors(tmp_path / "file")
    assert read.keys() == stored.keys() and all((read[key] == stored[key]).all() for key in stored)


def test_a_bin_file_is_read_without_running_its_code(marian, tmp_path):
    copy = tmp_path / "bin"
    shutil.copytree(marian["relu"], copy)
    torch.save({name: torch.from_numpy(array) for name, array in tensors(copy / "model.safetensors").items()},
               copy / "pytorch_model.bin")
    (copy / "model.safetensors").unlink()
    export.export(copy, tmp_path / "out", "float32")
    export.export(marian["relu"], tmp_path / "expected", "float32")
    assert (tmp_path / "out/model.safetensors").read_bytes() == (tmp_path / "expected/model.safetensors").read_bytes()


@pytest.mark.parametrize("file, values, says", [
    ("config.json", {"model_type": "bart"}, "missing keys in the weights: model.decoder.layernorm_embedding"),
    ("config.json", {"model_type": "t5"}, "t5: T5 adds relative positions"),
    ("config.json", {"model_type": "gpt2"}, "model_type 'gpt2'; expected marian, bart"),
    ("config.json", {"normalize_before": True}, "normalize_before: found True, expected False"),
    ("config.json", {"add_final_layer_norm": True}, "add_final_layer_norm"),
    ("config.json", {"static_position_embeddings": False}, "static_position_embeddings"),
    ("config.json", {"add_bias_logits": True}, "add_bias_logits"),
    ("config.json", {"extra_pos_embeddings": 7}, "extra_pos_embeddings: found 7, expected"),
    ("config.json", {"activation_function": "tanh"}, "found 'tanh', expected relu, swish or gelu"),
    ("config.json", {"encoder_layers": 1}, "unexpected keys in the weights"),
    ("config.json", {"encoder_layers": 5}, "missing keys in the weights"),
    ("generation_config.json", {"no_repeat_ngram_size": 3}, "found no_repeat_ngram_size 3"),
    ("generation_config.json", {"forced_bos_token_id": 5}, "found forced_bos_token_id 5"),
    ("generation_config.json", {"bad_words_ids": [[1, 2]]}, "several tokens"),
    ("generation_config.json", {"bad_words_ids": [[100000]]}, "suppressed id 100000"),
    ("generation_config.json", {"eos_token_id": 7}, "eos_token_id, against config.json: found 7, expected 0"),
    ("generation_config.json", {"forced_eos_token_id": 5}, "forced_eos_token_id: found 5, expected 0"),
    ("generation_config.json", {"max_new_tokens": 5}, "found max_new_tokens 5"),
    ("generation_config.json", {"max_length": 1}, "found max_length 1"),
    ("tokenizer_config.json", {"sp_model_kwargs": {"enable_sampling": True}}, "sp_model_kwargs"),
    ("config.json", {"decoder_attention_heads": 3}, "decoder_attention_heads: found 3, expected a divisor of d_model, 16"),
    ("config.json", {"quantization_config": {}}, "quantization_config"),
    ("vocab.json", {"▁more": 117}, "expected the ids 0 to"),
])
def test_what_is_outside_the_family_is_refused(changed, tmp_path, file, values, says):
    with pytest.raises(checkpoint.Unsupported, match=says):
        export.export(changed("swish", file, **values), tmp_path / "out", "float32")
    assert not (tmp_path / "out").exists()


def test_suppressed_ids_and_lengths_come_from_the_generation_settings(changed, tmp_path):
    directory = changed("swish", "generation_config.json", suppress_tokens=[7, 3], max_length=20, forced_eos_token_id=None)
    export.export(directory, tmp_path / "out", "float32")
    config = json.loads((tmp_path / "out/config.json").read_text())
    pad = config["target"]["pad"]
    assert config["generation"] == {"length_factor": 2, "length_extra": 30,
                                    "max_length": 19, "forced_end": False, "suppressed": [3, 7, pad]}


@pytest.mark.parametrize("pieces, separate, expected", [
    (["</s>", "<copy:0>", "<copy:2>", "<copy:1>"], False, [1, 3, 2]),
    (["<copy:1>"], False, []),
    (["<copy:0>"], True, []),
    ([f"<copy:{i}>" for i in range(20)], False, list(range(16))),
])
def test_copy_tokens_are_those_of_the_vocabulary(pieces, separate, expected):
    tokenizer = types.SimpleNamespace(encoder={piece: id_ for id_, piece in enumerate(pieces)}, separate_vocabs=separate)
    assert reader.copy_tokens(tokenizer) == expected


def test_an_export_replaces_a_checkpoint_and_keeps_its_card(marian, tmp_path):
    out = tmp_path / "out"
    export.export(marian["relu"], out, "float32")
    (out / "README.md").write_text("a card")
    export.export(marian["swish"], out, "int8")
    assert json.loads((out / "config.json").read_text())["activation"] == "swish"
    assert (out / "README.md").read_text() == "a card"


def test_an_export_does_not_replace_what_it_reads(marian):
    for out in (marian["relu"], marian["relu"] / "inside", marian["relu"].parent):
        with pytest.raises(checkpoint.Unsupported, match="overlaps with"):
            export.export(marian["relu"], out, "float32")


def test_an_export_does_not_replace_a_hugging_face_directory(marian, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(marian["swish"], other)
    with pytest.raises(checkpoint.Unsupported, match="found other files there"):
        export.export(marian["relu"], other, "float32")
    assert (other / "vocab.json").is_file()


def test_an_opus_mt_directory_of_the_hub_exports(changed, tmp_path):
    """Half precision .bin weights, no generation_config.json, its settings and the legacy keys in config.json."""
    hub = changed("swish", "config.json", num_beams=6, max_length=40, add_bias_logits=False, normalize_before=False,
                  normalize_embedding=False, add_final_layer_norm=False, static_position_embeddings=True,
                  extra_pos_embeddings=len(make_golden.vocabulary("both")))
    config = json.loads((hub / "config.json").read_text())
    config["bad_words_ids"] = [[config["pad_token_id"]], [0], [9]]
    del config["decoder_vocab_size"]
    (hub / "config.json").write_text(json.dumps(config))
    (hub / "generation_config.json").unlink()
    torch.save({name: torch.from_numpy(array).half() for name, array in tensors(hub / "model.safetensors").items()},
               hub / "pytorch_model.bin")
    (hub / "model.safetensors").unlink()
    export.export(hub, tmp_path / "out", "float32")
    config = json.loads((tmp_path / "out/config.json").read_text())
    assert config["generation"] == {"length_factor": 2, "length_extra": 30,
                                    "max_length": 39, "forced_end": True, "suppressed": [9, config["target"]["pad"]]}


def test_an_export_does_not_replace_other_files(marian, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(checkpoint.Unsupported, match="found other files there"):
        export.export(marian["relu"], tmp_path, "float32")
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_exported_int8_says_so(marian, tmp_path):
    export.export(marian["relu"], tmp_path / "out", "int8")
    shown = program.translate(tmp_path / "out", [], "--info").stdout.decode()
    assert "int8" in shown and "3 layers, 2 heads, d_ff 24" in shown


def make_foreign(place, what):
    """Makes something at `place` that is not a checkpoint of export.py; returns the file in it."""
    if what == "a file":
        place.write_text("mine")
        return place
    place.mkdir()
    if what == "a checkpoint with another file":
        shutil.copytree(make_golden.GOLDEN / "relu", place, dirs_exist_ok=True)
        (place / "golden.json").unlink()
        (place / "golden.safetensors").unlink()
    elif what == "files of another format":
        (place / "config.json").write_text('{"format": "other", "note": "transformer.c"}')
    file = place / ("model.safetensors" if what == "files of another format" else "mine")
    file.write_text("mine")
    return file


@pytest.mark.parametrize("what", ["a file", "a directory", "files of another format", "a checkpoint with another file"])
@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_an_export_removes_nothing_that_it_did_not_make(marian, tmp_path, monkeypatch, what, when):
    kept = [make_foreign(tmp_path / name, "a directory") for name in ("out.old", "out.part", ".out.part")]
    if when == "before":
        kept.append(make_foreign(tmp_path / "out", what))
    else:
        monkeypatch.setattr(reader, "compare_sample", lambda *_: kept.append(make_foreign(tmp_path / "out", what)) is None)
    with pytest.raises(checkpoint.Unsupported, match="out: found (a file|other files) there"):
        export.export(marian["relu"], tmp_path / "out", "float32")
    assert [file.read_text() for file in kept] == 4 * ["mine"]
    assert sorted(path.name for path in tmp_path.iterdir()) == [".out.part", "out", "out.old", "out.part"]


def test_an_export_beside_old_and_part_leaves_them(marian, tmp_path, monkeypatch):
    monkeypatch.setattr(reader, "compare_sample", lambda *_: None)
    kept = [make_foreign(tmp_path / name, "a directory") for name in ("out.old", "out.part")]
    for _ in range(2):  # makes it, and replaces it
        export.export(marian["relu"], tmp_path / "out", "int8")
    assert [file.read_text() for file in kept] == 2 * ["mine"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "out.old", "out.part"]


def copy_of(directory, tmp_path):
    return shutil.copytree(directory, tmp_path / "copy")


@pytest.mark.parametrize("file, text, says", [
    *((name, "version https://git-lfs.github.com/spec/v1\noid sha256:1\n", f"{name}: is a Git LFS pointer; run git lfs pull")
      for name in ("model.safetensors", "source.spm", "vocab.json")),
    *((name, "", f"{name}: is empty; download it again")
      for name in ("model.safetensors", "source.spm", "target.spm", "vocab.json", "config.json", "generation_config.json")),
    *((name, "{'not': 'JSON'}", f"{name}: found something that is not JSON")
      for name in ("config.json", "generation_config.json", "tokenizer_config.json", "vocab.json")),
    ("generation_config.json", "[1]", "generation_config.json: found JSON that is not an object"),
    ("vocab.json", '{"a": "b"}', "vocab.json: 'a': found 'b', expected an id"),
    ("vocab.json", '{"</s>": 0, "<pad>": 1}', "vocab.json: found no <unk>, which is the unk_token"),
    ("source.spm", "no model", "source.spm: is no SentencePiece model"),
    ("model.safetensors", "no weights", "model.safetensors: is damaged"),
    ("model.safetensors", None, "found neither model.safetensors nor pytorch_model.bin"),
    ("target.spm", None, "found no file target.spm"),
])
def test_damaged_files_are_named(marian, tmp_path, file, text, says):
    copy = copy_of(marian["swish"], tmp_path)
    (copy / file).unlink()
    if text is not None:
        (copy / file).write_text(text)
    with pytest.raises(checkpoint.Unsupported, match=re.escape(says)):
        checkpoint.open_marian(copy)


@pytest.mark.parametrize("file, key, value, says", [
    ("generation_config.json", "bad_words_ids", [["a"]], "bad_words_ids: found ['a'], expected a list of ids"),
    ("generation_config.json", "max_length", "41", "found max_length '41', expected a number"),
    ("generation_config.json", "suppress_tokens", 3, "suppress_tokens: found 3, expected a list of ids"),
    ("generation_config.json", "suppress_tokens", [0], "suppress_tokens: found the end token"),
    ("generation_config.json", "eos_token_id", [0, 1], "found eos_token_id [0, 1], expected one id"),
    ("config.json", "d_model", None, "config.json: d_model: found None, expected a number from 2 to 65536"),
    ("config.json", "encoder_layers", 10**6, "config.json: encoder_layers: found 1000000"),
    ("config.json", "encoder_ffn_dim", 65536, "config.json: describes a model of"),
    ("config.json", "max_position_embeddings", 8000, "config.json: max_position_embeddings: found 8000, more than"),
    ("config.json", "scale_embedding", "yes", "config.json: scale_embedding: found 'yes'"),
    ("config.json", "pad_token_id", 0, "config.json: pad_token_id: found 0, which is eos_token_id too"),
    ("config.json", "decoder_start_token_id", 5000, "config.json: decoder_start_token_id: found 5000"),
    ("config.json", "tie_encoder_decoder", True, "config.json: tie_encoder_decoder"),
    ("tokenizer_config.json", "source_lang", 5, "tokenizer_config.json: source_lang: found 5"),
    ("tokenizer_config.json", "separate_vocabs", "no", "tokenizer_config.json: separate_vocabs: found 'no'"),
    ("tokenizer_config.json", "added_tokens_decoder", [1], "tokenizer_config.json: added_tokens_decoder: found [1]"),
])
def test_values_that_are_none_are_named(changed, file, key, value, says):
    with pytest.raises(checkpoint.Unsupported, match=re.escape(says)):
        checkpoint.open_marian(changed("swish", file, **{key: value}))


def test_a_longer_decoder_vocabulary_is_named(changed):
    with pytest.raises(checkpoint.Unsupported, match="decoder_vocab_size: found 33, expected vocab_size"):
        checkpoint.open_marian(changed("gelu", "config.json", decoder_vocab_size=33))


@pytest.mark.parametrize("file, values", [
    ("generation_config.json", {"eos_token_id": [0], "forced_eos_token_id": [0]}),
    ("config.json", {"eos_token_id": [0], "forced_eos_token_id": [0]}),
    ("generation_config.json", {"output_attentions": True, "return_dict_in_generate": True, "temperature": "a"}),
    ("config.json", {"id2label": 5, "torch_dtype": "none", "architectures": None, "bos_token_id": None}),
    ("tokenizer_config.json", {"model_max_length": "a", "extra_special_tokens": 5, "tokenizer_class": "Other"}),
])
def test_what_changes_no_translation_is_exported(marian, changed, tmp_path, file, values):
    for name, directory in (("expected", marian["swish"]), ("found", changed("swish", file, **values))):
        model, tokenizer = checkpoint.open_marian(directory)
        assert checkpoint.greedy(model, [[5, 0]])
        (tmp_path / name).mkdir()
        export.write_checkpoint(tmp_path / name, reader.describe(directory, model, tokenizer), "hf", "float32")
        make_golden.steady_origin(tmp_path / name)
    for path in (tmp_path / "expected").iterdir():
        assert path.read_bytes() == (tmp_path / "found" / path.name).read_bytes()


@pytest.mark.parametrize("values, max_length", [({"max_length": None, "bad_words_ids": []}, 63), ({"max_length": 7}, 6)])
def test_no_maximum_length_is_that_of_the_positions(changed, values, max_length):
    directory = changed("swish", "generation_config.json", **values)
    config = json.loads((directory / "config.json").read_text())
    config.pop("max_length", None)
    (directory / "config.json").write_text(json.dumps(config))
    model, _ = checkpoint.open_marian(directory)
    assert checkpoint.max_length(model) == max_length


def test_bos_begins_where_nothing_else_says_how(changed):
    directory = changed("swish", "generation_config.json", decoder_start_token_id=None, bos_token_id=None)
    config = json.loads((directory / "config.json").read_text()) | {"decoder_start_token_id": None, "bos_token_id": None}
    (directory / "config.json").write_text(json.dumps(config))
    with pytest.raises(checkpoint.Unsupported, match="config.json: decoder_start_token_id: found None"):
        checkpoint.open_marian(directory)
    (directory / "config.json").write_text(json.dumps(config | {"bos_token_id": 9}))
    assert checkpoint.open_marian(directory)[0].config.decoder_start_token_id == 9


@pytest.mark.parametrize("kind", ["safetensors", "bin"])
def test_shards_are_exported(marian, tmp_path, kind):
    copy = copy_of(marian["swish"], tmp_path)
    MarianMTModel.from_pretrained(marian["swish"]).save_pretrained(
        copy, max_shard_size="20KB", safe_serialization=kind == "safetensors")
    (copy / "model.safetensors").unlink(missing_ok=True)
    assert len(list(copy.glob("*-of-*"))) > 1
    found, expected = (reader.resolved_tensors(checkpoint.open_marian(place)[0]) for place in (copy, marian["swish"]))
    assert found.keys() == expected.keys() and all(numpy.array_equal(found[name], expected[name]) for name in expected)
    index = next(copy.glob("*.index.json"))
    index.write_text(re.sub("[a-z_]*-00001-of", "../x-of", index.read_text()))
    with pytest.raises(checkpoint.Unsupported, match="weight_map: found the file '../x-of.*', expected a file beside it"):
        checkpoint.open_marian(copy)


def with_tokens(directory, copy, add):
    """A copy of a Hugging Face directory with added tokens, its embeddings lengthened."""
    tokenizer, model = MarianTokenizer.from_pretrained(directory), MarianMTModel.from_pretrained(directory)
    add(tokenizer)
    torch.manual_seed(1)
    model.resize_token_embeddings(len(tokenizer))
    model.save_pretrained(copy)
    tokenizer.save_pretrained(copy)
    return copy


@pytest.mark.parametrize("add, lines", [
    (lambda tokenizer: tokenizer.add_tokens([">>deu<<", ">>fra<<"]), [">>fra<< The house is small.", ">>deu<<I have a dog."]),
    (lambda tokenizer: tokenizer.add_special_tokens({"additional_special_tokens": [">>deu<<"]}), [">>deu<< Good morning."]),
    (lambda tokenizer: tokenizer.add_special_tokens({"bos_token": "<s>"}), ["The house is small."]),
])
def test_added_tokens_before_a_text_have_the_ids_of_transformers(marian, tmp_path, add, lines):
    copy = with_tokens(marian["swish"], tmp_path / "copy", add)
    export.export(copy, tmp_path / "out", "float32")
    tokenizer = MarianTokenizer.from_pretrained(copy)
    found = [sentence.source for [sentence] in program.translate_tokens(tmp_path / "out", lines, "--plain")]
    assert found == [tokenizer(line).input_ids for line in lines]


@pytest.mark.parametrize("add, names", [
    (lambda tokenizer: tokenizer.add_tokens(["new", "other"]), "['new', 'other']"),
    (lambda tokenizer: tokenizer.add_tokens(["▁with"]), "['▁with']"),
    (lambda tokenizer: tokenizer.add_special_tokens({"additional_special_tokens": ["<sep>", ">>deu<<"]}), "['<sep>']"),
])
def test_added_tokens_within_a_text_are_named(marian, tmp_path, add, names):
    copy = with_tokens(marian["swish"], tmp_path / "copy", add)
    with pytest.raises(checkpoint.Unsupported, match=re.escape(f"found the added tokens {names}, which transformers finds")):
        checkpoint.open_marian(copy)


@pytest.mark.parametrize("n", [3, 9])
def test_few_positions_are_exported(tmp_path, n, capsys):
    directory = make_golden.marian_directory(
        tmp_path / "few", **make_golden.VARIANTS["swish"] | {"max_position_embeddings": n, "max_length": n})
    export.export(directory, tmp_path / "out", "float32")
    assert "5 of 5 sample lines" in capsys.readouterr().err


def test_a_start_token_that_is_a_piece_stays_in_the_text(changed, tmp_path):
    directory = changed("swish", "generation_config.json", decoder_start_token_id=7)
    config = json.loads((directory / "config.json").read_text()) | {"decoder_start_token_id": 7}
    (directory / "config.json").write_text(json.dumps(config))
    weights = tensors(directory / "model.safetensors")
    weights["final_logits_bias"][0, 7] += 100
    save_file(weights, directory / "model.safetensors")
    export.export(directory, tmp_path / "out", "float32")
    _, tokenizer = checkpoint.open_marian(directory)
    texts = program.translate(tmp_path / "out", reader.SAMPLE[:4], "--plain").stdout.decode().splitlines()
    ids = [[id_ for sentence in line for id_ in sentence.target]
           for line in program.translate_tokens(tmp_path / "out", reader.SAMPLE[:4], "--plain")]
    assert texts == [tokenizer.decode(line, skip_special_tokens=True) for line in ids]
    assert all(7 in line for line in ids) and all(texts)
