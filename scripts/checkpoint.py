"""What export.py and reference.py share: a MarianMT directory, opened, and our names for its tensors."""

import json
from pathlib import Path

import torch
from transformers import GenerationConfig, MarianMTModel, MarianTokenizer

ATTENTIONS = {"self_attn": "self_attention", "encoder_attn": "cross_attention"}
PROJECTIONS = {"q_proj": "query", "k_proj": "key", "v_proj": "value", "out_proj": "output"}


class Unsupported(Exception):
    """A checkpoint outside the MarianMT family, or one that would not be computed exactly; says what was found."""


def expect(found, expected, what):
    if found != expected:
        raise Unsupported(f"{what}: found {found!r}, expected {expected!r}; this is outside the MarianMT family")


# Keys of older config.json files that MarianMT's code ignores: any other value would mean another model.
LEGACY = {"normalize_before": False, "normalize_embedding": False, "add_final_layer_norm": False,
          "static_position_embeddings": True}

# Generation settings that change what greedy search chooses, with the values that do not.
NEUTRAL_GENERATION = {"repetition_penalty": (None, 1.0), "no_repeat_ngram_size": (None, 0),
                      "encoder_repetition_penalty": (None, 1.0), "encoder_no_repeat_ngram_size": (None, 0),
                      "min_length": (None, 0), "min_new_tokens": (None,), "forced_bos_token_id": (None,),
                      "sequence_bias": (None,), "begin_suppress_tokens": (None,), "forced_decoder_ids": (None,),
                      "exponential_decay_length_penalty": (None,), "guidance_scale": (None, 1.0)}


def open_marian(directory):
    """(model, tokenizer) of a local MarianMT directory, in float32, refused with a sentence when it is something else."""
    directory = Path(directory)
    config_file = directory / "config.json"
    if not config_file.is_file():
        raise Unsupported(f"{directory}: found no config.json, expected a Hugging Face MarianMT directory")
    config = json.loads(config_file.read_text(encoding="utf-8"))
    expect(config.get("model_type"), "marian", f"{config_file}: model_type")
    for key, value in LEGACY.items():
        expect(config.get(key, value), value, f"{config_file}: {key}")
    weights = directory / "model.safetensors"
    if not weights.is_file() and not (directory / "pytorch_model.bin").is_file():
        raise Unsupported(f"{directory}: found neither model.safetensors nor pytorch_model.bin")
    # transformers reads a .bin file with weights_only, so that it cannot run code.
    model, loading = MarianMTModel.from_pretrained(directory, dtype=torch.float32, attn_implementation="eager",
                                                   local_files_only=True, output_loading_info=True,
                                                   use_safetensors=weights.is_file())
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        names = [str(name) for name in loading[kind] if "embed_positions" not in str(name)]
        if names:
            raise Unsupported(f"{directory}: {kind.replace('_', ' ')} in the weights: {', '.join(sorted(names)[:5])}")
    model.eval()
    check_generation(model.generation_config)
    return model, MarianTokenizer.from_pretrained(directory, local_files_only=True)


def check_generation(generation: GenerationConfig):
    for key, neutral in NEUTRAL_GENERATION.items():
        value = getattr(generation, key, None)
        if value not in neutral:
            raise Unsupported(f"generation_config.json: found {key} {value!r}, which greedy search here does not know; "
                              f"remove it to translate without it")


def suppressed_ids(model):
    """The target ids that are never chosen: single bad words and suppressed tokens; pad is among them always."""
    generation = model.generation_config
    suppressed = {model.config.pad_token_id}
    for word in generation.bad_words_ids or []:
        if len(word) != 1:
            raise Unsupported(f"generation_config.json: found the bad word {word} of several tokens, expected single ones")
        suppressed.add(word[0])
    return sorted(suppressed | set(generation.suppress_tokens or []))


def max_length(model):
    """Generated tokens, the end token among them: Hugging Face's max_length counts the start token too."""
    return min(model.generation_config.max_length - 1, model.config.max_position_embeddings)


def forced_end(model):
    return model.generation_config.forced_eos_token_id is not None


def length_cap(model, n_source):
    """The length cap of greedy search, as greedy_length_cap in model/greedy.c defines it."""
    return min(2 * n_source + 30, max_length(model))


def our_name(name):
    """A tensor of a MarianMT encoder or decoder layer under the paper's name; None for what is not in a layer."""
    parts = name.split(".")
    if parts[0] != "model" or parts[1] not in ("encoder", "decoder") or parts[2] != "layers":
        return None
    stack, layer, rest = parts[1], parts[3], parts[4:]
    if rest[0] in ATTENTIONS:
        middle = f"{ATTENTIONS[rest[0]]}.{PROJECTIONS[rest[1]]}"
    else:
        middle = {"self_attn_layer_norm": "self_attention_norm", "encoder_attn_layer_norm": "cross_attention_norm",
                  "final_layer_norm": "feed_forward_norm", "fc1": "feed_forward.inner",
                  "fc2": "feed_forward.outer"}[rest[0]]
    return f"{stack}.{layer}.{middle}.{parts[-1]}"


def encode(tokenizer, line):
    """Source ids with the end token; the names of special tokens in the text are text. Made from the pieces, since
    transformers 5 gives a piece that the vocabulary lacks an unrelated id."""
    pieces = tokenizer.tokenize(line, split_special_tokens=True)
    unknown = tokenizer.encoder[str(tokenizer.unk_token)]
    return [tokenizer.encoder.get(piece, unknown) for piece in pieces] + [tokenizer.eos_token_id]


@torch.no_grad()
def greedy(model, sources, cut_at=None):
    """Greedy target ids for each list of source ids, with the length cap of this project; in batches of equal
    source length, so that nothing is padded."""
    by_length, out = {}, [None] * len(sources)
    for i, ids in enumerate(sources):
        by_length.setdefault(len(ids), []).append(i)
    for n_source, rows in by_length.items():
        cap = min(length_cap(model, n_source), cut_at or length_cap(model, n_source))
        for start in range(0, len(rows), 32):
            chunk = rows[start:start + 32]
            ids = torch.tensor([sources[row] for row in chunk])
            generated = model.generate(
                input_ids=ids, attention_mask=torch.ones_like(ids), num_beams=1, do_sample=False, max_length=cap + 1,
                bad_words_ids=[[id_] for id_ in suppressed_ids(model)], suppress_tokens=None,
                forced_eos_token_id=model.config.eos_token_id if forced_end(model) else None)
            for row, target in zip(chunk, generated[:, 1:].tolist()):
                end = target.index(model.config.eos_token_id) + 1 if model.config.eos_token_id in target else len(target)
                out[row] = target[:end]
    return out
