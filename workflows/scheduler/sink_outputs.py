"""Collects the outputs of a run's sinks for its result."""

from collections.abc import Mapping
from typing import Any

from wand_orchestrator.contract.run import RunResult
from wand_orchestrator.contract.state import Failure
from wand_orchestrator.workflows.scheduler.node_entries import NodeEntry
from wand_orchestrator.workflows.scheduler.phase import Phase
from wand_orchestrator.workflows.size import size_up_to


class SinkOutputs:
    """Collects the outputs of sinks. `limit`: bytes of all outputs together."""

    def __init__(self, sinks: tuple[str, ...], limit: int) -> None:
        self._limit = limit
        self._sinks = sinks
        self._outputs: dict[str, Any] = {}
        self._bytes = 0

    def keep(self, sink: str, output: Any) -> Failure | None:
        """Keep a sink's output. Once all together are too large, drop them and return the failure of the run."""
        self._bytes += size_up_to(output, self._limit)
        if self._bytes <= self._limit:
            self._outputs[sink] = output
            return None
        self._outputs = {}
        limit = f"the outputs of all sinks together take more than {self._limit} bytes"
        return Failure(code="result_too_large", message=f"{limit}: name fewer `sinks`, or save artifacts")

    def result(self, entries: Mapping[str, NodeEntry]) -> RunResult:
        """Return the result of a run that succeeded; optional sinks that failed are null in it."""
        return RunResult(
            outputs={sink: self._outputs[sink] for sink in self._sinks if sink in self._outputs},
            sinks=self._sinks,
            skipped=tuple(sink for sink in self._sinks if entries[sink].phase is Phase.SKIPPED),
            failed=tuple(
                sink for sink in self._sinks if entries[sink].phase is Phase.FAILED and sink not in self._outputs
            ),
        )

    def carry(self) -> dict[str, Any]:
        return self._outputs

    def restore(self, carried: dict[str, Any]) -> None:
        self._outputs = dict(carried)
        self._bytes = size_up_to(carried, self._limit)
