"""What export.py and reference.py share: a MarianMT directory, opened, and our names for its tensors."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import safetensors.torch
import torch
from transformers import (
    GenerationConfig,
    MarianConfig,
    MarianMTModel,
    MarianTokenizer,
    NoRepeatNGramLogitsProcessor,
    TemperatureLogitsWarper,
    TopKLogitsWarper,
    TopPLogitsWarper,
)

from transformer_c import hugging_face
from transformer_c.files import directory_whole, other_files
from transformer_c.hugging_face import Unsupported, expect

if TYPE_CHECKING:
    from network import Network

# A package for normalize(), which MarianTokenizer offers but does not call when it cuts text into pieces.
warnings.filterwarnings("ignore", message="Recommended: pip install sacremoses")

ATTENTIONS = {"self_attn": "self_attention", "encoder_attn": "cross_attention"}
PROJECTIONS = {"q_proj": "query", "k_proj": "key", "v_proj": "value", "out_proj": "output"}


def open_marian(directory: Path | str) -> tuple[MarianMTModel, MarianTokenizer]:
    """(model, tokenizer) of a local MarianMT directory, in float32. Raises Unsupported if it is something else."""
    directory = Path(directory)
    file = directory / "config.json"
    config = hugging_face.read_config(file)
    generation, generation_file = hugging_face.read_generation(directory)
    hugging_face.complete_ids(config, generation, file, generation_file)
    has_max_length = any(hugging_face.read_json_if_there(path).get("max_length") is not None
                         for path in (directory / "generation_config.json", file))
    generation = hugging_face.generation_arguments(generation, config, generation_file, has_max_length)
    weights = hugging_face.weights_files(directory)
    hugging_face.check_number_of_weights(config, weights, file)
    tokenizer = open_tokenizer(directory)
    try:  # transformers reads a .bin file with weights_only, so that it cannot run code
        model, loading = MarianMTModel.from_pretrained(
            directory, config=MarianConfig(**config), generation_config=GenerationConfig(**generation), dtype=torch.float32,
            attn_implementation="eager", local_files_only=True, output_loading_info=True,
            use_safetensors=weights[0].suffix == ".safetensors")
    except Exception as problem:  # the library raises whatever its parts raise
        raise Unsupported(f"{weights[0]}: transformers cannot open the weights with this config.json: "
                          f"{hugging_face.one_line(problem)}; download both again") from problem
    for kind in ("missing_keys", "unexpected_keys"):
        names = [str(name) for name in loading[kind] if "embed_positions" not in str(name)]
        if names:
            raise Unsupported(f"{directory}: {kind.replace('_', ' ')} in the weights: {', '.join(sorted(names)[:5])}")
    model.eval()
    return model, tokenizer


def open_tokenizer(directory: Path) -> MarianTokenizer:
    """The tokenizer of a MarianMT directory, whose vocabulary has the added tokens too."""
    arguments, added = hugging_face.read_tokenizer(directory)
    try:
        tokenizer = MarianTokenizer(**arguments)
    except Exception as problem:
        raise Unsupported(f"{directory}: transformers cannot open the tokenizer: {hugging_face.one_line(problem)}") from problem
    tokenizer.encoder |= added
    tokenizer.decoder |= {id_: token for token, id_ in added.items()}
    return tokenizer


def suppressed_ids(model: MarianMTModel) -> list[int]:
    """The target ids that are never chosen: single bad words and suppressed tokens; pad is among them always."""
    generation = model.generation_config
    suppressed = {model.config.pad_token_id, *(generation.suppress_tokens or [])}
    for word in generation.bad_words_ids or []:
        if word != [model.config.eos_token_id]:  # transformers does not suppress the end either
            suppressed.add(word[0])
    return sorted(suppressed)


def max_length(model: MarianMTModel) -> int:
    """Generated tokens, the end token among them: Hugging Face's max_length counts the start token too."""
    return min(model.generation_config.max_length - 1, model.config.max_position_embeddings)


def forced_end(model: MarianMTModel) -> bool:
    return model.generation_config.forced_eos_token_id is not None


def length_cap(model: MarianMTModel, n_source: int) -> int:
    """The length cap, as search_length_cap in model/search.c defines it."""
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


def encode_target(tokenizer: MarianTokenizer, line: str) -> list[int]:
    """Target ids with the end token, likewise."""
    vocabulary = tokenizer.target_encoder if tokenizer.separate_vocabs else tokenizer.encoder
    pieces, unknown = tokenizer.spm_target.encode(line, out_type=str), vocabulary[str(tokenizer.unk_token)]
    return [vocabulary.get(piece, unknown) for piece in pieces] + [tokenizer.eos_token_id]


@torch.no_grad()
def target_logits(model: MarianMTModel, source: list[int], target: list[int]) -> torch.Tensor:
    """The logits [target ids, vocabulary] that each target id is chosen by, given the source and those before it."""
    decoder_ids = torch.tensor([[model.config.decoder_start_token_id, *target[:-1]]])
    return model(input_ids=torch.tensor([source]), decoder_input_ids=decoder_ids).logits[0]


def log_probabilities(model: MarianMTModel, source: list[int], target: list[int]) -> list[float]:
    """The log-probability of each target id, given the source and those before it."""
    return log_softmax_at(target_logits(model, source, target), target)


