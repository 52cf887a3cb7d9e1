import pytest

from wand_orchestrator.cli.display.graph_view import print_graph


def test_a_graph_is_shown_with_what_each_node_comes_after(capsys: pytest.CaptureFixture[str]) -> None:
    nodes = [{"id": "a", "type": "t"}, {"id": "b", "type": "t", "join": "first"}, {"id": "c", "type": "t"}]
    edges = [
        {"from": "$input", "to": "a"},
        {"from": "$input", "to": "b", "when": "otherwise"},
        {"from": "a", "to": "b", "on": "failure"},
        {"from": "b", "to": "c", "on": "settled"},
    ]
    graph = {"nodes": nodes, "edges": edges}
    print_graph({"graph": graph, "graph_id": "g_1", "name": "demo", "version": 1, "created_at": "now"})
    rows = [line.split(maxsplit=2) for line in capsys.readouterr().out.splitlines()[-3:]]
    assert [row[2] for row in rows] == ["$input", "first of $input otherwise, a on failure", "b settled"]
