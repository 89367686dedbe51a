"""The files of a Hugging Face MarianMT directory, read and checked before transformers sees them: what transformers takes
is exported, and everything else is refused with a message that names the file, the key and what to do."""

import json
from pathlib import Path
from typing import Any

import safetensors
import sentencepiece

from transformer_c.description import Unsupported


def expect(found: object, expected: object, what: str) -> None:
    if found != expected:
        raise Unsupported(f"{what}: found {found!r}, expected {expected!r}; this is outside the MarianMT family")


# Keys of older config.json files that MarianMT's code ignores, and of newer ones that would change the model, with the only
# value that means this model.
FIXED = {"model_type": "marian", "normalize_before": False, "normalize_embedding": False, "add_final_layer_norm": False,
         "add_bias_logits": False, "static_position_embeddings": True, "is_encoder_decoder": True,
         "tie_encoder_decoder": False, "pruned_heads": {}}

# Numbers of config.json, with the limits of model/config.c.
NUMBERS = {"d_model": (2, 65536), "max_position_embeddings": (2, 8192), "vocab_size": (1, 4194304),
           "encoder_layers": (1, 128), "encoder_attention_heads": (1, 1024), "encoder_ffn_dim": (1, 65536),
           "decoder_layers": (1, 128), "decoder_attention_heads": (1, 1024), "decoder_ffn_dim": (1, 65536)}
MARIAN_DEFAULTS = {"d_model": 1024, "max_position_embeddings": 1024, "vocab_size": 58101,
                   "encoder_layers": 12, "encoder_attention_heads": 16, "encoder_ffn_dim": 4096,
                   "decoder_layers": 12, "decoder_attention_heads": 16, "decoder_ffn_dim": 4096,
                   "scale_embedding": False, "share_encoder_decoder_embeddings": True, "tie_word_embeddings": True,
                   "activation_function": "gelu", "pad_token_id": 58100, "eos_token_id": 0, "forced_eos_token_id": 0,
                   "decoder_start_token_id": 58100}
SWITCHES = ("scale_embedding", "share_encoder_decoder_embeddings", "tie_word_embeddings")
ACTIVATIONS = {"relu": "relu", "swish": "swish", "silu": "swish", "gelu": "gelu"}

# Generation settings that change what greedy search chooses, with the values that do not.
NEUTRAL_GENERATION = {"repetition_penalty": (None, 1.0), "no_repeat_ngram_size": (None, 0),
                      "encoder_repetition_penalty": (None, 1.0), "encoder_no_repeat_ngram_size": (None, 0),
                      "min_length": (None, 0), "min_new_tokens": (None,), "forced_bos_token_id": (None,),
                      "sequence_bias": (None,), "begin_suppress_tokens": (None,), "forced_decoder_ids": (None,),
                      "exponential_decay_length_penalty": (None,), "guidance_scale": (None, 1.0),
                      "max_new_tokens": (None,), "max_time": (None,), "stop_strings": (None,),
                      "watermarking_config": (None,), "penalty_alpha": (None,), "dola_layers": (None,),
                      "num_return_sequences": (None, 1), "prompt_lookup_num_tokens": (None,)}

WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin", "pytorch_model.bin.index.json")
TOKENS = {"unk_token": "<unk>", "eos_token": "</s>", "pad_token": "<pad>"}
OTHER_TOKENS = ("bos_token", "cls_token", "sep_token", "mask_token")  # MarianTokenizer puts none of them into a text


