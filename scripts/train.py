#!/usr/bin/env python3
"""Train a MarianMT checkpoint from parallel text, as one recipe file says.

    train.py RECIPE [--data DIR] --run DIR [--start CHECKPOINT] [--minutes N]

RECIPE is a TOML file (recipes/): corpora with weights, synthetic pairs, vocabulary, shape, schedule. DIR of
--data holds the corpora that the recipe names, except those beside the recipe (./NAME). The directory of --run
keeps everything of the run:

    tokenizer/      spm.model, vocab.json
    state.pt        weights, optimizers and place in the data; written every `save_minutes`
    undecayed.pt    the state when the learning rate begins to fall to zero
    log.jsonl       a line per report: step, tokens, loss, learning rate, tokens per second; steps that were
                    computed again after a kill appear again
    model/          a Hugging Face MarianMT directory for export.py, written whenever state.pt is: at the end it is
                    the result

The learning rate warms up, stays at its peak and falls to zero over the last part of the run, which lasts as many
steps as the recipe says, or with --minutes as long as that, whatever the speed of the machine.

Run the same command again and it resumes where it was killed, with the batches it would have seen; Ctrl-C and
SIGTERM save the state and the model first. Ask a finished run for more steps or minutes and it resumes from undecayed.pt.

With --start a new run begins with the tokenizer and the weights of a checkpoint that export.py wrote.
"""

import argparse
import concurrent.futures
import functools
import io
import itertools
import json
import math
import os
import random
import signal
import sys
import time
from pathlib import Path

# Threads of OpenMP that wait must sleep, not spin: on busy cores they take them from the threads that compute. PyTorch reads
# this when it is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numpy as np
import sentencepiece
import torch
from sacrebleu.metrics import BLEU, CHRF

import augment
import corpora
import made
from muon import Muon
from network import EOS, Network, translate
from transformer_c.files import write_whole

UNK = 1
STATES = ("state.pt", "undecayed.pt")  # of a run, the newest first
VALIDATION_BATCH = 20_000  # source tokens


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def learning_rate(step: int, progress: float, schedule: dict) -> float:
    """The share `progress` of the run is over: linear warm-up over steps, a plateau, and a line to zero over the last
    share `decay` of the run."""
    return schedule["peak"] * min(1.0, step / schedule["warmup_steps"], (1 - progress) / schedule["decay"])


def train_tokenizer(directory: Path, text: corpora.Text, settings: dict) -> None:
    """One SentencePiece model for both sides; ids are Marian's: </s> 0, <unk> 1, pieces, <pad> last."""
    if (directory / "vocab.json").exists():
        return
    say("training the SentencePiece model")
    directory.mkdir(parents=True, exist_ok=True)
    order = text.one_pass(np.random.default_rng(0))[:settings["sentences"]]
    pairs = text.pairs_of(order, random.Random("vocabulary"))
    model = io.BytesIO()  # a file's name would be kept in the model
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=itertools.chain.from_iterable(pairs), model_writer=model, model_type="unigram",
        vocab_size=settings["size"] - 1, character_coverage=settings["character_coverage"],
        user_defined_symbols=augment.COPY_TOKENS if settings.get("copy_tokens") else [],
        normalization_rule_name=settings.get("normalization", "nmt_nfkc"), byte_fallback=True, split_digits=True,
        eos_id=EOS, unk_id=UNK, bos_id=-1, pad_id=-1, num_threads=os.cpu_count(), minloglevel=2)
    write_whole(directory / "spm.model", lambda path: path.write_bytes(model.getvalue()))
    pieces = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    vocabulary = {pieces.id_to_piece(i): i for i in range(len(pieces))} | {"<pad>": len(pieces)}
    write_whole(directory / "vocab.json",
                lambda path: path.write_text(json.dumps(vocabulary, ensure_ascii=False, indent=0), encoding="utf-8"))


def take_tokenizer(directory: Path, start: Path) -> None:
    """The tokenizer of a checkpoint whose sides share everything, as train_tokenizer writes it."""
    if (directory / "vocab.json").exists():
        return
    from transformer_c import checkpoint  # needs transformers, which takes seconds to load
    config = json.loads((start / "config.json").read_text(encoding="utf-8"))
    for key in ("shared_sentencepiece", "shared_vocabulary", "shared_embedding", "tied_output"):
        checkpoint.expect(config[key], True, f"{start}: {key}")
    directory.mkdir(parents=True, exist_ok=True)
    write_whole(directory / "spm.model", lambda path: path.write_bytes((start / "source.spm").read_bytes()))
    pieces = (start / "source.vocab").read_text(encoding="utf-8").split("\n")[:-1]
    text = json.dumps({piece: i for i, piece in enumerate(pieces)}, ensure_ascii=False, indent=0)
    write_whole(directory / "vocab.json", lambda path: path.write_text(text, encoding="utf-8"))


