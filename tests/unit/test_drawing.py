"""Pictures of graphs and runs, in both forms, of any document."""

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.cpu_time import cpu_loops
from tests.page.hostile import HOSTILE
from wand_orchestrator.contract.state import NodeStatus
from wand_orchestrator.drawing.layout import HEIGHT, WIDTH, laid_out
from wand_orchestrator.drawing.mermaid import mermaid_of
from wand_orchestrator.drawing.picture import MAX_BOXES, MAX_LINES, DrawnNode, picture_of
from wand_orchestrator.drawing.svg import svg_of

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.json"))
SVG = "{http://www.w3.org/2000/svg}"
SEEN = {f"{SVG}{name}" for name in ("svg", "title", "style", "defs", "marker", "path", "rect", "g", "text")}
MERMAID_LINE = re.compile(
    r'%% [\w .,-]*|flowchart LR|  n\d+ ?[\[("]+[^"\n]*["\])]+(:::\w+)?|  n\d+ (-->|==>|-\.->)(\|"[^"\n]*"\|)? n\d+'
    r'|  note\d+\["[\w ]*"\]:::note'
    r"|  classDef \w+ [\w#,:-]+"
)


def graph(*edges: tuple[str, str], **more: Any) -> dict[str, Any]:
    names = dict.fromkeys(name for edge in edges for name in edge)
    nodes = [{"id": name, "type": "agent.transform"} for name in names]
    return {"name": "g", "nodes": nodes, "edges": [{"from": a, "to": b} for a, b in edges], **more}


def checked(document: Any) -> tuple[ElementTree.Element, str]:
    """Both forms of the picture, each of nothing but what it may be made of."""
    picture = picture_of(document)
    tree, mermaid = ElementTree.fromstring(svg_of(picture)), mermaid_of(picture)
    assert {element.tag for element in tree.iter()} <= SEEN
    names = {name for element in tree.iter() for name in element.attrib}
    assert not [name for name in names if name.startswith("on") or "href" in name]
    wrong = [line for line in mermaid.splitlines() if not MERMAID_LINE.fullmatch(line)]
    assert wrong == []
    return tree, mermaid


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_drawn_with_all_its_nodes(path: Path) -> None:
    document = json.loads(path.read_text())
    document = document.get("graph", document)
    tree, mermaid = checked(document)
    texts = [text.text for text in tree.iter(f"{SVG}text")]
    for node in document["nodes"]:
        assert node["id"] in texts
        assert f"{node['id']}<br/>" in mermaid
    assert len(re.findall(r" --> | -->\|", mermaid)) == len({(edge["from"], edge["to"]) for edge in document["edges"]})


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_breaks_either_form(text: str) -> None:
    node = {"id": text, "type": text}
    edge = {"from": text, "to": "b", "when": text, "on": text, "map": {text: text}}
    checked({"name": text, "nodes": [node, {"id": "b", "type": "x"}], "edges": [edge], "sinks": [text]})


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"name": 1, "nodes": {"id": "a"}, "edges": "x", "sinks": 3},
        {
            "nodes": [None, 1, {"id": 2}, {"id": "a"}, {"id": "a"}],
            "edges": [[], {"from": "a"}, {"from": "a", "to": "z"}],
        },
        graph(("a", "b"), ("b", "a"), ("a", "a"), ("b", "c")),
    ],
    ids=["empty", "of other types", "with parts of nodes", "a cycle"],
)
def test_a_document_with_faults_is_drawn_as_far_as_it_can_be(document: Any) -> None:
    checked(document)


def test_a_node_that_only_an_edge_names_is_shown_as_missing() -> None:
    document = {"nodes": [{"id": "a", "type": "x"}], "edges": [{"from": "a", "to": "z"}]}
    picture = picture_of(document, faulty=["a"], faults=2)
    assert ">2 faults</text>" in svg_of(picture)
    assert {box.key: (box.type, box.faulty) for box in picture.boxes} == {"z": ("missing", True), "a": ("x", True)}


