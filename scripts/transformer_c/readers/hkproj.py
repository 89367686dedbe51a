"""hkproj/pytorch-transformer (Umar Jamil): pre-norm, the layer norm of The Annotated Transformer, attention without biases."""

import numpy

from transformer_c.description import Description, Norm
from transformer_c.draft import Array, Draft, Shape, Text, finish
from transformer_c.opened import Opened
from transformer_c.options import Options
from transformer_c.vocabularies import read_vocabulary

NAME = "hkproj/pytorch-transformer"
PARTS = {"w_q": "query", "w_k": "key", "w_v": "value", "w_o": "output"}


def matches(opened: Opened) -> bool:
    return "encoder.layers.0.self_attention_block.w_q.weight" in opened.state


def take_norm(draft: Draft, theirs: str, ours: str, d_model: int, unbiased: bool) -> None:
    """Early versions have one gain and one bias for all columns."""
    gain, bias = (numpy.broadcast_to(draft.take(f"{theirs}.{part}"), d_model).copy() for part in ("alpha", "bias"))
    draft.put_norm(ours, gain, bias, unbiased)


def take_positions(draft: Draft, d_model: int) -> tuple[Array, Array] | str:
    if not draft.has("src_pos.pe"):
        return "interleaved"
    return tuple(draft.take(f"{side}_pos.pe").reshape(-1, d_model) for side in ("src", "tgt"))


def vocabulary(opened: Opened, option: str, options: Options) -> list[str] | None:
    """That of tokenizer_XX.json beside the file, with the language's code in the name."""
    language = options.take(option)
    file = opened.find(f"tokenizer_{language}.json", f"../tokenizer_{language}.json") if language else None
    return read_vocabulary(file) if file else None


def read(opened: Opened, options: Options) -> Description:
    draft = Draft(opened)
    unbiased = options.take("unbiased-norm", True)
    source = draft.take("src_embed.embedding.weight")
    d_model = source.shape[1]
    cross = "cross_attention_block"
    if draft.has("decoder.layers.0.source_attention_block.w_q.weight"):  # an early name
        cross = "source_attention_block"
    for stack, attentions in (("encoder", {"self_attention_block": "self_attention"}),
                              ("decoder", {"self_attention_block": "self_attention", cross: "cross_attention"})):
        for i in range(draft.n_layers(f"{stack}.layers.{{}}.")):
            theirs, ours = f"{stack}.layers.{i}", f"{stack}.{i}"
            for attention, name in attentions.items():
                for part, our_part in PARTS.items():
                    draft.linear(f"{theirs}.{attention}.{part}", f"{ours}.{name}.{our_part}")
            draft.linear(f"{theirs}.feed_forward_block.linear_1", f"{ours}.feed_forward.inner")
            draft.linear(f"{theirs}.feed_forward_block.linear_2", f"{ours}.feed_forward.outer")
            for n, name in enumerate([*attentions.values(), "feed_forward"]):
                take_norm(draft, f"{theirs}.residual_connections.{n}.norm", f"{ours}.{name}_norm", d_model, unbiased)
        take_norm(draft, f"{stack}.norm", f"{stack}.final_norm", d_model, unbiased)
    draft.embeddings(source, draft.take("tgt_embed.embedding.weight"), draft.take("projection_layer.proj.weight"),
                     draft.left.pop("projection_layer.proj.bias", None))
    positions = take_positions(draft, d_model)
    return finish(draft, options, Shape(
        options.take("heads", 8),
        Norm(options.take("norm-first", True), False, True, options.take("epsilon", 1e-12 if unbiased else 1e-6)),
        options.take("activation", "relu"), options.take("scale-embedding", True), positions, (0, 349, 8192),
        Text("words", False, "[SOS] text [EOS]", "[SOS] text [EOS]", "[UNK]", "[PAD]", vocabulary(opened, "from", options),
             vocabulary(opened, "to", options))))
