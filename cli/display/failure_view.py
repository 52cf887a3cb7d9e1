"""Formats the details of an error besides its message: the agent's own frames, the causes, the worker."""

import json
from collections.abc import Iterator

from pydantic import ValidationError

from wand_orchestrator.cli.client.api_client import Json
from wand_orchestrator.cli.display.output import plain
from wand_orchestrator.contract.events import Event
from wand_orchestrator.contract.state import Failure

_RELATIONS = {"cause": "caused by", "context": "while handling", "part": "part"}
INDENT = "  "


def failure_lines(error: Json) -> list[str]:
    """Return the details of an error, a line each; none if it has neither an exception nor a worker."""
    exception = error.get("exception") or {}
    lines = [*_frames(exception)]
    for cause in exception.get("causes") or ():
        lines.append(f"{_RELATIONS.get(cause['relation'], cause['relation'])} {cause['type']}: {cause['message']}")
        lines += (INDENT + line for line in _frames(cause))
    if exception.get("more_causes"):
        lines.append(f"and {exception['more_causes']} more causes")
    if error.get("details") is not None:
        lines.append(f"details {json.dumps(error['details'], ensure_ascii=False)}")
    if error.get("worker"):
        lines.append(f"on {error['worker']}")
    return [plain(line) for line in lines]


def failure_of(event: Event) -> Json | None:
    """Return the error that the event tells of; an agent's own line may have a key `error` that is none."""
    try:
        failure = Failure.model_validate(event.data.get("error"))
    except ValidationError:
        return None
    return failure.model_dump(mode="json")


def indented(error: Json | None) -> str:
    """Return the details as indented lines, to be appended to the line with the message."""
    return "" if error is None else "".join(f"\n{2 * INDENT}{line}" for line in failure_lines(error))


def below(event: Event) -> str:
    """Return the details of an event's error, indented; none where a node failed the run, whose own event has them."""
    error = failure_of(event)
    told_before = event.node is None and error is not None and error["node"] is not None
    return "" if told_before else indented(error)


def named(error: Json) -> str:
    """Return the message with its code, and with the exception's class where that adds something."""
    kind = (error.get("exception") or {}).get("type", "").rpartition(".")[2]
    return f"{error['message']} ({error['code']}{'' if kind in ('', 'AgentError', error['code']) else f', {kind}'})"


def _frames(exception: Json) -> Iterator[str]:
    return (f"at {frame['file']}:{frame['line']} in {frame['function']}" for frame in exception.get("frames") or ())
