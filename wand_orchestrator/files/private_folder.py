"""Uses a local folder as an object store: adds private file modes and the refusal of symbolic links to obstore.

What runs left behind is for nobody but their owner: folders are 700 and files 600, whatever the umask. A symbolic link
in the folder was put there by somebody, and where it leads is no business of a reader or of a deletion.
"""

import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

FOLDER_MODE = 0o700
FILE_MODE = 0o600


def make(folder: Path) -> None:
    """Make `folder` and what is missing above it; one that is there already keeps its mode."""
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    for parent in reversed(missing):
        parent.mkdir(FOLDER_MODE, exist_ok=True)


def write(root: Path, key: str, data: bytes) -> None:
    """Write a file whole or not at all. Raises OSError, also for a link on the way to it."""
    with writing(root, key) as file:
        file.write(data)


@contextmanager
def writing(root: Path, key: str) -> Iterator[BinaryIO]:
    """Yield a file to write, which appears as a whole when the block ends, and not at all if it raises. Raises OSError,
    also for a symbolic link on its path.
    """
    target = root / key
    _refuse_links(root, Path(key).parent)
    make(target.parent)
    # obstore leaves names with such an ending out of its lists: they are its own of files that are being written.
    part = target.with_name(f"{target.name}#{secrets.randbelow(10**9)}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE), "wb") as file:
            yield file
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def link(root: Path, source: str, key: str) -> None:
    """Give a file a second name, or a copy where the file system has no links. Neither is ever written to again: each
    file here is replaced as a whole. Raises OSError."""
    target = root / key
    _refuse_links(root, Path(source))
    _refuse_links(root, Path(key).parent)
    make(target.parent)
    target.unlink(missing_ok=True)
    try:
        os.link(root / source, target)
    except FileNotFoundError:
        raise
    except OSError:
        with writing(root, key) as file, (root / source).open("rb") as kept:
            shutil.copyfileobj(kept, file)


def without_links(root: Path, keys: Iterable[str]) -> set[str]:
    """Return the keys whose paths lead through no symbolic link."""
    return {key for key in keys if not _through_link(root, Path(key))}


def remove(root: Path, key: str) -> None:
    """Remove a folder with its content, links but not their targets; a missing folder is no error."""
    folder = root / key
    if folder.is_symlink():
        folder.unlink(missing_ok=True)
    elif folder.is_dir():
        shutil.rmtree(folder, onerror=_unless_gone)


def _unless_gone(function: object, path: str, failure: tuple[type[BaseException], BaseException, object]) -> None:
    if not isinstance(failure[1], FileNotFoundError):
        raise failure[1]


def _refuse_links(root: Path, key: Path) -> None:
    if _through_link(root, key):
        raise NotADirectoryError(f"{key} leads through a symbolic link")


def _through_link(root: Path, key: Path) -> bool:
    return any((root / step).is_symlink() for step in (key, *key.parents) if step.parts)
