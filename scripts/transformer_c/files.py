"""Files and directories that appear whole: a kill leaves the old one or the new one, and perhaps a hidden .part file. Nothing
is written over or removed that was not made here, except what is replaced."""

import contextlib
import os
import secrets
import shutil
from collections.abc import Callable, Collection, Iterator
from pathlib import Path


def name_beside(path: Path) -> Path:
    """A name in the same directory that nothing has, and nobody can guess."""
    return path.with_name(f".{secrets.token_hex(8)}.part")


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Lets `write(beside)` make a file beside `path`, then puts it in its place."""
    beside = name_beside(path)
    try:
        write(beside)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def other_files(directory: Path, names: Collection[str]) -> list[str]:
    """What a directory contains besides files of these names."""
    return sorted(entry.name for entry in os.scandir(directory)
                  if entry.name not in names or not entry.is_file(follow_symlinks=False))


@contextlib.contextmanager
def directory_whole(directory: Path, check: Callable[[Path], None]) -> Iterator[Path]:
    """Gives an empty directory to fill, and puts it in the place of `directory` when all went well. Whatever is there then
    is moved aside and shown to `check`, which raises an exception if it must not be removed."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    beside, old = name_beside(directory), name_beside(directory)
    beside.mkdir()
    try:
        yield beside
        if not os.path.lexists(directory):
            os.rename(beside, directory)
            return
        os.rename(directory, old)
        try:
            check(old)
            os.rename(beside, directory)
        except BaseException:
            os.rename(old, directory)
            raise
        shutil.rmtree(old)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
