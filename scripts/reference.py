#!/usr/bin/env python3
"""What PyTorch computes, and how this program compares with it.

    reference.py tokens  HF_DIR CHECKPOINT FILE…              token ids against MarianTokenizer
    reference.py ids     HF_DIR CHECKPOINT FILE… [--no-repeat N] [--prefix TEXT] [--without NAME]…
                                                              greedy ids against MarianMTModel.generate
    reference.py beam    HF_DIR CHECKPOINT FILE… [--no-repeat N] [--prefix TEXT] [--beam N] [--length-penalty A] [--n-best K]
                                                              hypotheses and scores of beam search, likewise
    reference.py alternatives HF_DIR CHECKPOINT FILE… [--position N] [--no-repeat N] [--beam N] [--length-penalty A]
                                                              [--n-best K]
                                                              hypotheses and scores of --alternatives, likewise
    reference.py sample  HF_DIR CHECKPOINT FILE… [--temperature T] [--top-k K] [--top-p P] [--seed N]
                                                              probabilities of the tokens that --sample draws, after warpers
    reference.py score   HF_DIR CHECKPOINT FILE…              token ids and log-probabilities of pairs, source TAB translation
    reference.py tensors HF_DIR CHECKPOINT FILE [--lines N] [--without NAME]…
                                                              every named tensor of the forward pass

FILE is text or TSV, of which the first column is taken, except by `score`. CHECKPOINT is the export of HF_DIR in
float32. Every sentence is compared as the program cuts it. The exit status is 1 when something differs
more than it may: any token id; a greedy id where the two best logits are 1e-5 or more apart; a hypothesis,
unless another of the same score within 1e-5 is in its place, or a step of the search chose between sums of log-probabilities
less than 1e-5 apart; a score or log-probability by more than 1e-4; a tensor by more than 1e-4 (of its largest magnitude,
where that is above 1).
"""

import argparse
import copy
import functools
import json
import sys
import tempfile
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

import numpy
import torch
from safetensors import safe_open
from transformers import MarianMTModel, MarianTokenizer, NoRepeatNGramLogitsProcessor
from transformers.modeling_outputs import BaseModelOutput

from transformer_c import checkpoint
from transformer_c.program import translate, translate_objects, translate_tokens

TIE = 1e-5        # two logits, scores or sums closer than this may be chosen either way
TOLERANCE = 1e-4


def attention_scores(query: numpy.ndarray, key: numpy.ndarray, n_heads: int, scaling: float) -> numpy.ndarray:
    """q kᵀ · scaling [n_heads · n_queries, n_keys], which transformers does not return."""
    q, k = (x.reshape(len(x), n_heads, -1).transpose(1, 0, 2) for x in (query, key))
    return (q @ k.transpose(0, 2, 1) / numpy.float32(1 / scaling)).reshape(-1, len(key))


def module_of(model: MarianMTModel, name: str) -> torch.nn.Module:
    """The attention named as in traces, or the outer linear layer of a feed-forward."""
    stack, layer, sublayer = name.split(".")
    theirs = {"self_attention": "self_attn", "cross_attention": "encoder_attn", "feed_forward": "fc2"}[sublayer]
    return getattr(getattr(model.model, stack).layers[int(layer)], theirs)


def switch_off(model: MarianMTModel, names: Sequence[str]) -> None:
    """Switches off for good what --without names: hooks return zeros in place of a sublayer's output, of a head's columns
    before the output projection, and of the positions; scores are multiplied by 1."""
    def no_output(module: torch.nn.Module, _: object, output: torch.Tensor) -> torch.Tensor:
        return torch.zeros_like(output)

    def no_head(module: torch.nn.Module, arguments: tuple[torch.Tensor], head: int, n_heads: int) -> torch.Tensor:
        contexts = list(arguments[0].chunk(n_heads, dim=-1))
        contexts[head] = torch.zeros_like(contexts[head])
        return torch.cat(contexts, dim=-1)

    for name in names:
        part, _, head = name.partition(":")
        if name == "positions":
            for stack in (model.model.encoder, model.model.decoder):
                stack.embed_positions.register_forward_hook(no_output)
        elif name == "scaling":
            for module in model.modules():
                if hasattr(module, "scaling"):
                    module.scaling = 1.0
        elif head:
            attention = module_of(model, part)
            attention.out_proj.register_forward_pre_hook(
                functools.partial(no_head, head=int(head), n_heads=attention.num_heads))
        else:
            module = module_of(model, part)
            getattr(module, "out_proj", module).register_forward_hook(no_output)


