"""Everything built on torch.nn.Transformer: PyTorch's translation tutorial, Aladdin Persson's seq2seq_transformer, and many
more, which differ in the names of what is around it. Layers are post-norm and yet each stack ends with a norm."""

import re

from transformer_c.description import Description, Norm, Unsupported
from transformer_c.draft import Array, Draft, Shape, Text, finish
from transformer_c.opened import Opened
from transformer_c.options import Options

NAME = "nn.Transformer (PyTorch tutorial, Aladdin Persson's seq2seq)"

ENCODER = re.compile(r"(?:(.*)\.)?encoder\.layers\.0\.self_attn\.in_proj_weight$")
SOURCE_EMBEDDING = [f"{name}.{end}" for end in ("embedding.weight", "weight", "lut.weight", "0.weight") for name in (
    "src_tok_emb", "src_word_embedding", "src_embedding", "src_embed", "src_emb", "source_embedding", "embedding_src",
    "encoder_embedding", "enc_embedding", "src_token_embedding", "embedding", "token_embedding", "tok_emb", "embed")]
TARGET_EMBEDDING = [f"{name}.{end}" for end in ("embedding.weight", "weight", "lut.weight", "0.weight") for name in (
    "tgt_tok_emb", "trg_word_embedding", "tgt_embedding", "trg_embedding", "tgt_embed", "trg_embed", "tgt_emb", "trg_emb",
    "target_embedding", "embedding_tgt", "decoder_embedding", "dec_embedding", "tgt_token_embedding")]
POSITIONS = [f"{name}.{end}" for end in ("pos_embedding", "pe", "weight") for name in (
    "positional_encoding", "pos_encoder", "positional_encoder", "pos_encoding", "pos_emb", "pe", "position_embedding",
    "positional_embedding", "pos_embedding")]
OUTPUT = ["generator", "fc_out", "out", "output", "linear", "fc", "output_layer", "final_layer", "projection", "head",
          "fc_final"]


def matches(opened: Opened) -> bool:
    return any(ENCODER.match(name) for name in opened.state)


def take_first(draft: Draft, names: list[str], part: str) -> Array:
    found = [name for name in names if draft.has(name)]
    if not found:
        raise Unsupported(f"{draft.file}: found no {part} under the usual names ({', '.join(names[:3])} …); rename it")
    return draft.take(found[0])


def take_layers(draft: Draft, prefix: str) -> None:
    for stack, attentions in (("encoder", {"self_attn": "self_attention"}),
                              ("decoder", {"self_attn": "self_attention", "multihead_attn": "cross_attention"})):
        for i in range(draft.n_layers(f"{prefix}{stack}.layers.{{}}.")):
            theirs, ours = f"{prefix}{stack}.layers.{i}", f"{stack}.{i}"
            for attention, name in attentions.items():
                draft.fused(draft.take(f"{theirs}.{attention}.in_proj_weight"),
                            draft.left.pop(f"{theirs}.{attention}.in_proj_bias", None),
                            [f"{ours}.{name}.{part}" for part in ("query", "key", "value")])
                draft.linear(f"{theirs}.{attention}.out_proj", f"{ours}.{name}.output")
            draft.linear(f"{theirs}.linear1", f"{ours}.feed_forward.inner")
            draft.linear(f"{theirs}.linear2", f"{ours}.feed_forward.outer")
            for n, name in enumerate([*attentions.values(), "feed_forward"], 1):
                draft.norm(f"{theirs}.norm{n}", f"{ours}.{name}_norm")


def take_final_norms(draft: Draft, prefix: str) -> bool:
    found = [stack for stack in ("encoder", "decoder") if draft.has(f"{prefix}{stack}.norm.weight")]
    if len(found) == 1:
        raise Unsupported(f"{draft.file}: only the {found[0]} ends with a norm, which the engine cannot do")
    for stack in found:
        draft.norm(f"{prefix}{stack}.norm", f"{stack}.final_norm")
    return bool(found)


def take_positions(draft: Draft) -> tuple[Array, Array] | None:
    """Learned tables of each side, or one table of sinusoids for both."""
    pairs = (("src_position_embedding", "trg_position_embedding"), ("src_pos_emb", "tgt_pos_emb"),
             ("src_position_embedding", "tgt_position_embedding"), ("src_pos_embedding", "tgt_pos_embedding"))
    for source, target in pairs:
        if draft.has(f"{source}.weight") and draft.has(f"{target}.weight"):
            return draft.take(f"{source}.weight"), draft.take(f"{target}.weight")
    found = next((name for name in POSITIONS if draft.has(name)), None)
    if found is None:
        return None
    table = draft.take(found)
    table = table.reshape(-1, table.shape[-1])
    return table, table


def read(opened: Opened, options: Options) -> Description:
    draft = Draft(opened)
    prefix = next(match[1] for name in opened.state if (match := ENCODER.match(name)))
    prefix = f"{prefix}." if prefix else ""
    is_aladdin = draft.has("src_position_embedding.weight")
    take_layers(draft, prefix)
    final = take_final_norms(draft, prefix)
    positions = take_positions(draft)
    source = take_first(draft, SOURCE_EMBEDDING, "source embedding")
    target = draft.take(found) if (found := next((n for n in TARGET_EMBEDDING if draft.has(n)), None)) else source
    output = next((name for name in OUTPUT if draft.has(f"{name}.weight")), None)
    if output is None:
        raise Unsupported(f"{draft.file}: found no output layer under the usual names ({', '.join(OUTPUT[:4])} …); rename it")
    draft.embeddings(source, target, draft.take(f"{output}.weight"), draft.left.pop(f"{output}.bias", None))
    start = "<sos>" if is_aladdin else "<bos>"
    frame = f"{start} text <eos>"
    return finish(draft, options, Shape(
        options.take("heads", 8),
        Norm(options.take("norm-first", False), False, final, options.take("epsilon", 1e-5)),
        options.take("activation", "relu"), options.take("scale-embedding", not is_aladdin),
        positions or "interleaved", (0, 50, 8192) if is_aladdin else (1, 4, 8192),
        Text("words", is_aladdin, frame, frame)))
