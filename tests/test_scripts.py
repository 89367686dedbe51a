"""The shell scripts in a small checkout of their own, with stand-ins for cmake and python3: they find their root through
links, survive moves, copies and kills, and wait for one another."""

import contextlib
import importlib.metadata
import itertools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from transformer_c import program

ROOT = Path(__file__).resolve().parent.parent
SCRIPTS = ["scripts/translate", "scripts/python", "scripts/explore", "scripts/spark", "scripts/test", "tests/mutate",
           "tests/coverage", "tests/arm", "tests/package", "tests/musl", "tests/hardening/fuzz/run", "bench/run", ".ci/run"]
SOURCES = ["CMakeLists.txt", "CMakePresets.json", *(f"{room}/source.c" for room in (
    "support kernels attention weights tokenizer text model translator library explain cli").split())]

# Both fail when two of them run at once. cmake refuses a cache of another place, as the real one does.
STAND_INS = {
    "cmake": r"""
        build=build/${!#} # the preset comes last, or before --parallel N
        [ "$1" = --preset ] || build=build/$3
        mkdir -p "$build" && mkdir "$build/busy" || { echo "two at once"; exit 1; }
        place=$(sed -n 's/^CMAKE_CACHEFILE_DIR:INTERNAL=//p' "$build/CMakeCache.txt" 2>/dev/null)
        [ -z "$place" ] || [ "$place" -ef "$build" ] || { echo "the cache is that of $place"; exit 1; }
        sleep 0.2
        echo "CMAKE_CACHEFILE_DIR:INTERNAL=$PWD/$build" >"$build/CMakeCache.txt"
        [ "$1" = --preset ] || [ -z "${WARNING-}" ] || printf '%s\n' "[ 50%] Building C object a" "$WARNING" "  1 | x"
        [ "$1" = --preset ] || { printf '#!/bin/bash\necho "built in %s: $0 $*"\n' "$PWD" >"$build/translate"
                                 chmod +x "$build/translate"; echo build >>"$build/log"; }
        rmdir "$build/busy" """,
    "dpkg-query": "echo install ok installed",
    "python3": r"""
        [ "$1" = -m ] || exit 0
        mkdir "$3.busy" || { echo "two at once"; exit 1; }
        mkdir -p "$3/bin" && cp "${0%/*}/venv-python" "$3/bin/python"
        echo "command = $0 -m venv $3" >"$3/pyvenv.cfg"
        sleep 0.2
        touch "$3/pip"
        rmdir "$3.busy" """,
    "venv-python": r"""
        venv=$(dirname "$(dirname "$0")")
        [ "$1 $2" != "-m pip" ] || [ -e "$venv/pip" ] || { echo "No module named pip"; exit 1; }
        [ "$3" != install ] || echo install >>"$venv/log"
        echo "$0 $*" """,
}


@pytest.fixture
def checkout(tmp_path):
    """The scripts of a checkout that has not been built; nothing else of it."""
    root = tmp_path / "checkout"
    for name in [*SOURCES, *SCRIPTS, "scripts/common.sh", "scripts/requirements.txt"]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        if name in SOURCES:
            (root / name).touch()
        else:
            shutil.copy(ROOT / name, root / name)
    (tmp_path / "bin").mkdir()
    for name, text in STAND_INS.items():
        (tmp_path / "bin" / name).write_text(f"#!/bin/bash\n{text}\n")
        (tmp_path / "bin" / name).chmod(0o755)
    return root


@pytest.fixture
def start(tmp_path):
    """A function that starts a command with the stand-ins."""
    def start(*command, **environment):
        return subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={
            **os.environ, "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", **environment})
    return start


@pytest.fixture
def run(start):
    """A function that runs a command with the stand-ins; gives standard output."""
    def run(*command, **environment):
        process = start(*command, **environment)
        out, error = process.communicate(timeout=60)
        assert process.returncode == 0, error
        return out
    return run


def log(path):
    return path.read_text().split() if path.exists() else []


def link_to(script, kind, directory):
    """The path under which a script is run: a link of some kind, in `directory`."""
    if kind == "absolute":
        (directory / "link").symlink_to(script)
    elif kind == "relative":
        (directory / "link").symlink_to(os.path.relpath(script, directory))
    elif kind == "to a link":
        (directory / "first").symlink_to(script)
        (directory / "link").symlink_to("first")
    else:
        (directory / "scripts").symlink_to(script.parent)
        return directory / "scripts" / script.name
    return directory / "link"


@pytest.mark.parametrize("name, kind", [
    *itertools.product(SCRIPTS[:2], ["absolute", "relative", "to a link", "to the directory"]),
    *itertools.product(SCRIPTS[2:], ["relative"]),
])
def test_scripts_find_their_root_through_links(checkout, tmp_path, run, name, kind):
    with open(checkout / "scripts/common.sh", "a") as file:
        file.write('echo "$root"\nexit\n')
    (tmp_path / "home").mkdir()
    link = link_to(checkout / name, kind, tmp_path / "home")
    for command in (f"home/{link.relative_to(tmp_path / 'home')}", link):
        assert run(command, CDPATH=f".:{checkout.parent}") == f"{checkout}\n"