@torch.no_grad()
def trace(model: MarianMTModel, source: list[int], target: list[int]) -> dict[str, numpy.ndarray]:
    """{trace name: array [rows, columns]} of one forward pass, under the names and shapes of support/trace.h.

    source: source ids; target: generated ids; the decoder reads the start token and all but the last of them."""
    out, handles = {}, []

    def keep(name: str, tensor: torch.Tensor) -> None:
        out[name] = tensor.detach().float().reshape(-1, tensor.shape[-1]).numpy().copy()

    def after(module: torch.nn.Module, name: str) -> None:
        handles.append(module.register_forward_hook(lambda _, __, result: keep(name, result)))

    def before(module: torch.nn.Module, name: str) -> None:
        handles.append(module.register_forward_pre_hook(lambda _, arguments: keep(name, arguments[0])))

    def watch_attention(attention: torch.nn.Module, name: str) -> None:
        for theirs, ours in checkpoint.PROJECTIONS.items():
            after(getattr(attention, theirs), name if ours == "output" else f"{name}.{ours}")
        before(attention.out_proj, f"{name}.heads")

    def watch_residual(layer: torch.nn.Module, name: str) -> None:
        """The residual stream of a pre-norm layer, which the next norm or layer reads."""
        for norm, sublayer in (("encoder_attn_layer_norm", "self_attention"),
                               ("final_layer_norm", "cross_attention" if name.startswith("decoder") else "self_attention")):
            if hasattr(layer, norm):
                before(getattr(layer, norm), f"{name}.{sublayer}_residual")
        handles.append(layer.register_forward_hook(
            lambda _, __, result: keep(f"{name}.feed_forward_residual", result[0] if isinstance(result, tuple) else result)))

    for stack, part in (("encoder", model.model.encoder), ("decoder", model.model.decoder)):
        layers, is_pre_norm = part.layers, hasattr(part, "layer_norm")  # Pegasus, M2M100, mBART
        embedding_norm = getattr(part, "layernorm_embedding", None)  # BART, mBART
        before(embedding_norm or layers[0], f"{stack}.embedding")
        if embedding_norm:
            after(embedding_norm, f"{stack}.embedding_norm")
        if is_pre_norm:
            after(part.layer_norm, f"{stack}.final_norm")
        for i, layer in enumerate(layers):
            name = f"{stack}.{i}"
            if is_pre_norm:
                watch_residual(layer, name)
            watch_attention(layer.self_attn, f"{name}.self_attention")
            after(layer.self_attn_layer_norm, f"{name}.self_attention_norm")
            if stack == "decoder":
                watch_attention(layer.encoder_attn, f"{name}.cross_attention")
                after(layer.encoder_attn_layer_norm, f"{name}.cross_attention_norm")
            before(layer.fc2, f"{name}.feed_forward.inner")
            after(layer.fc2, f"{name}.feed_forward")
            after(layer.final_layer_norm, f"{name}.feed_forward_norm")
    decoder_ids = [model.config.decoder_start_token_id] + target[:-1]
    result = model(input_ids=torch.tensor([source]), decoder_input_ids=torch.tensor([decoder_ids]),
                   output_attentions=True, use_cache=False)
    for handle in handles:
        handle.remove()
    for stack, kind, weights in (("encoder", "self", result.encoder_attentions), ("decoder", "self", result.decoder_attentions),
                                 ("decoder", "cross", result.cross_attentions)):
        for i, tensor in enumerate(weights):
            part = f"{stack}.{i}.{kind}_attention"
            out[f"{part}.scores"] = attention_scores(out[f"{part}.query"], out[f"{part}.key"], tensor.shape[1],
                                                     module_of(model, part).scaling)
            keep(f"{part}.weights", tensor)
    keep("output", result.logits)
    return out


