"""Every code by a smallest document that has it, and the page that explains them."""

import re
from pathlib import Path
from typing import Any

import checked_agents
import pytest

from wand_orchestrator.activities import builtin
from wand_orchestrator.errors import GraphFaults
from wand_orchestrator.plugins import Registry
from wand_orchestrator.validation import Checked, Code, Fault, check_graph, require_graph

AGENTS = Registry.of(checked_agents).agents
Document = dict[str, Any]

SEARCH = {"id": "a", "type": "check.search", "params": {"query": "q"}}
TABLE = {"id": "b", "type": "check.table"}
LOOSE = {"id": "b", "type": "check.loose"}
NOTHING = {"id": "a", "type": "check.nothing"}


def check(document: Any, *, max_nodes: int = 20, max_edges: int = 20) -> Checked:
    return check_graph(document, AGENTS, max_nodes=max_nodes, max_edges=max_edges)


def graph(*nodes: Document, edges: list[Document] | None = None, **rest: Any) -> Document:
    return {"name": "g", "nodes": list(nodes), "edges": edges or [], **rest}


def edge(source: str = "a", target: str = "b", /, **rest: Any) -> Document:
    return {"from": source, "to": target, **rest}


def carrying(expression: Any, key: str = "x") -> Document:
    """A graph whose one edge carries what the expression selects of a search."""
    return graph(SEARCH, LOOSE, edges=[edge(map={key: expression})])


def searching(**params: Any) -> Document:
    return graph({**SEARCH, "params": {"query": "q", **params}})


def approving(**params: Any) -> Document:
    return graph({"id": "a", "type": "flow.approval", "params": params})


def nested(levels: int) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = [value]
    return value


ROWS = {"rows": "pages"}
LONG_ONES = {f"x{index}": f"'{index:09900}'" for index in range(110)}
MANY_EXPRESSIONS = graph(SEARCH, LOOSE, edges=[edge(map=LONG_ONES)])

FAULTS: dict[Code, tuple[Any, str]] = {
    Code.TOO_DEEP: (carrying(nested(100_000)), "/edges/0/map/x" + "/0" * 60),
    Code.UNSTORABLE_VALUE: (searching(query="\ud800"), "/nodes/0/params/query"),
    Code.TOO_MANY_NODES: (graph(*[NOTHING] * 21), "/nodes"),
    Code.TOO_MANY_EDGES: (graph(NOTHING, edges=[edge()] * 21), "/edges"),
    Code.TOO_COMPLEX: (MANY_EXPRESSIONS, "/edges/0/map/x109"),
    Code.WRONG_TYPE: (graph({**NOTHING, "retries": "3"}), "/nodes/0/retries"),
    Code.MISSING_KEY: (graph({"id": "a"}), "/nodes/0"),
    Code.UNKNOWN_KEY: (graph({**NOTHING, "retires": 3}), "/nodes/0/retires"),
    Code.UNKNOWN_CHOICE: (graph({**NOTHING, "join": "some"}), "/nodes/0/join"),
    Code.OUT_OF_RANGE: (graph({**NOTHING, "timeout_sec": 0}), "/nodes/0/timeout_sec"),
    Code.BAD_ID: (graph({**NOTHING, "id": "a b"}), "/nodes/0/id"),
    Code.BAD_VALUE: (graph({"id": "a", "type": "flow.wait", "params": {"until": "soon"}}), "/nodes/0/params/until"),
    Code.NO_NODES: (graph(), "/nodes"),
    Code.DUPLICATE_ID: (graph(NOTHING, NOTHING), "/nodes/1/id"),
    Code.UNKNOWN_NODE: (graph(NOTHING, sinks=["b"]), "/sinks/0"),
    Code.DUPLICATE_SINK: (graph(NOTHING, sinks=["a", "a"]), "/sinks/1"),
    Code.SELF_EDGE: (graph(NOTHING, edges=[edge("a", "a")]), "/edges/0"),
    Code.CYCLE: (graph(NOTHING, LOOSE, edges=[edge("a", "b"), edge("b", "a")]), "/edges/1"),
    Code.OTHERWISE_ALONE: (
        graph(SEARCH, LOOSE, edges=[edge(), edge(when="otherwise"), edge(on="failure", when="error")]),
        "/edges/1/when",
    ),
    Code.INPUT_EDGE: (graph(NOTHING, edges=[edge("$input", "a", on="failure")]), "/edges/0/on"),
    Code.UNUSABLE_RATE: (graph({**LOOSE, "queue": "gpu", "rate": "openai"}), "/nodes/0/rate"),
    Code.UNKNOWN_AGENT: (graph({"id": "a", "type": "check.serch"}), "/nodes/0/type"),
    Code.INVALID_PARAMS: (searching(limit=0), "/nodes/0/params/limit"),
    Code.UNKNOWN_PARAM: (searching(limits=5), "/nodes/0/params/limits"),
    Code.REFERENCE: (graph({**LOOSE, "params": {"name": "x"}, "input": {"y": {"$exp": "z"}}}), "/nodes/0/input/y/$exp"),
    Code.INPUT_SCHEMA: (graph(NOTHING) | {"input_schema": {"type": "txt"}}, "/input_schema"),
    Code.ANSWER_SCHEMA: (approving(schema={"type": "txt"}), "/nodes/0/params/schema"),
    Code.EXPRESSION_SYNTAX: (carrying("pages["), "/edges/0/map/x"),
    Code.UNKNOWN_FUNCTION: (carrying("lenght(pages)"), "/edges/0/map/x"),
    Code.FUNCTION_ARGUMENTS: (carrying("length()"), "/edges/0/map/x"),
    Code.IMPOSSIBLE_EXPRESSION: (carrying("page"), "/edges/0/map/x"),
    Code.UNKNOWN_INPUT: (graph(SEARCH, TABLE, edges=[edge(map={**ROWS, "row": "total"})]), "/edges/0/map/row"),
    Code.DUPLICATE_INPUT: (graph(SEARCH, TABLE, edges=[edge(map=ROWS), edge(map=ROWS)]), "/edges/1/map/rows"),
    Code.MISSING_INPUT: (graph(SEARCH, TABLE, edges=[edge()]), "/nodes/1"),
    Code.INCOMPATIBLE_INPUT: (graph(SEARCH, TABLE, edges=[edge(map={"rows": "total"})]), "/edges/0/map/rows"),
    Code.MORE_FAULTS: (graph(NOTHING, sinks=["b"] * 1001), ""),
}