@pytest.mark.parametrize("make", [os.link, shutil.copy])
def test_a_hard_link_or_copy_of_a_script_explains_itself(checkout, tmp_path, start, make):
    make(checkout / "scripts/translate", tmp_path / "t")
    process = start("./t", "Hello.")
    assert process.communicate() == ("", "./t: a copy or hard link outside its checkout; use ln -s instead\n")
    assert process.returncode == 1


def test_a_checkout_of_hard_links_works(checkout, tmp_path, run):
    subprocess.run(["cp", "-al", checkout, tmp_path / "linked"], check=True)
    assert run("linked/scripts/translate").startswith(f"built in {tmp_path / 'linked'}: ")


def test_the_program_is_built_once(checkout, run):
    program = checkout / "build/release/translate"
    for _ in range(2):
        assert run(checkout / "scripts/translate", "-t", "1", "a  b") == f"built in {checkout}: {program} -t 1 a  b\n"
    assert log(checkout / "build/release/log") == ["build"]
    newer = program.stat().st_mtime + 10
    os.utime(checkout / "cli/source.c", (newer, newer))
    run(checkout / "scripts/translate")
    assert log(checkout / "build/release/log") == ["build", "build"]


@pytest.mark.parametrize("move", [os.rename, shutil.copytree], ids=["moved", "copied"])
def test_a_checkout_with_a_build_can_be_moved_and_copied(checkout, tmp_path, run, move):
    run(checkout / "scripts/translate")
    moved = tmp_path / "moved"
    move(checkout, moved)
    assert run("moved/scripts/translate") == f"built in {checkout}: {moved}/build/release/translate \n"
    os.utime(moved / "cli/source.c", (2e9, 2e9))
    for _ in range(2):
        assert run("moved/scripts/translate") == f"built in {moved}: {moved}/build/release/translate \n"


def test_warnings_of_the_compiler_are_shown(checkout, start):
    warning = "a.c:1:1: warning: unused variable 'x' [-Wunused-variable]"
    process = start(checkout / "scripts/translate", WARNING=warning)
    _, error = process.communicate(timeout=60)
    assert process.returncode == 0
    assert error == f"translate: building (release)\n{warning}\n  1 | x\n"


def test_what_the_fuzzer_found_survives_a_move(checkout, tmp_path, run):
    for name in ("corpus/a", "findings/b", "objects/c"):
        (checkout / "build/fuzz" / name).parent.mkdir(parents=True)
        (checkout / "build/fuzz" / name).touch()
    (checkout / "build/fuzz/CMakeCache.txt").write_text(f"CMAKE_CACHEFILE_DIR:INTERNAL={checkout}/build/fuzz\n")
    (checkout / "build/release").mkdir()
    (checkout / "build/release/CMakeCache.txt").write_text("CMAKE_CACHEFILE_DIR:INTERNAL=/nowhere\n")
    os.rename(checkout, tmp_path / "moved")
    run("bash", "-euc", ". moved/scripts/common.sh; build fuzz")
    fuzz = tmp_path / "moved/build/fuzz"
    assert {"corpus/a", "findings/b"} == {str(path.relative_to(fuzz)) for path in fuzz.glob("[cfo]*/*")}


def test_what_documented_commands_create_is_ignored():
    """In the checkout, which has checkpoints/ from the start; names in capitals are placeholders."""
    creates = re.compile(r"(?:--run|--trace|--explain|--model|-o|>|export\.py [\w./-]+) ([a-z][\w.-]*)(?= |$)", re.MULTILINE)
    created = set()
    for document in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for line in re.findall(r"^ *(?:\$ |  )(.*scripts/.*|.*tests/planted.*)", document.read_text(), re.MULTILINE):
            created.update(creates.findall(line))
    assert {"run", "my-checkpoint", "small", "page.html", "held-out.tsv"} <= created
    listed = subprocess.run(["git", "check-ignore", *(f"{name}/x" for name in created)], cwd=ROOT, capture_output=True,
                            text=True)
    if listed.returncode == 128:
        pytest.skip("not a Git checkout")
    assert {name.removesuffix("/x") for name in listed.stdout.split()} == created


