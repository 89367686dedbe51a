"""scripts/explore: who is refused, what a page shows while somebody types, and how long that takes. The browser tests need
chromium and chromium-driver (Debian packages)."""

import http.client
import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

import pytest

import test_explain
import webdriver
from transformer_c.program import ROOT, TRANSLATE

TWENTY = "The little house by the lake is for sale, and we want to buy it."


class Server:
    """A running explorer. Ends with close, as with Ctrl+C."""

    def __init__(self, *arguments, **environment):
        self.process = subprocess.Popen([sys.executable, ROOT / "scripts/explorer.py", *arguments], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env={**os.environ, **environment},
                                        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler))
        self.address, self.said = (self.process.stdout.readline().strip() for _ in range(2))
        self.host, self.token = re.fullmatch(r"http://(127\.0\.0\.1:\d+)/([\w-]{43})/", self.address).groups()

    def get(self, what="", token=None, headers=None, **query):
        """(status, headers, text) of what a client gets; headers replace those that it sends."""
        port = int(self.host.split(":")[1])
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        path = f"/{self.token if token is None else token}/{what}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
        connection.putrequest("GET", path, skip_host=True)
        for name, value in {"Host": self.host, **(headers or {})}.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, answer.headers, text

    def close(self):
        self.process.send_signal(signal.SIGINT)
        said = self.process.communicate(timeout=20)
        assert (self.process.returncode, said) == (0, ("", "")) and self.said == "Ctrl+C ends the explorer."


@pytest.fixture(scope="module")
def server():
    server = Server("--no-browser")
    try:
        yield server
    finally:
        server.close()


# ---- who is refused ----

def test_the_user_gets_the_page(server):
    status, headers, text = server.get()
    assert status == 200 and "<title>Explore the Transformer</title>" in text
    assert headers["Referrer-Policy"] == "no-referrer" and "frame-ancestors 'self'" in headers["Content-Security-Policy"]
    assert server.get(headers={"Origin": f"http://{server.host}", "Sec-Fetch-Site": "same-origin"})[0] == 200


@pytest.mark.parametrize("what", ["", "page", "data", "other"])
@pytest.mark.parametrize("change", [
    {"token": ""}, {"token": "A" * 43}, {"token": "ä"}, {"headers": {"Host": "evil.example"}},
    {"headers": {"Host": "localhost"}}, {"headers": {"Origin": "http://evil.example"}}, {"headers": {"Origin": "null"}},
    {"headers": {"Origin": "http://127.0.0.1:1"}}], ids=str)
def test_others_are_refused(server, what, change):
    if not change.get("token", "").isascii():
        change = {"token": urllib.parse.quote(change["token"])}
    status, _, text = server.get(what, text="a", **change)
    assert (status, text) == (403, "")


@pytest.mark.parametrize("what", ["page", "data"])
def test_a_page_from_elsewhere_gets_no_data(server, what):
    assert server.get(what, headers={"Sec-Fetch-Site": "cross-site"}, text="a")[0] == 403
    assert server.get(what, headers={"Sec-Fetch-Site": "same-site"}, text="a")[0] == 403  # another port of this machine
    assert server.get(what, headers={"Sec-Fetch-Site": "same-origin"}, text="a")[0] == 200


def test_a_part_of_the_token_is_not_enough(server):
    assert server.get(token=server.token[:-1])[0] == server.get(token=server.token + "A")[0] == 403


def test_the_server_listens_on_loopback_only(server):
    port = int(server.host.split(":")[1])
    with open("/proc/net/tcp") as table:
        listening = [line.split()[1] for line in table if line.split()[3] == "0A"]
    assert [address for address in listening if address.endswith(f":{port:04X}")] == [f"0100007F:{port:04X}"]
    with socket.socket(socket.AF_INET6) as other, pytest.raises(OSError):
        other.connect(("::1", port))