def test_a_run_is_coloured_by_the_states_of_its_nodes() -> None:
    document = graph(("a", "b"), ("a", "c"), ("b", "d"))
    document["edges"][1] |= {"when": "x"}
    states = {
        "a": DrawnNode(NodeStatus.SUCCEEDED),
        "b": DrawnNode(NodeStatus.RUNNING, "attempt 2"),
        "c": DrawnNode(NodeStatus.SKIPPED),
    }
    picture = picture_of(document, states.get)
    assert {box.key: box.status for box in picture.boxes} == {
        "a": NodeStatus.SUCCEEDED,
        "b": NodeStatus.RUNNING,
        "c": NodeStatus.SKIPPED,
        "d": NodeStatus.PENDING,
    }
    assert [line.state for line in picture.lines] == ["taken", "not taken", "open"]
    assert ":::running" in mermaid_of(picture)
    assert 'class="running"' in svg_of(picture)


@pytest.mark.parametrize(
    ("on", "optional", "handled", "state"),
    [
        ("success", False, False, "not taken"),
        ("settled", False, False, "not taken"),
        ("failure", False, False, "not taken"),
        ("success", False, True, "not taken"),
        ("failure", False, True, "taken"),
        ("settled", False, True, "taken"),
        ("success", True, False, "taken"),
        ("failure", True, False, "taken"),
    ],
)
def test_an_edge_of_a_failed_node_is_taken_as_the_run_took_it(
    on: str, optional: bool, handled: bool, state: str
) -> None:
    document = graph(("a", "b"))
    document["edges"][0] |= {"on": on}
    document["nodes"][0] |= {"optional": optional}
    states = {"a": DrawnNode(NodeStatus.FAILED, handled=handled)}
    assert [line.state for line in picture_of(document, states.get).lines] == [state]


def test_no_two_boxes_lie_over_one_another_and_no_line_leads_over_a_box() -> None:
    edges = [("a", "b"), ("b", "c"), ("c", "d"), ("a", "d"), ("a", "c"), ("x", "d"), ("x", "c")]
    layout = laid_out("abcdx", edges)
    boxes = list(layout.places.items())
    for name, (x, y) in boxes:
        for other, (to_x, to_y) in boxes:
            assert name == other or abs(x - to_x) >= WIDTH or abs(y - to_y) >= HEIGHT
        for bends in layout.bends.values():
            assert not [bend for bend in bends if bend[0] == x and y <= bend[1] <= y + HEIGHT]


def test_the_largest_graph_is_folded_and_drawn_soon() -> None:
    names = [f"n{number}" for number in range(20_000)]
    document = graph(*((names[at], names[at + step]) for at in range(19_900) for step in (1, 50, 100)))

    def draw() -> None:
        picture = picture_of(document, lambda name: DrawnNode(NodeStatus.SUCCEEDED))
        assert len(picture.boxes) <= 2 * MAX_BOXES
        assert picture.folded > 19_000
        assert len(svg_of(picture)) < 500_000
        assert len(mermaid_of(picture)) < 50_000

    assert cpu_loops(draw) < 100


def test_a_dense_graph_is_folded_though_it_has_few_nodes() -> None:
    names = [f"n{number}" for number in range(MAX_BOXES)]
    edges = [(source, target) for at, source in enumerate(names) for target in names[at + 1 :]]
    picture = picture_of(graph(*edges))
    assert 0 < len(picture.lines) <= MAX_LINES
    assert "nodes are folded" in svg_of(picture)
    assert "nodes are folded" in mermaid_of(picture)


def test_long_texts_are_cut_until_mermaid_takes_them_all() -> None:
    document = graph(*((f"{at}{'<' * 190}", f"{at + 1}{'<' * 190}") for at in range(MAX_BOXES - 1)))
    for edge in document["edges"]:
        edge["when"] = "\U0001f600" * 100
    assert len(mermaid_of(picture_of(document))) < 50_000


def test_a_picture_of_a_run_tells_why_a_node_failed_and_what_its_colours_mean() -> None:
    failed = DrawnNode(NodeStatus.FAILED, "http_error", reason="the server answered with 500")
    svg = svg_of(picture_of(graph(("a", "b")), {"a": failed}.get))
    assert "the server answered with 500" in svg
    assert "✕ failed</text>" in svg
    assert "○ pending</text>" in svg


def test_sinks_that_nobody_gives_are_the_nodes_without_an_edge_on_success() -> None:
    picture = picture_of(graph(("a", "b")))
    assert {box.key: box.sink for box in picture.boxes} == {"a": False, "b": True}


def test_a_control_node_shows_what_it_runs() -> None:
    node = {"id": "m", "type": "flow.map", "params": {"agent": "agent.fetch"}}
    assert [box.type for box in picture_of({"nodes": [node]}).boxes] == ["flow.map: agent.fetch"]
