"""What a graph says, slow and obvious: what each node is given and gives, and what a run's journal may tell.

`Told` reads a journal event by event and asks the model whether what it tells could happen next. So the order in which
things end is the run's own, and a race has any winner that it could have.
"""

import json
from collections.abc import Callable, Collection, Mapping
from typing import Any

from tests.language_graphs import ITEMS, RUN_INPUT, Document
from tests.scheduler_model import Model
from wand_orchestrator.contract.events import Event
from wand_orchestrator.contract.run import RunResult
from wand_orchestrator.graph import Graph

ASKED = {"code": "asked_to_fail", "message": "it failed as asked", "details": None}
ANSWER = {"answered": True}


def sent(node: str, number: int) -> Document:
    """The data of an event that the node waits for."""
    return {"to": node, "number": number}


# References


def resolved(written: Any, seen: Mapping[str, Any]) -> Any:
    """The value of one of the references of the random graphs, over the input of its node."""
    match written:
        case {"$input": path}:
            return {"deep.list": [1, "ü"], "none": None, "x": True}[path]
        case {"$expr": "own"}:
            return seen["own"]
        case {"$expr": _}:
            return len(seen)
        case {"$template": text}:
            own = f"<{as_text(seen.get('own'))}>{{{{"
            return own if "own" in text else f"{len(seen)}|"
        case {"$literal": value}:
            return value
    return written


def as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value, separators=(",", ":"), ensure_ascii=False)


# What nodes give, by their types


def _of_echo(node: Document, seen: Document) -> Any:
    return {"params": {"p": resolved(node["params"]["p"], seen)}, "input": seen}


def _of_part(node: Document, seen: Document) -> Any:
    return {"a": {"params": {}, "input": {"all": seen, "n": len(seen)}}}


def _of_map(node: Document, seen: Document) -> Any:
    each = [{"params": {"v": [item, index, seen["own"]]}, "input": {"item": item}} for index, item in enumerate(ITEMS)]
    return {"outputs": each, "failed": [], "errors": []}


def _of_repeat(node: Document, seen: Document) -> Any:
    return _of_state(node, seen) if "state" in node["params"] else _of_rounds(node, seen)


def _of_rounds(node: Document, seen: Document) -> Any:
    params = node["params"]
    stops = params["until"] != "gone" and params["max_times"] >= 2
    times = 2 if stops else params["max_times"]
    last = times - 2 if times > 1 else None
    output = {"params": {"r": times - 1}, "input": {"own": seen["own"], "last": last}}
    return {"output": output, "times": times, "satisfied": stops}


def _of_state(node: Document, seen: Document) -> Any:
    count, times, satisfied = len(seen), 0, False
    while not satisfied and times < node["params"]["max_times"]:
        count, times = count + 1, times + 1
        satisfied = count >= 4
    state = {**seen, "n": count}
    return {"output": {"n": count}, "times": times, "satisfied": satisfied, "state": state}


def _of_event(node: Document, seen: Document) -> Any:
    params = node["params"]
    if params["name"].startswith("never"):
        assert "on_timeout" in params
        return seen["own"]
    events = [sent(node["id"], number) for number in range(params["count"])]
    return events[0] if params["count"] == 1 else events


def _of_approval(node: Document, seen: Document) -> Any:
    return ANSWER


OUTPUTS: Mapping[str, Callable[[Document, Document], Any]] = {
    "test.echo": _of_echo,
    "flow.graph": _of_part,
    "flow.map": _of_map,
    "flow.repeat": _of_repeat,
    "flow.event": _of_event,
    "flow.approval": _of_approval,
}


# Why nodes fail, by their types


def _error_of_fail(node: Document, seen: Document) -> Document:
    return {"code": "E.1", "message": f"{as_text(seen['own'])}!", "details": seen["own"]}


def _error_of_echo(node: Document, seen: Document) -> Document:
    assert "abs(" in str(node["params"])
    message = "params: 'abs(keys(@))' cannot be evaluated: abs() takes number, and is given array"
    return {"code": "expression", "message": message, "details": None}


def _error_of_event(node: Document, seen: Document) -> Document:
    params = node["params"]
    assert params["name"].startswith("never")
    assert "on_timeout" not in params
    return {"code": "event_timeout", "message": f"no event {params['name']} came within 0.05 s", "details": None}


def _error_of_asked(node: Document, seen: Document) -> Document:
    return ASKED


ERRORS: Mapping[str, Callable[[Document, Document], Document]] = {
    "flow.fail": _error_of_fail,
    "test.echo": _error_of_echo,
    "flow.event": _error_of_event,
    "test.fail": _error_of_asked,
}


