"""The Transformer as train.py learns it: PyTorch, the computation of MarianMT, the names of its state.

Attention Is All You Need, sections 3.1 to 3.4, with one embedding matrix for both sides and the output. Transformers'
MarianMTModel computes the same, which tests/test_network.py shows; this one is written for throughput: fused attention on
a GPU, no host synchronization, bfloat16 and a loss in pieces on a CPU, and greedy search for thousands of sentences at once.

Shapes: B sentences, S source and T target positions, d = d_model, V pieces. Ids are padded at the end with `pad`.
"""

import copy
import math

import torch
from torch import nn
from torch.nn import functional

EOS = 0  # the end token; the start token is `pad`, as in Marian

Heads = tuple[torch.Tensor, torch.Tensor]  # keys and values, (B, heads, positions, d_head) each


def sinusoids(n_positions: int, d_model: int) -> torch.Tensor:
    """Position encodings (n_positions, d_model), section 3.5; Marian keeps the sines in the first half."""
    rate = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10_000) / d_model))
    angle = torch.arange(n_positions)[:, None] * rate
    return torch.cat([angle.sin(), angle.cos()], dim=1)


def attend(query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, mask: torch.Tensor | None = None,
           causal: bool = False) -> torch.Tensor:
    """softmax(q kᵀ / √d_head + mask) v over (B, heads, positions, d_head), section 3.2.1; `mask` (B, 1, 1, S) is -infinity
    for keys that are padding, else 0. On CPUs PyTorch's fused kernel is the slower one in training."""
    if query.is_cuda:
        return functional.scaled_dot_product_attention(query, key, value, attn_mask=mask, is_causal=causal)
    scores = query * (1 / math.sqrt(query.shape[-1])) @ key.transpose(-1, -2)
    if causal:
        mask = torch.full(scores.shape[-2:], -math.inf, dtype=scores.dtype).triu(1)
    if mask is not None:
        scores = scores + mask
    return scores.softmax(-1) @ value


LOSS_ROWS = 128  # target tokens whose logits a CPU keeps in its cache


