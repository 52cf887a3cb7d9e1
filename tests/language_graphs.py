"""Random graphs with everything that the language has, as hypothesis draws them; `tests.language_model` says what their
runs may do.
"""

from typing import Any

from hypothesis import strategies as st

from tests.scheduler_model import BROKEN

Document = dict[str, Any]

PART: Document = {
    "name": "part",
    "nodes": [{"id": "a", "type": "test.echo", "input": {"all": {"$input": "@"}, "n": {"$expr": "length(all)"}}}],
}
"""The graph that a node of type `flow.graph` runs."""

RUN_INPUT = {"x": True, "v": 7, "none": None, "deep": {"list": [1, "ü"]}}
ITEMS = [1, "two", None]
RATE = "fast"
"""Name of a rate that the workers of the tests know."""

OF_ERRORS = ["error.code == 'E.1'", "error.code == 'asked_to_fail'", "error.code == 'event_timeout'", "error.details"]
CONDITIONS = {
    "success": ["input.own", "v", "@", "x", "gone", "params.p", BROKEN],
    "failure": [*OF_ERRORS, "error", BROKEN],
    "settled": [*OF_ERRORS, "output", "output.input.own", "error", BROKEN],
}
"""By what an edge is on. All of them may come to false."""

MAPPED = ["@", "input.own", "error.code", "output.input", "v", "gone.key", "type(@)", "to_json(@)"]
MAPPED += ["not_null(gone, 'none')", "if(error, 'bad', 'good')", BROKEN]

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

KINDS = ["echo"] * 5 + ["map", "part", "fails", "stops", "broken", "rounds", "state", "event", "late", "never", "ask"]
KEY = "{source}_{count}"


@st.composite
def nodes(draw: st.DrawFn, id: str) -> Document:
    kind = draw(st.sampled_from(KINDS))
    node: Document = {"id": id, "input": {"own": draw(st.sampled_from(OWN))}, "retries": 0, "heartbeat_sec": 1}
    node |= {
        "join": draw(st.sampled_from(["all", "any", "any", "first", "first"])),
        "optional": draw(st.integers(0, 3)) == 0,
    }
    match kind:
        case "echo":
            where = draw(st.sampled_from([{}, {}, {"rate": RATE}, {"execution": "local"}]))
            return node | {"type": "test.echo", "params": {"p": draw(st.sampled_from(PARAMS))}} | where
        case "map":
            each = {"agent": "test.echo", "items": ITEMS, "params": {"v": {"$expr": "[item, index, own]"}}}
            return node | {"type": "flow.map", "params": each | {"concurrency": draw(st.integers(1, 3))}}
        case "part":
            return node | {"type": "flow.graph", "params": {"graph": "part"}}
        case "rounds" | "state":
            return node | {"type": "flow.repeat", "params": draw(_rounds() if kind == "rounds" else _state())}
        case "event" | "late" | "never" | "ask":
            return node | draw(_waiting(kind, id))
        case "stops":
            stop = {"code": "E.1", "message": {"$template": "{{ own }}!"}, "details": {"$expr": "own"}}
            return node | {"type": "flow.fail", "params": stop}
        case "broken":
            return node | {"type": "test.echo", "params": {"p": {"$expr": "abs(keys(@))"}}}
    return node | {"type": "test.fail"}


@st.composite
def _rounds(draw: st.DrawFn) -> Document:
    """Rounds that are each given what the graph says, and the last output beside it."""
    return {
        "agent": "test.echo",
        "params": {"r": {"$expr": "index"}},
        "input": {"own": {"$expr": "own"}, "last": {"$expr": "item.params.r"}},
        "until": draw(st.sampled_from(["params.r == `1`", "gone"])),
        "max_times": draw(st.integers(1, 3)),
    }


@st.composite
def _state(draw: st.DrawFn) -> Document:
    """Rounds that count on in a state, which begins with the number of the node's input keys."""
    return {
        "agent": "agent.transform",
        "params": {"expression": "{n: add(n, `1`)}"},
        "state": {"n": {"$expr": "length(@)"}},
        "until": "n >= `4`",
        "max_times": draw(st.integers(1, 4)),
    }


@st.composite
def _waiting(draw: st.DrawFn, kind: str, id: str) -> Document:
    """A node that waits: for events that come early, or only when it waits, or never; or for an answer."""
    if kind == "ask":
        return {"type": "flow.approval", "params": {"prompt": {"$template": "{{ own }}?"}}}
    params: Document = {"name": f"{kind}_{id}", "count": draw(st.integers(1, 2))}
    if kind == "never":
        params["timeout_sec"] = 0.05
        if draw(st.booleans()):
            params |= {"count": 1, "on_timeout": {"answer": {"$expr": "own"}}}
    return {"type": "flow.event", "params": params}


@st.composite
def edges_into(draw: st.DrawFn, target: int) -> list[Document]:
    edges: list[Document] = []
    for source in ("$input", *(f"n{index}" for index in range(target))):
        if not draw(st.booleans()):
            continue
        on = "success" if source == "$input" else draw(st.sampled_from(["success", "success", "failure", "settled"]))
        edge: Document = {"from": source, "to": f"n{target}", "on": on}
        if draw(st.booleans()):
            edge["when"] = draw(st.sampled_from([*CONDITIONS[on], "otherwise"]))
        edges.append(edge)
    return edges


@st.composite
def switches(draw: st.DrawFn, count: int) -> list[Document]:
    """Edges on the same ending of one source, of which one is the default: to further nodes, or several to one."""
    source = draw(st.integers(-1, count - 2))
    on = "success" if source < 0 else draw(st.sampled_from(["success", "success", "failure", "failure", "settled"]))
    targets = draw(st.lists(st.integers(source + 1, count - 1), min_size=2, max_size=4))
    arms = [draw(st.sampled_from(CONDITIONS[on])) for _ in targets[1:]] + ["otherwise"]
    name = "$input" if source < 0 else f"n{source}"
    arms = draw(st.permutations(arms))
    return [
        {"from": name, "to": f"n{target}", "on": on, "when": when} for target, when in zip(targets, arms, strict=True)
    ]


@st.composite
def graphs(draw: st.DrawFn, least: int = 1, most: int = 9) -> Document:
    """Return a graph of so many nodes."""
    count = draw(st.integers(least, most))
    edges = [edge for target in range(count) for edge in draw(edges_into(target))]
    for _ in range(draw(st.integers(0, 2)) if count > 1 else 0):
        edges += draw(switches(count))
    for index, edge in enumerate(edges):
        if draw(st.booleans()):
            edge["map"] = {f"e{index}": draw(st.sampled_from(MAPPED))}
    document: Document = {
        "name": "random",
        "nodes": [draw(nodes(f"n{index}")) for index in range(count)],
        "edges": edges,
        "options": {
            "concurrency": draw(st.sampled_from([9, 9, 2, 1])),
            "on_failure": draw(st.sampled_from(["cancel", "continue", "continue", "pause", "pause"])),
        },
    }
    if draw(st.booleans()):
        ids = [node["id"] for node in document["nodes"]]
        document["sinks"] = draw(st.lists(st.sampled_from(ids), unique=True, min_size=1))
    return document
