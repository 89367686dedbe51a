"""The installed tree: the program finds its checkpoint wherever the tree is, the manual page and the completions have what
--help has, and other programs link the library."""

import gzip
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from options import options
from transformer_c import program

ROOT = Path(__file__).resolve().parent.parent
BUILD = program.TRANSLATE.parent
CACHE = (BUILD / "CMakeCache.txt").read_text() if (BUILD / "CMakeCache.txt").is_file() else ""


def cache(name):
    found = re.search(rf"^{name}:\w+=(.*)", CACHE, re.MULTILINE)
    return found[1] if found else ""


LIBRARIES = cache("CMAKE_INSTALL_LIBDIR")
CONFIGURATION = cache("CMAKE_BUILD_TYPE").lower()
SECONDS = 60
GERMAN = "Das Haus ist klein.\n"
NOBODY = 65534

pytestmark = pytest.mark.skipif(not CACHE, reason="the program is outside its build directory")


def install(prefix, **environment):
    arguments = [] if environment else ["--prefix", prefix]
    subprocess.run(["cmake", "--install", BUILD, *arguments], check=True, capture_output=True,
                   env={**os.environ, **environment})


@pytest.fixture(scope="module")
def installed():
    """An installed tree that all users may read; not to be changed."""
    with tempfile.TemporaryDirectory() as directory:
        os.chmod(directory, 0o755)
        install(f"{directory}/prefix")
        yield Path(directory) / "prefix"


def run(program, *arguments, environment=None, **options):
    clean = {name: value for name, value in os.environ.items() if name != "TRANSFORMER_CHECKPOINT"}
    return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=SECONDS, cwd="/",
                          env={**clean, **(environment or {})}, **options)


def german(program, **options):
    done = run(program, "The house is small.", **options)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def checkpoint_of(program, **options):
    done = run(program, "--info", **options)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.split("\n")[0].removeprefix("checkpoint").strip())


def test_the_tree_has_these_files(installed):
    assert {str(path.relative_to(installed)) for path in installed.rglob("*") if not path.is_dir()} == {
        "bin/translate", "share/man/man1/translate.1.gz", "share/bash-completion/completions/translate",
        "share/zsh/site-functions/_translate", "share/fish/vendor_completions.d/translate.fish",
        "share/doc/transformer.c/copyright", "share/doc/transformer.c/changelog.gz",
        "include/transformer.h", *(f"{LIBRARIES}/{name}" for name in (
            "libtransformer.so libtransformer.so.0 libtransformer.so.0.1.0 pkgconfig/transformer.pc "
            "cmake/transformer/transformer-config.cmake cmake/transformer/transformer-config-version.cmake "
            "cmake/transformer/transformer-targets.cmake "
            f"cmake/transformer/transformer-targets-{CONFIGURATION}.cmake").split()),
        *(f"share/transformer.c/checkpoints/en-de/{name}" for name in (
            "config.json model.safetensors source.spm source.vocab README.md ATTRIBUTION.md").split())}


@pytest.mark.parametrize("how", ["moved", "copied", "linked", "in a linked directory", "with DESTDIR"])
def test_the_program_translates_wherever_it_is(installed, tmp_path, how):
    tree, program = tmp_path / "a tree/usr", "bin/translate"
    if how == "with DESTDIR":
        install(None, DESTDIR=str(tmp_path / "stage"))
        [found] = (tmp_path / "stage").rglob("bin/translate")
        assert german(found) == GERMAN
        assert checkpoint_of(found).is_relative_to(tmp_path / "stage")
        return
    shutil.copytree(installed, tree)
    if how == "moved":
        tree = tree.rename(tmp_path / "moved")
    elif how == "linked":
        (tmp_path / "link").symlink_to(tree / program)
        program = "../../link"
    elif how == "in a linked directory":
        (tmp_path / "link").symlink_to(tree)
        program = "../../link/bin/translate"
    assert german(tree / program) == GERMAN
    assert checkpoint_of(tree / program) == tree / "share/transformer.c/checkpoints/en-de"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to become somebody else")
