"""`translate --explain`: the page is one safe file, its numbers are those of `--trace`, and in a browser every control
changes what it should. The browser tests need chromium and chromium-driver (Debian packages)."""

import html.parser
import json
import re
import shutil
import subprocess
import xml.etree.ElementTree

import numpy as np
import pytest
import safetensors.numpy

import edits
import read_trace
import test_architectures
import test_beam
import webdriver
from transformer_c import program

ROOT = program.ROOT
GOLDEN = ROOT / "tests/golden"
BUNDLED = ROOT / "checkpoints/en-de"
SMALL = GOLDEN / "odd"
HOUSE = "The little house by the river is for sale, and we want to buy it."
PLACES = json.loads((ROOT / "explain/places.json").read_text())
BLOCK, BIAS = 32, 32
DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def run(*arguments):
    return subprocess.run([program.TRANSLATE, *arguments], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)


class Parsed(html.parser.HTMLParser):
    """The elements of a page and the text of its scripts."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.data = [], ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))

    def handle_data(self, text):
        if self.elements[-1:] == [("script", {"type": "application/json", "id": "data"})]:
            self.data += text


def explain(path, text, model=BUNDLED, *options):
    """The data of the page of `text`, and what was printed."""
    done = run("-m", model, *options, "--explain", path, text)
    assert done.returncode == 0, done.stderr
    return json.loads(Parsed(path.read_text()).data), done


def unpack(tensor):
    """The numbers of a packed tensor, and how far each may be from what was packed."""
    rows, columns, bits = tensor["rows"], tensor["columns"], tensor["bits"]
    numbers, errors, digits = [], [], iter(tensor["numbers"])
    for _ in range(rows):
        for column in range(0, columns, BLOCK):
            n = min(BLOCK, columns - column)
            unit = 2.0 ** (DIGITS.index(next(digits)) - BIAS - (bits - 1))
            block = "".join(f"{DIGITS.index(next(digits)):06b}" for _ in range(-(-n * bits // 6)))
            whole = [int(block[i * bits:(i + 1) * bits], 2) for i in range(n)]
            numbers += [unit * (i - (i >> (bits - 1) << bits)) for i in whole]
            errors += [unit / 2] * n
    assert next(digits, None) is None
    return np.array(numbers).reshape(rows, columns), np.array(errors).reshape(rows, columns)


@pytest.fixture(scope="module")
def architectures(tmp_path_factory):
    """Directories of random checkpoints of other architectures, by their names in test_architectures.py."""
    place, found = tmp_path_factory.mktemp("architectures"), {}
    for name in ("post-norm with a final norm", "pre-norm", "pre-norm without a final norm", "embedding norm", "wide heads"):
        variant = test_architectures.PLAIN | test_architectures.VARIANTS[name]
        found[name] = place / name.replace(" ", "-")
        test_architectures.write(found[name], variant, test_architectures.tensors_of(variant, seed=3))
    return found


@pytest.fixture(scope="module", params=["bundled", "relu", "swish", "odd", "int8", "mixed", "pre-norm", "wide heads"])
def explained(request, tmp_path_factory, architectures):
    """A checkpoint, the page's only sentence, and the trace of the same text."""
    model = BUNDLED if request.param == "bundled" else architectures.get(request.param, GOLDEN / request.param)
    text = HOUSE if request.param == "bundled" else "I have a dog."
    place = tmp_path_factory.mktemp("explained")
    data, _ = explain(place / "page.html", text, model)
    assert run("-m", model, "--trace", place / "trace", text).returncode == 0
    [sentence] = data["sentences"]
    return model, sentence, safetensors.numpy.load_file(place / "trace")


def probabilities(logits, model):
    config = json.loads((model / "config.json").read_text())
    logits = logits.astype(np.float64)
    logits[:, [config["target"]["pad"], *config["generation"]["suppressed"]]] = -np.inf
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def assert_reading(reading, expected, sentence, model):
    """The best pieces of each step in order, and the chosen one's probability."""
    vocabulary = (model / "target.vocab" if (model / "target.vocab").exists() else model / "source.vocab").read_text()
    pieces = vocabulary.split("\n")
    assert len(reading) == len(expected)
    for step, row, token in zip(reading, expected, sentence["target"], strict=True):
        assert step["chosen"] == pytest.approx(row[token["id"]], rel=2e-3, abs=1e-7)
        best = [row[pieces.index(piece)] for piece, _ in step["best"]]
        assert [p for _, p in step["best"]] == pytest.approx(best, rel=2e-3, abs=1e-7)
        assert best == pytest.approx(sorted(row, reverse=True)[:len(best)], rel=2e-3)


# ---- the data ----

def test_numbers_are_packed_as_blocks():
    numbers, errors = unpack({"rows": 1, "columns": 2, "bits": 12, "numbers": "hQAwA"})
    assert numbers.tolist() == [[1024 * 2 ** -10, -1024 * 2 ** -10]] and errors.tolist() == [[2 ** -11, 2 ** -11]]


def test_every_tensor_is_that_of_the_trace(explained):
    _, sentence, trace = explained
    assert set(sentence["trace"]) == {name for name in trace if not name.endswith((".scores", ".heads"))}
    for name, tensor in sentence["trace"].items():
        assert (tensor["rows"], tensor["columns"]) == trace[name].shape
        if "numbers" in tensor:
            numbers, errors = unpack(tensor)
            assert (abs(numbers - trace[name]) <= 1.000001 * errors).all(), name
            assert errors.max() <= 1.01 * 2 ** -(tensor["bits"] - 1) * abs(trace[name]).max(), name


def test_heads_are_weights_times_values(explained):
    model, sentence, trace = explained
    for name in (name for name in trace if name.endswith(".heads")):
        of = {what: unpack(sentence["trace"][name.replace("heads", what)])[0] for what in ("weights", "value")}
        rows, n_keys = len(trace[name]), len(of["value"])
        n_heads = len(of["weights"]) // rows
        by_head = np.einsum("hik,khc->ihc", of["weights"].reshape(n_heads, rows, n_keys),
                            of["value"].reshape(n_keys, n_heads, -1))
        assert abs(by_head.reshape(rows, -1) - trace[name]).max() <= 4e-3 * abs(of["value"]).max(), name


def test_weights_are_the_softmax_of_queries_and_keys(explained):
    model, sentence, trace = explained
    for name in (name for name in trace if name.endswith(".weights")):
        q, k = (unpack(sentence["trace"][name.replace("weights", what)])[0] for what in ("query", "key"))
        n_heads, width = len(trace[name]) // len(q), q.shape[1] * len(q) // len(trace[name])
        scores = np.einsum("ihc,khc->hik", q.reshape(len(q), n_heads, width), k.reshape(len(k), n_heads, width))
        if name.startswith("decoder") and "self" in name:
            scores[:, np.triu(np.ones(scores.shape[1:], bool), 1)] = -np.inf
        powers = np.exp((scores - scores.max(axis=2, keepdims=True)) / np.sqrt(width))
        weights = powers / powers.sum(axis=2, keepdims=True)
        assert abs(weights.reshape(trace[name].shape) - trace[name]).max() < 5e-3, name