WARNINGS: dict[Code, tuple[Any, str]] = {
    Code.UNKNOWN_AGENT: (graph({"id": "a", "type": "java.index", "queue": "java"}), "/nodes/0/type"),
    Code.UNKNOWN_PARAM: (graph({**LOOSE, "params": {"nam": "x"}}), "/nodes/0/params/nam"),
    Code.UNCHECKED_PARAMS: (graph({"id": "a", "type": "check.broken"}), "/nodes/0"),
    Code.FIRST_ALONE: (graph(SEARCH, {**LOOSE, "join": "first"}, edges=[edge()]), "/nodes/1/join"),
    Code.EXPRESSION_SLIP: (graph(LOOSE, NOTHING, edges=[edge(when="ok == true")]), "/edges/0/when"),
    Code.INPUT_REFERENCE: (graph({**LOOSE, "params": {"name": "x", "y": {"$input": 5}}}), "/nodes/0/params/y"),
}

LOOKED_UP = {
    Code.UNKNOWN_GRAPH,
    Code.RECURSIVE_GRAPH,
    Code.UNKNOWN_RATE,
    Code.UNKNOWN_TOOL,
    Code.UNKNOWN_MCP_SERVER,
    Code.UNKNOWN_MODEL_ALIAS,
    Code.UNKNOWN_PROVIDER,
    Code.MODEL_KEY_MISSING,
}
"""Found where stored graphs, rates, tools and models are looked up, and tested there."""


@pytest.mark.parametrize("code", FAULTS)
def test_a_fault_of_each_code_is_found_where_it_lies(code: Code) -> None:
    document, pointer = FAULTS[code]
    checked = check(document)
    assert (pointer, code) in [(fault.pointer, fault.code) for fault in checked.faults]
    assert checked.graph is None


@pytest.mark.parametrize("code", FAULTS)
def test_the_smallest_document_of_a_fault_has_no_other(code: Code) -> None:
    if code is not Code.MORE_FAULTS:
        assert {fault.code for fault in check(FAULTS[code][0]).faults} == {code}


