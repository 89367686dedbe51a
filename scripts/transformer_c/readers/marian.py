"""MarianMT of Hugging Face: OPUS-MT, and what train.py writes."""

import hashlib
import itertools
import sys
from pathlib import Path

import numpy
import torch
import transformers
from transformers import MarianConfig, MarianMTModel, MarianTokenizer

from transformer_c import checkpoint, hugging_face
from transformer_c.description import Description, Generation, Norm, Source, Stack, Target, Tokenizer, Unsupported
from transformer_c.hugging_face import ACTIVATIONS, expect
from transformer_c.opened import Opened
from transformer_c.options import Options
from transformer_c.program import translate_tokens

NAME = "Hugging Face MarianMT"

SAMPLE = ["Hello.", "The house is small.", "What time is it?", "I have never seen such a big dog before.",
          "Tom and Mary went to the station, but the train had already left."]

HASHED = ["config.json", "vocab.json", "source.spm", "target.spm", "target_vocab.json", "generation_config.json"]


def matches(opened: Opened) -> bool:
    return opened.config.get("model_type", "marian") == "marian" and opened.file.name == "config.json"


def read(opened: Opened, options: Options) -> Description:
    return describe(opened.path, *checkpoint.open_marian(opened.path))


def resolved_tensors(model: MarianMTModel) -> dict[str, numpy.ndarray]:
    """{our name: float32 array} of everything the forward pass uses. Without target_embedding.weight, the embedding is
    shared; without output.weight, the output is tied."""
    config = model.config
    state = {name: tensor.detach().numpy() for name, tensor in model.state_dict().items()}
    tensors = {checkpoint.our_name(name): array for name, array in state.items() if checkpoint.our_name(name)}
    source = model.model.encoder.embed_tokens.weight.detach().numpy()
    target = model.model.decoder.embed_tokens.weight.detach().numpy()
    output = model.lm_head.weight.detach().numpy()
    tensors["source_embedding.weight"] = source
    if not numpy.array_equal(source, target):
        tensors["target_embedding.weight"] = target
    if not numpy.array_equal(target, output):
        tensors["output.weight"] = output
    tensors["output.bias"] = model.final_logits_bias.detach().numpy().reshape(-1)
    expect(tensors["output.bias"].shape, (output.shape[0],), "final_logits_bias: shape")
    check_positions(model.model.encoder.embed_positions.weight.detach().numpy(), config)
    for name, array in tensors.items():
        if not numpy.isfinite(array).all():
            raise Unsupported(f"{name}: found values that are not finite, expected numbers; the checkpoint is damaged")
    return tensors


