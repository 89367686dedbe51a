"""Directories of CTranslate2: model.bin and vocabularies, as Argos Translate and LibreTranslate have them."""

import math
import struct
from pathlib import Path

import numpy

from transformer_c.description import Description, Norm, Unsupported
from transformer_c.draft import Array, Draft, Shape, Text, finish, halves, positions_limit
from transformer_c.hugging_face import read_json
from transformer_c.opened import Opened
from transformer_c.options import Options
from transformer_c.vocabularies import read_vocabulary

NAME = "CTranslate2"
TYPES = [numpy.dtype(name) for name in ("<f4", "i1", "<i2", "<i4", "<f2")]
OLD_TYPES = {4: "<f4", 2: "<i2", 1: "i1"}  # by size; before version 4 of the format
ACTIVATIONS = ["relu", "gelu_tanh", "swish", "gelu"]


def matches(opened: Opened) -> bool:
    return opened.file.name == "model.bin" and not opened.state


class Reader:
    """Takes numbers and strings from the bytes of a file."""

    def __init__(self, path: Path) -> None:
        self.path, self.bytes, self.at = path, path.read_bytes(), 0

    def take(self, size: int) -> bytes:
        if size > len(self.bytes) - self.at:
            raise Unsupported(f"{self.path}: truncated, or not a model of CTranslate2")
        self.at += size
        return self.bytes[self.at - size:self.at]

    def number(self, code: str) -> int:
        return struct.unpack(f"<{code}", self.take(struct.calcsize(f"<{code}")))[0]

    def string(self) -> str:
        return self.take(self.number("H")).rstrip(b"\0").decode(errors="replace")


def read_variable(reader: Reader, version: int) -> Array:
    shape = [reader.number("I") for _ in range(reader.number("B"))]
    if version >= 4:
        kind = reader.number("B")
        if kind >= len(TYPES):
            raise Unsupported(f"{reader.path}: data type {kind}; convert again with --quantization float32")
        dtype, size = TYPES[kind], reader.number("I")
    else:
        item = reader.number("B")
        dtype = numpy.dtype(OLD_TYPES.get(item, "i1"))
        size = item * reader.number("I")
    data = numpy.frombuffer(reader.take(size), dtype)
    if data.size != math.prod(shape):
        raise Unsupported(f"{reader.path}: a tensor of {data.size} numbers with the shape {shape}")
    return data.reshape(shape)


def read_model(path: Path) -> dict[str, Array]:
    reader = Reader(path)
    version = reader.number("I")
    if not 2 <= version <= 6:
        raise Unsupported(f"{path}: version {version} of the format; 2 to 6 are read")
    spec = reader.string()
    if spec not in ("TransformerSpec", "TransformerBase", "TransformerBig"):
        raise Unsupported(f"{path}: a {spec}, expected a TransformerSpec")
    reader.number("I")  # the specification's revision
    variables = {reader.string(): read_variable(reader, version) for _ in range(reader.number("I"))}
    if version >= 3:
        for _ in range(reader.number("I")):
            alias, name = reader.string(), reader.string()
            variables[alias] = variables[name]
    return variables


def in_float32(variables: dict[str, Array]) -> dict[str, Array]:
    """Weights in float32; those of 8 and 16 bits have a scale, for the tensor or for each row."""
    state = {}
    for name, array in variables.items():
        scale = variables.get(f"{name}_scale")
        if name.endswith("_scale") and name.removesuffix("_scale") in variables:
            continue
        if scale is not None:
            state[name] = array.astype(numpy.float32) / (scale[:, None] if scale.ndim else scale)
        elif array.dtype.kind == "f" or array.dtype.itemsize == 2 and array.ndim:
            state[name] = array.astype(numpy.float32)
        else:
            state[name] = array
    return state


def take_norm(draft: Draft, theirs: str, ours: str) -> None:
    draft.norm(theirs, ours, ("gamma", "beta"))


def take_linears(draft: Draft, theirs: str, ours: list[str]) -> None:
    draft.fused(draft.take(f"{theirs}/weight"), draft.left.pop(f"{theirs}/bias", None), ours)


def take_attention(draft: Draft, theirs: str, ours: str) -> None:
    """Queries, keys and values are one matrix; in cross-attention, keys and values."""
    if draft.has(f"{theirs}/linear_2/weight"):
        take_linears(draft, f"{theirs}/linear_0", [f"{ours}.query"])
        take_linears(draft, f"{theirs}/linear_1", [f"{ours}.key", f"{ours}.value"])
        take_linears(draft, f"{theirs}/linear_2", [f"{ours}.output"])
    else:
        take_linears(draft, f"{theirs}/linear_0", [f"{ours}.query", f"{ours}.key", f"{ours}.value"])
        take_linears(draft, f"{theirs}/linear_1", [f"{ours}.output"])
    for part in ("gamma", "beta"):
        draft.left[f"{theirs}/layer_norm.{part}"] = draft.take(f"{theirs}/layer_norm/{part}")
    take_norm(draft, f"{theirs}/layer_norm", f"{ours}_norm")


