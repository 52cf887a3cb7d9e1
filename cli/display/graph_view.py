"""Prints a stored graph for people."""

import typer

from wand_orchestrator.cli.client.api_client import Json
from wand_orchestrator.cli.display.output import print_fields
from wand_orchestrator.cli.display.table import print_table
from wand_orchestrator.graph import OTHERWISE


def print_graph(stored: Json) -> None:
    graph = stored["graph"]
    print_fields(
        ("graph", stored["graph_id"]),
        ("name", f"{stored['name']}, version {stored['version']}"),
        ("created", stored["created_at"]),
        ("sinks", ", ".join(graph.get("sinks", ()))),
    )
    typer.echo()
    sources: dict[str, list[str]] = {}
    for edge in graph.get("edges", ()):
        sources.setdefault(edge["to"], []).append(_source(edge))
    rows = [(node["id"], node["type"], _after(node, sources.get(node["id"], []))) for node in graph["nodes"]]
    print_table(("node", "type", "after"), rows)


def _source(edge: Json) -> str:
    """Return the source of the edge, with its `on` unless it is taken on success."""
    on = {"failure": " on failure", "settled": " settled"}.get(edge.get("on", "success"), "")
    otherwise = " otherwise" if edge.get("when") == OTHERWISE else ""
    return f"{edge['from']}{on}{otherwise}"


def _after(node: Json, sources: list[str]) -> str:
    joined = {"any": "any of ", "first": "first of "}.get(node.get("join", "all"), "")
    return f"{joined if len(sources) > 1 else ''}{', '.join(sources)}"