def both_traces(model: MarianMTModel, directory: Path, text: str, *options: str
                ) -> tuple[list[int], list[int], list[tuple[str, numpy.ndarray, numpy.ndarray]]]:
    """(source ids, target ids, [(name, this program's array, PyTorch's array)] in the order of computation) of one
    sentence; PyTorch gets the ids that this program has."""
    with tempfile.TemporaryDirectory() as scratch:
        file = str(Path(scratch) / "trace.safetensors")
        translate(directory, [], "--plain", *options, "--trace", file, "--", text)
        with safe_open(file, "numpy") as found:
            source, target = ([int(id_) for id_ in found.metadata()[f"{side}_ids"].split()] for side in ("source", "target"))
            expected = trace(model, source, target)
            if set(found.keys()) != set(expected):
                raise SystemExit(f"the names differ: {sorted(set(found.keys()) ^ set(expected))}")
            return source, target, [(name, found.get_tensor(name), expected[name]) for name in found.offset_keys()]


def difference(found: numpy.ndarray, expected: numpy.ndarray) -> float:
    """The largest difference of two arrays, of the larger magnitude where that is above 1; infinite when shapes differ."""
    if found.shape != expected.shape or not numpy.isfinite(found).all():
        return float("inf")
    return float(numpy.abs(found - expected).max() / max(1.0, numpy.abs(expected).max()))


def first_difference(found: list[int], expected: list[int]) -> int | None:
    """The index of the first token of two lists that differs, or None."""
    pairs = enumerate(zip_longest(found, expected))
    return next((i for i, (ours, theirs) in pairs if ours != theirs), None)


@torch.no_grad()
def gap_at(model: MarianMTModel, source: list[int], target: list[int], step: int, no_repeat: int = 0) -> float:
    """The distance of the two best logits that PyTorch computes for target token `step`."""
    decoder_ids = torch.tensor([[model.config.decoder_start_token_id] + target[:step]])
    logits = model(input_ids=torch.tensor([source]), decoder_input_ids=decoder_ids).logits[:, -1]
    logits = (NoRepeatNGramLogitsProcessor(no_repeat)(decoder_ids, logits) if no_repeat else logits)[0]
    logits[checkpoint.suppressed_ids(model)] = -float("inf")
    best = logits.topk(2).values
    return float(best[0] - best[1])


def read_lines(path: Path) -> list[str]:
    lines = [line.split("\t")[0] for line in Path(path).read_text(encoding="utf-8").split("\n")]
    lines = lines if lines[-1] else lines[:-1]
    if not lines:
        raise SystemExit(f"{path}: found no line to compare")
    return lines


def compare_tokens(tokenizer: MarianTokenizer, directory: Path, path: Path) -> bool:
    lines = read_lines(path)
    n_different = 0
    for line, sentences in zip(lines, translate_tokens(directory, lines, "--plain")):
        if line.strip() and not sentences:
            n_different += bool(checkpoint.encode(tokenizer, line)[1:])
        for sentence in sentences:
            text = sentence.text(line)
            if checkpoint.encode(tokenizer, text) != sentence.source:
                n_different += 1
                print(f"  differs: {text!r}")
    print(f"{path}: the token ids of {len(lines)} lines, {n_different} sentences differ")
    return n_different == 0


def options_of(no_repeat: int = 0, prefix: str = "", without: Sequence[str] = ()) -> list[str]:
    return [*(["--no-repeat", str(no_repeat)] if no_repeat else []), *(["--prefix", prefix] if prefix else []),
            *(f"--without={name}" for name in without)]


def compare_ids(model: MarianMTModel, tokenizer: MarianTokenizer, directory: Path, path: Path, no_repeat: int = 0,
                prefix: str = "", without: Sequence[str] = ()) -> bool:
    lines = read_lines(path)
    of_line = translate_tokens(directory, lines, "--plain", *options_of(no_repeat, prefix, without))
    prefix_ids = checkpoint.encode_target(tokenizer, prefix)[:-1]
    sentences = [sentence for sentences in of_line for sentence in sentences]
    wanted = iter(checkpoint.greedy(model, [sentence.source for sentence in sentences], no_repeat, prefix_ids))
    n_equal, inexcusable = 0, 0
    for line, line_sentences in zip(lines, of_line):
        equal = True
        for sentence in line_sentences:
            expected = next(wanted)
            step = first_difference(sentence.target, expected)
            if step is None:
                continue
            equal = False
            gap = gap_at(model, sentence.source, expected, step, no_repeat)
            inexcusable += gap >= TIE
            print(f"  differs at token {step}, where the two best logits are {gap:.2g} apart: {line}")
        n_equal += equal
    print(f"{path}: greedy ids of {n_equal} of {len(lines)} lines ({len(sentences)} sentences) equal, "
          f"{100 * n_equal / len(lines):.2f} %")
    return inexcusable == 0


