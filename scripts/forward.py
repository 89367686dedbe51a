#!/usr/bin/env python3
"""The forward pass in numpy, to be read beside the C: each function is named like its counterpart there.

    forward.py CHECKPOINT TRACE      computes every tensor of a file written by translate --trace, and compares

A checkpoint is read as weights/FORMAT.md describes it, in float32 or int8. Sums run in the order of kernels/plain.c: with
TRANSFORMER_ISA=plain all tensors are bit-identical, except where OpenBLAS multiplies (float32, more than 24 rows). There is
one sentence and no batch, and its whole target is known, so there is neither a row_stack nor a KV cache.

The exit status is 1 if a tensor differs by more than 1e-5 (of its largest magnitude, where that is above 1).
"""

import ctypes
import ctypes.util
import json
import math
import sys
from pathlib import Path

import numpy
import safetensors
import safetensors.numpy
from numpy import float32, ndarray

TOLERANCE = 1e-5


class Model:
    """config: of config.json. weights: the tensors of model.safetensors. without: parts that are switched off, as with
    --without. trace: what has been computed, by name, in order."""

    def __init__(self, directory: Path | str) -> None:
        self.config = json.loads((Path(directory) / "config.json").read_text(encoding="utf-8"))
        self.weights = safetensors.numpy.load_file(Path(directory) / "model.safetensors")
        self.without: set[str] = set()
        self.trace: dict[str, ndarray] = {}

    def trace_tensor(self, name: str, x: ndarray) -> ndarray:
        self.trace[name] = x.copy()
        return x


# ---- kernels/plain.c ----

def add_eight(x: ndarray) -> ndarray:
    """The sum of the last axis of x [..., n]: column i goes into partial sum i % 8."""
    s = numpy.zeros((*x.shape[:-1], 8), x.dtype)
    for i in range(0, x.shape[-1], 8):
        block = x[..., i:i + 8]
        s[..., :block.shape[-1]] += block
    return ((s[..., 0] + s[..., 4]) + (s[..., 2] + s[..., 6])) + ((s[..., 1] + s[..., 5]) + (s[..., 3] + s[..., 7]))


def matmul_transposed(a: ndarray, b: ndarray) -> ndarray:
    """a bᵀ [m, n] of a [m, k] and b [n, k], a row at a time to save memory"""
    return numpy.array([add_eight(row * b) for row in a])


def matmul_add(out: ndarray, a: ndarray, b: ndarray) -> None:
    """out [m, n] += a b of a [m, k] and b [k, n], summed in the order of k"""
    for column, row in zip(a.T, b):
        out += numpy.outer(column, row)


def quantize_row(x: ndarray) -> tuple[ndarray, ndarray]:
    """Of each row of x [n_rows, d_in]: (values in -127 … 127 [n_rows, d_in], scales [n_rows, 1]), x ≈ values · scales."""
    largest = numpy.abs(x).max(axis=1, keepdims=True)
    largest[largest < 1e-30] = 0
    steps = numpy.divide(float32(127), largest, out=numpy.zeros_like(largest), where=largest > 0)
    return numpy.rint(x * steps).astype(numpy.int32), largest / float32(127)


def kernels_linear(m: Model, x: ndarray, weight: str, bias: str | None = None) -> ndarray:
    """x Wᵀ + b [n_rows, d_out] of x [n_rows, d_in] and W [d_out, d_in], float32 or int8"""
    w = m.weights[f"{weight}.weight"]
    if w.dtype == numpy.int8:
        values, scales = quantize_row(x)
        sums = values @ w.T.astype(numpy.int32)  # exact
        out = sums.astype(float32) * (m.weights[f"{weight}.scale"] * scales)
    else:
        out = matmul_transposed(x, w)
    return out + m.weights[f"{bias or weight}.bias"]


def kernels_linear_row(m: Model, table: str, rows: list[int]) -> ndarray:
    """Rows [n, d_in] of a weight, as float32"""
    w = m.weights[f"{table}.weight"][rows].astype(float32)
    return w * m.weights[f"{table}.scale"][rows, None] if f"{table}.scale" in m.weights else w


