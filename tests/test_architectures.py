"""What checkpoints of other systems need (weights/FORMAT.md): random models with each of these switches, against a forward
pass in PyTorch that shares no code with the program. Every named tensor, and the ids of greedy search."""

import itertools
import json
import math
import string
from pathlib import Path

import numpy
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

from safetensors.numpy import load_file, save_file

from transformer_c import program

PIECES = ["<pad>", "<s>", "</s>", "<unk>", *string.ascii_lowercase, " ", "."]
PAD, START, END, UNKNOWN = range(4)
D_MODEL, MAX_POSITIONS = 12, 40
LINES = ["the house is small.", "a", "zzzz", "xylophone", "what? no", "i have never seen such a big dog"]

PLAIN = dict(before=False, embedding=False, final=False, epsilon=1e-5, positions="sinusoids", heads=3, d_head=4,
             activation="relu", around=([], [END]), forced=[], cap=(2, 30), scale=True)
VARIANTS = {
    "post-norm": {},
    "post-norm with a final norm": dict(final=True),
    "pre-norm": dict(before=True, final=True, positions="stored"),
    "pre-norm without a final norm": dict(before=True, epsilon=1e-3),
    "embedding norm": dict(embedding=True, positions="stored", scale=False, around=([START], [END]), activation="gelu"),
    "narrow heads": dict(d_head=2, activation="gelu_tanh", around=([], [])),
    "wide heads": dict(before=True, embedding=True, final=True, d_head=7, heads=2, epsilon=1e-12),
    "forced ids": dict(around=([5, 6], [END, 7]), forced=[9, 8], cap=(0, 9)),
    "a cap that grows with the source": dict(cap=(1, 5), activation="swish"),
}


def tensors_of(v: dict, seed: int) -> dict[str, numpy.ndarray]:
    random = numpy.random.default_rng(seed)
    d_heads, d_ff, n = v["heads"] * v["d_head"], 20, len(PIECES)

    def matrix(d_out: int, d_in: int) -> numpy.ndarray:
        return random.normal(0, 1.5 / math.sqrt(d_in), (d_out, d_in)).astype(numpy.float32)

    def linear(name: str, d_out: int, d_in: int) -> dict[str, numpy.ndarray]:
        return {f"{name}.weight": matrix(d_out, d_in), f"{name}.bias": random.normal(0, 0.1, d_out).astype(numpy.float32)}

    def norm(name: str) -> dict[str, numpy.ndarray]:
        return {f"{name}.weight": random.normal(1, 0.1, D_MODEL).astype(numpy.float32),
                f"{name}.bias": random.normal(0, 0.1, D_MODEL).astype(numpy.float32)}

    out = {"source_embedding.weight": matrix(n, D_MODEL), "target_embedding.weight": matrix(n, D_MODEL),
           **linear("output", n, D_MODEL)}
    if v["positions"] == "stored":
        out |= {f"{side}_positions.weight": matrix(MAX_POSITIONS, D_MODEL) for side in ("source", "target")}
    for stack, layer in itertools.product(("encoder", "decoder"), range(2)):
        for attention in ["self_attention"] + ["cross_attention"] * (stack == "decoder"):
            name = f"{stack}.{layer}.{attention}"
            for what in ("query", "key", "value"):
                out |= linear(f"{name}.{what}", d_heads, D_MODEL)
            out |= linear(f"{name}.output", D_MODEL, d_heads) | norm(f"{name}_norm")
        name = f"{stack}.{layer}.feed_forward"
        out |= linear(f"{name}.inner", d_ff, D_MODEL) | linear(f"{name}.outer", D_MODEL, d_ff) | norm(f"{name}_norm")
    for stack, kind in itertools.product(("encoder", "decoder"), ("embedding", "final")):
        out |= norm(f"{stack}.{kind}_norm") if v[kind] else {}
    return out


def write(directory: Path, v: dict, tensors: dict[str, numpy.ndarray]) -> None:
    stack = dict(n_layers=2, n_heads=v["heads"], d_head=v["d_head"], d_ff=20)
    before, after = v["around"]
    factor, extra = v["cap"]
    config = {
        "format": "transformer.c", "version": 2, "d_model": D_MODEL, "max_positions": MAX_POSITIONS,
        "encoder": stack, "decoder": stack, "activation": v["activation"],
        "norm": {name: v[name] for name in ("before", "embedding", "final", "epsilon")}, "positions": v["positions"],
        "scale_embedding": v["scale"], "shared_embedding": False, "tied_output": False,
        "tokenizer": {"splitter": "characters", "lower_case": False},
        "source": {"language": "x", "n_vocabulary": len(PIECES), "before": before, "after": after, "unknown": UNKNOWN},
        "target": {"language": "y", "n_vocabulary": len(PIECES), "start": START, "forced": v["forced"], "end": END,
                   "pad": PAD, "silent": [PAD, START, END]},
        "shared_sentencepiece": True, "shared_vocabulary": True,
        "generation": {"length_factor": factor, "length_extra": extra, "max_length": MAX_POSITIONS, "forced_end": True,
                       "suppressed": [UNKNOWN]}, "origin": {}}
    directory.mkdir()
    (directory / "config.json").write_text(json.dumps(config))
    (directory / "source.vocab").write_text("".join(f"{piece}\n" for piece in PIECES))
    save_file(tensors, directory / "model.safetensors")


