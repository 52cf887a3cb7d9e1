"""What a graph says, slow and obvious: what each node is given and gives, and what a run's journal may tell.

`Told` reads a journal event by event and asks the model whether what it tells could happen next. So the order in which
things end is the run's own, and a race has any winner that it could have.
"""

import json
from collections.abc import Mapping
from typing import Any

from hypothesis import strategies as st

from tests.scheduler_model import BROKEN, Model
from wand_orchestrator.contract.events import Event
from wand_orchestrator.contract.run import RunResult
from wand_orchestrator.graph import Graph

Document = dict[str, Any]

PART: Document = {
    "name": "part",
    "nodes": [{"id": "a", "type": "test.echo", "input": {"all": {"$input": "@"}, "n": {"$expr": "length(all)"}}}],
}
"""The graph that a node of type `flow.graph` runs."""

RUN_INPUT = {"x": True, "v": 7, "none": None, "deep": {"list": [1, "ü"]}}
ITEMS = [1, "two", None]
CONDITIONS = ["input.own", "v", "@", "error", "gone", BROKEN, "otherwise", "otherwise", "otherwise"]
MAPPED = ["@", "input.own", "error.code", "output.input", "v", "gone.key", "type(@)", "to_json(@)"]
MAPPED += ["not_null(gone, 'none')", "if(error, 'bad', 'good')", BROKEN]
ASKED = {"code": "asked_to_fail", "message": "it failed as asked", "details": None}

OWN: list[Any] = [5, "text", None, {"a": ["{{ x }}"]}]
OWN += [
    {"$input": "deep.list"},
    {"$input": "none"},
    {"$expr": "length(@)"},
    {"$template": "{{ length(@) }}|{{ gone }}"},
]
PARAMS: list[Any] = [
    {"$expr": "own"},
    {"$input": "x"},
    {"$template": "<{{ own }}>{{ '{{' }}"},
    {"$literal": {"$expr": 1}},
]


def resolved(written: Any, seen: Mapping[str, Any]) -> Any:
    """The value of one of the references above, over the input of its node."""
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


# Random graphs


@st.composite
def nodes(draw: st.DrawFn, id: str) -> Document:
    kind = draw(st.sampled_from(["echo", "echo", "echo", "echo", "map", "part", "fails", "stops", "broken"]))
    node: Document = {"id": id, "input": {"own": draw(st.sampled_from(OWN))}, "retries": 0}
    node |= {
        "join": draw(st.sampled_from(["all", "any", "any", "first", "first"])),
        "optional": draw(st.integers(0, 3)) == 0,
    }
    params: Document = {"p": draw(st.sampled_from(PARAMS))}
    match kind:
        case "echo":
            return node | {"type": "test.echo", "params": params}
        case "map":
            each = {"agent": "test.echo", "items": ITEMS, "params": {"v": {"$expr": "[item, index, own]"}}}
            return node | {"type": "flow.map", "params": each}
        case "part":
            return node | {"type": "flow.graph", "params": {"graph": "part"}}
        case "stops":
            stop = {"code": "E.1", "message": {"$template": "{{ own }}!"}, "details": {"$expr": "own"}}
            return node | {"type": "flow.fail", "params": stop}
        case "broken":
            return node | {"type": "test.echo", "params": {"p": {"$expr": "abs(keys(@))"}}}
    return node | {"type": "test.fail"}


@st.composite
def edges_into(draw: st.DrawFn, target: int) -> list[Document]:
    edges: list[Document] = []
    for source in ("$input", *(f"n{index}" for index in range(target))):
        if not draw(st.booleans()):
            continue
        edge: Document = {"from": source, "to": f"n{target}"}
        if source != "$input":
            edge["on"] = draw(st.sampled_from(["success", "success", "success", "failure", "settled"]))
        if draw(st.booleans()):
            edge["when"] = draw(st.sampled_from(CONDITIONS))
        if draw(st.booleans()):
            edge["map"] = {f"from_{source[-2:]}": draw(st.sampled_from(MAPPED))}
        edges.append(edge)
    return edges


@st.composite
def graphs(draw: st.DrawFn, longest: int = 9) -> Document:
    count = draw(st.integers(1, longest))
    document: Document = {
        "name": "random",
        "nodes": [draw(nodes(f"n{index}")) for index in range(count)],
        "edges": [edge for target in range(count) for edge in draw(edges_into(target))],
        "options": {
            "concurrency": draw(st.sampled_from([9, 9, 2, 1])),
            "on_failure": draw(st.sampled_from(["cancel", "continue", "continue"])),
        },
    }
    if draw(st.booleans()):
        ids = [node["id"] for node in document["nodes"]]
        document["sinks"] = draw(st.lists(st.sampled_from(ids), unique=True, min_size=1))
    return document


# What a run may tell


class Told:
    """Follows a journal. Every method asserts that what is told could happen."""

    def __init__(self, document: Document) -> None:
        self._documents = {node["id"]: node for node in document["nodes"]}
        self._graph = Graph.model_validate(document)
        self._model = Model(self._graph, ASKED, RUN_INPUT)
        self._model.open()

    def read(self, events: list[Event]) -> None:
        for event in events:
            if event.node is not None and event.node in self._documents:
                self._happens(event.node, event)
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

    def _happens(self, node: str, event: Event) -> None:
        model = self._model
        match event.type.removeprefix("node."):
            case "scheduled":
                assert not model.stopped
                assert node in model.ready()
                model.running.add(node)
            case "succeeded":
                self._ends(node, "succeeded", self._output(node))
            case "cancelled":
                assert model.stopped or node in model.spare
                self._ends(node, "cancelled")
            case "skipped":
                assert model.ended[node].how == "skipped"
            case "handled":
                assert node in model.handled
            case "failed":
                self._fails(node, event.attempt)

    def _fails(self, node: str, attempt: int | None) -> None:
        if node in self._model.broken:
            assert self._model.ended[node].how in ("failed", "lost")
            return
        type = self._documents[node]["type"]
        if type == "flow.fail":
            own = self._seen(node)["own"]
            self._model.errors[node] = {
                "code": "E.1",
                "message": f"{as_text(own)}!",
                "details": own,
                "attempt": attempt,
            }
        elif type == "test.echo":
            assert "abs(" in str(self._documents[node]["params"])
            assert node in self._model.ready()
            message = "params: 'abs(keys(@))' cannot be evaluated: abs() takes number, and is given array"
            self._model.errors[node] = {"code": "expression", "message": message, "details": None, "attempt": None}
        else:
            assert type == "test.fail"
            self._model.errors[node] = ASKED | {"attempt": attempt}
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
        document, seen = self._documents[node], self._seen(node)
        if document["type"] == "flow.graph":
            return {"a": {"params": {}, "input": {"all": seen, "n": len(seen)}}}
        if document["type"] == "flow.map":
            each = [
                {"params": {"v": [item, index, seen["own"]]}, "input": {"item": item}}
                for index, item in enumerate(ITEMS)
            ]
            return {"outputs": each, "failed": [], "errors": []}
        assert document["type"] == "test.echo"
        return {"params": {"p": resolved(document["params"]["p"], seen)}, "input": seen}
