"""Nothing of the user's is lost: no file, directory or link that a run did not make is removed, moved, emptied or written
through, whatever names the input and the outputs have. The only exception is what `-o`, `--trace` or `--explain` name, and
that is replaced only by a whole result."""

import itertools
import os
import random
import resource
import shutil
import signal
import stat
import subprocess

import pytest

from edits import GOLDEN
from transformer_c import program

MODEL = GOLDEN / "relu"
SECONDS = 20  # a process that takes longer hangs
TEXT = b"I have a dog.\nGood morning.\n"


def run(*arguments, cwd, stdin=b"", model=MODEL, **options):
    """(exit status, standard output, standard error)"""
    options = {"stdout": subprocess.PIPE, **options}
    options |= {"input": stdin} if isinstance(stdin, bytes) else {"stdin": stdin}
    done = subprocess.run([program.TRANSLATE, "-m", model, "-t", "1", *arguments], cwd=cwd, stderr=subprocess.PIPE,
                          timeout=SECONDS, **options)
    return done.returncode, done.stdout, done.stderr.decode()


def translated(text=TEXT):
    return subprocess.run([program.TRANSLATE, "-m", MODEL], input=text, capture_output=True, check=True).stdout


def content(path):
    return path.read_bytes() if stat.S_ISREG(path.lstat().st_mode) else path.is_symlink() and os.readlink(path)


def everything(directory):
    """{name: what identifies it} of all that is there."""
    return {str(path.relative_to(directory)): (path.lstat().st_ino, path.lstat().st_mode, path.lstat().st_nlink,
                                               content(path)) for path in directory.rglob("*")}


def refused(said, *arguments, cwd, **options):
    """The message, which has `said`, of a run that changes nothing."""
    before = everything(cwd)
    status, _, message = run(*arguments, cwd=cwd, **options)
    assert status == 1 and said in message.splitlines()[-1], message
    assert everything(cwd) == before
    return message


# ---- the input is an output ----

@pytest.mark.parametrize("end", ["", ".partial", ".resume"])
@pytest.mark.parametrize("text", [TEXT, b"no line end", b"", b"\0"], ids=["lines", "no line end", "empty", "NUL"])
@pytest.mark.parametrize("resume", [[], ["--resume"]], ids=["new", "resume"])
def test_an_input_that_the_output_needs_is_refused(end, text, resume, tmp_path):
    (tmp_path / f"cv{end}").write_bytes(text)
    refused(f"cv{end}: is both input and output", "-i", f"cv{end}", "-o", "cv", *resume, cwd=tmp_path)


@pytest.mark.parametrize("end", ["", ".partial", ".resume"])
@pytest.mark.parametrize("make", [os.link, os.symlink], ids=["hard", "symbolic"])
def test_a_link_to_the_input_is_the_input(make, end, tmp_path):
    (tmp_path / "in").write_bytes(TEXT)
    make(tmp_path / "in", tmp_path / f"cv{end}")
    refused(f"cv{end}: is both input and output", "-i", "in", "-o", "cv", cwd=tmp_path)


@pytest.mark.parametrize("end", ["", ".partial", ".resume"])
def test_a_redirected_input_is_an_input(end, tmp_path):
    (tmp_path / f"cv{end}").write_bytes(TEXT)
    for arguments in ([], ["-i", "/dev/stdin"]):
        with (tmp_path / f"cv{end}").open("rb") as stdin:
            refused("is both input and output", *arguments, "-o", "cv", cwd=tmp_path, stdin=stdin)


@pytest.mark.parametrize("arguments", [["-i", "in"], [], ["-i", "in", "-o", "/dev/stdout"]], ids=" ".join)
def test_an_input_that_gets_the_output_is_refused(arguments, tmp_path):
    """As with `cat in >>in`, the input would never end."""
    (tmp_path / "in").write_bytes(TEXT)
    with (tmp_path / "in").open("rb") as stdin, (tmp_path / "in").open("ab") as stdout:
        refused("is both input and output", *arguments, cwd=tmp_path, stdin=stdin, stdout=stdout)


# ---- what is beside the output ----

FOREIGN = {"lines": b"mine\n", "no line end": b"mine", "NUL": b"precious\0data\nmore\n", "NULs": b"\0" * 5000 + b"x"}