def test_the_strongest_inner_numbers_are_those_of_the_trace(explained):
    _, sentence, trace = explained
    inner = {name: of for name, of in sentence["trace"].items() if name.endswith(".inner")}
    assert inner
    for name, of in inner.items():
        for shown, row in zip(of["strongest"], trace[name], strict=True):
            columns, numbers = zip(*shown["numbers"])
            assert shown["positive"] == (row > 0).sum() and len(set(columns)) == min(16, len(row))
            assert numbers == pytest.approx(row[list(columns)], rel=1e-3)
            assert list(columns) == sorted(range(len(row)), key=lambda column, row=row: (-abs(row[column]), column))[:16]


def test_the_last_reading_is_the_output(explained):
    model, sentence, trace = explained
    assert_reading(sentence["trace"]["output"]["reading"], probabilities(trace["output"], model), sentence, model)


@pytest.mark.parametrize("variant", ["relu", "swish", "odd", "post-norm with a final norm", "pre-norm",
                                     "pre-norm without a final norm", "embedding norm", "wide heads"])
def test_other_readings_are_the_output_layer_over_the_residual_stream(variant, tmp_path, architectures):
    model = architectures.get(variant, GOLDEN / variant)
    data, _ = explain(tmp_path / "page.html", "I have a dog.", model)
    run("-m", model, "--trace", tmp_path / "trace", "I have a dog.")
    trace = safetensors.numpy.load_file(tmp_path / "trace")
    tensors = safetensors.numpy.load_file(model / "model.safetensors")
    weight = next(tensors[f"{name}.weight"] for name in ("output", "target_embedding", "source_embedding")
                  if f"{name}.weight" in tensors)
    [sentence] = data["sentences"]
    read = {name: of["reading"] for name, of in sentence["trace"].items() if "reading" in of and name != "output"}
    config = json.loads((model / "config.json").read_text())
    norm, stream = config["norm"], "residual" if config["norm"]["before"] else "norm"
    sublayers = [f"decoder.{layer}.{part}_{stream}" for layer in range(config["decoder"]["n_layers"])
                 for part in ("self_attention", "cross_attention", "feed_forward")]
    embedding = "decoder.embedding_norm" if norm["embedding"] else "decoder.embedding"
    assert list(read) == [embedding, *sublayers[:-1]]  # the reading of the last sublayer is `output`
    for name, reading in read.items():
        x = trace[name].astype(np.float64)
        if norm["final"]:
            x = (x - x.mean(axis=1, keepdims=True)) / np.sqrt(x.var(axis=1, keepdims=True) + norm["epsilon"])
            x = x * tensors["decoder.final_norm.weight"] + tensors["decoder.final_norm.bias"]
        logits = x @ weight.T + tensors["output.bias"]
        assert_reading(reading, probabilities(logits, model), sentence, model)


def test_what_is_chosen_is_what_a_run_without_a_page_prints(explained, tmp_path):
    model, sentence, _ = explained
    data, done = explain(tmp_path / "page.html", sentence["text"], model)
    assert done.stdout == run("-m", model, sentence["text"]).stdout
    assert [line["translation"] for line in data["lines"]] == done.stdout.decode().splitlines()
    [[tokens]] = program.translate_tokens(model, [sentence["text"]])
    for side, ids in (("source", tokens.source), ("target", tokens.target)):
        assert [token["id"] for token in sentence[side]] == ids


def test_a_length_cap_that_forces_the_end_is_told(tmp_path):
    data, done = explain(tmp_path / "page.html", "I have a dog.", GOLDEN / "relu")
    assert b"truncated at the length cap" in done.stderr and data["sentences"][0]["truncated"]


def test_stored_positions_are_those_of_the_checkpoint(tmp_path, architectures):
    data, _ = explain(tmp_path / "page.html", "a dog", architectures["pre-norm"])
    tensors = safetensors.numpy.load_file(architectures["pre-norm"] / "model.safetensors")
    for side in ("source", "target"):
        numbers, errors = unpack(data["checkpoint"][f"{side}_positions"])
        assert numbers.shape == (40, 12)  # all rows, as the page shows 64
        assert (abs(numbers - tensors[f"{side}_positions.weight"]) <= 1.000001 * errors).all()
    data, _ = explain(tmp_path / "page.html", "a dog", architectures["wide heads"])
    assert "source_positions" not in data["checkpoint"]


def test_stored_positions_reach_as_far_as_the_longer_side(tmp_path, architectures):
    directory = shutil.copytree(architectures["pre-norm"], tmp_path / "long")
    tensors = safetensors.numpy.load_file(directory / "model.safetensors")
    for side in ("source", "target"):
        tensors[f"{side}_positions.weight"] = np.resize(tensors[f"{side}_positions.weight"], (100, 12))
    safetensors.numpy.save_file(tensors, directory / "model.safetensors")
    edits.config(max_positions=100, generation__length_factor=0, generation__length_extra=90,
                 generation__max_length=90)(directory / "config.json")
    data, _ = explain(tmp_path / "page.html", "a dog", directory)
    source, target = (data["sentences"][0][side] for side in ("source", "target"))
    assert len(source) < 64 < len(target)  # as many rows as a page has at least
    assert [data["checkpoint"][f"{side}_positions"]["rows"] for side in ("source", "target")] == [len(target)] * 2


# ---- the search ----

def searched(path, text, *options):
    """How the page was searched, its only sentence, and what was printed."""
    data, done = explain(path, text, BUNDLED, *options)
    [sentence] = data["sentences"]
    return data["search"], sentence, done.stdout.decode()


def spelled(beam, i):
    """The pieces of a hypothesis."""
    return [*(spelled(beam, beam[i]["parent"]) if "parent" in beam[i] else []), beam[i]["piece"]]


SEARCHES = [["--beam", "4"], ["--beam", "8", "--length-penalty", "2"], ["--beam", "3", "--prefix", "Das Haus"],
            ["--beam", "2", "--no-repeat", "1"]]


@pytest.mark.parametrize("options", SEARCHES, ids=" ".join)
def test_the_hypotheses_are_those_that_steps_show(options, tmp_path):
    search, sentence, _ = searched(tmp_path / "page.html", HOUSE, *options)
    beam, n_beams = sentence["beam"], int(options[1])
    assert search["n_beams"] == n_beams and search["length_penalty"] == (2 if "2" in options[2:] else 1)
    assert search["no_repeat"] == ("--no-repeat" in options) and search["n_prefix"] == 2 * ("--prefix" in options)
    shown = test_beam.beam_of(HOUSE, n_beams, *options[2:])
    assert [one["n"] for one in beam] == [n for n, rows in enumerate(shown, start=1) for _ in rows]
    parents = {one.get("parent") for one in beam}
    for i, (one, (_, total, score, fate, pieces)) in enumerate(zip(beam, (row for rows in shown for row in rows), strict=True)):
        assert [round(one["sum"], 4), round(one["score"], 4)] == pytest.approx([total, score], abs=1.01e-4)
        assert " ".join(spelled(beam, i)) == pieces and len(pieces.split(" ")) == one["n"]
        assert (one["ended"], i in parents) == (fate == "ended", fate == "")


