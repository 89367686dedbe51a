#!/usr/bin/env python3
"""Make the small random checkpoints in tests/golden and what PyTorch computes with them.

    make_golden.py [OUT]        (default: tests/golden)

Each variant covers a different corner of the MarianMT family, exported with export.py's functions:

    relu       encoder deeper than decoder, one vocabulary, everything shared
    swish      like OPUS-MT: output bias, forced end, suppressed ids; also exported as int8, and as "mixed", in
               which each layer has some matrices in float32 and some in int8
    gelu       two vocabularies, embeddings, SentencePiece models; decoder deeper than encoder, other heads and
               widths; a language code; a piece that the vocabulary lacks
    odd        odd d_model, no embedding scale, an output layer of its own, no forced end; the vocabulary in reverse,
               so that pad is 0 and the special ids of the others are pieces

A variant's directory holds the checkpoint, golden.json (sentences, source ids, greedy ids) and
golden.safetensors (every named tensor of sentence TRACED). The SentencePiece models are trained once
and kept in the repository. odd_strings.json holds the pieces and ids that MarianTokenizer gives for
odd_strings.py with the bundled checkpoint's tokenizer.
"""

import io
import json
import shutil
import sys
import tempfile
from pathlib import Path

import safetensors.numpy
import sentencepiece

GOLDEN = Path(__file__).resolve().parent / "golden"
sys.path.insert(0, str(GOLDEN.parent.parent / "scripts"))

from transformers import MarianTokenizer

import export
import odd_strings
import reference
from random_marian import random_model
from transformer_c import checkpoint
from transformer_c.readers import marian

SENTENCES = ["The house is small.", "", "I have a dog.", "What time is it? It is three.", "Thank you!",
             "The children sleep in the small house on the hill, and my dog sings every evening.", "Zürich 7 €", "a",
             "We go to the sea in summer.", "Good morning."]

TRACED = 0  # the sentence whose tensors are kept

VARIANTS = {
    "relu": dict(sides=("both", "both"), seed=2, max_length=60, bias=False, d_model=16, encoder_layers=3,
                 decoder_layers=1, encoder_ffn_dim=24, decoder_ffn_dim=24, encoder_attention_heads=2,
                 decoder_attention_heads=2, activation_function="relu", max_position_embeddings=64,
                 scale_embedding=True),
    "swish": dict(sides=("both", "both"), seed=5, max_length=40, d_model=16, encoder_layers=2, decoder_layers=2,
                  encoder_ffn_dim=32, decoder_ffn_dim=32, encoder_attention_heads=4, decoder_attention_heads=4,
                  activation_function="swish", max_position_embeddings=64, scale_embedding=True),
    "gelu": dict(sides=("source", "target"), seed=8, max_length=50, d_model=12, encoder_layers=1, decoder_layers=3,
                 encoder_ffn_dim=20, decoder_ffn_dim=28, encoder_attention_heads=3, decoder_attention_heads=2,
                 activation_function="gelu", max_position_embeddings=64, scale_embedding=True,
                 share_encoder_decoder_embeddings=False),
    "odd": dict(sides=("both", "both"), reverse=True, seed=2, max_length=30, forced_end=False, d_model=15, encoder_layers=1,
                decoder_layers=1, encoder_ffn_dim=17, decoder_ffn_dim=17, encoder_attention_heads=3,
                decoder_attention_heads=3, activation_function="relu", max_position_embeddings=64,
                scale_embedding=False, tie_word_embeddings=False),
}


def train_sentencepiece():
    """Trains both.spm, source.spm and target.spm in tests/golden unless they exist."""
    for name, files in {"both": ["source.txt", "target.txt"], "source": ["source.txt"], "target": ["target.txt"]}.items():
        if not (GOLDEN / f"{name}.spm").exists():
            model, lines = io.BytesIO(), [line for file in files for line in (GOLDEN / file).read_text().splitlines()]
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=iter(lines), model_writer=model, vocab_size=100, normalization_rule_name="identity",
                eos_id=0, unk_id=1, bos_id=-1, pad_id=-1, minloglevel=2)
            (GOLDEN / f"{name}.spm").write_bytes(model.getvalue())


def vocabulary(side, extra=(), without=(), reverse=False):
    """Marian's vocab.json: </s>, <unk>, the pieces, and <pad> last; or all of it in reverse."""
    pieces = sentencepiece.SentencePieceProcessor(model_file=str(GOLDEN / f"{side}.spm"))
    names = [pieces.id_to_piece(i) for i in range(len(pieces)) if pieces.id_to_piece(i) not in without]
    names += [*extra, "<pad>"]
    return {name: i for i, name in enumerate(reversed(names) if reverse else names)}