def check_positions(found: numpy.ndarray, config: MarianConfig) -> None:
    """The table must be the sinusoids that the program computes: sines, then cosines (FORMAT.md)."""
    d, n = config.d_model, config.max_position_embeddings
    angles = numpy.arange(n)[:, None] / 10000.0 ** (2 * (numpy.arange(d) // 2)[None, :] / d)
    expected = numpy.concatenate([numpy.sin(angles[:, 0::2]), numpy.cos(angles[:, 1::2])], axis=1)
    difference = numpy.abs(found - expected).max()
    if difference > 1e-6:
        raise Unsupported(f"embed_positions: found a table that is {difference:.1g} off MarianMT's sinusoids, expected sines "
                          f"then cosines; if it was only rounded to half precision, remove it from the weights")


def pieces(encoder: dict[str, int], n: int, what: str) -> list[str]:
    """The pieces in the order of their ids."""
    piece_of = {id_: piece for piece, id_ in encoder.items()}
    if sorted(piece_of) != list(range(n)) or len(encoder) != n:
        raise Unsupported(f"{what}: found {len(encoder)} pieces with {len(piece_of)} different ids, expected the ids 0 to "
                          f"{n - 1} of the embedding, each once")
    return [piece_of[id_] for id_ in range(n)]


def copy_tokens(tokenizer: MarianTokenizer) -> list[int]:
    """The ids of <copy:0>, <copy:1> … as far as a shared vocabulary has them, 16 at most."""
    names = [f"<copy:{i}>" for i in range(16)] if not tokenizer.separate_vocabs else []
    return [tokenizer.encoder[name] for name in itertools.takewhile(tokenizer.encoder.__contains__, names)]


def sha256(path: Path | str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def describe(hf_dir: Path, model: MarianMTModel, tokenizer: MarianTokenizer) -> Description:
    config = model.config
    target_encoder = tokenizer.target_encoder if tokenizer.separate_vocabs else tokenizer.encoder
    expect(config.eos_token_id, target_encoder.get(str(tokenizer.eos_token)),
           "config.json: eos_token_id, against the vocabulary")
    stacks = [Stack(n_layers, n_heads, config.d_model // n_heads, d_ff) for n_layers, n_heads, d_ff in
              ((config.encoder_layers, config.encoder_attention_heads, config.encoder_ffn_dim),
               (config.decoder_layers, config.decoder_attention_heads, config.decoder_ffn_dim))]
    source_spm, target_spm = (Path(file) for file in tokenizer.spm_files)
    shared_sentencepiece = sha256(source_spm) == sha256(target_spm)
    hashed = HASHED + [path.name for path in hugging_face.weights_files(hf_dir)]
    return Description(
        resolved_tensors(model), config.d_model, config.max_position_embeddings, *stacks,
        ACTIVATIONS[config.activation_function], Norm(), bool(config.scale_embedding),
        Tokenizer(source_spm=source_spm, target_spm=None if shared_sentencepiece else target_spm),
        Source(pieces(tokenizer.encoder, model.model.encoder.embed_tokens.num_embeddings, "vocab.json"), [],
               [tokenizer.encoder[str(tokenizer.eos_token)]], tokenizer.encoder[str(tokenizer.unk_token)],
               tokenizer.source_lang or ""),
        Target(pieces(target_encoder, model.lm_head.out_features, "target_vocab.json") if tokenizer.separate_vocabs else None,
               config.decoder_start_token_id, config.eos_token_id, config.pad_token_id,
               [config.eos_token_id, config.pad_token_id], language=tokenizer.target_lang or ""),
        Generation(2, 30, checkpoint.max_length(model), checkpoint.forced_end(model), checkpoint.suppressed_ids(model)),
        copy_tokens(tokenizer),
        {"transformers": transformers.__version__, "torch": torch.__version__.split("+")[0],
         "sha256": {name: sha256(hf_dir / name) for name in hashed if (hf_dir / name).is_file()}},
        lambda directory, dtype: compare_sample(hf_dir, directory, model, tokenizer, dtype))


def compare_sample(hf_dir: Path, directory: Path, model: MarianMTModel, tokenizer: MarianTokenizer,
                   dtype: str) -> None:
    """Translates SAMPLE with both programs; token ids, and float32 translations, must not differ."""
    equal = 0
    for line, sentences in zip(SAMPLE, translate_tokens(directory, SAMPLE, "--plain")):
        if not sentences or any(sentence.source != checkpoint.encode(tokenizer, sentence.text(line)) for sentence in sentences):
            raise Unsupported(f"{hf_dir}: the two programs split the sample differently, so nothing was exported; the "
                              f"tokenizer may be damaged: download it again")
        wanted = checkpoint.greedy(model, [sentence.source for sentence in sentences])
        equal += wanted == [sentence.target for sentence in sentences]
    print(f"{equal} of {len(SAMPLE)} sample lines have the ids of transformers ({dtype})", file=sys.stderr)
    if equal < len(SAMPLE) and dtype == "float32":
        raise Unsupported(f"{hf_dir}: the two programs translate the sample differently, so nothing was exported; the "
                          f"weights may be damaged: download them again")
