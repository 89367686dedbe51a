"""Checkpoints of several languages: --to, the list of --info, and SentencePiece models as large as theirs."""

import json
import random
import subprocess
import time

import pytest

from bpe_lines import PHRASES
from edits import GOLDEN, config
from plain_checkpoint import plain_checkpoint
from transformer_c import program

PIECES = ["<unk>", "</s>", "deu_Latn", "fra_Latn", "nld_Latn", "zho_Hans", "zho_Hant", "a", "b"]
LANGUAGES = {piece: id_ for id_, piece in enumerate(PIECES) if "_" in piece}


def checkpoint(directory, forced, **changes):
    """One that translates to the token of the language, or after it, and one more."""
    return plain_checkpoint(directory, PIECES, {"splitter": "spaces", "lower_case": False}, languages=LANGUAGES,
                            target={"language": "deu_Latn", "n_vocabulary": len(PIECES), "start": 1 if forced else 2,
                                    "forced": forced, "end": 1, "pad": 0, "silent": [0, 1]},
                            generation={"length_factor": 0, "length_extra": 3, "max_length": 3, "forced_end": True,
                                        "suppressed": []}, **changes)


def run(directory, *arguments, text="a b"):
    return subprocess.run([program.TRANSLATE, "-m", directory, *arguments, *([text] if text else [])], capture_output=True,
                          text=True)


def target(directory, *arguments):
    """The target ids of the only line."""
    done = program.translate_objects(directory, ["a b"], "--plain", *arguments)
    return [token["id"] for token in done[0]["sentences"][0]["tokens"]["target"]]


@pytest.mark.parametrize("name", LANGUAGES)
def test_the_forced_id_is_that_of_the_language(tmp_path, name):
    checkpoint(tmp_path, [2])
    assert target(tmp_path)[0] == 2
    assert target(tmp_path, "--to", name)[0] == LANGUAGES[name]
    done = run(tmp_path, "--to", name)
    assert done.returncode == 0 and "_" not in done.stdout  # languages write nothing


def start_piece(directory, *arguments):
    """The piece that the decoder reads first, from the explanation's data."""
    page = directory / "page.html"
    assert run(directory, *arguments, "--explain", page).returncode == 0
    data = page.read_text(encoding="utf-8").split('id="data">')[1].split("</script>")[0]
    return json.loads(data)["checkpoint"]["start"]


def test_without_a_forced_id_the_language_is_the_start(tmp_path):
    """As in mBART-25."""
    checkpoint(tmp_path, [])
    assert [start_piece(tmp_path), start_piece(tmp_path, "--to", "fra_Latn")] == ["deu_Latn", "fra_Latn"]
    checkpoint(tmp_path, [2])
    assert start_piece(tmp_path, "--to", "fra_Latn") == "</s>"


def test_info_lists_the_languages(tmp_path):
    checkpoint(tmp_path, [2])
    shown = run(tmp_path, "--info", text=None).stdout.splitlines()
    assert "languages             en to deu_Latn" in shown
    assert "languages for --to    deu_Latn fra_Latn nld_Latn zho_Hans zho_Hant" in shown
    assert "frame                 source text, target </s> deu_Latn text </s>" in shown
    assert not any("--to" in line for line in run(GOLDEN / "relu", "--info", text=None).stdout.splitlines())


@pytest.mark.parametrize("name, said", [
    ("zho_Hand", "unknown --to zho_Hand; similar: zho_Hans, zho_Hant; --info lists all 5; see"),
    ("nld", "unknown --to nld; similar: nld_Latn; --info"), ("deu_latn", "similar: deu_Latn;"),
    ("", "unknown --to "), ("x" * 5000, f"unknown --to {'x' * 60}; --info")])
def test_an_unknown_language_is_a_usage_error_with_similar_names(tmp_path, name, said):
    checkpoint(tmp_path, [2])
    done = run(tmp_path, "--to", name)
    assert (done.returncode, done.stdout) == (2, "") and said in done.stderr and done.stderr.count("\n") == 1


def test_a_checkpoint_without_languages_says_so():
    done = run(GOLDEN / "relu", "--to", "deu")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--to deu: the checkpoint has no languages to choose from" in done.stderr


