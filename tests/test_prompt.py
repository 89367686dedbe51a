"""The prompt of the program on a terminal, driven through a pseudo-terminal."""

import os
import re
import select
import signal
import stat
import subprocess
import termios
import time
from pathlib import Path

import pytest

from plain_checkpoint import plain_checkpoint
from processes import heed_interrupts
from transformer_c import program

ROOT = Path(__file__).resolve().parent.parent
EN_DE, EN_IPA = ROOT / "checkpoints/en-de", ROOT / "checkpoints/en-ipa"
SENTENCE, GERMAN = "The weather will be better tomorrow.", "Das Wetter wird morgen besser."
SECONDS = 60
WELCOME = "Type a text to translate it, :help for the commands, Ctrl-D to end.\n"
ENDS = "\x04"
ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|[=>]|\(B)")


def take_terminal(slave):
    """In the new process."""
    heed_interrupts()
    os.login_tty(slave)


class Terminal:
    """The program on a terminal of its own. `shown` is all that it has shown, without escape sequences."""

    def __init__(self, *arguments, model=EN_DE, home=None, environment=None, **options):
        self.master, slave = os.openpty()
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("XDG_", "TRANSFORMER_", "EDIT"))}
        clean |= {"TERM": "xterm", "COLUMNS": "100", "NO_COLOR": "1", "HOME": str(home or "/nonexistent")}
        termios.tcsetwinsize(slave, (40, 100))
        self.process = subprocess.Popen(
            [program.TRANSLATE, *(["-m", model] if model else []), *arguments], env={**clean, **(environment or {})},
            preexec_fn=lambda: take_terminal(slave), pass_fds=[slave], **options)
        os.close(slave)
        self.raw = b""

    @property
    def shown(self):
        return ESCAPES.sub("", self.raw.decode(errors="replace")).replace("\r", "")

    def read(self, until):
        """Reads until a condition holds. Fails after SECONDS."""
        end = time.monotonic() + SECONDS
        while not until():
            ready, _, _ = select.select([self.master], [], [], max(0, end - time.monotonic()))
            assert ready, f"nothing more after {self.shown!r}"
            try:
                piece = os.read(self.master, 65536)
            except OSError:  # the end, on Linux
                piece = b""
            if not piece:
                return until() or pytest.fail(f"ended after {self.shown!r}")
            self.raw += piece

    def ends_with_prompt(self, start=0):
        """What is shown from `start` ends with a line such as "en→de> "; those of --steps may end with "> ", too."""
        return re.search(r"(\A|\n)\S+→\S+> \Z", self.shown[start:])

    def reads_keys(self):
        """Whether the line editor reads; shortly before, the terminal still echoes itself."""
        return self.ends_with_prompt() and not termios.tcgetattr(self.master)[3] & termios.ICANON

    def at_prompt(self, start=0):
        """Waits for the prompt. Returns what was shown from `start`."""
        self.read(lambda: self.ends_with_prompt(start))
        end = time.monotonic() + SECONDS
        while not self.reads_keys():
            assert time.monotonic() < end
            time.sleep(0.001)
        return self.shown[start:]

    def type(self, text):
        os.write(self.master, text.encode())

    def enter(self, line):
        """Types a line at the prompt. Returns what is shown until the next prompt, without the line."""
        start = len(self.shown)
        self.type(line + "\n")
        self.read(lambda: "\n" in self.shown[start:])
        rest = self.at_prompt(start).split("\n", 1)[1]
        return rest[:rest.rfind("\n") + 1]

    def end(self, keys=ENDS):
        """Types keys that end the program. Returns its status and all that it has shown."""
        self.type(keys)
        ended = []
        while not ended:
            ready, _, _ = select.select([self.master], [], [], SECONDS)
            assert ready
            try:
                self.raw += os.read(self.master, 65536) or ended.append(True) or b""
            except OSError:
                ended.append(True)
        os.close(self.master)
        return self.process.wait(timeout=SECONDS), self.shown


def started(*arguments, **options):
    terminal = Terminal(*arguments, **options)
    terminal.at_prompt()
    return terminal


def run(*arguments, **options):
    return subprocess.run([program.TRANSLATE, *arguments], capture_output=True, text=True, timeout=SECONDS, check=True,
                          env={**os.environ, "COLUMNS": "100"}, **options)


