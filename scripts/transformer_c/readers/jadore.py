"""jadore801120/attention-is-all-you-need-pytorch: post-norm, attention without biases. encoder.layer_norm normalizes the
embeddings in its present version, and followed the layers in that of 2019; the settings in the file tell which."""

import argparse
import math

import numpy

from transformer_c.description import Description, Norm, Unsupported
from transformer_c.draft import Draft, Shape, Text, finish
from transformer_c.opened import Opened
from transformer_c.options import Options

NAME = "jadore801120/attention-is-all-you-need-pytorch"
PARTS = {"w_qs": "query", "w_ks": "key", "w_vs": "value", "fc": "output"}


def matches(opened: Opened) -> bool:
    return any(name.startswith("encoder.layer_stack.0.slf_attn.w_qs") for name in opened.state)


def settings(opened: Opened) -> dict[str, object]:
    """The training's options, which a checkpoint of train.py has."""
    found = opened.content.get("settings")
    return vars(found) if isinstance(found, argparse.Namespace) else {}


def read(opened: Opened, options: Options) -> Description:
    draft, known = Draft(opened), settings(opened)
    if not draft.has("encoder.layer_stack.0.slf_attn.w_qs.weight"):
        raise Unsupported(f"{opened.file}: of the versions of 2017 and 2018, whose attention has one matrix for each head; "
                          "only later ones are read")
    for stack, attentions in (("encoder", {"slf_attn": "self_attention"}),
                              ("decoder", {"slf_attn": "self_attention", "enc_attn": "cross_attention"})):
        for i in range(draft.n_layers(f"{stack}.layer_stack.{{}}.")):
            theirs, ours = f"{stack}.layer_stack.{i}", f"{stack}.{i}"
            for attention, name in attentions.items():
                for part, our_part in PARTS.items():
                    draft.linear(f"{theirs}.{attention}.{part}", f"{ours}.{name}.{our_part}")
                draft.norm(f"{theirs}.{attention}.layer_norm", f"{ours}.{name}_norm")
            draft.linear(f"{theirs}.pos_ffn.w_1", f"{ours}.feed_forward.inner")
            draft.linear(f"{theirs}.pos_ffn.w_2", f"{ours}.feed_forward.outer")
            draft.norm(f"{theirs}.pos_ffn.layer_norm", f"{ours}.feed_forward_norm")
    source, target = draft.take("encoder.src_word_emb.weight"), draft.take("decoder.trg_word_emb.weight")
    output = draft.take("trg_word_prj.weight")
    tied = numpy.array_equal(target, output)
    d_model = source.shape[1]
    tables = tuple(draft.take(f"{stack}.position_enc.pos_table").reshape(-1, d_model) for stack in ("encoder", "decoder"))
    embedding_norm = "scale_emb_or_prj" in known if known else options.take("embedding-norm", True)
    for stack in ("encoder", "decoder"):
        if draft.has(f"{stack}.layer_norm.weight"):
            draft.norm(f"{stack}.layer_norm", f"{stack}.embedding_norm" if embedding_norm else f"{stack}.final_norm")
    draft.embeddings(source, target, None if tied else output, None)
    scale = known.get("scale_emb_or_prj") or options.take("scale", "prj" if tied and embedding_norm else "none")
    if scale == "prj" and tied:
        draft.logit_scale(1 / math.sqrt(d_model))
    heads = known.get("n_head") or options.take("heads", 8)
    return finish(draft, options, Shape(
        heads, Norm(False, "encoder.embedding_norm.weight" in draft.tensors, "encoder.final_norm.weight" in draft.tensors,
                    options.take("epsilon", 1e-6)), "relu",
        scale == "emb" and tied, tables, (0, 99, 8192),
        Text("words", True, "text", "<s> text </s>", pad="<blank>")))