def wants_bfloat16(device: str, d_model: int, d_ff: int) -> bool:
    """True if training is faster in bfloat16. CPUs without bfloat16 units emulate it slowly, so the model's largest matrix
    product is timed in both types, including the conversion of its factors. In a narrow model the conversion takes as long
    as the product saves, and it costs accuracy: numbers-to-words fell from 100 to 92 %."""
    if d_model < 256:
        return False
    if device == "cuda":
        return True
    seconds = {}
    for dtype in (torch.float32, torch.bfloat16):
        a, b = torch.ones(256, d_model), torch.ones(d_model, d_ff)
        seconds[dtype], end = float("inf"), time.perf_counter() + 0.5
        while seconds[dtype] == float("inf") or time.perf_counter() < end:
            start = time.perf_counter()
            a.to(dtype) @ b.to(dtype)  # the best of many: other work on the machine must not decide
            seconds[dtype] = min(seconds[dtype], time.perf_counter() - start)
    return seconds[torch.bfloat16] < seconds[torch.float32]


def check_result(run: Path) -> None:
    """Refuses a run whose model could only be replaced: it is there, but no state to resume from."""
    if (run / "model").exists() and not any((run / name).exists() for name in STATES):
        raise SystemExit(f"{run}: found the model of an earlier run, but neither {' nor '.join(STATES)} to resume from; "
                         f"training would begin again and replace it; choose another directory")