def test_a_session():
    terminal = started()
    assert terminal.shown == WELCOME + "en→de> "
    assert terminal.enter(SENTENCE) == GERMAN + "\n"
    assert terminal.enter("") == terminal.enter("  ") == ""
    assert terminal.enter("Good morning.  Thank you!") == run("-m", EN_DE, "Good morning.  Thank you!").stdout
    status, shown = terminal.end()
    assert status == 0 and shown.endswith("en→de> ^D\n")


def test_quit_ends():
    status, shown = started().end(":quit\n")
    assert status == 0 and shown.endswith("\n")


def test_the_line_can_be_edited():
    terminal = started()
    left, home, end_of_line, backspace = "\x1b[D", "\x01", "\x05", "\x7f"
    assert terminal.enter("e weather will be betterx" + left + "\x04" + home + "Th" + end_of_line + " tomorrow.!" + backspace) \
        == GERMAN + "\n"
    terminal.end()


def test_text_beyond_ascii_is_read_as_typed():
    terminal = started()
    for text in ("Zürich – „naïve“ 日本語 😀", "\u0301a" * 3, "I see. " * 300):
        assert terminal.enter(text) == run("-m", EN_DE, text).stdout
    terminal.end()


# ---- commands ----

def test_help_lists_the_commands():
    terminal = started()
    shown = terminal.enter(":help")
    assert re.findall(r"^(:\w+)", shown, re.MULTILINE) == [":attention", ":steps", ":beam", ":model", ":help", ":quit"]
    assert all(len(line) <= 80 for line in shown.splitlines())
    terminal.end()


@pytest.mark.parametrize("command", [":", ":hlp", ":BEAM 4", ":-)", ":helpme"])
def test_an_unknown_command_says_what_there_is(command):
    terminal = started()
    assert terminal.enter(command) == (f"translate: unknown command {command.split()[0]}; there are :attention, :steps, :beam, "
                                       ":model, :help, :quit\n")
    assert terminal.enter(" " + command) == run("-m", EN_DE, " " + command).stdout
    terminal.end()


def test_attention_is_drawn_as_by_the_option():
    done = run("-m", EN_DE, "--attention", SENTENCE)
    terminal = started()
    assert terminal.enter(":attention") == "attention is on\n"
    assert terminal.enter(SENTENCE) == done.stdout + done.stderr
    assert terminal.enter(":attention") == "attention is off\n"
    assert terminal.enter(SENTENCE) == GERMAN + "\n"
    assert terminal.enter(":attention  decoder.1.cross_attention:2") == "attention is on\n"
    done = run("-m", EN_DE, "--attention=decoder.1.cross_attention:2", SENTENCE)
    assert terminal.enter(SENTENCE) == done.stdout + done.stderr
    assert "translate: " in terminal.enter(":attention nothing")
    assert terminal.enter(SENTENCE) == done.stdout + done.stderr
    terminal.end()


def test_steps_are_shown_as_by_the_option():
    done = run("-m", EN_DE, "--steps", "I see.")
    terminal = started()
    assert terminal.enter(":steps") == "steps are on\n"
    assert terminal.enter("I see.") == done.stderr + done.stdout
    assert terminal.enter(":steps") == "steps are off\n"
    assert terminal.enter("I see.") == done.stdout
    assert terminal.enter(":steps 3") == "translate: :steps takes no value\n"
    terminal.end()


def test_a_beam_searches_as_by_the_option():
    text = "There is a panther in the garden."
    greedy, beam = (run("-m", EN_DE, "--beam", n, text).stdout for n in "14")
    assert greedy != beam
    terminal = started()
    assert terminal.enter(text) == greedy
    assert terminal.enter(":beam 4") == ""
    assert terminal.enter(text) == beam
    for wrong in (":beam", ":beam 0", ":beam 17", ":beam -1", ":beam 4x", ":beam four"):
        assert terminal.enter(wrong) == "translate: the beam must be a number from 1 to 16, as in :beam 4\n"
    assert terminal.enter(text) == beam
    terminal.enter(":beam 1")
    assert terminal.enter(text) == greedy
    terminal.end()


