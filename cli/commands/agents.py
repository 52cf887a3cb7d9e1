"""`wand agents`: what graphs can name."""

import asyncio
import json
from typing import Annotated, Any

import typer

from cli.commands.run import ApiKey, Url


def agents(
    as_json: Annotated[bool, typer.Option("--json", help="With all JSON Schemas, as the API gives them.")] = False,
    url: Url = None,
    api_key: ApiKey = None,
) -> None:
    """List agents and tools: those installed here, or with --url those of a running API."""
    agents, tools = _here() if url is None else asyncio.run(_there(url, api_key))
    if as_json:
        typer.echo(json.dumps({"agents": agents, "tools": tools}, indent=2, ensure_ascii=False))
        return
    _print("agent", agents)
    _print("tool", tools)


Listed = tuple[list[dict[str, Any]], list[dict[str, Any]]]
"""Agents, and tools."""


def _here() -> Listed:
    from api.routers.catalog import agent_list, tool_list
    from cli.configuration import settings_with
    from wand_orchestrator.registry import Registry

    registry = Registry.load(settings_with())
    agents, tools = agent_list(registry).model_dump(mode="json"), tool_list(registry).model_dump(mode="json")
    return agents["agents"], tools["tools"]


async def _there(url: str, api_key: str | None) -> Listed:
    from cli.api_client import ApiClient
    from cli.configuration import settings_with

    async with ApiClient.open(settings_with(), url, api_key) as api:
        return (await api.get("/agents"))["agents"], (await api.get("/tools"))["tools"]


def _print(kind: str, listed: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table()
    for name in (kind, "params", "input" if kind == "agent" else "gives", "description"):
        table.add_column(name, overflow="fold")
    for item in listed:
        second = item["input_schema"] if kind == "agent" else item["output_schema"]
        table.add_row(item["name"], Text(_keys(item["params_schema"])), Text(_keys(second)), Text(item["description"]))
    Console().print(table)


def _keys(schema: dict[str, Any]) -> str:
    """The names of an object's members; those that have to be there carry a mark."""
    required = set(schema.get("required", ()))
    return ", ".join(f"{name}*" if name in required else name for name in schema.get("properties", {}))
