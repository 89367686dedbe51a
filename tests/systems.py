"""Other systems' forward passes, written from their descriptions: what each computes from the tensors in its own file,
under the names of that file. test_readers.py compares export.py's readers with them. make_systems.py trains a model of each
to say numbers: "4 0 7" is "four hundred seven". Random models are made here too, of variants."""

import argparse
import functools
import math

import numpy
import torch
import torch.nn.functional as F

D, HEADS, D_FF, LAYERS, N_POSITIONS = 32, 4, 48, 2, 32
DIGITS = list("0123456789")
TO_19 = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
         "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]


def spoken(n):
    """The words of 0 to 999."""
    if n < 20:
        return TO_19[n:n + 1]
    if n < 100:
        return [TENS[n // 10 - 2], *(spoken(n % 10) if n % 10 else [])]
    return [TO_19[n // 100], "hundred", *(spoken(n % 100) if n % 100 else [])]


@functools.cache
def interleaved(n=N_POSITIONS, d=D):
    table = torch.zeros(n, d)
    for p in range(n):
        for i in range(0, d, 2):
            table[p, i] = math.sin(p / 10000 ** (i / d))
            table[p, i + 1] = math.cos(p / 10000 ** (i / d))
    return table


@functools.cache
def halves(first, n=N_POSITIONS, d=D, divisor=D // 2 - 1):
    table = torch.zeros(n, d)
    for p in range(n):
        for i in range(d // 2):
            angle = (p + first) * 10000 ** (-i / divisor)
            table[p, i], table[p, d // 2 + i] = math.sin(angle), math.cos(angle)
    return table


class System:
    """The Transformer of a tutorial or toolkit. Subclasses say what theirs has instead of the paper's.

    w: the tensors of its file. forward() returns all tensors that `translate --trace` shows."""
    name = ""
    seed = 1
    options = {}  # of export.py, besides the vocabularies
    special = ["<unk>", "<pad>", "<bos>", "<eos>"]
    before, after, start, end, pad = ["<bos>"], ["<eos>"], "<bos>", "<eos>", "<pad>"
    heads, n_layers = HEADS, LAYERS
    pre = False             # pre-norm
    scaled = True           # embeddings, by sqrt(D)
    divisor = math.sqrt(D // HEADS)  # of attention scores
    final = False           # norm after the last layer
    embedding_norm = False
    lower_case = False
    # Names in the file; {} stands for the layer.
    attention_parts = ("q", "k", "v", "o")
    parts = {}
    norms = {}

    def __init__(self):
        self.random = torch.Generator().manual_seed(self.seed)
        self.source_words = self.special + DIGITS
        self.target_words = self.special + TO_19 + TENS + ["hundred"]
        self.w = {}
        self.tables = set()  # names of tensors that are not learned
        self.make()
        self.kept = None

    # Making random weights.

    def normal(self, *shape, deviation=None):
        deviation = 1.5 / math.sqrt(shape[-1]) if deviation is None else deviation
        return torch.randn(*shape, generator=self.random) * deviation

    def add_linear(self, name, d_out, d_in, bias=True):
        self.w[f"{name}.weight"] = self.normal(d_out, d_in)
        if bias:
            self.w[f"{name}.bias"] = self.normal(d_out, deviation=0.2)

    def add_norm(self, name, parts=("weight", "bias")):
        self.w[f"{name}.{parts[0]}"] = 1 + self.normal(D, deviation=0.2)
        self.w[f"{name}.{parts[1]}"] = self.normal(D, deviation=0.2)

    def add_embedding(self, name, n):
        self.w[name] = self.normal(n, D, deviation=0.3 if self.scaled else 1)

    def add_table(self, name, table):
        self.w[name] = table
        self.tables.add(name)

    def make(self):
        """Random tensors of all layers, under the names of the class."""
        for stack in ("encoder", "decoder"):
            for i in range(LAYERS):
                for sublayer, name in self.parts[stack].items():
                    if sublayer == "feed_forward":
                        self.add_linear(name[0].format(i), D_FF, D)
                        self.add_linear(name[1].format(i), D, D_FF)
                    else:
                        for part in self.attention_parts:
                            self.add_linear(f"{name.format(i)}.{part}", D, D, self.attention_bias)
                    self.add_norm(self.norms[stack][sublayer].format(i), self.norm_parts)
        self.make_rest()

    attention_bias = True
    norm_parts = ("weight", "bias")

    # Training.

    def learned(self):
        """Each tensor once."""
        return list({id(tensor): tensor for name, tensor in self.w.items() if name not in self.tables}.values())

    def round(self):
        """To 16 bits."""
        self.w = {name: tensor.detach().half() for name, tensor in self.w.items()}

    # Computing.

    def keep(self, name, x):
        if self.kept is not None:
            self.kept[name] = x.detach().reshape(-1, x.shape[-1]).numpy().copy()
        return x

    def linear(self, name, x):
        return F.linear(x, self.w[f"{name}.weight"], self.w.get(f"{name}.bias"))

    def norm(self, name, x):
        return F.layer_norm(x, (D,), self.w[f"{name}.weight"], self.w[f"{name}.bias"], 1e-5)

    activation = staticmethod(F.relu)

    def project(self, theirs, part, x):
        """part: 0 query, 1 key, 2 value, 3 output."""
        return self.linear(f"{theirs}.{self.attention_parts[part]}", x)

    def scores(self, q, k, causal):
        """[..., heads, n_queries, n_keys] before the softmax."""
        scores = q @ k.transpose(-2, -1) / self.divisor
        return scores.masked_fill(torch.ones_like(scores, dtype=torch.bool).triu(1), -math.inf) if causal else scores

    def attention(self, ours, theirs, x, memory, causal):
        q, k, v = (self.project(theirs, part, y) for part, y in enumerate((x, memory, memory)))
        folded = math.sqrt(D // self.heads) / self.divisor  # the engine always divides by sqrt(d_head)
        self.keep(f"{ours}.query", q * folded)
        self.keep(f"{ours}.key", k)
        self.keep(f"{ours}.value", v)
        q, k, v = (y.unflatten(-1, (self.heads, -1)).transpose(-3, -2) for y in (q, k, v))
        self.keep(f"{ours}.scores", q @ k.transpose(-2, -1) / self.divisor)
        weights = self.keep(f"{ours}.weights", self.scores(q, k, causal).softmax(-1))
        heads = self.keep(f"{ours}.heads", (weights @ v).transpose(-3, -2).flatten(-2))
        return self.keep(ours, self.project(theirs, 3, heads))

    def feed_forward(self, ours, theirs, x):
        inner = self.keep(f"{ours}.inner", self.activation(self.linear(theirs[0], x)))
        return self.keep(ours, self.linear(theirs[1], inner))

    def run_stack(self, stack, x, encoded=None):
        for i in range(self.n_layers):
            for sublayer, name in self.parts[stack].items():
                ours, norm = f"{stack}.{i}.{sublayer}", self.norms[stack][sublayer].format(i)
                y = self.keep(f"{ours}_norm", self.norm(norm, x)) if self.pre else x
                if sublayer == "feed_forward":
                    y = self.feed_forward(ours, [part.format(i) for part in name], y)
                else:
                    memory = encoded if sublayer == "cross_attention" else y
                    y = self.attention(ours, name.format(i), y, memory, stack == "decoder" and memory is not encoded)
                x = self.keep(f"{ours}_residual", x + y) if self.pre else self.keep(f"{ours}_norm", self.norm(norm, x + y))
        if self.final:
            x = self.keep(f"{stack}.final_norm", self.norm(self.final_norms[stack], x))
        return x

    def embed(self, stack, ids):
        x = self.w[self.embeddings[stack]][ids] * (math.sqrt(D) if self.scaled else 1)
        x = self.keep(f"{stack}.embedding", x + self.positions(stack)[:ids.shape[-1]])
        return self.keep(f"{stack}.embedding_norm", self.norm(self.embedding_norms[stack], x)) if self.embedding_norm else x

    def logits(self, x):
        return self.linear(self.output, x)

    def compute(self, source, target):
        """The logits [..., n_tgt, n_vocabulary] for source ids [..., n_src] and decoder input ids [..., n_tgt]."""
        source, target = torch.as_tensor(source), torch.as_tensor(target)
        encoded = self.run_stack("encoder", self.embed("encoder", source))
        return self.logits(self.run_stack("decoder", self.embed("decoder", target), encoded))

    def forward(self, source, target):
        """The trace of one sentence."""
        kept = self.kept = {}
        self.keep("output", self.compute(source, target))
        self.kept = None
        return kept

    def greedy(self, source, cap, forced_end):
        start, end, pad = (self.target_words.index(token) for token in (self.start, self.end, self.pad))
        ids = [start]
        while len(ids) <= cap:
            logits = self.compute(source, ids)[-1]
            logits[pad] = -math.inf
            ids.append(end if forced_end and len(ids) == cap else int(logits.argmax()))
            if ids[-1] == end:
                break
        return ids[1:]

    def source_ids(self, words):
        return [self.source_words.index(word) for word in [*self.before, *words, *self.after]]

    # The file: weights under a key, or alone, and what is beside them.
    file, key, beside, prefix = "model.pt", "model_state_dict", {"epoch": 1}, ""
    zipped = True  # False: as PyTorch before 1.6 wrote it

    def save(self, directory):
        """Writes the checkpoint, returns what export.py is given."""
        state = {self.prefix + name: tensor for name, tensor in self.w.items()}
        torch.save({self.key: state, **self.beside} if self.key else state, directory / self.file,
                   _use_new_zipfile_serialization=self.zipped)
        return directory / self.file

    def load(self, directory):
        """Reads the checkpoint, whose weights may be of 16 bits; returns what export.py is given."""
        content = torch.load(directory / self.file, weights_only=False)
        state = content[self.key] if self.key else content
        self.w = {name.removeprefix(self.prefix): tensor.float() for name, tensor in state.items()}
        return directory / self.file

    vocabularies = {"source-vocabulary": "source.txt", "target-vocabulary": "target.txt"}  # options and files

    def write_vocabularies(self, directory):
        for side, words in (("source", self.source_words), ("target", self.target_words)):
            (directory / f"{side}.txt").write_text("\n".join(words) + "\n")

    def given(self, directory):
        """The options of export.py."""
        return self.options | {option: directory / file for option, file in self.vocabularies.items()}


def stacks(encoder, decoder):
    return {"encoder": encoder, "decoder": decoder}


class PyTorchTutorial(System):
    name = "PyTorch tutorial"
    seed = 24
    options = {"heads": HEADS}
    final = True
    output = "generator"
    embeddings = stacks("src_tok_emb.embedding.weight", "tgt_tok_emb.embedding.weight")
    final_norms = stacks("transformer.encoder.norm", "transformer.decoder.norm")
    parts = stacks({"self_attention": "transformer.encoder.layers.{}.self_attn",
                    "feed_forward": ("transformer.encoder.layers.{}.linear1", "transformer.encoder.layers.{}.linear2")},
                   {"self_attention": "transformer.decoder.layers.{}.self_attn",
                    "cross_attention": "transformer.decoder.layers.{}.multihead_attn",
                    "feed_forward": ("transformer.decoder.layers.{}.linear1", "transformer.decoder.layers.{}.linear2")})
    norms = stacks({"self_attention": "transformer.encoder.layers.{}.norm1",
                    "feed_forward": "transformer.encoder.layers.{}.norm2"},
                   {"self_attention": "transformer.decoder.layers.{}.norm1",
                    "cross_attention": "transformer.decoder.layers.{}.norm2",
                    "feed_forward": "transformer.decoder.layers.{}.norm3"})

    def make_rest(self):
        for stack in ("encoder", "decoder"):
            for name in [name for key, name in self.parts[stack].items() if key != "feed_forward"]:
                for i in range(LAYERS):
                    parts = [self.w.pop(f"{name.format(i)}.{part}.{kind}") for kind in ("weight", "bias")
                             for part in self.attention_parts]
                    for kind, of_kind in (("weight", parts[:4]), ("bias", parts[4:])):
                        self.w[f"{name.format(i)}.in_proj_{kind}"] = torch.cat(of_kind[:3])
                        self.w[f"{name.format(i)}.out_proj.{kind}"] = of_kind[3]
            self.add_norm(self.final_norms[stack])
        self.add_linear(self.output, len(self.target_words), D)
        self.add_embedding(self.embeddings["encoder"], len(self.source_words))
        self.add_embedding(self.embeddings["decoder"], len(self.target_words))
        self.add_positions()

    def add_positions(self):
        self.add_table("positional_encoding.pos_embedding", interleaved()[:, None])

    def project(self, theirs, part, x):
        if part == 3:
            return self.linear(f"{theirs}.out_proj", x)
        weight, bias = (self.w[f"{theirs}.in_proj_{kind}"][part * D:(part + 1) * D] for kind in ("weight", "bias"))
        return F.linear(x, weight, bias)

    def positions(self, stack):
        return self.w["positional_encoding.pos_embedding"][:, 0]


class NormFirst(PyTorchTutorial):
    name = "nn.Transformer(norm_first=True, activation=gelu)"
    seed = 3
    options = {"heads": HEADS, "norm-first": True, "activation": "gelu"}
    pre = True
    activation = staticmethod(F.gelu)


class AladdinSeq2Seq(PyTorchTutorial):
    name = "Aladdin Persson, seq2seq_transformer"
    seed = 20
    special = ["<unk>", "<pad>", "<sos>", "<eos>"]
    before, start = ["<sos>"], "<sos>"
    scaled, lower_case = False, True
    file, key, beside = "my_checkpoint.pth.tar", "state_dict", {"optimizer": {"lr": 1}}
    zipped = False
    output = "fc_out"
    embeddings = stacks("src_word_embedding.weight", "trg_word_embedding.weight")

    def add_positions(self):
        for side in ("src", "trg"):
            self.add_embedding(f"{side}_position_embedding.weight", N_POSITIONS)

    def positions(self, stack):
        return self.w[f"{'src' if stack == 'encoder' else 'trg'}_position_embedding.weight"]


class Annotated(System):
    name = "The Annotated Transformer"
    seed = 1
    options = {"heads": HEADS}
    special = ["<s>", "</s>", "<blank>", "<unk>"]
    before, after, start, end, pad = ["<s>"], ["</s>"], "<s>", "</s>", "<blank>"
    file, key, prefix = "multi30k_model_final.pt", None, "module."
    zipped = False
    pre = final = True
    norm_parts = ("a_2", "b_2")
    attention_parts = tuple(f"linears.{i}" for i in range(4))
    output = "generator.proj"
    embeddings = stacks("src_embed.0.lut.weight", "tgt_embed.0.lut.weight")
    final_norms = stacks("encoder.norm", "decoder.norm")
    parts = stacks({"self_attention": "encoder.layers.{}.self_attn",
                    "feed_forward": ("encoder.layers.{}.feed_forward.w_1", "encoder.layers.{}.feed_forward.w_2")},
                   {"self_attention": "decoder.layers.{}.self_attn", "cross_attention": "decoder.layers.{}.src_attn",
                    "feed_forward": ("decoder.layers.{}.feed_forward.w_1", "decoder.layers.{}.feed_forward.w_2")})
    norms = stacks({"self_attention": "encoder.layers.{}.sublayer.0.norm",
                    "feed_forward": "encoder.layers.{}.sublayer.1.norm"},
                   {"self_attention": "decoder.layers.{}.sublayer.0.norm",
                    "cross_attention": "decoder.layers.{}.sublayer.1.norm",
                    "feed_forward": "decoder.layers.{}.sublayer.2.norm"})
    position_tables = stacks("src_embed.1.pe", "tgt_embed.1.pe")

    def make_rest(self):
        for stack, words in (("encoder", self.source_words), ("decoder", self.target_words)):
            self.add_norm(self.final_norms[stack], self.norm_parts)
            self.add_embedding(self.embeddings[stack], len(words))
            self.add_table(self.position_tables[stack], interleaved()[None])
        self.add_linear(self.output, len(self.target_words), D)

    def norm(self, name, x):
        gain, bias = (self.w[f"{name}.{part}"] for part in self.norm_parts)
        return gain * (x - x.mean(-1, keepdim=True)) / (x.std(-1, keepdim=True) + 1e-6) + bias

    def positions(self, stack):
        return self.w[self.position_tables[stack]][0]


class Hkproj(Annotated):
    name = "hkproj/pytorch-transformer"
    seed = 2
    special = ["[UNK]", "[PAD]", "[SOS]", "[EOS]"]
    before, after, start, end, pad = ["[SOS]"], ["[EOS]"], "[SOS]", "[EOS]", "[PAD]"
    attention_bias = False
    norm_parts = ("alpha", "bias")
    attention_parts = ("w_q", "w_k", "w_v", "w_o")
    file, key, prefix, zipped = "tmodel_03.pt", "model_state_dict", "", True
    beside = {"epoch": 3, "optimizer_state_dict": {}, "global_step": 9}
    output = "projection_layer.proj"
    embeddings = stacks("src_embed.embedding.weight", "tgt_embed.embedding.weight")
    position_tables = stacks("src_pos.pe", "tgt_pos.pe")
    parts = {stack: {sublayer: f"{stack}.layers.{{}}.{name}" if isinstance(name, str) else
                     tuple(f"{stack}.layers.{{}}.{part}" for part in name) for sublayer, name in of_stack.items()}
             for stack, of_stack in stacks(
                 {"self_attention": "self_attention_block",
                  "feed_forward": ("feed_forward_block.linear_1", "feed_forward_block.linear_2")},
                 {"self_attention": "self_attention_block", "cross_attention": "cross_attention_block",
                  "feed_forward": ("feed_forward_block.linear_1", "feed_forward_block.linear_2")}).items()}
    norms = stacks({"self_attention": "encoder.layers.{}.residual_connections.0.norm",
                    "feed_forward": "encoder.layers.{}.residual_connections.1.norm"},
                   {"self_attention": "decoder.layers.{}.residual_connections.0.norm",
                    "cross_attention": "decoder.layers.{}.residual_connections.1.norm",
                    "feed_forward": "decoder.layers.{}.residual_connections.2.norm"})


class OldHkproj(Hkproj):
    name = "hkproj, early (norms of one number, attention with biases)"
    seed = 2
    attention_bias = True
    file, key = "tmodel_00.pt", None
    parts = stacks(Hkproj.parts["encoder"],
                   Hkproj.parts["decoder"] | {"cross_attention": "decoder.layers.{}.source_attention_block"})

    def add_norm(self, name, parts=("alpha", "bias")):
        self.w[f"{name}.alpha"], self.w[f"{name}.bias"] = 1 + self.normal(1, deviation=0.2), self.normal(1, deviation=0.2)


class Jadore(System):
    name = "jadore801120"
    seed = 8
    special = ["<unk>", "<blank>", "<s>", "</s>"]
    before, after, start, end, pad = [], [], "<s>", "</s>", "<blank>"
    lower_case = True
    attention_bias, embedding_norm, scaled = False, True, False
    attention_parts = ("w_qs", "w_ks", "w_vs", "fc")
    embeddings = stacks("encoder.src_word_emb.weight", "decoder.trg_word_emb.weight")
    embedding_norms = final_norms = stacks("encoder.layer_norm", "decoder.layer_norm")
    parts = stacks({"self_attention": "encoder.layer_stack.{}.slf_attn",
                    "feed_forward": ("encoder.layer_stack.{}.pos_ffn.w_1", "encoder.layer_stack.{}.pos_ffn.w_2")},
                   {"self_attention": "decoder.layer_stack.{}.slf_attn", "cross_attention": "decoder.layer_stack.{}.enc_attn",
                    "feed_forward": ("decoder.layer_stack.{}.pos_ffn.w_1", "decoder.layer_stack.{}.pos_ffn.w_2")})
    norms = {stack: {sublayer: f"{(name if isinstance(name, str) else name[0].removesuffix('.w_1'))}.layer_norm"
                     for sublayer, name in of_stack.items()} for stack, of_stack in parts.items()}
    file, key = "trained.chkpt", "model"
    zipped = False
    beside = {"epoch": 1, "settings": argparse.Namespace(n_head=HEADS, scale_emb_or_prj="prj")}

    def make_rest(self):
        for stack, words in (("encoder", self.source_words), ("decoder", self.target_words)):
            self.add_norm(f"{stack}.layer_norm")
            self.add_embedding(self.embeddings[stack], len(words))
            self.add_table(f"{stack}.position_enc.pos_table", interleaved()[None])
        self.w["decoder.trg_word_emb.weight"] *= 3  # logits are divided by sqrt(D)
        self.w["trg_word_prj.weight"] = self.w["decoder.trg_word_emb.weight"]

    def norm(self, name, x):
        return F.layer_norm(x, (D,), self.w[f"{name}.weight"], self.w[f"{name}.bias"], 1e-6)

    def positions(self, stack):
        return self.w[f"{stack}.position_enc.pos_table"][0]

    def logits(self, x):
        x = self.keep(f"decoder.{LAYERS - 1}.feed_forward_norm", x * D ** -0.5)  # where the reader folds it
        return F.linear(x, self.w["trg_word_prj.weight"])


class OldJadore(Jadore):
    name = "jadore801120, 2019 (a final norm under the same name)"
    seed = 2
    embedding_norm, final = False, True
    beside = {"epoch": 1, "settings": argparse.Namespace(n_head=HEADS)}
    options = {"scale": "none"}

    def logits(self, x):
        return F.linear(x, self.w["trg_word_prj.weight"])


class UntiedJadore(Jadore):
    name = "jadore801120, weights not shared"
    seed = 12

    def make_rest(self):
        super().make_rest()
        self.w["trg_word_prj.weight"] = self.normal(len(self.target_words), D)

    def logits(self, x):
        return F.linear(x, self.w["trg_word_prj.weight"])


def under(encoder, decoder, names):
    """names with the prefixes of both stacks."""
    def with_prefix(prefix, name):
        return f"{prefix}.{name}" if isinstance(name, str) else tuple(f"{prefix}.{part}" for part in name)
    return {stack: {sublayer: with_prefix(prefix, name) for sublayer, name in names[stack].items()}
            for stack, prefix in (("encoder", encoder), ("decoder", decoder))}


class Fairseq(System):
    name = "fairseq"
    seed = 6
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    before, after, start, end = [], ["</s>"], "</s>", "</s>"
    options = {"from": "de", "to": "en"}
    attention_parts = ("q_proj", "k_proj", "v_proj", "out_proj")
    embeddings = stacks("encoder.embed_tokens.weight", "decoder.embed_tokens.weight")
    parts = under("encoder.layers.{}", "decoder.layers.{}", stacks(
        {"self_attention": "self_attn", "feed_forward": ("fc1", "fc2")},
        {"self_attention": "self_attn", "cross_attention": "encoder_attn", "feed_forward": ("fc1", "fc2")}))
    norms = under("encoder.layers.{}", "decoder.layers.{}", stacks(
        {"self_attention": "self_attn_layer_norm", "feed_forward": "final_layer_norm"},
        {"self_attention": "self_attn_layer_norm", "cross_attention": "encoder_attn_layer_norm",
         "feed_forward": "final_layer_norm"}))
    file, key = "checkpoint_best.pt", "model"
    zipped = False
    vocabularies = {}
    settings = {"encoder_attention_heads": HEADS, "activation_fn": "relu", "no_scale_embedding": False,
                "max_source_positions": N_POSITIONS, "arch": "transformer"}
    beside = {"args": argparse.Namespace(**settings), "extra_state": {"epoch": 2}}

    def make_rest(self):
        for stack, words in (("encoder", self.source_words), ("decoder", self.target_words)):
            self.add_embedding(self.embeddings[stack], len(words))
            self.add_table(f"{stack}.version", torch.tensor([3.0]))
            self.add_table(f"{stack}.embed_positions._float_tensor", torch.zeros(1))
        self.w["decoder.output_projection.weight"] = self.normal(len(self.target_words), D)

    def positions(self, stack):
        return halves(2)

    def logits(self, x):
        return F.linear(x, self.w["decoder.output_projection.weight"])

    def write_vocabularies(self, directory):
        for language, words in (("de", self.source_words), ("en", self.target_words)):
            (directory / f"dict.{language}.txt").write_text("".join(f"{word} 7\n" for word in words[4:]))


class PreNormFairseq(Fairseq):
    name = "fairseq, pre-norm, learned positions, tied output, gelu_accurate"
    seed = 2
    pre = final = True
    final_norms = stacks("encoder.layer_norm", "decoder.layer_norm")
    beside = {"args": argparse.Namespace(**Fairseq.settings | {"activation_fn": "gelu_accurate"})}
    tied = "decoder.embed_tokens.weight"

    @staticmethod
    def activation(x):
        return 0.5 * x * (1 + torch.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x ** 3)))

    def make_rest(self):
        for stack, words in (("encoder", self.source_words), ("decoder", self.target_words)):
            self.add_norm(self.final_norms[stack])
            self.add_embedding(self.embeddings[stack], len(words))
            self.add_embedding(f"{stack}.embed_positions.weight", N_POSITIONS + 2)

    def positions(self, stack):
        return self.w[f"{stack}.embed_positions.weight"][2:]

    def logits(self, x):
        return F.linear(x, self.w[self.tied])


class JoeyNMT(System):
    name = "JoeyNMT"
    file, key = "best.ckpt", "model_state"
    vocabularies = {}
    beside = {"steps": 100, "optimizer_state": {}, "scheduler_state": {}}
    layer_norm = ", layer_norm: pre"
    seed = 1
    special = ["<unk>", "<pad>", "<s>", "</s>"]
    before, after, start, end = [], ["</s>"], "<s>", "</s>"
    pre = final = True
    attention_parts = ("q_layer", "k_layer", "v_layer", "output_layer")
    embeddings = stacks("src_embed.lut.weight", "trg_embed.lut.weight")
    final_norms = stacks("encoder.layer_norm", "decoder.layer_norm")
    parts = under("encoder.layers.{}", "decoder.layers.{}", stacks(
        {"self_attention": "src_src_att", "feed_forward": ("feed_forward.pwff_layer.0", "feed_forward.pwff_layer.3")},
        {"self_attention": "trg_trg_att", "cross_attention": "src_trg_att",
         "feed_forward": ("feed_forward.pwff_layer.0", "feed_forward.pwff_layer.3")}))
    norms = under("encoder.layers.{}", "decoder.layers.{}", stacks(
        {"self_attention": "layer_norm", "feed_forward": "feed_forward.layer_norm"},
        {"self_attention": "x_layer_norm", "cross_attention": "dec_layer_norm", "feed_forward": "feed_forward.layer_norm"}))

    def make_rest(self):
        for stack, words in (("encoder", self.source_words), ("decoder", self.target_words)):
            if self.final:
                self.add_norm(self.final_norms[stack])
            self.add_embedding(self.embeddings[stack], len(words))
            self.add_table(f"{stack}.pe.pe", interleaved()[None])
        self.w["decoder.output_layer.weight"] = self.normal(len(self.target_words), D)

    def norm(self, name, x):
        return F.layer_norm(x, (D,), self.w[f"{name}.weight"], self.w[f"{name}.bias"], 1e-6)

    def positions(self, stack):
        return self.w[f"{stack}.pe.pe"][0]

    def logits(self, x):
        return F.linear(x, self.w["decoder.output_layer.weight"])

    def save(self, directory):
        super().save(directory)
        stack = f"num_heads: {HEADS}, embeddings: {{scale: {self.scaled}}}{self.layer_norm}"
        (directory / "config.yaml").write_text(f"data: {{src: {{lang: de, level: bpe, lowercase: False}}, trg: {{lang: en}}}}\n"
                                               f"model: {{encoder: {{{stack}}}, decoder: {{{stack}}}}}\n")
        return directory

    def load(self, directory):
        super().load(directory)
        return directory

    def write_vocabularies(self, directory):
        for side, words in (("src", self.source_words), ("trg", self.target_words)):
            (directory / f"{side}_vocab.txt").write_text("".join(f"{word}\n" for word in words))


class PostNormJoeyNMT(JoeyNMT):
    name = "JoeyNMT, post-norm"
    layer_norm = ", layer_norm: post"
    seed = 1
    pre = final = False


class OpenNMT(System):
    name = "OpenNMT-py"
    seed = 1
    special = ["<unk>", "<blank>", "<s>", "</s>"]
    before, after, start, end, pad = [], [], "<s>", "</s>", "<blank>"
    pre = final = True
    attention_parts = ("linear_query", "linear_keys", "linear_values", "final_linear")
    embeddings = {stack: f"{stack}.embeddings.make_embedding.emb_luts.0.weight" for stack in ("encoder", "decoder")}
    final_norms = stacks("encoder.layer_norm", "decoder.layer_norm")
    parts = under("encoder.transformer.{}", "decoder.transformer_layers.{}", stacks(
        {"self_attention": "self_attn", "feed_forward": ("feed_forward.w_1", "feed_forward.w_2")},
        {"self_attention": "self_attn", "cross_attention": "context_attn",
         "feed_forward": ("feed_forward.w_1", "feed_forward.w_2")}))
    norms = under("encoder.transformer.{}", "decoder.transformer_layers.{}", stacks(
        {"self_attention": "layer_norm", "feed_forward": "feed_forward.layer_norm"},
        {"self_attention": "layer_norm_1", "cross_attention": "layer_norm_2", "feed_forward": "feed_forward.layer_norm"}))
    file = "model_step_9.pt"
    vocabularies = {}
    output = "generator.0"

    def make_rest(self):
        for stack, words in (("encoder", self.source_words), ("decoder", self.target_words)):
            self.add_norm(self.final_norms[stack])
            self.add_embedding(self.embeddings[stack], len(words))
            self.add_table(f"{stack}.embeddings.make_embedding.pe.pe", interleaved()[:, None])
        self.add_linear(self.output, len(self.target_words), D)

    def norm(self, name, x):
        return F.layer_norm(x, (D,), self.w[f"{name}.weight"], self.w[f"{name}.bias"], 1e-6)

    def positions(self, stack):
        return self.w[f"{stack}.embeddings.make_embedding.pe.pe"][:, 0]

    def save(self, directory):
        generator = {name.removeprefix("generator."): self.w[name] for name in self.w if name.startswith("generator")}
        model = {name: tensor for name, tensor in self.w.items() if not name.startswith("generator")}
        opt = argparse.Namespace(heads=HEADS, position_encoding=True, max_relative_positions=0, pos_ffn_activation_fn="relu")
        torch.save({"model": model, "generator": generator, "opt": opt, "optim": None,
                    "vocab": {"src": self.source_words, "tgt": self.target_words}}, directory / self.file)
        return directory / self.file

    def load(self, directory):
        content = torch.load(directory / self.file, weights_only=False)
        state = content["model"] | {f"generator.{name}": tensor for name, tensor in content["generator"].items()}
        self.w = {name: tensor.float() for name, tensor in state.items()}
        return directory / self.file

    def write_vocabularies(self, directory):
        """They are in the file."""


class Marian(System):
    name = "Marian model.npz"
    seed = 15
    special = ["</s>", "<unk>"]
    before, after, start, end, pad = [], ["</s>"], "<pad>", "</s>", "<pad>"
    embeddings = stacks("encoder_Wemb", "decoder_Wemb")
    attention_parts = ("Wq", "Wk", "Wv", "Wo")
    suffix = ""
    file = "model.npz"
    vocabularies = {"source-vocabulary": "source.yml", "target-vocabulary": "target.yml"}
    settings = f"transformer-heads: {HEADS}\ntransformer-ffn-activation: swish\nenc-depth: {LAYERS}\ndec-depth: {LAYERS}\n" \
               "type: transformer\ntransformer-preprocess: ''\ntransformer-postprocess: dan\n"
    activation = staticmethod(F.silu)
    parts = {stack: {sublayer: f"{stack}_l{{}}_{name}" for sublayer, name in (
        ("self_attention", "self"), *((("cross_attention", "context"),) if stack == "decoder" else ()),
        ("feed_forward", "ffn"))} for stack in ("encoder", "decoder")}
    norms = {stack: {sublayer: name + ("_ffn" if sublayer == "feed_forward" else "_Wo") for sublayer, name in of_stack.items()}
             for stack, of_stack in parts.items()}

    def make(self):
        """Layers count from 1, matrices are [d_in, d_out], biases [1, d_out]."""
        for stack in ("encoder", "decoder"):
            for i in range(1, LAYERS + 1):
                for sublayer, name in self.parts[stack].items():
                    name = name.format(i)
                    shapes = {"1": (D, D_FF), "2": (D_FF, D)} if sublayer == "feed_forward" else dict.fromkeys("qkvo", (D, D))
                    for part, (d_in, d_out) in shapes.items():
                        self.w[f"{name}_W{part}"] = self.normal(d_in, d_out, deviation=1.5 / math.sqrt(d_in))
                        self.w[f"{name}_b{part}"] = self.normal(1, d_out, deviation=0.2)
                    self.make_norm(self.norms[stack][sublayer].format(i))
        self.make_rest()

    def make_norm(self, name):
        self.w[f"{name}_ln_scale{self.suffix}"] = 1 + self.normal(1, D, deviation=0.2)
        self.w[f"{name}_ln_bias{self.suffix}"] = self.normal(1, D, deviation=0.2)

    def make_rest(self):
        self.target_words += ["<pad>"]  # the row of zeros for the start, which the reader adds
        self.source_words += ["<pad>"]
        self.add_embedding("encoder_Wemb", len(self.source_words) - 1)
        self.add_embedding("decoder_Wemb", len(self.target_words) - 1)
        self.w["decoder_ff_logit_out_b"] = self.normal(1, len(self.target_words) - 1, deviation=0.2)

    def norm(self, name, x):
        gain, bias = (self.w[f"{name}_ln_{part}{self.suffix}"][0] for part in ("scale", "bias"))
        return F.layer_norm(x, (D,), gain, bias, 1e-6)

    def project(self, theirs, part, x):
        return x @ self.w[f"{theirs}_W{'qkvo'[part]}"] + self.w[f"{theirs}_b{'qkvo'[part]}"]

    def run_stack(self, stack, x, encoded=None):
        parts, norms = self.parts[stack], self.norms[stack]
        self.parts, self.norms = dict(self.parts), dict(self.norms)
        self.parts[stack] = {key: FromOne(name) if key != "feed_forward" else (FromOne(f"{name}_{{{{}}}}1"),
                             FromOne(f"{name}_{{{{}}}}2")) for key, name in parts.items()}
        self.norms[stack] = {key: FromOne(name) for key, name in norms.items()}
        x = super().run_stack(stack, x, encoded)
        self.parts[stack], self.norms[stack] = parts, norms
        return x

    def linear(self, name, x):
        return x @ self.w[name.format("W")] + self.w[name.format("b")]

    def embed(self, stack, ids):
        table = self.w[self.embeddings[stack]]
        rows = torch.cat([table, torch.zeros(1, D)])[ids]
        return self.keep(f"{stack}.embedding", rows * math.sqrt(D) + halves(0, divisor=D / 2)[:ids.shape[-1]])

    def logits(self, x):
        logits = x @ self.w["decoder_Wemb"].T + self.w["decoder_ff_logit_out_b"]
        return F.pad(logits, (0, 1))

    def save(self, directory):
        numpy.savez(directory / self.file, **{name: tensor.numpy() for name, tensor in self.w.items()},
                    **{"special:model.yml": numpy.frombuffer(self.settings.encode() + b"\0", numpy.int8)})
        return directory / self.file

    def load(self, directory):
        with numpy.load(directory / self.file) as file:
            self.w = {name: torch.from_numpy(file[name]).float() for name in file.files if name != "special:model.yml"}
        return directory / self.file

    def write_vocabularies(self, directory):
        for side, words in (("source", self.source_words), ("target", self.target_words)):
            (directory / f"{side}.yml").write_text("".join(f'"{word}": {i}\n' for i, word in enumerate(words[:-1])))


class FromOne(str):
    """A name whose layers count from 1."""

    def format(self, i):
        return str.format(self, i + 1)


class PreNormMarian(Marian):
    name = "Marian model.npz, pre-norm"
    seed = 1
    pre = final = True
    suffix = "_pre"
    settings = Marian.settings.replace("preprocess: ''", "preprocess: n").replace("postprocess: dan", "postprocess: da")
    final_norms = stacks("encoder_top", "decoder_top")

    def make_rest(self):
        super().make_rest()
        for name in self.final_norms.values():
            self.w[f"{name}_ln_scale"] = 1 + self.normal(1, D, deviation=0.2)
            self.w[f"{name}_ln_bias"] = self.normal(1, D, deviation=0.2)

    def norm(self, name, x):
        end = "" if "top" in name else "_pre"
        return F.layer_norm(x, (D,), self.w[f"{name}_ln_scale{end}"][0], self.w[f"{name}_ln_bias{end}"][0], 1e-6)


class Bentrevett(System):
    name = "bentrevett/pytorch-seq2seq"
    seed = 7
    options = {"heads": HEADS}
    zipped = False
    special = ["<unk>", "<pad>", "<sos>", "<eos>"]
    before, start = ["<sos>"], "<sos>"
    lower_case = True
    attention_parts = ("fc_q", "fc_k", "fc_v", "fc_o")
    embeddings = stacks("encoder.tok_embedding.weight", "decoder.tok_embedding.weight")
    ffn = ("positionwise_feedforward.fc_1", "positionwise_feedforward.fc_2")
    parts = under("encoder.layers.{}", "decoder.layers.{}", stacks(
        {"self_attention": "self_attention", "feed_forward": ffn},
        {"self_attention": "self_attention", "cross_attention": "encoder_attention", "feed_forward": ffn}))
    norms = under("encoder.layers.{}", "decoder.layers.{}", stacks(
        {"self_attention": "self_attn_layer_norm", "feed_forward": "ff_layer_norm"},
        {"self_attention": "self_attn_layer_norm", "cross_attention": "enc_attn_layer_norm", "feed_forward": "ff_layer_norm"}))
    output = "decoder.fc_out"

    def make_rest(self):
        for stack, words in (("encoder", self.source_words), ("decoder", self.target_words)):
            self.add_embedding(self.embeddings[stack], len(words))
            self.add_embedding(f"{stack}.pos_embedding.weight", N_POSITIONS)
        self.add_linear(self.output, len(self.target_words), D)

    def positions(self, stack):
        return self.w[f"{stack}.pos_embedding.weight"]


class SharedNormBentrevett(Bentrevett):
    name = "bentrevett/pytorch-seq2seq, one norm in each layer"
    seed = 15
    norms = {stack: dict.fromkeys(of_stack, f"{stack}.layers.{{}}.layer_norm") for stack, of_stack in Bentrevett.norms.items()}


class Hyunwoongko(System):
    name = "hyunwoongko/transformer"
    seed = 11
    options = {"heads": HEADS}
    special = ["<unk>", "<pad>", "<sos>", "<eos>"]
    before, start = ["<sos>"], "<sos>"
    file, key = "model-3.1.pt", None
    lower_case, scaled = True, False
    attention_parts = ("w_q", "w_k", "w_v", "w_concat")
    norm_parts = ("gamma", "beta")
    embeddings = stacks("encoder.emb.tok_emb.weight", "decoder.emb.tok_emb.weight")
    parts = under("encoder.layers.{}", "decoder.layers.{}", stacks(
        {"self_attention": "attention", "feed_forward": ("ffn.linear1", "ffn.linear2")},
        {"self_attention": "self_attention", "cross_attention": "enc_dec_attention",
         "feed_forward": ("ffn.linear1", "ffn.linear2")}))
    norms = under("encoder.layers.{}", "decoder.layers.{}", stacks(
        {"self_attention": "norm1", "feed_forward": "norm2"},
        {"self_attention": "norm1", "cross_attention": "norm2", "feed_forward": "norm3"}))
    output = "decoder.linear"

    def make_rest(self):
        for stack, words in (("encoder", self.source_words), ("decoder", self.target_words)):
            self.add_embedding(self.embeddings[stack], len(words))
        self.add_linear(self.output, len(self.target_words), D)

    def norm(self, name, x):
        mean, variance = x.mean(-1, keepdim=True), x.var(-1, unbiased=False, keepdim=True)
        return self.w[f"{name}.gamma"] * (x - mean) / torch.sqrt(variance + 1e-12) + self.w[f"{name}.beta"]

    def positions(self, stack):
        return interleaved(256)


class OldHyunwoongko(Hyunwoongko):
    name = "hyunwoongko/transformer before March 2022"
    seed = 11
    options = Hyunwoongko.options | {"unbiased-norm": True}

    def norm(self, name, x):
        return self.w[f"{name}.gamma"] * (x - x.mean(-1, keepdim=True)) / (x.std(-1, keepdim=True) + 1e-12) + \
            self.w[f"{name}.beta"]


class D2L(System):
    name = "Dive into Deep Learning"
    seed = 8
    file, key = "transformer.params.pt", None
    zipped = False
    before = []
    lower_case, attention_bias = True, False
    attention_parts = ("W_q", "W_k", "W_v", "W_o")
    embeddings = stacks("encoder.embedding.weight", "decoder.embedding.weight")
    parts = under("encoder.blks.block{}", "decoder.blks.block{}", stacks(
        {"self_attention": "attention", "feed_forward": ("ffn.dense1", "ffn.dense2")},
        {"self_attention": "attention1", "cross_attention": "attention2", "feed_forward": ("ffn.dense1", "ffn.dense2")}))
    norms = under("encoder.blks.block{}", "decoder.blks.block{}", stacks(
        {"self_attention": "addnorm1.ln", "feed_forward": "addnorm2.ln"},
        {"self_attention": "addnorm1.ln", "cross_attention": "addnorm2.ln", "feed_forward": "addnorm3.ln"}))
    output = "decoder.dense"

    def make_rest(self):
        for stack, words in (("encoder", self.source_words), ("decoder", self.target_words)):
            self.add_embedding(self.embeddings[stack], len(words))
        self.add_linear(self.output, len(self.target_words), D)

    def positions(self, stack):
        return interleaved(1000)


class AladdinFromScratch(System):
    name = "Aladdin Persson, transformer_from_scratch"
    seed = 13
    zipped = False
    special = ["<unk>", "<pad>", "<sos>", "<eos>"]
    before, start = ["<sos>"], "<sos>"
    lower_case, scaled = True, False
    divisor = math.sqrt(D)
    attention_parts = ("queries", "keys", "values", "fc_out")
    embeddings = stacks("encoder.word_embedding.weight", "decoder.word_embedding.weight")
    parts = under("encoder.layers.{}", "decoder.layers.{}", stacks(
        {"self_attention": "attention", "feed_forward": ("feed_forward.0", "feed_forward.2")},
        {"self_attention": "attention", "cross_attention": "transformer_block.attention",
         "feed_forward": ("transformer_block.feed_forward.0", "transformer_block.feed_forward.2")}))
    norms = under("encoder.layers.{}", "decoder.layers.{}", stacks(
        {"self_attention": "norm1", "feed_forward": "norm2"},
        {"self_attention": "norm", "cross_attention": "transformer_block.norm1", "feed_forward": "transformer_block.norm2"}))
    output = "decoder.fc_out"

    def make_rest(self):
        for name in [name for name in self.w if name.rsplit(".", 2)[-2] in self.attention_parts[:3]]:
            del self.w[name]
            if name.endswith("weight"):
                self.w[name] = self.normal(D // HEADS, D // HEADS)
        for stack, words in (("encoder", self.source_words), ("decoder", self.target_words)):
            self.add_embedding(self.embeddings[stack], len(words))
            self.add_embedding(f"{stack}.position_embedding.weight", N_POSITIONS)
        self.add_linear(self.output, len(self.target_words), D)

    def project(self, theirs, part, x):
        if part == 3:
            return super().project(theirs, part, x)
        weight = self.w[f"{theirs}.{self.attention_parts[part]}.weight"]
        return F.linear(x.unflatten(-1, (HEADS, -1)), weight).flatten(-2)

    def positions(self, stack):
        return self.w[f"{stack}.position_embedding.weight"]


class CTranslate2(System):
    """The committed model; queries, keys and values are one matrix, in cross-attention keys and values."""
    name = "CTranslate2"
    heads, n_layers = 8, 6
    divisor = math.sqrt(D // 8)
    special = ["<blank>", "<s>", "</s>"]
    before, after, start, end, pad = [], [], "<s>", "</s>", "<blank>"
    pre = final = True
    embeddings = stacks("encoder/embeddings/weight", "decoder/embeddings/weight")
    final_norms = stacks("encoder/layer_norm", "decoder/layer_norm")
    parts = {stack: {ours: f"{stack}/layer_{{}}/{theirs}" for ours, theirs in of_stack.items()} for stack, of_stack in stacks(
        {"self_attention": "self_attention", "feed_forward": "ffn"},
        {"self_attention": "self_attention", "cross_attention": "attention", "feed_forward": "ffn"}).items()}
    norms = {stack: {sublayer: f"{name}/layer_norm" for sublayer, name in of_stack.items()}
             for stack, of_stack in parts.items()}
    parts = {stack: of_stack | {"feed_forward": tuple(f"{stack}/layer_{{}}/ffn/linear_{i}" for i in (0, 1))}
             for stack, of_stack in parts.items()}

    def __init__(self, variables, source_words, target_words):
        self.w = {name: torch.from_numpy(numpy.array(array)) for name, array in variables.items()}
        self.source_words, self.target_words, self.kept = source_words, target_words, None

    def linear(self, name, x):
        return F.linear(x, self.w[f"{name}/weight"], self.w[f"{name}/bias"])

    def norm(self, name, x):
        return F.layer_norm(x, (D,), self.w[f"{name}/gamma"], self.w[f"{name}/beta"], 1e-5)

    def project(self, theirs, part, x):
        is_cross = f"{theirs}/linear_2/weight" in self.w
        layer, of_layer = ([(0, 0), (1, 0), (1, 1), (2, 0)] if is_cross else [(0, 0), (0, 1), (0, 2), (1, 0)])[part]
        rows = slice(of_layer * D, (of_layer + 1) * D)
        return F.linear(x, *(self.w[f"{theirs}/linear_{layer}/{kind}"][rows] for kind in ("weight", "bias")))

    def positions(self, stack):
        return halves(1)

    def logits(self, x):
        return self.linear("decoder/projection", x)


TRAINED = {"pytorch-tutorial": PyTorchTutorial, "aladdin-seq2seq": AladdinSeq2Seq, "annotated-transformer": Annotated,
           "hkproj": Hkproj, "jadore801120": Jadore, "fairseq": Fairseq, "joeynmt": JoeyNMT, "opennmt-py": OpenNMT,
           "marian": Marian, "bentrevett": Bentrevett, "hyunwoongko": Hyunwoongko, "d2l": D2L,
           "aladdin-from-scratch": AladdinFromScratch}  # directories of tests/readers
VARIANTS = [NormFirst, OldHkproj, OldJadore, UntiedJadore, PreNormFairseq, PostNormJoeyNMT, PreNormMarian, SharedNormBentrevett,
            OldHyunwoongko]