class Run:
    """A training run: what is learned, where it stands, and its directory."""

    def __init__(self, recipe_file: Path, data: Path | None, run: Path, start: Path | None = None,
                 minutes: float | None = None) -> None:
        self.recipe = recipe = corpora.read_recipe(recipe_file)
        check_result(run)
        self.run, self.minutes = run, minutes
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        self.schedule = recipe["schedule"] | recipe["schedule"].get(self.device, {})
        run.mkdir(parents=True, exist_ok=True)
        swap, n_validation = recipe.get("swap", False), recipe["validation"]["lines"]
        self.validation = {name: [pair[::-1] if swap else pair for pair in
                                  corpora.read_pairs(corpora.place_of(name, recipe_file, data))[:n_validation]]
                           for name in recipe["validation"].get("files", [])}
        self.validation |= {name: made.pairs(name, n_validation, random.Random("validation"), held_out=True)
                            for name in recipe.get("made", {})}
        self.text = corpora.Text(
            corpora.load_corpora({corpora.place_of(name, recipe_file, data): weight
                                  for name, weight in corpora.corpora_of(recipe).items()}, swap),
            recipe.get("made", {}), augment.shares(recipe.get("augmentation", {})))
        if start:
            take_tokenizer(run / "tokenizer", start)
        else:
            train_tokenizer(run / "tokenizer", self.text, recipe["vocabulary"])
        self.pieces = sentencepiece.SentencePieceProcessor(model_file=str(run / "tokenizer/spm.model"))
        self.batches = corpora.Batches(self.text, corpora.Batching(
            functools.partial(self.pieces.encode, num_threads=1), EOS, len(self.pieces), self.schedule["batch_tokens"],
            min(self.schedule["longest"], recipe["model"]["max_positions"]), recipe["model"]["seed"]),
            max(1, os.cpu_count() - 4))
        self.network = Network(recipe["model"], len(self.pieces) + 1).to(self.device)
        self.learned = list(self.network.parameters())
        if start:
            from transformer_c import checkpoint
            self.network.load_state_dict(checkpoint.exported_weights(start, self.network))
        self.bfloat16 = wants_bfloat16(self.device, recipe["model"]["d_model"], recipe["model"]["d_ff"])
        hidden = [parameter for name, parameter in self.network.named_parameters()
                  if ".layers." in name and parameter.dim() == 2]
        others = [parameter for parameter in self.learned if not any(parameter is matrix for matrix in hidden)]
        self.optimizers = [Muon(hidden, dtype=torch.bfloat16 if self.bfloat16 else torch.float32),
                           torch.optim.Adam(others, lr=0.0, betas=(0.9, 0.98), eps=1e-9, fused=True)]
        self.step, self.tokens, self.seconds, self.place = 0, 0, 0.0, (0, 0, 0)
        self.stopped = False
        # On a CPU each thread computes a part of the batch: threads that share each product wait for one another. Dropout
        # draws from one generator, in an order that threads would change.
        self.n_parts = torch.get_num_threads() if self.device == "cpu" and not recipe["model"]["dropout"] else 1
        self.pool = concurrent.futures.ThreadPoolExecutor(
            self.n_parts, initializer=torch.set_num_threads, initargs=(torch.get_num_threads() // self.n_parts,))
        self.resume()
        # What computes gradients. On a GPU autocast converts to bfloat16 where it pays. On a CPU so many conversions take
        # longer than the products, so a copy of the weights is converted once a step.
        self.computing = self.network.in_bfloat16() if self.bfloat16 and self.device == "cpu" else self.network

    @property
    def end(self) -> list:
        """When the run ends: its steps or its minutes."""
        return ["minutes", self.minutes] if self.minutes else ["steps", self.schedule["steps"]]

    @property
    def progress(self) -> float:
        """The share of the run that is over, 0 to 1."""
        over = self.seconds / (60 * self.minutes) if self.minutes else self.step / self.schedule["steps"]
        return min(1.0, over)

    @property
    def decaying(self) -> bool:
        return self.progress > 1 - self.schedule["decay"]

    def resume(self) -> None:
        """Resumes from the newest state whose learning rate was not already falling towards another end."""
        saved = [name for name in STATES if (self.run / name).exists()]
        for name in saved:
            state = torch.load(self.run / name, weights_only=True, map_location=self.device)
            if state["end"] not in (None, self.end):
                continue
            self.step, self.tokens, self.seconds = state["step"], state["tokens"], state["seconds"]
            self.place = tuple(state["place"])
            self.network.load_state_dict(state["model"])
            for optimizer, values in zip(self.optimizers, state["optimizers"]):
                optimizer.load_state_dict(values)
            self.bfloat16 = state["bfloat16"]
            torch.set_rng_state(state["random"].cpu())
            if state["cuda_random"] is not None and self.device == "cuda":
                torch.cuda.set_rng_state(state["cuda_random"].cpu())
            say(f"resuming at step {self.step} ({self.tokens / 1e6:.1f} million target tokens) from {name}")
            break
        else:
            if saved:
                raise SystemExit(f"{self.run}: the saved states are past the end of this schedule; ask for more steps or "
                                 f"minutes, or start in another directory")

    def save(self, name: str = "state.pt") -> None:
        state = {"model": self.network.state_dict(), "optimizers": [o.state_dict() for o in self.optimizers],
                 "step": self.step, "tokens": self.tokens, "seconds": self.seconds, "place": list(self.place),
                 "random": torch.get_rng_state(),
                 "cuda_random": torch.cuda.get_rng_state() if self.device == "cuda" else None,
                 "bfloat16": self.bfloat16, "end": self.end if self.decaying and name == "state.pt" else None}
        write_whole(self.run / name, lambda path: torch.save(state, path))

    def write_model(self) -> None:
        from transformer_c import checkpoint  # needs transformers, which takes seconds to load
        with torch.random.fork_rng(devices=[]):  # the copy begins with random weights, and dropout must not miss these draws
            checkpoint.write_marian(self.run / "model", self.network, self.run / "tokenizer", self.recipe)

    def log(self, **values: object) -> None:
        with open(self.run / "log.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps({"step": self.step, "tokens": self.tokens, **values}) + "\n")
        say("  ".join(f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
                      for name, value in {"step": self.step, **values}.items()))

    def translate(self, lines: list[str]) -> list[str]:
        """Greedy translations, as the program makes them, except that lines are not split into sentences."""
        limit = self.recipe["model"]["max_positions"]
        sources = [(ids + [EOS])[:limit] for ids in self.pieces.encode(lines)]
        self.network.eval()
        with torch.autocast(self.device, torch.bfloat16, enabled=self.device == "cuda"):
            targets = translate(self.network, sources, VALIDATION_BATCH, limit)
        self.network.train()
        return [self.pieces.decode([id_ for id_ in ids if id_ != EOS]) for ids in targets]

    def validate(self) -> None:
        """Logs BLEU, chrF and the share of exact outputs on each validation set."""
        scores = {}
        for name, pairs in self.validation.items():
            out = self.translate([source for source, _ in pairs])
            references = [[target for _, target in pairs]]
            scores[name] = {"BLEU": round(BLEU().corpus_score(out, references).score, 2),
                            "chrF": round(CHRF().corpus_score(out, references).score, 2),
                            "exact": round(100 * sum(map(str.__eq__, out, references[0])) / len(out), 2)}
        self.log(validation=scores)
        for line, text in zip(self.recipe["validation"]["show"], self.translate(self.recipe["validation"]["show"])):
            say(f"    {line} -> {text}")

    def gradients_of(self, source: np.ndarray, target: np.ndarray) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Of padded ids (B, S) and (B, T): the summed loss, and its gradients."""
        wanted = np.flatnonzero(target != self.network.pad)
        tensors = [torch.from_numpy(array.astype(np.int64)) for array in (source, target, wanted)]
        if self.device == "cuda":
            tensors = [tensor.pin_memory().to(self.device, non_blocking=True) for tensor in tensors]
        with torch.autocast(self.device, torch.bfloat16, enabled=self.bfloat16 and self.device == "cuda"):
            loss = self.computing(*tensors, self.schedule["label_smoothing"])
        gradients = torch.autograd.grad(loss, list(self.computing.parameters()))
        return loss.detach(), [gradient.float() for gradient in gradients]

    def set_gradients(self, source: np.ndarray, target: np.ndarray) -> tuple[torch.Tensor, int]:
        """Sets the gradients of the mean loss of a batch; returns the summed loss, a tensor, and the number of target
        tokens."""
        if self.computing is not self.network:
            with torch.no_grad():
                torch._foreach_copy_(list(self.computing.parameters()), self.learned)
        n_parts = min(self.n_parts, len(source))
        run = map if n_parts == 1 else self.pool.map
        losses, gradients = zip(*run(self.gradients_of, (source[i::n_parts] for i in range(n_parts)),
                                     (target[i::n_parts] for i in range(n_parts))))
        n_tokens = int((target != self.network.pad).sum())
        total = [sum(of_parts[1:], of_parts[0]) for of_parts in zip(*gradients)]
        torch._foreach_div_(total, n_tokens)
        for parameter, gradient in zip(self.learned, total):
            parameter.grad = gradient
        return sum(losses), n_tokens

    def learn(self, source: np.ndarray, target: np.ndarray) -> tuple[torch.Tensor, int]:
        """One step; returns what set_gradients does."""
        loss, n_tokens = self.set_gradients(source, target)
        torch.nn.utils.clip_grad_norm_(self.learned, self.schedule["clip_norm"])
        rate = learning_rate(self.step + 1, self.progress, self.schedule)
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
            optimizer.step()
        self.step += 1
        self.tokens += n_tokens
        return loss, n_tokens

    def stop(self, *_: object) -> None:
        self.stopped = True

    def train(self) -> None:
        schedule = self.schedule
        signal.signal(signal.SIGINT, self.stop)
        signal.signal(signal.SIGTERM, self.stop)
        say(f"{sum(p.numel() for p in self.learned):,} parameters on {self.device}, "
            f"{'bfloat16' if self.bfloat16 else 'float32'}, {len(self.text.pairs):,} pairs of text, "
            f"{len(self.text.one_pass(np.random.default_rng(0))):,} pairs in each pass")
        if self.device == "cuda":
            self.network.compile_layers()
        self.network.train()
        before, started = self.seconds, time.monotonic()
        saved = reported = started
        loss_sum, loss_tokens = 0.0, 0
        for place, batch in self.batches.training(self.place):
            if self.progress >= 1 or self.stopped:
                break
            was_decaying = self.decaying
            loss, n_tokens = self.learn(*batch)
            self.place = place[:2] + (place[2] + 1,)
            now = time.monotonic()
            self.seconds = before + now - started
            loss_sum, loss_tokens = loss_sum + loss, loss_tokens + n_tokens
            if self.step % schedule["report_steps"] == 0:
                if not math.isfinite(loss_sum):
                    raise SystemExit(f"step {self.step}: the loss is NaN or infinite; lower schedule.peak and run again: it "
                                     f"resumes from the last saved state")
                self.log(loss=float(loss_sum) / loss_tokens, rate=learning_rate(self.step, self.progress, schedule),
                         tokens_per_second=loss_tokens / (now - reported))
                reported, loss_sum, loss_tokens = now, 0.0, 0
                if now - saved > 60 * schedule["save_minutes"]:  # the loss is finite
                    self.save()
                    self.write_model()
                    saved = now
            if self.decaying and not was_decaying:
                self.save("undecayed.pt")
            if self.step % schedule["validate_steps"] == 0 and self.progress < 1:
                self.validate()
        self.batches.close()
        self.save()
        self.write_model()
        if self.stopped:
            say(f"stopped at step {self.step}; the same command resumes from there")
            return
        self.validate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--start", type=Path)
    parser.add_argument("--minutes", type=float)
    arguments = parser.parse_args()
    Run(arguments.recipe, arguments.data, arguments.run, arguments.start, arguments.minutes).train()


if __name__ == "__main__":
    main()
