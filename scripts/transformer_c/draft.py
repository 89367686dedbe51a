"""From another program's tensors to ours: each is taken once, and folded where the engine has no switch."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy

from transformer_c.description import Description, Generation, Norm, Stack, Unsupported
from transformer_c.opened import Opened
from transformer_c.options import Options

Array = numpy.ndarray

LARGEST_POSITIONS, LARGEST_TABLE, LARGEST_ATTENTION = 8192, 1 << 21, 1 << 26  # limits of model/config.c


class Draft:
    """The tensors of a checkpoint under our names, as far as they are known."""

    def __init__(self, opened: Opened) -> None:
        self.file = opened.file
        self.left = dict(opened.state)
        self.tensors: dict[str, Array] = {}

    def has(self, name: str) -> bool:
        return name in self.left

    def take(self, *names: str) -> Array:
        """The tensor with the first of these names that exists."""
        for name in names:
            if name in self.left:
                return self.left.pop(name)
        raise Unsupported(f"{self.file}: no tensor {names[0]}, expected from its other names; is this an altered version?")

    def take_vector(self, *names: str) -> Array:
        return self.take(*names).reshape(-1)

    def n_layers(self, pattern: str) -> int:
        """The number of layers, from the names: {} in the pattern stands for the layer."""
        before, after = pattern.split("{}")
        found = re.compile(re.escape(before) + r"(\d+)" + re.escape(after))
        layers = {int(match[1]) for name in self.left if (match := found.match(name))}
        if not layers:
            raise Unsupported(f"{self.file}: no tensors named {pattern.format(0)}…")
        return max(layers) + 1

    def put_linear(self, ours: str, weight: Array, bias: Array | None = None) -> None:
        """weight [d_out, d_in]; without a bias, zeros."""
        self.tensors[f"{ours}.weight"] = weight
        self.tensors[f"{ours}.bias"] = numpy.zeros(weight.shape[0], numpy.float32) if bias is None else bias.reshape(-1)

    def linear(self, theirs: str, ours: str) -> None:
        """theirs.weight [d_out, d_in] and theirs.bias. A convolution of width 1 is a linear layer too."""
        weight = self.take(f"{theirs}.weight")
        if weight.ndim == 3 and weight.shape[2] == 1:
            weight = weight[:, :, 0]
        self.put_linear(ours, weight, self.left.pop(f"{theirs}.bias", None))

    def fused(self, weight: Array, bias: Array | None, names: Sequence[str]) -> None:
        """Several linear layers of equal width in one matrix, one below the other."""
        for i, ours in enumerate(names):
            n = weight.shape[0] // len(names)
            self.put_linear(ours, weight[i * n:(i + 1) * n], None if bias is None else bias[i * n:(i + 1) * n])

    def put_norm(self, ours: str, gain: Array, bias: Array | None, unbiased: bool = False) -> None:
        """Folds division by the unbiased deviation, which is sqrt(d / (d - 1)) times the biased one, into the gain."""
        d = gain.shape[-1]
        self.tensors[f"{ours}.weight"] = gain * numpy.float32(math.sqrt((d - 1) / d)) if unbiased else gain
        self.tensors[f"{ours}.bias"] = numpy.zeros_like(gain) if bias is None else bias

    def norm(self, theirs: str, ours: str, names: tuple[str, str] = ("weight", "bias"), unbiased: bool = False) -> None:
        gain = self.take(f"{theirs}.{names[0]}")
        self.put_norm(ours, gain, self.left.pop(f"{theirs}.{names[1]}", None), unbiased)

    def scale(self, ours: str, factor: float) -> None:
        """Multiplies weight and bias."""
        for part in ("weight", "bias"):
            self.tensors[f"{ours}.{part}"] = self.tensors[f"{ours}.{part}"] * numpy.float32(factor)

    def attentions(self) -> list[str]:
        return [name.removesuffix(".query.weight") for name in self.tensors if name.endswith("_attention.query.weight")]

    def attention_scale(self, heads: int, divisor: float) -> None:
        """Scores are divided by `divisor`, where our engine divides by sqrt(d_head): folds the rest into the queries."""
        for name in self.attentions():
            d_head = self.tensors[f"{name}.query.weight"].shape[0] // heads
            self.scale(f"{name}.query", math.sqrt(d_head) / divisor)

    def logit_scale(self, factor: float) -> None:
        """Logits are multiplied: an untied output is, and otherwise the last norm before it."""
        if "output.weight" in self.tensors:
            self.tensors["output.weight"] = self.tensors["output.weight"] * numpy.float32(factor)
            return
        last = max(int(name.split(".")[1]) for name in self.tensors if re.match(r"decoder\.\d+\.", name))
        self.scale("decoder.final_norm" if "decoder.final_norm.weight" in self.tensors
                   else f"decoder.{last}.feed_forward_norm", factor)

    def embeddings(self, source: Array, target: Array, output: Array | None, bias: Array | None) -> None:
        """Writes equal matrices once. output: None if it is the target embedding."""
        self.tensors["source_embedding.weight"] = source
        if not numpy.array_equal(source, target):
            self.tensors["target_embedding.weight"] = target
        if output is not None and not numpy.array_equal(target, output):
            self.tensors["output.weight"] = output
        self.tensors["output.bias"] = numpy.zeros(target.shape[0], numpy.float32) if bias is None else bias.reshape(-1)

    def check_empty(self, ignored: str = r"(?!)") -> None:
        """Refuses a file with tensors of no known part, because it is another model. Counters are no such part."""
        names = sorted(name for name, array in self.left.items()
                       if not re.search(ignored, name) and array.dtype.kind == "f")
        if names:
            raise Unsupported(f"{self.file}: {len(names)} tensors belong to no part that the reader knows: "
                              f"{', '.join(names[:4])}; this is an altered version")


def block_diagonal(matrix: Array, n: int) -> Array:
    """One small matrix, which each of n heads applies to its own columns, as one large matrix."""
    return numpy.kron(numpy.eye(n, dtype=numpy.float32), matrix)


def padded(matrix: Array, n_rows: int) -> Array:
    return numpy.concatenate([matrix, numpy.zeros((n_rows - matrix.shape[0], *matrix.shape[1:]), numpy.float32)])


def positions_limit(d_model: int, heads: int) -> int:
    return min(LARGEST_POSITIONS, LARGEST_TABLE // d_model, math.isqrt(LARGEST_ATTENTION // heads))


def interleaved(n: int, d_model: int) -> Array:
    """sin, cos, sin, cos … in the float32 arithmetic of the tutorials."""
    import torch
    position = torch.arange(n, dtype=torch.float32)[:, None]
    angles = position * torch.exp(torch.arange(0, d_model, 2, dtype=torch.float32) * -(math.log(10000.0) / d_model))
    table = torch.zeros(n, d_model)
    table[:, 0::2] = torch.sin(angles)
    table[:, 1::2] = torch.cos(angles[:, :d_model // 2])
    return table.numpy()


def halves(n: int, d_model: int, first: int) -> Array:
    """Sines, then cosines, of wavelengths up to exactly 10000: tensor2tensor, fairseq, CTranslate2. first: of position 0."""
    half = d_model // 2
    angles = numpy.arange(first, first + n)[:, None] * numpy.exp(-math.log(10000.0) / (half - 1) * numpy.arange(half))[None, :]
    table = numpy.concatenate([numpy.sin(angles), numpy.cos(angles)], axis=1)
    return numpy.pad(table, ((0, 0), (0, d_model - 2 * half))).astype(numpy.float32)


def computed_positions(kind: str, n: int, d_model: int) -> Array | None:
    """The table that a file lacks; None for Marian's, which the engine computes."""
    if kind == "marian":
        return None
    if kind == "interleaved":
        return interleaved(n, d_model)
    if kind == "halves":
        return halves(n, d_model, 2)
    raise Unsupported(f"--positions {kind}: unknown, expected interleaved, halves or marian")