def check_file(path: Path) -> None:
    """Refuses a file that is missing, empty or a pointer of Git LFS."""
    if not path.is_file():
        raise Unsupported(f"{path.parent}: found no file {path.name}, expected a whole Hugging Face MarianMT directory")
    with open(path, "rb") as file:
        start = file.read(64)
    if not start:
        raise Unsupported(f"{path}: is empty; download it again")
    if start.startswith(b"version https://git-lfs"):
        raise Unsupported(f"{path}: is a Git LFS pointer; run git lfs pull in {path.parent}")


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file."""
    check_file(path)
    try:
        content = json.loads(path.read_bytes().decode())
        json.dumps(content, ensure_ascii=False).encode()  # fails for half of a surrogate pair
    except (ValueError, RecursionError) as problem:
        raise Unsupported(f"{path}: found something that is not JSON in UTF-8: {one_line(problem)}; download the file again") \
            from problem
    if not isinstance(content, dict):
        raise Unsupported(f"{path}: found JSON that is not an object, expected {{…}}; download the file again")
    return content


def read_json_if_there(path: Path) -> dict[str, Any]:
    return read_json(path) if path.exists() else {}


def one_line(problem: Exception) -> str:
    """What an exception of a library says, in one line of a readable length."""
    text = " ".join(str(problem).split())
    return f"{type(problem).__name__}: {text if len(text) <= 300 else text[:300] + '…'}"


def is_number(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def shown(value: object) -> str:
    """A value for a message, shortened."""
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:80]}…"


def id_of(settings: dict[str, Any], key: str, file: Path) -> int | None:
    """A token id, which may be written as a list of one; None if there is none."""
    value = settings.get(key)
    if isinstance(value, list) and len(value) == 1:
        [value] = value
    if value is not None and not is_number(value):
        raise Unsupported(f"{file}: found {key} {shown(value)}, expected one id")
    return value


def ids_of(value: object, what: str) -> list[int]:
    """A list of ids; empty for null."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(map(is_number, value)):
        raise Unsupported(f"{what}: found {shown(value)}, expected a list of ids")
    return value


def read_config(file: Path) -> dict[str, Any]:
    """The arguments of MarianConfig from a config.json, checked, without those that do not change the model."""
    found = read_json(file)
    expect("quantization_config" in found, False, f"{file}: quantization_config is there")
    for key, value in FIXED.items():
        if key == "model_type" or found.get(key) is not None:
            expect(found.get(key), value, f"{file}: {key}")
    found = MARIAN_DEFAULTS | found
    config = {}
    for key, (least, most) in NUMBERS.items():
        if not is_number(found[key]) or not least <= found[key] <= most:
            raise Unsupported(f"{file}: {key}: found {shown(found[key])}, expected a number from {least} to {most}")
        config[key] = found[key]
    for key in SWITCHES:
        if found[key] not in (None, True, False):
            raise Unsupported(f"{file}: {key}: found {shown(found[key])}, expected true or false")
        config[key] = bool(found[key])
    if not isinstance(found["activation_function"], str) or found["activation_function"] not in ACTIVATIONS:
        raise Unsupported(f"{file}: activation_function: found {shown(found['activation_function'])}, expected relu, swish "
                          f"or gelu")
    config["activation_function"] = found["activation_function"]
    check_sizes(config, found, file)
    for key in ("pad_token_id", "eos_token_id", "decoder_start_token_id", "bos_token_id"):
        config[key] = id_of(found, key, file)
    return config


def check_sizes(config: dict[str, Any], found: dict[str, Any], file: Path) -> None:
    """Refuses sizes that contradict one another."""
    for alias, key in (("hidden_size", "d_model"), ("num_attention_heads", "encoder_attention_heads"),
                       ("extra_pos_embeddings", "vocab_size")):  # the last: in every OPUS-MT config.json; without a meaning
        if found.get(alias, config[key]) != config[key]:
            raise Unsupported(f"{file}: {alias}: found {shown(found[alias])}, expected {key}, {config[key]}")
    for key in ("encoder_attention_heads", "decoder_attention_heads"):
        if config["d_model"] % config[key]:
            raise Unsupported(f"{file}: {key}: found {config[key]}, expected a divisor of d_model, {config['d_model']}")
    decoder = found.get("decoder_vocab_size")
    if not config["share_encoder_decoder_embeddings"] and decoder not in (None, config["vocab_size"]):
        raise Unsupported(f"{file}: decoder_vocab_size: found {shown(decoder)}, expected vocab_size, {config['vocab_size']}: "
                          f"transformers makes both embeddings that long; lengthen the shorter one and its vocabulary")
    n, d, heads = config["max_position_embeddings"], config["d_model"], config["encoder_attention_heads"]
    if n * d > 1 << 21 or n * n * max(heads, config["decoder_attention_heads"]) > 1 << 26:
        raise Unsupported(f"{file}: max_position_embeddings: found {n}, more than this program allows with d_model {d} "
                          f"(weights/FORMAT.md)")