@pytest.mark.parametrize("code", WARNINGS)
def test_a_warning_of_each_code_leaves_the_graph_fit_to_run(code: Code) -> None:
    document, pointer = WARNINGS[code]
    checked = check(document)
    assert (pointer, code) in [(warning.pointer, warning.code) for warning in checked.warnings]
    assert checked.graph is not None
    assert not checked.faults


def test_every_code_has_an_example() -> None:
    assert set(Code) == FAULTS.keys() | WARNINGS.keys() | LOOKED_UP


def test_every_code_is_documented_and_no_other() -> None:
    page = (Path(__file__).parents[2] / "docs" / "faults.md").read_text()
    assert re.findall(r"^### `(\w+)`$", page, re.MULTILINE) == [code.value for code in Code]


@pytest.mark.parametrize("code", FAULTS)
def test_a_message_is_one_sentence_on_one_line(code: Code) -> None:
    for fault in check(FAULTS[code][0]).faults:
        assert fault.message
        assert "\n" not in fault.message
        assert len(fault.message) < 500


DEMO = {
    "name": "demo",
    "nodes": [
        {"id": "fetch", "type": "agent.fetch", "params": {"url": "https://example.com"}},
        {"id": "analyze", "type": "agent.analyze", "params": {}},
        {"id": "chart", "type": "agent.chart", "params": {"spec": {"kind": "line"}}},
    ],
    "edges": [
        {"from": "fetch", "to": "analyze", "map": {"text": "body"}},
        {"from": "analyze", "to": "chart", "map": {"series": "insights"}},
    ],
    "options": {"concurrency": 2, "default_timeout_sec": 10, "max_retries": 1},
    "sinks": ["chart"],
}


def test_the_first_graph_of_the_documentation_has_neither_fault_nor_warning() -> None:
    checked = check_graph(DEMO, Registry.of(builtin).agents, max_nodes=3, max_edges=2)
    assert checked.graph is not None
    assert checked.graph.name == "demo"
    assert checked.faults == checked.warnings == ()


def test_require_graph_gives_the_graph_with_its_warnings_or_raises_all_faults() -> None:
    checked = require_graph(WARNINGS[Code.UNKNOWN_AGENT][0], AGENTS, max_nodes=1, max_edges=0)
    assert checked.graph is not None
    assert [warning.code for warning in checked.warnings] == ["unknown_agent"]
    with pytest.raises(GraphFaults) as caught:
        require_graph({"name": "", "nodes": []}, AGENTS, max_nodes=1, max_edges=0)
    assert [fault.pointer for fault in caught.value.faults] == ["/name", "/nodes"]


def test_faults_of_all_parts_come_in_one_answer() -> None:
    document = graph(
        {"id": "a", "type": "check.serch", "timeout_sec": -1},
        {**SEARCH, "id": "b", "params": {"limit": "x"}},
        {**TABLE, "id": "c", "colour": 1},
        edges=[edge("a", "z"), edge("b", "c", map={"rows": "][", "width": "note"}, when=5)],
        sinks=["c", "c"],
        options={"concurrency": 0},
    )
    assert [(fault.pointer, fault.code) for fault in check(document).faults] == [
        ("/nodes/0/timeout_sec", "out_of_range"),
        ("/nodes/2/colour", "unknown_key"),
        ("/edges/1/when", "wrong_type"),
        ("/options/concurrency", "out_of_range"),
        ("/edges/0/to", "unknown_node"),
        ("/sinks/1", "duplicate_sink"),
        ("/edges/1/map/rows", "expression_syntax"),
        ("/nodes/0/type", "unknown_agent"),
        ("/nodes/1/params/limit", "invalid_params"),
        ("/nodes/1/params", "invalid_params"),
    ]


def message(document: Any, code: Code) -> str:
    return next(fault.message for fault in check(document).faults if fault.code == code)


def test_near_names_are_offered() -> None:
    for code, near in {
        Code.UNKNOWN_KEY: "`retries`",
        Code.UNKNOWN_AGENT: "`check.search`",
        Code.UNKNOWN_PARAM: "`limit`",
        Code.UNKNOWN_FUNCTION: "`length`",
        Code.IMPOSSIBLE_EXPRESSION: "`pages`",
        Code.UNKNOWN_INPUT: "`rows`",
    }.items():
        assert f"did you mean {near}" in message(FAULTS[code][0], code)