def test_the_bundled_checkpoint_is_found_from_the_place_of_the_program(tmp_path):
    if not program.TRANSLATE.is_relative_to(ROOT):
        pytest.skip("built outside the checkout")
    for name in ("first", "second"):
        at = tmp_path / name
        (at / program.TRANSLATE.relative_to(ROOT)).parent.mkdir(parents=True)
        shutil.copy(program.TRANSLATE, at / program.TRANSLATE.relative_to(ROOT))
        shutil.copytree(program.TRANSLATE.parent / "share", (at / program.TRANSLATE.relative_to(ROOT)).parent / "share",
                        symlinks=True)
        shutil.copytree(ROOT / "tests/golden/int8", at / "checkpoints/en-de")
        (tmp_path / f"link-{name}").symlink_to(at / program.TRANSLATE.relative_to(ROOT))
        shown = subprocess.run([tmp_path / f"link-{name}", "--info"], capture_output=True, text=True, check=True).stdout
        assert shown.split("\n")[0].split() == ["checkpoint", str(at / "checkpoints/en-de")]


def test_two_first_runs_build_once(checkout, start):
    processes = [start(checkout / "scripts/translate") for _ in range(3)]
    ended = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], ended
    assert log(checkout / "build/release/log") == ["build"]
    assert sum("waiting for another run" in error for _, error in ended) == 2


def test_two_first_runs_of_python_install_once(checkout, start):
    processes = [start(checkout / "scripts/python", "script") for _ in range(3)]
    ended = [process.communicate(timeout=60) for process in processes]
    assert [out for out, _ in ended] == 3 * [f"{checkout}/.venv/bin/python script\n"], ended
    assert log(checkout / ".venv/log") == ["install"]


@pytest.mark.parametrize("move", [os.rename, shutil.copytree], ids=["moved", "copied"])
def test_a_virtual_environment_of_another_place_is_made_again(checkout, tmp_path, run, start, move):
    run(checkout / "scripts/python", "script")
    moved = tmp_path / "moved"
    move(checkout, moved)
    (moved / ".venv/old").touch()
    process = start("moved/scripts/python", "script")
    out, error = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, f"{moved}/.venv/bin/python script\n")
    assert error.startswith("python: removing .venv, which was made in another place\n")
    run("moved/scripts/python", "script")
    assert log(moved / ".venv/log") == ["install"] and not (moved / ".venv/old").exists()


def test_a_virtual_environment_that_is_a_link_is_kept(checkout, tmp_path, run):
    run(checkout / "scripts/python", "script")
    os.rename(checkout, tmp_path / "first")
    checkout.symlink_to("first")
    (tmp_path / "second").mkdir()
    shutil.copytree(tmp_path / "first/scripts", tmp_path / "second/scripts")
    (tmp_path / "second/.venv").symlink_to("../first/.venv")
    for place in ("checkout", "second"):
        run(f"{place}/scripts/python", "script")
    assert log(tmp_path / "first/.venv/log") == ["install"]


def test_a_virtual_environment_whose_making_was_killed_is_completed(checkout, run):
    (checkout / ".venv/bin").mkdir(parents=True)
    shutil.copy(checkout.parent / "bin/venv-python", checkout / ".venv/bin/python")
    (checkout / ".venv/mine").touch()
    for _ in range(2):
        assert run(checkout / "scripts/python", "script") == f"{checkout}/.venv/bin/python script\n"
    assert log(checkout / ".venv/log") == ["install"] and (checkout / ".venv/mine").exists()


def test_an_installation_that_fails_is_tried_again(checkout, tmp_path, start, run):
    good = (tmp_path / "bin/venv-python").read_text()
    (tmp_path / "bin/venv-python").write_text('#!/bin/bash\n[ "$3" != install ] || { echo no network; exit 1; }\n')
    process = start(checkout / "scripts/python", "script")
    assert "no network" in process.communicate()[1] and process.returncode == 1
    (checkout / ".venv/bin/python").write_text(good)
    assert run(checkout / "scripts/python", "script") == f"{checkout}/.venv/bin/python script\n"


# ---- Python packages ----

# Collects the tests as if the modules named did not exist.
COLLECT_WITHOUT = """
import sys
import pytest

class Finder:
    def find_spec(self, name, path, target=None):
        if name.split(".")[0] in sys.argv[2:]:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Finder())
sys.exit(pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider", sys.argv[1]]))
"""


def installed_by(requirements):
    """The names of the distributions that a requirements file installs, with those that they need."""
    found, names = set(), [line.split("==")[0] for line in (ROOT / requirements).read_text().splitlines()]
    while names:
        name = re.sub("[-_.]+", "-", names.pop().lower())
        if name not in found:
            found.add(name)
            with contextlib.suppress(importlib.metadata.PackageNotFoundError):
                names += [re.match(r"[\w.-]+", needed)[0] for needed in importlib.metadata.requires(name) or []
                          if "extra ==" not in needed]
    return found


def test_tests_are_collected_with_the_packages_that_scripts_test_installs():
    own = installed_by("scripts/requirements-test.txt")
    others = [module for module, distributions in importlib.metadata.packages_distributions().items()
              if not own & {re.sub("[-_.]+", "-", name.lower()) for name in distributions}]
    done = subprocess.run([sys.executable, "-c", COLLECT_WITHOUT, ROOT / "tests", *others], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