def test_the_hypotheses_that_ended_are_the_n_best(tmp_path):
    _, sentence, printed = searched(tmp_path / "page.html", HOUSE, "--beam", "4", "--n-best", "4")
    done = run("--beam", "4", "--n-best", "4", "--format", "jsonl", HOUSE)
    [expected] = json.loads(done.stdout)["sentences"]
    beam = sentence["beam"]
    ended = sorted((i for i, one in enumerate(beam) if one["ended"]), key=lambda i: -beam[i]["score"])
    assert [spelled(beam, i) for i in ended[:4]] == [[token["piece"] for token in hypothesis["target"]]
                                                     for hypothesis in expected["hypotheses"]]
    assert [beam[i]["score"] for i in ended[:4]] == [hypothesis["score"] for hypothesis in expected["hypotheses"]]
    assert spelled(beam, ended[0]) == [token["piece"] for token in sentence["target"]]
    assert printed == run("--beam", "4", "--n-best", "4", HOUSE).stdout.decode()


@pytest.mark.parametrize("options", [["--beam", "4"], ["--beam", "2", "--prefix", "Ein Panther"], ["--no-repeat", "1"],
                                     ["--prefix", "Ein"], ["--sample", "--temperature", "0.5", "--seed", "1"],
                                     ["--sample", "--top-k", "5", "--top-p", "0.9", "--seed", "4"]], ids=" ".join)
def test_the_rest_of_the_page_is_that_of_the_translation_found(options, tmp_path):
    text = "The big house and the small house." if "--no-repeat" in options else "There is a panther in the garden."
    search, found, printed = searched(tmp_path / "page.html", text, *options)
    assert printed == run(*options, text).stdout.decode() == found["translation"] + "\n" != run(text).stdout.decode()
    given = searched(tmp_path / "page.html", text, "--target", found["translation"])[1]
    assert "given" not in found and {**found, "given": True} == given | ({"beam": found["beam"]} if "beam" in found else {})
    assert ("beam" in found) == ("--beam" in options) and (search["temperature"] > 0) == ("--sample" in options)


def test_how_it_was_searched(tmp_path):
    default = {"n_beams": 1, "length_penalty": 1, "no_repeat": 0, "n_prefix": 0, "temperature": 0, "top_k": 0, "top_p": 1,
               "seed": 1}
    assert searched(tmp_path / "page.html", "a")[0] == default
    options = ["--sample", "--temperature", "0.5", "--top-k", "3", "--top-p", "0.25", "--seed", "4294967295"]
    assert searched(tmp_path / "page.html", "a", *options)[0] == default | {
        "temperature": 0.5, "top_k": 3, "top_p": 0.25, "seed": 4294967295}


def test_both_models_have_a_beam(tmp_path):
    data, _ = explain(tmp_path / "page.html", "He saw her duck.", BUNDLED, "--beam", "3", "--without", "positions")
    changed, original = (sentence["beam"] for sentence in data["sentences"])
    assert original == searched(tmp_path / "page.html", "He saw her duck.", "--beam", "3")[1]["beam"] != changed


# ---- TEXT ----

def test_every_sentence_of_every_line_is_there(tmp_path):
    text = "The house is small. Where is it?\n\nThank you."
    data, done = explain(tmp_path / "page.html", text)
    assert [line["text"] for line in data["lines"]] == text.split("\n")
    assert [line["translation"] for line in data["lines"]] == done.stdout.decode().split("\n")[:3]
    assert [of["text"] for of in data["sentences"]] == ["The house is small.", "Where is it?", "Thank you."]
    assert [of["translation"] for of in data["sentences"]] == ["Das Haus ist klein.", *(
        run(text).stdout.decode().strip() for text in ("Where is it?", "Thank you."))]


