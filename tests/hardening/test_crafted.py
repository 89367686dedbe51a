"""The program rejects crafted checkpoints (crafted.py) with a one-line message and exit status 1, fast and in little memory."""

import io
import subprocess

import pytest

from crafted import CASES, RELU, SOUND
from edits import GOLDEN, copy_of
from transformer_c import program

MEASURE = program.TRANSLATE.parent / "tests/measure"
SANITIZED = b"__asan_init" in program.TRANSLATE.read_bytes()
SECONDS = 30  # a process that takes longer hangs
TEXT = "I have a xxx yyy aaa."
LONG_TEXT = f"{'x' * 3000} {'y' * 100} {'a' * 100} Zu\u0308rich \ufb01ne \u2163."


def run(checkpoint, directory, text=TEXT):
    """The finished process, its exit status, CPU time in seconds, and peak memory in kilobytes."""
    done = subprocess.run([MEASURE, directory / "measured", program.TRANSLATE, "--threads", "1", "-m", checkpoint, text],
                          capture_output=True, timeout=SECONDS)
    status, seconds, kilobytes = (directory / "measured").read_text().split()
    return done, int(status), float(seconds), int(kilobytes)


@pytest.fixture(scope="session")
def normal_kilobytes(tmp_path_factory):
    """The memory of a translation with a golden checkpoint."""
    done, status, _, kilobytes = run(RELU, tmp_path_factory.mktemp("normal"))
    assert status == 0 and done.stdout.strip()
    return kilobytes


def test_there_are_many_cases_each_of_another_name():
    assert len({case.name for case in CASES}) == len(CASES) > 200


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_crafted_checkpoint_is_refused(case, tmp_path, normal_kilobytes):
    checkpoint = case.build(tmp_path)
    done, status, seconds, kilobytes = run(checkpoint, tmp_path)
    said = done.stderr.decode()
    assert (status, done.stdout) == (1, b""), said
    assert said.startswith(f"translate: {checkpoint / (case.names or case.file)}") and case.said in said
    assert said.endswith("\n") and said[:-1].isprintable()
    if not SANITIZED:
        assert seconds < 1 and kilobytes < 2 * normal_kilobytes


@pytest.mark.parametrize("name", SOUND)
def test_an_odd_checkpoint_that_is_sound_passes(name, tmp_path):
    file, change = SOUND[name]
    checkpoint = copy_of("relu", tmp_path)
    change(checkpoint / file)
    done, status, seconds, _ = run(checkpoint, tmp_path, LONG_TEXT)
    assert status == 0 and done.stdout.count(b"\n") == 1, done.stderr
    assert b"\x1b" not in done.stderr and b"self" not in done.stderr
    assert SANITIZED or seconds < 1


LINES = [text for name in ("source", "target") for text in (GOLDEN / f"{name}.txt").read_text().splitlines()] * 5


@pytest.mark.parametrize("options", [
    dict(model_type="unigram"), dict(model_type="bpe"), dict(model_type="char"), dict(model_type="word", vocab_size=40),
    dict(user_defined_symbols=["<a>", "<a", "<ab>"], control_symbols=["<c>"]), dict(normalization_rule_name="identity"),
    dict(normalization_rule_name="nmt_nfkc_cf", treat_whitespace_as_suffix=True),
    dict(byte_fallback=True, vocab_size=350, pad_id=3), dict(self_test_sample_size=5, split_digits=True)], ids=str)
def test_what_sentencepiece_trains_passes(options, tmp_path):
    sentencepiece = pytest.importorskip("sentencepiece")
    checkpoint, model = copy_of("relu", tmp_path), io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES), model_writer=model, minloglevel=2, **{"vocab_size": 90, **options})
    (checkpoint / "source.spm").write_bytes(model.getvalue())
    done, status, *_ = run(checkpoint, tmp_path)
    assert status == 0 and done.stdout.count(b"\n") == 1, done.stderr
