"""Does with a run of a random graph what people and other systems do: sends events, answers, pauses, retries, skips."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Literal

from temporalio.client import (
    RPCTimeoutOrCancelledError,
    WorkflowFailureError,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.service import RPCError

from tests.integration.graph_runs import Handle, state_of
from tests.language_graphs import Document
from tests.language_model import ANSWER, sent
from wand_orchestrator.api.runs.waiting import held_nodes
from wand_orchestrator.contract.run import RunResult
from wand_orchestrator.contract.state import NodeStatus, RunState, RunStatus
from wand_orchestrator.graph import Graph

PATIENCE_SEC = 120.0
CALL_SEC = 10.0
LOOK_SEC = 0.02

AWAY = (
    RPCError,
    TimeoutError,
    RPCTimeoutOrCancelledError,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
"""The run has ended, or its worker was killed, or it refuses what it was asked; it is asked again."""


@dataclass(frozen=True)
class Order:
    """`at`: after how many events of the run."""

    what: Literal["pause", "skip"]
    at: int
    node: int


@dataclass
class Operator:
    """Attends one run. `retried` and `skipped`: the nodes for which that was asked."""

    handle: Handle
    document: Document
    orders: list[Order]
    retried: set[str] = field(default_factory=set)
    skipped: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._graph = Graph.model_validate(self.document)
        self._nodes = {node["id"]: node for node in self.document["nodes"]}
        self._sent: set[str] = set()

    async def until_ended(self) -> RunResult | None:
        """Return the result; None for a run that failed."""
        await self._send_early()
        result = asyncio.create_task(self._result())
        async with asyncio.timeout(PATIENCE_SEC):
            while not (await asyncio.wait({result}, timeout=LOOK_SEC))[0]:
                with suppress(*AWAY):
                    async with asyncio.timeout(CALL_SEC):
                        await self._attend(await state_of(self.handle))
        return result.result()

    async def _result(self) -> RunResult | None:
        try:
            return await self.handle.result()
        except WorkflowFailureError:
            return None

    async def _send_early(self) -> None:
        for id, node in self._nodes.items():
            if node["type"] == "flow.event" and node["params"]["name"].startswith("event"):
                await self._send(id, node["params"])

    async def _attend(self, state: RunState) -> None:
        held = held_nodes(self._graph, state)
        if state.status is RunStatus.PAUSED and not held:
            await self.handle.signal("resume")
        for order in [order for order in self.orders if order.at <= state.last_seq]:
            self.orders.remove(order)
            await self._carry_out(order)
        for id in held:
            await self._decide(id)
        for id, known in state.nodes.items():
            if known.status is NodeStatus.WAITING and id in self._nodes:
                await self._serve(id, self._nodes[id])

    async def _carry_out(self, order: Order) -> None:
        if order.what == "pause":
            await self.handle.signal("pause")
            return
        id = self.document["nodes"][order.node % len(self._nodes)]["id"]
        self.skipped.add(id)
        await self._update("skip", id)

    async def _decide(self, id: str) -> None:
        """Try a node again that holds the run, and skip it when that has failed, too."""
        if id in self.retried:
            self.skipped.add(id)
            await self._update("skip", id)
        else:
            self.retried.add(id)
            await self._update("retry", id)

    async def _serve(self, id: str, node: Document) -> None:
        if node["type"] == "flow.approval":
            await self._update("respond", {"node": id, "answer": ANSWER})
        elif node["params"]["name"].startswith("late") and id not in self._sent:
            await self._send(id, node["params"])

    async def _send(self, id: str, params: Document) -> None:
        self._sent.add(id)
        for number in range(params["count"]):
            await self.handle.signal("event", {"name": params["name"], "data": sent(id, number)})

    def _update(self, name: str, argument: Any) -> Awaitable[Any]:
        return self.handle.execute_update(name, argument)
