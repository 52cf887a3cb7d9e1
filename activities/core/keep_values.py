"""Stores the values of nodes that the workflows of this worker report: params, inputs and outputs.

Nobody waits for it but the end of a run, which has all of its nodes stored. A worker that crashes has told less than a
second of it to nobody; whoever takes its runs over replays them, and tells it again.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic_core import PydanticSerializationError, to_json
from temporalio.worker import Interceptor, WorkflowInboundInterceptor, WorkflowInterceptorClassInput

from wand_orchestrator.background import background
from wand_orchestrator.contract.limits import INLINE_VALUE_BYTES
from wand_orchestrator.contract.names import EXTERN_VALUES
from wand_orchestrator.errors import Unavailable
from wand_orchestrator.files.payloads import PayloadStore
from wand_orchestrator.settings import Settings
from wand_orchestrator.storage import Store
from wand_orchestrator.storage.engine.weight import worked_off
from wand_orchestrator.storage.node_value_rows import StoredNode, StoredValue
from wand_orchestrator.temporal.value_log import UNSET, ToldNode, ValueLog

KEEP_INTERVAL_SEC = 0.5
"""Between two looks: who watches a run sees what went into a node so much later, at most."""

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class _Encoded:
    """Contains an encoded value. `data`: its JSON; None if it is too large to be kept, or cannot be written as JSON."""

    size: int
    data: bytes | None


class ValueKeeper:
    """Stores the values of nodes for one core worker. `max_bytes`: of one value; of a larger one only the size is
    stored.
    """

    def __init__(self, store: Store, payloads: PayloadStore, max_bytes: int) -> None:
        self.log = ValueLog()
        self._storing: dict[str, asyncio.Event] = {}
        self._store = store
        self._payloads = payloads
        self._max_bytes = max_bytes

    @classmethod
    def of(cls, store: Store, settings: Settings) -> "ValueKeeper":
        return cls(store, PayloadStore.open(settings), settings.max_node_value_bytes)

    @property
    def interceptors(self) -> list[Interceptor]:
        """Return the interceptors of the worker; none if no values are kept."""
        return [ValueInterceptor(self.log)] if self._max_bytes else []

    @asynccontextmanager
    async def taken(self, run_id: str | None = None) -> AsyncIterator[list[StoredNode]]:
        """Yield the values reported by one run or all, for the block to store; they are put back if
        the block raises. What another block is storing of that one run is stored, or put back, before.
        """
        while run_id is not None and (other := self._storing.get(run_id)) is not None:
            await other.wait()
        taken = self.log.take(run_id)
        stored = asyncio.Event()
        of_runs = dict.fromkeys((told.run_id for told in taken), stored)
        self._storing |= of_runs
        try:
            encoded = await worked_off([told.output for told in taken], partial(self._encoded, taken))
            yield [await self._stored(told, values) for told, values in encoded]
        except BaseException:
            self.log.put_back(taken)
            raise
        finally:
            for run in of_runs:
                if self._storing.get(run) is stored:
                    del self._storing[run]
            stored.set()

    async def keep(self) -> None:
        """Store what was told. Raises Unavailable; it is not lost then."""
        if self.log:
            async with self.taken() as nodes:
                await self._store.node_values.put(nodes)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Store reported values while the block runs, and the rest at its end."""
        try:
            async with background(self._run()):
                yield
        finally:
            with suppress(Unavailable):
                await self.keep()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(KEEP_INTERVAL_SEC)
            try:
                await self.keep()
            except Unavailable as error:
                log.info("what went through nodes is stored later: %s", error.message)

    def _encoded(self, taken: Iterable[ToldNode]) -> list[tuple[ToldNode, dict[str, _Encoded]]]:
        return [
            (
                told,
                {
                    name: self._encode(value)
                    for name, value in (("params", told.params), ("input", told.input), ("output", told.output))
                    if value is not UNSET
                },
            )
            for told in taken
        ]

    def _encode(self, value: Any) -> _Encoded:
        try:
            data = to_json(value, inf_nan_mode="null")
        except (PydanticSerializationError, ValueError, RecursionError):
            return _Encoded(0, None)
        return _Encoded(len(data), data if len(data) <= self._max_bytes else None)

    async def _stored(self, told: ToldNode, values: dict[str, _Encoded]) -> StoredNode:
        kept = {name: await self._place(told.root, value) for name, value in values.items()}
        return StoredNode(
            root=told.root,
            run_id=told.run_id,
            node=told.node,
            replaces=told.begun,
            params=kept.get("params"),
            input=kept.get("input"),
            output=kept.get("output"),
            child=told.child,
        )

    async def _place(self, root: str, value: _Encoded) -> StoredValue:
        """Return the value as it is stored; large ones are kept in the payload store with the topmost run. If that
        store is away, only the size is stored, so that no run waits for it.
        """
        if value.data is None:
            return StoredValue(value.size)
        if value.size <= INLINE_VALUE_BYTES:
            return StoredValue(value.size, value.data.decode())
        try:
            return StoredValue(value.size, digest=await self._payloads.keep(root, value.data))
        except Unavailable as error:
            log.warning("a value of a node of %s is not kept: %s", root, error.message)
            return StoredValue(value.size)


class ValueInterceptor(Interceptor):
    """Makes the log available to workflows, outside of their sandbox."""

    def __init__(self, values: ValueLog) -> None:
        self._values = values

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor] | None:
        input.unsafe_extern_functions[EXTERN_VALUES] = self._values.of_run
        return None
