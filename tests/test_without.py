"""--without: that what is switched off gives exactly zero, that the rest is what PyTorch and numpy compute without it, and that
the original is shown beside it."""

import json
import subprocess

import numpy
import pytest

pytest.importorskip("safetensors")

import safetensors

import test_explain
import test_forward
import webdriver
from conftest import TESTS
from transformer_c.program import ROOT, TRANSLATE

GOLDEN, BUNDLED = TESTS / "golden", ROOT / "checkpoints/en-de"
TEXT = "The children sleep in the small house."
PARTS = ["encoder.0.self_attention", "encoder.1.feed_forward", "decoder.0.self_attention", "decoder.1.cross_attention",
         "decoder.1.feed_forward", "encoder.1.self_attention:3", "decoder.0.self_attention:0", "decoder.1.cross_attention:2",
         "positions", "scaling"]  # of the golden variant swish, int8 and mixed: 2 and 2 layers of 4 heads
SEVERAL = ["decoder.0.cross_attention:0", "decoder.0.cross_attention:3", "encoder.0.feed_forward", "scaling"]
CASES = [*([part] for part in PARTS), SEVERAL]


def run(*arguments, text=None):
    return subprocess.run([TRANSLATE, *arguments], input=text, capture_output=True)


def without(names):
    return [f"--without={name}" for name in names]


def trace(directory, file, *options):
    """(tensors in order of computation, metadata) of TEXT and a target that is the same whatever is switched off"""
    done = run("-m", directory, "--trace", file, "--target", "Ein Haus.", *options, TEXT)
    assert done.returncode == 0, done.stderr
    with safetensors.safe_open(file, "numpy") as traced:
        return {name: traced.get_tensor(name) for name in traced.offset_keys()}, traced.metadata()


@pytest.fixture(scope="module", params=["swish", "int8", "mixed"])
def original(request, tmp_path_factory):
    return GOLDEN / request.param, trace(GOLDEN / request.param, tmp_path_factory.mktemp("original") / "trace")[0]


@pytest.mark.parametrize("names", CASES, ids=" ".join)
def test_what_is_switched_off_is_zero_and_nothing_before_it_changes(original, names, tmp_path):
    directory, before = original
    tensors, about = trace(directory, tmp_path / "trace", *without(names))
    assert about["without"] == " ".join(names) and set(tensors) == set(before)
    changed = {name for name in tensors if not numpy.array_equal(tensors[name], before[name])}
    for name in names:
        part, _, head = name.partition(":")
        if head:
            heads = numpy.split(tensors[f"{part}.heads"], 4, axis=1)
            assert [not head.any() for head in heads] == [f"{part}:{h}" in names for h in range(4)]
            first = f"{part}.heads"
        elif name == "positions":
            first = "encoder.embedding"
        elif name == "scaling":
            numpy.testing.assert_allclose(tensors["encoder.0.self_attention.scores"],
                                          2 * before["encoder.0.self_attention.scores"], rtol=1e-6)  # √d_head = 2
            first = "encoder.0.self_attention.scores"
        else:
            assert not tensors[name].any()
            first = name
        if len(names) == 1:
            assert next(name for name in tensors if name in changed) == first
    assert "output" in changed


@pytest.mark.parametrize("names", CASES, ids=" ".join)
@pytest.mark.parametrize("variant", ["swish", "int8", "mixed"])
def test_every_tensor_is_that_of_numpy(variant, names, tmp_path):
    directory = GOLDEN / variant
    file = tmp_path / "trace"
    done = subprocess.run([TRANSLATE, "-m", directory, "--trace", file, *without(names), TEXT], capture_output=True,
                          env={"TRANSFORMER_ISA": "plain"})
    assert done.returncode == 0, done.stderr
    assert max(test_forward.differences(directory, file).values()) <= (0 if variant == "int8" else 1e-5)


