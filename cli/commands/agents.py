"""`wand agents`: what graphs can name."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.options import ApiKey, Url


def agents(
    as_json: Annotated[bool, typer.Option("--json", help="With all JSON Schemas, as the API gives them.")] = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """List agents and tools: those installed here, or with --url those of a running API."""
    from cli.output import print_json

    agents, tools = _here() if url is None else _there(url, api_key)
    if as_json:
        print_json({"agents": agents, "tools": tools})
        return
    _print("agent", agents)
    typer.echo()
    _print("tool", tools)


Listed = tuple[list[dict[str, Any]], list[dict[str, Any]]]
"""Agents, and tools."""


def _here() -> Listed:
    from api.routers.catalog import agent_list, tool_list
    from cli.app_dir import find_plugins_in
    from cli.configuration import settings_with
    from wand_orchestrator.registry import Registry

    find_plugins_in(Path())
    registry = Registry.load(settings_with())
    agents, tools = agent_list(registry).model_dump(mode="json"), tool_list(registry).model_dump(mode="json")
    return agents["agents"], tools["tools"]


def _there(url: str, api_key: str | None) -> Listed:
    from cli.api_client import ApiClient, ask

    async def listed(api: ApiClient) -> Listed:
        return (await api.get("/agents"))["agents"], (await api.get("/tools"))["tools"]

    return ask(url, api_key, listed)


def _print(kind: str, listed: list[dict[str, Any]]) -> None:
    from cli.table import print_table

    second, schema = ("input", "input_schema") if kind == "agent" else ("gives", "output_schema")
    rows = [
        (item["name"], _keys(item["params_schema"]), _keys(item[schema]), " ".join(item["description"].split()))
        for item in listed
    ]
    print_table((kind, "params", second, "description"), rows, whole=(kind,))


def _keys(schema: dict[str, Any]) -> str:
    """The names of an object's members; those that have to be there carry a mark."""
    required = set(schema.get("required", ()))
    return ", ".join(f"{name}*" if name in required else name for name in schema.get("properties", {}))