def program_beam(directory: Path, lines: list[str], n_beams: int, length_penalty: float, n_best: int,
                 *options: str) -> list[list[tuple[list[int], list[checkpoint.Hypothesis]]]]:
    """For each line its sentences: (source ids, the n_best hypotheses that this program finds)."""
    objects = translate_objects(directory, lines, "--plain", "--beam", str(n_beams), "--length-penalty", str(length_penalty),
                                "--n-best", str(n_best), *options)
    return [[([token["id"] for token in sentence["tokens"]["source"]],
              [checkpoint.Hypothesis([token["id"] for token in hypothesis["target"]], hypothesis["score"])
               for hypothesis in sentence["hypotheses"]]) for sentence in found["sentences"]] for found in objects]


def beam_difference(found: list[checkpoint.Hypothesis], expected: list[checkpoint.Hypothesis]) -> tuple[float, bool]:
    """(the largest difference of scores of two lists of hypotheses, infinite if their lengths differ; whether all ids are
    equal)"""
    if len(found) != len(expected):
        return float("inf"), False
    pairs = list(zip(found, expected))
    return max(abs(a.score - b.score) for a, b in pairs), all(a.target == b.target for a, b in pairs)


@torch.no_grad()
def closest_choice(model: MarianMTModel, source: list[int], n_beams: int, n_steps: int, no_repeat: int = 0,
                   prefix: Sequence[int] = ()) -> tuple[float, int]:
    """(the smallest distance of two sums of log-probabilities, of the last hypothesis that beam search keeps and the first
    that it drops; its step), of the steps after the prefix up to n_steps, computed in float64."""
    model, suppressed = copy.deepcopy(model).double(), checkpoint.suppressed_ids(model)
    encoded = model.get_encoder()(torch.tensor([source])).last_hidden_state
    kept, closest = torch.tensor([[model.config.decoder_start_token_id, *prefix]]), (float("inf"), 0)
    sums = torch.zeros(1, 1, dtype=torch.float64)
    for step in range(len(prefix), n_steps):
        logits = model(encoder_outputs=BaseModelOutput(encoded.expand(len(kept), -1, -1)), decoder_input_ids=kept).logits[:, -1]
        scores = logits.log_softmax(dim=-1)
        scores = NoRepeatNGramLogitsProcessor(no_repeat)(kept, scores) if no_repeat else scores
        scores[:, [*suppressed, model.config.eos_token_id]] = -float("inf")
        best = (sums + scores).flatten().topk(n_beams + 1)
        closest = min(closest, (float(best.values[-2] - best.values[-1]), step))
        rows, ids = best.indices[:-1] // logits.shape[-1], best.indices[:-1] % logits.shape[-1]
        kept, sums = torch.cat((kept[rows], ids[:, None]), dim=1), best.values[:-1, None]
    return closest


def compare_beam(model: MarianMTModel, tokenizer: MarianTokenizer, directory: Path, path: Path, n_beams: int,
                 length_penalty: float, n_best: int, no_repeat: int, prefix: str) -> bool:
    lines = read_lines(path)
    of_line = program_beam(directory, lines, n_beams, length_penalty, n_best, *options_of(no_repeat, prefix))
    prefix_ids = checkpoint.encode_target(tokenizer, prefix)[:-1]
    wanted = iter(checkpoint.beam(model, [source for sentences in of_line for source, _ in sentences], n_beams, length_penalty,
                                  n_best, no_repeat, prefix_ids))
    n_equal, inexcusable, largest = 0, 0, 0.0
    for line, sentences in zip(lines, of_line):
        all_equal = True
        for source, found in sentences:
            gap, equal = beam_difference(found, next(wanted))
            if equal:
                largest = max(largest, gap)
                continue
            all_equal = False
            n_steps = max(len(one.target) for one in found)
            choice, step = closest_choice(model, source, n_beams, n_steps, no_repeat, prefix_ids)
            inexcusable += min(gap, choice) >= TIE
            print(f"  differs, with scores up to {gap:.2g} apart; at token {step} the search chose between two sums that are "
                  f"{choice:.2g} apart: {line}")
        n_equal += all_equal
    print(f"{path}: beam {n_beams}, length penalty {length_penalty}, {n_best} best, no repeat {no_repeat}: the ids of "
          f"{n_equal} of {len(lines)} lines equal, their scores differ by at most {largest:.2g}")
    return inexcusable == 0 and largest <= TOLERANCE


