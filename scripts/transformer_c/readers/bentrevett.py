"""bentrevett/pytorch-seq2seq, tutorial 6: post-norm, learned positions. An early version has one norm for all sublayers."""

from transformer_c.description import Description, Norm
from transformer_c.draft import Draft, Shape, Text, finish
from transformer_c.opened import Opened
from transformer_c.options import Options

NAME = "bentrevett/pytorch-seq2seq"
PARTS = {"fc_q": "query", "fc_k": "key", "fc_v": "value", "fc_o": "output"}
SUBLAYERS = {"encoder": {"self_attn_layer_norm": "self_attention", "ff_layer_norm": "feed_forward"},
             "decoder": {"self_attn_layer_norm": "self_attention", "enc_attn_layer_norm": "cross_attention",
                         "ff_layer_norm": "feed_forward"}}


def matches(opened: Opened) -> bool:
    return "encoder.layers.0.self_attention.fc_q.weight" in opened.state


def read(opened: Opened, options: Options) -> Description:
    draft = Draft(opened)
    for stack, attentions in (("encoder", {"self_attention": "self_attention"}),
                              ("decoder", {"self_attention": "self_attention", "encoder_attention": "cross_attention"})):
        for i in range(draft.n_layers(f"{stack}.layers.{{}}.")):
            theirs, ours = f"{stack}.layers.{i}", f"{stack}.{i}"
            for attention, name in attentions.items():
                for part, our_part in PARTS.items():
                    draft.linear(f"{theirs}.{attention}.{part}", f"{ours}.{name}.{our_part}")
            draft.linear(f"{theirs}.positionwise_feedforward.fc_1", f"{ours}.feed_forward.inner")
            draft.linear(f"{theirs}.positionwise_feedforward.fc_2", f"{ours}.feed_forward.outer")
            if draft.has(f"{theirs}.layer_norm.weight"):
                gain, bias = draft.take(f"{theirs}.layer_norm.weight"), draft.take(f"{theirs}.layer_norm.bias")
                for name in SUBLAYERS[stack].values():
                    draft.put_norm(f"{ours}.{name}_norm", gain, bias)
            else:
                for norm, name in SUBLAYERS[stack].items():
                    draft.norm(f"{theirs}.{norm}", f"{ours}.{name}_norm")
    draft.embeddings(draft.take("encoder.tok_embedding.weight"), draft.take("decoder.tok_embedding.weight"),
                     draft.take("decoder.fc_out.weight"), draft.left.pop("decoder.fc_out.bias", None))
    tables = (draft.take("encoder.pos_embedding.weight"), draft.take("decoder.pos_embedding.weight"))
    return finish(draft, options, Shape(
        options.take("heads", 8), Norm(options.take("norm-first", False), False, False, options.take("epsilon", 1e-5)),
        options.take("activation", "relu"), options.take("scale-embedding", True), tables, (0, 50, 8192),
        Text("words", True, "<sos> text <eos>", "<sos> text <eos>")), ignored=r"\.scale$")
