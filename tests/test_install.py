"""The installed tree: the program finds its checkpoint wherever the tree is, and the manual page and the completions have
what --help has."""

import gzip
import os
import pty
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

from options import options
from transformer_c import program

ROOT = Path(__file__).resolve().parent.parent
BUILD = program.TRANSLATE.parent
SECONDS = 60
GERMAN = "Das Haus ist klein.\n"
NOBODY = 65534

pytestmark = pytest.mark.skipif(not (BUILD / "CMakeCache.txt").is_file(), reason="the program is outside its build directory")


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
    data = re.search(r"^CMAKE_INSTALL_PREFIX:PATH=(.*)", (BUILD / "CMakeCache.txt").read_text(), re.MULTILINE)[1]
    if Path(data, "share/transformer.c").exists():
        pytest.skip("another checkpoint is installed on this machine")
    done = run(at, "a")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (f"translate: {data}/share/transformer.c/checkpoints/en-de: the bundled checkpoint is not there, "
                           "nor beside the program; install it again, or name a checkpoint with --model or "
                           "TRANSFORMER_CHECKPOINT\n")
    assert run(at, "--help").returncode == run(at, "--version").returncode == 0


def test_a_release_program_holds_no_path_of_its_checkout(installed):
    if "CMAKE_BUILD_TYPE:STRING=Release" not in (BUILD / "CMakeCache.txt").read_text():
        pytest.skip("for debuggers, a debug build holds paths")
    assert os.fsencode(ROOT) not in (installed / "bin/translate").read_bytes()


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
