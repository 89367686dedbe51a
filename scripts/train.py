#!/usr/bin/env python3
"""Train a MarianMT checkpoint from parallel text, as one recipe file says.

    train.py RECIPE [--data DIR] --run DIR [--start CHECKPOINT [--start-step N]]

RECIPE is a TOML file (recipes/): corpora with weights, pairs that rules make, vocabulary, shape, schedule. DIR of
--data holds the corpora that the recipe names, but for those beside the recipe (./NAME). The directory of --run
keeps everything of the run:

    tokenizer/      spm.model, vocab.json
    state.pt        weights, optimizer and place in the data; written every `save_minutes`
    undecayed.pt    the state at the step where the learning rate begins to fall to zero
    snapshots/      the weights that are averaged
    log.jsonl       a line per report: step, tokens, loss, learning rate, tokens per second; steps that were
                    computed again after a kill are there again
    model/          the result, a Hugging Face MarianMT directory: the mean of the last snapshots

Run the same command again and it goes on where it was killed, with the batches it would have seen; ended
with Ctrl-C or SIGTERM it saves its state first.
Raise `steps` in the recipe of a finished run and it goes on from undecayed.pt.

With --start a new run begins with the tokenizer and the weights of a checkpoint that export.py wrote: to learn other
text, with a schedule of its own, or, where only the checkpoint was kept, to go on at step N of the schedule after a
warm-up of `restart_steps`.
"""

import argparse
import concurrent.futures
import io
import json
import math
import os
import random
import signal
import sys
import time
import tomllib
from pathlib import Path

import sentencepiece
import torch
from sacrebleu.metrics import BLEU, CHRF
from transformers import GenerationConfig, MarianConfig, MarianMTModel, MarianTokenizer

import checkpoint
import corpora
import made
from files import directory_whole, write_whole

EOS, UNK = 0, 1


def say(text):
    print(text, file=sys.stderr, flush=True)


def learning_rate(step, schedule, start_step=0):
    """Linear warm-up, then 1/sqrt(step) (Attention Is All You Need, 5.3), and a line to zero over the last steps. A run
    that began from a checkpoint at start_step warms up to that curve: its optimizer knows nothing yet."""
    rate = schedule["peak"] * min(step / schedule["warmup_steps"], math.sqrt(schedule["warmup_steps"] / max(step, 1)))
    if start_step:
        rate *= min(1.0, (step - start_step) / schedule["restart_steps"])
    return rate * min(1.0, (schedule["steps"] - step) / schedule["decay_steps"])


def train_tokenizer(directory, pairs_by_corpus, n_made, settings):
    """One SentencePiece model for both sides; ids are Marian's: </s> 0, <unk> 1, pieces, <pad> last."""
    if (directory / "vocab.json").exists():
        return
    say("training the SentencePiece model")
    directory.mkdir(parents=True, exist_ok=True)
    order = corpora.one_pass(pairs_by_corpus, n_made, random.Random("vocabulary"))
    order = order[:settings["sentences"]]
    model = io.BytesIO()  # a file's name would be kept in the model
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=(text for pair in order for text in pair), model_writer=model, model_type="unigram",
        vocab_size=settings["size"] - 1, character_coverage=settings["character_coverage"],
        normalization_rule_name=settings.get("normalization", "nmt_nfkc"), byte_fallback=True, split_digits=True,
        eos_id=EOS, unk_id=UNK, bos_id=-1, pad_id=-1, num_threads=os.cpu_count(), minloglevel=2)
    write_whole(directory / "spm.model", lambda path: path.write_bytes(model.getvalue()))
    pieces = sentencepiece.SentencePieceProcessor(model_proto=model.getvalue())
    vocabulary = {pieces.id_to_piece(i): i for i in range(len(pieces))} | {"<pad>": len(pieces)}
    text = json.dumps(vocabulary, ensure_ascii=False, indent=0)
    write_whole(directory / "vocab.json", lambda path: path.write_text(text, encoding="utf-8"))


