"""Versions of PyTorch's tutorial and others whose authors changed something. test_readers.py saves each and exports it with
--module, which must not pass."""

import math

import torch
import torch.nn.functional as F

import systems
from systems import D_FF, HEADS, D, PyTorchTutorial

D_HEAD = D // HEADS
DIFFER = "the logits for .* differ by .*; an assumption is wrong"
UNKNOWN_TENSORS = "tensors belong to no part that the reader knows"
OTHER_SHAPE = "cannot translate with what was exported|has not 4 equal heads"


class HeadsTakeEveryFourthColumn(PyTorchTutorial):
    """A view on the wrong axes, and the same way back."""
    columns = torch.arange(D).reshape(D_HEAD, HEADS).T.flatten()

    def project(self, theirs, part, x):
        if part == 3:
            return super().project(theirs, part, x[..., self.columns.argsort()])
        return super().project(theirs, part, x)[..., self.columns]


class RowsHeadByHead(PyTorchTutorial):
    """in_proj_weight has query, key and value of head 0, then those of head 1."""

    def project(self, theirs, part, x):
        if part == 3:
            return super().project(theirs, part, x)
        rows = torch.arange(3 * D).reshape(HEADS, 3, D_HEAD)[:, part].flatten()
        return F.linear(x, *(self.w[f"{theirs}.in_proj_{kind}"][rows] for kind in ("weight", "bias")))


class QueryAndKeySwapped(PyTorchTutorial):
    def project(self, theirs, part, x):
        return super().project(theirs, (1, 0, 2, 3)[part], x)