def complete_ids(config: dict[str, Any], generation: dict[str, Any], file: Path, generation_file: Path) -> None:
    """Completes and checks the special ids of config.json: transformers takes what it lacks from generation_config.json,
    and begins with bos where nothing says how."""
    for key in ("pad_token_id", "eos_token_id", "decoder_start_token_id", "bos_token_id"):
        if config[key] is None:
            config[key] = id_of(generation, key, generation_file)
    if config["decoder_start_token_id"] is None:
        config["decoder_start_token_id"] = config["bos_token_id"]
    for key in ("pad_token_id", "eos_token_id", "decoder_start_token_id"):
        if config[key] is None or not 0 <= config[key] < config["vocab_size"]:
            raise Unsupported(f"{file}: {key}: found {config[key]}, expected an id of the vocabulary, 0 to "
                              f"{config['vocab_size'] - 1}; add the one the model was trained with")
    if config["pad_token_id"] == config["eos_token_id"]:
        raise Unsupported(f"{file}: pad_token_id: found {config['pad_token_id']}, which is eos_token_id too, expected another "
                          f"id")


def read_generation(directory: Path) -> tuple[dict[str, Any], Path]:
    """The generation settings and their file: generation_config.json, or config.json if there is none."""
    file = directory / "generation_config.json"
    if file.exists():
        return read_json(file), file
    file = directory / "config.json"
    return MARIAN_DEFAULTS | read_json(file), file


def generation_arguments(settings: dict[str, Any], config: dict[str, Any], file: Path, has_max_length: bool
                         ) -> dict[str, Any]:
    """The arguments of GenerationConfig; refuses settings that greedy search here would not follow."""
    longest = settings.get("max_length")
    if longest is None:
        longest = 20 if has_max_length else config["max_position_embeddings"]  # 20: the default of transformers
    if not is_number(longest) or longest < 2:
        raise Unsupported(f"{file}: found max_length {shown(longest)}, expected a number, at least 2")
    for key in ("eos_token_id", "pad_token_id", "decoder_start_token_id"):
        id_ = id_of(settings, key, file)
        if id_ is not None:
            expect(id_, config[key], f"{file}: {key}, against config.json")
    forced_end = id_of(settings, "forced_eos_token_id", file)
    if forced_end is not None:
        expect(forced_end, config["eos_token_id"], f"{file}: forced_eos_token_id")
    for key, neutral in NEUTRAL_GENERATION.items():
        if settings.get(key) not in neutral:
            raise Unsupported(f"{file}: found {key} {shown(settings[key])}, which greedy search here does not know; remove it "
                              f"to translate without it")
    return {"max_length": longest, "num_beams": 1, "forced_eos_token_id": forced_end,
            "bad_words_ids": bad_words(settings, config["vocab_size"], file) or None,
            "suppress_tokens": suppressed(settings, config, file) or None,
            **{key: config[key] for key in ("eos_token_id", "pad_token_id", "decoder_start_token_id")}}


def bad_words(settings: dict[str, Any], n_vocabulary: int, file: Path) -> list[list[int]]:
    words = settings.get("bad_words_ids")
    if words is not None and not isinstance(words, list):
        raise Unsupported(f"{file}: bad_words_ids: found {shown(words)}, expected a list of lists of one id")
    for word in words or []:
        if len(ids_of(word, f"{file}: bad_words_ids")) != 1:
            raise Unsupported(f"{file}: found the bad word {shown(word)} of several tokens, expected lists of one id in "
                              f"bad_words_ids")
        check_suppressed(word[0], "bad_words_ids", n_vocabulary, file)
    return words or []


def suppressed(settings: dict[str, Any], config: dict[str, Any], file: Path) -> list[int]:
    ids = ids_of(settings.get("suppress_tokens"), f"{file}: suppress_tokens")
    for id_ in ids:
        check_suppressed(id_, "suppress_tokens", config["vocab_size"], file)
    if config["eos_token_id"] in ids:
        raise Unsupported(f"{file}: suppress_tokens: found the end token, {config['eos_token_id']}, so no translation would "
                          f"end; remove it")
    return ids