def log_softmax_at(logits: torch.Tensor, ids: list[int]) -> list[float]:
    return logits.log_softmax(dim=-1).gather(1, torch.tensor(ids)[:, None])[:, 0].tolist()


def drawn(model: MarianMTModel, source: list[int], target: list[int], temperature: float, top_k: int, top_p: float
          ) -> list[list[float]]:
    """The log-probability with which each target id is drawn, after the warpers of transformers: for top_p, and if the last
    token that it keeps is in doubt, for a little less and a little more."""
    logits = target_logits(model, source, target)
    logits[:, suppressed_ids(model)] = -float("inf")
    warped = TemperatureLogitsWarper(temperature)(None, logits)
    warped = TopKLogitsWarper(top_k)(None, warped) if top_k else warped
    if top_p == 1:
        return [log_softmax_at(warped, target)]
    near = (top_p, max(top_p - 1e-5, 0), min(top_p + 1e-5, 1))
    return [log_softmax_at(TopPLogitsWarper(p)(None, warped), target) for p in near]


@dataclass
class Hypothesis:
    """A translation that beam search found: its target ids and its score."""
    target: list[int]
    score: float


def alternatives(model: MarianMTModel, source: list[int], kept: list[int], n: int, n_beams: int, length_penalty: float,
                 no_repeat: int) -> list[Hypothesis]:
    """For each of the n most probable tokens after the kept ids, what generate finds after it, best first."""
    logits = target_logits(model, source, [*kept, 0])[-1:]
    logits[:, suppressed_ids(model)] = -float("inf")
    if no_repeat:
        logits = NoRepeatNGramLogitsProcessor(no_repeat)(torch.tensor([[model.config.decoder_start_token_id, *kept]]), logits)
    next_ids = [id_ for id_ in logits[0].topk(n).indices.tolist() if logits[0][id_] > -float("inf")]
    if forced_end(model) and len(kept) + 1 == max_length(model):
        next_ids = [model.config.eos_token_id]
    found = []
    for id_ in next_ids:
        prefix = [*kept, id_]
        if id_ == model.config.eos_token_id or len(prefix) == max_length(model):
            target = prefix
        elif n_beams == 1:
            [target] = greedy(model, [source], no_repeat, prefix)
        else:
            target = beam(model, [source], n_beams, length_penalty, 1, no_repeat, prefix)[0][0].target
        total = sum(log_probabilities(model, source, target)[len(kept):])
        found.append(Hypothesis(target, total / (len(target) - len(kept)) ** length_penalty))
    return sorted(found, key=lambda hypothesis: -hypothesis.score)


@torch.no_grad()
def generate(model: MarianMTModel, sources: list[list[int]], prefix: Sequence[int], **options: Any
             ) -> Iterator[tuple[list[int], Any]]:
    """Runs transformers' generate with the length cap of this project and the checkpoint's other generation settings, in
    batches of equal source length, so that nothing is padded. All targets begin with the prefix. Yields (indices of the
    sources, result)."""
    by_length: dict[int, list[int]] = {}
    for i, ids in enumerate(sources):
        by_length.setdefault(len(ids), []).append(i)
    for n_source, rows in by_length.items():
        cap = min(length_cap(model, n_source) + len(prefix), max_length(model))
        for start in range(0, len(rows), 32):
            chunk = rows[start:start + 32]
            ids = torch.tensor([sources[row] for row in chunk], device=model.device)
            begin = torch.tensor([[model.config.decoder_start_token_id, *prefix]] * len(chunk), device=model.device)
            yield chunk, model.generate(input_ids=ids, decoder_input_ids=begin, attention_mask=torch.ones_like(ids),
                                        do_sample=False, max_length=cap + 1, suppress_tokens=suppressed_ids(model), **options)


def greedy(model: MarianMTModel, sources: list[list[int]], no_repeat: int = 0, prefix: Sequence[int] = ()) -> list[list[int]]:
    """Greedy target ids for each list of source ids."""
    out: list[list[int]] = [[] for _ in sources]
    for chunk, generated in generate(model, sources, prefix, num_beams=1, no_repeat_ngram_size=no_repeat):
        for row, target in zip(chunk, generated[:, 1:].tolist()):
            end = target.index(model.config.eos_token_id) + 1 if model.config.eos_token_id in target else len(target)
            out[row] = target[:end]
    return out


def beam(model: MarianMTModel, sources: list[list[int]], n_beams: int, length_penalty: float, n_best: int,
         no_repeat: int = 0, prefix: Sequence[int] = ()) -> list[list[Hypothesis]]:
    """The n_best hypotheses of beam search for each list of source ids, best first."""
    out: list[list[Hypothesis]] = [[] for _ in sources]
    for chunk, found in generate(model, sources, prefix, num_beams=n_beams, num_return_sequences=n_best,
                                 length_penalty=length_penalty, early_stopping=False, no_repeat_ngram_size=no_repeat,
                                 return_dict_in_generate=True, output_scores=True):
        lengths = ((found.beam_indices >= 0).sum(dim=1) + len(prefix)).tolist()  # padding may be the end token
        rows = zip(found.sequences[:, 1:].tolist(), lengths, found.sequences_scores.tolist())
        for i, (target, length, score) in enumerate(rows):
            if score > -1e8:  # below that, transformers fills up a list that is too short
                out[chunk[i // n_best]].append(Hypothesis(target[:length], score))
    return out
