"""What export.py and reference.py share: a MarianMT directory, opened, and our names for its tensors."""

import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import safetensors.torch
import torch
from transformers import GenerationConfig, MarianConfig, MarianMTModel, MarianTokenizer

from transformer_c.files import directory_whole, other_files

if TYPE_CHECKING:
    from network import Network

# A package for normalize(), which MarianTokenizer offers but does not call when it cuts text into pieces.
warnings.filterwarnings("ignore", message="Recommended: pip install sacremoses")

ATTENTIONS = {"self_attn": "self_attention", "encoder_attn": "cross_attention"}
PROJECTIONS = {"q_proj": "query", "k_proj": "key", "v_proj": "value", "out_proj": "output"}


class Unsupported(Exception):
    """A checkpoint outside the MarianMT family, or one that would not be computed exactly; says what was found."""


def expect(found: object, expected: object, what: str) -> None:
    if found != expected:
        raise Unsupported(f"{what}: found {found!r}, expected {expected!r}; this is outside the MarianMT family")


# Keys of older config.json files that MarianMT's code ignores: any other value would mean another model.
LEGACY = {"normalize_before": False, "normalize_embedding": False, "add_final_layer_norm": False,
          "add_bias_logits": False, "static_position_embeddings": True}

# Generation settings that change what greedy search chooses, with the values that do not.
NEUTRAL_GENERATION = {"repetition_penalty": (None, 1.0), "no_repeat_ngram_size": (None, 0),
                      "encoder_repetition_penalty": (None, 1.0), "encoder_no_repeat_ngram_size": (None, 0),
                      "min_length": (None, 0), "min_new_tokens": (None,), "forced_bos_token_id": (None,),
                      "sequence_bias": (None,), "begin_suppress_tokens": (None,), "forced_decoder_ids": (None,),
                      "exponential_decay_length_penalty": (None,), "guidance_scale": (None, 1.0),
                      "max_new_tokens": (None,), "max_time": (None,), "stop_strings": (None,),
                      "watermarking_config": (None,), "penalty_alpha": (None,), "dola_layers": (None,),
                      "num_return_sequences": (None, 1), "prompt_lookup_num_tokens": (None,)}


def open_marian(directory: Path | str) -> tuple[MarianMTModel, MarianTokenizer]:
    """(model, tokenizer) of a local MarianMT directory, in float32. Raises Unsupported if it is something else."""
    directory = Path(directory)
    config_file = directory / "config.json"
    for name in ("config.json", "vocab.json", "source.spm", "target.spm"):
        if not (directory / name).is_file():
            raise Unsupported(f"{directory}: found no {name}, expected a Hugging Face MarianMT directory")
    try:
        config = json.loads(config_file.read_text(encoding="utf-8"))
    except ValueError as problem:
        raise Unsupported(f"{config_file}: found something that is not JSON: {problem}") from problem
    expect("quantization_config" in config, False, f"{config_file}: quantization_config is there")
    expect(config.get("model_type"), "marian", f"{config_file}: model_type")
    for key, value in LEGACY.items():
        expect(config.get(key, value), value, f"{config_file}: {key}")
    if "vocab_size" in config:  # its value in every OPUS-MT config.json; without a meaning in the code
        expect(config.get("extra_pos_embeddings", config["vocab_size"]), config["vocab_size"],
               f"{config_file}: extra_pos_embeddings")
    weights = directory / "model.safetensors"
    if not weights.is_file() and not (directory / "pytorch_model.bin").is_file():
        raise Unsupported(f"{directory}: found neither model.safetensors nor pytorch_model.bin")
    try:  # transformers reads a .bin file with weights_only, so that it cannot run code
        model, loading = MarianMTModel.from_pretrained(directory, dtype=torch.float32, attn_implementation="eager",
                                                       local_files_only=True, output_loading_info=True,
                                                       use_safetensors=weights.is_file())
        tokenizer = MarianTokenizer.from_pretrained(directory, local_files_only=True)
    except Exception as problem:  # the library raises whatever its parts raise
        raise Unsupported(f"{directory}: transformers cannot open it: {problem}") from problem
    for kind in ("missing_keys", "unexpected_keys"):
        names = [str(name) for name in loading[kind] if "embed_positions" not in str(name)]
        if names:
            raise Unsupported(f"{directory}: {kind.replace('_', ' ')} in the weights: {', '.join(sorted(names)[:5])}")
    if tokenizer.sp_model_kwargs:
        raise Unsupported(f"tokenizer_config.json: found sp_model_kwargs {tokenizer.sp_model_kwargs!r}, expected none")
    model.eval()
    settings = [json.loads(path.read_text(encoding="utf-8")) for path in
                (directory / "generation_config.json", config_file) if path.is_file()]
    check_generation(model, any("max_length" in file for file in settings))
    return model, tokenizer


