"""Prints a stored graph for people."""

import typer

from wand_orchestrator.cli.client.api_client import Json
from wand_orchestrator.cli.display.output import print_fields
from wand_orchestrator.cli.display.table import print_table


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
        sources.setdefault(edge["to"], []).append(edge["from"])
    rows = [(node["id"], node["type"], ", ".join(sources.get(node["id"], ()))) for node in graph["nodes"]]
    print_table(("node", "type", "after"), rows)