def test_another_model_replaces_the_first_and_a_wrong_one_does_not():
    terminal = started("--beam", "3")
    assert terminal.shown.endswith("en→de> ")
    assert terminal.enter(f":model {EN_IPA}") == ""
    assert terminal.shown.endswith("English→IPA> ")
    assert terminal.enter("transformer") == "tɹænsfˈɔɹməɹ\n"
    assert terminal.enter(":model") == "translate: :model requires a checkpoint directory, as in :model checkpoints/en-ipa\n"
    assert terminal.enter(":model /nowhere").startswith("translate: /nowhere/config.json: cannot be opened")
    assert terminal.shown.endswith("English→IPA> ")
    assert terminal.enter("transformer") == "tɹænsfˈɔɹməɹ\n"
    terminal.enter(f":model {EN_DE}")
    text = "There is a panther in the garden."
    assert terminal.enter(text) == run("-m", EN_DE, "--beam", "3", text).stdout != run("-m", EN_DE, text).stdout
    terminal.end()


def test_the_attention_of_another_model_is_that_of_its_layers():
    terminal = started("--attention=encoder.7.self_attention")
    assert "encoder.7.self_attention" in terminal.enter("I see.")
    terminal.enter(f":model {EN_IPA}")  # which has fewer layers
    done = run("-m", EN_IPA, "--attention", "dog")
    assert terminal.enter("dog") == done.stdout + done.stderr
    terminal.end()


def test_the_language_of_to_is_in_the_prompt(tmp_path):
    pieces = ["<unk>", "</s>", "deu_Latn", "fra_Latn", "a", "b"]
    plain_checkpoint(tmp_path, pieces, {"splitter": "spaces", "lower_case": False}, languages={"deu_Latn": 2, "fra_Latn": 3},
                     target={"language": "deu_Latn", "n_vocabulary": len(pieces), "start": 1, "forced": [2], "end": 1, "pad": 0,
                             "silent": [0, 1]},
                     generation={"length_factor": 0, "length_extra": 3, "max_length": 3, "forced_end": True, "suppressed": []})
    terminal = started("--to", "fra_Latn", "--tokens", model=tmp_path)
    assert terminal.shown.endswith("en→fra_Latn> ")
    for beam in "2", "1":
        terminal.enter(f":beam {beam}")
        assert terminal.shown.endswith("en→fra_Latn> ")
        done = run("-m", tmp_path, "--to", "fra_Latn", "--tokens", "--beam", beam, "a b")
        assert "fra_Latn" in done.stderr
        assert terminal.enter("a b") == done.stderr + done.stdout
    terminal.end()


def test_options_hold_in_the_prompt():
    terminal = started("--tokens", "--plain")
    done = run("-m", EN_DE, "--tokens", "--plain", "Hello. See https://a.b")
    assert terminal.enter("Hello. See https://a.b") == done.stderr + done.stdout
    terminal.end()


# ---- history ----

UP = "\x1b[A"


def test_lines_are_remembered_for_the_next_run(tmp_path):
    terminal = started(home=tmp_path)
    first, second = terminal.enter("a dog"), terminal.enter("a house")
    assert first != second
    assert terminal.enter(UP + UP) == first
    terminal.end()
    terminal = started(home=tmp_path)
    assert terminal.enter(UP + UP) == second
    terminal.end()
    state = tmp_path / ".local/state/transformer.c"
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == [state / "history"]
    assert stat.S_IMODE((state / "history").stat().st_mode) == 0o600
    for directory in (state, state.parent, state.parent.parent):
        assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_the_history_is_private_whatever_the_mask_and_its_file(tmp_path):
    history = tmp_path / "transformer.c/history"
    history.parent.mkdir()
    history.touch(0o666)
    os.chmod(history, 0o666)
    terminal = started(environment={"XDG_STATE_HOME": str(tmp_path)}, umask=0)
    terminal.enter("a dog")
    terminal.end()
    assert "dog" in history.read_text() and stat.S_IMODE(history.stat().st_mode) == 0o600


def test_the_history_survives_a_kill(tmp_path):
    terminal = started(home=tmp_path)
    terminal.enter("a dog")
    terminal.process.kill()
    terminal.process.wait(timeout=SECONDS)
    terminal = started(home=tmp_path)
    assert terminal.enter(UP) == run("-m", EN_DE, "a dog").stdout
    terminal.end()


