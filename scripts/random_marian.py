"""Random MarianMT models: the same weights for the same seed, for tests and benchmarks without a training."""

import torch
from transformers import GenerationConfig, MarianConfig, MarianMTModel


def random_model(seed, *, pad, max_length, bias=True, forced_end=True, **shape):
    """A MarianMTModel with weights large enough that attention, activations and outputs vary.

    shape: MarianConfig's arguments. bias: a final_logits_bias that is not zero, as OPUS-MT's."""
    torch.manual_seed(seed)
    model = MarianMTModel(MarianConfig(
        pad_token_id=pad, eos_token_id=0, bos_token_id=0, decoder_start_token_id=pad,
        forced_eos_token_id=0 if forced_end else None, dropout=0.0, attn_implementation="eager", **shape))
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
                weight.copy_(0.5 * noise / weight.shape[1] ** 0.5)
            else:
                weight.copy_(2.0 * noise / weight.shape[1] ** 0.5)
        if bias:
            model.final_logits_bias.copy_(0.5 * torch.randn(model.final_logits_bias.shape, generator=generator))
            model.final_logits_bias[0, pad] = 0
    model.eval()
    model.generation_config = GenerationConfig(
        num_beams=4, max_length=max_length, bad_words_ids=[[pad]], decoder_start_token_id=pad, pad_token_id=pad,
        eos_token_id=0, bos_token_id=0, forced_eos_token_id=0 if forced_end else None)
    return model
