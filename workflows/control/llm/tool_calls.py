"""Carries out the tool calls of one turn of a model, side by side: each is a part of the node and has one outcome."""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from temporalio.exceptions import FailureError, is_cancelled_exception

from wand_orchestrator.contract.model_call import ToolCall, ToolOutcome
from wand_orchestrator.graph import Node, Options
from wand_orchestrator.workflows.control.base import Host, PartValues
from wand_orchestrator.workflows.control.llm import outcomes
from wand_orchestrator.workflows.control.llm.answer import faults_of
from wand_orchestrator.workflows.control.llm.parts import call_parts, part_of
from wand_orchestrator.workflows.control.llm.tool_approval import ToolApproval
from wand_orchestrator.workflows.control.llm.toolbox import LlmTool, Toolbox
from wand_orchestrator.workflows.control.window import ItemWindow
from wand_orchestrator.workflows.held_back import until_free
from wand_orchestrator.workflows.journal import event_texts
from wand_orchestrator.workflows.journal.node_failures import NodeFailure, node_failure
from wand_orchestrator.workflows.uncancelled import is_being_cancelled

AT_ONCE = 32
"""Calls of one turn in flight, at most."""


class ToolCalls:
    """Carries out the calls of the turn whose part is `turn`. `used`: how often the node has called each tool, which is
    counted on here. `carried`: what `carry` returned in the previous history.
    """

    def __init__(
        self,
        node: Node,
        host: Host,
        toolbox: Toolbox,
        turn: str,
        calls: tuple[ToolCall, ...],
        used: dict[str, int],
        carried: Mapping[str, Any],
    ) -> None:
        self._node = node
        self._host = host
        self._toolbox = toolbox
        self.calls = calls
        self._used = used
        self._parts = call_parts(turn, [call.name for call in calls])
        self._done = {int(at): ToolOutcome.model_validate(each) for at, each in carried.get("done", {}).items()}
        self._begun: set[int] = set(carried.get("begun", ()))
        self._asked: set[int] = set(carried.get("asked", ()))
        self._approved: dict[int, dict[str, Any]] = {int(at): each for at, each in carried.get("approved", {}).items()}
        self._thinking = 0
        self._going_on: list[int] = list(carried.get("in_flight", ()))
        begun = self._done.keys() | set(self._going_on)
        todo = [index for index in range(len(calls)) if index not in begun]
        self._window = ItemWindow(
            todo, AT_ONCE, self._call, self._settled, lambda: host.holds_back, going_on=self._going_on
        )
        self._running = False
        self._error: BaseException | None = None

    async def run(self) -> tuple[ToolOutcome, ...]:
        """Return the outcomes, in the order of the calls."""
        self._running = True
        await self._window.run()
        if self._error is not None:
            raise self._error
        return tuple(self._done[index] for index in range(len(self.calls)))

    def carry(self) -> dict[str, Any]:
        """Return what the next history needs, as JSON."""
        in_flight = self._window.in_flight if self._running else self._going_on
        return {
            **self.done(),
            "in_flight": in_flight,
            "asked": sorted(self._asked),
        }

    def done(self) -> dict[str, Any]:
        """Return what a retry of the node goes on from: no call with an outcome is made again, and no approval asked
        for again that was given.
        """
        return {
            "calls": [call.model_dump(mode="json") for call in self.calls],
            "done": {index: outcome.model_dump(mode="json") for index, outcome in self._done.items()},
            "begun": sorted(self._begun),
            "approved": self._approved,
        }

    @property
    def crosses(self) -> bool:
        """Whether a new history can resume all that is in flight."""
        return self._thinking == 0 and self._window.crosses

    def _settled(self, index: int, future: "asyncio.Future[ToolOutcome]") -> None:
        if self._window.stopped:
            return
        error = asyncio.CancelledError() if future.cancelled() else future.exception()
        if error is None:
            self._done[index] = future.result()
        else:
            self._error = error
            self._window.stop()

    async def _call(self, index: int) -> ToolOutcome:
        """Carry out one call, which a person may skip."""
        call, part = self.calls[index], self._parts[index]
        work = asyncio.ensure_future(self._carried_out(index))
        skipping = False

        def skip() -> None:
            nonlocal skipping
            skipping = True
            work.cancel()

        with self._host.skippable(part, skip):
            try:
                return await work
            except (asyncio.CancelledError, FailureError):
                if not skipping or is_being_cancelled():
                    raise
        self._host.tell(event_texts.node_skipped(part))
        return outcomes.skipped(call)

    async def _carried_out(self, index: int) -> ToolOutcome:
        call, part = self.calls[index], self._parts[index]
        tool = self._toolbox.get(call.name)
        if tool is None:
            return self._unmade(part, call, "unknown_tool", _unknown(call.name, self._toolbox.names))
        if index not in self._begun:
            if (fault := await self._fault(call, tool)) is not None:
                return self._unmade(part, call, *fault)
            self._begun.add(index)
            self._used[tool.name] = self._used.get(tool.name, 0) + 1
        assert isinstance(call.arguments, dict)
        arguments, edited = call.arguments, None
        if tool.approve:
            answer = await self._approval(index, tool, call.arguments)
            if isinstance(answer, str):
                self._used[tool.name] -= 1
                return outcomes.refused(call, answer)
            arguments = answer
            edited = None if answer == call.arguments else answer
            await until_free(lambda: self._host.holds_back)
        return await self._made(part, call, tool, arguments, edited)

    async def _fault(self, call: ToolCall, tool: LlmTool) -> tuple[str, str] | None:
        """Return the code and the message of why the call cannot be made; None if it can."""
        if not isinstance(call.arguments, dict):
            return "invalid_arguments", f"the arguments of {tool.name} must be one JSON object"
        with self._thinks():
            misfit = await self._host.check(
                lambda budget: faults_of(tool.schema, call.arguments, "the arguments", budget)
            )
        if misfit is not None:
            return "invalid_arguments", misfit
        if tool.max_calls is not None and self._used.get(tool.name, 0) >= tool.max_calls:
            times = "once" if tool.max_calls == 1 else f"{tool.max_calls} times"
            return "calls_exhausted", f"{tool.name} may be called {times}, and has been"
        return None

    async def _approval(self, index: int, tool: LlmTool, arguments: dict[str, Any]) -> dict[str, Any] | str:
        """Return the arguments that a person approved, or why the call is refused."""
        if index in self._approved:
            return self._approved[index]
        part = self._part(self._parts[index], tool)
        approval = ToolApproval(part, tool, arguments, self._host, index in self._asked)
        self._asked.add(index)
        verdict = approval.verdict(await self._host.run_approval(approval))
        if verdict.arguments is None:
            return verdict.reason
        self._approved[index] = verdict.arguments
        return verdict.arguments

    async def _made(
        self, id: str, call: ToolCall, tool: LlmTool, arguments: dict[str, Any], edited: dict[str, Any] | None
    ) -> ToolOutcome:
        part = self._part(id, tool)
        try:
            output = await self._output(part, tool, arguments)
        except FailureError as error:
            if is_being_cancelled():
                raise
            if is_cancelled_exception(error):
                return outcomes.cancelled(call)
            failed = node_failure(part, Options(), error).failure
            return outcomes.failed(call, failed.code, failed.message)
        return outcomes.succeeded(call, output, len(self.calls), edited)

    async def _output(self, part: Node, tool: LlmTool, arguments: dict[str, Any]) -> Any:
        async def values() -> PartValues:
            return _given(tool, arguments)

        if tool.graph is not None:
            return (await self._host.run_graph_part(part, self._host.subgraph(tool.graph), values)).output
        return (await self._host.run_agent(part, values)).output

    def _part(self, id: str, tool: LlmTool) -> Node:
        return part_of(self._node, id, tool.agent or self._node.type, tool.target, retries=tool.retries)

    def _unmade(self, part: str, call: ToolCall, code: str, message: str) -> ToolOutcome:
        """Journal a call that was not made; return its outcome."""
        node = part_of(self._node, part, self._node.type, "")
        self._host.tell(event_texts.node_failed(node, NodeFailure.of(node, code, message), grave=False))
        return outcomes.failed(call, code, message)

    @contextmanager
    def _thinks(self) -> Iterator[None]:
        """Keep the run in this history: what a check finds would be lost."""
        self._thinking += 1
        try:
            yield
        finally:
            self._thinking -= 1


def _given(tool: LlmTool, arguments: dict[str, Any]) -> PartValues:
    """Return what a call gives to the agent or the graph."""
    match tool.arguments_as:
        case "params":
            return PartValues({**arguments, **tool.params}, {})
        case "both":
            return PartValues({**arguments.get("params", {}), **tool.params}, arguments.get("input", {}))
        case _:
            return PartValues(dict(tool.params), arguments)


def _unknown(name: str, known: list[str]) -> str:
    shown = "".join(character if character.isprintable() else "?" for character in name[:64])
    return f"there is no tool {shown!r}: " + (f"there are {', '.join(known)}" if known else "there are none")