@pytest.mark.parametrize("what", ["no home", "relative", "a file", "read-only", "another program's", "a directory"])
def test_a_history_that_cannot_be_kept_is_no_failure(tmp_path, what):
    home, state = tmp_path / "home", tmp_path / "state"
    home.mkdir()
    environment = {"XDG_STATE_HOME": str(state)}
    if what == "no home":
        environment = {"HOME": "", "XDG_STATE_HOME": ""}
    elif what == "relative":
        environment = {"HOME": "", "XDG_STATE_HOME": "state"}
    elif what == "a file":
        state.write_text("mine")
    elif what == "read-only":
        environment = {"XDG_STATE_HOME": "/proc/self"}
    elif what == "another program's":
        (state / "transformer.c").mkdir(parents=True)
        (state / "transformer.c/history").write_text("mine\n")
    else:
        (state / "transformer.c/history").mkdir(parents=True)
    before = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    terminal = started(home=home, environment=environment, cwd=tmp_path)
    shown = terminal.enter("a dog")
    assert terminal.enter(UP) == shown  # remembered until the end
    status, shown = terminal.end()
    assert status == 0 and "translate:" not in shown
    assert {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_the_state_directory_has_precedence(tmp_path):
    home, state = tmp_path / "home", tmp_path / "state"
    home.mkdir()
    terminal = started(home=home, environment={"XDG_STATE_HOME": str(state)})
    terminal.enter("a dog")
    terminal.end()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [state / "transformer.c/history"]


# ---- when there is a prompt ----

def test_a_signal_ends_the_prompt_and_puts_the_terminal_back():
    master, slave = os.openpty()
    before = termios.tcgetattr(slave)[:4]
    os.close(master)
    os.close(slave)
    terminal = started()
    assert termios.tcgetattr(terminal.master)[:4] != before
    terminal.type("\x03")
    assert terminal.process.wait(timeout=SECONDS) == -signal.SIGINT
    assert termios.tcgetattr(terminal.master)[:4] == before


@pytest.mark.parametrize("arguments", [["--format", "jsonl"], ["--score"], ["--beam", "2", "--n-best", "2"],
                                       ["--encoding", "latin1"], ["-o", "OUT"]])
def test_no_prompt_for_lines_of_other_kinds(arguments, tmp_path):
    line = "a dog\ta cat" if "--score" in arguments else "a dog"
    arguments = [str(tmp_path / "out") if argument == "OUT" else argument for argument in arguments]
    terminal = Terminal(*arguments)
    status, shown = terminal.end(line + "\n" + ENDS)
    assert status == 0 and "> " not in shown and WELCOME.strip() not in shown


@pytest.mark.parametrize("text", ["The dog.\n:help\n:quit\n\nThe house.", ":beam 4\n", "", "\n"])
def test_piped_input_is_translated_as_it_is(text):
    """A pipe in, with a terminal or a pipe as output; and a terminal in, with a pipe as output."""
    expected = "".join(run("-m", EN_DE, line).stdout for line in text.split("\n"))
    if text.endswith("\n") or not text:
        expected = expected[:-1]
    assert run("-m", EN_DE, input=text).stdout == expected
    master, slave = os.openpty()
    termios.tcsetwinsize(slave, (40, 100))
    process = subprocess.Popen([program.TRANSLATE, "-m", EN_DE], stdin=subprocess.PIPE, stdout=slave, stderr=slave)
    process.communicate(text.encode(), timeout=SECONDS)
    os.write(slave, b"end")
    shown = b""
    while not shown.endswith(b"end"):
        shown += os.read(master, 65536)
    assert shown.decode().replace("\r", "") == expected + "end"
    os.close(slave), os.close(master)


def test_a_terminal_in_and_a_pipe_out():
    master, slave = os.openpty()
    process = subprocess.Popen([program.TRANSLATE, "-m", EN_DE], stdin=slave, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    os.close(slave)
    os.write(master, f"a dog\n:help\n{ENDS}".encode())
    out, err = process.communicate(timeout=SECONDS)
    assert (out.decode(), err) == (run("-m", EN_DE, "a dog").stdout + run("-m", EN_DE, ":help").stdout, b"")
    os.close(master)
