"""`wand agents`: what graphs can name."""

from pathlib import Path
from typing import Annotated, Any

import typer

from wand_orchestrator.cli.client.options import ApiKey, Url

PARTS = ("params", "input", "output")


def agents(
    name: Annotated[str | None, typer.Argument(help="Of the one to show with its JSON Schemas.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="With all JSON Schemas, as the API gives them.")] = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """List agents and tools: those installed here, or with --url those of a running API. A key with * is required."""
    from wand_orchestrator.cli.display.output import print_json

    agents, tools = _here() if url is None else _there(url, api_key)
    if name is not None:
        agents, tools = _only(name, agents, tools)
    if as_json:
        print_json({"agents": agents, "tools": tools})
        return
    if name is not None:
        _show([*agents, *tools])
        return
    _print("agent", agents)
    typer.echo()
    _print("tool", tools)


Listed = tuple[list[dict[str, Any]], list[dict[str, Any]]]
"""Agents, and tools."""


def _here() -> Listed:
    from wand_orchestrator.api.catalog import agent_list, tool_list
    from wand_orchestrator.cli.processes.app_dir import find_plugins_in
    from wand_orchestrator.cli.processes.configuration import settings_with
    from wand_orchestrator.plugins import Registry

    find_plugins_in(Path())
    registry = Registry.load(settings_with())
    agents, tools = agent_list(registry).model_dump(mode="json"), tool_list(registry).model_dump(mode="json")
    return _with_what_is_missing(agents["agents"]), _with_what_is_missing(tools["tools"])


def _with_what_is_missing(listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the items; the description of one that cannot run here begins with what to install."""
    from wand_orchestrator.activities.extras import missing_extra

    for item in listed:
        if (extra := missing_extra(item["name"])) is not None:
            item["description"] = f"[pip install 'wand-orchestrator[{extra}]' first] {item['description']}"
    return listed


def _there(url: str, api_key: str | None) -> Listed:
    from wand_orchestrator.cli.client.api_client import ApiClient, ask

    async def listed(api: ApiClient) -> Listed:
        return (await api.get("/agents"))["agents"], (await api.get("/tools"))["tools"]

    return ask(url, api_key, listed)


def _print(kind: str, listed: list[dict[str, Any]]) -> None:
    from wand_orchestrator.cli.display.table import print_table

    parts = [part for part in PARTS if part != "input" or kind == "agent"]
    rows = [
        (item["name"], *(_keys(item[f"{part}_schema"]) for part in parts), " ".join(item["description"].split()))
        for item in listed
    ]
    print_table((kind, *parts, "description"), rows, whole=(kind,))


def _only(name: str, agents: list[dict[str, Any]], tools: list[dict[str, Any]]) -> Listed:
    """Return only agents or only tools: the two may have the same name."""
    from difflib import get_close_matches

    from wand_orchestrator.errors import NotFound

    found = tuple([item for item in listed if item["name"] == name] for listed in (agents, tools))
    if not any(found):
        near = get_close_matches(name, [item["name"] for item in (*agents, *tools)])
        raise NotFound(f"there is no agent or tool {name}{': did you mean ' + ' or '.join(near) + '?' if near else ''}")
    return found[0], found[1]


def _show(items: list[dict[str, Any]]) -> None:
    from wand_orchestrator.cli.display.output import print_fields, print_json

    for item in items:
        print_fields(
            ("name", item["name"]), ("about", item["description"]), ("tools", ", ".join(item.get("tools", ())))
        )
        for part in PARTS:
            if f"{part}_schema" in item:
                typer.echo(f"\n{part}")
                print_json(item[f"{part}_schema"])


def _keys(schema: dict[str, Any]) -> str:
    """Return the member names of an object schema, required ones marked; for any other schema, its type."""
    schema = _resolved(schema)
    if "properties" not in schema:
        return _kind(schema)
    required = set(schema.get("required", ()))
    return ", ".join(f"{name}*" if name in required else name for name in schema["properties"])


def _resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema behind a `$ref`: a model that refers to itself stands among the definitions."""
    definition = schema.get("$ref", "").rpartition("/")[2]
    known: dict[str, Any] = schema.get("$defs", {}).get(definition, schema)
    return known


def _kind(schema: dict[str, Any]) -> str:
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices:
        return " or ".join(dict.fromkeys(_kind(choice) for choice in choices))
    kind = schema.get("type", "any")
    return "any keys" if kind == "object" and schema.get("additionalProperties") else str(kind)