def check_generation(model: MarianMTModel, has_max_length: bool) -> None:
    """Refuses settings of generation that greedy search here would not follow."""
    generation, config = model.generation_config, model.config
    if not has_max_length:
        generation.max_length = config.max_position_embeddings
    if not generation.max_length >= 2:
        raise Unsupported(f"generation_config.json: found max_length {generation.max_length!r}, expected at least 2")
    for key in ("eos_token_id", "pad_token_id", "decoder_start_token_id"):
        if getattr(generation, key) is not None:
            expect(getattr(generation, key), getattr(config, key), f"generation_config.json: {key}, against config.json")
    if generation.forced_eos_token_id is not None:
        expect(generation.forced_eos_token_id, config.eos_token_id, "generation_config.json: forced_eos_token_id")
    for id_ in suppressed_ids(model):
        if not 0 <= id_ < model.lm_head.out_features:
            raise Unsupported(f"generation_config.json: found the suppressed id {id_}, expected ids of the vocabulary")
    for key, neutral in NEUTRAL_GENERATION.items():
        value = getattr(generation, key, None)
        if value not in neutral:
            raise Unsupported(f"generation_config.json: found {key} {value!r}, which greedy search here does not know; "
                              f"remove it to translate without it")


def suppressed_ids(model: MarianMTModel) -> list[int]:
    """The target ids that are never chosen: single bad words and suppressed tokens; pad is among them always."""
    generation = model.generation_config
    suppressed = {model.config.pad_token_id}
    for word in generation.bad_words_ids or []:
        if len(word) != 1:
            raise Unsupported(f"generation_config.json: found the bad word {word} of several tokens, expected single ones")
        if word != [model.config.eos_token_id]:  # transformers does not suppress the end either
            suppressed.add(word[0])
    return sorted(suppressed | set(generation.suppress_tokens or []))


def max_length(model: MarianMTModel) -> int:
    """Generated tokens, the end token among them: Hugging Face's max_length counts the start token too."""
    return min(model.generation_config.max_length - 1, model.config.max_position_embeddings)


def forced_end(model: MarianMTModel) -> bool:
    return model.generation_config.forced_eos_token_id is not None


def length_cap(model: MarianMTModel, n_source: int) -> int:
    """The length cap of greedy search, as greedy_length_cap in model/greedy.c defines it."""
    return min(2 * n_source + 30, max_length(model))


def our_name(name: str) -> str | None:
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


