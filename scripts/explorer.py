#!/usr/bin/env python3
"""The live explorer: a page on which people type a sentence and watch the page of --explain follow.

    explore [-m DIR]… [--no-browser]

    -m, --model DIR   a checkpoint to choose from; may be repeated (default: those in checkpoints/)
    --no-browser      only print the address

A server on loopback, at a random port, with a random token in the address. It refuses requests without the token, those for
another host, such as a name that somebody has pointed at 127.0.0.1, and those of pages from elsewhere. The browser gets the
address from a file that only this user can read, because all users can see the arguments of a process. Ctrl+C ends it.
"""

import argparse
import contextlib
import hmac
import html
import json
import os
import secrets
import subprocess
import sys
import tempfile
import threading
import urllib.parse
import webbrowser
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from transformer_c.program import ROOT, TRANSLATE

PAGE = Path(__file__).with_name("explorer.html")
MOST_BYTES = 4096  # of a text
SECONDS = 30       # for a page
HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
           "Cross-Origin-Resource-Policy": "same-origin",
           "Content-Security-Policy": "default-src 'self' 'unsafe-inline' data: blob:; frame-ancestors 'self'"}


class Refused(Exception):
    """A request that gets no page; says why."""


class Explorer(ThreadingHTTPServer):
    """directories: of the checkpoints to choose from. address: of the page, with the token."""

    daemon_threads = True

    def __init__(self, directories: list[Path]) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.directories, self.token = directories, secrets.token_urlsafe(32)
        self.host = f"127.0.0.1:{self.server_port}"
        self.address = f"http://{self.host}/{self.token}/"
        self.processes = threading.Semaphore(2)  # at once

    def handle_error(self, *request: object) -> None:
        """Says nothing of a browser that did not wait for an answer."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(*request)

    def explain(self, query: dict[str, str]) -> bytes:
        """The page that --explain writes. query has text, and may have model, an index, and without, target, beam,
        temperature and seed; a temperature of 0 draws nothing at random."""
        everything = "".join(query.values())
        if len(everything.encode()) > MOST_BYTES:
            raise Refused(f"more than {MOST_BYTES} bytes")
        if "\0" in everything:
            raise Refused("a NUL character")
        model = query.get("model", "0")
        if not model.isdecimal() or int(model) >= len(self.directories):
            raise Refused("unknown checkpoint")
        options = [f"--without={name}" for name in query.get("without", "").split()]
        options += [f"--{name}={query[name]}" for name in ("target", "beam") if query.get(name)]
        if query.get("temperature", "0") != "0":
            options += ["--sample", f"--temperature={query['temperature']}", f"--seed={query.get('seed', 1)}"]
        read, write = os.pipe()  # not a file, which would be synced to disk
        with self.processes, open(read, "rb") as page:
            command = [TRANSLATE, "-t", "1", "-m", self.directories[int(model)], "--explain", f"/dev/fd/{write}", *options,
                       "--", query.get("text", "")]
            try:
                process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                           pass_fds=[write])
            finally:
                os.close(write)
            with process:
                timer = threading.Timer(SECONDS, process.kill)
                timer.start()
                found, said = page.read(), process.communicate()[1].decode(errors="replace")
                timer.cancel()
        if process.returncode != 0:
            raise Refused(said.strip().split("\n")[-1].removeprefix("translate: ").removesuffix("; see `translate --help`"))
        return found


class Request(BaseHTTPRequestHandler):
    server: Explorer
    protocol_version = "HTTP/1.1"

    def check(self) -> tuple[str, dict[str, str]]:
        """(what is asked for, its query); raises PermissionError for whoever is not the page or the user."""
        url = urllib.parse.urlsplit(self.path)
        token, _, what = url.path.removeprefix("/").partition("/")
        own_origin = self.headers.get("Origin") in (None, f"http://{self.server.host}")
        own_page = what == "" or self.headers.get("Sec-Fetch-Site") in (None, "none", "same-origin")
        if not (hmac.compare_digest(token.encode(), self.server.token.encode()) and own_origin and own_page
                and self.headers.get_all("Host") == [self.server.host]):
            raise PermissionError
        return what, dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))

    def do_GET(self) -> None:
        try:
            what, query = self.check()
            if what == "":
                names = "".join(f'<option value="{i}">{html.escape(directory.name)}</option>'
                                for i, directory in enumerate(self.server.directories))
                self.answer(HTTPStatus.OK, "text/html", PAGE.read_text().replace("@checkpoints@", names).encode())
            elif what == "page":
                self.answer(HTTPStatus.OK, "text/html", self.server.explain(query))
            elif what == "data":
                page = self.server.explain(query)
                self.answer(HTTPStatus.OK, "application/json", page.split(b'id="data">', 1)[1].split(b"</script>", 1)[0])
            else:
                self.answer(HTTPStatus.NOT_FOUND, "text/plain", b"")
        except PermissionError:
            self.close_connection = True
            self.answer(HTTPStatus.FORBIDDEN, "text/plain", b"")
        except Refused as problem:
            self.answer(HTTPStatus.BAD_REQUEST, "text/plain", str(problem).encode())

    def answer(self, status: HTTPStatus, kind: str, content: bytes) -> None:
        self.send_response(status)
        for name, value in {**HEADERS, "Content-Type": f"{kind}; charset=utf-8", "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing: the terminal has the address and no more."""


def open_browser(address: str, directory: Path) -> None:
    """Opens a file that leads to the address, in a directory that only this user can enter."""
    page = directory / "explorer.html"
    page.touch(mode=0o600)
    page.write_text(f'<!DOCTYPE html>\n<meta charset="utf-8">\n<script>location.replace({json.dumps(address)})</script>\n')
    webbrowser.open(page.as_uri())


def main() -> None:
    parser = argparse.ArgumentParser(prog="explore", usage=__doc__.split("\n\n")[1].strip(),
                                     description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-m", "--model", type=Path, action="append", help=argparse.SUPPRESS)
    parser.add_argument("--no-browser", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    found = sorted(ROOT.glob("checkpoints/*/config.json"), key=lambda path: path.parent.name != "en-de")
    directories = arguments.model or [path.parent for path in found]
    if missing := [directory for directory in directories if not (directory / "config.json").is_file()]:
        sys.exit(f"explore: {missing[0]}: not a checkpoint: has no config.json")
    with (contextlib.suppress(KeyboardInterrupt), tempfile.TemporaryDirectory() as private,
          Explorer([directory.resolve() for directory in directories]) as server):
        print(f"{server.address}\nCtrl+C ends the explorer.", flush=True)
        if not arguments.no_browser:
            threading.Thread(target=open_browser, args=(server.address, Path(private)), daemon=True).start()
        server.serve_forever()


if __name__ == "__main__":
    main()