def test_a_code_is_put_before_lines_that_have_none():
    """golden/gelu has >>deu<<; its sentences are the same with the code and with the option."""
    lines = ["The house is small. I have a dog.", ">>deu<< Good morning.", ">>eng<< Good morning.", ""]
    with_code = [line if line.startswith(">>") or not line else f">>deu<< {line}" for line in lines]
    for options in ([], ["--plain"]):
        expected = program.translate_tokens(GOLDEN / "gelu", with_code, *options)
        found = program.translate_tokens(GOLDEN / "gelu", lines, *options, "--to", "deu")
        assert [[(s.source, s.target) for s in line] for line in found] == [
            [(s.source, s.target) for s in line] for line in expected]
        assert found != program.translate_tokens(GOLDEN / "gelu", lines, *options)
    assert program.translate(GOLDEN / "gelu", lines[:1], "--to", "deu").stdout == program.translate(
        GOLDEN / "gelu", with_code[:1]).stdout
    assert "similar: deu" in run(GOLDEN / "gelu", "--to", "dea").stderr


def test_a_run_resumes_in_its_language_only(tmp_path):
    model, text, out = tmp_path / "model", tmp_path / "in", tmp_path / "out"
    checkpoint(model, [2])
    text.write_text("a b\n" * 20000)
    process = subprocess.Popen([program.TRANSLATE, "-m", model, "-i", text, "-o", out, "--to", "fra_Latn"],
                               stderr=subprocess.DEVNULL)
    partial = tmp_path / "out.partial"
    while process.poll() is None and not (partial.exists() and partial.stat().st_size > 0):
        time.sleep(0.01)
    process.terminate()
    process.wait()
    for arguments in ([], ["--to", "deu_Latn"]):
        done = run(model, "-i", text, "-o", out, "--resume", *arguments, text=None)
        assert done.returncode == 1 and "the language has changed since this run began" in done.stderr
    assert run(model, "-i", text, "-o", out, "--resume", "--to", "fra_Latn", text=None).returncode == 0
    assert out.read_text().count("\n") == 20000


@pytest.mark.parametrize("languages, said", [
    ([], "\"languages\" is an array, expected an object"),
    ({"deu": 9}, "languages: \"deu\" is 9, expected an integer from 0 to 8"),
    ({"": 1}, "a name has 0 bytes, expected 1 to 31"), ({"d" * 32: 1}, "a name has 32 bytes"),
    ({f"l{i}": 1 for i in range(257)}, "languages: more than the 256 allowed")], ids=range(5))
def test_wrong_languages_are_refused(tmp_path, languages, said):
    checkpoint(tmp_path, [2])
    config(languages=languages)(tmp_path / "config.json")
    done = run(tmp_path)
    assert done.returncode == 1 and said in done.stderr


def varint(n):
    return bytes([n]) if n < 128 else bytes([n & 127 | 128]) + varint(n >> 7)


def field(number, content):
    return varint(number << 3 | 2) + varint(len(content)) + content


def large_model(small, own, n):
    """The bytes of a SentencePiece model, whose processor is `own`, with random pieces behind its own, n in all."""
    choose, pieces = random.Random(1), {}
    while len(pieces) < n:
        piece = "▁" * (choose.random() < 0.5) + "".join(chr(choose.choice([97, 0xe0, 0x430, 0x4e00]) + choose.randrange(24))
                                                        for _ in range(choose.randrange(2, 9)))
        pieces[piece] = b"\x15" + choose.randbytes(2) + b"\x80\xc1"  # a score near -16
    more = [field(1, field(1, piece.encode()) + score) for piece, score in pieces.items()
            if own.piece_to_id(piece) == own.unk_id()]
    return b"".join(more[:n - len(own)]) + small.read_bytes()


def test_a_sentencepiece_model_of_256_000_pieces(tmp_path):
    """NLLB's size. With the ids in another order, 206 languages behind them; the ids are those of sentencepiece's pieces."""
    sentencepiece = pytest.importorskip("sentencepiece")
    n, small = 256_000, GOLDEN / "both.spm"
    content = large_model(small, sentencepiece.SentencePieceProcessor(model_file=str(small)), n)
    pieces = sentencepiece.SentencePieceProcessor(model_proto=content)
    assert len(pieces) == n and len(content) > 4_000_000
    order = [pieces.id_to_piece(i) for i in range(n)]
    random.Random(2).shuffle(order)
    names = [f"lang{i}" for i in range(206)]
    vocabulary = ["<unk>", "</s>", *(piece for piece in order if piece not in ("<unk>", "</s>")), *names]
    ids = {piece: id_ for id_, piece in enumerate(vocabulary)}
    plain_checkpoint(tmp_path, vocabulary, {"splitter": "sentencepiece", "lower_case": False},
                     languages={name: ids[name] for name in names})
    (tmp_path / "source.spm").write_bytes(content)
    found = program.translate_tokens(tmp_path, PHRASES, "--plain", "--to", "lang205")
    for sentences, line in zip(found, PHRASES, strict=True):
        expected = [ids.get(piece, 0) for piece in pieces.encode(line, out_type=str)]
        assert [id_ for sentence in sentences for id_ in sentence.source] == expected
