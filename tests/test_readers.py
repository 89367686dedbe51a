"""export.py's readers against each system's own arithmetic (systems.py): ids of greedy search, and every named tensor. Needs
PyTorch."""

import json
import random
import re
import runpy
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
import transformers
from safetensors import safe_open
from transformers.models.gpt2.tokenization_gpt2 import bytes_to_unicode

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
                part = name.format(i)
                kept[f"{part}.scores"] = reference.attention_scores(kept[f"{part}.query"], kept[f"{part}.key"],
                                                                    tensor.shape[1])
                keep(f"{part}.weights", tensor)
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


def test_fsmt(tmp_path, capsys):
    """Two vocabularies, an output of its own; the exporter compares its ids with those of transformers."""
    torch.manual_seed(1)
    model = transformers.FSMTForConditionalGeneration(transformers.FSMTConfig(
        langs=["en", "de"], src_vocab_size=21, tgt_vocab_size=24, d_model=32, encoder_layers=2, decoder_layers=2,
        encoder_ffn_dim=48, decoder_ffn_dim=48, encoder_attention_heads=4, decoder_attention_heads=4, init_std=0.4,
        max_position_embeddings=40, forced_eos_token_id=None, tie_word_embeddings=False)).eval()
    model.save_pretrained(tmp_path / "theirs")
    given = {"tokenizer": "spaces", "source-frame": "text </s>", "target-frame": "</s> text </s>"}
    for side, n in (("source", 21), ("target", 24)):
        words = HuggingFace.special + [f"{side}{i}" for i in range(n - 4)]
        (tmp_path / f"{side}.txt").write_text("\n".join(words))
        given[f"{side}-vocabulary"] = tmp_path / f"{side}.txt"
    export.export(tmp_path / "theirs", tmp_path / "out", "float32", Options(given))
    assert "12 of 12 sample lines have the ids of transformers" in capsys.readouterr().err


