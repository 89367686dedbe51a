"""Hugging Face's families with BART's keys: BART, mBART, M2M100 with NLLB, Pegasus, Blenderbot, FSMT. They differ in where
norms are, in positions, and in the ids around a text."""

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import torch
import transformers

from transformer_c.description import Description, Norm, Unsupported
from transformer_c.draft import Array, Draft, Shape, Text, finish
from transformer_c.hugging_face import one_line
from transformer_c.opened import Opened
from transformer_c.options import Options
from transformer_c.program import translate_tokens
from transformer_c.vocabularies import read_merges, read_vocabulary, sample_texts, unused

NAME = "Hugging Face's BART family"

ATTENTIONS = {"self_attn": "self_attention", "encoder_attn": "cross_attention"}
PARTS = {"q_proj": "query", "k_proj": "key", "v_proj": "value", "out_proj": "output"}
ACTIVATIONS = {"relu": "relu", "gelu": "gelu", "gelu_new": "gelu_tanh", "gelu_pytorch_tanh": "gelu_tanh", "swish": "swish",
               "silu": "swish"}
REFUSED = {
    "blenderbot-small": "its decoder normalizes the token embedding before it adds the position",
    **dict.fromkeys(("t5", "mt5", "umt5", "longt5", "switch_transformers"),
                    "T5 adds relative positions to the attention scores and has norms without mean and bias; it is another "
                    "architecture than the Transformer of the paper"),
    "prophetnet": "its decoder predicts several tokens at once", "led": "its attention is windowed",
    "bigbird_pegasus": "its attention is sparse", "pegasus_x": "its attention is in blocks",
}


N_SPECIAL = 4  # tokens at the beginning of FSMT's vocabularies, <s> <pad> </s> <unk>


@dataclass
class Family:
    """before: pre-norm with final norms; first: row of the table of positions for the first token, None if that is row 0 and
    the table may be the sinusoids that the engine computes."""
    before: bool
    embedding_norm: bool
    first: int | None


FAMILIES = {
    "bart": Family(False, True, 2), "plbart": Family(False, True, 2), "mbart": Family(True, True, 2),
    "m2m_100": Family(True, False, 2), "pegasus": Family(True, False, None), "blenderbot": Family(True, False, 0),
    "fsmt": Family(False, False, 2),
}


def matches(opened: Opened) -> bool:
    return opened.config.get("model_type", "marian") != "marian"


def open_model(opened: Opened) -> torch.nn.Module:
    try:
        model, loading = transformers.AutoModelForSeq2SeqLM.from_pretrained(
            opened.path, dtype=torch.float32, attn_implementation="eager", local_files_only=True, output_loading_info=True,
            trust_remote_code=False)
    except Exception as problem:  # the library raises whatever its parts raise
        raise Unsupported(f"{opened.path}: transformers cannot open it: {one_line(problem)}") from problem
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        names = [str(name) for name in loading[kind] if "embed_positions" not in str(name)]
        if names:
            raise Unsupported(f"{opened.path}: {kind.replace('_', ' ')} in the weights: {', '.join(sorted(names)[:5])}")
    return model.eval()


def take_layers(draft: Draft, stack: str) -> None:
    names = ATTENTIONS if stack == "decoder" else {"self_attn": "self_attention"}
    for i in range(draft.n_layers(f"model.{stack}.layers.{{}}.")):
        theirs, ours = f"model.{stack}.layers.{i}", f"{stack}.{i}"
        for attention, name in names.items():
            for part, our_part in PARTS.items():
                draft.linear(f"{theirs}.{attention}.{part}", f"{ours}.{name}.{our_part}")
            draft.norm(f"{theirs}.{attention}_layer_norm", f"{ours}.{name}_norm")
        draft.linear(f"{theirs}.fc1", f"{ours}.feed_forward.inner")
        draft.linear(f"{theirs}.fc2", f"{ours}.feed_forward.outer")
        draft.norm(f"{theirs}.final_layer_norm", f"{ours}.feed_forward_norm")