def test_another_user_translates_with_a_read_only_tree(installed):
    subprocess.run(["chmod", "-R", "a-w", installed], check=True)
    done = run("touch", installed / "bin/new", user=NOBODY, group=NOBODY)
    assert "Permission denied" in done.stderr
    assert german(installed / "bin/translate", user=NOBODY, group=NOBODY) == GERMAN


def test_the_environment_names_another_checkpoint_and_model_overrides_it(installed):
    at, golden = installed / "bin/translate", ROOT / "tests/golden"
    environment = {"TRANSFORMER_CHECKPOINT": str(golden / "relu")}
    assert checkpoint_of(at, environment=environment) == golden / "relu"
    done = run(at, "-m", golden / "int8", "--info", environment=environment)
    assert done.stdout.split()[1] == str(golden / "int8")
    assert german(at, environment={"TRANSFORMER_CHECKPOINT": ""}) == GERMAN
    done = run(at, "a", environment={"TRANSFORMER_CHECKPOINT": "/nowhere"})
    assert (done.returncode, done.stdout) == (1, "") and done.stderr.startswith("translate: /nowhere/config.json: ")


def test_a_program_without_a_checkpoint_says_what_to_do(installed, tmp_path):
    at = shutil.copy(installed / "bin/translate", tmp_path)
    data = cache("CMAKE_INSTALL_PREFIX")
    if Path(data, "share/transformer.c").exists():
        pytest.skip("another checkpoint is installed on this machine")
    done = run(at, "a")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (f"translate: {data}/share/transformer.c/checkpoints/en-de: the bundled checkpoint is not there, "
                           "nor beside the program; install it again, or name a checkpoint with --model or "
                           "TRANSFORMER_CHECKPOINT\n")
    assert run(at, "--help").returncode == run(at, "--version").returncode == 0


def test_a_release_build_holds_no_path_of_its_checkout(installed):
    if CONFIGURATION != "release":
        pytest.skip("for debuggers, a debug build holds paths")
    for path in installed.rglob("*"):
        assert path.is_dir() or os.fsencode(ROOT) not in path.read_bytes(), path


def test_the_changelog_has_the_version():
    version = run(program.TRANSLATE, "--version").stdout.split()[-1]
    assert (ROOT / "packaging/changelog").read_text().startswith(f"transformer.c ({version}) ")


# ---- the manual page ----

def test_the_manual_page_says_what_help_says(installed):
    page = gzip.decompress((installed / "share/man/man1/translate.1.gz").read_bytes())
    if not shutil.which("groff"):
        pytest.skip("needs groff")
    done = subprocess.run(["groff", "-man", "-Kutf8", "-Tutf8", "-ww", "-P-cbou", "-rLL=200n", "-rHY=0"], input=page,
                          capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    shown = done.stdout.decode().replace("\u2010\n", "-")

    def words(text):
        return re.sub(r"[`\s]+|, 0|Exit status:", " ", text.replace("\u2010", "-").replace("\u2212", "-")).split()

    assert re.search(r"^NAME\n +translate - translates TEXT with a Transformer checkpoint$", shown, re.MULTILINE)
    shown_help = re.sub(r"^([A-Z][a-z ]+):$", r"\1", run(program.TRANSLATE, "--help").stdout, flags=re.MULTILINE)
    help_words, page_words = words(shown_help), words(shown)
    start = page_words.index("SYNOPSIS")
    headings = {"SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT", "STATUS"}
    assert [word for word in page_words[start:] if word not in headings][:len(help_words)] == help_words


# ---- the library ----

unsanitized = pytest.mark.skipif(bool(cache("TRANSFORMER_SANITIZE")), reason="programs need a sanitizer to load the library")


def declared(text):
    """The functions that the public header declares."""
    return set(re.findall(r"\b(transformer_\w+)\(", re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)))


def test_the_library_exports_the_functions_of_its_header_and_nothing_else(installed):
    shown = subprocess.run(["nm", "-D", "--defined-only", installed / LIBRARIES / "libtransformer.so"], capture_output=True,
                           text=True, check=True).stdout.split("\n")
    functions = declared((installed / "include/transformer.h").read_text())
    assert len(functions) > 10
    assert {line.split(" ", 1)[1] for line in shown if line} == {
        "A TRANSFORMER_0.1", *(f"T {function}@@TRANSFORMER_0.1" for function in functions)}