# What a run may tell


class Told:
    """Follows a journal. Every method asserts that what is told could happen.

    `retried`, `skipped`: the nodes that somebody asked to try again, or to skip.
    """

    def __init__(self, document: Document, retried: Collection[str] = (), skipped: Collection[str] = ()) -> None:
        self._documents = {node["id"]: node for node in document["nodes"]}
        self._graph = Graph.model_validate(document)
        self._retried, self._skipped = retried, skipped
        self._paused = False
        self._begun: set[str] = set()
        self._model = Model(self._graph, ASKED, RUN_INPUT)
        self._model.open()

    def read(self, events: list[Event]) -> None:
        for event in events:
            try:
                self._reads(event)
            except AssertionError as error:
                told = [
                    f"{one.seq} {one.type} {one.node} {one.attempt} {one.data}"
                    for one in events
                    if one.seq <= event.seq + 3
                ]
                raise AssertionError("\n".join([f"event {event.seq} cannot come then", *told])) from error
        model = self._model
        complete = model.ended.keys() == self._documents.keys() and not model.run_failed
        assert events[-1].type == ("run.succeeded" if complete else "run.failed")

    def check(self, result: RunResult) -> None:
        sinks, ended = self._graph.effective_sinks(), self._model.ended
        how = {sink: ended[sink].how for sink in sinks}
        null = {sink for sink in sinks if how[sink] == "failed" and self._model.nodes[sink].optional}
        outputs = {sink: ended[sink].output for sink in sinks if how[sink] == "succeeded"} | dict.fromkeys(null)
        assert result.outputs == outputs
        assert set(result.skipped) == {sink for sink in sinks if how[sink] == "skipped"}
        assert set(result.failed) == {sink for sink in sinks if how[sink] == "failed"} - null

    def _reads(self, event: Event) -> None:
        match event.type:
            case "run.paused":
                self._paused = True
            case "run.resumed":
                self._paused = False
            case "node.scheduled":
                self._begins(str(event.node))
        if event.node is not None and event.node in self._documents:
            self._happens(event.node, event)

    def _begins(self, name: str) -> None:
        """While the run is paused nothing begins but what was in flight before, whose worker is gone. What nodes of
        child runs do is told a moment later.
        """
        assert not self._paused or name in self._begun or "/" in name
        self._begun.add(name)

    def _happens(self, node: str, event: Event) -> None:
        model = self._model
        match event.type.removeprefix("node."):
            case "scheduled":
                assert not model.stopped
                self._is_retried(node)
                assert node in model.ready()
                model.running.add(node)
            case "succeeded":
                self._ends(node, "succeeded", self._output(node))
            case "cancelled":
                assert model.stopped or node in model.spare
                self._ends(node, "cancelled")
            case "skipped":
                self._is_skipped(node)
            case "handled":
                assert node in model.handled
            case "failed":
                self._fails(node, event)

    def _is_retried(self, node: str) -> None:
        if node in self._model.held:
            assert node in self._retried
            self._model.held.discard(node)

    def _is_skipped(self, node: str) -> None:
        """It was decided so, or somebody has asked for it. In a run that stops, what was in flight may still succeed,
        and decides what follows it, which the model does not go into.
        """
        ending = self._model.ended.get(node)
        if (ending is None or ending.how != "skipped") and not self._model.stopped:
            assert node in self._skipped
            self._ends(node, "skipped")

    def _fails(self, node: str, event: Event) -> None:
        if node in self._model.broken:
            assert self._model.ended[node].how in ("failed", "lost")
            # How a fault of an edge is worded is not the model's to know; what follows may be given it.
            of_edge = {"code": "expression", "message": event.data["error"]["message"], "details": None}
            self._model.errors[node] = of_edge | {"attempt": None}
            return
        self._is_retried(node)
        assert node in self._model.ready()
        document = self._documents[node]
        error = ERRORS[document["type"]](document, self._seen(node))
        self._model.errors[node] = error | {"attempt": None if error["code"] == "expression" else event.attempt}
        self._ends(node, "failed")

    def _ends(self, node: str, how: str, output: Any = None) -> None:
        self._model.running.discard(node)
        if not self._model.stopped:
            self._model.end(node, how, output)

    def _seen(self, node: str) -> dict[str, Any]:
        """The input of the node. A reference to it sees what edges map, and no key with a reference to it."""
        mapped = self._model.input(node)
        return {**mapped, "own": resolved(self._documents[node]["input"]["own"], mapped)}

    def _output(self, node: str) -> Any:
        document = self._documents[node]
        return OUTPUTS[document["type"]](document, self._seen(node))
