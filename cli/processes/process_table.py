"""Finds processes of this machine by their command lines, such as one that was left behind."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_STARTED_AT = 22 - 3
"""Index of the start time among the fields of /proc/<pid>/stat behind the command's name; see proc(5)."""


@dataclass(frozen=True)
class Process:
    """A process; `started` distinguishes it from a later one with the same pid."""

    pid: int
    started: str
    command: str

    def lives(self) -> bool:
        return _process(self.pid) == self


def processes_with(*words: str) -> list[Process]:
    """Return the processes whose command lines contain all of these words."""
    return [process for process in _all() if all(word in process.command for word in words)]


def end(processes: Sequence[Process], grace_sec: float) -> None:
    """Send SIGTERM, and SIGKILL to those that still live after `grace_sec`; returns when none lives."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for process in processes:
            _signal(process, number)
        deadline = time.monotonic() + grace_sec
        while any(process.lives() for process in processes) and time.monotonic() < deadline:
            time.sleep(0.02)


def _signal(process: Process, number: signal.Signals) -> None:
    if process.lives():
        try:
            os.kill(process.pid, number)
        except ProcessLookupError:
            return


def _all() -> Iterator[Process]:
    pids = _proc_pids() if _PROC.is_dir() else _ps_pids()
    found = (_process(pid) for pid in pids if pid != os.getpid())
    return (process for process in found if process is not None)


def _proc_pids() -> list[int]:
    return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdecimal()]


def _ps_pids() -> list[int]:
    return [int(line) for line in _ps("-axo", "pid=").splitlines()]


def _process(pid: int) -> Process | None:
    """Return the process; None if it does not exist, or has ended and is yet to be reaped."""
    return _from_proc(pid) if _PROC.is_dir() else _from_ps(pid)


def _from_proc(pid: int) -> Process | None:
    try:
        command = (_PROC / str(pid) / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        fields = (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return Process(pid, fields[_STARTED_AT], command) if command else None


def _from_ps(pid: int) -> Process | None:
    line = _ps("-wwo", "lstart=,command=", "-p", str(pid)).strip()
    # `lstart` has always 24 characters, such as `Sun Nov 23 21:27:00 2025`.
    return Process(pid, line[:24], line[24:].strip()) if line else None


def _ps(*arguments: str) -> str:
    return subprocess.run(["ps", *arguments], capture_output=True, text=True, check=False).stdout
