"""hyunwoongko/transformer: post-norm without a final norm, embeddings unscaled. Its layer norm divided by the unbiased
deviation before March 2022, which nothing in a file tells."""

from transformer_c.description import Description, Norm
from transformer_c.draft import Draft, Shape, Text, finish
from transformer_c.opened import Opened
from transformer_c.options import Options

NAME = "hyunwoongko/transformer"
PARTS = {"w_q": "query", "w_k": "key", "w_v": "value", "w_concat": "output"}


def matches(opened: Opened) -> bool:
    return "encoder.layers.0.attention.w_concat.weight" in opened.state


def read(opened: Opened, options: Options) -> Description:
    draft = Draft(opened)
    unbiased = options.take("unbiased-norm", False)
    for stack, attentions in (("encoder", {"attention": "self_attention"}),
                              ("decoder", {"self_attention": "self_attention", "enc_dec_attention": "cross_attention"})):
        for i in range(draft.n_layers(f"{stack}.layers.{{}}.")):
            theirs, ours = f"{stack}.layers.{i}", f"{stack}.{i}"
            for attention, name in attentions.items():
                for part, our_part in PARTS.items():
                    draft.linear(f"{theirs}.{attention}.{part}", f"{ours}.{name}.{our_part}")
            draft.linear(f"{theirs}.ffn.linear1", f"{ours}.feed_forward.inner")
            draft.linear(f"{theirs}.ffn.linear2", f"{ours}.feed_forward.outer")
            for n, name in enumerate([*attentions.values(), "feed_forward"], 1):
                draft.norm(f"{theirs}.norm{n}", f"{ours}.{name}_norm", ("gamma", "beta"), unbiased)
    draft.embeddings(draft.take("encoder.emb.tok_emb.weight"), draft.take("decoder.emb.tok_emb.weight"),
                     draft.take("decoder.linear.weight"), draft.left.pop("decoder.linear.bias", None))
    return finish(draft, options, Shape(
        options.take("heads", 8), Norm(options.take("norm-first", False), False, False, options.take("epsilon", 1e-12)),
        options.take("activation", "relu"), options.take("scale-embedding", False), "interleaved", (0, 256, 8192),
        Text("words", True, "<sos> text <eos>", "<sos> text <eos>"), n_positions=256), ignored=r"\.emb\.pos_emb\.")
