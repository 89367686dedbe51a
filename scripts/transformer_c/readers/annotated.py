"""The Annotated Transformer (harvardnlp) and its copies: pre-norm, with a layer norm of its own that divides by the unbiased
deviation. SamLynnEvans/Transformer has other names."""

from transformer_c.description import Description, Norm
from transformer_c.draft import Draft, Shape, Text, finish
from transformer_c.opened import Opened
from transformer_c.options import Options

NAME = "The Annotated Transformer"
PARTS = ("query", "key", "value", "output")
GAIN_AND_BIAS = ("a_2", "b_2")


def matches(opened: Opened) -> bool:
    return "encoder.layers.0.self_attn.linears.0.weight" in opened.state


def read(opened: Opened, options: Options) -> Description:
    draft = Draft(opened)
    names = GAIN_AND_BIAS if draft.has("encoder.norm.a_2") else ("weight", "bias")  # copies with nn.LayerNorm
    unbiased = options.take("unbiased-norm", names == GAIN_AND_BIAS)
    for stack, attentions in (("encoder", {"self_attn": "self_attention"}),
                              ("decoder", {"self_attn": "self_attention", "src_attn": "cross_attention"})):
        for i in range(draft.n_layers(f"{stack}.layers.{{}}.")):
            theirs, ours = f"{stack}.layers.{i}", f"{stack}.{i}"
            for attention, name in attentions.items():
                for n, part in enumerate(PARTS):
                    draft.linear(f"{theirs}.{attention}.linears.{n}", f"{ours}.{name}.{part}")
            draft.linear(f"{theirs}.feed_forward.w_1", f"{ours}.feed_forward.inner")
            draft.linear(f"{theirs}.feed_forward.w_2", f"{ours}.feed_forward.outer")
            for n, name in enumerate([*attentions.values(), "feed_forward"]):
                draft.norm(f"{theirs}.sublayer.{n}.norm", f"{ours}.{name}_norm", names, unbiased)
        draft.norm(f"{stack}.norm", f"{stack}.final_norm", names, unbiased)
    source = draft.take("src_embed.0.lut.weight")
    target = draft.take("tgt_embed.0.lut.weight")
    draft.embeddings(source, target, draft.take("generator.proj.weight"), draft.left.pop("generator.proj.bias", None))
    d_model = source.shape[1]
    tables = [draft.take(f"{side}_embed.1.pe").reshape(-1, d_model) for side in ("src", "tgt")] \
        if draft.has("src_embed.1.pe") else None
    return finish(draft, options, Shape(
        options.take("heads", 8), Norm(options.take("norm-first", True), False, True,
                                       options.take("epsilon", 1e-12 if unbiased else 1e-6)),
        options.take("activation", "relu"), options.take("scale-embedding", True), tuple(tables) if tables else "interleaved",
        (0, 71, 8192),
        Text("words", False, "<s> text </s>", "<s> text </s>", pad="<blank>")), ignored=r"^generator\.lut")