def test_each_run_has_another_token_and_port(server):
    other = Server("--no-browser")
    other.close()
    assert other.token != server.token and other.host != server.host


def test_the_browser_gets_the_address_from_a_file_of_the_user(tmp_path):
    """All users can read the arguments of a process."""
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" >{tmp_path}/opened.part\nmv {tmp_path}/opened.part {tmp_path}/opened\n')
    browser.chmod(0o755)
    server = Server(BROWSER=f"{browser} %s")
    try:
        deadline = time.monotonic() + 20
        while not (tmp_path / "opened").exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        opened = (tmp_path / "opened").read_text().strip()
        file = urllib.parse.unquote(opened.removeprefix("file://"))
        assert opened.startswith("file://") and server.token not in opened
        assert server.address in Path(file).read_text()
        assert stat.S_IMODE(os.stat(file).st_mode) == 0o600 and stat.S_IMODE(os.stat(os.path.dirname(file)).st_mode) == 0o700
    finally:
        server.close()
    assert not os.path.exists(file)


# ---- what it shows ----

def written(tmp_path, *arguments):
    subprocess.run([TRANSLATE, "--explain", tmp_path / "page.html", *arguments], check=True, capture_output=True)
    return (tmp_path / "page.html").read_text()


@pytest.mark.parametrize("query, options", [
    ({}, []), ({"without": "positions decoder.1.cross_attention:2"}, ["--without=positions",
                                                                    "--without=decoder.1.cross_attention:2"]),
    ({"target": "Im Garten ist ein Panther."}, ["--target", "Im Garten ist ein Panther."]),
    ({"beam": "4", "temperature": "0", "seed": "7"}, ["--beam", "4"]),
    ({"beam": "1", "temperature": "0.6", "seed": "7"}, ["--sample", "--temperature", "0.6", "--seed", "7"])], ids=str)
def test_a_page_is_that_of_explain(server, query, options, tmp_path):
    page = written(tmp_path, *options, "There is a panther in the garden.")
    status, headers, text = server.get("page", text="There is a panther in the garden.", **query)
    assert (status, text) == (200, page) and headers["Content-Type"] == "text/html; charset=utf-8"
    status, _, data = server.get("data", text="There is a panther in the garden.", **query)
    assert (status, data) == (200, test_explain.Parsed(page).data.rstrip("\n"))


def test_text_is_never_an_option(server):
    assert json.loads(server.get("data", text="--help me")[2])["sentences"][0]["text"] == "--help me"
    status, _, said = server.get("data", text="a", without="--help")
    assert status == 400 and said.startswith('unknown part "--help"')
    for query in ({"beam": "4 --help"}, {"temperature": "1 --help"}, {"temperature": "1", "seed": "1 --help"}):
        status, _, said = server.get("data", text="a", **query)
        assert status == 400 and re.fullmatch(r"invalid --\w+ \d --help; must be a number from .*", said)


@pytest.mark.parametrize("query, said", [
    ({"text": " "}, "TEXT has no sentence; --explain requires one"), ({"text": "a" * 5000}, "more than 4096 bytes"),
    ({"text": "a", "model": "9"}, "unknown checkpoint"), ({"text": "a", "model": "../.."}, "unknown checkpoint"),
    ({"text": "a\0b"}, "a NUL character"), ({"text": "a", "seed": "1\0"}, "a NUL character"),
    ({"text": "a", "beam": "2", "target": "b"}, "--target searches nothing"),
    ({"text": "a", "beam": "2", "temperature": "1"}, "--sample and --beam cannot be combined")], ids=str)
def test_what_has_no_page_is_said(server, query, said):
    status, _, text = server.get("data", **query)
    assert status == 400 and said in text


def test_what_is_not_there(server):
    assert server.get("etc/passwd")[0] == server.get("../scripts/explorer.py")[0] == 404


