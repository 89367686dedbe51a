"""Aladdin Persson's transformer_from_scratch: post-norm, one small projection for all heads, scores divided by sqrt(d_model)
instead of sqrt(d_head). His seq2seq_transformer is an nn.Transformer."""

import math

from transformer_c.description import Description, Norm
from transformer_c.draft import Draft, Shape, Text, block_diagonal, finish
from transformer_c.opened import Opened
from transformer_c.options import Options

NAME = "Aladdin Persson's transformer_from_scratch"
PARTS = {"queries": "query", "keys": "key", "values": "value"}


def matches(opened: Opened) -> bool:
    return "decoder.layers.0.transformer_block.attention.values.weight" in opened.state


def take_attention(draft: Draft, theirs: str, ours: str, d_model: int) -> None:
    for part, our_part in PARTS.items():
        draft.linear(f"{theirs}.{part}", f"{ours}.{our_part}")
        small = draft.tensors[f"{ours}.{our_part}.weight"]
        if (n := d_model // small.shape[0]) > 1:
            bias = draft.tensors[f"{ours}.{our_part}.bias"]
            draft.put_linear(f"{ours}.{our_part}", block_diagonal(small, n), bias.reshape(1, -1).repeat(n, 0))
    draft.linear(f"{theirs}.fc_out", f"{ours}.output")


def take_block(draft: Draft, theirs: str, ours: str, attention: str, d_model: int) -> None:
    take_attention(draft, f"{theirs}.attention", f"{ours}.{attention}", d_model)
    draft.linear(f"{theirs}.feed_forward.0", f"{ours}.feed_forward.inner")
    draft.linear(f"{theirs}.feed_forward.2", f"{ours}.feed_forward.outer")
    draft.norm(f"{theirs}.norm1", f"{ours}.{attention}_norm")
    draft.norm(f"{theirs}.norm2", f"{ours}.feed_forward_norm")


def read(opened: Opened, options: Options) -> Description:
    draft = Draft(opened)
    source = draft.take("encoder.word_embedding.weight")
    d_model = source.shape[1]
    d_small = opened.state["encoder.layers.0.attention.values.weight"].shape[0]
    heads = d_model // d_small if d_small < d_model else options.take("heads", 8)
    for i in range(draft.n_layers("encoder.layers.{}.")):
        take_block(draft, f"encoder.layers.{i}", f"encoder.{i}", "self_attention", d_model)
    for i in range(draft.n_layers("decoder.layers.{}.")):
        take_attention(draft, f"decoder.layers.{i}.attention", f"decoder.{i}.self_attention", d_model)
        draft.norm(f"decoder.layers.{i}.norm", f"decoder.{i}.self_attention_norm")
        take_block(draft, f"decoder.layers.{i}.transformer_block", f"decoder.{i}", "cross_attention", d_model)
    draft.attention_scale(heads, math.sqrt(d_model))
    draft.embeddings(source, draft.take("decoder.word_embedding.weight"), draft.take("decoder.fc_out.weight"),
                     draft.left.pop("decoder.fc_out.bias", None))
    tables = (draft.take("encoder.position_embedding.weight"), draft.take("decoder.position_embedding.weight"))
    return finish(draft, options, Shape(
        heads, Norm(options.take("norm-first", False), False, False, options.take("epsilon", 1e-5)),
        options.take("activation", "relu"), options.take("scale-embedding", False), tables, (0, 50, 8192),
        Text("words", True, "<sos> text <eos>", "<sos> text <eos>")))