def test_a_pointer_is_escaped_as_rfc_6901_says() -> None:
    assert check(graph({**NOTHING, "a/b~c": 1})).faults[0].pointer == "/nodes/0/a~1b~0c"


def test_the_keys_of_an_edge_are_those_of_the_document_and_not_of_the_model() -> None:
    faults = check(graph(NOTHING, LOOSE, edges=[{"source": "a", "target": "b"}])).faults
    assert {(fault.pointer, fault.code) for fault in faults} == {
        ("/edges/0", "missing_key"),
        ("/edges/0/source", "unknown_key"),
        ("/edges/0/target", "unknown_key"),
    }


def test_each_group_of_nodes_in_a_cycle_is_named_by_a_shortest_cycle() -> None:
    nodes = [{"id": id, "type": "check.loose"} for id in "abcdefg"]
    ends = ["ab", "bc", "cd", "da", "ca", "ef", "fe", "dg"]
    faults = check(graph(*nodes, edges=[edge(*pair) for pair in ends])).faults
    assert sorted((fault.pointer, fault.message.partition(" is ")[0]) for fault in faults) == [
        ("/edges/4", "a → b → c → a"),
        ("/edges/6", "e → f → e"),
    ]


def test_a_long_cycle_names_its_first_nodes_and_counts_the_rest() -> None:
    nodes = [{"id": f"n{i}", "type": "check.loose"} for i in range(30)]
    edges = [edge(f"n{i}", f"n{(i + 1) % 30}") for i in range(30)]
    fault = check_graph(graph(*nodes, edges=edges), AGENTS, max_nodes=30, max_edges=30).faults[0]
    assert "n0 → n1 →" in fault.message
    assert "n19 → … 10 more → n0 is a cycle" in fault.message


def test_an_agent_of_the_default_queue_must_be_known_although_its_queue_is_named() -> None:
    document = graph({"id": "a", "type": "java.index", "queue": "wand"})
    assert [fault.code for fault in check(document).faults] == ["unknown_agent"]


def test_a_fault_in_a_node_id_is_told_once_and_not_by_every_edge() -> None:
    document = graph({**NOTHING, "id": "a b"}, LOOSE, edges=[edge("a b", "b")], sinks=["a b"])
    assert [fault.pointer for fault in check(document).faults] == ["/nodes/0/id"]


def test_a_thousand_faults_are_listed_and_the_rest_counted() -> None:
    faults = check(graph(NOTHING, sinks=[f"x{i}" for i in range(1500)])).faults
    assert len(faults) == 1001
    assert faults[-1] == Fault("", "more_faults", "500 more are not listed here: mend these and check again")


def test_the_answer_does_not_outgrow_the_document_by_much() -> None:
    key = "k" * 200_000
    document = graph({**LOOSE, "params": {key: {str(i): {"$input": 5} for i in range(500)}}})
    assert sum(len(warning.pointer) for warning in check(document).warnings) < 2_000_000


def test_a_program_may_give_tuples_for_lists() -> None:
    checked = check({"name": "g", "nodes": (NOTHING, NOTHING)})
    assert [fault.code for fault in checked.faults] == ["duplicate_id"]


UNSTORABLE = {
    "no number": float("nan"),
    "infinity": float("inf"),
    "nul": "a\0b",
    "half a pair": "\udc00",
    "huge": 10**5000,
    "set": {1, 2},
    "bytes": b"x",
}


@pytest.mark.parametrize("value", UNSTORABLE.values(), ids=UNSTORABLE)
def test_what_json_or_a_database_cannot_keep_is_a_fault(value: Any) -> None:
    faults = check(searching(query=[value])).faults
    assert [(fault.pointer, fault.code) for fault in faults] == [("/nodes/0/params/query/0", "unstorable_value")]


def test_text_that_spells_an_escape_is_not_what_it_spells() -> None:
    assert check(searching(query="\\u0000")).faults == ()


TIMES = {
    "timeout_sec": 1e-7,
    "heartbeat_sec": 0.1,
    "retry": {"initial_interval_sec": 1e-9, "max_interval_sec": 1e-9},
}