@dataclass
class Text:
    """How a system treats text by default: the options of these names."""
    tokenizer: str = "words"
    lower_case: bool = False
    source_frame: str = "<bos> text <eos>"
    target_frame: str = "<bos> text <eos>"
    unknown: str = "<unk>"
    pad: str = "<pad>"
    source_tokens: list[str] | None = None  # the vocabularies, if the checkpoint has them
    target_tokens: list[str] | None = None
    merges: list[str] | None = None         # with the tokenizer "bpe" or "byte_bpe"
    prefix_space: bool = False
    languages: dict[str, str] = field(default_factory=dict)  # names and target tokens


@dataclass
class Shape:
    """What a reader knows besides tensors. length: (factor, extra, maximum) of the length cap."""
    heads: int
    norm: Norm
    activation: str = "relu"
    scale_embedding: bool = True
    positions: tuple[Array, Array] | str = "interleaved"  # tables, longest first, or the name of a computed one
    length: tuple[int, int, int] = (0, 1 << 20, 1 << 20)
    text: Text = field(default_factory=Text)
    forced_end: bool = False
    n_positions: int = 1024  # of a computed table


def table_pair(draft: Draft, options: Options, shape: Shape, d_model: int) -> int:
    """Puts the tables of positions among the tensors, and returns their length."""
    limit = positions_limit(d_model, shape.heads)
    given = options.take("max-positions")
    if isinstance(shape.positions, str):
        n = given or options.take("max-positions", min(limit, shape.n_positions))
        rows = n
    else:
        rows = min(table.shape[0] for table in shape.positions)
        n = given or min(rows, limit)
        if n < rows and not given:
            options.assumed["max-positions"] = n
    if not 2 <= n <= min(rows, limit):
        raise Unsupported(f"--max-positions {n}: expected 2 to {min(rows, limit)}")
    if isinstance(shape.positions, str):
        table = computed_positions(options.take("positions", shape.positions), n, d_model)
        tables = (table, table)
    else:
        tables = shape.positions
    if tables[0] is not None:
        for side, table in zip(("source", "target"), tables):
            draft.tensors[f"{side}_positions.weight"] = numpy.ascontiguousarray(table[:n])
    return n


