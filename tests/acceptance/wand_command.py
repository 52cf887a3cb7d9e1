"""The real `wand`, started as a person would: in a process group of its own, with a folder of its own."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from typer.testing import CliRunner, Result

from tests.waiting import pauses
from wand_orchestrator.cli.main import app
from wand_orchestrator.cli.processes.ports import free_port
from wand_orchestrator.cli.processes.process_table import end, processes_with

PATIENCE_SEC = 60.0
WAND = Path(sys.executable).with_name("wand")
PLUGINS = Path(__file__).parents[1] / "plugins"
HTTP = httpx.Client(limits=httpx.Limits(max_keepalive_connections=0))
"""Asks whichever server listens now, over a connection of its own. `httpx.get` would read all certificates that there
are for each call, which takes 20 ms of the processor."""

NOT_PASSED_ON = ("WAND_", "TEMPORAL_")
LAST_PAUSE_SEC = 0.1
"""Between two looks, where it takes long."""


def environment(**settings: str) -> dict[str, str]:
    """Without what the one who runs the tests has set."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(NOT_PASSED_ON)}
    given = {"PYTHONPATH": str(PLUGINS), "NO_COLOR": "1", "COLUMNS": "200"}
    return {**kept, **given, **settings}


def wand(*arguments: str, cwd: Path, input: str | None = None, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [WAND, *arguments],
        cwd=cwd,
        env=environment(**settings),
        input=input,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SEC,
        check=False,
    )


def wand_here(*arguments: str, url: str, input: str | None = None) -> Result:
    """Run a command in this process: all of it is real but the start of another interpreter, which takes a second."""
    settings = {"WAND_URL": url, "NO_COLOR": "1"}
    return CliRunner().invoke(app, arguments, prog_name="wand", env=settings, input=input)


def wait_until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SEC
    for pause in pauses(LAST_PAUSE_SEC):
        if holds():
            return
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(pause)


class RunningWand:
    """A `wand` that stays until it is ended; what it writes goes to files in `folder`."""

    def __init__(
        self, arguments: tuple[str, ...], folder: Path, name: str, command: str = str(WAND), **settings: str
    ) -> None:
        self.folder = folder
        self._out, self._err = folder / f"{name}.out", folder / f"{name}.err"
        with self._out.open("w") as out, self._err.open("w") as err:
            self._process = subprocess.Popen(
                [command, *arguments], cwd=folder, env=environment(**settings), stdout=out, stderr=err, process_group=0
            )
        self.pid = self._process.pid

    @property
    def output(self) -> str:
        return self._out.read_text()

    @property
    def complaints(self) -> str:
        return self._err.read_text()

    @property
    def status(self) -> int | None:
        """The exit status, None while it runs."""
        return self._process.poll()

    def interrupt(self) -> int:
        """Ctrl-C in a terminal: the signal reaches the whole process group. The exit status."""
        os.killpg(self.pid, signal.SIGINT)
        return self.wait()

    def terminate(self) -> int:
        self._process.terminate()
        return self.wait()

    def kill(self) -> None:
        """`kill -9`, of this process alone."""
        self._process.kill()
        self._process.wait()

    def wait(self) -> int:
        return self._process.wait(PATIENCE_SEC)

    def wait_for_output(self, text: str) -> None:
        self.wait_until(lambda: text in self.output, f"it printed {text!r}")

    def wait_for_complaint(self, text: str) -> None:
        self.wait_until(lambda: text in self.complaints, f"it complained of {text!r}")

    def wait_until(self, holds: Callable[[], bool], what: str) -> None:
        def held() -> bool:
            if holds():
                return True
            assert self.status is None, f"it ended with {self.status}: {self.output}{self.complaints}"
            return False

        wait_until(held, what)


class WandDev:
    """`wand dev` over `folder`, on ports that stay the same over a restart."""

    def __init__(self, folder: Path, *flags: str, **settings: str) -> None:
        self.folder = folder
        self._flags = flags
        self.data_dir = folder / "data"
        self.port, temporal_port, ui_port = free_port(), free_port(), free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.temporal_address = f"127.0.0.1:{temporal_port}"
        self.ui_url = f"http://127.0.0.1:{ui_port}"
        self._ports = ("--port", str(self.port), "--temporal-port", str(temporal_port), "--ui-port", str(ui_port))
        self._settings = {"WAND_PLUGINS": "sample_agents", "WAND_FETCH_ALLOW": "127.0.0.1", **settings}
        self._process: RunningWand | None = None

    @property
    def process(self) -> RunningWand:
        assert self._process is not None
        return self._process

    @property
    def pid(self) -> int:
        return self.process.pid

    def start(self) -> None:
        """Gives when it is ready."""
        arguments = ("dev", *self._ports, "--data-dir", str(self.data_dir), *self._flags)
        self._process = RunningWand(arguments, self.folder, "dev", **self._settings)
        self._process.wait_until(self.ready, "it was ready")

    def ready(self) -> bool:
        try:
            return HTTP.get(f"{self.url}/ready", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    def stop(self) -> int:
        """Ctrl-C; the exit status."""
        return self.process.interrupt()

    def kill(self) -> None:
        """`kill -9` of the process that holds worker and API."""
        self.process.kill()

    def restart(self) -> None:
        """On the same folder and ports; it must have ended, however it did."""
        self.start()

    def temporal_pids(self) -> list[int]:
        return [process.pid for process in processes_with(" server start-dev ", str(self.data_dir.resolve()))]

    def left_behind(self) -> list[str]:
        """Command lines of what runs although it should not: Temporal, and what watches over it."""
        words = [(str(self.data_dir.resolve()),), ("wand-watchdog", f" {self.pid} ")]
        return [process.command for found in words for process in processes_with(*found)]

    def destroy(self) -> None:
        if self._process is not None and self._process.status is None:
            self._process.kill()
        end(processes_with(str(self.data_dir.resolve())), PATIENCE_SEC)


@contextmanager
def running(arguments: tuple[str, ...], folder: Path, name: str, **settings: str) -> Iterator[RunningWand]:
    """Killed at the end if it still runs."""
    process = RunningWand(arguments, folder, name, **settings)
    try:
        yield process
    finally:
        if process.status is None:
            process.kill()


def printed(output: str, name: str) -> str:
    """What stands behind `name` in a panel of `wand dev`."""
    found = re.search(rf"{re.escape(name)} +(\S+)", output)
    assert found is not None, output
    return found.group(1)
