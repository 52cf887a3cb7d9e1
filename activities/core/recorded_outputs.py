"""Reads outputs of nodes from histories, without the workflow's code."""

from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import from_json
from temporalio.api.common.v1 import Payload
from temporalio.client import WorkflowHistory
from temporalio.converter import DataConverter

from wand_orchestrator.contract.names import (
    OUTPUTS_ACTIVITY_ID,
    is_own_activity,
    own_activity_id,
)
from wand_orchestrator.contract.node import (
    AgentResult,
)
from wand_orchestrator.contract.steering import (
    UPDATE_SKIP,
)

_UNKNOWN = own_activity_id("unknown")

LOCAL_ACTIVITY = "core_local_activity"
"""Name of the marker in which the SDK's core records a local activity."""


async def recorded_outputs(histories: Sequence[WorkflowHistory], converter: DataConverter) -> dict[str, Any]:
    """Return the outputs of nodes whose activities ended with a result, by node; later histories win.

    A node that somebody skipped has none, whether its activity still came to an end or not.
    """
    outputs: dict[str, Any] = {}
    skipped: set[str] = set()
    for history in histories:
        for node, payload in _results(history):
            if node == OUTPUTS_ACTIVITY_ID:
                kept = await _read(payload, converter)
                outputs |= kept if isinstance(kept, dict) else {}
            elif not is_own_activity(node) and (result := _result(await _read(payload, converter))) is not None:
                outputs[node] = result.output
        for payload in _skips(history):
            skipped.add(str(await _read(payload, converter)))
    return {node: output for node, output in outputs.items() if node not in skipped}


def _results(history: WorkflowHistory) -> Iterator[tuple[str, Payload]]:
    nodes: dict[int, str] = {}
    for event in history.events:
        if event.HasField("activity_task_scheduled_event_attributes"):
            nodes[event.event_id] = event.activity_task_scheduled_event_attributes.activity_id
        elif event.HasField("activity_task_completed_event_attributes"):
            completed = event.activity_task_completed_event_attributes
            if completed.result.payloads and completed.scheduled_event_id in nodes:
                yield nodes[completed.scheduled_event_id], completed.result.payloads[0]
        elif event.marker_recorded_event_attributes.marker_name == LOCAL_ACTIVITY:
            details = event.marker_recorded_event_attributes.details
            if details["result"].payloads and details["data"].payloads:
                yield _local_id(details["data"].payloads[0]), details["result"].payloads[0]


def _local_id(data: Payload) -> str:
    """Return the id of a local activity from its marker, as the SDK's core writes it."""
    told = from_json(data.data)
    return str(told.get("activity_id", _UNKNOWN)) if isinstance(told, dict) else _UNKNOWN


def _skips(history: WorkflowHistory) -> Iterator[Payload]:
    for event in history.events:
        request = event.workflow_execution_update_accepted_event_attributes.accepted_request
        if request.input.name == UPDATE_SKIP and request.input.args.payloads:
            yield request.input.args.payloads[0]


async def _read(payload: Payload, converter: DataConverter) -> Any:
    [value] = await converter.decode([payload])
    return value


def _result(value: Any) -> AgentResult | None:
    try:
        result = AgentResult.model_validate(value)
    except ValidationError:
        return None
    return result if "output" in result.model_fields_set else None