def stack(draft: Draft, name: str, heads: int) -> Stack:
    query = draft.tensors[f"{name}.0.self_attention.query.weight"]
    if query.shape[0] % heads:
        raise Unsupported(f"{draft.file}: attention of {query.shape[0]} columns has not {heads} equal heads; name the number "
                          "with --heads")
    n_layers = 1 + max(int(key.split(".")[1]) for key in draft.tensors if re.match(rf"{name}\.\d+\.", key))
    return Stack(n_layers, heads, query.shape[0] // heads, draft.tensors[f"{name}.0.feed_forward.inner.weight"].shape[0])


def finish(draft: Draft, options: Options, shape: Shape, ignored: str = r"(?!)") -> Description:
    """The description, when all tensors have been taken."""
    from transformer_c.vocabularies import describe_text
    draft.check_empty(ignored)
    for name, array in draft.tensors.items():
        if not numpy.isfinite(array).all():
            raise Unsupported(f"{draft.file}: {name} contains NaN or infinity; the checkpoint is damaged")
    d_model = draft.tensors["source_embedding.weight"].shape[1]
    n = table_pair(draft, options, shape, d_model)
    target_rows = draft.tensors.get("target_embedding.weight", draft.tensors["source_embedding.weight"]).shape[0]
    tokenizer, source, target = describe_text(options, shape.text, draft.tensors["source_embedding.weight"].shape[0],
                                              target_rows)
    factor, extra, maximum = shape.length
    return Description(
        draft.tensors, d_model, n, stack(draft, "encoder", shape.heads), stack(draft, "decoder", shape.heads),
        shape.activation, shape.norm, shape.scale_embedding, tokenizer, source, target,
        Generation(factor, min(extra, 8192), min(maximum, n), shape.forced_end, [target.pad]))