def exponential(x: ndarray) -> ndarray:
    """exp(x) = 2^n exp(r): the Taylor series that the C sums, so that not even the last bit differs"""
    clamped = numpy.clip(x, float32(-87.3), float32(88.4))
    n = numpy.rint(clamped * float32(1.44269504))
    r = clamped - n * float32(0.693359375) - n * float32(-2.12194440e-4)
    total = numpy.zeros_like(x)
    for k in range(7, -1, -1):
        total = total * r + float32(1 / math.factorial(k))
    return numpy.where(x < float32(-87.3), float32(0), numpy.ldexp(total, n.astype(int)))


def softmax(x: ndarray) -> ndarray:
    """exp(x_i) / sum_j exp(x_j) for x [n]"""
    powers = exponential(x - x.max())
    return powers / add_eight(powers)


def layer_norm(m: Model, x: ndarray, name: str) -> ndarray:
    """(x - mean) / sqrt(variance + epsilon) * weight + bias of each row of x [n_rows, d_model], in double"""
    mean = add_eight(x.astype(float))[:, None] / x.shape[1]
    variance = add_eight((x - mean) ** 2)[:, None] / x.shape[1]
    normed = (x - mean) * (1 / numpy.sqrt(variance + m.config["norm"]["epsilon"]))
    return normed.astype(float32) * m.weights[f"{name}.weight"] + m.weights[f"{name}.bias"]


def kernels_relu(x: ndarray) -> ndarray:
    return numpy.maximum(x, float32(0))


def swish(x: ndarray) -> ndarray:
    return x / (float32(1) + exponential(-x))


def libm(name: str, x: ndarray) -> ndarray:
    """erff or tanhf of the C library, whose last bits are its own"""
    function = getattr(ctypes.CDLL(ctypes.util.find_library("m")), name)
    function.argtypes, function.restype = [ctypes.c_float], ctypes.c_float
    return numpy.vectorize(function, otypes=[float32])(x)


def kernels_gelu(x: ndarray) -> ndarray:
    return float32(0.5) * x * (float32(1) + libm("erff", x * float32(0.70710678)))


def kernels_gelu_tanh(x: ndarray) -> ndarray:
    return float32(0.5) * x * (float32(1) + libm("tanhf", float32(0.79788456) * (x + float32(0.044715) * x * x * x)))


# ---- attention/ ----

def project(m: Model, name: str, what: str, x: ndarray) -> ndarray:
    """The query, key or value [n_rows, d_heads] of x [n_rows, d_model]"""
    return m.trace_tensor(f"{name}.{what}", kernels_linear(m, x, f"{name}.{what}"))


