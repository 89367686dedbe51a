"""fairseq's `transformer` and `bart`, with dict.XX.txt beside the file. A final norm means pre-norm."""

import argparse
from typing import Any

from transformer_c.description import Description, Norm, Unsupported
from transformer_c.draft import Array, Draft, Shape, Text, finish, halves, positions_limit
from transformer_c.opened import Opened, Record
from transformer_c.options import Options

NAME = "fairseq"
PARTS = {"q_proj": "query", "k_proj": "key", "v_proj": "value", "out_proj": "output"}
ACTIVATIONS = {"relu": "relu", "gelu": "gelu", "gelu_accurate": "gelu_tanh", "gelu_fast": "gelu_tanh", "swish": "swish"}
FIRST = 2  # position of the first token: that of padding is 1
SPECIAL = ["<s>", "<pad>", "</s>", "<unk>"]


def matches(opened: Opened) -> bool:
    return "encoder.embed_tokens.weight" in opened.state and "decoder.embed_tokens.weight" in opened.state


def plain(value: Any) -> Any:  # noqa: ANN401 (whatever the file has)
    """Settings without the classes of argparse and OmegaConf."""
    if isinstance(value, argparse.Namespace):
        return vars(value)
    if isinstance(value, Record):
        return plain(value.__dict__.get("_content", value.__dict__.get("_val")))
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return value


def settings(opened: Opened) -> dict[str, Any]:
    config = plain(opened.content.get("cfg"))
    if isinstance(config, dict) and isinstance(config.get("model"), dict):
        return (config.get("task") or {}) | config["model"]
    args = plain(opened.content.get("args"))
    return args if isinstance(args, dict) else {}


def vocabulary(opened: Opened, language: str | None) -> list[str] | None:
    file = opened.find(f"dict.{language}.txt", f"../dict.{language}.txt") if language else None
    if not file:
        return None
    return SPECIAL + [line.rsplit(" ", 1)[0] for line in file.read_text(encoding="utf-8").removesuffix("\n").split("\n")]


def take_attention(draft: Draft, theirs: str, ours: str) -> None:
    if draft.has(f"{theirs}.in_proj_weight"):  # before version 0.9
        draft.fused(draft.take(f"{theirs}.in_proj_weight"), draft.left.pop(f"{theirs}.in_proj_bias", None),
                    [f"{ours}.query", f"{ours}.key", f"{ours}.value"])
    for part, our_part in PARTS.items():
        if draft.has(f"{theirs}.{part}.weight"):
            draft.linear(f"{theirs}.{part}", f"{ours}.{our_part}")


def take_layers(draft: Draft) -> None:
    for stack, attentions in (("encoder", {"self_attn": "self_attention"}),
                              ("decoder", {"self_attn": "self_attention", "encoder_attn": "cross_attention"})):
        for i in range(draft.n_layers(f"{stack}.layers.{{}}.")):
            theirs, ours = f"{stack}.layers.{i}", f"{stack}.{i}"
            for attention, name in attentions.items():
                take_attention(draft, f"{theirs}.{attention}", f"{ours}.{name}")
                draft.norm(f"{theirs}.{attention}_layer_norm", f"{ours}.{name}_norm")
            draft.linear(f"{theirs}.fc1", f"{ours}.feed_forward.inner")
            draft.linear(f"{theirs}.fc2", f"{ours}.feed_forward.outer")
            draft.norm(f"{theirs}.final_layer_norm", f"{ours}.feed_forward_norm")


def take_outer_norms(draft: Draft, theirs: str, ours: str) -> bool:
    found = [stack for stack in ("encoder", "decoder") if draft.has(f"{stack}.{theirs}.weight")]
    if len(found) == 1:
        raise Unsupported(f"{draft.file}: only the {found[0]} has {theirs}, which the engine cannot do")
    for stack in found:
        draft.norm(f"{stack}.{theirs}", f"{stack}.{ours}")
    return bool(found)


def take_positions(draft: Draft, d_model: int, n: int) -> tuple[Array, Array]:
    learned = [draft.take(f"{stack}.embed_positions.weight")[FIRST:] for stack in ("encoder", "decoder")
               if draft.has(f"{stack}.embed_positions.weight")]
    if learned:
        return learned[0], learned[-1]
    table = halves(n, d_model, FIRST)
    return table, table


def read(opened: Opened, options: Options) -> Description:
    draft, known = Draft(opened), settings(opened)
    take_layers(draft)
    before = take_outer_norms(draft, "layer_norm", "final_norm")
    embedding_norm = take_outer_norms(draft, "layernorm_embedding", "embedding_norm")
    source, target = draft.take("encoder.embed_tokens.weight"), draft.take("decoder.embed_tokens.weight")
    output = draft.take("decoder.output_projection.weight") if draft.has("decoder.output_projection.weight") \
        else draft.take("decoder.embed_out") if draft.has("decoder.embed_out") else None
    draft.embeddings(source, target, output, draft.left.pop("decoder.output_projection.bias", None))
    d_model = source.shape[1]
    heads = known.get("encoder_attention_heads") or options.take("heads", 8)
    activation = known.get("activation_fn") or options.take("activation", "relu")
    if activation not in ACTIVATIONS:
        raise Unsupported(f"{opened.file}: activation {activation}; expected one of {', '.join(ACTIVATIONS)}")
    scaled = not known["no_scale_embedding"] if "no_scale_embedding" in known else options.take("scale-embedding", True)
    n = min(positions_limit(d_model, heads), int(known.get("max_source_positions") or 1024))
    languages = [options.take("from") or known.get("source_lang"), options.take("to") or known.get("target_lang")]
    return finish(draft, options, Shape(
        heads, Norm(before, embedding_norm, before, options.take("epsilon", 1e-5)), ACTIVATIONS[activation], scaled,
        take_positions(draft, d_model, n), (0, 201, 8192),
        Text("spaces", False, "text </s>", "</s> text </s>", source_tokens=vocabulary(opened, languages[0]),
             target_tokens=vocabulary(opened, languages[1])), True),
        ignored=r"\.version$|_float_tensor$|embed_positions\.")