@pytest.mark.parametrize("end", [".partial", ".resume"])
@pytest.mark.parametrize("mine", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("arguments", [["-i", "in"], ["-i", "in", "--resume"]], ids=" ".join)
def test_a_foreign_file_beside_the_output_is_refused(arguments, mine, end, tmp_path):
    (tmp_path / "in").write_bytes(TEXT)
    (tmp_path / f"john{end}").write_bytes(mine)
    message = refused("john.", *arguments, "-o", "john", cwd=tmp_path)
    assert "remove" not in message  # of what may be precious


@pytest.mark.parametrize("option", ["-o", "--trace", "--explain"])
@pytest.mark.parametrize("mine", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_partial_file_is_refused_by_every_output(mine, option, tmp_path):
    (tmp_path / "john.partial").write_bytes(mine)
    refused("john.partial: exists already", option, "john", "a", cwd=tmp_path)


def test_messages_name_files_as_they_were_named(tmp_path):
    (tmp_path / "john").write_bytes(b"old")
    (tmp_path / "link").symlink_to("john")
    (tmp_path / "john.partial").write_bytes(b"mine")
    assert refused("john.partial", "-o", "john", "a", cwd=tmp_path).startswith("translate: john.partial: exists already")
    refused(f"translate: {tmp_path}/john.partial: exists already", "-o", "link", "a", cwd=tmp_path)  # what the link means


@pytest.mark.parametrize("option", ["-o", "--trace", "--explain"])
def test_a_foreign_state_that_is_not_needed_stays(option, tmp_path):
    (tmp_path / "john.resume").write_bytes(b"mine")
    assert run(option, "john", "a", cwd=tmp_path)[0] == 0
    assert (tmp_path / "john.resume").read_bytes() == b"mine" and sorted(os.listdir(tmp_path)) == ["john", "john.resume"]


def make_hard_link(path):
    path.with_name("victim").write_bytes(b"")  # even an empty one: others would see what is written
    path.with_name("victim").hardlink_to(path) if path.exists() else os.link(path.with_name("victim"), path)


def make_link(path):
    path.with_name("victim").write_bytes(b"")
    path.symlink_to("victim")


def make_other_users(path):
    path.touch()
    path.chmod(0o666)
    os.chown(path, 65534, 65534)


ODD = {"hard link": (make_hard_link, "is a hard link to another file"),
       "symbolic link": (make_link, "is a symbolic link, not a regular file"),
       "dangling link": (lambda path: path.symlink_to("none"), "is a symbolic link, not a regular file"),
       "FIFO": (os.mkfifo, "is a device or pipe, not a regular file"),
       "directory": (os.mkdir, "cannot be written: Is a directory")}
if os.geteuid() == 0:
    ODD["other user's"] = make_other_users, "belongs to another user"


@pytest.mark.parametrize("resume", [[], ["--resume"]], ids=["new", "resume"])
@pytest.mark.parametrize("end", [".partial", ".resume"])
@pytest.mark.parametrize("make, said", ODD.values(), ids=ODD)
def test_what_is_no_file_of_ours_is_refused(make, said, end, resume, tmp_path):
    (tmp_path / "in").write_bytes(TEXT)
    make(tmp_path / f"john{end}")
    refused(f"john{end}: {said}", "-i", "in", "-o", "john", *resume, cwd=tmp_path)


@pytest.mark.parametrize("option", ["--trace", "--explain", "-o"])
@pytest.mark.parametrize("make, said", ODD.values(), ids=ODD)
def test_what_is_no_file_of_ours_is_refused_by_every_output(make, said, option, tmp_path):
    make(tmp_path / "john.partial")
    refused(f"john.partial: {said}", option, "john", "a", cwd=tmp_path)


@pytest.mark.parametrize("put", ["remove", "replace"])
def test_a_partial_file_that_is_replaced_meanwhile_is_not_moved(put, tmp_path):
    partial = tmp_path / "out.partial"
    with subprocess.Popen([program.TRANSLATE, "-m", MODEL, "-o", tmp_path / "out"], stdin=subprocess.PIPE,
                          stderr=subprocess.PIPE, bufsize=0) as process:
        process.stdin.write(b"a\n")
        while not (partial.exists() and partial.stat().st_size):
            assert process.poll() is None
        partial.unlink()
        if put == "replace":
            partial.write_bytes(b"")
        _, message = process.communicate(timeout=SECONDS)
        assert process.returncode == 1 and b"out.partial: was moved, replaced or removed" in message
    assert os.listdir(tmp_path) == ([partial.name] if put == "replace" else [])


def test_a_partial_file_that_gets_the_messages_is_refused(tmp_path):
    with (tmp_path / "o.partial").open("wb") as stderr:
        done = subprocess.run([program.TRANSLATE, "-m", MODEL, "-o", "o", "a"], cwd=tmp_path, stderr=stderr, timeout=SECONDS)
    assert done.returncode == 1
    assert b"o.partial: is standard output or standard error" in (tmp_path / "o.partial").read_bytes()


# ---- outputs among each other, and the checkpoint ----

SAME = ["-o o --trace o", "-o o --trace ./o", "-o o --trace o.partial", "-o o --trace o.resume", "-o o.partial --trace o",
        "-o o --explain ./o", "-o o --explain o.partial", "--trace t --explain t", "--trace t --explain ./t",
        "--trace t --explain d/../t", "--trace t.partial --explain t", "--trace t --explain t.partial",
        "-o link --trace target", "-o target --explain link", "--trace target --explain hard", "-o hard --trace link"]


@pytest.mark.parametrize("arguments", SAME)
def test_two_outputs_to_one_file_are_refused(arguments, tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "target").write_bytes(b"old")
    (tmp_path / "link").symlink_to("target")
    (tmp_path / "hard").hardlink_to(tmp_path / "target")
    message = refused(": is both ", *arguments.split(), "a", cwd=tmp_path)
    assert "choose another file" in message


def test_a_trace_on_the_file_that_gets_the_translation_is_refused(tmp_path):
    with (tmp_path / "o").open("wb") as stdout:
        for option in ("--trace", "--explain"):
            refused(": is both output and ", option, "o", "a", cwd=tmp_path, stdout=stdout)
            refused(": is both output and ", option, "/dev/stdout", "a", cwd=tmp_path, stdout=stdout)


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "source.spm", "target.spm", "source.vocab",
                                  "target.vocab"])
