"""One module per system whose checkpoints can be exported. Each has NAME, matches(opened) and read(opened, options)."""

from pathlib import Path
from types import ModuleType

from transformer_c.description import Description, Unsupported
from transformer_c.opened import Opened, open_checkpoint
from transformer_c.options import Options
from transformer_c.readers import (
    aladdin,
    annotated,
    bart,
    bentrevett,
    ctranslate2,
    d2l,
    fairseq,
    hkproj,
    hyunwoongko,
    jadore,
    joeynmt,
    marian,
    marian_npz,
    opennmt,
    torch_transformer,
)

READERS = [marian, bart, ctranslate2, marian_npz, hkproj, annotated, jadore, fairseq, joeynmt, opennmt, bentrevett, hyunwoongko,
           d2l, aladdin, torch_transformer]


def choose(opened: Opened) -> ModuleType:
    """The reader that knows the checkpoint by its keys."""
    for reader in READERS:
        if reader.matches(opened):
            return reader
    shown = ", ".join(sorted(opened.state)[:4])
    raise Unsupported(f"{opened.path}: no known system has tensors of these names: {shown} …; docs/bring-your-own.md lists "
                      "the systems")


def describe(path: Path, options: Options) -> Description:
    opened = open_checkpoint(path)
    reader = choose(opened)
    try:
        description = reader.read(opened, options)
    except (KeyError, IndexError, ValueError, TypeError, AttributeError) as problem:
        raise Unsupported(f"{opened.file}: recognized as {reader.NAME}, but not built like it: {problem!r}") from problem
    options.check_all_taken(reader.NAME)
    if reader is not marian:
        description.origin = {"system": reader.NAME, "assumed": options.assumptions(), "sha256": opened.sha256(),
                              **description.origin}
    return description
