"""Dive into Deep Learning: post-norm, attention without biases, sources without a start token."""

from transformer_c.description import Description, Norm
from transformer_c.draft import Draft, Shape, Text, finish
from transformer_c.opened import Opened
from transformer_c.options import Options

NAME = "Dive into Deep Learning"
PARTS = {"W_q": "query", "W_k": "key", "W_v": "value", "W_o": "output"}


def block(i: int, spaced: bool) -> str:
    """The old version has a space in the name."""
    return f"blks.block {i}" if spaced else f"blks.block{i}"


def matches(opened: Opened) -> bool:
    return any(f"encoder.{block(0, spaced)}.attention.W_q.weight" in opened.state for spaced in (False, True))


def read(opened: Opened, options: Options) -> Description:
    draft = Draft(opened)
    spaced = draft.has(f"encoder.{block(0, True)}.attention.W_q.weight")
    for stack, attentions in (("encoder", {"attention": "self_attention"}),
                              ("decoder", {"attention1": "self_attention", "attention2": "cross_attention"})):
        for i in range(draft.n_layers(f"{stack}.blks.block{' ' if spaced else ''}{{}}.")):
            theirs, ours = f"{stack}.{block(i, spaced)}", f"{stack}.{i}"
            for attention, name in attentions.items():
                for part, our_part in PARTS.items():
                    draft.linear(f"{theirs}.{attention}.{part}", f"{ours}.{name}.{our_part}")
            draft.linear(f"{theirs}.ffn.dense1", f"{ours}.feed_forward.inner")
            draft.linear(f"{theirs}.ffn.dense2", f"{ours}.feed_forward.outer")
            for n, name in enumerate([*attentions.values(), "feed_forward"], 1):
                norm = "norm" if draft.has(f"{theirs}.addnorm{n}.norm.weight") else "ln"
                draft.norm(f"{theirs}.addnorm{n}.{norm}", f"{ours}.{name}_norm")
    draft.embeddings(draft.take("encoder.embedding.weight"), draft.take("decoder.embedding.weight"),
                     draft.take("decoder.dense.weight"), draft.left.pop("decoder.dense.bias", None))
    return finish(draft, options, Shape(
        options.take("heads", 4), Norm(options.take("norm-first", False), False, False, options.take("epsilon", 1e-5)),
        options.take("activation", "relu"), options.take("scale-embedding", True), "interleaved", (0, 10, 8192),
        Text("marks", True, "text <eos>", "<bos> text <eos>"), n_positions=1000), ignored=r"\.pos_encoding\.")
