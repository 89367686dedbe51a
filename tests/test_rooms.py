"""Dependencies run one way: what the files of a room include, directly or through other headers, which functions their
objects call, and which types and constants of other rooms they use."""

import functools
import re
import subprocess
from pathlib import Path

import pytest

from transformer_c import program

ROOT = Path(__file__).resolve().parent.parent

ROOMS = {
    "support": set(),
    "kernels": {"support"},
    "weights": {"support"},
    "tokenizer": {"support"},
    "attention": {"kernels", "support"},
    "model": {"attention", "kernels", "weights", "tokenizer", "support"},
    "explain": {"model", "kernels", "support"},
    "cli": {"explain", "model", "support"},
}

# Names that a room uses although it should not know the room they come from; they reach it through other rooms' headers.
# Do not add to this list, and remove what is no longer used.
BORROWED = {
    "explain": {"tokenizer", "tokenizer_decode", "tokenizer_source_piece", "tokenizer_target_piece"},
    "cli": {"tokenizer", "tokenizer_config", "tokenizer_source_piece", "tokenizer_target_piece", "attention_weights",
            "kernels_argmax", "kernels_blas_core", "kernels_level", "kernels_log_softmax_at", "weights_file_size", "weights_n_elements"},
}

COMMENT_OR_STRING = re.compile(r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'""", re.DOTALL)


def files(room, endings=(".c", ".h", ".cc", ".inc")):
    return sorted(path for path in (ROOT / room).rglob("*") if path.suffix in endings)


def code(file):
    return COMMENT_OR_STRING.sub(" ", file.read_text(encoding="utf-8"))


@functools.cache
def includes(file):
    """What a file includes: paths of this repository, and names that are not."""
    def resolved(name):
        return next((path.resolve() for path in (file.parent / name, ROOT / name) if path.is_file()), name)

    text = file.read_text(encoding="utf-8")
    return [resolved(name) for name in re.findall(r'^\s*#\s*include\s*["<]([^">]+)[">]', text, re.MULTILINE)]


def all_includes(file, seen=None):
    """Everything a file includes, directly or not."""
    seen = set() if seen is None else seen
    for included in includes(file):
        if included not in seen:
            seen.add(included)
            if isinstance(included, Path):
                all_includes(included, seen)
    return seen


def below(room):
    """All rooms that a room depends on, directly or not."""
    return ROOMS[room].union(*map(below, ROOMS[room]))


def room_of(path):
    return path.relative_to(ROOT).parts[0]


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_includes_only_what_is_below_it(room):
    assert files(room)
    for file in files(room):
        direct = {room_of(path) for path in includes(file) if isinstance(path, Path)}
        assert direct <= {room} | ROOMS[room], file
        reached = {room_of(path) for path in all_includes(file) if isinstance(path, Path)}
        assert reached <= {room} | below(room), file


@pytest.mark.parametrize("room", ROOMS.keys() - {"kernels"})
def test_only_kernels_know_blas_and_intrinsics(room):
    for file in files(room):
        for included in all_includes(file):
            assert not re.search(r"cblas\.h|intrin\.h|arm_neon\.h|simde/", str(included)), f"{file} reaches {included}"


# ---- names ----

@functools.cache
def symbols(room):
    """(the external names that the objects of a room define, those that they take from elsewhere)"""
    objects = list((program.TRANSLATE.resolve().parent / "CMakeFiles").glob(f"*.dir/{room}/**/*.o"))
    assert objects, f"found no objects of {room}/ beside {program.TRANSLATE}"
    shown = subprocess.run(["nm", "--portability", *objects], capture_output=True, text=True, check=True).stdout
    names = re.findall(r"^(\S+) (\w)(?: |$)", shown, re.MULTILINE)
    return {name for name, kind in names if kind in "TDBRVW"}, {name for name, kind in names if kind == "U"}


@functools.cache
def types_and_constants(room, endings=(".h",)):
    """The names of types, enumeration constants and macros that the headers of a room declare, or other files of it."""
    declared = set()
    for file in files(room, endings):
        text = code(file)
        declared |= set(re.findall(r"^#define (\w+)", text, re.MULTILINE))
        declared |= set(re.findall(r"^(?:\}|typedef (?:struct|enum) \w+) (\w+);", text, re.MULTILINE))
        for constants in re.findall(r"\benum\s*\w*\s*\{([^}]*)\}", text):
            declared |= set(re.findall(r"(?:^|,)\s*(\w+)", constants))
    return declared


def used(names, text):
    """The names that the text uses: constants anywhere, types only where a type can stand, before a * or a name."""
    words = set(re.findall(r"(?<![\w.>])[A-Z][A-Z0-9_]+\b", text))
    words |= set(re.findall(r"(?<![\w.>])([a-z]\w*)(?=\s+\*?\w|\s*\*+[\w)])", text))
    return names & words


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_uses_only_names_from_below_it(room):
    others = ROOMS.keys() - {room} - ROOMS[room]
    found = symbols(room)[1] & set().union(*(symbols(other)[0] for other in others))
    declared = set().union(*map(types_and_constants, others)) - types_and_constants(room, (".c", ".h", ".cc", ".inc"))
    for file in files(room):
        found |= used(declared, code(file))
    assert found == BORROWED.get(room, set())


def test_every_call_and_type_is_seen():
    """The rules above would pass if nothing were found."""
    assert "kernels_linear" in symbols("attention")[1] and "kernels_linear" in symbols("kernels")[0]
    assert {"linear_weights", "LINEAR_BLOCK"} <= types_and_constants("kernels")
    assert used({"linear_weights", "kv_cache", "LINEAR_BLOCK", "add"},
                "const linear_weights *w; x->kv_cache = add(LINEAR_BLOCK);") == {"linear_weights", "LINEAR_BLOCK"}
    reached = all_includes(ROOT / "cli/main.c")
    assert ROOT / "kernels/kernels.h" in reached and "stdbool.h" in reached