def test_a_directory_without_a_checkpoint_is_refused(tmp_path):
    done = subprocess.run([sys.executable, ROOT / "scripts/explorer.py", "-m", tmp_path], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (1, f"explore: {tmp_path}: not a checkpoint: has no config.json\n")


# ---- in a browser ----

IN_FRAME = "document.querySelectorAll('iframe')[arguments[0]].contentDocument"


class Typist:
    """The explorer in a browser."""

    def __init__(self, server, profile):
        self.browser = webdriver.Browser(profile)
        self.browser.call("POST", "/url", {"url": server.address})
        self.until_shown(0, "Das Wetter wird morgen besser.")

    def until_shown(self, pane, translation):
        shown = f"{IN_FRAME}?.querySelector('#lines p:nth-of-type(2)')?.textContent"
        self.browser.until(f"{shown} === arguments[1]", pane, translation)

    def fill(self, pane, name, value):
        self.browser.run("""const field = document.forms[arguments[0]].elements[arguments[1]];
            field.value = arguments[2];
            field.dispatchEvent(new Event("input", {bubbles: true}));""", pane, name, value)

    def texts(self, pane, selector):
        found = f"[...{IN_FRAME}.querySelectorAll(arguments[1])]"
        return self.browser.run(f"return {found}.map((of) => of.textContent)", pane, selector)


@pytest.fixture
def typist(server, tmp_path):
    typist = Typist(server, tmp_path)
    try:
        yield typist
        assert typist.browser.console() == []
    finally:
        typist.browser.close()


@test_explain.needs_browser
def test_the_page_follows_what_is_typed(typist):
    """Without loading the frame again: it keeps its place and its choices. Sections out of sight follow, too."""
    choices = f"return [{IN_FRAME}.defaultView.scrollY, {IN_FRAME}.documentElement.dataset.theme]"
    typist.browser.run(f"""{IN_FRAME}.defaultView.scrollTo({{top: 900, behavior: 'instant'}});
        {IN_FRAME}.querySelector('#theme').click()""", 0)
    before = typist.browser.run(choices, 0)
    for text in ("Thank you", "Thank you.", "Good morning."):
        typist.fill(0, "text", text)
        typist.until_shown(0, subprocess.run([TRANSLATE, text], capture_output=True, text=True).stdout.strip())
        pieces = f"[...{IN_FRAME}.querySelectorAll('#pieces .side:nth-of-type(1) .piece')].map((of) => of.textContent).join('')"
        typist.browser.until(f"{pieces} === arguments[1]", 0, f" {text}</s>".replace(" ", "▁"))
        n = len(typist.texts(0, "#pieces .side:nth-of-type(2) .piece"))
        for rows in ("#said > *", "#matrix tbody tr"):
            typist.browser.until(f"{IN_FRAME}.querySelectorAll(arguments[1]).length === arguments[2]", 0, rows, n)
    after = typist.browser.run(choices, 0)
    assert after == before and before[0] > 800


@test_explain.needs_browser
def test_the_last_of_many_keystrokes_is_shown(typist):
    typist.browser.run("""const field = document.forms[0].elements.text;
        for (let n = 1; n <= arguments[0].length; n++) {
            field.value = arguments[0].slice(0, n);
            field.dispatchEvent(new Event("input", {bubbles: true}));
        }""", TWENTY)
    typist.until_shown(0, subprocess.run([TRANSLATE, TWENTY], capture_output=True, text=True).stdout.strip())


@test_explain.needs_browser
def test_two_settings_side_by_side(typist):
    typist.browser.click("#two")
    typist.until_shown(1, "Im Garten ist eine Panther.")
    typist.fill(1, "target", "Im Garten ist ein Panther.")
    typist.until_shown(1, "Im Garten ist ein Panther.")
    typist.fill(0, "without", "decoder.1.cross_attention:0")
    typist.until_shown(0, "Morgen wird es besser.")
    assert typist.texts(0, "#lines .note") == ["without decoder.1.cross_attention:0", "original"]
    lefts = typist.browser.run("return [...document.querySelectorAll('iframe')].map((of) => of.getBoundingClientRect().left)")
    assert lefts[1] > lefts[0] + 500
    typist.browser.click("#two")
    assert typist.browser.run("return document.querySelectorAll('section')[1].offsetWidth") == 0


@test_explain.needs_browser
def test_the_sliders_choose_the_search(typist):
    """What the program would refuse cannot be asked for."""
    def state():
        return typist.browser.run("""const { beam, temperature, again } = document.forms[0].elements;
            return [beam, temperature].flatMap((of) => [of.disabled, of.parentNode.textContent]).concat(again.disabled)""")

    def until_told(words):
        typist.browser.until(f"{IN_FRAME}.querySelector('#search').textContent.startsWith(arguments[1])", 0, words)

    def until_beam_of(size):  # sections out of sight are drawn after the lines
        typist.browser.until(f"{IN_FRAME}.querySelector('#beam-size').textContent === arguments[1]", 0, size)

    text = "There is a panther in the garden."
    translated = lambda *options: subprocess.run([TRANSLATE, *options, text], check=True,  # noqa: E731
                                                 capture_output=True, text=True).stdout.strip()
    typist.fill(0, "text", text)
    typist.until_shown(0, "Im Garten ist eine Panther.")
    assert state() == [False, "off", False, "off", True]
    typist.fill(0, "beam", "4")
    typist.until_shown(0, "Im Garten ist ein Panther.")
    until_beam_of("4")
    assert state() == [False, "4", False, "off", True]
    typist.fill(0, "temperature", "1")  # also ends the beam
    for seed in 1, 2, 3:
        typist.until_shown(0, translated("--sample", "--seed", str(seed)))
        until_told(f"Each piece was drawn at random (temperature 1, seed {seed})")
        assert state() == [False, "off", False, "1", False]
        typist.browser.click("[name=again]")
    typist.fill(0, "beam", "2")  # also ends the drawing
    until_told("Beam search with 2 hypotheses")
    assert state() == [False, "2", False, "off", True]
    typist.fill(0, "target", "Er sah sie.")
    typist.until_shown(0, "Er sah sie.")
    assert state() == [True, "off", True, "off", True]
    typist.fill(0, "target", "")
    typist.until_shown(0, translated("--beam", "2"))
    until_beam_of("2")
    assert state() == [False, "2", False, "off", True]


@test_explain.needs_browser
def test_another_checkpoint_loads_its_own_page(typist):
    names = typist.browser.run("return [...document.forms[0].elements.model].map((option) => option.textContent)")
    typist.fill(0, "model", str(names.index("en-ipa")))
    typist.fill(0, "text", "transformer")
    typist.until_shown(0, "tɹænsfˈɔɹməɹ")
    typist.fill(0, "text", "weather")
    typist.browser.until(f"{IN_FRAME}.querySelector('#lines p').textContent === 'weather'", 0)


@test_explain.needs_browser
def test_a_problem_is_said_and_the_page_stays(typist):
    typist.fill(0, "without", "decoder.1.cross")
    typist.browser.until("document.querySelector('output').textContent.startsWith('unknown part \"decoder.1.cross\"')")
    assert typist.texts(0, "#lines p")[1] == "Das Wetter wird morgen besser."
    typist.fill(0, "without", "")
    typist.browser.until("document.querySelector('output').textContent === ''")
    assert all("400" in message for message in typist.browser.console())


@test_explain.needs_browser
@pytest.mark.parametrize("width", [360, 800, 1400])
def test_no_width_scrolls_sideways(typist, width):
    typist.browser.devtools("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1,
                            mobile=width < 500)
    typist.browser.until("innerWidth === arguments[0] && document.documentElement.scrollWidth <= innerWidth", width)
    typist.browser.until(f"{IN_FRAME}.documentElement.scrollWidth <= {IN_FRAME}.defaultView.innerWidth", 0)