def take_tokenizer(directory, start):
    """The tokenizer of a checkpoint whose sides share everything, as train_tokenizer writes it."""
    if (directory / "vocab.json").exists():
        return
    config = json.loads((start / "config.json").read_text(encoding="utf-8"))
    for key in ("shared_sentencepiece", "shared_vocabulary", "shared_embedding", "tied_output"):
        checkpoint.expect(config[key], True, f"{start}: {key}")
    directory.mkdir(parents=True, exist_ok=True)
    write_whole(directory / "spm.model", lambda path: path.write_bytes((start / "source.spm").read_bytes()))
    pieces = (start / "source.vocab").read_text(encoding="utf-8").split("\n")[:-1]
    text = json.dumps({piece: i for i, piece in enumerate(pieces)}, ensure_ascii=False, indent=0)
    write_whole(directory / "vocab.json", lambda path: path.write_text(text, encoding="utf-8"))


def new_model(shape, n_vocab):
    pad = n_vocab - 1
    torch.manual_seed(shape["seed"])
    return MarianMTModel(MarianConfig(
        vocab_size=n_vocab, d_model=shape["d_model"], encoder_layers=shape["encoder_layers"],
        decoder_layers=shape["decoder_layers"], encoder_ffn_dim=shape["d_ff"], decoder_ffn_dim=shape["d_ff"],
        encoder_attention_heads=shape["heads"], decoder_attention_heads=shape["heads"],
        activation_function=shape["activation"], dropout=shape["dropout"],
        attention_dropout=shape["attention_dropout"], activation_dropout=0.0,
        max_position_embeddings=shape["max_positions"], init_std=shape.get("init_std", 0.02), scale_embedding=True,
        attn_implementation="eager", pad_token_id=pad, eos_token_id=EOS, bos_token_id=EOS, decoder_start_token_id=pad,
        forced_eos_token_id=EOS))


def wants_bfloat16(device, d_model, d_ff):
    """Where it is faster: timed with the model's largest matrix product, both ways, with the rounding of its factors, as
    CPUs without bfloat16 units emulate it slowly. In a narrow model the rounding takes what the product saves, and costs
    right answers: numbers-to-words, 100 % in float32, came to 92."""
    if d_model < 256:
        return False
    if device == "cuda":
        return torch.cuda.is_bf16_supported()
    seconds = {}
    for dtype in (torch.float32, torch.bfloat16):
        a, b = torch.ones(256, d_model), torch.ones(d_model, d_ff)
        seconds[dtype], end = float("inf"), time.perf_counter() + 0.5
        while seconds[dtype] == float("inf") or time.perf_counter() < end:
            start = time.perf_counter()
            a.to(dtype) @ b.to(dtype)  # the best of many: other work on the machine must not decide
            seconds[dtype] = min(seconds[dtype], time.perf_counter() - start)
    return seconds[torch.bfloat16] < seconds[torch.float32]


def tensors_of(batch, pad, device):
    """A list of (source ids, target ids) to padded tensors: source, its mask, decoder input, target."""
    def padded(rows, first=()):
        rows = [list(first) + row for row in rows]
        longest = max(map(len, rows))
        return torch.tensor([row + [pad] * (longest - len(row)) for row in rows], device=device)
    source = padded([source for source, _ in batch])
    target = padded([target for _, target in batch])
    decoder_input = padded([target[:-1] for _, target in batch], first=[pad])
    return source, (source != pad).long(), decoder_input, target


def loss_of(model, tensors, smoothing):
    """The sum of the label-smoothed cross-entropy of the target tokens, and their number; padding is not computed."""
    source, mask, decoder_input, target = tensors
    hidden = model.model(input_ids=source, attention_mask=mask, decoder_input_ids=decoder_input,
                         use_cache=False).last_hidden_state
    wanted = target != model.config.pad_token_id
    logits = model.lm_head(hidden[wanted]) + model.final_logits_bias
    loss = torch.nn.functional.cross_entropy(logits.float(), target[wanted], label_smoothing=smoothing, reduction="sum")
    return loss, int(wanted.sum())


