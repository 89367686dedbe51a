"""Copies of the golden checkpoints, and functions that edit a file of one."""

import json
import shutil
from pathlib import Path

GOLDEN = Path(__file__).resolve().parent / "golden"
ABSENT = object()


def copy_of(variant, directory):
    return Path(shutil.copytree(GOLDEN / variant, Path(directory) / f"bad ü {variant}"))


def config(**changes):
    """A function that sets keys of config.json, or takes those that are ABSENT out; encoder__n_layers is n_layers in
    encoder."""
    def edit(path):
        root = json.loads(path.read_text())
        for place, value in changes.items():
            *parents, key = place.split("__")
            inside = root
            for parent in parents:
                inside = inside[parent]
            if value is ABSENT:
                del inside[key]
            else:
                inside[key] = value
        path.write_text(json.dumps(root))
    return edit


def edit_lines(edit):
    """A function that rewrites a vocabulary: edit(lines) changes its lines, which have no ends, in place."""
    def rewrite(path):
        lines = path.read_bytes().split(b"\n")[:-1]
        edit(lines)
        path.write_bytes(b"".join(line + b"\n" for line in lines))
    return rewrite