class Reference:
    """The forward pass of one sentence; self.trace keeps every tensor under its name."""

    def __init__(self, v: dict, tensors: dict[str, numpy.ndarray]) -> None:
        self.v, self.trace = v, {}
        self.w = {name: torch.from_numpy(tensor).double() for name, tensor in tensors.items()}

    def keep(self, name: str, x: torch.Tensor) -> torch.Tensor:
        self.trace[name] = x.reshape(-1, x.shape[-1]).float().numpy()
        return x

    def linear(self, name: str, x: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.linear(x, self.w[f"{name}.weight"], self.w[f"{name}.bias"])

    def norm(self, name: str, x: torch.Tensor) -> torch.Tensor:
        return self.keep(f"{name}_norm", torch.nn.functional.layer_norm(
            x, x.shape[-1:], self.w[f"{name}_norm.weight"], self.w[f"{name}_norm.bias"], self.v["epsilon"]))

    def sublayer(self, name: str, x: torch.Tensor, compute, *arguments) -> torch.Tensor:
        if self.v["before"]:
            return self.keep(f"{name}_residual", x + compute(name, self.norm(name, x), *arguments))
        return self.norm(name, x + compute(name, x, *arguments))

    def attention(self, name: str, x: torch.Tensor, memory: torch.Tensor | None, causal: bool) -> torch.Tensor:
        memory = x if memory is None else memory
        q, k, v = (self.keep(f"{name}.{what}", self.linear(f"{name}.{what}", source))
                   for what, source in (("query", x), ("key", memory), ("value", memory)))
        q, k, v = (t.unflatten(1, (self.v["heads"], self.v["d_head"])).transpose(0, 1) for t in (q, k, v))
        scores = self.keep(f"{name}.scores", q @ k.transpose(1, 2) / math.sqrt(self.v["d_head"]))
        if causal:
            scores = scores + torch.full(scores.shape[1:], -math.inf, dtype=scores.dtype).triu(1)
        weights = self.keep(f"{name}.weights", scores.softmax(-1))
        heads = self.keep(f"{name}.heads", (weights @ v).transpose(0, 1).flatten(1))
        return self.keep(name, self.linear(f"{name}.output", heads))

    def feed_forward(self, name: str, x: torch.Tensor) -> torch.Tensor:
        f = torch.nn.functional
        activate = {"relu": f.relu, "swish": f.silu, "gelu": f.gelu, "gelu_tanh": lambda x: f.gelu(x, approximate="tanh")}
        inner = self.keep(f"{name}.inner", activate[self.v["activation"]](self.linear(f"{name}.inner", x)))
        return self.keep(name, self.linear(f"{name}.outer", inner))

    def positions(self, side: str, n: int) -> torch.Tensor:
        if self.v["positions"] == "stored":
            return self.w[f"{side}_positions.weight"][:n]
        angle = torch.arange(n).double()[:, None] / 10000.0 ** (torch.arange(0, D_MODEL, 2).double() / D_MODEL)
        return torch.cat([angle.sin(), angle.cos()], dim=1)

    def stack(self, stack: str, side: str, ids: list[int], memory: torch.Tensor | None) -> torch.Tensor:
        x = self.w[f"{side}_embedding.weight"][ids] * (math.sqrt(D_MODEL) if self.v["scale"] else 1)
        x = self.keep(f"{stack}.embedding", x + self.positions(side, len(ids)))
        if self.v["embedding"]:
            x = self.norm(f"{stack}.embedding", x)
        for name in (f"{stack}.{layer}" for layer in range(2)):
            x = self.sublayer(f"{name}.self_attention", x, self.attention, None, stack == "decoder")
            if memory is not None:
                x = self.sublayer(f"{name}.cross_attention", x, self.attention, memory, False)
            x = self.sublayer(f"{name}.feed_forward", x, self.feed_forward)
        return self.norm(f"{stack}.final", x) if self.v["final"] else x

    def logits(self, source: list[int], decoder: list[int]) -> torch.Tensor:
        memory = self.stack("encoder", "source", source, None)
        return self.keep("output", self.linear("output", self.stack("decoder", "target", decoder, memory)))

    def greedy(self, source: list[int]) -> list[int]:
        factor, extra = self.v["cap"]
        cap = min(factor * len(source) + extra, MAX_POSITIONS)
        target = []
        while len(target) < cap and END not in target:
            logits = self.logits(source, [START, *target])[-1]
            logits[[PAD, UNKNOWN]] = -math.inf
            forced = self.v["forced"][len(target):len(target) + 1]
            target += forced or [END if len(target) == cap - 1 else int(logits.argmax())]
        return target


@pytest.mark.parametrize("name", VARIANTS)
def test_every_tensor_and_every_token_are_those_of_pytorch(name, tmp_path):
    v = PLAIN | VARIANTS[name]
    tensors = tensors_of(v, seed=len(name))
    write(tmp_path / "model", v, tensors)
    before, after = v["around"]
    ids = [[*before, *map(PIECES.index, line.replace("?", "")), *after] for line in LINES]
    lines = [line.replace("?", "") for line in LINES]
    found = program.translate_tokens(tmp_path / "model", lines, "--plain")
    assert [[sentence.source for sentence in sentences] for sentences in found] == [[source] for source in ids]
    reference = Reference(v, tensors)
    targets = [reference.greedy(source) for source in ids]
    assert [[sentence.target for sentence in sentences] for sentences in found] == [[target] for target in targets]
    assert len({tuple(target) for target in targets}) > 1  # the source matters

    program.translate(tmp_path / "model", [], "--plain", "--trace", str(tmp_path / "trace"), "--", lines[0])
    reference.trace = {}
    reference.logits(ids[0], [START, *targets[0][:-1]])
    trace = load_file(tmp_path / "trace")
    assert set(trace) == set(reference.trace)
    for tensor, expected in reference.trace.items():
        assert trace[tensor].shape == expected.shape, tensor
        assert numpy.abs(trace[tensor] - expected).max() <= 1e-5 * max(1, numpy.abs(expected).max()), tensor