def compare_alternatives(model: MarianMTModel, directory: Path, path: Path, position: int, n_beams: int, length_penalty: float,
                         n_best: int, no_repeat: int) -> bool:
    lines = read_lines(path)
    options = ["--alternatives", str(position), "--n-best", str(n_best), "--beam", str(n_beams), *options_of(no_repeat, "")]
    if n_beams > 1:
        options += ["--length-penalty", str(length_penalty)]
    n_found, n_different, largest = 0, 0, 0.0
    for line, found in zip(lines, translate_objects(directory, lines, *options)):
        for sentence in found["sentences"] if len(found["sentences"]) == 1 else []:
            source = [token["id"] for token in sentence["tokens"]["source"]]
            target = sentence["tokens"]["target"]
            words = [i for i, token in enumerate(target) if token["piece"].startswith("▁")]
            n_kept = min(words[position] if position < len(words) else len(target), len(target) - 1)
            kept = [token["id"] for token in target[:n_kept]]
            ours = [checkpoint.Hypothesis([token["id"] for token in hypothesis["target"]], hypothesis["score"])
                    for hypothesis in sentence["hypotheses"]]
            gap, equal = beam_difference(ours, checkpoint.alternatives(model, source, kept, n_best, n_beams, length_penalty,
                                                                       no_repeat))
            largest = max(largest, gap)
            n_found += 1
            if not equal and gap >= TIE:
                n_different += 1
                print(f"  differs, with scores up to {gap:.2g} apart: {line}")
    print(f"{path}: position {position}, beam {n_beams}, length penalty {length_penalty}, {n_best} alternatives, no repeat "
          f"{no_repeat}: of {n_found} lines, {n_different} differ, scores by at most {largest:.2g}")
    return n_found > 0 and n_different == 0 and largest <= TOLERANCE


def compare_samples(model: MarianMTModel, directory: Path, path: Path, temperature: float, top_k: int, top_p: float, seed: int
                    ) -> bool:
    lines = read_lines(path)
    options = ["--temperature", str(temperature), "--top-p", str(top_p), "--seed", str(seed),
               *(["--top-k", str(top_k)] if top_k else [])]
    n_tokens, n_ties, largest = 0, 0, 0.0
    for found in translate_objects(directory, lines, "--plain", "--sample", *options):
        for sentence in found["sentences"]:
            source, target = ([token["id"] for token in sentence["tokens"][side]] for side in ("source", "target"))
            n = len(target) - (len(target) == checkpoint.length_cap(model, len(source)))  # there the end may be forced
            expected = checkpoint.drawn(model, source, target, temperature, top_k, top_p)
            for i, ours in enumerate(sentence["log_probabilities"][:n]):
                gaps = [abs(ours - theirs[i]) for theirs in expected]
                largest = max(largest, min(gaps))
                n_ties += min(gaps) != gaps[0]
                n_tokens += 1
    print(f"{path}: temperature {temperature}, top k {top_k}, top p {top_p}: log-probabilities of {n_tokens} tokens differ by "
          f"at most {largest:.2g}; {n_ties} of them only because the last token that top p keeps is in doubt")
    return n_tokens > 0 and largest <= TOLERANCE


