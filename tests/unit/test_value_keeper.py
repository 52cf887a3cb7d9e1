"""The end of a run has all values of its nodes stored, also those that another task is storing just then."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from wand_orchestrator.activities.core.keep_values import ValueKeeper
from wand_orchestrator.errors import Unavailable
from wand_orchestrator.settings import Settings
from wand_orchestrator.storage import Store
from wand_orchestrator.storage.node_value_rows import StoredNode


@pytest.mark.parametrize("fails", [False, True])
async def test_the_values_of_a_run_are_taken_once_nobody_else_stores_some_of_it(tmp_path: Path, fails: bool) -> None:
    store = Store.open(f"sqlite:///{tmp_path}/wand.db")
    keeper = ValueKeeper.of(store, Settings(_env_file=None, data_dir=tmp_path))
    storing, may_store = asyncio.Event(), asyncio.Event()

    async def put(nodes: list[StoredNode], **_: Any) -> None:
        storing.set()
        await may_store.wait()
        if fails:
            raise Unavailable("database", "it is away")

    store.node_values.put = put  # type: ignore[method-assign,assignment]
    keeper.log.of_run("r", "r").ended("a", 1)
    keeping = asyncio.create_task(keeper.keep())
    await storing.wait()

    async def end() -> list[str]:
        async with keeper.taken("r") as nodes:
            return [node.node for node in nodes]

    ending = asyncio.create_task(end())
    async with keeper.taken("other"):
        pass
    await asyncio.sleep(0)
    assert not ending.done()
    may_store.set()

    assert await ending == (["a"] if fails else [])
    await asyncio.gather(keeping, return_exceptions=True)
    await store.close()