def check_suppressed(id_: int, key: str, n_vocabulary: int, file: Path) -> None:
    if not 0 <= id_ < n_vocabulary:
        raise Unsupported(f"{file}: found the suppressed id {id_} in {key}, expected ids of the vocabulary, 0 to "
                          f"{n_vocabulary - 1}")


def weights_files(directory: Path) -> list[Path]:
    """The file or files of the weights, the one that transformers prefers; checked as far as possible without loading."""
    found = next((name for name in WEIGHTS if (directory / name).exists()), None)
    if not found:
        raise Unsupported(f"{directory}: found neither model.safetensors nor pytorch_model.bin, expected one of them, or its "
                          f".index.json with the shards")
    files = [directory / found]
    if found.endswith(".json"):
        names = read_json(directory / found).get("weight_map")
        if not isinstance(names, dict) or not names or not all(isinstance(name, str) for name in names.values()):
            raise Unsupported(f"{directory / found}: weight_map: found {shown(names)}, expected names of tensors and files")
        if bad := [name for name in names.values() if "/" in name or "\0" in name or name in ("", ".", "..")]:
            raise Unsupported(f"{directory / found}: weight_map: found the file {shown(bad[0])}, expected a file beside it")
        files = [directory / name for name in sorted(set(names.values()))]
    for file in files:
        check_file(file)
        if file.suffix == ".safetensors":
            try:
                safetensors.safe_open(file, "numpy")
            except Exception as problem:
                raise Unsupported(f"{file}: is damaged ({one_line(problem)}); download it again") from problem
    return files


def check_number_of_weights(config: dict[str, Any], files: list[Path], file: Path) -> None:
    """Refuses a config.json of more numbers than the weights can hold, before room is made for them."""
    d, inner = config["d_model"], config["encoder_layers"] * config["encoder_ffn_dim"]
    inner += config["decoder_layers"] * config["decoder_ffn_dim"]
    n = d * (config["vocab_size"] + 4 * d * config["encoder_layers"] + 8 * d * config["decoder_layers"] + 2 * inner)
    n_bytes = sum(weights.stat().st_size for weights in files)
    if n > n_bytes:
        raise Unsupported(f"{file}: describes a model of {n:,} numbers or more, but {files[0].name} has {n_bytes:,} bytes in "
                          f"all; missing keys in the weights, or the config.json of another model")


def token_name(value: object, key: str, file: Path) -> str:
    """The text of a token, which is a string or an object with it as "content"."""
    name = value.get("content") if isinstance(value, dict) else value
    if not isinstance(name, str):
        raise Unsupported(f"{file}: {key}: found {shown(value)}, expected a token")
    return name


def read_vocabulary(file: Path) -> dict[str, int]:
    """{piece: id}."""
    vocabulary = read_json(file)
    for piece, id_ in vocabulary.items():
        if not is_number(id_):
            raise Unsupported(f"{file}: {shown(piece)}: found {shown(id_)}, expected an id")
    return vocabulary