def test_the_library_has_a_versioned_name_and_no_path(installed):
    shown = subprocess.run(["readelf", "-d", installed / LIBRARIES / "libtransformer.so"], capture_output=True, text=True,
                           check=True).stdout
    assert re.findall(r"SONAME.*\[(.*)\]", shown) == ["libtransformer.so.0"]
    assert "RUNPATH" not in shown and "RPATH" not in shown


def found_by_pkg_config(tree, *arguments):
    done = subprocess.run(["pkg-config", *arguments, "transformer"], capture_output=True, text=True, check=True,
                          env={**os.environ, "PKG_CONFIG_PATH": f"{tree / LIBRARIES}/pkgconfig"})
    return done.stdout.split()


def example_shows(program, tree, text="The weather will be better tomorrow."):
    done = run(program, tree / "share/transformer.c/checkpoints/en-de", text)
    assert (done.returncode, done.stderr) == (0, "")
    expected = run(tree / "bin/translate", text).stdout
    best = run(tree / "bin/translate", "--beam", "4", "--n-best", "3", text).stdout.splitlines()
    assert len(best) == 3
    rows = [line.split("\t")[1:] for line in best]
    assert done.stdout == expected + "".join(f"{float(score):8.4f}  {translation}\n" for score, translation in rows)


@unsanitized
@pytest.mark.parametrize("compiler", ["gcc -std=c11", "clang -std=c11", "g++ -x c++ -std=c++98", "clang++ -x c++"])
@pytest.mark.parametrize("how", ["installed", "moved"])
def test_the_c_example_with_pkg_config(installed, tmp_path, compiler, how):
    if not shutil.which(compiler.split()[0]):
        pytest.skip(f"needs {compiler.split()[0]}")
    tree = installed
    if how == "moved":
        tree = shutil.copytree(installed, tmp_path / "copy", symlinks=True).rename(tmp_path / "moved")
    flags = found_by_pkg_config(tree, "--cflags", "--libs")
    subprocess.run([*compiler.split(), "-Wall", "-Wextra", "-Wpedantic", "-Werror", ROOT / "examples/translate.c", "-o",
                    tmp_path / "example", *flags, f"-Wl,-rpath,{tree / LIBRARIES}"], check=True)
    example_shows(tmp_path / "example", tree)
    done = run(tmp_path / "example", "/nowhere", "a")
    assert (done.returncode, done.stdout) == (1, "") and done.stderr.startswith("/nowhere/config.json: cannot be opened")


@unsanitized
def test_the_c_example_with_cmake(installed, tmp_path):
    for command in (["cmake", "-S", ROOT / "examples", "-B", tmp_path, f"-DCMAKE_PREFIX_PATH={installed}"],
                    ["cmake", "--build", tmp_path]):
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    example_shows(tmp_path / "example", installed)


def test_the_cmake_package_refuses_another_version(installed, tmp_path):
    (tmp_path / "CMakeLists.txt").write_text("cmake_minimum_required(VERSION 3.25)\nproject(a NONE)\n"
                                             "find_package(transformer 0.2 REQUIRED)\n")
    done = subprocess.run(["cmake", "-S", tmp_path, "-B", tmp_path / "build", f"-DCMAKE_PREFIX_PATH={installed}"],
                          capture_output=True, text=True)
    assert done.returncode != 0 and "version: 0.1.0" in done.stderr


@unsanitized
def test_the_python_example(installed):
    text = "The weather will be better tomorrow."
    checkpoint = installed / "share/transformer.c/checkpoints/en-de"
    environment = {"PKG_CONFIG_PATH": f"{installed / LIBRARIES}/pkgconfig"}
    done = run(sys.executable, ROOT / "examples/translate.py", checkpoint, text, environment=environment)
    assert (done.returncode, done.stderr) == (0, "")
    translation, rest = done.stdout.split("\n", 1)
    assert translation + "\n" == run(installed / "bin/translate", text).stdout
    with tempfile.NamedTemporaryFile() as file:
        assert run(installed / "bin/translate", "--trace", file.name, text).returncode == 0
        tensors = load_file(file.name)
    expected = {name: weights for name, weights in tensors.items() if name.endswith(".cross_attention.weights")}
    assert len(expected) == 2
    shown = re.findall(r"^(\S+) \((\d+), (\d+)\) \[([\d\s]+)\]", rest, re.MULTILINE)
    assert [name for name, *_ in shown] == list(expected)
    for name, rows, columns, indices in shown:
        weights = expected[name].reshape(int(rows), int(columns))
        assert [int(index) for index in indices.split()] == weights.argmax(1).tolist()
    done = run(sys.executable, ROOT / "examples/translate.py", checkpoint, "A dog. A cat.", environment=environment)
    assert done.returncode == 1
    assert done.stderr == "the text has 1 lines and 2 sentences; a trace requires a single sentence\n"


