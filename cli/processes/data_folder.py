"""The data folder of an embedded stack, which one process holds at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wand_orchestrator.errors import ConfigurationError

_LOCK = "lock"

_PRIVATE = 0o077
"""What nobody but the user may do with the files in it: inputs, outputs and artifacts of runs."""


class FolderInUse(ConfigurationError):
    code = "data_folder_in_use"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Create the folder if it is missing, and lock it against other embedded stacks while the block runs.

    Raises FolderInUse that names the process; the kernel lets go when a holder ends, however it ends.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        _close_to_others(folder)
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConfigurationError(f"the data folder {folder} cannot be used: {error.strerror}") from error
    before = os.umask(_PRIVATE)
    try:
        _lock(lock, folder)
        yield
    finally:
        os.umask(before)
        os.close(lock)


def _close_to_others(folder: Path) -> None:
    """Make a folder private that an earlier stack created; the user's own folder keeps its mode."""
    if not (folder / _LOCK).exists():
        return
    for path in (folder, *folder.iterdir()):
        mode = path.lstat().st_mode
        if not path.is_symlink() and mode & _PRIVATE:
            path.chmod(mode & ~_PRIVATE)


def _lock(lock: int, folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        holder = os.pread(lock, 32, 0).decode(errors="replace").strip() or "unknown"
        raise FolderInUse(
            f"the data folder {folder} is in use by another wand (process {holder}): "
            "stop that one, or give another folder with --data-dir"
        ) from error
    os.truncate(lock, 0)
    os.pwrite(lock, str(os.getpid()).encode(), 0)