def marian_directory(directory, sides, reverse=False, **arguments):
    """A Hugging Face directory of a variant; returns its path."""
    directory.mkdir()
    separate = sides[0] != sides[1]
    source = vocabulary(sides[0], extra=[">>deu<<"] if separate else [], without=["▁sleep"] if separate else [],
                        reverse=reverse)
    target = vocabulary(sides[1], reverse=reverse)
    if separate:  # MarianMTModel makes both embeddings of vocab_size rows
        target = vocabulary(sides[1], extra=[f"<fill{i}>" for i in range(len(source) - len(target))])
    (directory / "vocab.json").write_text(json.dumps(source))
    (directory / "target_vocab.json").write_text(json.dumps(target))
    for side, file in zip(sides, ("source.spm", "target.spm")):
        shutil.copyfile(GOLDEN / f"{side}.spm", directory / file)
    tokenizer = MarianTokenizer(
        source_spm=str(directory / "source.spm"), target_spm=str(directory / "target.spm"),
        vocab=str(directory / "vocab.json"), target_vocab_file=str(directory / "target_vocab.json") if separate else None,
        source_lang="en", target_lang="de", separate_vocabs=separate)
    model = random_model(pad=target["<pad>"], end=target["</s>"], vocab_size=len(source), decoder_vocab_size=len(target),
                         **arguments)
    model.save_pretrained(directory)
    tokenizer.save_pretrained(directory)
    if not separate:
        (directory / "target_vocab.json").unlink()
    return directory


def steady_origin(directory):
    """config.json without what differs from one machine to the next although the checkpoint is the same."""
    file = directory / "config.json"
    config = json.loads(file.read_text())
    config["origin"] = {"made_by": "tests/make_golden.py"}
    file.write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def mixed_tensors(model):
    """What is stored when every second matrix is int8: the first, third, … of the encoder, the second, … of the rest."""
    tensors = marian.resolved_tensors(model)
    matrices = [name for name, array in tensors.items() if array.ndim == 2]
    in_int8 = {name for i, name in enumerate(matrices) if (i % 2 == 0) == name.startswith("encoder")}
    return {stored: array for name, tensor in tensors.items()
            for stored, array in export.stored_tensors({name: tensor}, "int8" if name in in_int8 else "float32").items()}


def make_variant(hf_dir, out, dtype):
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    model, tokenizer = checkpoint.open_marian(hf_dir)
    export.write_checkpoint(out, marian.describe(hf_dir, model, tokenizer), hf_dir.name,
                            "float32" if dtype == "mixed" else dtype)
    if dtype == "mixed":
        export.write_weights(out / "model.safetensors", mixed_tensors(model))
    steady_origin(out)
    if dtype == "float32":
        sources = [checkpoint.encode(tokenizer, sentence) for sentence in SENTENCES]
        targets = checkpoint.greedy(model, sources)
        golden = [{"text": text, "source": source, "target": target}
                  for text, source, target in zip(SENTENCES, sources, targets)]
        write_sentences(out / "golden.json", golden)
        safetensors.numpy.save_file(reference.trace(model, sources[TRACED], targets[TRACED]), out / "golden.safetensors")


def write_sentences(file, sentences):
    rows = ",\n ".join(json.dumps(row) for row in sentences)
    file.write_text(f'{{"sentences": [\n {rows}\n]}}\n', encoding="utf-8")


def bundled_tokenizer(scratch):
    """MarianTokenizer over the files of checkpoints/en-de."""
    bundled = GOLDEN.parent.parent / "checkpoints/en-de"
    pieces = (bundled / "source.vocab").read_text(encoding="utf-8").split("\n")[:-1]
    (scratch / "vocab.json").write_text(json.dumps({piece: i for i, piece in enumerate(pieces)}))
    return MarianTokenizer(source_spm=str(bundled / "source.spm"), target_spm=str(bundled / "source.spm"),
                           vocab=str(scratch / "vocab.json"), source_lang="en", target_lang="de")


def main(out=GOLDEN):
    train_sentencepiece()
    with tempfile.TemporaryDirectory() as scratch:
        tokenizer = bundled_tokenizer(Path(scratch))
        Path(out).mkdir(parents=True, exist_ok=True)
        write_sentences(Path(out) / "odd_strings.json", [{"text": text, "source": checkpoint.encode(tokenizer, text)}
                                                         for text in odd_strings.ODD_STRINGS])
    with tempfile.TemporaryDirectory() as scratch:
        for name, arguments in VARIANTS.items():
            hf_dir = marian_directory(Path(scratch) / name, **arguments)
            make_variant(hf_dir, Path(out) / name, "float32")
            if name == "swish":
                for dtype in ("int8", "mixed"):
                    make_variant(hf_dir, Path(out) / dtype, dtype)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