def test_positions_that_are_stored_are_not_added_either(tmp_path):
    directory = test_forward.variant("pre-norm", "float32", tmp_path)
    config = json.loads((directory / "config.json").read_text())
    file = tmp_path / "trace"
    done = run("-m", directory, "--trace", file, "--without", "positions", "i have seen a dog")
    assert done.returncode == 0, done.stderr
    assert config["positions"] == "stored"
    assert max(test_forward.differences(directory, file).values()) <= 1e-5


@pytest.fixture(scope="module")
def marian(tmp_path_factory):
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    import make_golden
    return make_golden.marian_directory(tmp_path_factory.mktemp("marian") / "swish", **make_golden.VARIANTS["swish"])


@pytest.mark.parametrize("names", CASES, ids=" ".join)
def test_ids_and_tensors_are_those_of_pytorch(marian, names, tmp_path):
    import reference
    from transformer_c import checkpoint
    model, tokenizer = checkpoint.open_marian(marian)
    reference.switch_off(model, names)
    sentences = json.loads((GOLDEN / "swish/golden.json").read_text(encoding="utf-8"))["sentences"][:6]
    (tmp_path / "text").write_text("".join(f"{sentence['text']}\n" for sentence in sentences), encoding="utf-8")
    assert reference.compare_ids(model, tokenizer, GOLDEN / "swish", tmp_path / "text", 0, "", names)
    assert reference.compare_tensors(model, GOLDEN / "swish", tmp_path / "text", 2, names)


def test_the_comparison_with_pytorch_can_fail(marian, tmp_path):
    import reference
    from transformer_c import checkpoint
    model, _ = checkpoint.open_marian(marian)
    (tmp_path / "text").write_text(f"{TEXT}\n", encoding="utf-8")
    reference.switch_off(model, ["encoder.1.self_attention:3"])
    assert not reference.compare_tensors(model, GOLDEN / "swish", tmp_path / "text", 1, ["encoder.1.self_attention:2"])


# ---- the original beside it ----

def test_the_original_follows_on_standard_error():
    changed, plain = run("--without", "decoder.0.cross_attention", TEXT), run(TEXT)
    assert changed.returncode == 0 and changed.stdout != plain.stdout
    assert changed.stderr == b"original:\n" + plain.stdout


@pytest.mark.parametrize("views", [["--tokens"], ["--steps"], ["--attention"], ["--attention=all"],
                                   ["--tokens", "--steps", "--attention=decoder.0.self_attention:1"]], ids=" ".join)
def test_views_show_both(views):
    changed, plain = run("--without", "encoder.2.self_attention", *views, TEXT), run(*views, TEXT)
    shown, original = changed.stderr.split(b"original:\n")
    assert shown != plain.stderr
    assert original.replace(plain.stdout, b"", 1) == plain.stderr


def test_lines_come_without_the_original():
    done = run("--without", "positions", "--without", "scaling", text=f"{TEXT}\n".encode() * 2)
    one = run("--without", "scaling", "--without", "positions", TEXT)
    assert (done.returncode, done.stderr, done.stdout) == (0, b"", one.stdout * 2)


def test_beam_search_and_scores_do_without_it_too():
    """The score of a hypothesis is that of --score, with the same part switched off and not otherwise."""
    names = without(["decoder.0.self_attention"])
    [row] = run(*names, "--plain", "--beam", "2", "--n-best", "2", "--length-penalty", "0",
                text=f"{TEXT}\n".encode()).stdout.decode().splitlines()[:1]
    _, score, text = row.split("\t")
    scores = [float(run(*options, "--score", text=f"{TEXT}\t{text}\n".encode()).stdout.split(b"\t")[0])
              for options in (names, [])]
    assert scores[0] == pytest.approx(float(score), abs=2e-4) and scores[1] != pytest.approx(float(score), abs=1e-2)