# ---- completion ----

def on_terminal(shell, setup, lines):
    """What `translate`, here a function that shows its arguments, gets from lines typed in a shell; \\t completes."""
    typed = "".join(f"{line}\n" for line in [*setup, "translate() { printf '<%s>' \"$@\"; echo '|'; }", *lines, "exit"])
    master, slave = pty.openpty()
    process = subprocess.Popen(shell, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, close_fds=True,
                               env={**os.environ, "TERM": "dumb", "PS1": "$ ", "INPUTRC": "/dev/null"})
    os.close(slave)
    os.write(master, typed.encode())
    shown = b""
    try:
        while piece := os.read(master, 65536):
            shown += piece
    except OSError:  # the end, on Linux
        pass
    os.close(master)
    process.wait(timeout=SECONDS)
    return re.findall(r"^(<.*>)\|", shown.decode().replace("\r", ""), re.MULTILINE)


LINES = {
    "translate --mod\t": "<--model>",
    "translate --format j\t": "<--format><jsonl>",
    "translate -m chec\ta": "<-m><checkpoints/a>",
    "translate --model=chec\ta": "<--model=checkpoints/a>",
    "translate -i te\t": "<-i><text file>",
    "translate --resume --inf\t": "<--resume><--info>",
    "translate --attention --tok\t": "<--attention><--tokens>",
    "translate --beam chec\t": "<--beam><chec>",
    "translate --beam 4 --attent\tall": "<--beam><4><--attention=all>",
}


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_on_a_terminal(installed, tmp_path, shell):
    if not shutil.which(shell):
        pytest.skip(f"needs {shell}")
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "text file").touch()
    share = installed / "share"
    setup, command = {
        "bash": ([f". {share}/bash-completion/completions/translate"], ["bash", "--norc", "--noprofile", "-i"]),
        "zsh": ([f"fpath+=({share}/zsh/site-functions); autoload -Uz compinit; compinit -u -D; "
                 "zstyle ':completion:*' insert-tab false"], ["zsh", "-f", "-i"]),
    }[shell]
    found = on_terminal(command, [f"cd {tmp_path}", *setup], list(LINES))
    assert found == list(LINES.values())


def test_completion_in_fish(installed):
    if not shutil.which("fish"):
        pytest.skip("needs fish")
    file = installed / "share/fish/vendor_completions.d/translate.fish"

    def completions(line):
        done = subprocess.run(["fish", "--no-config", "-c", f"source {file}; complete -C '{line}'"], capture_output=True,
                              text=True, timeout=SECONDS, cwd=ROOT)
        assert done.returncode == 0, done.stderr
        return [shown.split("\t")[0] for shown in done.stdout.splitlines()]

    assert {name.removesuffix("=") for name in completions("translate --")} == {f"--{name}" for name in options()}
    letters = {f"-{short}" for short, _ in options().values() if short}
    assert {name for name in completions("translate -") if len(name) == 2} == letters
    assert sorted(completions("translate --format ")) == ["jsonl", "text"]
    assert completions("translate -m checkp") == ["checkpoints/"]
    assert completions("translate -i READ") == ["README.md"]
    assert completions("translate --beam ") == []


@pytest.mark.parametrize("file", ["bash-completion/completions/translate", "zsh/site-functions/_translate",
                                  "fish/vendor_completions.d/translate.fish"])
def test_every_option_can_be_completed(installed, file):
    text = (installed / "share" / file).read_text()
    missing = [name for name in options() if not re.search(rf"(--|-l ){name}(?![\w-])", text)]
    assert not missing