@pytest.mark.parametrize("option", ["-o", "--trace", "--explain"])
def test_a_file_of_the_checkpoint_is_no_output(option, name, tmp_path):
    shutil.copytree(GOLDEN / "odd", tmp_path / "m")
    if not (tmp_path / "m" / name).exists():
        pytest.skip("this checkpoint shares it")
    (tmp_path / "link").symlink_to(f"m/{name}")
    for path in (f"m/{name}", "link"):
        refused("is both part of the checkpoint and ", option, path, "a", cwd=tmp_path, model="m")


def test_devices_may_be_named_twice(tmp_path):
    arguments = ["-o", "/dev/null", "--trace", "/dev/null", "--explain", "/dev/null", "a"]
    assert run(*arguments, cwd=tmp_path)[:2] == (0, b"")
    assert run("-i", "/dev/null", "-o", "/dev/null", cwd=tmp_path) == (0, b"", "")


def test_a_file_without_a_name_is_no_output(tmp_path):
    with (tmp_path / "gone").open("wb") as file:
        (tmp_path / "gone").unlink()
        refused(": cannot be written: No such file", "-o", f"/dev/fd/{file.fileno()}", "a", cwd=tmp_path,
                pass_fds=[file.fileno()])


# ---- a result replaces the old one only when it is whole ----

def limit_size(n_bytes):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (n_bytes, n_bytes))
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python ignores it
    return limit


@pytest.mark.parametrize("option", ["--trace", "--explain"])
def test_a_limit_of_file_sizes_keeps_the_old_file(option, tmp_path):
    (tmp_path / "p").write_bytes(b"old")
    refused("p: cannot be written: File too large", option, "p", "a", cwd=tmp_path, preexec_fn=limit_size(8192))


def test_a_limit_of_file_sizes_is_named_on_standard_output(tmp_path):
    with (tmp_path / "out").open("wb") as stdout:
        status, _, message = run(cwd=tmp_path, stdin=b"I have a dog.\n" * 1000, stdout=stdout, preexec_fn=limit_size(100))
    assert status == 1 and message.endswith("\ntranslate: standard output: cannot be written: File too large\n")


