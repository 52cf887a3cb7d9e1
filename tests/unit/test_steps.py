"""Steps of workflows, which Python's search for cycles of objects does not lengthen."""

import asyncio
import gc
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from types import SimpleNamespace
from typing import Any

import pytest
from temporalio.worker import UnsandboxedWorkflowRunner

from tests.waiting import eventually
from wand_orchestrator.activities.steps import UndisturbedRunner


def instance_of(runner: UndisturbedRunner, activate: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    made = SimpleNamespace(activate=activate)
    monkeypatch.setattr(UnsandboxedWorkflowRunner, "create_instance", lambda _, det: made)
    details: Any = None
    return runner.create_instance(details)


async def test_python_looks_for_cycles_between_steps_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = Barrier(2)

    def activate(act: str) -> tuple[str, bool]:
        at_once.wait(timeout=10)
        return act, gc.isenabled()

    instance = instance_of(UndisturbedRunner(), activate, monkeypatch)
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(2) as threads:
        steps = [loop.run_in_executor(threads, instance.activate, act) for act in "ab"]
        assert await asyncio.gather(*steps) == [("a", False), ("b", False)]
    await eventually(gc.isenabled)


async def test_a_step_that_raises_ends_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    def activate(act: str) -> None:
        raise KeyError(act)

    instance = instance_of(UndisturbedRunner(), activate, monkeypatch)
    with pytest.raises(KeyError):
        await asyncio.to_thread(instance.activate, "a")
    await eventually(gc.isenabled)
