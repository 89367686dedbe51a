"""scripts/film.py on a recipe of a few seconds: the numbers in the page are those of the log and of a trace, and the slider
shows them. Needs PyTorch, and for the page chromium."""

import json
import re
import signal

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("sacrebleu")

import export
import film
import read_trace
import train
import webdriver
from conftest import TESTS
from test_explain import Parsed, number, texts
from transformer_c import program

ROOT = TESTS.parent
PAIR = ("hello", "olleh")
HOSTILE = "</script><b>"


@pytest.fixture(scope="module")
def filmed(tmp_path_factory):
    """The directory of a run of forty steps, and the data of its page, film.html."""
    place = tmp_path_factory.mktemp("filmed")
    recipe = (ROOT / "recipes/reversing.toml").read_text()
    for key, value in (("reversed_lines", 500), ("sentences", 500), ("steps", 40), ("lines", 5), ("report_steps", 2)):
        recipe, n = re.subn(rf"^{key} = \S+", f"{key} = {value}", recipe, flags=re.MULTILINE)
        assert n == 1
    (place / "recipe.toml").write_text(recipe)
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    film.Film(place / "recipe.toml", place / "run", PAIR, place / "film.html").train()
    train.Run(place / "recipe.toml", None, place / "plain").train()
    for number_, handler in handlers.items():
        signal.signal(number_, handler)
    return place, json.loads(Parsed((place / "film.html").read_text()).data)


def log_of(run):
    return [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("n_steps, steps", [
    (4000, [100, 200, 300, 400, 500, 600, 700, 1000, 2000, 2900, 4000]), (800, list(range(100, 801, 100))), (100, [100])])
def test_the_steps_of_frames(n_steps, steps):
    found = film.frame_steps(n_steps, 100)
    assert found[:6] == steps[:6] and found[-1] == n_steps and len(found) <= film.N_FRAMES
    assert all(a < b and b % 100 == 0 for a, b in zip(found, found[1:]))


def test_loss_and_accuracy_are_those_of_the_log(filmed):
    place, data = filmed
    assert [frame["step"] for frame in data["frames"]] == film.frame_steps(40, 2) and len(data["frames"]) == 12
    for log in (data["reports"], data["frames"]):
        for line in log_of(place / "run"):
            [shown] = [report for report in log if report["step"] == line["step"]] or [line]
            assert line.items() <= shown.items()


def test_a_film_changes_nothing_that_is_learned(filmed):
    place, _ = filmed
    losses, plain = ([line["loss"] for line in log_of(place / run) if "loss" in line] for run in ("run", "plain"))
    assert len(losses) == 20 and losses == plain


def test_attention_is_that_of_a_trace(filmed, tmp_path):
    place, data = filmed
    assert len({json.dumps(frame["attention"]) for frame in data["frames"]}) == 12
    export.export(place / "run/model", tmp_path / "checkpoint", "float32")
    last = data["frames"][-1]
    program.translate(tmp_path / "checkpoint", [], "--target", PAIR[1], "--trace", str(tmp_path / "trace"), "--", PAIR[0])
    trace, source, decoder = read_trace.read_trace(tmp_path / "trace")
    assert (last["source"], last["decoder"]) == (source, decoder) and decoder[1:3] == ["▁ → o", "o → l"]
    [(name, weights)] = last["attention"].items()
    assert name == "decoder.0.cross_attention.weights"
    assert abs(trace[name].mean(axis=0) - weights).max() <= 1e-4


def test_the_page_needs_nothing_beside_it_and_text_stays_text(filmed):
    place, data = filmed
    plain = (place / "film.html").read_text()
    hostile = film.page(data | {"name": HOSTILE, "pair": [HOSTILE, HOSTILE]})
    assert Parsed(hostile).elements == Parsed(plain).elements and json.loads(Parsed(hostile).data)["name"] == HOSTILE
    text = re.sub(r"/\*.*?\*/", "", hostile, flags=re.DOTALL)  # comments import types
    assert not re.search(r"https?:|@import|^import |url\(|\b(fetch|XMLHttpRequest|WebSocket|import)\(", text, re.MULTILINE)
    assert "src" not in {name for _, attributes in Parsed(hostile).elements for name in attributes}


# ---- in a browser ----

@pytest.fixture
def page(filmed, tmp_path):
    """The freshly opened page, which must not complain."""
    if not webdriver.INSTALLED:
        pytest.skip("chromium or chromedriver is not installed")
    browser = webdriver.Browser(tmp_path / "profile")
    try:
        browser.open(filmed[0] / "film.html")
        yield browser
        assert browser.console() == []
    finally:
        browser.close()


def assert_shown(browser, frame):
    assert browser.text("#step-name") == f"step {frame['step']}"
    assert browser.text("#loss") == f"{frame['loss']:#.3g}" and texts(browser, "#says") == [frame["says"]]
    assert browser.text("#exact") == f"{frame['validation']['reversed_lines']['exact']:g} %"
    [weights] = frame["attention"].values()
    shown = [number(title.rsplit(": ", 1)[1]) for title in browser.run(
        "return [...document.querySelectorAll('#matrix td')].map((cell) => cell.title)")]
    assert shown == pytest.approx([weight for row in weights for weight in row], abs=6e-4)


def test_the_slider_goes_through_the_steps(filmed, page):
    frames = filmed[1]["frames"]
    assert_shown(page, frames[-1])  # as it opens
    page.press("left", "left", "left")
    assert_shown(page, frames[-4])
    colours = "return [...document.querySelectorAll('#matrix td')].map((cell) => getComputedStyle(cell).backgroundColor)"
    before = page.run(colours)
    page.press("right")
    assert_shown(page, frames[-3])
    assert page.run(colours) != before
    assert texts(page, "#matrix tbody th") == frames[-3]["decoder"]
    assert texts(page, "#matrix thead th")[1:] == frames[-3]["source"]


def test_the_theme_and_every_width(page):
    background = "return getComputedStyle(document.body).backgroundColor"
    light = page.run(background)
    page.click("#theme")
    assert page.run(background) != light and page.text("#theme") == "Light"
    for width in (360, 800, 1400):
        page.devtools("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 500)
        page.until("innerWidth === arguments[0] && document.documentElement.scrollWidth <= innerWidth", width)
    page.devtools("Emulation.clearDeviceMetricsOverride")
