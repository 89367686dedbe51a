"""OpenNMT-py: pre-norm with a final norm, sources without special tokens; settings and vocabularies are in the file."""

import argparse
from typing import Any

from transformer_c.description import Description, Norm, Unsupported
from transformer_c.draft import Draft, Shape, Text, finish
from transformer_c.opened import Opened, Record
from transformer_c.options import Options

NAME = "OpenNMT-py"
PARTS = {"linear_query": "query", "linear_keys": "key", "linear_values": "value", "final_linear": "output"}


def matches(opened: Opened) -> bool:
    return any(name.startswith("decoder.transformer_layers.0.context_attn.linear_keys") for name in opened.state)


def tokens_of(vocabulary: Any, side: str) -> list[str] | None:  # noqa: ANN401 (whatever the file has)
    """A list, or in versions before 3.0 a torchtext field, in which the list is."""
    if isinstance(vocabulary, dict):
        vocabulary = vocabulary.get(side)
    elif isinstance(vocabulary, list) and vocabulary and isinstance(vocabulary[0], tuple | list):
        vocabulary = dict(vocabulary).get(side)
    while isinstance(vocabulary, Record):
        fields = getattr(vocabulary, "fields", None)
        vocabulary = fields[0][1] if fields else getattr(vocabulary, "vocab", getattr(vocabulary, "itos", None))
    return [str(token) for token in vocabulary] if isinstance(vocabulary, list) else None


def take_norm(draft: Draft, theirs: str, ours: str) -> bool:
    """True for the norm of old versions, which divides by the unbiased deviation."""
    old = draft.has(f"{theirs}.a_2")
    draft.norm(theirs, ours, ("a_2", "b_2") if old else ("weight", "bias"), old)
    return old


def read(opened: Opened, options: Options) -> Description:
    draft = Draft(opened)
    opt = opened.content.get("opt")
    settings = vars(opt) if isinstance(opt, argparse.Namespace) else {}
    for key, wanted in (("max_relative_positions", (0,)), ("layer_norm", ("standard",)), ("parallel_residual", (False,)),
                        ("self_attn_type", ("scaled-dot", "scaled-dot-flash")), ("num_kv", (0,))):
        if settings.get(key) not in (*wanted, None):
            raise Unsupported(f"{opened.file}: {key} is {settings[key]!r}, which the engine cannot do; only {wanted[0]!r} "
                              "is read")
    for name, attentions in (("transformer", {"self_attn": "self_attention"}),
                             ("transformer_layers", {"self_attn": "self_attention", "context_attn": "cross_attention"})):
        stack = "encoder" if name == "transformer" else "decoder"
        norms = ["layer_norm"] if stack == "encoder" else ["layer_norm_1", "layer_norm_2"]
        for i in range(draft.n_layers(f"{stack}.{name}.{{}}.")):
            theirs, ours = f"{stack}.{name}.{i}", f"{stack}.{i}"
            for norm, (attention, our_name) in zip(norms, attentions.items()):
                for part, our_part in PARTS.items():
                    draft.linear(f"{theirs}.{attention}.{part}", f"{ours}.{our_name}.{our_part}")
                take_norm(draft, f"{theirs}.{norm}", f"{ours}.{our_name}_norm")
            draft.linear(f"{theirs}.feed_forward.w_1", f"{ours}.feed_forward.inner")
            draft.linear(f"{theirs}.feed_forward.w_2", f"{ours}.feed_forward.outer")
            take_norm(draft, f"{theirs}.feed_forward.layer_norm", f"{ours}.feed_forward_norm")
        old = take_norm(draft, f"{stack}.layer_norm", f"{stack}.final_norm")
    embedding = "{}.embeddings.make_embedding.emb_luts.0.weight"
    source, target = draft.take(embedding.format("encoder")), draft.take(embedding.format("decoder"))
    draft.embeddings(source, target, draft.take("generator.0.weight", "generator.weight"),
                     draft.take("generator.0.bias", "generator.bias"))
    d_model = source.shape[1]
    names = [f"{stack}.embeddings.make_embedding.pe.pe" for stack in ("encoder", "decoder")]
    if not all(draft.has(name) for name in names):
        raise Unsupported(f"{opened.file}: without position encoding, which the engine cannot do")
    vocabulary = opened.content.get("vocab")
    return finish(draft, options, Shape(
        settings.get("heads") or options.take("heads", 8),
        Norm(True, False, True, options.take("epsilon", 1e-12 if old else settings.get("norm_eps") or 1e-6)),
        settings.get("pos_ffn_activation_fn") or options.take("activation", "relu"), True,
        tuple(draft.take(name).reshape(-1, d_model) for name in names), (0, 250, 8192),
        Text("spaces", False, "text", "<s> text </s>", "<unk>", "<blank>", tokens_of(vocabulary, "src"),
             tokens_of(vocabulary, "tgt"))))
