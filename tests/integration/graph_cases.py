"""Graphs and how their runs end: the semantics of the graph document, case by case."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Case:
    """`nodes`: the status of those that matter; `outputs` None where the run gives no result."""

    name: str
    graph: dict[str, Any]
    status: str = "succeeded"
    outputs: dict[str, Any] | None = None
    nodes: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    attempts: dict[str, int] = field(default_factory=dict)
    error: str | None = None
    error_node: str | None = None
    input: Any = None


def emit(id: str, value: Any = None, **rest: Any) -> dict[str, Any]:
    return {"id": id, "type": "test.emit", "params": {"value": value}, **rest}


def echo(id: str, **rest: Any) -> dict[str, Any]:
    return {"id": id, "type": "test.echo", **rest}


def fail(id: str, code: str = "asked_to_fail", retryable: bool = False, **rest: Any) -> dict[str, Any]:
    return {"id": id, "type": "test.fail", "params": {"code": code, "retryable": retryable}, **rest}


def flaky(id: str, succeeds_at: int, **rest: Any) -> dict[str, Any]:
    return {"id": id, "type": "test.flaky", "params": {"succeeds_at": succeeds_at}, **rest}


def sleep(id: str, sec: float, **rest: Any) -> dict[str, Any]:
    return {"id": id, "type": "test.sleep", "params": {"sec": sec}, **rest}


def gate(id: str, open: object, **rest: Any) -> dict[str, Any]:
    """Waits until the file `open` is there."""
    return {"id": id, "type": "test.gate", "params": {"open": str(open)}, **rest}


def edge(source: str, target: str, when: str | None = None, *, on: str | None = None, **map: str) -> dict[str, Any]:
    edge: dict[str, Any] = {"from": source, "to": target}
    if on is not None:
        edge["on"] = on
    if map:
        edge["map"] = map
    if when is not None:
        edge["when"] = when
    return edge


def graph(nodes: list[dict[str, Any]], edges: list[dict[str, Any]] | None = None, **rest: Any) -> dict[str, Any]:
    return {"name": "case", "nodes": nodes, "edges": edges or [], **rest}


FAST_RETRY = {"initial_interval_sec": 0.01, "max_interval_sec": 0.01}


def _with_retries(retries: int) -> dict[str, Any]:
    return {"max_retries": retries, "retry": FAST_RETRY}


def _chain(length: int) -> dict[str, Any]:
    nodes = [emit("n0", {"x": 7}), *(echo(f"n{i}") for i in range(1, length))]
    path = ["x", *("input.x" for _ in range(1, length - 1))]
    edges = [edge(f"n{i}", f"n{i + 1}", x=path[i]) for i in range(length - 1)]
    return graph(nodes, edges)


def _echoed(**input: Any) -> dict[str, Any]:
    return {"params": {}, "input": input}


DIAMOND = [
    edge("a", "b", x="x"),
    edge("a", "c", x="x"),
    edge("b", "d", left="input.x"),
    edge("c", "d", right="input.x"),
]

CASES = [
    Case("one node", graph([emit("a", 1)]), outputs={"a": 1}, nodes={"a": "succeeded"}),
    Case("isolated nodes are all sinks", graph([emit("a", 1), emit("b", 2)]), outputs={"a": 1, "b": 2}),
    Case("chain of 3", _chain(3), outputs={"n2": _echoed(x=7)}),
    Case("500 deep", _chain(500), outputs={"n499": _echoed(x=7)}),
    Case(
        "diamond",
        graph([emit("a", {"x": 5}), echo("b"), echo("c"), echo("d")], DIAMOND),
        outputs={"d": _echoed(left=5, right=5)},
    ),
    Case(
        "1,000 wide",
        graph(
            [emit("a", {"x": 1}), *(emit(f"w{i}", i) for i in range(1000)), echo("z")],
            [*(edge("a", f"w{i}") for i in range(1000)), *(edge(f"w{i}", "z") for i in range(1000))],
            options={"concurrency": 200},
        ),
        outputs={"z": _echoed()},
    ),
    Case(
        "an edge without map orders and carries nothing",
        graph([emit("a", {"x": 1}), echo("b")], [edge("a", "b")]),
        outputs={"b": _echoed()},
    ),
    Case(
        "a mapped key that the output lacks is null",
        graph([emit("a", {"x": 1}), echo("b")], [edge("a", "b", y="nothing.here")]),
        outputs={"b": _echoed(y=None)},
    ),
    Case(
        "map takes whole JMESPath",
        graph([emit("a", {"items": [{"n": 3}, {"n": 1}]}), echo("b")], [edge("a", "b", low="min(items[].n)")]),
        outputs={"b": _echoed(low=1)},
    ),
    Case(
        "params take the run's input",
        graph([{"id": "a", "type": "test.emit", "params": {"value": {"deep": [{"$input": "who.name"}]}}}]),
        input={"who": {"name": "Ada"}},
        outputs={"a": {"deep": ["Ada"]}},
    ),
    Case(
        "when is true",
        graph([emit("a", {"go": True}), emit("b", 2)], [edge("a", "b", when="go")]),
        outputs={"b": 2},
    ),
    Case(
        "when is false",
        graph([emit("a", {"go": False}), emit("b", 2)], [edge("a", "b", when="go")]),
        outputs={},
        skipped=["b"],
        nodes={"b": "skipped"},
    ),
    Case(
        "either branch, joined by any",
        graph(
            [emit("a", {"n": 5}), emit("low", "low"), emit("high", "high"), echo("end", join="any")],
            [
                edge("a", "low", when="n < `3`"),
                edge("a", "high", when="n >= `3`"),
                edge("low", "end", low="@"),
                edge("high", "end", high="@"),
            ],
        ),
        outputs={"end": _echoed(high="high")},
        nodes={"low": "skipped", "high": "succeeded"},
    ),
    Case(
        "join all is skipped when one edge is not taken",
        graph(
            [emit("a", {"go": False}), emit("b", 1), emit("c", 2)],
            [edge("a", "c", when="go"), edge("b", "c")],
        ),
        outputs={},
        skipped=["c"],
    ),
    Case(
        "join any waits for all edges to be decided",
        graph(
            [emit("a", 1), sleep("b", 0.2), echo("c", join="any")],
            [edge("a", "c", a="@"), edge("b", "c", b="slept")],
        ),
        outputs={"c": _echoed(a=1, b=0.2)},
    ),
    Case(
        "join any with no edge taken is skipped",
        graph([emit("a", {}), emit("b", 1, join="any")], [edge("a", "b", when="go")]),
        outputs={},
        skipped=["b"],
    ),
    Case(
        "a skip runs on",
        graph([emit("a", {}), emit("b"), emit("c")], [edge("a", "b", when="go"), edge("b", "c")]),
        outputs={},
        skipped=["c"],
        nodes={"b": "skipped", "c": "skipped"},
    ),
    Case(
        "zero and text are true, empty things are not",
        graph(
            [
                emit("a", {"zero": 0, "text": "x", "none": [], "blank": ""}),
                emit("z", 1),
                emit("t", 1),
                emit("n"),
                emit("e"),
            ],
            [
                edge("a", "z", when="zero"),
                edge("a", "t", when="text"),
                edge("a", "n", when="none"),
                edge("a", "e", when="blank"),
            ],
        ),
        outputs={"z": 1, "t": 1},
        skipped=["n", "e"],
    ),
    Case(
        "an optional node fails and gives null",
        graph([fail("a", optional=True), echo("b")], [edge("a", "b", x="value")]),
        outputs={"b": _echoed(x=None)},
        nodes={"a": "failed", "b": "succeeded"},
    ),
    Case(
        "an optional sink that failed is null",
        graph([fail("a", optional=True), emit("b", 1)]),
        outputs={"a": None, "b": 1},
    ),
    Case(
        "when on the null output of an optional node is not taken",
        graph([fail("a", optional=True), emit("b")], [edge("a", "b", when="value")]),
        outputs={},
        skipped=["b"],
    ),
    Case(
        "a failure fails the run and cancels what is in flight",
        graph([sleep("slow", 60), fail("bad"), emit("after")], [edge("bad", "after")]),
        status="failed",
        error="asked_to_fail",
        error_node="bad",
        nodes={"slow": "cancelled", "bad": "failed", "after": "pending"},
    ),
    Case(
        "a retry succeeds at the last attempt",
        graph([flaky("a", 3)], options=_with_retries(2)),
        nodes={"a": "succeeded"},
        attempts={"a": 3},
    ),
    Case(
        "retries run out",
        graph([flaky("a", 4)], options=_with_retries(2)),
        status="failed",
        error="flaky",
        error_node="a",
        attempts={"a": 3},
    ),
    Case(
        "a node's own retries win",
        graph([flaky("a", 2, retries=1, retry=FAST_RETRY)], options=_with_retries(0)),
        attempts={"a": 2},
    ),
    Case(
        "an error that says so is not retried",
        graph([fail("a", retryable=False)], options=_with_retries(5)),
        status="failed",
        error="asked_to_fail",
        attempts={"a": 1},
    ),
    Case(
        "an error that the node names is not retried",
        graph(
            [fail("a", code="hopeless", retryable=True, retry={**FAST_RETRY, "non_retryable": ["hopeless"]})],
            options=_with_retries(5),
        ),
        status="failed",
        error="hopeless",
        attempts={"a": 1},
    ),
    Case(
        "an attempt that takes too long fails",
        graph([sleep("a", 60, timeout_sec=0.5, retries=0)]),
        status="failed",
        error="timeout",
        error_node="a",
    ),
    Case(
        "an optional node may time out",
        graph([sleep("a", 60, timeout_sec=0.5, retries=0, optional=True), emit("b", 1)], [edge("a", "b")]),
        outputs={"b": 1},
        nodes={"a": "failed"},
    ),
    Case(
        "the run's deadline",
        graph([sleep("a", 60), emit("b")], [edge("a", "b")], options={"run_timeout_sec": 1}),
        status="timed_out",
        error="run_timeout",
        nodes={"a": "cancelled", "b": "pending"},
    ),
    Case(
        "named sinks only",
        graph([emit("a", 1), emit("b", 2)], [edge("a", "b")], sinks=["a"]),
        outputs={"a": 1},
    ),
    Case(
        "input that does not fit is not retried and names the field",
        graph(
            [emit("a", {"n": "many"}), {"id": "b", "type": "test.typed"}],
            [edge("a", "b", number="n")],
            options=_with_retries(3),
        ),
        status="failed",
        error="invalid_input",
        error_node="b",
        attempts={"b": 1},
    ),
    Case(
        "an expression that cannot be evaluated fails its target",
        graph([emit("a", {"n": 3}), emit("b")], [edge("a", "b", when="length(n) > `1`")]),
        status="failed",
        error="expression",
        error_node="b",
    ),
    Case(
        "two edges between the same nodes both count",
        graph([emit("a", {"x": 1, "y": 2}), echo("b")], [edge("a", "b", x="x"), edge("a", "b", y="y")]),
        outputs={"b": _echoed(x=1, y=2)},
    ),
    Case(
        "independent branches go on when the rest may",
        graph(
            [fail("bad"), emit("after"), sleep("slow", 0.3), emit("end", 1)],
            [edge("bad", "after"), edge("slow", "end")],
            options={"on_failure": "continue"},
        ),
        status="failed",
        error="asked_to_fail",
        nodes={"bad": "failed", "after": "skipped", "slow": "succeeded", "end": "succeeded"},
    ),
    Case(
        "an edge on failure sees the error, and the run goes on",
        graph(
            [flaky("a", 9), echo("after"), echo("alert")],
            [edge("a", "after", x="attempt"), edge("a", "alert", on="failure", code="error.code", at="error.attempt")],
            options=_with_retries(1),
        ),
        outputs={"alert": _echoed(code="flaky", at=2)},
        skipped=["after"],
        nodes={"a": "failed", "after": "skipped", "alert": "succeeded"},
    ),
    Case(
        "an edge on failure is not taken on success",
        graph([emit("a", 1), echo("alert")], [edge("a", "alert", on="failure")]),
        outputs={"a": 1},
        skipped=["alert"],
    ),
    Case(
        "a failure that no edge takes up fails the run",
        graph([fail("a"), echo("alert")], [edge("a", "alert", on="failure", when="error.code == 'other'")]),
        status="failed",
        error="asked_to_fail",
        error_node="a",
    ),
    Case(
        "an optional node's failure is handled, and its edges on success are judged on null",
        graph(
            [fail("a", optional=True), echo("after"), echo("alert")],
            [edge("a", "after", x="value"), edge("a", "alert", on="failure", code="error.code")],
        ),
        outputs={"after": _echoed(x=None), "alert": _echoed(code="asked_to_fail")},
    ),
    Case(
        "a settled edge is taken either way",
        graph(
            [emit("good", 1), fail("bad"), echo("end")],
            [
                edge("good", "end", on="settled", good="output", none="error"),
                edge("bad", "end", on="settled", bad="error.code", nothing="output"),
            ],
            sinks=["end"],
        ),
        outputs={"end": _echoed(good=1, none=None, bad="asked_to_fail", nothing=None)},
    ),
    Case(
        "a handled failure of an expression",
        graph(
            [emit("a", {"n": 3}), emit("b"), echo("alert")],
            [edge("a", "b", when="length(n)"), edge("b", "alert", on="failure", code="error.code", at="error.attempt")],
        ),
        outputs={"alert": _echoed(code="expression", at=None)},
    ),
    Case(
        "a handled failure of params",
        graph(
            [emit("a", {"$input": "length(n)"}), echo("alert")],
            [edge("a", "alert", on="failure", code="error.code")],
        ),
        input={"n": 3},
        outputs={"alert": _echoed(code="expression")},
    ),
    Case(
        "otherwise is taken if no condition is",
        graph(
            [emit("a", {"n": 5}), emit("low"), emit("high", "high"), emit("always", 1)],
            [edge("a", "low", when="n < `3`"), edge("a", "high", when="otherwise"), edge("a", "always")],
        ),
        outputs={"high": "high", "always": 1},
        skipped=["low"],
    ),
    Case(
        "otherwise is not taken if a condition is",
        graph(
            [emit("a", {"n": 1}), emit("low", "low"), emit("high")],
            [edge("a", "low", when="n < `3`"), edge("a", "high", when="otherwise")],
        ),
        outputs={"low": "low"},
        skipped=["high"],
    ),
    Case(
        "otherwise among the edges on failure",
        graph(
            [fail("a"), emit("known"), echo("other")],
            [
                edge("a", "known", on="failure", when="error.code == 'known'"),
                edge("a", "other", on="failure", when="otherwise", code="error.code"),
            ],
        ),
        outputs={"other": _echoed(code="asked_to_fail")},
        skipped=["known"],
    ),
    Case(
        "the run's input as a source",
        graph(
            [echo("a"), echo("b"), echo("c")],
            [
                edge("$input", "a", x="who.name"),
                edge("$input", "b", when="who.age > `99`"),
                edge("$input", "c", when="otherwise", all="@"),
                edge("a", "c", a="input.x"),
            ],
        ),
        input={"who": {"name": "Ada", "age": 36}},
        outputs={"c": _echoed(all={"who": {"name": "Ada", "age": 36}}, a="Ada")},
        skipped=["b"],
    ),
    Case(
        "the first answer wins, and what only led to the others is cancelled or skipped",
        graph(
            [emit("quick", 1), sleep("slow", 60), sleep("slower", 60), emit("then"), echo("end", join="first")],
            [
                edge("quick", "end", x="@"),
                edge("slow", "end", x="slept"),
                edge("slower", "then"),
                edge("then", "end", x="@"),
            ],
        ),
        outputs={"end": _echoed(x=1)},
        nodes={"quick": "succeeded", "slow": "cancelled", "slower": "cancelled", "then": "skipped"},
    ),
    Case(
        "what something else needs goes on although another one was first",
        graph(
            [emit("quick", 1), sleep("slow", 0.3), echo("end", join="first"), echo("too")],
            [edge("quick", "end", x="@"), edge("slow", "end", x="slept"), edge("slow", "too", x="slept")],
        ),
        outputs={"end": _echoed(x=1), "too": _echoed(x=0.3)},
    ),
    Case(
        "the first that is taken wins, not the first that ends",
        graph(
            [emit("quick", {"ok": False}), sleep("slow", 0.1), echo("end", join="first")],
            [edge("quick", "end", when="ok"), edge("slow", "end", x="slept")],
        ),
        outputs={"end": _echoed(x=0.1)},
    ),
    Case(
        "join first with no edge taken is skipped",
        graph(
            [emit("a", {}), emit("b", {}), emit("end", join="first")],
            [edge("a", "end", when="go"), edge("b", "end", when="go")],
        ),
        outputs={},
        skipped=["end"],
    ),
]
