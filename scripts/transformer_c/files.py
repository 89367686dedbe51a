"""Files and directories that appear whole: a kill leaves the old one or the new one."""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Lets `write(beside)` make a file beside `path`, then puts it in its place."""
    beside = path.with_name(path.name + ".part")
    write(beside)
    os.replace(beside, path)


@contextlib.contextmanager
def directory_whole(directory: Path) -> Iterator[Path]:
    """Gives an empty directory to fill, and puts it in the place of `directory` when all went well."""
    beside, old = (directory.with_name(directory.name + end) for end in (".part", ".old"))
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        yield beside
        if directory.exists():
            shutil.rmtree(old, ignore_errors=True)
            os.replace(directory, old)
        os.replace(beside, directory)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
