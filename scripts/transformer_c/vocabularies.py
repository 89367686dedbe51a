"""Vocabularies of other programs, and the special tokens around a text."""

import json
import random
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformer_c.description import Description, Source, Target, Tokenizer, Unsupported
from transformer_c.options import Options

if TYPE_CHECKING:
    from transformer_c.draft import Text


def by_id(ids: dict[str, Any], what: str) -> list[str]:
    """The tokens of {token: id} in the order of ids, with names for ids without a token."""
    if not ids or not all(isinstance(id_, int) and 0 <= id_ < 1 << 22 for id_ in ids.values()):
        raise Unsupported(f"{what}: expected tokens and their ids")
    tokens = unused(max(ids.values()) + 1)
    for token, id_ in ids.items():
        tokens[id_] = token
    return tokens


def unused(n: int, first: int = 0) -> list[str]:
    return [f"<unused:{i}>" for i in range(first, n)]


def from_json(content: object, what: str) -> list[str]:
    """A list, {token: id}, a tokenizer.json of Hugging Face's tokenizers, or torchtext's {"itos": list}."""
    if isinstance(content, list):
        return [str(token) for token in content]
    if isinstance(content, dict) and isinstance(content.get("model"), dict):
        ids = dict(content["model"].get("vocab", {}))
        return by_id(ids | {token["content"]: token["id"] for token in content.get("added_tokens", [])}, what)
    if isinstance(content, dict):
        for key in ("itos", "idx_to_token", "stoi", "token_to_idx", "word2index", "word2idx"):
            if isinstance(content.get(key), list | dict):
                return from_json(content[key], what)
        return by_id(content, what)
    raise Unsupported(f"{what}: expected a list of tokens, or tokens and their ids")


def read_vocabulary(path: Path) -> list[str]:
    """The tokens of a file in the order of ids."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise Unsupported(f"{path}: not UTF-8 text; write the tokens one per line, in the order of their ids") from None
    if path.suffix in (".yml", ".yaml"):
        from transformer_c.opened import read_yaml
        return by_id(read_yaml(text, str(path)), str(path))
    if path.suffix == ".json":
        try:
            return from_json(json.loads(text), str(path))
        except (ValueError, RecursionError, KeyError, TypeError) as problem:
            raise Unsupported(f"{path}: not a vocabulary in JSON: {problem}") from None
    return text.removesuffix("\n").split("\n")


def read_merges(path: Path) -> list[str]:
    """The pairs of subword-nmt's codes, fastBPE's, which have counts, or merges.txt, without the line of the version."""
    merges = []
    for line in path.read_text(encoding="utf-8").split("\n"):
        symbols = line.rstrip("\r").split(" ")
        if line.startswith("#version") or len(symbols) < 2:
            continue
        merges.append(" ".join(symbols[:2]))
    if not merges:
        raise Unsupported(f"{path}: found no merges, expected two symbols on each line")
    return merges


def fitted(tokens: list[str], n: int, what: str) -> list[str]:
    """Exactly n tokens: embeddings often have spare rows at the end."""
    if len(tokens) > n:
        raise Unsupported(f"{what}: {len(tokens)} tokens, but the embedding has {n} rows")
    tokens = tokens + unused(n, len(tokens))
    seen: set[str] = set()
    for token in tokens:
        if not token or set(token) & set("\n\r\0"):
            raise Unsupported(f"{what}: the token {token!r} is empty or contains a line end; rename it")
        if token in seen:
            raise Unsupported(f"{what}: the token {token!r} is there twice")
        seen.add(token)
    return tokens


def ids_of(names: list[str], tokens: list[str], option: str) -> list[int]:
    for name in names:
        if name not in tokens:
            raise Unsupported(f"the vocabulary has no {name!r}; its first tokens are {' '.join(tokens[:6])}; name the right "
                              f"one with --{option}")
    return [tokens.index(name) for name in names]


def frame(text: str, tokens: list[str], option: str) -> tuple[list[int], list[int]]:
    """The ids before and after the text, of a frame such as "<bos> text <eos>"."""
    words = text.split()
    if words.count("text") != 1:
        raise Unsupported(f"--{option} {text!r}: expected special tokens around the word text")
    at = words.index("text")
    return ids_of(words[:at], tokens, option), ids_of(words[at + 1:], tokens, option)


def side_tokens(options: Options, side: str, found: list[str] | None, n: int) -> list[str]:
    name = f"{side}-vocabulary"
    path = options.take(name)
    if path is None and found is None:
        raise Unsupported(f"the checkpoint has no {side} vocabulary; name a file with --{name}: one token per line, in the "
                          "order of ids")
    return fitted(read_vocabulary(path) if path is not None else list(found or []), n, str(path or f"{side} vocabulary"))


def describe_text(options: Options, text: "Text", n_source: int, n_target: int) -> tuple[Tokenizer, Source, Target]:
    source_tokens = side_tokens(options, "source", text.source_tokens, n_source)
    target_tokens = side_tokens(options, "target", text.target_tokens, n_target)
    spm, target_spm = options.take("sentencepiece"), options.take("target-sentencepiece")
    merges = options.take("merges")
    if spm:
        tokenizer = Tokenizer("sentencepiece", False, spm, target_spm)
    elif merges or text.merges:
        tokenizer = Tokenizer(text.tokenizer if text.merges else "bpe", options.take("lower-case", text.lower_case),
                              merges=text.merges or read_merges(merges), prefix_space=text.prefix_space)
    else:
        rules = ("characters", "spaces", "words", "marks")
        rule = options.take("tokenizer", text.tokenizer)
        if rule not in rules:
            raise Unsupported(f"--tokenizer {rule}: expected {', '.join(rules)}")
        tokenizer = Tokenizer(rule, options.take("lower-case", text.lower_case))
    before, after = frame(options.take("source-frame", text.source_frame), source_tokens, "source-frame")
    begin, end = frame(options.take("target-frame", text.target_frame), target_tokens, "target-frame")
    if not begin or len(end) != 1:
        raise Unsupported("--target-frame: expected a start token before text, and one end token after it")
    [unknown] = ids_of([options.take("unknown", text.unknown)], source_tokens, "unknown")
    [pad] = ids_of([options.take("pad", text.pad)], target_tokens, "pad")
    source = Source(source_tokens, before, after, unknown, options.take("from") or "")
    languages = {name: target_tokens.index(token) for name, token in text.languages.items()}
    silent = list(dict.fromkeys([*begin, *end, pad]))
    target = Target(None if source_tokens == target_tokens else target_tokens, begin[0], end[0], pad, silent, begin[1:],
                    options.take("to") or "", languages)
    return tokenizer, source, target


def sample_texts(description: Description, n: int) -> list[str]:
    """n texts of random source pieces; the same ones each time."""
    splitter, source = description.tokenizer.splitter, description.source
    special = {source.vocabulary[id_] for id_ in (*source.before, *source.after, source.unknown)}
    special |= {(description.target.vocabulary or source.vocabulary)[id_] for id_ in description.target.silent}
    pieces = [piece for piece in source.vocabulary if piece not in special and piece.strip()]
    if splitter == "characters":
        pieces = [piece for piece in pieces if len(piece) == 1]
    if not pieces:
        raise Unsupported("the source vocabulary has no pieces to make texts of")
    choose = random.Random(1)
    joint = "" if splitter in ("characters", "sentencepiece") else " "
    return [joint.join(choose.choices(pieces, k=choose.randint(1, 8))) for _ in range(n)]
