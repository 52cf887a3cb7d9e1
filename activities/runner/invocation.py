"""Invocations: an attempt's call of its agent's function, from the graph's arguments to the output as JSON."""

from dataclasses import dataclass
from typing import Any, Protocol

from wand_orchestrator._signature import CONTEXT
from wand_orchestrator.activities.runner.context import Attempt
from wand_orchestrator.activities.runner.values import read_arguments, write_output
from wand_orchestrator.contract.node import (
    AgentCall,
)


class Invocation(Protocol):
    """One attempt of an agent, wherever its function runs."""

    @property
    def cancelled(self) -> bool: ...

    async def output(self) -> Any:
        """Return the agent's output, once nothing of the agent runs any more. Raises what the agent raised."""

    def cancel(self) -> None:
        """Pass a cancel on to the agent."""


async def perform(attempt: Attempt, call: AgentCall) -> Any:
    """Validate the arguments, call the function in this process, and return its validated output."""
    arguments = read_arguments(attempt.agent, call)
    if attempt.agent.takes_context:
        arguments[CONTEXT] = attempt.context(is_async=attempt.agent.is_async)
    value = await attempt.calls.run(attempt.agent.function, arguments, is_async=attempt.agent.is_async)
    return write_output(attempt.agent, value, attempt.settings.max_output_bytes)


@dataclass(frozen=True)
class InProcess:
    """An invocation in the worker's own process: for tests, and for workers whose agents are all trusted."""

    attempt: Attempt
    call: AgentCall

    @property
    def cancelled(self) -> bool:
        return self.attempt.calls.cancelled

    async def output(self) -> Any:
        return await perform(self.attempt, self.call)

    def cancel(self) -> None:
        self.attempt.calls.cancel()
