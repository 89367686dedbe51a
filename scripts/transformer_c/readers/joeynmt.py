"""JoeyNMT: best.ckpt beside config.yaml, src_vocab.txt and trg_vocab.txt."""

from pathlib import Path
from typing import Any

from transformer_c.description import Description, Norm, Unsupported
from transformer_c.draft import Draft, Shape, Text, finish
from transformer_c.opened import Opened
from transformer_c.options import Options
from transformer_c.vocabularies import read_vocabulary

NAME = "JoeyNMT"
PARTS = {"q_layer": "query", "k_layer": "key", "v_layer": "value", "output_layer": "output"}


def matches(opened: Opened) -> bool:
    return "encoder.layers.0.src_src_att.q_layer.weight" in opened.state


def vocabulary(opened: Opened, name: str) -> list[str] | None:
    file = opened.find(name)
    return read_vocabulary(file) if isinstance(file, Path) else None


def settings(config: dict[str, Any], side: str) -> tuple[str, bool]:
    """(tokenizer, lower case) of a side. The level was one for both sides in versions before 2.0."""
    data = config.get("data", {})
    of_side = data.get(side) if isinstance(data.get(side), dict) else data
    level = of_side.get("level", "word")
    return {"char": "characters"}.get(level, "spaces"), bool(of_side.get("lowercase", False))


def is_pre_norm(opened: Opened, final: bool) -> bool:
    """layer_norm of the configuration. Versions 1.x, all pre-norm, have no such setting, but final norms."""
    model = opened.config["model"]
    encoder, decoder = (model.get(stack, {}).get("layer_norm", "pre" if final or stack == "encoder" else "post")
                        for stack in ("encoder", "decoder"))
    if encoder != decoder:
        raise Unsupported(f"{opened.file}: the encoder is {encoder}-norm and the decoder {decoder}-norm, which the engine "
                          "cannot do; JoeyNMT 2 makes such models where config.yaml has no layer_norm")
    return encoder == "pre"


def read(opened: Opened, options: Options) -> Description:
    draft = Draft(opened)
    model = opened.config.get("model", {})
    for stack, norms, attentions in (
            ("encoder", ["layer_norm"], {"src_src_att": "self_attention"}),
            ("decoder", ["x_layer_norm", "dec_layer_norm"],
             {"trg_trg_att": "self_attention", "src_trg_att": "cross_attention"})):
        if model.get(stack, {}).get("alpha", 1.0) != 1.0:
            raise Unsupported(f"{opened.file}: {stack} with alpha {model[stack]['alpha']}; only residuals of weight 1 are read")
        for i in range(draft.n_layers(f"{stack}.layers.{{}}.")):
            theirs, ours = f"{stack}.layers.{i}", f"{stack}.{i}"
            for norm, (attention, name) in zip(norms, attentions.items()):
                for part, our_part in PARTS.items():
                    draft.linear(f"{theirs}.{attention}.{part}", f"{ours}.{name}.{our_part}")
                draft.norm(f"{theirs}.{norm}", f"{ours}.{name}_norm")
            draft.linear(f"{theirs}.feed_forward.pwff_layer.0", f"{ours}.feed_forward.inner")
            draft.linear(f"{theirs}.feed_forward.pwff_layer.3", f"{ours}.feed_forward.outer")
            draft.norm(f"{theirs}.feed_forward.layer_norm", f"{ours}.feed_forward_norm")
    final = draft.has("encoder.layer_norm.weight")
    if final != draft.has("decoder.layer_norm.weight"):
        raise Unsupported(f"{opened.file}: only one stack ends with a norm, which the engine cannot do")
    before = is_pre_norm(opened, final) if model else options.take("norm-first", final)
    for stack in ("encoder", "decoder") if final else ():
        draft.norm(f"{stack}.layer_norm", f"{stack}.final_norm")
    source, target = draft.take("src_embed.lut.weight"), draft.take("trg_embed.lut.weight")
    output = draft.take("decoder.output_layer.weight") if draft.has("decoder.output_layer.weight") else None
    draft.embeddings(source, target, output, draft.left.pop("decoder.output_layer.bias", None))
    d_model = source.shape[1]
    tables = tuple(draft.take(f"{stack}.pe.pe").reshape(-1, d_model) for stack in ("encoder", "decoder"))
    scales = [model.get(stack, {}).get("embeddings", {}).get("scale", False) for stack in ("encoder", "decoder")] if model \
        else [options.take("scale-embedding", True)] * 2
    if scales[0] != scales[1]:
        raise Unsupported(f"{opened.file}: embeddings are scaled in one stack only, which the engine cannot do")
    heads = model.get("encoder", {}).get("num_heads") or options.take("heads", 8)
    tokenizer, lower_case = settings(opened.config, "src")
    return finish(draft, options, Shape(
        heads, Norm(before, False, final, options.take("epsilon", 1e-6)),
        model.get("encoder", {}).get("activation") or options.take("activation", "relu"), bool(scales[0]), tables,
        (2, 30, 8192),
        Text(tokenizer, lower_case, "text </s>", "<s> text </s>",
             source_tokens=vocabulary(opened, "src_vocab.txt"), target_tokens=vocabulary(opened, "trg_vocab.txt"))))
