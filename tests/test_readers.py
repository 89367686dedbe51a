"""export.py's readers against each system's own arithmetic (systems.py): ids of greedy search, and every named tensor. Needs
PyTorch."""

import json
import random
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
import transformers
from safetensors import safe_open

import export
import make_golden
import reference
import systems
from transformer_c import program
from transformer_c.description import Unsupported
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


class HuggingFace(systems.System):
    """A random model of a family of transformers, whose own modules are watched while it computes."""
    special = ["<s>", "<pad>", "</s>", "<unk>"]

    def __init__(self, family, before=("<s>",), start="</s>", **arguments):
        torch.manual_seed(3)
        self.name, self.before, self.after, self.start, self.end = family, list(before), ["</s>"], start, "</s>"
        self.source_words = self.target_words = self.special + [f"w{i}" for i in range(17)]
        self.pre = family in ("MBart", "M2M100", "Pegasus", "Blenderbot")
        config = getattr(transformers, f"{family}Config")(
            vocab_size=21, d_model=32, encoder_layers=2, decoder_layers=2, encoder_ffn_dim=48, decoder_ffn_dim=48,
            encoder_attention_heads=4, decoder_attention_heads=4, max_position_embeddings=40, init_std=0.4, pad_token_id=1,
            bos_token_id=0, eos_token_id=2, forced_eos_token_id=None,
            decoder_start_token_id=self.special.index(start), attn_implementation="eager", **arguments)
        self.model = getattr(transformers, f"{family}ForConditionalGeneration")(config).eval()
        for name, tensor in self.model.state_dict().items():
            if "norm" in name or "bias" in name:
                tensor += 0.2 * torch.randn(tensor.shape)

    def save(self, directory):
        self.model.save_pretrained(directory)
        frame = " ".join([*self.before, "text", *self.after])
        self.options = {"source-frame": frame, "target-frame": f"{self.start} text </s>"}
        return directory

    def forward(self, source, target):
        kept, handles = {}, []

        def keep(name, tensor):
            kept[name] = tensor.detach().reshape(-1, tensor.shape[-1]).numpy().copy()

        def after(module, name):
            handles.append(module.register_forward_hook(lambda _, __, result: keep(name, result)))

        def before(module, name):
            handles.append(module.register_forward_pre_hook(lambda _, arguments: keep(name, arguments[0])))

        for stack in ("encoder", "decoder"):
            part = getattr(self.model.model, stack)
            first = part.layernorm_embedding if hasattr(part, "layernorm_embedding") else part.layers[0]
            before(first, f"{stack}.embedding")
            if first is not part.layers[0]:
                after(first, f"{stack}.embedding_norm")
            for i, layer in enumerate(part.layers):
                sublayers = [("self_attention", layer.self_attn, layer.self_attn_layer_norm)]
                if stack == "decoder":
                    sublayers.append(("cross_attention", layer.encoder_attn, layer.encoder_attn_layer_norm))
                for name, attention, _ in sublayers:
                    for theirs, ours in (("q_proj", ".query"), ("k_proj", ".key"), ("v_proj", ".value"), ("out_proj", "")):
                        after(getattr(attention, theirs), f"{stack}.{i}.{name}{ours}")
                    before(attention.out_proj, f"{stack}.{i}.{name}.heads")
                sublayers.append(("feed_forward", None, layer.final_layer_norm))
                before(layer.fc2, f"{stack}.{i}.feed_forward.inner")
                after(layer.fc2, f"{stack}.{i}.feed_forward")
                following = [norm for _, _, norm in sublayers[1:]]
                following.append(part.layers[i + 1].self_attn_layer_norm if i + 1 < len(part.layers) else
                                 getattr(part, "layer_norm", None))
                for (name, _, norm), following_norm in zip(sublayers, following):
                    after(norm, f"{stack}.{i}.{name}_norm")
                    if self.pre:
                        before(following_norm, f"{stack}.{i}.{name}_residual")
            if self.pre:
                after(part.layer_norm, f"{stack}.final_norm")
        with torch.no_grad():
            result = self.model(input_ids=torch.tensor([source]), decoder_input_ids=torch.tensor([target]),
                                attention_mask=torch.ones(1, len(source)), output_attentions=True, use_cache=False)
        for handle in handles:
            handle.remove()
        for name, weights in (("encoder.{}.self_attention", result.encoder_attentions),
                              ("decoder.{}.self_attention", result.decoder_attentions),
                              ("decoder.{}.cross_attention", result.cross_attentions)):
            for i, tensor in enumerate(weights):
                keep(f"{name.format(i)}.weights", tensor)
        keep("output", result.logits)
        return kept


