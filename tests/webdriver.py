"""A headless Chromium, spoken to through chromedriver: W3C WebDriver, which is JSON over HTTP."""

import json
import os
import re
import shutil
import subprocess
import time
import urllib.error
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync"]
INSTALLED = shutil.which("chromium") and shutil.which("chromedriver") and "WITHOUT_BROWSER" not in os.environ
KEYS = {"left": "\ue012", "up": "\ue013", "right": "\ue014", "down": "\ue015"}


class Browser:
    """Ends with close; `profile` is an empty directory for its data."""

    def __init__(self, profile):
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                       text=True)
        try:
            for line in self.driver.stdout:
                if port := re.search(r"started successfully on port (\d+)", line):
                    break
            self.at = f"http://127.0.0.1:{port[1]}"
            options = {"args": [*FLAGS, f"--user-data-dir={profile}", "--window-size=1400,1000"]}
            session = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {
                "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}})
            self.at += f"/session/{session['sessionId']}"
        except BaseException:
            self.driver.kill()
            raise

    def call(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.at + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(json.load(error)["value"]["message"]) from None

    def close(self):
        try:
            self.call("DELETE", "")
        finally:
            self.driver.terminate()
            self.driver.wait()

    def open(self, path):
        self.call("POST", "/url", {"url": path.as_uri()})

    def run(self, script, *arguments):
        """What the JavaScript function body `script` returns."""
        return self.call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def until(self, script, *arguments):
        """Waits for what follows an event: the JavaScript expression `script` to become true."""
        deadline = time.monotonic() + 20
        while not self.run(f"return {script}", *arguments):
            assert time.monotonic() < deadline, f"waited in vain for {script}"
            time.sleep(0.02)

    def devtools(self, command, **parameters):
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    def console(self):
        """The warnings and errors since the last call."""
        return [entry["message"] for entry in self.call("POST", "/se/log", {"type": "browser"})]

    def find(self, selector):
        return self.call("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def text(self, selector):
        return self.call("GET", f"/element/{self.find(selector)}/text")

    def show(self, selector):
        """Scrolls an element into view."""
        self.run("document.querySelector(arguments[0]).scrollIntoView({block: 'center', behavior: 'instant'})",
                 selector)

    def click(self, selector):
        self.show(selector)
        self.call("POST", f"/element/{self.find(selector)}/click", {})

    def press(self, *keys):
        """Keys, by name, to what has the focus."""
        actions = [{"type": kind, "value": KEYS[key]} for key in keys for kind in ("keyDown", "keyUp")]
        self.call("POST", "/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": actions}]})

    def point(self, selector):
        """Moves the pointer to the middle of an element."""
        self.show(selector)
        move = {"type": "pointerMove", "duration": 0, "x": 0, "y": 0, "origin": {ELEMENT: self.find(selector)}}
        self.call("POST", "/actions", {"actions": [{"type": "pointer", "id": "mouse", "actions": [move]}]})