class SmoothedLoss(torch.autograd.Function):
    """The sum of the label-smoothed cross-entropy (Szegedy et al., Rethinking the Inception Architecture, 2016, section 7) of
    logits `hidden weightᵀ + bias`. On a CPU the logits of a batch, (n, V), are much larger than the cache. So they are computed
    LOSS_ROWS rows at a time, together with their gradient softmax(logits) - (1 - smoothing) · [target] - smoothing / V."""

    @staticmethod
    def forward(context: torch.autograd.function.FunctionCtx, hidden: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor,
                target: torch.Tensor, smoothing: float) -> torch.Tensor:
        """hidden (n, d), weight (V, d), bias (1, V), all of one type; target (n)."""
        of_logits = torch.empty(len(hidden), len(weight), dtype=hidden.dtype)
        of_hidden = torch.empty_like(hidden)
        loss = torch.zeros(())
        for first in range(0, len(hidden), LOSS_ROWS):
            rows = slice(first, first + LOSS_ROWS)
            logits, wanted = torch.addmm(bias, hidden[rows], weight.T).float(), target[rows, None]
            normalizer = logits.logsumexp(-1, keepdim=True)
            loss += (normalizer - (1 - smoothing) * logits.gather(1, wanted) - smoothing * logits.mean(-1, keepdim=True)).sum()
            gradient = logits.sub_(normalizer).exp_().sub_(smoothing / len(weight))
            of_logits[rows] = gradient.scatter_add_(1, wanted, torch.full(wanted.shape, smoothing - 1.0))
            torch.mm(of_logits[rows], weight, out=of_hidden[rows])
        context.save_for_backward(of_hidden, of_logits.T @ hidden)
        return loss

    @staticmethod
    def backward(context: torch.autograd.function.FunctionCtx, of_loss: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        of_hidden, of_weight = context.saved_tensors
        return of_loss * of_hidden, of_loss * of_weight, None, None, None


class Attention(nn.Module):
    def __init__(self, shape: dict) -> None:
        super().__init__()
        self.n_heads = shape["heads"]
        for name in ("k_proj", "v_proj", "q_proj", "out_proj"):
            setattr(self, name, nn.Linear(shape["d_model"], shape["d_model"]))

    def heads(self, x: torch.Tensor) -> torch.Tensor:
        """(B, positions, d) to (B, heads, positions, d_head)."""
        return x.unflatten(-1, (self.n_heads, -1)).transpose(1, 2)

    def keys_and_values(self, x: torch.Tensor) -> Heads:
        return self.heads(self.k_proj(x)), self.heads(self.v_proj(x))

    def forward(self, x: torch.Tensor, keys_and_values: Heads, mask: torch.Tensor | None = None,
                causal: bool = False) -> torch.Tensor:
        context = attend(self.heads(self.q_proj(x)), *keys_and_values, mask, causal)
        return self.out_proj(context.transpose(1, 2).flatten(2))


class Layer(nn.Module):
    """What encoder and decoder layers share: self-attention and the feed-forward network, each followed by layer norm."""

    def __init__(self, shape: dict) -> None:
        super().__init__()
        self.self_attn = Attention(shape)
        self.self_attn_layer_norm = nn.LayerNorm(shape["d_model"])
        self.fc1 = nn.Linear(shape["d_model"], shape["d_ff"])
        self.fc2 = nn.Linear(shape["d_ff"], shape["d_model"])
        self.final_layer_norm = nn.LayerNorm(shape["d_model"])
        self.activation = {"relu": functional.relu, "gelu": functional.gelu, "swish": functional.silu}[shape["activation"]]
        self.dropout = shape["dropout"]

    def drop(self, x: torch.Tensor) -> torch.Tensor:
        return functional.dropout(x, self.dropout, self.training)

    def feed_forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.final_layer_norm(x + self.drop(self.fc2(self.activation(self.fc1(x)))))


class EncoderLayer(Layer):
    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        attended = self.self_attn(x, self.self_attn.keys_and_values(x), mask)
        return self.feed_forward(self.self_attn_layer_norm(x + self.drop(attended)))

    def learn(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return self(x, mask)


class DecoderLayer(Layer):
    def __init__(self, shape: dict) -> None:
        super().__init__(shape)
        self.encoder_attn = Attention(shape)
        self.encoder_attn_layer_norm = nn.LayerNorm(shape["d_model"])

    def forward(self, x: torch.Tensor, self_keys_and_values: Heads, cross_keys_and_values: Heads, mask: torch.Tensor,
                causal: bool) -> torch.Tensor:
        attended = self.self_attn(x, self_keys_and_values, causal=causal)
        x = self.self_attn_layer_norm(x + self.drop(attended))
        x = self.encoder_attn_layer_norm(x + self.drop(self.encoder_attn(x, cross_keys_and_values, mask)))
        return self.feed_forward(x)

    def learn(self, x: torch.Tensor, encoded: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """All target positions at once, each of which sees those before it."""
        return self(x, self.self_attn.keys_and_values(x), self.encoder_attn.keys_and_values(encoded), mask, causal=True)


class Network(nn.Module):
    """`shape` is the table [model] of a recipe. state_dict() has MarianMT's names, each matrix once."""

    def __init__(self, shape: dict, n_vocabulary: int) -> None:
        super().__init__()
        torch.manual_seed(shape["seed"])
        self.pad = n_vocabulary - 1
        self.dropout = shape["dropout"]
        self.dtype = torch.float32  # of what flows from layer to layer
        self.model = nn.Module()
        self.model.shared = nn.Embedding(n_vocabulary, shape["d_model"], padding_idx=self.pad)
        for name, n_layers, kind in (("encoder", shape["encoder_layers"], EncoderLayer),
                                     ("decoder", shape["decoder_layers"], DecoderLayer)):
            stack = nn.Module()
            stack.layers = nn.ModuleList(kind(shape) for _ in range(n_layers))
            setattr(self.model, name, stack)
        self.register_buffer("positions", sinusoids(shape["max_positions"], shape["d_model"]), persistent=False)
        self.register_buffer("final_logits_bias", torch.zeros(1, n_vocabulary))
        for parameter in self.parameters():
            if parameter.dim() == 2:
                nn.init.normal_(parameter, std=shape.get("init_std", 0.02))
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.zeros_(module.bias)
        with torch.no_grad():
            self.model.shared.weight[self.pad] = 0

    def embed(self, ids: torch.Tensor, first: int = 0) -> torch.Tensor:
        x = self.model.shared(ids) * math.sqrt(self.positions.shape[1]) + self.positions[first:first + ids.shape[1]]
        return functional.dropout(x, self.dropout, self.training).to(self.dtype)

    def in_bfloat16(self) -> "Network":
        """A copy that computes in bfloat16 on a CPU. The embedding and the norms, whose gradients add many small numbers, stay
        in float32."""
        network = copy.deepcopy(self)
        network.dtype = torch.bfloat16
        for module in network.modules():
            if isinstance(module, nn.Linear):
                module.to(network.dtype)
        return network

    def compile_layers(self) -> None:
        """Compiles the computation of a learning step, once for all layers of a kind and all batch shapes."""
        for layer in [*self.model.encoder.layers, *self.model.decoder.layers]:
            layer.learn = torch.compile(layer.learn, dynamic=True)
        self.loss = torch.compile(self.loss, dynamic=True)

    def mask(self, source: torch.Tensor) -> torch.Tensor:
        """What `attend` adds to scores: (B, 1, 1, S), rows aligned to 8 numbers as the fused kernel wants them."""
        device = source.device.type
        dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else self.dtype
        n_rows, n_columns = source.shape
        mask = torch.zeros(n_rows, 1, 1, -(-n_columns // 8) * 8, dtype=dtype, device=source.device)[..., :n_columns]
        return mask.masked_fill_((source == self.pad)[:, None, None, :], -math.inf)

    def logits(self, hidden: torch.Tensor) -> torch.Tensor:
        return functional.linear(hidden, self.model.shared.weight) + self.final_logits_bias

    def forward(self, source: torch.Tensor, target: torch.Tensor, wanted: torch.Tensor, smoothing: float) -> torch.Tensor:
        """The sum of the label-smoothed cross-entropy over the target tokens. source (B, S), target (B, T), and `wanted`:
        where target, as a vector, is not padding."""
        mask = self.mask(source)
        encoded = self.embed(source)
        for layer in self.model.encoder.layers:
            encoded = layer.learn(encoded, mask)
        x = self.embed(functional.pad(target[:, :-1], (1, 0), value=self.pad))
        for layer in self.model.decoder.layers:
            x = layer.learn(x, encoded, mask)
        return self.loss(x.flatten(0, 1).index_select(0, wanted), target.flatten().index_select(0, wanted), smoothing)

    def loss(self, hidden: torch.Tensor, target: torch.Tensor, smoothing: float) -> torch.Tensor:
        if hidden.is_cuda:
            return functional.cross_entropy(self.logits(hidden).float(), target, label_smoothing=smoothing, reduction="sum")
        weight, bias = self.model.shared.weight.to(self.dtype), self.final_logits_bias.to(self.dtype)
        return SmoothedLoss.apply(hidden, weight, bias, target, smoothing)

    @torch.no_grad()
    def greedy(self, source: torch.Tensor, cap: int) -> list[list[int]]:
        """Greedy search with a KV cache for a batch (B, S) of padded ids: a list of B lists, at most `cap` ids with the
        end token. Sentences that have ended leave the batch now and then, which costs the only synchronizations."""
        mask = self.mask(source)
        encoded = self.embed(source)
        for layer in self.model.encoder.layers:
            encoded = layer(encoded, mask)
        layers = self.model.decoder.layers
        cross = [layer.encoder_attn.keys_and_values(encoded) for layer in layers]
        past = [None] * len(layers)
        rows = torch.arange(len(source), device=source.device)  # the sentence of each row that is still in the batch
        ids = torch.full((len(source), cap), EOS, device=source.device)
        token = torch.full_like(source[:, :1], self.pad)
        ended = torch.zeros_like(token[:, 0], dtype=torch.bool)
        for step in range(cap):
            x = self.embed(token, first=step)
            for i, layer in enumerate(layers):
                new = layer.self_attn.keys_and_values(x)
                past[i] = new if step == 0 else [torch.cat(pair, dim=2) for pair in zip(past[i], new)]
                x = layer(x, past[i], cross[i], mask, causal=False)
            logits = self.logits(x[:, -1])
            logits[:, self.pad] = -math.inf
            token = logits.argmax(-1, keepdim=True)
            token = token.masked_fill(ended[:, None], EOS)
            ids[rows, step] = token[:, 0]
            ended = ended | (token[:, 0] == EOS)
            if step % 8 == 7:
                going = (~ended).nonzero()[:, 0]
                if len(going) == 0:
                    break
                if len(going) < 0.8 * len(rows):
                    rows, token, ended, mask = rows[going], token[going], ended[going], mask[going]
                    past = [[tensor[going] for tensor in pair] for pair in past]
                    cross = [[tensor[going] for tensor in pair] for pair in cross]
        return [row[:row.index(EOS) + 1] if EOS in row else row for row in ids.tolist()]


def length_cap(n_source: int, max_positions: int) -> int:
    """At most this many tokens come out, as in model/greedy.h; the last one allowed is the end."""
    return min(2 * n_source + 30, max_positions - 1)


def translate(network: Network, sources: list[list[int]], batch_tokens: int, max_positions: int) -> list[list[int]]:
    """Greedy target ids for lists of source ids, those of similar length together: at most `batch_tokens` source tokens."""
    device = network.positions.device
    order = sorted(range(len(sources)), key=lambda i: len(sources[i]))
    out = [None] * len(sources)
    while order:
        longest = len(sources[order[-1]])
        rows, order = order[-max(1, batch_tokens // longest):], order[:-max(1, batch_tokens // longest)]
        padded = torch.tensor([sources[i] + [network.pad] * (longest - len(sources[i])) for i in rows], device=device)
        for i, ids in zip(rows, network.greedy(padded, length_cap(longest, max_positions))):
            cap = length_cap(len(sources[i]), max_positions)
            out[i] = ids if len(ids) <= cap and ids[-1] == EOS else ids[:cap - 1] + [EOS]
    return out