class GroupedKeys(PyTorchTutorial):
    """Two heads share keys and values, so that in_proj_weight has D rows for queries and D for both others."""

    def make_rest(self):
        super().make_rest()
        for name in list(self.w):
            if "in_proj" in name:
                self.w[name] = self.w[name][:2 * D]

    def project(self, theirs, part, x):
        if part == 3:
            return super().project(theirs, part, x)
        weight, bias = (self.w[f"{theirs}.in_proj_{kind}"] for kind in ("weight", "bias"))
        if part == 0:
            return F.linear(x, weight[:D], bias[:D])
        half = F.linear(x, *(tensor[D:].chunk(2)[part - 1] for tensor in (weight, bias)))
        return half.unflatten(-1, (HEADS // 2, D_HEAD)).repeat_interleave(2, -2).flatten(-2)


class ScoresByDModel(PyTorchTutorial):
    divisor = math.sqrt(D)


class ScoresUnscaled(PyTorchTutorial):
    divisor = 1


class ScoresOfCosines(PyTorchTutorial):
    def scores(self, q, k, causal):
        return super().scores(F.normalize(q, dim=-1) * D_HEAD, F.normalize(k, dim=-1), causal)


class Alibi(PyTorchTutorial):
    def scores(self, q, k, causal):
        distances = (torch.arange(q.shape[-2])[:, None] - torch.arange(k.shape[-2])).abs()
        return super().scores(q, k, causal) - torch.tensor([2.0 ** -i for i in range(HEADS)])[:, None, None] * distances


class Rotary(PyTorchTutorial):
    """Queries and keys are turned by their positions; the file has no table."""

    def add_positions(self):
        """No table."""

    def positions(self, stack):
        return torch.zeros(systems.N_POSITIONS, D)

    def scores(self, q, k, causal):
        def turned(x):
            angles = torch.arange(x.shape[-2])[:, None] * 100 ** (-torch.arange(D_HEAD // 2) / (D_HEAD // 2))
            a, b = x.chunk(2, -1)
            return torch.cat([a * angles.cos() - b * angles.sin(), a * angles.sin() + b * angles.cos()], -1)
        return super().scores(turned(q), turned(k), causal)


class NoCausalMask(PyTorchTutorial):
    def scores(self, q, k, causal):
        return super().scores(q, k, False)


class CausalEncoder(PyTorchTutorial):
    def scores(self, q, k, causal):
        return super().scores(q, k, q.shape[-2] == k.shape[-2])


class LearnedKey(PyTorchTutorial):
    """nn.MultiheadAttention(add_bias_kv=True)."""

    def make_rest(self):
        super().make_rest()
        self.w["transformer.encoder.layers.0.self_attn.bias_k"] = self.normal(1, 1, D)


class RelativePositions(PyTorchTutorial):
    def make_rest(self):
        super().make_rest()
        self.w["transformer.encoder.layers.0.self_attn.relative_attention_bias.weight"] = self.normal(32, HEADS)


class PositionsFromOne(PyTorchTutorial):
    def positions(self, stack):
        return super().positions(stack)[1:]


class PositionsOfHalves(PyTorchTutorial):
    """Sines, then cosines; the file has no table."""

    def add_positions(self):
        """No table."""

    def positions(self, stack):
        return systems.halves(0)


class PositionsInterleavedTwice(PositionsOfHalves):
    """Wavelengths with the exponent doubled, as in SamLynnEvans' repository."""

    def positions(self, stack):
        angles = torch.arange(systems.N_POSITIONS)[:, None] / 10000 ** (2 * torch.arange(0, D, 2) / D)
        return torch.stack([angles.sin(), angles.cos()], -1).flatten(1)


class PositionsScaled(PyTorchTutorial):
    """(token + position) * sqrt(d_model)."""

    def positions(self, stack):
        return super().positions(stack) * math.sqrt(D)


class EmbeddingsUnscaled(PyTorchTutorial):
    scaled = False


class EmbeddingNorm(PyTorchTutorial):
    embedding_norm = True
    embedding_norms = systems.stacks("src_norm", "tgt_norm")

    def make_rest(self):
        super().make_rest()
        for name in self.embedding_norms.values():
            self.add_norm(name)


class NormFirst(PyTorchTutorial):
    pre = True


class NoFinalNorm(PyTorchTutorial):
    """The tensors are in the file, and not used."""
    final = False


class LargeEpsilon(PyTorchTutorial):
    def norm(self, name, x):
        return F.layer_norm(x, (D,), self.w[f"{name}.weight"], self.w[f"{name}.bias"], 1e-3)


class UnbiasedNorm(PyTorchTutorial):
    def norm(self, name, x):
        return self.w[f"{name}.weight"] * (x - x.mean(-1, keepdim=True)) / (x.std(-1, keepdim=True) + 1e-6) + \
            self.w[f"{name}.bias"]


class RmsNorm(PyTorchTutorial):
    def add_norm(self, name, parts=("weight", "bias")):
        super().add_norm(name, parts)
        del self.w[f"{name}.bias"]

    def norm(self, name, x):
        return F.rms_norm(x, (D,), self.w[f"{name}.weight"], 1e-6)


class LayerScale(PyTorchTutorial):
    def make_rest(self):
        super().make_rest()
        self.w["transformer.encoder.layers.0.gamma_1"] = self.normal(D)


class WeightedResidual(PyTorchTutorial):
    """Sublayers count half, as in DeepNet."""

    def attention(self, ours, theirs, x, memory, causal):
        return super().attention(ours, theirs, x, memory, causal) / 2

    def feed_forward(self, ours, theirs, x):
        return super().feed_forward(ours, theirs, x) / 2


class CrossAttentionFirst(PyTorchTutorial):
    parts = PyTorchTutorial.parts | {"decoder": {sublayer: PyTorchTutorial.parts["decoder"][sublayer] for sublayer in
                                                 ("cross_attention", "self_attention", "feed_forward")}}


class SharedLayers(PyTorchTutorial):
    """One layer, computed twice, as in ALBERT."""

    def make_rest(self):
        super().make_rest()
        for name in [name for name in self.w if "layers.1." in name]:
            self.w[name] = self.w[name.replace("layers.1.", "layers.0.")]

    def save(self, directory):
        both, self.w = self.w, {name: tensor for name, tensor in self.w.items() if "layers.1." not in name}
        file = super().save(directory)
        self.w = both
        return file


class Gelu(PyTorchTutorial):
    activation = staticmethod(F.gelu)


class SquaredRelu(PyTorchTutorial):
    activation = staticmethod(lambda x: F.relu(x) ** 2)


class GatedFeedForward(PyTorchTutorial):
    """linear1 makes the gate too."""

    def make_rest(self):
        super().make_rest()
        for name in [name for name in self.w if "linear1" in name]:
            self.w[name] = self.normal(2 * D_FF, *self.w[name].shape[1:])

    @staticmethod
    def activation(x):
        inner, gate = x.chunk(2, -1)
        return inner * F.gelu(gate)


class GateOfItsOwn(PyTorchTutorial):
    def make_rest(self):
        super().make_rest()
        self.add_linear("transformer.encoder.layers.0.linear3", D_FF, D)


class TiedOutput(PyTorchTutorial):
    """The file has no output matrix."""

    def make_rest(self):
        super().make_rest()
        del self.w["generator.weight"], self.w["generator.bias"]


class CappedLogits(PyTorchTutorial):
    def logits(self, x):
        return 3 * torch.tanh(super().logits(x) / 3)


class HyunwoongkoOfItsOtherNorm(systems.OldHyunwoongko):
    """Nothing in a file tells the version."""
    options = systems.Hyunwoongko.options


class JadoreOfItsOtherNorm(systems.OldJadore):
    """Without settings, the file does not tell the version."""
    options = {"heads": HEADS}
    beside = {"epoch": 1}


class JoeyNMTScaledInOneStack(systems.JoeyNMT):
    """Embeddings of the target are not multiplied, and config.yaml does not say it."""

    def embed(self, stack, ids):
        self.scaled = stack == "encoder"
        return super().embed(stack, ids)


VARIANTS = {
    HeadsTakeEveryFourthColumn: DIFFER, RowsHeadByHead: DIFFER, QueryAndKeySwapped: DIFFER, GroupedKeys: OTHER_SHAPE,
    ScoresByDModel: DIFFER, ScoresUnscaled: DIFFER, ScoresOfCosines: DIFFER, Alibi: DIFFER, Rotary: DIFFER,
    NoCausalMask: DIFFER, CausalEncoder: DIFFER, LearnedKey: UNKNOWN_TENSORS, RelativePositions: UNKNOWN_TENSORS,
    PositionsFromOne: DIFFER, PositionsOfHalves: DIFFER, PositionsInterleavedTwice: DIFFER, PositionsScaled: DIFFER,
    EmbeddingsUnscaled: DIFFER, EmbeddingNorm: UNKNOWN_TENSORS, NormFirst: DIFFER, NoFinalNorm: DIFFER, LargeEpsilon: DIFFER,
    UnbiasedNorm: DIFFER, RmsNorm: DIFFER, LayerScale: UNKNOWN_TENSORS, WeightedResidual: DIFFER, CrossAttentionFirst: DIFFER,
    SharedLayers: DIFFER, Gelu: DIFFER, SquaredRelu: DIFFER, GatedFeedForward: OTHER_SHAPE, GateOfItsOwn: UNKNOWN_TENSORS,
    TiedOutput: "found no output layer", CappedLogits: DIFFER, HyunwoongkoOfItsOtherNorm: DIFFER, JadoreOfItsOtherNorm: DIFFER,
    JoeyNMTScaledInOneStack: DIFFER}
