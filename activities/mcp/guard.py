"""Runs a stdio MCP server for the worker: ends it with the worker, and bounds the lines that it sends.

    python -I -S guard.py MAX_LINE_BYTES COMMAND ARGUMENT…

A server that does not look at its input would outlive a worker that was killed. This process sits between the two, in a
process group of its own with the server. Its input ends when the worker does, however it ends; then the whole group
ends. It imports the standard library alone: a worker runs one for each server.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time

END_GRACE_SEC = 2.0
"""For a server to end by itself once its input has ended, and again after SIGTERM."""

CHUNK = 64 * 1024
CANNOT_START = 127


def main(arguments: list[str]) -> None:
    limit, command = int(arguments[0]), arguments[1:]
    if os.getpgrp() != os.getpid():
        os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # it is for the server, whose end this process waits for
    try:
        server = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=_take_signals, bufsize=0
        )
    except OSError as error:
        _say(f"{command[0]} cannot be started: {error.strerror}")
        os._exit(CANNOT_START)
    threading.Thread(target=_pass_on_input, args=(server,), daemon=True).start()
    reading = threading.Thread(target=_pass_on_output, args=(server, limit), daemon=True)
    reading.start()
    code = server.wait()
    reading.join(END_GRACE_SEC)
    _say(f"the server ended with exit code {code}" if code >= 0 else f"the server was ended by signal {-code}")
    os.killpg(0, signal.SIGKILL)  # what the server has begun ends with it, and so does this process


def _take_signals() -> None:
    """Let SIGTERM end the server, which would inherit that this process ignores it."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _pass_on_input(server: "subprocess.Popen[bytes]") -> None:
    assert server.stdin is not None
    with contextlib.suppress(OSError):  # the server reads no more, and its end is noticed elsewhere
        while data := os.read(0, CHUNK):
            _write(server.stdin.fileno(), data)
    _end(server)


def _pass_on_output(server: "subprocess.Popen[bytes]", limit: int) -> None:
    assert server.stdout is not None
    length = 0
    try:
        while data := os.read(server.stdout.fileno(), CHUNK):
            first, *others = data.split(b"\n")
            length = max(length + len(first), *map(len, others)) if others else length + len(first)
            if length > limit:
                _say(f"the server sent a message of more than {limit} bytes, and was ended")
                os.killpg(0, signal.SIGKILL)
            if others:
                length = len(others[-1])
            _write(1, data)
    except OSError:  # the worker is gone
        _end(server)


def _end(server: "subprocess.Popen[bytes]") -> None:
    """End the server: by the end of its input, then by SIGTERM, then by SIGKILL."""
    assert server.stdin is not None
    with contextlib.suppress(OSError):
        server.stdin.close()
    for sent in (signal.SIGTERM, signal.SIGKILL):
        until = time.monotonic() + END_GRACE_SEC
        while time.monotonic() < until:
            if server.returncode is not None:
                return
            time.sleep(0.05)
        os.killpg(0, sent)


def _write(to: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(to, view) :]


def _say(text: str) -> None:
    with contextlib.suppress(OSError):
        _write(2, f"wand: {text}\n".encode(errors="replace"))


if __name__ == "__main__":
    main(sys.argv[1:])
