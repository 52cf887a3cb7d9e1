"""The data folder of an embedded stack: one process at a time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wand_orchestrator.errors import ConfigurationError

_LOCK = "lock"


class FolderInUse(ConfigurationError):
    code = "data_folder_in_use"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Make the folder if it is not there, and keep every other embedded stack out of it.

    Raises FolderInUse that names the process; the kernel lets go when a holder ends, however it ends.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise ConfigurationError(f"the data folder {folder} cannot be used: {error.strerror}") from error
    try:
        _lock(lock, folder)
        yield
    finally:
        os.close(lock)


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