def translate(model, tokenizer, lines):
    """Greedy translations of `lines`, as the program makes them but for its splitting of sentences."""
    limit = model.config.max_position_embeddings
    sources = [checkpoint.encode(tokenizer, line)[:limit] for line in lines]
    return tokenizer.batch_decode(checkpoint.greedy(model, sources), skip_special_tokens=True)


def mean_of(snapshots):
    """The mean of several weight files, tensor by tensor; tied names are the same tensor, so nothing is added in place."""
    total = torch.load(snapshots[0], weights_only=True)
    for path in snapshots[1:]:
        total = {name: total[name] + tensor for name, tensor in torch.load(path, weights_only=True).items()}
    return {name: tensor / len(snapshots) for name, tensor in total.items()}


def save_model(directory, model, tokenizer):
    """The model as a Hugging Face directory, set to greedy search, in place of an older one."""
    model.generation_config = GenerationConfig(
        num_beams=1, max_length=model.config.max_position_embeddings, bad_words_ids=[[model.config.pad_token_id]],
        decoder_start_token_id=model.config.pad_token_id, pad_token_id=model.config.pad_token_id,
        eos_token_id=EOS, bos_token_id=EOS, forced_eos_token_id=EOS)
    with directory_whole(directory) as beside:
        model.save_pretrained(beside)
        tokenizer.save_pretrained(beside)


def write_model(run, model, tokenizer, snapshots):
    """Saves the mean of `snapshots`, and gives it."""
    averaged = MarianMTModel(model.config)
    averaged.load_state_dict(mean_of(snapshots))
    averaged.tie_weights()
    save_model(run / "model", averaged, tokenizer)
    return averaged