def test_what_is_too_short_for_a_timer_is_out_of_range() -> None:
    document = graph({**NOTHING, **TIMES}, options={"run_timeout_sec": 1e-7, "default_timeout_sec": 1e-300})
    assert {fault.pointer for fault in check(document).faults if fault.code == Code.OUT_OF_RANGE} == {
        "/nodes/0/timeout_sec",
        "/nodes/0/heartbeat_sec",
        "/nodes/0/retry/initial_interval_sec",
        "/nodes/0/retry/max_interval_sec",
        "/options/run_timeout_sec",
        "/options/default_timeout_sec",
    }


RULE = "/nodes/0/retry/0"


@pytest.mark.parametrize(
    ("retry", "pointer", "code", "message"),
    [
        ([], "/nodes/0/retry", Code.OUT_OF_RANGE, "`retry` must not be empty"),
        ([{"codes": []}], f"{RULE}/codes", Code.OUT_OF_RANGE, "`codes` must not be empty"),
        ([{"codes": "x"}], f"{RULE}/codes", Code.WRONG_TYPE, "`codes` must be a list, and is the text 'x'"),
        ([{"codes": ["x"], "retries": -1}], f"{RULE}/retries", Code.OUT_OF_RANGE, "`retries` must be at least 0"),
        ([{}], RULE, Code.MISSING_KEY, "a rule of `retry` needs the key `codes`"),
        ([{"codes": ["x"], "retires": 1}], f"{RULE}/retires", Code.UNKNOWN_KEY, "did you mean `retries`?"),
        ([{"codes": ["*"]}, {"codes": ["x"]}], "/nodes/0/retry", Code.BAD_VALUE, "an earlier one names it"),
        ({"initial_interval_sec": 0}, "/nodes/0/retry/initial_interval_sec", Code.OUT_OF_RANGE, "at least 0.001"),
        (5, "/nodes/0/retry", Code.WRONG_TYPE, "`retry` must be an object or a list, and is the number 5"),
    ],
)
def test_retry_has_one_fault_where_what_it_says_is_wrong(retry: Any, pointer: str, code: str, message: str) -> None:
    [fault] = check(graph({**NOTHING, "retry": retry})).faults
    assert (fault.pointer, fault.code) == (pointer, code)
    assert message in fault.message


@pytest.mark.parametrize("type", ["flow.wait", "flow.approval", "flow.map", "flow.graph", "flow.repeat"])
def test_a_reference_under_a_key_that_a_control_node_has_not_is_a_fault(type: str) -> None:
    document = graph({"id": "a", "type": type, "params": {"secnds": {"$input": "x"}}})
    assert ("/nodes/0/params/secnds", Code.UNKNOWN_KEY) in [(f.pointer, f.code) for f in check(document).faults]


@pytest.mark.parametrize("until", ["!st.redo", "(a == b).c", "length(@).x"])
@pytest.mark.parametrize("target", [{"graph": "stored"}, {"agent": "check.loose"}, {"agent": "foreign"}])
def test_an_expression_that_fits_no_value_is_a_fault_whatever_gives_it(until: str, target: Document) -> None:
    node = {"id": "a", "type": "flow.repeat", "queue": "q", "params": {**target, "until": until, "max_times": 2}}
    faults = check(graph(node)).faults
    assert ("/nodes/0/params/until", Code.IMPOSSIBLE_EXPRESSION) in [(fault.pointer, fault.code) for fault in faults]


REPEATED = {"agent": "check.loose", "max_times": 2, "until": {"$input": "x"}}


@pytest.mark.parametrize(
    ("node", "pointer"),
    [
        ({"type": "agent.transform", "params": {"expression": {"$input": "x"}}}, "/nodes/0/params/expression"),
        ({"type": "agent.transform", "params": {"$input": "x"}}, "/nodes/0/params"),
        (
            {"type": "flow.map", "params": {"agent": "agent.transform", "params": {"expression": {"$input": "x"}}}},
            "/nodes/0/params/params/expression",
        ),
        ({"type": "flow.repeat", "params": REPEATED}, "/nodes/0/params/until"),
    ],
)
def test_no_expression_comes_from_the_input_of_a_run(node: Document, pointer: str) -> None:
    agents = Registry.of(checked_agents, builtin).agents
    faults = check_graph(graph({"id": "a", **node}), agents, max_nodes=9, max_edges=9).faults
    assert (pointer, Code.INPUT_REFERENCE) in [(fault.pointer, fault.code) for fault in faults]


