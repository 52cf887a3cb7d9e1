"""The data folder of an embedded stack: one process at a time."""

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
    """Make the folder if it is not there, and keep every other embedded stack out of it.

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
    """A folder that an earlier stack has made, maybe for all to read; one of the user's own stays as it is."""
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
