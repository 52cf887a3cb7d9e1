"""Prints hooks for people."""

from collections.abc import Sequence

from wand_orchestrator.cli.client.api_client import Json
from wand_orchestrator.cli.display.output import print_fields
from wand_orchestrator.cli.display.table import print_table


def print_hooks(hooks: Sequence[Json]) -> None:
    rows = [(hook["name"], _graph(hook), hook["verification"], ", ".join(hook["map"] or ())) for hook in hooks]
    print_table(("hook", "graph", "verified by", "input"), rows, whole=("hook",))


def print_hook(hook: Json) -> None:
    print_fields(
        ("hook", hook["name"]),
        ("graph", _graph(hook)),
        ("verified by", hook["verification"]),
        *((f"input {key}", expression) for key, expression in (hook["map"] or {"": "body"}).items()),
        ("tags", ", ".join(hook["tags"])),
        ("webhook", (hook["webhook"] or {}).get("url")),
        ("created", hook["created_at"]),
        ("changed", hook["updated_at"]),
    )


def _graph(hook: Json) -> str:
    return hook["graph_name"] if hook["version"] is None else f"{hook['graph_name']} {hook['version']}"
