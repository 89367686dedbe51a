"""A partition of a corpus, streamed through a translate process.

spark_translate.py sends this file to the nodes, which have Python and Spark, but nothing else of this repository.
"""

import contextlib
import itertools
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator
from typing import BinaryIO

Result = tuple[str | None, str | None]  # translation, error

TEXTS_AT_ONCE = 1024  # what the program translates together
ARCHIVE = "transformer_c"  # what spark_translate.py sends: the program and the checkpoint


class Translator:
    """A translate process, replaced by a new one when it dies."""

    def __init__(self, command: list[str], messages: BinaryIO) -> None:
        """messages: a file for what the process says on standard error."""
        self.command, self.messages = command, messages
        self.start()

    def start(self) -> None:
        """Fails if the program cannot even copy a blank line: then no text is to blame, and the Spark task has to fail."""
        self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.messages)
        if self.answers([b""]) != [("", None)]:
            raise RuntimeError(f"{' '.join(self.command)}: failed to copy a blank line: {self.close()}")

    def close(self) -> str:
        """Ends the process. Returns its last message, or else what ended it."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.stdout.close()
        status = self.process.wait()
        self.messages.seek(0)
        message = self.messages.read().decode(errors="replace").strip()
        self.messages.seek(0)
        self.messages.truncate()
        if status < 0:
            return f"translate: killed by {signal.Signals(-status).name}"
        return message.split("\n")[-1] if message else f"translate: exit status {status}"

    def answers(self, texts: list[bytes]) -> list[Result]:
        """The results of texts, up to the one at which the process dies. A text may have several lines."""
        def write() -> None:
            with contextlib.suppress(BrokenPipeError):
                self.process.stdin.write(b"".join(text + b"\n" for text in texts))
                self.process.stdin.flush()

        writer = threading.Thread(target=write)  # both pipes have room for a part of it only
        writer.start()
        results = []
        for text in texts:
            lines = [self.process.stdout.readline() for _ in range(text.count(b"\n") + 1)]
            if not lines[-1].endswith(b"\n"):
                break
            results.append((b"".join(lines)[:-1].decode(), None))
        writer.join()
        return results

    def translate(self, texts: list[bytes], again: bool = False) -> list[Result]:
        """The results of texts. If the process dies, those without a result are translated in halves, down to the text that
        is to blame. It has a second try, because the process may have been killed for another reason."""
        results = self.answers(texts)
        left = texts[len(results):]
        if not left:
            return results
        why = self.close()
        self.start()
        if len(left) == 1:
            return results + ([(None, why)] if again else self.translate(left, again=True))
        half = len(left) // 2
        return results + self.translate(left[:half]) + self.translate(left[half:])


def translate_texts(texts: Iterable[bytes | None], command: list[str]) -> Iterator[Result]:
    """The results of texts in UTF-8, in order. Reads at most TEXTS_AT_ONCE ahead."""
    texts = iter(texts)
    with tempfile.TemporaryFile(buffering=0) as messages, contextlib.closing(Translator(command, messages)) as translator:
        while some := list(itertools.islice(texts, TEXTS_AT_ONCE)):
            results = iter(translator.translate([text for text in some if text is not None]))
            for text in some:
                yield next(results) if text is not None else (None, None)


def translate_rows(rows: Iterator[tuple], options: list[str]) -> Iterator[tuple]:
    """Rows of a partition, whose last column is the text, with the result instead of it."""
    from pyspark import SparkFiles
    sent = SparkFiles.get(ARCHIVE)
    command = [f"{sent}/translate", "-m", f"{sent}/checkpoint", "-t", "1", *options]
    rows, rows_again = itertools.tee(rows)
    results = translate_texts((row[-1] for row in rows_again), command)
    return (row[:-1] + result for result, row in zip(results, rows))