def compare_scores(model: MarianMTModel, tokenizer: MarianTokenizer, directory: Path, path: Path) -> bool:
    lines = path.read_text(encoding="utf-8").removesuffix("\n").split("\n")
    n_different, largest = 0, 0.0
    for line, found in zip(lines, translate(directory, lines, "--score", "--format", "jsonl").stdout.splitlines(), strict=True):
        pair = json.loads(found)
        if pair["score"] is None:
            continue
        source, target = ([token["id"] for token in pair["tokens"][side]] for side in ("source", "target"))
        text, translation = line.split("\t")[:2]
        if [source, target] != [checkpoint.encode(tokenizer, text), checkpoint.encode_target(tokenizer, translation)]:
            n_different += 1
            print(f"  token ids differ: {line}")
        expected = checkpoint.log_probabilities(model, source, target)
        gaps = [abs(a - b) for a, b in zip(pair["log_probabilities"], expected, strict=True)]
        largest = max(largest, *gaps, abs(pair["score"] - sum(expected)))
    print(f"{path}: the token ids of {len(lines)} pairs, {n_different} differ; log-probabilities differ by at most "
          f"{largest:.2g}")
    return n_different == 0 and largest <= TOLERANCE


def compare_tensors(model: MarianMTModel, directory: Path, path: Path, n_lines: int, without: Sequence[str] = ()) -> bool:
    worst, n_compared, lines, options = {}, 0, read_lines(path), options_of(without=without)
    for line, sentences in zip(lines, translate_tokens(directory, lines, "--plain", *options)):
        if len(sentences) != 1:
            continue
        for name, found, expected in both_traces(model, directory, line, *options)[2]:
            worst[name] = max(worst.get(name, (0.0, "")), (difference(found, expected), line))
        n_compared += 1
        if n_compared == n_lines:
            break
    for name in sorted(worst, key=lambda name: worst[name], reverse=True)[:10]:
        print(f"  {worst[name][0]:.2e}  {name}  ({worst[name][1][:60]})")
    if not worst:
        raise SystemExit(f"{path}: found no line of one sentence to compare")
    largest = max(value for value, _ in worst.values())
    print(f"{path}: {len(worst)} tensors of {n_compared} lines, largest difference {largest:.2e}")
    return largest <= TOLERANCE


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["tokens", "ids", "beam", "alternatives", "sample", "score", "tensors"])
    parser.add_argument("hf_dir", type=Path)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--lines", type=int, default=200, help="lines of the file that `tensors` compares")
    parser.add_argument("--beam", type=int, default=4, metavar="N")
    parser.add_argument("--length-penalty", type=float, default=1.0, metavar="A")
    parser.add_argument("--no-repeat", type=int, default=0, metavar="N")
    parser.add_argument("--prefix", default="", metavar="TEXT")
    parser.add_argument("--position", type=int, default=1, metavar="N")
    parser.add_argument("--temperature", type=float, default=1.0, metavar="T")
    parser.add_argument("--top-k", type=int, default=0, metavar="K")
    parser.add_argument("--top-p", type=float, default=1.0, metavar="P")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--n-best", type=int, default=4, metavar="K")
    parser.add_argument("--without", action="append", default=[], metavar="NAME")
    arguments = parser.parse_args()
    model, tokenizer = checkpoint.open_marian(arguments.hf_dir)
    switch_off(model, arguments.without)
    good = True
    for path in arguments.files:
        if arguments.what == "tensors":
            good &= compare_tensors(model, arguments.checkpoint, path, arguments.lines, arguments.without)
        elif arguments.what == "beam":
            good &= compare_beam(model, tokenizer, arguments.checkpoint, path, arguments.beam, arguments.length_penalty,
                                 arguments.n_best, arguments.no_repeat, arguments.prefix)
        elif arguments.what == "alternatives":
            good &= compare_alternatives(model, arguments.checkpoint, path, arguments.position, arguments.beam,
                                         arguments.length_penalty, arguments.n_best, arguments.no_repeat)
        elif arguments.what == "sample":
            good &= compare_samples(model, arguments.checkpoint, path, arguments.temperature, arguments.top_k, arguments.top_p,
                                    arguments.seed)
        elif arguments.what == "score":
            good &= compare_scores(model, tokenizer, arguments.checkpoint, path)
        elif arguments.what == "ids":
            good &= compare_ids(model, tokenizer, arguments.checkpoint, path, arguments.no_repeat, arguments.prefix,
                                arguments.without)
        else:
            good &= compare_tokens(tokenizer, arguments.checkpoint, path)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
