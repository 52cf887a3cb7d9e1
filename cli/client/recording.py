"""Reads what the models of a run replied, so that tests can replay it."""

import re
from collections import defaultdict
from typing import Any

from wand_orchestrator.cli.client.api_client import ApiClient, Json, path_of
from wand_orchestrator.client._async.paging import MAX_PAGE
from wand_orchestrator.contract.events import Event, EventType
from wand_orchestrator.contract.model_call import ModelTurn
from wand_orchestrator.contract.recorded_run import RecordedCall, RecordedFailure, RecordedOutcome, RecordedRun
from wand_orchestrator.errors import Conflict

_TURN = re.compile(r"(?P<conversation>.+)\[\d+\]")
_ENDS = (EventType.NODE_SUCCEEDED, EventType.NODE_RETRYING, EventType.NODE_FAILED)


async def recorded(api: ApiClient, run_id: str) -> RecordedRun:
    """Return all calls of models of a run. Raises Conflict for a run that called none, NotFound, Unavailable."""
    view = await api.get(path_of("runs", run_id))
    calls: dict[str, list[RecordedCall]] = defaultdict(list)
    for event in await _turns(api, run_id):
        assert event.node is not None
        found = _TURN.fullmatch(event.node)
        if found is not None:
            calls[found["conversation"]].append(await _call(api, run_id, event))
    if not calls:
        raise Conflict(f"the run {run_id} has called no model, so there is nothing to record", code="no_model_calls")
    conversations = {node: tuple(those) for node, those in calls.items()}
    return RecordedRun(run_id=run_id, graph=view["name"], conversations=conversations)


async def _turns(api: ApiClient, run_id: str) -> list[Event]:
    """Return the events that end calls of models."""
    events: list[Event] = []
    after = 0
    while True:
        page = await api.get(path_of("runs", run_id, "logs"), after=after, limit=MAX_PAGE)
        events += [Event.model_validate(event) for event in page["events"]]
        if page["ended"] or page["last_seq"] <= after:
            break
        after = page["last_seq"]
    turns = {event.node for event in events if "model" in event.data and "usage" in event.data}
    return [event for event in events if event.node in turns and event.type in _ENDS]


async def _call(api: ApiClient, run_id: str, event: Event) -> RecordedCall:
    node = await api.get(path_of("runs", run_id, "nodes", event.node or ""))
    turn = ModelTurn.model_validate(await _value(api, node, "params"))
    outcomes = tuple(RecordedOutcome(name=each.name, status=each.status) for each in turn.outcomes)
    asked = RecordedCall(prompt=turn.prompt, outcomes=outcomes)
    if event.type is EventType.NODE_SUCCEEDED:
        reply = await _value(api, node, "output")
        return RecordedCall.model_validate(asked.model_dump() | {"reply": reply})
    error = event.data["error"]
    retried = event.type is EventType.NODE_RETRYING
    failure = RecordedFailure(code=error["code"], message=error["message"], retryable=retried)
    return asked.model_copy(update={"failure": failure})


async def _value(api: ApiClient, node: Json, name: str) -> Any:
    """Return params or output of a node, which may be too large to stand in its description."""
    if node[name] is not None or name not in node["values"]:
        return node[name] or {}
    url = node["values"][name]["url"]
    if url is None:
        raise Conflict(f"the {name} of a call were too large to be kept (WAND_MAX_NODE_VALUE_BYTES)", code="not_kept")
    return await api.get(url)
