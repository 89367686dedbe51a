#!/usr/bin/env python3
"""Random MarianMT models: the same weights for the same seed, for tests and benchmarks without a training.

    random_marian.py HF_DIR OUT_DIR

writes a random model of OPUS-MT's shape (6+6 layers, d_model 512, 8 heads, d_ff 2048, 58,101 pieces, swish,
an output bias) with the tokenizer of HF_DIR, its vocabulary filled up, and translations of at most 60 tokens.
"""

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig, MarianConfig, MarianMTModel, MarianTokenizer

OPUS_MT = dict(d_model=512, encoder_layers=6, decoder_layers=6, encoder_attention_heads=8, decoder_attention_heads=8,
               encoder_ffn_dim=2048, decoder_ffn_dim=2048, max_position_embeddings=512, activation_function="swish",
               scale_embedding=True, vocab_size=58101)


def scale_of(name: str) -> float:
    """Attention says less than the feed-forward network, or one sentence would give one token over and over."""
    return 0.2 if "out_proj" in name else 2.0 if "fc" in name else 1.0


def random_model(seed: int, *, pad: int, max_length: int, end: int = 0, bias: bool = True, forced_end: bool = True,
                 **shape: Any) -> MarianMTModel:
    """A MarianMTModel with weights large enough that attention, activations and outputs vary.

    pad, end: ids of the special tokens. shape: MarianConfig's arguments. bias: a final_logits_bias that is not zero, as
    OPUS-MT's."""
    torch.manual_seed(seed)
    model = MarianMTModel(MarianConfig(
        pad_token_id=pad, eos_token_id=end, bos_token_id=end, decoder_start_token_id=pad,
        forced_eos_token_id=end if forced_end else None, dropout=0.0, attn_implementation="eager", **shape))
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in sorted(model.named_parameters()):
            if "embed_positions" in name:
                continue
            noise = torch.randn(weight.shape, generator=generator)
            if name.endswith("layer_norm.weight"):
                weight.copy_(1 + 0.1 * noise)
            elif weight.dim() == 1:
                weight.copy_(0.1 * noise)
            elif "embed" in name or "shared" in name or "lm_head" in name:
                weight.copy_(2.0 * noise / weight.shape[1] ** 0.5)
            else:
                weight.copy_(scale_of(name) * noise / weight.shape[1] ** 0.5)
        if bias:
            model.final_logits_bias.copy_(0.1 * torch.randn(model.final_logits_bias.shape, generator=generator))
            model.final_logits_bias[0, pad] = 0
    model.eval()
    model.generation_config = GenerationConfig(
        num_beams=4, max_length=max_length, bad_words_ids=[[pad]], decoder_start_token_id=pad, pad_token_id=pad,
        eos_token_id=end, bos_token_id=end, forced_eos_token_id=end if forced_end else None)
    return model


def write(hf_dir: Path, out_dir: Path, model: MarianMTModel) -> None:
    """`model` as a Hugging Face directory, with the tokenizer of hf_dir, its vocabulary filled up to the model's."""
    vocabulary = json.loads((hf_dir / "vocab.json").read_text(encoding="utf-8"))
    pieces = [piece for piece in sorted(vocabulary, key=vocabulary.get) if piece != "<pad>"]
    pieces += [f"<fill{i}>" for i in range(model.config.vocab_size - 1 - len(pieces))] + ["<pad>"]
    out_dir.mkdir(parents=True, exist_ok=True)
    (out_dir / "vocab.json").write_text(json.dumps({piece: i for i, piece in enumerate(pieces)}))
    for name in ("source.spm", "target.spm"):
        shutil.copyfile(hf_dir / name, out_dir / name)
    files = [str(out_dir / name) for name in ("source.spm", "target.spm", "vocab.json")]
    MarianTokenizer(source_spm=files[0], target_spm=files[1], vocab=files[2], source_lang="en", target_lang="de",
                    model_max_length=512).save_pretrained(out_dir)
    model.save_pretrained(out_dir)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hf_dir", type=Path)
    parser.add_argument("out_dir", type=Path)
    arguments = parser.parse_args()
    model = random_model(1, pad=OPUS_MT["vocab_size"] - 1, max_length=61, **OPUS_MT)
    write(arguments.hf_dir, arguments.out_dir, model)


if __name__ == "__main__":
    main()
