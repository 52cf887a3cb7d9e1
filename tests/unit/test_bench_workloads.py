"""The benchmarks measure all that they promise, and judge it by samples that they take."""

from itertools import pairwise
from pathlib import Path

import pytest

from bench import document
from bench.peers.catalogue import PEERS
from bench.report import markdown
from bench.results import Outcome, Results
from bench.shapes import Shape, bulky, chain, computing, fan, graph_of, layered, stamped
from bench.targets import OWN, judge, targets
from bench.workloads import PEER_WORKLOADS, against, workloads
from wand_orchestrator.graph import Graph

ROOT = Path(__file__).parents[2]
PROMISED = {
    *("chain3", "chain100", "wide200", "wide1000", "nodes10000", "burst100", "burst1000", "sse", "watched", "start"),
    *("listing", "outputs", "short3", "short100", "memory", "flat", "processes", "deltas", "emitting"),
}
ALL = [*workloads(quick=False), *(workload for peer in PEERS for workload in against(peer, quick=False))]


def test_every_promised_workload_is_there_under_one_name() -> None:
    names = [name for workload in workloads(quick=False) for name in workload.names]
    assert sorted(names) == sorted(PROMISED)


def test_the_quick_ones_are_the_same_in_small() -> None:
    assert [workload.names for workload in workloads(quick=True)] == [
        workload.names for workload in workloads(quick=False)
    ]


def test_every_peer_is_measured_at_four_workloads_and_has_its_pins_and_its_script() -> None:
    for name, spec in PEERS.items():
        assert len(against(name, quick=False)) == len(PEER_WORKLOADS) == 4
        assert spec.script.is_file()
        assert "==" in (spec.script.parent / "requirements.txt").read_text()


def test_every_target_rests_on_a_workload_and_contenders_that_are_measured() -> None:
    measured = {(workload.name, entry.contender) for workload in ALL for entry in workload.entries}
    for target in targets():
        assert (target.of.workload, target.of.contender) in measured, target
        assert target.over is None or (target.over.workload, target.over.contender) in measured, target


def test_all_targets_are_there() -> None:
    assert len(OWN) == 15
    assert len(targets()) == len(OWN) + len(PEERS) * len(PEER_WORKLOADS)


def results(chain100: dict[str, float]) -> Results:
    outcomes = {name: Outcome({"seconds": [value, 1.01 * value, 0.99 * value]}) for name, value in chain100.items()}
    return Results({}, False, {"chain100": outcomes})


def test_targets_are_judged_in_the_direction_that_they_say() -> None:
    judged = judge(results({"wand": 1.0, "stock": 5.0, "tuned": 0.5, "wand-unwatched": 0.9}))
    verdicts = {judgement.target.text: judgement.verdict for judgement in judged if judgement.verdict}
    assert list(verdicts.values()) == ["held", "not held", "held"]
    assert len(judged) == len(OWN)


def test_a_report_names_what_was_not_measured_and_what_failed() -> None:
    measured = results({"wand": 1.0, "stock": 5.0})
    measured.outcomes["chain100"]["tuned"] = Outcome(failure="RuntimeError: gone")
    text = markdown(measured, [workload for workload in ALL if workload.name == "chain100"])
    assert "| **5x** (5 to 5x)" in text
    assert "failed: RuntimeError: gone" in text
    assert "not measured" in text
    assert measured.failures == ["chain100, tuned: RuntimeError: gone"]


@pytest.mark.parametrize("shape", [chain(3), chain(2, short=True), fan(7), layered(3, 4)])
def test_a_shape_is_a_graph_in_which_every_node_waits_for_the_layer_before(shape: Shape) -> None:
    graph = Graph.model_validate(graph_of(shape))
    assert len(graph.nodes) == shape.nodes
    for above, below in pairwise(range(len(shape.layers))):
        sources = {edge.source for edge in graph.edges if edge.target.startswith(f"n{below}_")}
        assert len(sources) == shape.layers[above]
    fed = {edge.target for edge in graph.edges if edge.map}
    assert fed == {node.id for node in graph.nodes if not node.id.startswith("n0_")}


def test_the_other_graphs_are_graphs() -> None:
    assert len(Graph.model_validate(stamped(4, 0.1)).nodes) == 4
    assert len(Graph.model_validate(bulky(5, 10)).nodes) == 6
    assert len(Graph.model_validate(computing(3, 0.1)).nodes) == 3


def test_figures_replace_those_between_the_marks_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text((ROOT / "docs" / "performance.md").read_text())
    document.replace_figures(page, "old figures")
    with_old = page.read_text()
    document.replace_figures(page, "new figures")
    assert page.read_text() == with_old.replace("old figures", "new figures")
    assert "old figures" in with_old


def test_a_page_without_marks_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("nothing")
    with pytest.raises(ValueError, match="no marks"):
        document.replace_figures(page, "figures")
