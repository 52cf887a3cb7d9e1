"""Runs a peer's server: a process of its own on loopback, awaited until it answers.

Imported by scripts in foreign environments: the standard library only.
"""

import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

PAUSE_SEC = 0.1


def free_ports(count: int) -> list[int]:
    """Return free ports, all different."""
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [listener.getsockname()[1] for listener in listeners]


@contextmanager
def running(
    command: Sequence[str], end_with: signal.Signals = signal.SIGTERM, **options: Any
) -> "Iterator[subprocess.Popen[bytes]]":
    """Run a command during the context; its output goes to standard error. `options`: of the process."""
    process = subprocess.Popen(command, stdout=2, **options)
    try:
        yield process
    finally:
        process.send_signal(end_with)
        process.wait()


def wait_until_answered(ask: Callable[[], object], process: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Ask again until `ask` does not raise OSError. Raises it when the process has ended or the time is over."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            ask()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
        time.sleep(PAUSE_SEC)


def connect(port: int) -> None:
    """Check that a server listens on the port. Raises OSError."""
    socket.create_connection(("127.0.0.1", port), timeout=1).close()
