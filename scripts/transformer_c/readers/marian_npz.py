"""Marian's own model.npz. Its start token is a vector of zeros, which becomes one more row of the embedding."""

import numpy

from transformer_c.description import Description, Norm, Unsupported
from transformer_c.draft import Draft, Shape, Text, finish, padded
from transformer_c.opened import Opened, read_yaml
from transformer_c.options import Options
from transformer_c.vocabularies import read_vocabulary

NAME = "Marian"
SETTINGS = "special:model.yml"
START = "<pad>"  # the name of the added row


def matches(opened: Opened) -> bool:
    return SETTINGS in opened.state or "encoder_l1_self_Wq" in opened.state


def take_linear(draft: Draft, theirs: str, ours: str) -> None:
    """W [d_in, d_out], b [1, d_out]; theirs: their common name with {}."""
    draft.put_linear(ours, draft.take(theirs.format("W")).T.copy(), draft.take(theirs.format("b")))


def take_norm(draft: Draft, theirs: str, ours: str, end: str = "") -> None:
    draft.put_norm(ours, draft.take_vector(f"{theirs}_ln_scale{end}"), draft.take_vector(f"{theirs}_ln_bias{end}"))


def take_layers(draft: Draft, stack: str, n: int, before: bool) -> None:
    end = "_pre" if before else ""
    attentions = {"self": "self_attention"} | ({"context": "cross_attention"} if stack == "decoder" else {})
    for i in range(n):
        theirs, ours = f"{stack}_l{i + 1}", f"{stack}.{i}"
        for attention, name in attentions.items():
            for part, our_part in (("q", "query"), ("k", "key"), ("v", "value"), ("o", "output")):
                take_linear(draft, f"{theirs}_{attention}_{{}}{part}", f"{ours}.{name}.{our_part}")
            take_norm(draft, f"{theirs}_{attention}_Wo", f"{ours}.{name}_norm", end)
        for number, part in (("1", "inner"), ("2", "outer")):
            take_linear(draft, f"{theirs}_ffn_{{}}{number}", f"{ours}.feed_forward.{part}")
        take_norm(draft, f"{theirs}_ffn_ffn", f"{ours}.feed_forward_norm", end)


def check_settings(settings: dict[str, object], file: object) -> bool:
    """Refuses what is no Transformer of Figure 1. Returns whether it is pre-norm."""
    if settings.get("transformer-decoder-autoreg", "self-attention") != "self-attention":
        raise Unsupported(f"{file}: its decoder is {settings['transformer-decoder-autoreg']}: a simpler simple recurrent unit "
                          "(SSRU) in place of self-attention, as in Firefox's and Bergamot's students; that is no Transformer "
                          "decoder, and the engine has none")
    if settings.get("type", "transformer") != "transformer":
        raise Unsupported(f"{file}: type {settings['type']!r}, expected transformer")
    for key, wanted in (("transformer-train-position-embeddings", False), ("transformer-no-projection", False),
                        ("transformer-tied-layers", []), ("transformer-ffn-depth", 2),
                        ("transformer-decoder-dim-ffn", 0), ("transformer-rnn-projection", False),
                        ("transformer-no-bias", False)):
        if settings.get(key, wanted) not in (wanted, None):
            raise Unsupported(f"{file}: {key} is {settings[key]!r}; only {wanted!r} is read")
    before, after = (str(settings.get(f"transformer-{part}process", default)).replace("d", "")
                     for part, default in (("pre", ""), ("post", "dan")))
    if (before, after) == ("", "an"):
        return False
    if (before, after) == ("n", "a"):
        return True
    raise Unsupported(f"{file}: transformer-preprocess {before!r} and transformer-postprocess {after!r}; expected '' and "
                      "'dan', or 'n' and 'da'")


def tokens(opened: Opened, side: str, options: Options) -> list[str] | None:
    path = options.take(f"{side}-vocabulary")
    file = path or opened.find("vocab.yml", "vocab.*.yml", "*.spm")
    if file is None:
        return None
    if file.suffix == ".spm":
        import sentencepiece
        model = sentencepiece.SentencePieceProcessor(model_file=str(file))
        return [model.id_to_piece(i) for i in range(model.get_piece_size())] + [START]
    return [*read_vocabulary(file), START]


def read(opened: Opened, options: Options) -> Description:
    draft = Draft(opened)
    settings = {}
    if draft.has(SETTINGS):
        text = draft.take(SETTINGS).astype(numpy.uint8).tobytes().rstrip(b"\0").decode()
        settings = read_yaml(text, f"{opened.file}: {SETTINGS}")
    before = check_settings(settings, opened.file)
    for stack, key in (("encoder", "enc-depth"), ("decoder", "dec-depth")):
        n = settings.get(key) or 1 + max(i for i in range(200) if draft.has(f"{stack}_l{i + 1}_ffn_W1"))
        take_layers(draft, stack, n, before)
        if draft.has(f"{stack}_top_ln_scale"):
            take_norm(draft, f"{stack}_top", f"{stack}.final_norm")
    embeddings = [draft.take("Wemb")] * 2 if draft.has("Wemb") else [draft.take("encoder_Wemb"), draft.take("decoder_Wemb")]
    n_target = embeddings[1].shape[0]
    output = draft.take("decoder_ff_logit_out_Wt") if draft.has("decoder_ff_logit_out_Wt") else \
        draft.take("decoder_ff_logit_out_W").T if draft.has("decoder_ff_logit_out_W") else None
    bias = draft.take_vector("decoder_ff_logit_out_b")
    source, target = (padded(table, table.shape[0] + 1) for table in embeddings)
    draft.embeddings(source, target, None if output is None else padded(output, n_target + 1), padded(bias, n_target + 1))
    final = "decoder.final_norm.weight" in draft.tensors
    found = [tokens(opened, side, options) for side in ("source", "target")]
    for side in ("source", "target"):
        options.given.pop(f"{side}-vocabulary", None)
    spm = opened.find("*.spm")
    if spm and not options.has("sentencepiece") and not options.has("tokenizer"):
        options.given["sentencepiece"] = spm
    return finish(draft, options, Shape(
        settings.get("transformer-heads") or options.take("heads", 8),
        Norm(before, False, final, options.take("epsilon", 1e-6)),
        settings.get("transformer-ffn-activation") or options.take("activation", "swish"), True, "marian", (2, 30, 8192),
        Text("spaces", False, "text </s>", f"{START} text </s>", source_tokens=found[0], target_tokens=found[1])),
        ignored=r"^special:|^decoder_c_")