def attention_scores(q: ndarray, k: ndarray, n_heads: int, scaled: bool) -> ndarray:
    """q kᵀ / sqrt(d_head) [n_heads, n_queries, n_keys] of q [n_queries, d_heads] and k [n_keys, d_heads]"""
    scale = float32(1) / numpy.sqrt(float32(q.shape[1] // n_heads)) if scaled else float32(1)
    heads = zip(numpy.split(q, n_heads, axis=1), numpy.split(k, n_heads, axis=1))
    return numpy.array([scale * matmul_transposed(q_head, k_head) for q_head, k_head in heads])


def softmax_of_seen(scores: ndarray, causal: bool) -> ndarray:
    """The weights [n_queries, n_keys] of one head; a causal query i sees keys 0 … i."""
    weights = numpy.zeros_like(scores)
    for i, row in enumerate(scores):
        n_seen = i + 1 if causal else len(row)
        weights[i, :n_seen] = softmax(row[:n_seen])
    return weights


def attend(m: Model, name: str, q: ndarray, k: ndarray, v: ndarray, causal: bool) -> ndarray:
    """softmax(q kᵀ / sqrt(d_head)) v, the heads side by side [n_queries, d_heads]"""
    n_heads = m.config[name.split(".")[0]]["n_heads"]
    scores = attention_scores(q, k, n_heads, "scaling" not in m.without)
    m.trace_tensor(f"{name}.scores", scores.reshape(-1, len(k)))
    weights = numpy.array([softmax_of_seen(head, causal) for head in scores])
    m.trace_tensor(f"{name}.weights", weights.reshape(-1, len(k)))
    context = numpy.zeros_like(q)
    for out, weights_of_head, values in zip(numpy.split(context, n_heads, axis=1), weights, numpy.split(v, n_heads, axis=1)):
        matmul_add(out, weights_of_head, values)
    switch_off_heads(m, name, numpy.split(context, n_heads, axis=1))
    return m.trace_tensor(f"{name}.heads", context)


def switch_off_heads(m: Model, name: str, contexts: list[ndarray]) -> None:
    """Sets to 0 the contexts [n_queries, d_head] of heads that are switched off"""
    for h, context in enumerate(contexts):
        if f"{name}:{h}" in m.without:
            context[:] = 0


def project_out(m: Model, name: str, context: ndarray) -> ndarray:
    """[n_rows, d_model]"""
    out = kernels_linear(m, context, f"{name}.output")
    return m.trace_tensor(name, numpy.zeros_like(out) if name in m.without else out)


def attention_encoder_self(m: Model, name: str, x: ndarray) -> ndarray:
    q, k, v = (project(m, name, what, x) for what in ("query", "key", "value"))
    return project_out(m, name, attend(m, name, q, k, v, causal=False))


def attention_decoder_self(m: Model, name: str, x: ndarray) -> ndarray:
    q, k, v = (project(m, name, what, x) for what in ("query", "key", "value"))
    return project_out(m, name, attend(m, name, q, k, v, causal=True))


def attention_cross_fill_cache(m: Model, name: str, encoded: ndarray) -> tuple[ndarray, ...]:
    return tuple(project(m, name, what, encoded) for what in ("key", "value"))


def attention_cross(m: Model, name: str, x: ndarray, k: ndarray, v: ndarray) -> ndarray:
    return project_out(m, name, attend(m, name, project(m, name, "query", x), k, v, causal=False))


# ---- model/ ----

def embedding_positions(n: int, d_model: int) -> ndarray:
    """[n, d_model]: sines in the first half of the columns, rounded up, and cosines in the rest"""
    wavelengths = 10000.0 ** (2.0 * numpy.arange((d_model + 1) // 2) / d_model)
    angles = numpy.arange(n)[:, None] / wavelengths
    return numpy.hstack([numpy.sin(angles), numpy.cos(angles)])[:, :d_model].astype(float32)


def model_embed(m: Model, side: str, table: str, ids: list[int]) -> ndarray:
    """x [n, d_model] of ids [n]"""
    d_model = m.config["d_model"]
    stored = m.config["positions"] == "stored"
    positions = m.weights[f"{side}_positions.weight"][:len(ids)] if stored else embedding_positions(len(ids), d_model)
    if "positions" in m.without:
        positions = numpy.zeros_like(positions)
    factor = numpy.sqrt(float32(d_model)) if m.config["scale_embedding"] else float32(1)
    return kernels_linear_row(m, table, ids) * factor + positions


def model_norm(m: Model, x: ndarray, name: str) -> ndarray:
    return m.trace_tensor(f"{name}_norm", layer_norm(m, x, f"{name}_norm"))


def model_norm_before(m: Model, x: ndarray, name: str) -> ndarray:
    """What a sublayer reads: x, or in a pre-norm model its norm"""
    return model_norm(m, x, name) if m.config["norm"]["before"] else x


def model_add_and_norm(m: Model, x: ndarray, sublayer: ndarray, name: str) -> ndarray:
    """LayerNorm(x + sublayer), or in a pre-norm model x + sublayer"""
    x = x + sublayer
    return m.trace_tensor(f"{name}_residual", x) if m.config["norm"]["before"] else model_norm(m, x, name)


def model_feed_forward(m: Model, x: ndarray, name: str) -> ndarray:
    """activation(x W1 + b1) W2 + b2 [n_rows, d_model]"""
    functions = {"relu": kernels_relu, "swish": swish, "gelu": kernels_gelu, "gelu_tanh": kernels_gelu_tanh}
    activate = functions[m.config["activation"]]
    inner = m.trace_tensor(f"{name}.inner", activate(kernels_linear(m, x, f"{name}.inner")))  # [n_rows, d_ff]
    out = kernels_linear(m, inner, f"{name}.outer")
    return m.trace_tensor(name, numpy.zeros_like(out) if name in m.without else out)


def model_encode(m: Model, source_ids: list[int]) -> ndarray:
    """The encoder's output [n_src, d_model]"""
    x = m.trace_tensor("encoder.embedding", model_embed(m, "source", "source_embedding", source_ids))
    if m.config["norm"]["embedding"]:
        x = model_norm(m, x, "encoder.embedding")
    for layer in range(m.config["encoder"]["n_layers"]):
        name = f"encoder.{layer}.self_attention"
        x = model_add_and_norm(m, x, attention_encoder_self(m, name, model_norm_before(m, x, name)), name)
        name = f"encoder.{layer}.feed_forward"
        x = model_add_and_norm(m, x, model_feed_forward(m, model_norm_before(m, x, name), name), name)
    return model_norm(m, x, "encoder.final") if m.config["norm"]["final"] else x


def model_decode_begin(m: Model, encoded: ndarray) -> list[tuple[ndarray, ...]]:
    """Of each decoder layer: the keys and values [n_src, d_heads] of the source"""
    return [attention_cross_fill_cache(m, f"decoder.{layer}.cross_attention", encoded)
            for layer in range(m.config["decoder"]["n_layers"])]


def model_decode_step(m: Model, decoder_ids: list[int], source: list[tuple[ndarray, ...]]) -> ndarray:
    """The decoder's output [n_tgt, d_model]"""
    table = "source_embedding" if m.config["shared_embedding"] else "target_embedding"
    x = m.trace_tensor("decoder.embedding", model_embed(m, "target", table, decoder_ids))
    if m.config["norm"]["embedding"]:
        x = model_norm(m, x, "decoder.embedding")
    for layer, (k, v) in enumerate(source):
        name = f"decoder.{layer}.self_attention"
        x = model_add_and_norm(m, x, attention_decoder_self(m, name, model_norm_before(m, x, name)), name)
        name = f"decoder.{layer}.cross_attention"
        x = model_add_and_norm(m, x, attention_cross(m, name, model_norm_before(m, x, name), k, v), name)
        name = f"decoder.{layer}.feed_forward"
        x = model_add_and_norm(m, x, model_feed_forward(m, model_norm_before(m, x, name), name), name)
    return model_norm(m, x, "decoder.final") if m.config["norm"]["final"] else x


def model_output(m: Model, x: ndarray) -> ndarray:
    """The logits [n_tgt, n_target_vocabulary]"""
    embedding = "source_embedding" if m.config["shared_embedding"] else "target_embedding"
    return m.trace_tensor("output", kernels_linear(m, x, embedding if m.config["tied_output"] else "output", "output"))


def model_forward(m: Model, source_ids: list[int], decoder_ids: list[int]) -> dict[str, ndarray]:
    """Every tensor by its name, in order of computation. decoder_ids begin with the start token."""
    m.trace = {}
    source = model_decode_begin(m, model_encode(m, source_ids))
    model_output(m, model_decode_step(m, decoder_ids, source))
    return m.trace


def compare(model: Model, file: Path | str) -> list[tuple[str, float]]:
    """(name, difference from what is computed here) of each tensor in a trace, in order of computation."""
    with safetensors.safe_open(file, "numpy") as traced:
        source, decoder = ([int(id_) for id_ in traced.metadata()[f"{side}_ids"].split()] for side in ("source", "decoder"))
        model.without = set(traced.metadata().get("without", "").split())
        try:
            computed = model_forward(model, source, decoder)
        except IndexError:  # an id that the vocabulary lacks
            computed = {}
        tensors = {name: traced.get_tensor(name) for name in traced.offset_keys()}
    if [(name, x.shape) for name, x in tensors.items()] != [(name, x.shape) for name, x in computed.items()]:
        sys.exit(f"forward.py: {file}: not a trace of this checkpoint")
    return [(name, float(numpy.abs(tensors[name] - x).max() / max(1, numpy.abs(x).max()))) for name, x in computed.items()]


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__.split("\n\n")[1])
    differences = compare(Model(sys.argv[1]), sys.argv[2])
    for name, difference in differences:
        print(f"{difference:.1e}  {name}")
    sys.exit(any(not difference <= TOLERANCE for _, difference in differences))


if __name__ == "__main__":
    main()