class Run:
    """A training run: what is learned, where it stands, and its directory."""

    def __init__(self, recipe_file, data, run, start, start_step):
        self.recipe = recipe = tomllib.loads(recipe_file.read_text(encoding="utf-8"))
        self.run, self.start_step = run, start_step
        self.schedule = recipe["schedule"]
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        run.mkdir(parents=True, exist_ok=True)
        (run / "snapshots").mkdir(exist_ok=True)
        n_validation = recipe["validation"]["lines"]
        self.validation = {name: corpora.read_pairs(corpora.place_of(name, recipe_file, data))[:n_validation]
                           for name in recipe["validation"].get("files", [])}
        self.validation |= {name: made.pairs(name, n_validation, random.Random("validation"), held_out=True)
                            for name in recipe.get("made", {})}
        self.n_made = recipe.get("made", {})
        self.corpora = corpora.load_corpora({corpora.place_of(name, recipe_file, data): weight
                                             for name, weight in recipe.get("corpora", {}).items()})
        if start:
            take_tokenizer(run / "tokenizer", start)
        else:
            train_tokenizer(run / "tokenizer", self.corpora, self.n_made, recipe["vocabulary"])
        spm = str(run / "tokenizer/spm.model")
        self.pieces = sentencepiece.SentencePieceProcessor(model_file=spm)
        self.tokenizer = MarianTokenizer(source_spm=spm, target_spm=spm, vocab=str(run / "tokenizer/vocab.json"),
                                         source_lang=recipe["source"], target_lang=recipe["target"],
                                         model_max_length=recipe["model"]["max_positions"])
        self.model = new_model(recipe["model"], len(self.pieces) + 1).to(self.device)
        self.learned = [parameter for parameter in self.model.parameters() if parameter.requires_grad]
        self.optimizer = torch.optim.Adam(self.learned, lr=0.0, betas=(0.9, 0.98), eps=1e-9, fused=True)
        # Passes are drawn from their number: one that begins at start_step is none that was seen before.
        self.step, self.tokens, self.place = start_step, 0, (start_step, 0, 0)
        if start:
            self.model.load_state_dict(checkpoint.exported_weights(start, self.model))
        self.stopped = False
        # On a CPU each thread computes a part of the batch: threads that share each product wait for one another. Dropout
        # draws from one generator, in an order that threads would change.
        dropout = recipe["model"]["dropout"] or recipe["model"]["attention_dropout"]
        self.n_parts = torch.get_num_threads() if self.device == "cpu" and not dropout else 1
        self.pool = concurrent.futures.ThreadPoolExecutor(
            self.n_parts, initializer=torch.set_num_threads, initargs=(torch.get_num_threads() // self.n_parts,))
        self.bfloat16 = wants_bfloat16(self.device, recipe["model"]["d_model"], recipe["model"]["d_ff"])
        self.resume()

    @property
    def decay_start(self):
        return self.schedule["steps"] - self.schedule["decay_steps"]

    @property
    def decay(self):
        return [self.schedule["steps"], self.schedule["decay_steps"]]

    def resume(self):
        """Goes on from the newest state whose learning rate was not already falling towards another end."""
        saved = [name for name in ("state.pt", "undecayed.pt") if (self.run / name).exists()]
        for name in saved:
            state = torch.load(self.run / name, weights_only=True, map_location=self.device)
            if state["decay"] not in (None, self.decay) or state["step"] > self.schedule["steps"]:
                continue
            self.model.load_state_dict(state["model"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.step, self.tokens, self.place = state["step"], state["tokens"], tuple(state["place"])
            self.bfloat16 = state["bfloat16"]
            torch.set_rng_state(state["random"].cpu())
            if state["cuda_random"] is not None and self.device == "cuda":
                torch.cuda.set_rng_state(state["cuda_random"].cpu())
            say(f"going on at step {self.step} ({self.tokens / 1e6:.1f} million target tokens) from {name}")
            break
        else:
            if saved:
                raise SystemExit(f"{self.run}: the saved states are past the end that the recipe's steps and decay_steps "
                                 f"give; raise steps, or start in another directory")
        for snapshot in self.snapshots():  # of steps that are computed again
            if int(snapshot.stem) > self.step:
                snapshot.unlink()

    def save(self, name="state.pt"):
        state = {"model": self.model.state_dict(), "optimizer": self.optimizer.state_dict(), "step": self.step,
                 "tokens": self.tokens, "place": list(self.place), "random": torch.get_rng_state(),
                 "cuda_random": torch.cuda.get_rng_state() if self.device == "cuda" else None,
                 "bfloat16": self.bfloat16, "decay": self.decay if self.step > self.decay_start else None}
        write_whole(self.run / name, lambda path: torch.save(state, path))

    def save_snapshot(self):
        weights = {name: tensor.float().cpu() for name, tensor in self.model.state_dict().items()}
        write_whole(self.run / f"snapshots/{self.step:08d}.pt", lambda path: torch.save(weights, path))
        for old in self.snapshots()[:-self.schedule["averaged_snapshots"]]:
            old.unlink()

    def snapshots(self):
        return sorted((self.run / "snapshots").glob("*.pt"))

    def log(self, **values):
        with open(self.run / "log.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps({"step": self.step, "tokens": self.tokens, **values}) + "\n")
        say("  ".join(f"{name} {value:.4g}" if isinstance(value, float) else f"{name} {value}"
                      for name, value in {"step": self.step, **values}.items()))

    def validate(self):
        """BLEU, chrF and the share of exact outputs of the mean of the snapshots on each validation set; the model is
        written too."""
        if not self.snapshots():
            self.save_snapshot()
        averaged = write_model(self.run, self.model, self.tokenizer, self.snapshots()).to(self.device)
        scores = {}
        for name, pairs in self.validation.items():
            out = translate(averaged, self.tokenizer, [source for source, _ in pairs])
            references = [[target for _, target in pairs]]
            scores[name] = {"BLEU": round(BLEU().corpus_score(out, references).score, 2),
                            "chrF": round(CHRF().corpus_score(out, references).score, 2),
                            "exact": round(100 * sum(map(str.__eq__, out, references[0])) / len(out), 2)}
        self.log(validation=scores)
        for line, text in zip(self.recipe["validation"]["show"],
                              translate(averaged, self.tokenizer, self.recipe["validation"]["show"])):
            say(f"    {line} -> {text}")

    def gradients_of(self, part):
        """Of a list of (source ids, target ids): loss_of, and the gradients of the loss."""
        with torch.autocast(self.device, dtype=torch.bfloat16, enabled=self.bfloat16, cache_enabled=False):
            loss, n_tokens = loss_of(self.model, tensors_of(part, self.model.config.pad_token_id, self.device),
                                     self.schedule["label_smoothing"])
        return loss.item(), n_tokens, torch.autograd.grad(loss, self.learned)

    def set_gradients(self, batch):
        """Sets the gradients of the mean loss of a batch; that loss, and the number of target tokens."""
        parts = [batch[i::self.n_parts] for i in range(min(self.n_parts, len(batch)))]
        losses, n_tokens, gradients = zip(*self.pool.map(self.gradients_of, parts))
        for parameter, of_parts in zip(self.learned, zip(*gradients)):
            parameter.grad = sum(of_parts[1:], of_parts[0]) / sum(n_tokens)
        return sum(losses) / sum(n_tokens), sum(n_tokens)

    def stop(self, *_):
        self.stopped = True

    def train(self):
        schedule = self.schedule
        signal.signal(signal.SIGINT, self.stop)
        signal.signal(signal.SIGTERM, self.stop)
        say(f"{sum(p.numel() for p in self.model.parameters()):,} parameters on {self.device}, "
            f"{'bfloat16' if self.bfloat16 else 'float32'}, {sum(len(p) for _, p in self.corpora):,} pairs of text and "
            f"{sum(self.n_made.values()):,} made ones in each pass")
        self.model.train()
        saved = reported = time.monotonic()
        loss_sum, loss_tokens = 0.0, 0
        place_and_batch = corpora.training_batches(
            self.corpora, self.n_made, corpora.shares(self.recipe.get("augmentation", {})), self.pieces.encode, EOS,
            schedule["batch_tokens"],
            min(schedule["longest"], self.model.config.max_position_embeddings), self.recipe["model"]["seed"],
            self.place)
        for place, batch in place_and_batch:
            if self.step >= schedule["steps"] or self.stopped:
                break
            for group in self.optimizer.param_groups:
                group["lr"] = learning_rate(self.step + 1, schedule, self.start_step)
            loss, n_tokens = self.set_gradients(batch)
            if not math.isfinite(loss):
                raise SystemExit(f"step {self.step + 1}: the loss is not a number; the last state is from before, "
                                 f"lower schedule.peak and go on")
            torch.nn.utils.clip_grad_norm_(self.learned, schedule["clip_norm"])
            self.optimizer.step()
            self.optimizer.zero_grad(set_to_none=True)
            self.step += 1
            self.tokens += n_tokens
            self.place = (place[0], place[1], place[2] + 1)
            loss_sum, loss_tokens = loss_sum + loss * n_tokens, loss_tokens + n_tokens
            if self.step % schedule["report_steps"] == 0:
                now = time.monotonic()
                self.log(loss=loss_sum / loss_tokens, rate=learning_rate(self.step, schedule, self.start_step),
                         tokens_per_second=loss_tokens / (now - reported))
                reported, loss_sum, loss_tokens = now, 0.0, 0
            if self.step == self.decay_start:
                self.save("undecayed.pt")
            if self.step % schedule["snapshot_steps"] == 0:
                self.save_snapshot()
            if self.step % schedule["validate_steps"] == 0 and self.step < schedule["steps"]:
                self.validate()
            if time.monotonic() - saved > 60 * schedule["save_minutes"]:
                self.save()
                saved = time.monotonic()
        self.save()
        if self.stopped:
            say(f"stopped at step {self.step}; the same command goes on from there")
            return
        self.save_snapshot()
        self.validate()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("recipe", type=Path)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--start", type=Path)
    parser.add_argument("--start-step", type=int, default=0)
    arguments = parser.parse_args()
    Run(arguments.recipe, arguments.data, arguments.run, arguments.start, arguments.start_step).train()


if __name__ == "__main__":
    main()