@pytest.mark.parametrize("option", ["--trace", "--explain"])
def test_a_refused_text_keeps_the_old_file(option, tmp_path):
    (tmp_path / "p").write_bytes(b"old")
    refused("sentence", option, "p", "I am. You are." if option == "--trace" else "", cwd=tmp_path)


@pytest.mark.parametrize("option", ["--trace", "--explain"])
def test_a_trace_or_page_keeps_the_mode_of_the_old_one_and_follows_links(option, tmp_path):
    (tmp_path / "p").write_bytes(b"old")
    (tmp_path / "p").chmod(0o640)
    (tmp_path / "link").symlink_to("p")
    assert run(option, "link", "a", cwd=tmp_path)[0] == 0
    assert (tmp_path / "link").is_symlink() and (tmp_path / "p").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "p").stat().st_size > 1000 and sorted(os.listdir(tmp_path)) == ["link", "p"]


# ---- any names ----

def make_pool(directory):
    """Files of the user under names that collide with what the outputs a, b and f need."""
    for name in ("a", "b", "a.partial.partial"):
        (directory / name).write_bytes(name.encode() + b"\nmine\n")
    (directory / "c.partial").write_bytes(b"")
    (directory / "e.resume").write_bytes(b"mine")
    (directory / "d").mkdir()
    (directory / "d/up").symlink_to("..")
    (directory / "soft").symlink_to("a")
    (directory / "hard").hardlink_to(directory / "b")
    (directory / "dangling").symlink_to("c")
    os.mkfifo(directory / "f.partial")
    os.mkfifo(directory / "f.resume")
    shutil.copytree(MODEL, directory / "m")


NAMES = ["a", "./a", "d/up/a", "a.partial", "a.resume", "a.partial.partial", "b", "c", "c.partial", "d/up/c.partial", "d",
         "dangling", "e", "e.resume", "e.partial", "f", "g", "hard", "soft", "new", "d/new", "d/up/new", "new.partial", "",
         "m/config.json", "m/model.safetensors", "d/up/m/source.vocab"]


def outputs_are_whole(directory, outputs, expected):
    for option, name in outputs.items():
        made = (directory / name).read_bytes()
        if option == "-o":
            assert made == expected
        elif option == "--trace":
            assert made[8:24] == b'{"__metadata__":'
        else:
            assert made[:15].lower() == b"<!doctype html>"


@pytest.mark.parametrize("seed", range(4))
def test_any_names(seed, tmp_path):
    chance = random.Random(seed)
    n_ok = 0
    for number in range(40):
        directory = tmp_path / str(number)
        directory.mkdir()
        make_pool(directory)
        before = everything(directory)
        if chance.random() < 0.5:
            options, rest = chance.sample(["-o", "--trace", "--explain"], chance.randint(1, 3)), ["I have a dog."]
        else:
            options, rest = ["-o"], ["-i", chance.choice(["a", "b", "e.resume", "c.partial", "hard", "soft"]),
                                     *chance.choice([[], ["--resume"]])]
        outputs = {option: chance.choice(NAMES) for option in options}
        arguments = [*itertools.chain(*outputs.items()), *rest]
        where = f"{number}: {arguments}"
        expected = translated(b"I have a dog.\n" if rest[0] != "-i" else (directory / rest[1]).read_bytes())
        status, _, message = run(*arguments, cwd=directory, model="m")
        after = everything(directory)
        if status:
            assert after == before, where
            continue
        n_ok += 1
        outputs_are_whole(directory, outputs, expected)
        replaced = {os.path.relpath((directory / name).resolve(), directory.resolve()) for name in outputs.values()}
        links = {"b", "hard"} if replaced & {"b", "hard"} else set()  # the other one has fewer names
        taken = {f"{name}.partial" for name in replaced if before.get(f"{name}.partial", (0, 0, 0, 0))[3] == b""}
        assert {name for name in before if after.get(name) != before[name]} <= replaced | links | taken, where
        assert after.keys() - before.keys() <= replaced, where
        for name in links - replaced:
            assert after[name][3] == before[name][3], where
    assert 5 <= n_ok <= 35  # both are tried