def are_sinusoids(table: Array) -> bool:
    """Those that the engine computes."""
    n, d = table.shape
    angles = numpy.arange(n)[:, None] / 10000.0 ** (2 * (numpy.arange(d) // 2)[None, :] / d)
    return numpy.abs(table - numpy.concatenate([numpy.sin(angles[:, 0::2]), numpy.cos(angles[:, 1::2])], axis=1)).max() <= 1e-5


def positions(model: torch.nn.Module, first: int | None) -> tuple[Array, Array] | str:
    """Learned tables or sinusoids, which some families hold in a buffer, and Pegasus in its file: exact or of 16 bits."""
    tables = []
    for stack in (model.model.encoder, model.model.decoder):
        table = getattr(stack.embed_positions, "weights", None)
        table = stack.embed_positions.weight if table is None else table
        tables.append(table.detach().float().numpy()[first or 0:])
    if first is None and all(are_sinusoids(table) for table in tables):
        return "marian"
    n = min(model.config.max_position_embeddings, *(table.shape[0] for table in tables))
    return tables[0][:n], tables[1][:n]


def open_tokenizer(opened: Opened) -> Any:  # noqa: ANN401 (the classes have no common one)
    """The tokenizer in the directory, or None. The slow classes show the pieces of SentencePiece."""
    if not opened.find("sentencepiece.bpe.model", "spiece.model", "source.spm", "vocab.json", "tokenizer.json"):
        return None
    try:
        return transformers.AutoTokenizer.from_pretrained(opened.path, use_fast=False, local_files_only=True,
                                                          trust_remote_code=False)
    except Exception as problem:
        raise Unsupported(f"{opened.path}: transformers cannot open its tokenizer: {one_line(problem)}") from problem


def languages_of(tokenizer: Any, model: torch.nn.Module) -> dict[str, str]:  # noqa: ANN401
    """The languages of a multilingual model and their tokens."""
    if tokenizer is None or model.config.model_type not in ("mbart", "m2m_100"):
        return {}
    if isinstance(tokenizer, transformers.M2M100Tokenizer):
        return dict(tokenizer.lang_code_to_token)
    return {token: token for token in tokenizer.additional_special_tokens}


def chosen_tokens(known: dict[str, str], options: Options) -> tuple[str, str] | None:
    """The tokens of the source and target language. The target may be chosen again when translating."""
    if not known:
        return None
    tokens = []
    for option, side in (("from", "source"), ("to", "target")):
        code = options.need(option, f"the model has {len(known)} languages ({', '.join(list(known)[:4])} …); "
                                    f"the {side} language must be chosen")
        if code not in known:
            raise Unsupported(f"--{option} {code}: unknown; the model's languages are {' '.join(sorted(known))}")
        tokens.append(known[code])
    return tokens[0], tokens[1]


def frames(model: torch.nn.Module, tokenizer: Any, languages: tuple[str, str] | None,  # noqa: ANN401
           tokens: list[str]) -> tuple[str, str]:
    """Source and target frame of the family."""
    config, generation = model.config, model.generation_config
    start, end = tokens[config.decoder_start_token_id], tokens[config.eos_token_id]
    forced_id = getattr(generation, "forced_bos_token_id", None)
    forced = [tokens[forced_id]] if forced_id is not None else []
    if languages:
        source, target = languages
        if isinstance(tokenizer, transformers.MBartTokenizer):  # mBART-25: the decoder starts with the language
            return f"text {end} {source}", f"{target} text {end}"
        return f"{source} text {end}", f"{start} {target} text {end}"
    begin = tokens[config.bos_token_id] if config.model_type in ("bart", "plbart") else ""
    if config.model_type == "blenderbot":
        begin = ""
    return f"{begin} text {end}".strip(), " ".join([start, *forced, "text", end])


def token_of(tokenizer: Any, id_: int) -> str:  # noqa: ANN401
    """The token of an id; a name of our own for a spare row of the embedding."""
    try:
        token = tokenizer.convert_ids_to_tokens(id_)
    except IndexError:
        token = None
    if token is None or (token == tokenizer.unk_token and id_ != tokenizer.unk_token_id):
        return f"<unused:{id_}>"
    return str(token)


def plain_tokens(opened: Opened, options: Options, n: int) -> tuple[list[str], list[str]] | None:
    """Vocabularies that are not those of a tokenizer: strings of characters in config.json, or none, if options name files."""
    if options.has("source-vocabulary"):
        return [], []
    config = opened.config
    if "grapheme_chars" not in config or "phoneme_chars" not in config:
        return None
    special = {config["pad_token_id"]: "<pad>", config["bos_token_id"]: "<s>", config["eos_token_id"]: "</s>", 3: "<unk>"}
    sides = []
    for key in ("grapheme_chars", "phoneme_chars"):
        tokens = list(config[key]) + unused(n, len(config[key]))
        sides.append([special.get(id_, token) for id_, token in enumerate(tokens)])
    return sides[0], sides[1]


def show_generation(model: torch.nn.Module) -> None:
    """Says what published results of beam search have and greedy search has not."""
    generation = model.generation_config
    shown = [f"{key} {getattr(generation, key)}" for key, neutral in
             (("num_beams", 1), ("no_repeat_ngram_size", 0), ("length_penalty", 1.0), ("min_length", 0))
             if getattr(generation, key, neutral) not in (neutral, None)]
    if shown:
        print(f"note: the checkpoint asks for {', '.join(shown)}; this program uses greedy search without them",
              file=sys.stderr)


@torch.no_grad()
def greedy(model: torch.nn.Module, source: list[int], description: Description) -> list[int]:
    """Greedy search by the model's own forward pass, with the settings of the description."""
    target, generation = description.target, description.generation
    ids = [target.start]
    cap = min(generation.length_factor * len(source) + generation.length_extra, generation.max_length)
    while len(ids) <= cap:
        logits = model(input_ids=torch.tensor([source]), attention_mask=torch.ones(1, len(source), dtype=torch.long),
                       decoder_input_ids=torch.tensor([ids]), use_cache=False).logits[0, -1]
        logits[generation.suppressed] = -math.inf
        n = len(ids) - 1
        ids.append(target.forced[n] if n < len(target.forced) else int(logits.argmax()))
        if generation.forced_end and len(ids) == cap + 1:
            ids[-1] = target.end
        if ids[-1] == target.end:
            break
    return ids[1:]


def compare(model: torch.nn.Module, encode: Callable[[str], list[int]] | None, sample: list[str],
            description: Description) -> Callable[[Path, str], None]:
    def check(directory: Path, dtype: str) -> None:
        equal = 0
        for line, sentences in zip(sample, translate_tokens(directory, sample, "--plain")):
            for sentence in sentences:
                if encode and encode(line) != sentence.source:
                    raise Unsupported(f"the two programs split {line!r} differently; nothing was exported")
            equal += all(greedy(model, sentence.source, description) == sentence.target for sentence in sentences)
        print(f"{equal} of {len(sample)} sample lines have the ids of transformers ({dtype})", file=sys.stderr)
        if equal < len(sample) and dtype == "float32":
            raise Unsupported("the two programs translate the sample differently; nothing was exported")
    return check


def read(opened: Opened, options: Options) -> Description:
    kind = opened.config["model_type"]
    if kind in REFUSED:
        raise Unsupported(f"{opened.path}: {kind}: {REFUSED[kind]}")
    if kind not in FAMILIES:
        raise Unsupported(f"{opened.path}: model_type {kind!r}; expected marian, {', '.join(FAMILIES)}")
    if "quantization_config" in opened.config:
        raise Unsupported(f"{opened.path}: quantized weights; export the original ones")
    family, model = FAMILIES[kind], open_model(opened)
    config = model.config
    opened.file = opened.find("model.safetensors", "pytorch_model.bin") or opened.file
    opened.state = {name: tensor.detach().numpy() for name, tensor in model.state_dict().items()}
    draft = Draft(opened)
    for stack in ("encoder", "decoder"):
        take_layers(draft, stack)
        if family.embedding_norm:
            draft.norm(f"model.{stack}.layernorm_embedding", f"{stack}.embedding_norm")
        if family.before:
            draft.norm(f"model.{stack}.layer_norm", f"{stack}.final_norm")
    output = model.get_output_embeddings().weight.detach().numpy()
    source, target = (stack.embed_tokens.weight.detach().numpy() for stack in (model.model.encoder, model.model.decoder))
    draft.embeddings(source, target, output, draft.left.pop("final_logits_bias", None))
    activation = getattr(config, "activation_function", "relu")
    if activation not in ACTIVATIONS:
        raise Unsupported(f"{opened.path}: activation_function {activation!r}; expected one of {', '.join(ACTIVATIONS)}")
    if config.encoder_attention_heads != config.decoder_attention_heads:
        raise Unsupported(f"{opened.path}: stacks with different numbers of heads")
    show_generation(model)
    text, encode, sample = describe_tokenizer(opened, options, model, source.shape[0])
    scaled = getattr(config, "scale_embedding", False)
    length = getattr(model.generation_config, "max_length", None) or 20
    length = config.max_position_embeddings if length == 20 else length - 1
    description = finish(draft, options, Shape(
        config.encoder_attention_heads, Norm(family.before, family.embedding_norm, family.before, 1e-5),
        ACTIVATIONS[activation], bool(scaled), positions(model, family.first),
        (2, 30, length), text, model.generation_config.forced_eos_token_id is not None),
        ignored=r"embed_tokens|embed_positions|^lm_head|shared|output_projection")
    description.origin = {"transformers": transformers.__version__, "torch": torch.__version__.split("+")[0]}
    description.check = compare(model, encode, sample or sample_texts(description, 12), description)
    return description


def fsmt_text(opened: Opened) -> Text:
    """FSMT's two vocabularies, in which a piece that ends a word has </w>; subword-nmt marks those that do not, by @@. Text
    must be split by Moses' tokenizer first."""
    sides = []
    for side in ("src", "tgt"):
        tokens = read_vocabulary(opened.directory / f"vocab-{side}.json")
        sides.append([token if id_ < N_SPECIAL else token.removesuffix("</w>") if token.endswith("</w>") else f"{token}@@"
                      for id_, token in enumerate(tokens)])
    return Text("bpe", False, "text </s>", "</s> text </s>", source_tokens=sides[0], target_tokens=sides[1],
                merges=read_merges(opened.directory / "merges.txt"))


def describe_tokenizer(opened: Opened, options: Options, model: torch.nn.Module,
                       n: int) -> tuple[Text, Callable[[str], list[int]] | None, list[str]]:
    """How text becomes ids; the tokenizer's own way, to compare with; and lines to compare."""
    config = model.config
    if plain := plain_tokens(opened, options, n):
        sample = ["transformer", "house", "Chicago", "queue", "psychology"] if plain[0] else []
        text = Text("characters", False, "<s> text </s>", "<s> text </s>", "<unk>", "<pad>", plain[0] or None, plain[1] or None)
        return text, None, sample
    if config.model_type == "fsmt" and opened.find("vocab-src.json") and opened.find("merges.txt"):
        return fsmt_text(opened), None, []
    tokenizer = open_tokenizer(opened)
    if tokenizer is None:
        raise Unsupported(f"{opened.path}: found no tokenizer; name the tokens with --source-vocabulary and "
                          "--target-vocabulary")
    from transformer_c.readers.marian import SAMPLE
    tokens = [token_of(tokenizer, id_) for id_ in range(n)]
    known = languages_of(tokenizer, model)
    languages = chosen_tokens(known, options)
    source_frame, target_frame = frames(model, tokenizer, languages, tokens)
    spm = opened.find("sentencepiece.bpe.model", "spiece.model")
    merges = opened.find("merges.txt")
    text = Text("sentencepiece" if spm else "byte_bpe", False, source_frame, target_frame, str(tokenizer.unk_token),
                tokens[config.pad_token_id], tokens, tokens, languages=known)
    if spm:
        options.given["sentencepiece"] = spm
    elif merges and isinstance(tokenizer, transformers.GPT2Tokenizer | transformers.BartTokenizer):
        text.merges, text.prefix_space = read_merges(merges), bool(getattr(tokenizer, "add_prefix_space", False))
    else:
        raise Unsupported(f"{opened.path}: its tokenizer is {type(tokenizer).__name__}; only SentencePiece, merges of bytes "
                          "and plain vocabularies are read")
    before = [tokenizer.convert_tokens_to_ids(token) for token in source_frame.split("text")[0].split()]
    after = [tokenizer.convert_tokens_to_ids(token) for token in source_frame.split("text")[1].split()]

    def encode(line: str) -> list[int]:
        return before + tokenizer.convert_tokens_to_ids(tokenizer.tokenize(line)) + after
    return text, encode, SAMPLE