@pytest.mark.parametrize("name", ["", "position", "encoder.8.self_attention", "encoder.0.self_attention:5",
                                  "encoder.0.self_attention:00", "encoder.0.feed_forward:0", "encoder.0.cross_attention",
                                  "decoder.0", "output"])
def test_a_part_that_the_checkpoint_lacks_is_a_usage_error(name):
    done = run("--without", name, TEXT)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode() == (
        f"translate: unknown part \"{name}\"; expected positions, scaling, encoder.L.self_attention or encoder.L.feed_forward "
        "with L below 8, or decoder.L.self_attention, decoder.L.cross_attention or decoder.L.feed_forward with L below 2; "
        "append :H to an attention for one head, below 5 in the encoder and 5 in the decoder; see `translate --help`\n")


def test_a_resumed_run_has_the_same_parts(tmp_path):
    (tmp_path / "in").write_text("a\n" * 5000)
    options = ["-m", GOLDEN / "relu", "-i", tmp_path / "in", "-o", tmp_path / "out"]
    for first, second in ((["--without", "scaling"], []), ([], ["--without", "scaling"])):
        subprocess.run(["bash", "-c", 'ulimit -f 8; exec "$@"', "bash", TRANSLATE, *options, *first], capture_output=True)
        done = run(*options, *second, "--resume")
        assert done.returncode == 1 and b"the experiment has changed since this run began" in done.stderr
        for file in tmp_path.glob("out*"):
            file.unlink()


# ---- the page ----

def test_the_page_has_both(tmp_path):
    page, model = tmp_path / "page.html", GOLDEN / "int8"
    [plain], both = (test_explain.explain(page, TEXT, model, *options)[0]["sentences"] for options in ([], without(SEVERAL)))
    data, _ = test_explain.explain(page, TEXT, model, *without(SEVERAL))
    assert [sentence.get("without") for sentence in both] == [line.get("without") for line in data["lines"]] == [SEVERAL, None]
    assert both[1] == plain and both[0]["trace"] != plain["trace"]


def test_stored_positions_on_the_page_are_those_of_the_checkpoint(tmp_path):
    model = test_forward.variant("pre-norm", "float32", tmp_path)
    plain, both = (test_explain.explain(tmp_path / "page.html", "a dog", model, *options)[0]["checkpoint"]
                   for options in ([], ["--without=positions"]))
    assert plain["source_positions"] and both == plain


@test_explain.needs_browser
def test_the_page_says_and_computes_what_is_switched_off(tmp_path):
    name, head = "decoder.1.cross_attention", 2
    model = GOLDEN / "swish"
    test_explain.explain(tmp_path / "page.html", TEXT, model, "--without", f"{name}:{head}", "--without", "scaling",
                         "--without", "positions")
    (tmp_path / "profile").mkdir()
    browser = webdriver.Browser(tmp_path / "profile")
    try:
        browser.open(tmp_path / "page.html")
        parts = f"without {name}:{head}, scaling, positions"
        assert test_explain.texts(browser, "#lines .note") == [parts, "original"]
        assert test_explain.texts(browser, "#sentences label") == [f"{TEXT}, {parts}", f"{TEXT}, original"]
        switch = "return [document.querySelector('#unscaled').checked, document.querySelector('#unscaled').disabled]"
        for chosen in (1, 2):
            browser.click(f"#sentences label:nth-of-type({chosen})")
            test_explain.choose_head(browser, name, head)
            assert browser.run(switch) == [chosen == 1, chosen == 1]
            product, score = (test_explain.number(browser.text(f"#{what}")) for what in ("product", "score"))
            assert score == pytest.approx(product if chosen == 1 else product / 2, abs=0.01)
            assert any(test_explain.opened_numbers(browser, "#computation details")[-1]) == (chosen == 2)
            assert ("switched off" in browser.text("#computation")) == (chosen == 1)
            assert ("not added here" in browser.text("#sinusoids")) == (chosen == 1)
        assert browser.console() == []
    finally:
        browser.close()