def test_fsmt_with_its_tokenizer(tmp_path):
    """Words as merges make them, with @@ where a piece does not end its word."""
    special, merges = HuggingFace.special, ["t h", "th e</w>", "h o", "ho u", "s e</w>"]
    letters = [letter + end for letter in "thousemb" for end in ("", "</w>")]
    tokens = special + letters + [merge.replace(" ", "") for merge in merges]
    model = transformers.FSMTForConditionalGeneration(transformers.FSMTConfig(
        langs=["en", "de"], src_vocab_size=len(tokens), tgt_vocab_size=len(tokens), d_model=32, encoder_layers=1,
        decoder_layers=1, encoder_ffn_dim=48, decoder_ffn_dim=48, encoder_attention_heads=4, decoder_attention_heads=4,
        init_std=0.4, max_position_embeddings=40, tie_word_embeddings=False)).eval()
    model.save_pretrained(tmp_path / "theirs")
    for side in ("src", "tgt"):
        (tmp_path / f"theirs/vocab-{side}.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    (tmp_path / "theirs/merges.txt").write_text("".join(f"{merge} 9\n" for merge in merges))
    export.export(tmp_path / "theirs", tmp_path / "out", "float32")
    [[sentence]] = program.translate_tokens(tmp_path / "out", ["the houses"], "--plain")
    assert [tokens[id_] for id_ in sentence.source] == ["the</w>", "hou", "s", "e", "s</w>", "</s>"]


def test_bart_with_merges_of_bytes(tmp_path, capsys):
    """As facebook/bart-base has them: vocab.json and merges.txt."""
    alphabet = list(bytes_to_unicode().values())
    merges = ["t h", "Ġ t", "Ġt h", "i s", "Ġ h", "Ġh o", "e r"]
    tokens = ["<s>", "<pad>", "</s>", "<unk>", *alphabet, *(merge.replace(" ", "") for merge in merges), "<mask>"]
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs/vocab.json").write_text(json.dumps({token: i for i, token in enumerate(tokens)}))
    (tmp_path / "theirs/merges.txt").write_text("#version: 0.2\n" + "\n".join(merges) + "\n")
    tokenizer = transformers.BartTokenizer(str(tmp_path / "theirs/vocab.json"), str(tmp_path / "theirs/merges.txt"))
    tokenizer.save_pretrained(tmp_path / "theirs")
    torch.manual_seed(2)
    model = transformers.BartForConditionalGeneration(transformers.BartConfig(
        vocab_size=len(tokens), d_model=32, encoder_layers=1, decoder_layers=1, encoder_ffn_dim=48, decoder_ffn_dim=48,
        encoder_attention_heads=4, decoder_attention_heads=4, max_position_embeddings=90, init_std=0.4)).eval()
    model.save_pretrained(tmp_path / "theirs")
    export.export(tmp_path / "theirs", tmp_path / "out", "float32")
    assert "5 of 5 sample lines have the ids of transformers" in capsys.readouterr().err
    for line in ("This house is the other one, naïve 3 days 😀.", "it's  there"):
        [[sentence]] = program.translate_tokens(tmp_path / "out", [line], "--plain")
        assert sentence.source == tokenizer(line)["input_ids"]


@pytest.fixture
def tutorial(tmp_path):
    """A model of PyTorch's tutorial, saved, and a file with its forward pass: (file, options, FILE.py:FUNCTION)."""
    system = systems.PyTorchTutorial()
    (tmp_path / "theirs").mkdir()
    file = system.save(tmp_path / "theirs")
    given = system.options | {"tokenizer": "spaces"} | system.write_vocabularies(tmp_path / "theirs")
    module = tmp_path / "model.py"
    module.write_text("import sys\n"
                      f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
                      "import systems\n"
                      "system = systems.PyTorchTutorial()\n"
                      "def logits(source, target):\n"
                      "    return system.forward(source, target)['output']\n"
                      "def log_probabilities(source, target):\n"
                      "    return systems.torch.tensor(logits(source, target)).log_softmax(-1)\n"
                      "def one_row(source, target):\n"
                      "    return logits(source, target)[-1]\n"
                      "def fails(source, target):\n"
                      "    raise ValueError('no weights')\n")
    return file, given, module


@pytest.mark.parametrize("norm_first, activation, bias", [(False, "relu", True), (True, "gelu", True), (False, "relu", False)])
def test_torch_s_own_transformer(tmp_path, capsys, norm_first, activation, bias):
    """nn.Transformer itself, in a module as that of PyTorch's tutorial."""
    (tmp_path / "model.py").write_text(f'''
import math
import torch
from torch import nn

torch.manual_seed(4)
network = nn.ModuleDict(dict(
    transformer=nn.Transformer(32, 4, 2, 2, 48, 0.0, {activation!r}, norm_first={norm_first}, bias={bias}),
    generator=nn.Linear(32, 20), src_tok_emb=nn.ModuleDict(dict(embedding=nn.Embedding(19, 32))),
    tgt_tok_emb=nn.ModuleDict(dict(embedding=nn.Embedding(20, 32))))).eval()
angles = torch.arange(60)[:, None] * torch.exp(-torch.arange(0, 32, 2) * math.log(10000) / 32)
table = torch.stack([angles.sin(), angles.cos()], -1).reshape(60, 1, 32)
for parameter in network.parameters():
    parameter.data += 0.1 * torch.randn_like(parameter)
torch.save(network.state_dict() | {{"positional_encoding.pos_embedding": table}}, {str(tmp_path / "model.pt")!r})

@torch.no_grad()
def logits(source, target):
    def embed(side, ids):
        x = network[side + "_tok_emb"]["embedding"](torch.tensor(ids)[:, None]) * math.sqrt(32)
        return x + table[:len(ids)]
    mask = nn.Transformer.generate_square_subsequent_mask(len(target))
    return network["generator"](network["transformer"](embed("src", source), embed("tgt", target), tgt_mask=mask))[:, 0]
''')
    runpy.run_path(str(tmp_path / "model.py"))
    given = {"heads": 4, "norm-first": norm_first, "activation": activation, "tokenizer": "spaces"}
    for side, n in (("source", 19), ("target", 20)):
        words = ["<unk>", "<pad>", "<bos>", "<eos>"] + [f"{side}{i}" for i in range(n - 4)]
        (tmp_path / f"{side}.txt").write_text("\n".join(words))
        given[f"{side}-vocabulary"] = tmp_path / f"{side}.txt"
    export.export(tmp_path / "model.pt", tmp_path / "out", "float32", Options(given), f"{tmp_path / 'model.py'}:logits")
    assert "the logits of 24 texts are those of" in capsys.readouterr().err


@pytest.mark.parametrize("function", ["logits", "log_probabilities"])
def test_a_module_is_compared(tutorial, tmp_path, capsys, function):
    file, given, module = tutorial
    export.export(file, tmp_path / "out", "float32", Options(given), f"{module}:{function}")
    assert re.search(r"the logits of 24 texts are those of .*: largest difference \d", capsys.readouterr().err)


@pytest.mark.parametrize("wrong", [
    {"heads": 8}, {"norm-first": True}, {"epsilon": 1e-2}, {"activation": "gelu"}, {"activation": "swish"},
    {"scale-embedding": False}], ids=str)
def test_a_wrong_assumption_is_caught(tutorial, tmp_path, wrong):
    file, given, module = tutorial
    with pytest.raises(Unsupported, match="the logits for .* differ by .*; an assumption is wrong"):
        export.export(file, tmp_path / "out", "float32", Options(given | wrong), f"{module}:logits")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("change", [
    lambda w: w.pop("transformer.encoder.layers.1.norm2.bias"),
    lambda w: w["transformer.decoder.layers.0.norm1.weight"].mul_(1.01),
    lambda w: w["positional_encoding.pos_embedding"].copy_(systems.halves(0)[:, None]),
    lambda w: w["generator.bias"].zero_(),
    lambda w: w.update({"transformer.encoder.layers.0.self_attn.in_proj_weight":
                        w["transformer.encoder.layers.0.self_attn.in_proj_weight"].roll(systems.D, 0)}),
])
def test_altered_weights_are_caught(tutorial, tmp_path, change):
    file, given, module = tutorial
    content = torch.load(file)
    change(content["model_state_dict"])
    torch.save(content, file)
    with pytest.raises(Unsupported, match="the logits for .* differ by"):
        export.export(file, tmp_path / "out", "float32", Options(given), f"{module}:logits")


@pytest.mark.parametrize("function, says", [
    ("one_row", "logits of shape"), ("fails", "ValueError: no weights"), ("missing", "has no attribute 'missing'")])
def test_a_module_that_does_not_fit(tutorial, tmp_path, function, says):
    file, given, module = tutorial
    with pytest.raises(Unsupported, match=says):
        export.export(file, tmp_path / "out", "float32", Options(given), f"{module}:{function}")


@pytest.mark.parametrize("change, says", [
    (lambda w: w.update({"gate.weight": torch.ones(2, 2)}), "1 tensors belong to no part that the reader knows: gate.weight"),
    (lambda w: w.pop("transformer.decoder.norm.weight"), "only the encoder ends with a norm"),
    (lambda w: w.pop("generator.weight"), "found no output layer"),
    (lambda w: w.pop("transformer.encoder.layers.1.linear1.weight"), "no tensor transformer.encoder.layers.1.linear1.weight"),
    (lambda w: [w.pop(name) for name in list(w) if "encoder.layers" in name], "no known system has tensors of these names"),
    (lambda w: w.update({"generator.weight": torch.ones(3, 3)}), "cannot translate with what was exported"),
])
def test_an_altered_version_is_refused(tutorial, tmp_path, change, says):
    file, given, _ = tutorial
    content = torch.load(file)
    change(content["model_state_dict"])
    torch.save(content, file)
    with pytest.raises(Unsupported, match=says):
        export.export(file, tmp_path / "out", "float32", Options(given))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("given, says", [
    ({"heads": 5}, "has not 5 equal heads; name the number with --heads"),
    ({"max-positions": 1}, "--max-positions 1: expected 2 to 64"),
    ({"source-frame": "<cls> text"}, "the vocabulary has no '<cls>'; its first tokens are <unk> <pad> <bos> <eos>"),
    ({"source-frame": "<bos>"}, "expected special tokens around the word text"),
    ({"target-frame": "text <eos>"}, "expected a start token before text"),
    ({"tokenizer": "bytes"}, "--tokenizer bytes: expected characters, spaces, words, marks"),
    ({"positions": "halves"}, "--positions: the checkpoint is one of nn.Transformer"),
    ({"source-vocabulary": None}, "no source vocabulary; name a file with --source-vocabulary"),
])
def test_options_that_do_not_fit(tutorial, tmp_path, given, says):
    file, others, _ = tutorial
    with pytest.raises(Unsupported, match=says):
        export.export(file, tmp_path / "out", "float32", Options(others | given))


class Evil:
    def __reduce__(self):
        return print, ("code from a checkpoint ran",)


@pytest.mark.parametrize("content, says", [
    ({"model": {"a": torch.ones(1)}, "hook": Evil()}, "contains .*print, which only its own program may load"),
    (torch.nn.Linear(2, 2), "contains torch.nn.modules.linear.Linear, which only its own program may load"),
    ([1, 2], "contains list, expected the weights"),
    ({"epoch": 3}, "no weights found under"),
])
def test_a_file_of_pickled_code_is_refused(tmp_path, capsys, content, says):
    torch.save(content, tmp_path / "model.pt")
    with pytest.raises(Unsupported, match=says):
        export.export(tmp_path / "model.pt", tmp_path / "out", "float32")
    assert "ran" not in capsys.readouterr().out


@pytest.mark.parametrize("bytes_", [b"", b"\x80\x04garbage", b"PK\x03\x04garbage", b"version https://git-lfs.github.com/spec/v1"])
@pytest.mark.parametrize("name", ["model.pt", "model.npz", "model.safetensors", "model.bin"])
def test_a_damaged_file_is_refused(tmp_path, name, bytes_):
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / name).write_bytes(bytes_)
    for source in (tmp_path / "theirs", tmp_path / "theirs" / name):
        with pytest.raises(Unsupported, match=f"theirs/{name}"):
            export.export(source, tmp_path / "out", "float32")


def test_ssru_students_are_refused(tmp_path):
    system = systems.Marian()
    system.settings += "transformer-decoder-autoreg: rnn\n"
    with pytest.raises(Unsupported, match="its decoder is rnn: .*SSRU.*no Transformer"):
        export.export(system.save(tmp_path), tmp_path.parent / "out", "float32", Options(system.write_vocabularies(tmp_path)))


def test_joeynmt_with_two_norm_orders_is_refused(tmp_path):
    system = systems.PostNormJoeyNMT()
    system.layer_norm = ""
    system.save(tmp_path)
    with pytest.raises(Unsupported, match="the encoder is pre-norm and the decoder post-norm"):
        export.export(tmp_path, tmp_path.parent / "out", "float32", Options(system.write_vocabularies(tmp_path)))