def read_tokenizer(directory: Path) -> tuple[dict[str, Any], dict[str, int]]:
    """The arguments of MarianTokenizer, and {token: id} of the tokens that were added to its vocabulary."""
    file, names_file = directory / "tokenizer_config.json", directory / "special_tokens_map.json"
    settings = read_json_if_there(names_file) | read_json_if_there(file)
    if settings.get("sp_model_kwargs"):
        raise Unsupported(f"{file}: found sp_model_kwargs {shown(settings['sp_model_kwargs'])}, expected none")
    if settings.get("separate_vocabs") not in (None, True, False):
        raise Unsupported(f"{file}: separate_vocabs: found {shown(settings['separate_vocabs'])}, expected true or false")
    arguments = {"separate_vocabs": bool(settings.get("separate_vocabs"))}
    for side, name in (("source_spm", "source.spm"), ("target_spm", "target.spm"), ("vocab", "vocab.json"),
                       ("target_vocab_file", "target_vocab.json")):
        if side != "target_vocab_file" or arguments["separate_vocabs"]:
            check_file(directory / name)
            arguments[side] = str(directory / name)
    for key in ("source_lang", "target_lang"):
        if not isinstance(settings.get(key), str | None) or len((settings.get(key) or "").encode()) > 31:
            raise Unsupported(f"{file}: {key}: found {shown(settings[key])}, expected a name of at most 31 bytes")
        arguments[key] = settings.get(key)
    arguments |= {key: token_name(settings.get(key) or name, key, file) for key, name in TOKENS.items()}
    vocabulary = read_vocabulary(directory / "vocab.json")
    target = read_vocabulary(directory / "target_vocab.json") if arguments["separate_vocabs"] else vocabulary
    for key in TOKENS:
        for pieces, name in ((vocabulary, "vocab.json"), (target, "target_vocab.json")):
            if arguments[key] not in pieces and (name == "vocab.json" or key == "eos_token"):
                raise Unsupported(f"{directory / name}: found no {arguments[key]}, which is the {key}; take the file from "
                                  f"where the model comes from")
    for name in ("source.spm", "target.spm"):
        check_sentencepiece(directory / name)
    return arguments, added_tokens(directory, settings, vocabulary, arguments)


def check_sentencepiece(file: Path) -> None:
    try:
        sentencepiece.SentencePieceProcessor().Load(str(file))
    except Exception as problem:
        raise Unsupported(f"{file}: is no SentencePiece model ({one_line(problem)}); download it again") from problem


def added_tokens(directory: Path, settings: dict[str, Any], vocabulary: dict[str, int], arguments: dict[str, Any]
                 ) -> dict[str, int]:
    """{token: id} of the tokens that MarianTokenizer adds to vocab.json. transformers finds an added token anywhere in a
    text. Here it can only be a language code before the text, or one that stands in no text, such as bos."""
    file, old_file = directory / "tokenizer_config.json", directory / "added_tokens.json"
    found, in_text, standard = {}, [], [arguments[key] for key in TOKENS]
    listed = settings.get("added_tokens_decoder")
    if listed is not None and not isinstance(listed, dict):
        raise Unsupported(f"{file}: added_tokens_decoder: found {shown(listed)}, expected ids and tokens")
    for id_, token in (listed or {}).items():
        if not isinstance(token, dict):
            raise Unsupported(f"{file}: added_tokens_decoder: {id_}: found {shown(token)}, expected a token")
        name = token_name(token, f"added_tokens_decoder: {id_}", file)
        if not id_.isascii() or not id_.isdigit() or len(id_) > 7:
            raise Unsupported(f"{file}: added_tokens_decoder: found {shown(id_)}, expected an id")
        found[name] = int(id_)
        if not token.get("special") and name not in standard:
            in_text.append(name)
    found |= read_vocabulary(old_file) if old_file.exists() else {}
    others = [token_name(settings[key], key, file) for key in OTHER_TOKENS if settings.get(key)]
    additional = settings.get("additional_special_tokens") or []
    if not isinstance(additional, list):
        raise Unsupported(f"{file}: additional_special_tokens: found {shown(additional)}, expected a list of tokens")
    for name in [token_name(token, "additional_special_tokens", file) for token in additional]:
        found.setdefault(name, vocabulary.get(name))
    new = {name: id_ for name, id_ in found.items() if vocabulary.get(name) != id_ or id_ is None}
    refused = [name for name in dict.fromkeys([*new, *in_text]) if not is_code(name) and name not in others]
    if refused or (new and arguments["separate_vocabs"]) or None in new.values():
        raise Unsupported(f"{file}: found the added tokens {shown(refused or list(new))}, which transformers finds anywhere in "
                          f"a text and this program does not; remove them from the tokenizer and the embeddings, or train "
                          f"with them as user-defined symbols of SentencePiece")
    return new


def is_code(name: str) -> bool:
    """True for a language code, such as >>deu<<."""
    return name.startswith(">>") and name.find("<<") == len(name) - 2 >= 2
