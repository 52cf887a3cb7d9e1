"""`wand dev` with agents that harm the process they run in, beside a run that has to go on."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.acceptance.conftest import StartWandDev
from tests.acceptance.test_wand_dev import ended, run_of, start_run
from tests.acceptance.wand_command import HTTP, WandDev, wait_until

BLOCK_SEC = 2.5
HEALTH_SEC = float(os.environ.get("WAND_FUZZ_HEALTH_SEC", "2"))
"""An API that shared a process with an agent would be silent for BLOCK_SEC at least. 0.5 s hold where nothing else
runs: `make fuzz-documents`."""


@pytest.fixture(scope="module")
def hostile_wand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WandDev]:
    dev = WandDev(
        tmp_path_factory.mktemp("hostile"),
        WAND_PLUGINS="sample_agents,hostile_agents",
        WAND_AGENT_BLOCK_SEC=str(BLOCK_SEC),
        WAND_AGENT_MEMORY_MB="512",
        WAND_AGENT_CANCEL_SEC="1",
    )
    dev.start()
    yield dev
    assert dev.stop() == 0
    assert dev.left_behind() == []


@contextmanager
def health_asked(dev: WandDev) -> Iterator[list[float]]:
    """Seconds that each of many answers took; it goes on while the block lasts."""
    took: list[float] = []
    over = threading.Event()

    def ask() -> None:
        with httpx.Client() as client:
            while not over.is_set():
                began = time.monotonic()
                client.get(f"{dev.url}/health", timeout=60).raise_for_status()
                took.append(time.monotonic() - began)
                over.wait(0.05)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield took
    finally:
        over.set()
        asking.join()


@pytest.mark.parametrize(
    ("agent", "params", "code", "attempts"),
    [
        ("hostile.block", {"sec": 600}, "agent_blocked", 2),
        ("hostile.hold_the_lock", {}, "agent_blocked", 1),
        ("hostile.exit", {}, "agent_crashed", 2),
        ("hostile.kill", {}, "agent_crashed", 1),
        ("hostile.eat", {}, "agent_out_of_memory", 1),
        ("hostile.close", {}, "agent_crashed", 1),
        ("hostile.raise", {"error": "KeyboardInterrupt"}, "RuntimeError", 2),
    ],
)
def test_it_fails_by_its_own_code_after_its_own_attempts_and_nothing_else_does(
    hostile_wand: WandDev, agent: str, params: dict[str, Any], code: str, attempts: int
) -> None:
    dev = hostile_wand
    gate = dev.folder / f"open-{code}-{agent}"
    beside = start_run(dev, {"id": "gate", "type": "test.gate", "params": {"open": str(gate)}, "retries": 0})
    wait_until(lambda: run_of(dev, beside)["nodes"]["gate"]["status"] == "running", "the agent beside it ran")
    with health_asked(dev) as took:
        node = {"id": "bad", "type": agent, "params": params, "retries": attempts - 1}
        run = ended(dev, start_run(dev, {**node, "retry": {"initial_interval_sec": 0.1}, "timeout_sec": 50}))
    assert run["status"] == "failed"
    assert run["nodes"]["bad"]["error"]["code"] == code
    assert run["nodes"]["bad"]["attempt"] == attempts
    assert max(took) < HEALTH_SEC
    gate.touch()
    assert ended(dev, beside)["status"] == "succeeded"
    assert run_of(dev, beside)["nodes"]["gate"]["attempt"] == 1
    assert dev.ready()


def test_one_that_never_hears_of_a_cancel_is_cancelled_all_the_same(hostile_wand: WandDev) -> None:
    dev = hostile_wand
    started = dev.folder / "started"
    run = start_run(
        dev, {"id": "deaf", "type": "hostile.ignore_cancel", "params": {"started": str(started)}, "timeout_sec": 600}
    )
    wait_until(started.exists, "the agent ran")
    HTTP.post(f"{dev.url}/runs/{run}/cancel").raise_for_status()
    assert ended(dev, run)["status"] == "cancelled"


def test_when_wand_dev_is_killed_nothing_of_its_agents_is_left(wand_dev: StartWandDev) -> None:
    """Not even one in which no line of Python gets to run any more, and what agents have started."""
    dev = wand_dev(WAND_PLUGINS="sample_agents,hostile_agents")
    (host,) = [child for child in psutil.Process(dev.pid).children() if "wand-agent-host" in child.cmdline()]
    run = start_run(dev, {"id": "bad", "type": "hostile.hold_the_lock", "timeout_sec": 600})
    wait_until(lambda: run_of(dev, run)["nodes"]["bad"]["status"] == "running", "the agent ran")
    dev.kill()
    wait_until(lambda: not host.is_running(), "the agent host had ended")


PLUGIN = """
from wand_orchestrator import agent

@agent("acme.version")
def version() -> int:
    return {version}
"""


@pytest.fixture
def reloading_wand(tmp_path: Path) -> Iterator[WandDev]:
    """Over a project whose plug-in lies in the current folder and is not installed."""
    (tmp_path / "acme_reloaded.py").write_text(PLUGIN.format(version=1))
    dev = WandDev(tmp_path, "--reload", WAND_PLUGINS="sample_agents,acme_reloaded", WAND_SHUTDOWN_GRACE_SEC="1")
    dev.start()
    yield dev
    assert dev.stop() == 0
    dev.destroy()


def test_a_changed_plug_in_is_loaded_anew_and_runs_go_on(reloading_wand: WandDev) -> None:
    dev = reloading_wand
    gate = dev.folder / "open"
    opened = start_run(dev, {"id": "gate", "type": "test.gate", "params": {"open": str(gate)}, "timeout_sec": 600})
    wait_until(lambda: run_of(dev, opened)["nodes"]["gate"]["status"] == "running", "the agent ran")
    first = ended(dev, start_run(dev, {"id": "n", "type": "acme.version"}))
    assert first["result"]["outputs"] == {"n": 1}
    (dev.folder / "acme_reloaded.py").write_text(PLUGIN.format(version=2))
    dev.process.wait_for_complaint("beginning again")
    wait_until(lambda: dev.ready() and version(dev) == 2, "the new code ran")
    gate.touch()
    assert ended(dev, opened)["status"] == "succeeded"


def version(dev: WandDev) -> Any:
    try:
        return ended(dev, start_run(dev, {"id": "n", "type": "acme.version"}))["result"]["outputs"]["n"]
    except httpx.TransportError:
        return None
