"""Small random checkpoints around a vocabulary, for tests of what reads and writes text."""

import json

import numpy
import safetensors.numpy

D_MODEL = 4


def parts(stack, names):
    """Shapes of the tensors of one layer."""
    shapes = {}
    for name in names:
        if name == "feed_forward":
            shapes |= {f"{stack}.0.feed_forward.{part}.{kind}": (D_MODEL, D_MODEL) if kind == "weight" else (D_MODEL,)
                       for part in ("inner", "outer") for kind in ("weight", "bias")}
        else:
            shapes |= {f"{stack}.0.{name}.{part}.{kind}": (D_MODEL, D_MODEL) if kind == "weight" else (D_MODEL,)
                       for part in ("query", "key", "value", "output") for kind in ("weight", "bias")}
        shapes |= {f"{stack}.0.{name}_norm.{kind}": (D_MODEL,) for kind in ("weight", "bias")}
    return shapes


def plain_checkpoint(directory, pieces, tokenizer, merges=None, silent=(), **changes):
    """Writes a checkpoint of one vocabulary, whose first piece is for unknown text and whose second ends a target. tokenizer:
    that of config.json. Returns directory."""
    n = len(pieces)
    stack = {"n_layers": 1, "n_heads": 1, "d_head": D_MODEL, "d_ff": D_MODEL}
    directory.mkdir(exist_ok=True)
    config = {"format": "transformer.c", "version": 2, "d_model": D_MODEL, "max_positions": 2048, "encoder": stack,
              "decoder": stack, "activation": "relu", "norm": {"before": True, "embedding": False, "final": False,
                                                               "epsilon": 1e-5},
              "positions": "sinusoids", "scale_embedding": False, "shared_embedding": True, "tied_output": True,
              "tokenizer": tokenizer,
              "source": {"language": "en", "n_vocabulary": n, "before": [], "after": [], "unknown": 0},
              "target": {"language": "de", "n_vocabulary": n, "start": 1, "forced": [], "end": 1, "pad": 0,
                         "silent": [0, 1, *silent]},
              "shared_sentencepiece": True, "shared_vocabulary": True,
              "generation": {"length_factor": 0, "length_extra": 1, "max_length": 1, "forced_end": True, "suppressed": []},
              "origin": {}} | changes
    (directory / "config.json").write_text(json.dumps(config))
    (directory / "source.vocab").write_text("".join(f"{piece}\n" for piece in pieces), encoding="utf-8", newline="\n")
    if merges is not None:
        (directory / "source.bpe").write_text("".join(f"{merge}\n" for merge in merges), encoding="utf-8", newline="\n")
    shapes = {"source_embedding.weight": (n, D_MODEL), "output.bias": (n,),
              **parts("encoder", ("self_attention", "feed_forward")),
              **parts("decoder", ("self_attention", "cross_attention", "feed_forward"))}
    random = numpy.random.default_rng(1)
    tensors = {name: random.normal(size=shape).astype(numpy.float32) for name, shape in shapes.items()}
    safetensors.numpy.save_file(tensors, directory / "model.safetensors")
    return directory