def take_layers(draft: Draft, stack: str) -> None:
    attentions = {"self_attention": "self_attention"} | ({"attention": "cross_attention"} if stack == "decoder" else {})
    for i in range(draft.n_layers(f"{stack}/layer_{{}}/")):
        theirs, ours = f"{stack}/layer_{i}", f"{stack}.{i}"
        for attention, name in attentions.items():
            take_attention(draft, f"{theirs}/{attention}", f"{ours}.{name}")
        take_linears(draft, f"{theirs}/ffn/linear_0", [f"{ours}.feed_forward.inner"])
        take_linears(draft, f"{theirs}/ffn/linear_1", [f"{ours}.feed_forward.outer"])
        for part in ("gamma", "beta"):
            draft.left[f"{theirs}/ffn.{part}"] = draft.take(f"{theirs}/ffn/layer_norm/{part}")
        take_norm(draft, f"{theirs}/ffn", f"{ours}.feed_forward_norm")


def take_outer_norm(draft: Draft, theirs: str, ours: str) -> bool:
    exists = all(draft.has(f"{stack}/{theirs}/gamma") for stack in ("encoder", "decoder"))
    for stack in ("encoder", "decoder") if exists else ():
        draft.put_norm(f"{stack}.{ours}", draft.take(f"{stack}/{theirs}/gamma"), draft.take(f"{stack}/{theirs}/beta"))
    return exists


def take_positions(draft: Draft, d_model: int, heads: int) -> tuple[Array, Array]:
    """Tables in the file, or those of OpenNMT-tf, which begin with position 1."""
    names = [f"{stack}/position_encodings/encodings" for stack in ("encoder", "decoder")]
    if all(draft.has(name) for name in names):
        return tuple(draft.take(name) for name in names)
    table = halves(min(positions_limit(d_model, heads), 1024), d_model, 1)
    return table, table


def vocabulary(opened: Opened, side: str) -> list[str] | None:
    file = opened.find(f"{side}_vocabulary.json", f"{side}_vocabulary.txt", "shared_vocabulary.json", "shared_vocabulary.txt")
    return read_vocabulary(file) if file else None


def frames(opened: Opened, source: list[str] | None) -> tuple[str, str, str, str]:
    """Source and target frame, unknown and pad tokens, of config.json or, in its absence, of OpenNMT."""
    file = opened.directory / "config.json"
    config = read_json(file) if file.is_file() else {}
    begin, end, unknown = (config.get(f"{name}_token", default)
                           for name, default in (("bos", "<s>"), ("eos", "</s>"), ("unk", "<unk>")))
    start = config.get("decoder_start_token") or begin
    before, after = ([token] if config.get(f"add_source_{name}") else [] for token, name in ((begin, "bos"), (end, "eos")))
    source_frame = " ".join([*before, "text", *after])
    pad = next((name for name in ("<blank>", "<pad>") if name in (source or [])), "<blank>")
    unknown = unknown if unknown in (source or [unknown]) else pad
    return source_frame, f"{start} text {end}", unknown, pad


def read(opened: Opened, options: Options) -> Description:
    opened.state = in_float32(read_model(opened.file))
    draft = Draft(opened)
    scalars = {name: draft.left.pop(name) for name in list(draft.left) if draft.left[name].size == 1 and "bias" not in name}

    def setting(name: str, default: int) -> int:
        return int(scalars[name].item()) if name in scalars else default

    for key, wanted in (("encoder/embeddings_merge", 0), ("encoder/multi_query_attention", 0), ("encoder/rotary_dim", 0)):
        if setting(key, wanted) != wanted:
            raise Unsupported(f"{opened.file}: {key} is {setting(key, wanted)}; only {wanted} is read")
    for stack in ("encoder", "decoder"):
        take_layers(draft, stack)
    final = take_outer_norm(draft, "layer_norm", "final_norm")
    embedding_norm = take_outer_norm(draft, "layernorm_embedding", "embedding_norm")
    source = draft.take("encoder/embeddings_0/weight", "encoder/embeddings/weight")
    target = draft.take("decoder/embeddings/weight")
    draft.embeddings(source, target, draft.take("decoder/projection/weight"), draft.left.pop("decoder/projection/bias", None))
    d_model = source.shape[1]
    heads = setting("encoder/num_heads", 0) or options.take("heads", 8)
    before = bool(scalars["encoder/pre_norm"].item()) if "encoder/pre_norm" in scalars else options.take("norm-first", final)
    activation = setting("encoder/activation", -1)
    scale = bool(scalars["encoder/scale_embeddings"].item()) if "encoder/scale_embeddings" in scalars \
        else options.take("scale-embedding", True)
    source_tokens = vocabulary(opened, "source")
    source_frame, target_frame, unknown, pad = frames(opened, source_tokens)
    return finish(draft, options, Shape(
        heads, Norm(before, embedding_norm, final, options.take("epsilon", 1e-5)),
        ACTIVATIONS[activation] if activation >= 0 else options.take("activation", "relu"), scale,
        take_positions(draft, d_model, heads), (0, 256, 8192),
        Text("spaces", False, source_frame, target_frame, unknown, pad, source_tokens, vocabulary(opened, "target"))))