HOSTILE = {
    "the end of a script": "</script><script>alert(1)</script>",
    "a comment": "<!-- <script> --> a",
    "quotes and backslashes": "\"quoted\" 'text' \\u003c \\ &lt;b&gt;",
    "line separators": "one\u2028two\u2029three",
    "a placeholder": "@data@ page.css",
    "a name of objects": "__proto__ constructor",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_text_stays_text(text, tmp_path):
    plain = explain(tmp_path / "plain.html", "a", SMALL)[0]
    data, _ = explain(tmp_path / "page.html", text, SMALL, "--plain")
    page, plain_page = (Parsed((tmp_path / name).read_text()) for name in ("page.html", "plain.html"))
    assert "<" not in page.data
    assert page.elements == plain_page.elements
    assert [line["text"] for line in data["lines"]] == [text]
    assert data["checkpoint"] == plain["checkpoint"]


def test_what_is_not_utf8_is_read_as_windows_1252(tmp_path):
    assert explain(tmp_path / "page.html", b"Z\x80 \x01 a", SMALL)[0]["lines"][0]["text"] == "Z€ \x01 a"


@pytest.mark.parametrize("text", ["", " ", "\n\n"])
def test_a_text_without_a_sentence_is_refused(text, tmp_path):
    done = run("--explain", tmp_path / "page.html", text)
    assert done.returncode == 1 and b"TEXT has no sentence; --explain requires one" in done.stderr
    assert not (tmp_path / "page.html").exists()


def test_a_text_of_too_many_tokens_is_refused(tmp_path):
    page = tmp_path / "page.html"
    for n, said in ((30, b""), (200, b"TEXT and its translation have more than 1024 tokens, too many for a page")):
        done = run("-m", BUNDLED, "--explain", page, "The house is small. " * n)
        assert (done.returncode == 0) == (not said) and said in done.stderr
        assert page.exists() == (not said)
        page.unlink(missing_ok=True)


@pytest.mark.parametrize("arguments, said", [
    ("--explain", "requires a value"),
    ("--explain p", "--explain requires TEXT"), ("--explain p -i f", "--explain requires TEXT")])
def test_wrong_usage_ends_with_2(arguments, said):
    done = run(*arguments.split())
    assert (done.returncode, done.stdout) == (2, b"") and said in done.stderr.decode()


@pytest.mark.parametrize("path, said", [("none/page.html", ".partial: cannot be written: No such file"),
                                        ("/dev/full", ": cannot be written: No space left")])
def test_a_page_that_cannot_be_written_is_named(path, said, tmp_path):
    done = run("-m", SMALL, "--explain", tmp_path / path, "a")
    assert done.returncode == 1 and f"{tmp_path / path}{said}" in done.stderr.decode()


# ---- the file ----

def test_a_page_of_twenty_pieces_is_not_announced(tmp_path):
    data, done = explain(tmp_path / "page.html", "The little house by the lake is for sale, and we want to buy it.")
    assert len(data["sentences"][0]["source"]) == 20
    assert (tmp_path / "page.html").stat().st_size < 1_500_000 and done.stderr == b""


def test_a_page_that_is_larger_is_announced(tmp_path):
    _, done = explain(tmp_path / "page.html", f"{HOUSE} {HOUSE}")
    megabytes = (tmp_path / "page.html").stat().st_size / 1e6
    assert f"{tmp_path / 'page.html'}: the page takes {megabytes:.1f} MB" in done.stderr.decode()


def test_the_page_needs_nothing_beside_it(tmp_path):
    explain(tmp_path / "page.html", "a", SMALL)
    text = re.sub(r"/\*.*?\*/", "", (tmp_path / "page.html").read_text(), flags=re.DOTALL)  # comments import types
    assert not re.search(r"https?:|//[a-z]+\.|@import|url\((?!#)|\b(fetch|XMLHttpRequest|WebSocket|import)\(", text)
    for _, attributes in Parsed(text).elements:
        assert "src" not in attributes
        assert attributes.get("href", "#").startswith(("#", "data:"))


def test_the_modules_become_one_with_no_name_twice():
    names = [name for script in sorted((ROOT / "explain").glob("*.js")) for name in re.findall(
        r"^(?:export )?(?:async )?(?:const|let|function|class) (\w+)", script.read_text(), re.MULTILINE)]
    names += re.findall(r"^import (\w+) from", (ROOT / "explain/box.js").read_text(), re.MULTILINE)
    assert "places" in names and sorted(names) == sorted(set(names))


# ---- places.json, which scripts/compare.py reads too ----

@pytest.mark.parametrize("function, file", PLACES["functions"].items())
def test_a_named_function_is_defined_in_the_named_file(function, file):
    assert re.search(rf"^(static |const )?(inline )?\w+ \*?{function}\([^;{{]*\)\n{{", (ROOT / file).read_text(), re.MULTILINE)


def test_every_named_function_has_a_file_and_every_file_is_named():
    named = {*PLACES["boxes"].values()}.union(*PLACES["tensors"].values())
    assert named == set(PLACES["functions"])


# ---- in a browser ----

needs_browser = pytest.mark.skipif(not webdriver.INSTALLED, reason="chromium or chromedriver is not installed")


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    """A browser, the page of two sentences, and the trace of the first."""
    place = tmp_path_factory.mktemp("opened")
    explain(place / "page.html", f"{HOUSE} Thank you.")
    run("--trace", place / "trace", HOUSE)
    browser = webdriver.Browser(place / "profile")
    try:
        yield browser, place / "page.html", safetensors.numpy.load_file(place / "trace")
    finally:
        browser.close()


@pytest.fixture
def page(opened):
    """The freshly opened page, which must not complain, and the trace."""
    browser, path, trace = opened
    browser.open(path)
    yield browser, trace
    assert browser.console() == []


def number(text):
    return float(text.replace("−", "-"))


def texts(browser, selector):
    return browser.run("return [...document.querySelectorAll(arguments[0])].map((of) => of.textContent)", selector)


def pixels(browser, selector):
    return browser.run("return document.querySelector(arguments[0]).toDataURL()", selector)


def opened_numbers(browser, selector):
    """The numbers of each strip, which shows them once it is open."""
    shown = browser.run("""const strips = [...document.querySelectorAll(arguments[0])];
        const numbers = (strip) => [...strip.querySelectorAll(".numbers span")].map((x) => x.textContent);
        return Promise.all(strips.map((strip) => new Promise((done) => {
            strip.addEventListener("toggle", () => done(numbers(strip)));
            strip.open = true;
        })))""", selector)
    return [[number(text) for text in texts] for texts in shown]


def choose(browser, selector, value):
    """Sets a range or a select as a person would."""
    browser.run("""const of = document.querySelector(arguments[0]);
        of.value = arguments[1];
        of.dispatchEvent(new Event("input"));
        of.dispatchEvent(new Event("change"));""", selector, value)


def choose_head(browser, name, head):
    """Chooses the kind of the attention `name`, then its thumbnail."""
    side, _, part = name.split(".")
    browser.run("document.querySelector(arguments[0]).click()", f"#attention-kind [value='{side}.{part}']")
    browser.run("document.querySelector(arguments[0]).click()", f"#heads [data-name='{name}'][data-head='{head}']")


def click_box(browser, box):
    browser.run("document.querySelector(arguments[0]).dispatchEvent(new Event('click'))", f"#map [data-box='{box}']")


def chosen_cell(browser):
    """[query, key] of the marked cell of the matrix."""
    [cell] = browser.run("return [...document.querySelectorAll('#matrix .cell')].map((td) => ({...td.dataset}))")
    return [int(cell["query"]), int(cell["key"])]


@needs_browser
def test_the_scripts_add_no_global_names(page):
    browser, _ = page
    names = {name for script in (ROOT / "explain").glob("*.js") for name in re.findall(
        r"^(?:export )?(?:const|let|function|class) (\w+)", script.read_text(), re.MULTILINE)}
    found = browser.run("return arguments[0].filter((name) => eval(`typeof ${name}`) !== 'undefined')", sorted(names))
    elements = set(browser.run("return [...document.querySelectorAll('[id]')].map((of) => of.id)"))
    assert len(names) > 100 and set(found) - elements == set()


@needs_browser
def test_the_page_shows_source_and_translation(page):
    browser, _ = page
    translation, thanks = (run(text).stdout.decode().strip() for text in (f"{HOUSE} Thank you.", "Thank you."))
    assert texts(browser, "#lines p") == [f"{HOUSE} Thank you.", translation]
    said = "".join(texts(browser, "#said .piece")[:-1]).replace("▁", " ").strip()
    assert f"{said} {thanks}" == translation


@needs_browser
def test_another_sentence_changes_every_section(page):
    browser, _ = page
    rooms = ["#pieces", "#map", "#box", "#matrix", "#heads", "#computation", "#said", "#best", "#readings", "#sinusoids"]
    markup = "return arguments[0].map((room) => document.querySelector(room).innerHTML)"
    before = browser.run(markup, rooms)
    browser.click("#sentences label:nth-of-type(2)")
    assert texts(browser, "#pieces .side:nth-of-type(1) .piece")[-1] == "</s>"
    assert len(texts(browser, "#pieces .side:nth-of-type(1) .piece")) == 4
    after = browser.run(markup, rooms)
    assert [room for room, a, b in zip(rooms, before, after) if a == b] == []


@needs_browser
def test_every_box_of_the_map_can_be_looked_at(page):
    browser, trace = page
    boxes = browser.run("return [...document.querySelectorAll('#map .box')].map((box) => box.dataset.box)")
    parts = {name for name in trace if not re.search(r"\.(query|key|value|scores|weights|heads|inner)$", name)}
    assert set(boxes) == parts | {"encoder.positions", "decoder.positions", "softmax"}
    tensors = "return [...document.querySelectorAll('#box [data-tensor]')].map((of) => of.dataset.tensor)"
    for box in boxes:
        click_box(browser, box)
        assert texts(browser, "#box h3 + p code") == [box]
        shown = set(browser.run(tensors))
        if box == "softmax":  # which shows a bar for each token
            assert shown == set() and len(texts(browser, "#box tbody tr")) == len(trace["output"])
        else:
            assert shown and shown <= {*trace, box}, box


@needs_browser
def test_shapes_on_the_map_are_those_of_the_trace(page):
    browser, trace = page
    shapes = set(texts(browser, "#map .shape"))
    for name in ("encoder.embedding", "decoder.embedding", "output"):
        assert "{} × {}".format(*trace[name].shape) in shapes
    assert any("encoded {} × {}".format(*trace["encoder.5.feed_forward_norm"].shape) == shape for shape in shapes)


@needs_browser
def test_a_click_on_a_box_shows_the_numbers_of_the_trace(page):
    browser, trace = page
    browser.click("[data-box='decoder.1.feed_forward_norm']")
    selector = "#box [data-tensor='decoder.1.feed_forward']"
    browser.click(f"{selector} summary")
    browser.until("document.querySelector(arguments[0]) !== null", f"{selector} .numbers span")
    shown = [number(text) for text in texts(browser, f"{selector} .numbers span")]
    row = trace["decoder.1.feed_forward"][0]
    assert len(shown) == len(row) and shown == pytest.approx(row.tolist(), abs=2 ** -8 * abs(row).max() + 5e-4)
    browser.run("document.querySelector(arguments[0]).focus()", f"{selector} canvas")
    browser.press("down", "down", "right")
    assert "row 2, column 1" in texts(browser, f"{selector} output")[0]
    assert number(texts(browser, f"{selector} output b")[0]) == pytest.approx(
        trace["decoder.1.feed_forward"][2][1], abs=2 ** -8 * abs(trace["decoder.1.feed_forward"][2][:32]).max())


@needs_browser
def test_the_map_is_walked_with_the_arrow_keys(page):
    browser, _ = page
    browser.run("document.querySelector('[data-box=\"encoder.0.self_attention\"]').focus()")
    chosen = lambda: browser.run("return document.activeElement.dataset.box")  # noqa: E731
    browser.press("up")
    assert chosen() == "encoder.0.self_attention_norm" == texts(browser, "#box h3 + p code")[0]
    browser.press("right")
    assert chosen().startswith("decoder.0.")
    browser.press("left", "down", "down", "down")
    assert chosen().startswith("encoder.")


@needs_browser
@pytest.mark.parametrize("name", ["encoder.3.self_attention", "decoder.1.self_attention", "decoder.0.cross_attention"])
def test_a_cell_shows_its_computation_with_traced_numbers(name, page):
    browser, trace = page
    head, query, key, width = 2, 7, 4, 64
    choose_head(browser, name, head)
    browser.click(f"#matrix td[data-query='{query}'][data-key='{key}']")
    columns = slice(head * width, (head + 1) * width)
    q, keys, values = (trace[f"{name}.{what}"][:, columns] for what in ("query", "key", "value"))
    product = float(q[query] @ keys[key])
    n_rows = len(q)
    assert number(browser.text("#product")) == pytest.approx(product, abs=0.1)
    assert number(browser.text("#score")) == pytest.approx(product / 8, abs=0.02)
    weight = trace[f"{name}.weights"][head * n_rows + query][key]
    assert number(browser.text("#weight")) == pytest.approx(weight, abs=1e-3)
    strips = opened_numbers(browser, "#computation details")
    expected = [q[query], keys[key], q[query] * keys[key], values[key], trace[f"{name}.heads"][query][columns]]
    # What the page shows comes from values kept in 9 bits of the largest of 32: a mean of values is as far off as they are.
    largest = [abs(numbers).max() for numbers in expected[:-1]] + [abs(values).max()]
    for shown, numbers, size in zip(strips, expected, largest, strict=True):
        assert shown == pytest.approx(numbers.tolist(), abs=6e-3 * size + 1e-3)


@needs_browser
def test_the_matrix_has_the_traced_weights_and_the_causal_triangle(page):
    browser, trace = page
    choose_head(browser, "decoder.0.self_attention", 1)
    n = len(trace["decoder.embedding"])
    cells = browser.run("return [...document.querySelectorAll('#matrix td')].map((td) => [td.className, td.title])")
    weights = trace["decoder.0.self_attention.weights"][n:2 * n]
    for i, (kind, title) in enumerate(cells):
        unseen = i % n > i // n
        assert ("unseen" in kind) == unseen
        if not unseen:
            assert number(title.rsplit(": ", 1)[1]) == pytest.approx(weights[i // n][i % n], abs=1e-3)


@needs_browser
def test_rows_of_the_decoder_have_what_they_are_fed_and_predict(page, tmp_path):
    browser, _ = page
    run("--trace", tmp_path / "trace", HOUSE)
    _, source, decoder = read_trace.read_trace(tmp_path / "trace")
    fed = [name.split(" → ")[0] for name in decoder]
    for attention, rows, columns in (("encoder.0.self_attention", source, source), ("decoder.1.self_attention", decoder, fed),
                                     ("decoder.1.cross_attention", decoder, source)):
        choose_head(browser, attention, 1)
        assert texts(browser, "#matrix tbody th") == rows and texts(browser, "#matrix thead th")[1:] == columns
    browser.click("#matrix td[data-query='3'][data-key='2']")
    assert browser.text("#computation h3") == f"How {decoder[3]} attends to {source[2]}"
    for tensor, name in (("query", decoder[0]), ("key", source[0])):
        click_box(browser, "decoder.0.cross_attention")
        shown = texts(browser, f"#box [data-tensor='decoder.0.cross_attention.{tensor}'] output .piece")
        assert " → ".join(shown) == name
    choose(browser, "#step", 4)
    assert browser.text("#step-name") == f"step 5 of {len(decoder)}: {decoder[4]}"


@needs_browser
def test_the_matrix_is_walked_with_the_arrow_keys(page):
    browser, _ = page
    choose_head(browser, "decoder.0.self_attention", 0)
    browser.click("#matrix td[data-query='3'][data-key='3']")
    browser.press("right", "down", "left")
    assert chosen_cell(browser) == [4, 2]  # nothing beyond the triangle


@needs_browser
def test_without_scaling_the_softmax_saturates(page):
    browser, trace = page
    name, head, n_src = "encoder.0.self_attention", 0, len(trace["encoder.embedding"])
    choose_head(browser, name, head)
    before = texts(browser, "#sharpness")[0], pixels(browser, "#heads canvas")
    browser.click("#unscaled")
    q, k = (trace[f"{name}.{what}"][:, :64] for what in ("query", "key"))
    powers = np.exp(q @ k.T - (q @ k.T).max(axis=1, keepdims=True))
    weights = powers / powers.sum(axis=1, keepdims=True)
    query, key = chosen_cell(browser)
    assert number(browser.text("#weight")) == pytest.approx(weights[query][key], abs=0.03)
    assert number(browser.text("#score")) == number(browser.text("#product"))
    said = [float(x) for x in re.findall(r"row (\S+) on average", texts(browser, "#sharpness")[0])]
    largest = [of.max(axis=1).mean() for of in (trace[f"{name}.weights"][:n_src], weights)]
    assert said == pytest.approx(largest, abs=0.015)
    assert said[1] > said[0] + 0.1
    assert pixels(browser, "#heads canvas") != before[1]
    browser.click("#unscaled")
    assert (texts(browser, "#sharpness")[0], pixels(browser, "#heads canvas")) == before


@needs_browser
def test_a_small_matrix_is_chosen_by_click_and_key(page):
    browser, _ = page
    browser.click("#attention-kind label:nth-of-type(1)")
    browser.click("#heads button[data-name='encoder.4.self_attention'][data-head='3']")
    assert texts(browser, "#matrix .caption code") == ["encoder.4.self_attention.weights"]
    browser.press("down", "left")
    assert texts(browser, "#matrix .caption code") == ["encoder.5.self_attention.weights"]
    assert browser.run("return {...document.querySelector('#heads [aria-pressed=true]').dataset}") == {
        "name": "encoder.5.self_attention", "head": "2"}


@needs_browser
def test_the_alignment_follows_pointer_and_focus(page):
    browser, trace = page
    weights = trace["decoder.1.cross_attention.weights"].reshape(5, -1, len(trace["encoder.embedding"])).mean(axis=0)
    shown = lambda: [number(x) for x in re.findall(r" (\d\.\d\d)", texts(browser, "#aligned-numbers")[0])]  # noqa: E731
    browser.point("#pieces .target:nth-child(3)")
    assert shown()[0] == pytest.approx(weights[2].max(), abs=0.006)
    browser.run("document.querySelector('#pieces .source:nth-child(2)').focus()")
    assert shown()[0] == pytest.approx(weights[:, 1].max(), abs=0.006)
    lines = browser.run("return [...document.querySelectorAll('#pieces path:not(.off)')].map((of) => of.dataset.source)")
    assert set(lines) == {"1"}
    choose(browser, "#aligned", "decoder.0.cross_attention 4")
    browser.point("#pieces .target:nth-child(3)")
    n = len(weights)
    assert shown()[0] == pytest.approx(trace["decoder.0.cross_attention.weights"][4 * n + 2].max(), abs=0.006)


@needs_browser
def test_the_slider_goes_through_the_steps(page):
    browser, trace = page
    p = probabilities(trace["output"], BUNDLED)
    for step in (0, 5, len(p) - 1):
        choose(browser, "#step", step)
        best = [float(x.split()[0]) for x in texts(browser, "#best .bar b") if "<" not in x]
        assert best == pytest.approx(100 * np.sort(p[step])[::-1][:len(best)], abs=0.06)
        assert texts(browser, "#readings tbody th")[0] == "output"
        assert f"step {step + 1} of {len(p)}" in browser.text("#step-name")
    browser.click("#step-back")
    assert f"step {len(p) - 1} of" in browser.text("#step-name")
    browser.click("#step-on")
    assert f"step {len(p)} of" in browser.text("#step-name")
    browser.click("#said button:nth-child(3)")
    assert "step 3 of" in browser.text("#step-name") and texts(browser, "#said .now") == ["▁Haus"]


@needs_browser
def test_a_position_shows_its_row(page):
    browser, _ = page
    choose(browser, "#position", 3)
    assert "position 3" in browser.text("#position-name")
    [row] = opened_numbers(browser, "#position-row details")
    angles = 3 / 10000 ** (2 * np.arange(160) / 320)
    assert row == pytest.approx(np.concatenate([np.sin(angles), np.cos(angles)]).tolist(), abs=6e-4)


@needs_browser
def test_the_theme_is_the_systems_until_it_is_switched(page):
    browser, _ = page
    background = "return getComputedStyle(document.body).backgroundColor"
    system = lambda theme: browser.devtools(  # noqa: E731
        "Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": theme}])
    light, light_map = browser.run(background), pixels(browser, "#sinusoids canvas")
    system("dark")
    browser.until("document.documentElement.dataset.theme === 'dark'")
    assert browser.run(background) != light and pixels(browser, "#sinusoids canvas") != light_map
    browser.click("#theme")
    assert (browser.run(background), pixels(browser, "#sinusoids canvas")) == (light, light_map)
    system("light")
    system("dark")
    browser.until("matchMedia('(prefers-color-scheme: dark)').matches")
    assert browser.run(background) == light
    system("light")


@needs_browser
def test_each_section_is_saved_as_svg(page):
    """With its words, pictures and drawings, and nothing that a viewer other than a browser would not know."""
    browser, _ = page
    check_saved_sections(browser)


def check_saved_sections(browser):
    browser.run("""URL.createObjectURL = (blob) => { window.saved = blob; return "data:,"; };
        HTMLAnchorElement.prototype.click = function () { window.file = this.download; };""")
    for section in browser.run("return [...document.querySelectorAll('section:not([hidden])')].map((of) => of.id)"):
        browser.run("document.querySelector(arguments[0]).click()", f"#{section} .save")
        root = xml.etree.ElementTree.fromstring(browser.run("return saved.text()"))
        tags = [element.tag.removeprefix("{http://www.w3.org/2000/svg}") for element in root.iter()]
        assert browser.run("return file") == f"{section}.svg" and "foreignObject" not in tags
        said = "".join(browser.run("""const copy = document.querySelector(arguments[0]).cloneNode(true);
            for (const of of copy.querySelectorAll("select, .save")) of.remove();
            return copy.querySelector("h2").textContent""", f"#{section}").split())
        words = ["".join(element.itertext()) for element in root.iter("{http://www.w3.org/2000/svg}text")]
        assert "".join(words).startswith(said) and "Save" not in words
        drawings = "return document.querySelectorAll(arguments[0]).length"
        assert tags.count("image") == browser.run(drawings, f"#{section} canvas")
        assert tags.count("svg") == 1 + browser.run(drawings, f"#{section} svg")
        for element in root.iter("{http://www.w3.org/2000/svg}image"):
            assert element.get("href").startswith("data:image/png;base64,") and float(element.get("width")) > 0
        if section == "alignment":
            assert [word for word in words if word in ("▁little", "▁kleine")] == ["▁little", "▁kleine"]
            assert tags.count("path") == 1 + browser.run(drawings, "#pieces path")


@needs_browser
@pytest.mark.parametrize("width", [360, 800, 1400])
def test_no_width_scrolls_sideways_or_overlaps(width, page):
    browser, _ = page
    check_width(browser, width)


def check_width(browser, width):
    browser.devtools("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1,
                     mobile=width < 500)
    browser.until("innerWidth === arguments[0] && document.documentElement.scrollWidth <= innerWidth", width)
    covered = browser.run("""return [...document.querySelectorAll("section:not([hidden])")].filter((section) => {
        const words = document.createRange(), button = section.querySelector(".save").getBoundingClientRect();
        words.selectNodeContents(section.querySelector("h2"));
        return [...words.getClientRects()].some((line) => line.right > button.left && line.bottom > button.top
            && line.left < button.right && line.top < button.bottom);
    }).map((section) => section.id)""")
    browser.devtools("Emulation.clearDeviceMetricsOverride")
    assert covered == []


@pytest.fixture
def beam_page(opened, tmp_path):
    """The freshly opened page of a beam of eight, which must not complain, and the sentence."""
    browser, _, _ = opened
    sentence = searched(tmp_path / "page.html", HOUSE, "--beam", "8")[1]
    browser.open(tmp_path / "page.html")
    yield browser, sentence
    assert browser.console() == []


def chosen_leaf(browser):
    """The index of the chosen hypothesis in the tree."""
    [chosen] = browser.run("""return [...document.querySelectorAll("#beam-tree [aria-pressed=true]")]
        .map((of) => [of.dataset.index, of.tabIndex])""")
    assert chosen[1] == 0
    return int(chosen[0])


def click_leaf(browser, i):
    browser.click(f"#beam-tree .leaf[data-index='{i}'] rect")


@needs_browser
def test_the_tree_has_every_hypothesis(beam_page):
    browser, sentence = beam_page
    beam = sentence["beam"]
    leaves = browser.run("""return [...document.querySelectorAll("#beam-tree .leaf")].map((of) => ({...of.dataset,
        kind: of.getAttribute("class").split(" "), label: of.getAttribute("aria-label"),
        ...JSON.parse(JSON.stringify(of.querySelector("rect").getBoundingClientRect()))}))""")
    parents = {one.get("parent") for one in beam}
    best = max((i for i, one in enumerate(beam) if one["ended"]), key=lambda i: beam[i]["score"])
    way = [best]
    while "parent" in beam[way[-1]]:
        way.append(beam[way[-1]]["parent"])
    for i, (one, leaf) in enumerate(zip(beam, leaves, strict=True)):
        last = one["n"] == beam[-1]["n"]
        fate = "ended" if one["ended"] else "continued" if i in parents else "open" if last else "dropped"
        assert int(leaf["index"]) == i and fate in leaf["kind"] and ("way" in leaf["kind"]) == (i in way)
        assert leaf["label"] == f"step {one['n']}: {one['piece']}, score {one['score']:.3f}, {fate}".replace(" -", " −")
        if i and beam[i - 1]["n"] == one["n"]:
            assert leaf["top"] == leaves[i - 1]["top"] and leaf["left"] >= leaves[i - 1]["right"] > 0
        else:
            assert i == 0 or leaf["top"] > leaves[i - 1]["bottom"]
    assert chosen_leaf(browser) == best
    lines = browser.run("""return [...document.querySelectorAll('#beam-tree .branch')].map((of) =>
        [of.dataset.index, of.className.baseVal])""")
    assert [int(index) for index, _ in lines] == [i for i, one in enumerate(beam) if "parent" in one]
    assert {int(index) for index, kind in lines if "way" in kind} == set(way[:-1])
    left, top = browser.run("""const of = document.querySelector("#beam-tree svg").getBoundingClientRect();
        return [of.left, of.top]""")
    for one, line in zip((one for one in beam if "parent" in one), browser.run("""
            const place = (of) => of.querySelector("rect").getBBox();
            return [...document.querySelectorAll("#beam-tree .branch")].map((of) => {
                const [from, to] = [0, of.getTotalLength()].map((length) => of.getPointAtLength(length)),
                    leaf = place(document.querySelector(`.leaf[data-index='${of.dataset.index}']`));
                return [from.x, from.y, to.x - leaf.x - leaf.width / 2, to.y - leaf.y];
            })"""), strict=True):
        parent = leaves[one["parent"]]
        assert line[2:] == pytest.approx([0, 0], abs=0.1)
        assert [line[0] + left, line[1] + top] == pytest.approx(
            [(parent["left"] + parent["right"]) / 2, parent["bottom"]], abs=0.1)


@needs_browser
def test_a_hypothesis_shows_those_of_its_step(beam_page):
    browser, sentence = beam_page
    beam, shown = sentence["beam"], test_beam.beam_of(HOUSE, 8)
    dropped = next(i for i, one in enumerate(beam) if one["n"] == 5 and i not in {other.get("parent") for other in beam})
    others = len([one for one in beam if one.get("parent") == 0])
    last = next(i for i, one in enumerate(beam) if one["n"] == beam[-1]["n"] and not one["ended"])
    [worse, *_] = (i for i, one in enumerate(beam) if one["ended"])
    for i, words in ((dropped, "dropped, because none of its continuations is among the best of step 6."),
                     (0, f"continued by {others} hypotheses of step 2."), (last, "still open when the search was over."),
                     (worse, "ended. Another one that ended has a better score.")):
        click_leaf(browser, i)
        n = beam[i]["n"]
        assert chosen_leaf(browser) == i and browser.text("#beam-step h3") == f"Step {n} of {len(shown)}"
        assert texts(browser, "#beam-step p")[0].endswith(f": {words}")
        common = " ".join(texts(browser, "#beam-step .note .piece"))
        rows = browser.run("""return [...document.querySelectorAll("#beam-step tbody tr")].map((row) => [
            row.querySelector(".said").textContent, ...[...row.cells].slice(1).map((of) => of.textContent),
            row.querySelector("small") !== null])""")
        assert len(rows) == len(shown[n - 1])
        for (star, total, score, fate, pieces), (said, *numbers, then, on_way) in zip(shown[n - 1], rows):
            assert f"{common} {said}".strip() == pieces and on_way == star and then == (fate or "continued")
            assert [number(x) for x in numbers] == pytest.approx([total, score], abs=1.01e-4)
        first = next(j for j, one in enumerate(beam) if one["n"] == n)
        assert texts(browser, "#beam-step .chosen .said") == [rows[i - first][0]]
        marked = browser.run("return [...document.querySelectorAll('#beam-tree .leaf.before')].map((of) => of.dataset.index)")
        assert len(marked) == n and str(i) in marked


@needs_browser
def test_the_tree_is_walked_with_the_arrow_keys(beam_page):
    browser, sentence = beam_page
    beam = sentence["beam"]
    i = next(i for i, one in enumerate(beam) if one["n"] == 4)
    browser.run("document.querySelector(arguments[0]).focus()", f"#beam-tree .leaf[data-index='{chosen_leaf(browser)}']")
    click_leaf(browser, i)
    browser.press("right")
    assert chosen_leaf(browser) == i + 1
    browser.press("left", "left")
    assert chosen_leaf(browser) == i  # there is none to the left of the first
    browser.press("up")
    assert chosen_leaf(browser) == beam[i]["parent"]
    browser.press("down")
    assert chosen_leaf(browser) == min(j for j, one in enumerate(beam) if one.get("parent") == beam[i]["parent"])
    assert browser.run("return document.activeElement.dataset.index") == str(chosen_leaf(browser))


@needs_browser
def test_only_a_beam_is_shown_as_one(page, tmp_path):
    browser, _ = page
    hidden = "return ['#beam', 'nav [href=\"#beam\"]'].map((of) => document.querySelector(of).offsetWidth)"
    assert browser.run(hidden) == [0, 0] and browser.text("#search") == "Greedy search takes the most probable one."
    for options, words, reason in (
            (["--beam", "4"], "Beam search with 4 hypotheses found this translation; it is shown below.",
             "beam search compares whole translations."),
            (["--beam", "2", "--prefix", "Ein Panther"],
             "Beam search with 2 hypotheses found this translation; it is shown below.", "it belongs to the prefix."),
            (["--sample", "--top-k", "5", "--seed", "4"],
             "Each piece was drawn at random (temperature 1, top k 5, seed 4); probabilities are the model's own.",
             "it was drawn."),
            (["--no-repeat", "1"], "Greedy search takes the most probable one. No 1-gram of pieces occurs twice.",
             "more probable ones would repeat pieces.")):
        text = "The big house and the small house." if "--no-repeat" in options else "There is a panther in the garden."
        sentence = searched(tmp_path / "page.html", text, *options)[1]
        browser.open(tmp_path / "page.html")
        assert [width > 0 for width in browser.run(hidden)] == 2 * ["--beam" in options] and browser.text("#search") == words
        said = set()
        for step in range(len(sentence["target"])):
            choose(browser, "#step", step)
            said |= set(texts(browser, "#best .note"))
        assert {reason} <= {note.rsplit(": ", 1)[1] for note in said}


@needs_browser
@pytest.mark.parametrize("options, words, power", [
    ([], "score = Σ log p / n, where n is the number of pieces.", []),
    (["--length-penalty", "0.6", "--prefix", "Das"],
     "score = Σ log p / n0.6, where n is the number of pieces after the prefix, whose pieces count 0.", ["0.6"])], ids=str)
def test_the_score_has_its_formula(options, words, power, opened, tmp_path):
    browser, _, _ = opened
    searched(tmp_path / "page.html", "The house is small.", "--beam", "2", *options)
    browser.open(tmp_path / "page.html")
    assert texts(browser, "#beam-score") == [words] and texts(browser, "#beam-score sup") == power and browser.console() == []


@needs_browser
def test_the_sections_of_a_beam_are_saved_as_svg(beam_page):
    check_saved_sections(beam_page[0])


@needs_browser
@pytest.mark.parametrize("width", [360, 800, 1400])
def test_a_beam_fits_every_width(width, beam_page):
    browser, _ = beam_page
    check_width(browser, width)
    leaves = "[...document.querySelectorAll('#beam-tree .leaf rect')].map((of) => of.getBoundingClientRect())"
    browser.devtools("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 500)
    browser.until(f"Math.min(...{leaves}.map((of) => of.width)) >= (arguments[0] < 500 ? 35 : 44)", width)
    too_wide = browser.run("""return [...document.querySelectorAll("#beam-tree .leaf")].filter((leaf) => {
        const [box, ...words] = [...leaf.children].map((of) => of.getBoundingClientRect());
        return words.some((of) => of.left < box.left - 1 || of.right > box.right + 1 || of.bottom > box.bottom);
    }).map((of) => of.textContent)""")
    browser.devtools("Emulation.clearDeviceMetricsOverride")
    assert too_wide == []


@needs_browser
@pytest.mark.parametrize("variant", ["odd", "swish"])
def test_other_shapes_are_drawn_without_a_complaint(variant, opened, tmp_path):
    browser, _, _ = opened
    data, _ = explain(tmp_path / "page.html", "I have a dog. " + HOSTILE["the end of a script"], GOLDEN / variant)
    browser.open(tmp_path / "page.html")
    n_layers = [data["checkpoint"][side]["n_layers"] for side in ("encoder", "decoder")]
    boxes = browser.run("return [...document.querySelectorAll('#map .box')].map((box) => box.dataset.box)")
    assert len(boxes) == 4 * n_layers[0] + 6 * n_layers[1] + 6
    for box in boxes:
        click_box(browser, box)
    assert browser.console() == []


@needs_browser
@pytest.mark.parametrize("variant", ["pre-norm", "pre-norm without a final norm", "embedding norm", "wide heads",
                                     "post-norm with a final norm"])
def test_other_architectures_are_drawn_as_they_compute(variant, opened, tmp_path, architectures):
    """A box for every tensor but those inside of a sublayer; its inputs are those that it is computed from."""
    browser, _, _ = opened
    model = architectures[variant]
    explain(tmp_path / "page.html", "a big dog", model)
    run("-m", model, "--trace", tmp_path / "trace", "a big dog")
    trace = safetensors.numpy.load_file(tmp_path / "trace")
    browser.open(tmp_path / "page.html")
    boxes = browser.run("return [...document.querySelectorAll('#map .box')].map((box) => box.dataset.box)")
    parts = {name for name in trace if not re.search(r"\.(query|key|value|scores|weights|heads|inner)$", name)}
    assert set(boxes) == parts | {"encoder.positions", "decoder.positions", "softmax"} and len(boxes) == len(set(boxes))
    norm = json.loads((model / "config.json").read_text())["norm"]
    encoded = "encoder.final_norm" if norm["final"] else f"encoder.1.feed_forward_{'residual' if norm['before'] else 'norm'}"
    shown = {}
    for box in boxes:
        click_box(browser, box)
        shown[box] = browser.run("return [...document.querySelectorAll('#box [data-tensor]')].map((of) => of.dataset.tensor)")
    x = "decoder.embedding_norm" if norm["embedding"] else "decoder.embedding"
    for part in ("self_attention", "cross_attention", "feed_forward"):
        name, last = f"decoder.0.{part}", x
        x = f"{name}_residual" if norm["before"] else f"{name}_norm"
        assert shown[x] == [last, name, x]
        assert shown[name][0] == (f"{name}_norm" if norm["before"] else last)
        assert not norm["before"] or shown[f"{name}_norm"] == [last, f"{name}_norm"]
    assert shown["decoder.1.cross_attention"][1] == encoded
    last = f"decoder.1.feed_forward_{'residual' if norm['before'] else 'norm'}"
    assert shown["output"][0] == ("decoder.final_norm" if norm["final"] else last)
    words = browser.text("#checkpoint")
    assert ("before each sublayer" in words) == norm["before"] and ("after each stack" in words) == norm["final"]
    assert "Tokenizer: characters, source " in words
    choose(browser, "#position", 3)
    [row] = opened_numbers(browser, "#position-row details")
    tensors = safetensors.numpy.load_file(model / "model.safetensors")
    if "source_positions.weight" in tensors:
        expected = tensors["source_positions.weight"][3]
        assert row == pytest.approx(expected.tolist(), abs=2 ** -8 * abs(expected).max() + 6e-4)
        assert "stored tables" in words
    assert browser.console() == []