# Edges that branch


def faults_of(document: Document) -> list[tuple[str, str]]:
    return [(fault.pointer, fault.code) for fault in check(document).faults]


def test_an_input_has_a_key() -> None:
    loose = LOOSE | {"input": {"": 1}}
    assert faults_of(graph(SEARCH, loose, edges=[edge(map={"": "@"})])) == [
        ("/edges/0/map/", Code.DUPLICATE_INPUT),
        ("/edges/0/map/", Code.BAD_VALUE),
        ("/nodes/1/input/", Code.BAD_VALUE),
    ]


def test_an_edge_is_on_success_failure_or_settled() -> None:
    assert faults_of(graph(SEARCH, LOOSE, edges=[edge(on="error")])) == [("/edges/0/on", Code.UNKNOWN_CHOICE)]


def test_the_runs_input_is_a_source_and_nothing_else() -> None:
    assert faults_of(graph(LOOSE, edges=[edge("$input", "b", when="go", map={"x": "anything.at[0].all"})])) == []
    assert faults_of(graph(LOOSE, edges=[edge("b", "$input")], sinks=["$input"])) == [
        ("/edges/0/to", Code.UNKNOWN_NODE),
        ("/sinks/0", Code.UNKNOWN_NODE),
    ]


@pytest.mark.parametrize(
    ("on", "expression", "fits"),
    [
        ("failure", "error.code", True),
        ("failure", "error.kode", False),
        ("failure", "pages", False),
        ("settled", "output.pages[0]", True),
        ("settled", "output.page", False),
        ("settled", "error.message", True),
        ("settled", "pages", False),
        ("success", "error.code", False),
    ],
)
def test_an_expression_is_checked_against_what_its_edge_is_judged_on(on: str, expression: str, fits: bool) -> None:
    for carried in ({"when": expression}, {"map": {"x": expression}}):
        found = faults_of(graph(SEARCH, LOOSE, edges=[edge(on=on, **carried)]))
        assert [code for _, code in found] == ([] if fits else [Code.IMPOSSIBLE_EXPRESSION])


def test_a_message_says_what_an_edge_on_failure_is_judged_on() -> None:
    [fault] = check(graph(SEARCH, LOOSE, edges=[edge(on="failure", when="error.kode")])).faults
    assert "an edge on failure" in fault.message
    assert "`code`" in fault.message


def test_edges_of_which_one_at_most_is_taken_may_map_to_the_same_input() -> None:
    failing = edge(on="failure", map={"x": "error.code"})
    assert faults_of(graph(SEARCH, LOOSE, edges=[edge(map={"x": "total"}), failing])) == []
    arms = [edge(when="total", map={"x": "total"}), edge(when="otherwise", map={"x": "pages"})]
    assert faults_of(graph(SEARCH, LOOSE, edges=arms)) == []
    first = {**LOOSE, "join": "first"}
    other = {**SEARCH, "id": "c"}
    assert faults_of(graph(SEARCH, first, other, edges=[edge(map={"x": "total"}), edge("c", map={"x": "total"})])) == []


def test_edges_that_may_both_be_taken_may_not() -> None:
    failing = edge(on="failure", map={"x": "error.code"})
    optional = {**SEARCH, "optional": True}
    assert faults_of(graph(optional, LOOSE, edges=[edge(map={"x": "total"}), failing])) == [
        ("/edges/1/map/x", Code.DUPLICATE_INPUT)
    ]
    settled = edge(on="settled", map={"x": "error"})
    assert faults_of(graph(SEARCH, LOOSE, edges=[failing, settled])) == [("/edges/1/map/x", Code.DUPLICATE_INPUT)]


def test_each_edge_into_a_node_that_takes_the_first_brings_all_that_it_needs() -> None:
    first = {**TABLE, "join": "first"}
    edges = [edge(map=ROWS), edge("c")]
    assert faults_of(graph(SEARCH, first, {**SEARCH, "id": "c"}, edges=edges)) == [("/edges/1", Code.MISSING_INPUT)]