def exported_weights(directory: Path | str, model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """The state of `model`, one embedding for all, read back from a checkpoint that export.py wrote in any dtype."""
    stored = safetensors.torch.load_file(Path(directory) / "model.safetensors")
    state = {}
    for name, tensor in model.state_dict().items():
        if "embed_positions" in name:
            state[name] = tensor
            continue
        ours = our_name(name) or ("output.bias" if name == "final_logits_bias" else "source_embedding.weight")
        weight = stored[ours].float()
        if stored[ours].dtype == torch.int8:
            weight *= stored[ours.removesuffix("weight") + "scale"][:, None]
        if weight.numel() != tensor.numel():
            raise Unsupported(f"{directory}: {ours}: found shape {list(weight.shape)}, expected {list(tensor.shape)}")
        state[name] = weight.reshape(tensor.shape)
    return state


MARIAN_FILES = {"config.json", "generation_config.json", "model.safetensors", "source.spm", "target.spm", "vocab.json",
                "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"}


def check_marian(found: Path, place: Path) -> None:
    """Refuses to replace a directory with other files than those of write_marian. place: where it was found."""
    if not found.is_dir() or other_files(found, MARIAN_FILES):
        raise SystemExit(f"{place}: found other files there, expected a model of an earlier run to replace, or nothing; "
                         f"move it away and run the same command again")


def write_marian(directory: Path, network: "Network", tokenizer: Path, recipe: dict[str, Any]) -> None:
    """Writes a trained Network and the directory of its tokenizer as a MarianMT directory, set to greedy search."""
    shape, n_vocabulary, pad, end = recipe["model"], network.pad + 1, network.pad, 0
    model = MarianMTModel(MarianConfig(
        vocab_size=n_vocabulary, d_model=shape["d_model"], encoder_layers=shape["encoder_layers"],
        decoder_layers=shape["decoder_layers"], encoder_ffn_dim=shape["d_ff"], decoder_ffn_dim=shape["d_ff"],
        encoder_attention_heads=shape["heads"], decoder_attention_heads=shape["heads"],
        activation_function=shape["activation"], max_position_embeddings=shape["max_positions"], scale_embedding=True,
        pad_token_id=pad, eos_token_id=end, bos_token_id=end, decoder_start_token_id=pad, forced_eos_token_id=end))
    missing, unexpected = model.load_state_dict(network.state_dict(), strict=False)
    derived = ("embed_tokens.weight", "embed_positions.weight", "lm_head.weight")  # copies of the embedding, and sinusoids
    expect([name for name in missing + unexpected if not name.endswith(derived)], [], "weights of the network")
    model.tie_weights()
    model.generation_config = GenerationConfig(
        num_beams=1, max_length=shape["max_positions"], bad_words_ids=[[pad]], decoder_start_token_id=pad, pad_token_id=pad,
        eos_token_id=end, bos_token_id=end, forced_eos_token_id=end)
    spm = str(tokenizer / "spm.model")
    with directory_whole(directory, lambda found: check_marian(found, directory)) as beside:
        model.save_pretrained(beside)
        MarianTokenizer(source_spm=spm, target_spm=spm, vocab=str(tokenizer / "vocab.json"), source_lang=recipe["source"],
                        target_lang=recipe["target"], model_max_length=shape["max_positions"]).save_pretrained(beside)


def encode(tokenizer: MarianTokenizer, line: str) -> list[int]:
    """Source ids with the end token; the names of special tokens in the text are text. Made from the pieces, since
    transformers 5 gives a piece that the vocabulary lacks an unrelated id."""
    pieces = tokenizer.tokenize(line, split_special_tokens=True)
    unknown = tokenizer.encoder[str(tokenizer.unk_token)]
    return [tokenizer.encoder.get(piece, unknown) for piece in pieces] + [tokenizer.eos_token_id]


@torch.no_grad()
def greedy(model: MarianMTModel, sources: list[list[int]]) -> list[list[int]]:
    """Greedy target ids for each list of source ids, with the length cap of this project and the checkpoint's other
    generation settings; in batches of equal source length, so that nothing is padded."""
    by_length, out = {}, [None] * len(sources)
    for i, ids in enumerate(sources):
        by_length.setdefault(len(ids), []).append(i)
    for n_source, rows in by_length.items():
        cap = length_cap(model, n_source)
        for start in range(0, len(rows), 32):
            chunk = rows[start:start + 32]
            ids = torch.tensor([sources[row] for row in chunk], device=model.device)
            generated = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), num_beams=1, do_sample=False,
                                       max_length=cap + 1, suppress_tokens=suppressed_ids(model))
            for row, target in zip(chunk, generated[:, 1:].tolist()):
                end = target.index(model.config.eos_token_id) + 1 if model.config.eos_token_id in target else len(target)
                out[row] = target[:end]
    return out
