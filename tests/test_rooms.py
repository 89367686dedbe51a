"""Dependencies run one way: what the files of a room include, directly or through other headers, which functions their
objects call, which types and constants of other rooms they use, and what the compiler lets them include."""

import functools
import graphlib
import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from transformer_c import program

ROOT = Path(__file__).resolve().parent.parent

BUILD = program.TRANSLATE.resolve().parent

ROOMS = {
    "support": set(),
    "kernels": {"support"},
    "weights": {"support"},
    "tokenizer": {"support"},
    "text": {"support"},
    "attention": {"kernels", "support"},
    "model": {"attention", "kernels", "weights", "support"},
    "translator": {"model", "tokenizer", "text", "support"},
    "library": {"translator", "model", "text", "support"},
    "explain": {"translator", "model", "text", "support"},
    "cli": {"explain", "translator", "model", "text", "support"},
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


@pytest.mark.parametrize("room", sorted(ROOMS.keys() - {"kernels"}))
def test_only_kernels_know_blas_and_intrinsics(room):
    for file in files(room):
        for included in all_includes(file):
            assert not re.search(r"cblas\.h|intrin\.h|arm_neon\.h|simde/", str(included)), f"{file} reaches {included}"


# ---- the compiler ----

@functools.cache
def compile_command(file):
    """What compiles a file, without its output and the file itself: the source comes from standard input."""
    entries = json.loads((BUILD / "compile_commands.json").read_text(encoding="utf-8"))
    command = shlex.split(next(entry["command"] for entry in entries if Path(entry["file"]) == ROOT / file))
    return command[:command.index("-o")] + ["-x", "c", "-"]


def compiled(file, text, *options):
    return subprocess.run([*compile_command(file), *options], input=text, capture_output=True, text=True, cwd=BUILD)


@pytest.mark.parametrize("room", ROOMS)
def test_the_compiler_finds_only_headers_of_rooms_below(room):
    """By the include path of one C file of the room, which is that of all."""
    headers = [str(header.relative_to(ROOT)) for other in ROOMS for header in files(other, (".h",))]
    asked = "".join(f'#if __has_include("{header}")\nfound {header}\n#endif\n' for header in headers)
    done = compiled(next(file for file in files(room) if file.suffix == ".c").relative_to(ROOT), asked, "-E", "-P")
    assert done.returncode == 0, done.stderr
    found = re.findall(r"^found (\S+)$", done.stdout, re.MULTILINE)
    assert {header.split("/")[0] for header in found} == {room} | ROOMS[room]


@pytest.mark.parametrize("file, header, missing", [
    ("cli/main.c", "kernels/kernels.h", "kernels/kernels.h"),
    ("cli/show.c", "tokenizer/tokenizer.h", "tokenizer/tokenizer.h"),
    ("cli/main.c", "model/state.h", "attention/attention.h"),  # private to model/
    ("translator/batches.c", "model/model.h", "attention/attention.h"),
    ("model/greedy.c", "tokenizer/tokenizer.h", "tokenizer/tokenizer.h"),
    ("attention/core.c", "model/config.h", "model/config.h"),
    ("kernels/plain.c", "attention/attention.h", "attention/attention.h"),
])
def test_the_compiler_rejects_a_wrong_include(file, header, missing):
    text = (ROOT / file).read_text(encoding="utf-8")
    sound = compiled(file, text, "-fsyntax-only")
    assert sound.returncode == 0, sound.stderr
    planted = compiled(file, f'#include "{header}"\n{text}', "-fsyntax-only")
    assert planted.returncode != 0 and re.search(rf"fatal error:.*{missing}", planted.stderr)


# ---- names ----

@functools.cache
def objects(room):
    """{source file: (the external names that its object defines, those that it takes from elsewhere)}"""
    built = [BUILD / f"libtransformer_{room}.a", *BUILD.glob(f"CMakeFiles/translate.dir/{room}/*.o")]
    shown = subprocess.run(["nm", "--portability", "-A", *built], capture_output=True, text=True, check=True).stdout
    names = {}
    for source, name, kind in re.findall(r"^\S*?([^\s/[]+)\.o\]?: (\S+) (\w)(?: |$)", shown, re.MULTILINE):
        defined, taken = names.setdefault(source, (set(), set()))
        (taken if kind == "U" else defined if kind in "TDBRVW" else set()).add(name)
    return names


def symbols(room):
    """(the external names that the objects of a room define, those that they take from elsewhere)"""
    defined, taken = zip(*objects(room).values())
    return set().union(*defined), set().union(*taken)


@pytest.mark.parametrize("room", ROOMS)
def test_the_files_of_a_room_form_no_cycle(room):
    """Neither by what they include nor by whose functions they call."""
    graph = {file.name: {path.name for path in includes(file) if isinstance(path, Path)} for file in files(room)}
    for source, (_, taken) in objects(room).items():
        called = {other for other, (defined, _) in objects(room).items() if other != source and taken & defined}
        graph.setdefault(source, set()).update(called)
    graphlib.TopologicalSorter(graph).prepare()


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
    assert not found


def test_every_call_and_type_is_seen():
    """The rules above would pass if nothing were found."""
    assert "kernels_linear" in symbols("attention")[1] and "kernels_linear" in symbols("kernels")[0]
    assert "cli_say" in objects("cli")["main.c"][1] & objects("cli")["say.c"][0]
    assert {"linear_weights", "LINEAR_BLOCK"} <= types_and_constants("kernels")
    assert used({"linear_weights", "kv_cache", "LINEAR_BLOCK", "add"},
                "const linear_weights *w; x->kv_cache = add(LINEAR_BLOCK);") == {"linear_weights", "LINEAR_BLOCK"}
    reached = all_includes(ROOT / "cli/main.c")
    assert ROOT / "model/config.h" in reached and "stdbool.h" in reached