@pytest.mark.parametrize("family, arguments", [
    ("Bart", {}), ("Bart", {"activation_function": "gelu_new", "scale_embedding": True}),
    ("MBart", {"before": [], "scale_embedding": True}), ("M2M100", {"before": ["<s>"], "scale_embedding": True}),
    ("Pegasus", {"before": [], "start": "<pad>", "scale_embedding": True}),
    ("Blenderbot", {"before": [], "start": "<s>", "scale_embedding": True}),
])
def test_families_of_hugging_face(family, arguments, tmp_path):
    system = HuggingFace(family, **arguments)
    directory, _ = exported(system, tmp_path / "theirs")
    texts = texts_of(system)
    assert len(greedy_ids_are_equal(system, directory, texts)) >= 4, "the model repeats itself, which compares little"
    assert largest_difference(system, directory, texts[:N_TRACED]) <= reference.TOLERANCE


def multilingual(kind, directory):
    """Writes a random model with a tokenizer of its family, whose pieces are those of a golden checkpoint. Returns (model,
    tokenizer, languages, id of the target language)."""
    spm = str(make_golden.GOLDEN / "swish/source.spm")
    directory.mkdir()
    if kind == "M2M100":
        pieces = (make_golden.GOLDEN / "swish/source.vocab").read_text(encoding="utf-8").splitlines()
        special = ["<s>", "<pad>", "</s>", "<unk>"]
        tokens = special + [piece for piece in pieces if piece not in special]
        (directory / "vocab.json").write_text(json.dumps({piece: id_ for id_, piece in enumerate(tokens)}))
        tokenizer = transformers.M2M100Tokenizer(str(directory / "vocab.json"), spm, src_lang="en", tgt_lang="de")
        languages, language_id = ("en", "de"), tokenizer.get_lang_id("de")
    else:
        cls, languages = {"NLLB": (transformers.NllbTokenizer, ("eng_Latn", "deu_Latn")),
                          "mBART-50": (transformers.MBart50Tokenizer, ("en_XX", "de_DE")),
                          "mBART-25": (transformers.MBartTokenizer, ("en_XX", "de_DE"))}[kind]
        tokenizer = cls(spm, src_lang=languages[0], tgt_lang=languages[1])
        language_id = tokenizer.convert_tokens_to_ids(languages[1])
    tokenizer.save_pretrained(directory)
    torch.manual_seed(5)
    family = "MBart" if kind.startswith("mBART") else "M2M100"
    start = language_id if kind == "mBART-25" else 2
    n_tokens = max([len(tokenizer), *getattr(tokenizer, "lang_token_to_id", {"": -1}).values()]) + 1
    model = getattr(transformers, f"{family}ForConditionalGeneration")(getattr(transformers, f"{family}Config")(
        vocab_size=n_tokens, d_model=32, encoder_layers=2, decoder_layers=2, encoder_ffn_dim=48, decoder_ffn_dim=48,
        encoder_attention_heads=4, decoder_attention_heads=4, max_position_embeddings=80, init_std=0.4, scale_embedding=True,
        pad_token_id=1, bos_token_id=0, eos_token_id=2, forced_eos_token_id=None, decoder_start_token_id=start)).eval()
    model.save_pretrained(directory)
    return model, tokenizer, languages, language_id


@pytest.mark.parametrize("kind", ["NLLB", "M2M100", "mBART-50", "mBART-25"])
def test_languages_of_a_multilingual_model(kind, tmp_path, capsys):
    model, tokenizer, languages, language_id = multilingual(kind, tmp_path / "theirs")
    export.export(tmp_path / "theirs", tmp_path / "out", "float32", Options({"from": languages[0], "to": languages[1]}))
    assert "5 of 5 sample lines have the ids of transformers" in capsys.readouterr().err
    lines = ["The house is small.", "Tom and Mary have a big dog.", "What time is it?", "Where is the station?"]
    texts = program.translate(tmp_path / "out", lines, "--plain").stdout.decode().splitlines()
    for line, text, [sentence] in zip(lines, texts, program.translate_tokens(tmp_path / "out", lines, "--plain")):
        inputs = tokenizer(line, return_tensors="pt")
        assert sentence.source == inputs["input_ids"][0].tolist()
        forced = {} if kind == "mBART-25" else {"forced_bos_token_id": language_id}
        wanted = model.generate(**inputs, num_beams=1, do_sample=False, suppress_tokens=[1], **forced,
                                max_length=min(2 * len(sentence.source) + 30, 80) + 1)[0, 1:].tolist()
        assert sentence.target == wanted
        expected = tokenizer.decode(wanted, skip_special_tokens=True)
        for token in getattr(tokenizer, "lang_token_to_id", tokenizer.additional_special_tokens):
            text, expected = text.replace(token, ""), expected.replace(token, "")  # a random model writes them anywhere
        assert text.replace(" ", "") == expected.replace(" ", "")


def test_a_multilingual_model_needs_languages(tmp_path):
    multilingual("NLLB", tmp_path / "theirs")
    with pytest.raises(Unsupported, match=r"202 languages \(.*\); the source language must be chosen; name it with --from"):
        export.export(tmp_path / "theirs", tmp_path / "out", "float32", Options({"to": "deu_Latn"}))
    with pytest.raises(Unsupported, match="--to xx: unknown; the model's languages are .*deu_Latn"):
        export.export(tmp_path / "theirs", tmp_path / "out", "float32", Options({"from": "eng_Latn", "to": "xx"}))
