"""A model is told of tools and agents by schemas, and each call of one finds its way to params and input."""

from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import BaseModel

from wand_orchestrator import AgentError, agent, tool
from wand_orchestrator.activities.models.described_tools import described_tools
from wand_orchestrator.activities.models.model_services import ModelServices
from wand_orchestrator.contract.model_call import DescribedTool, ToolSource
from wand_orchestrator.contract.names import AGENT_MODEL_TOOL
from wand_orchestrator.plugins import Registry
from wand_orchestrator.settings import Settings


class Place(BaseModel):
    city: str


class Trip(BaseModel):
    start: Place
    days: int = 1


class Units(BaseModel):
    unit: Place
    digits: int


@tool("acme.search")
async def search(text: str, limit: int = 3) -> list[str]:
    """Searches."""
    return [text] * limit


@agent("acme.travel")
async def travel(params: Units, input: Trip) -> str:
    """Plans."""
    return f"{params.unit} {input.start}"


@agent("acme.plain")
async def plain(input: Trip) -> str:
    return input.start.city


@agent("acme.fixed")
async def fixed(params: Units) -> str:
    return params.unit.city


@agent("acme.open")
async def open_agent(input: dict[str, Any]) -> int:
    return len(input)


def described(tmp_path: Path, source: ToolSource) -> DescribedTool:
    services = ModelServices.load(
        Settings(_env_file=None, data_dir=tmp_path), Registry.of(search, travel, plain, fixed, open_agent)
    )
    [found] = described_tools([source], services)
    Draft202012Validator.check_schema(found.definition.parameters)
    return found


def test_a_tool_is_run_by_the_internal_agent(tmp_path: Path) -> None:
    found = described(tmp_path, ToolSource(kind="tool", name="acme.search"))
    assert (found.agent, found.params, found.arguments_as) == (AGENT_MODEL_TOOL, {"tool": "acme.search"}, "input")
    assert (found.definition.name, found.definition.description) == ("acme.search", "Searches.")
    assert found.definition.parameters["required"] == ["text"]


@pytest.mark.parametrize(
    ("name", "params", "arguments_as", "fits", "misfits"),
    [
        ("acme.plain", {}, "input", {"start": {"city": "Bath"}}, {"start": {}}),
        ("acme.open", {}, "input", {"anything": 1}, []),
        ("acme.fixed", {}, "params", {"unit": {"city": "Bath"}, "digits": 1}, {"digits": 1}),
        ("acme.fixed", {"digits": 1}, "params", {"unit": {"city": "Bath"}}, {"digits": "1"}),
        ("acme.travel", {"digits": 1, "unit": {"city": "x"}}, "input", {"start": {"city": "Bath"}}, {"start": {}}),
        (
            "acme.travel",
            {"digits": 1},
            "both",
            {"params": {"unit": {"city": "x"}}, "input": {"start": {"city": "Bath"}}},
            {"params": {"unit": {}}, "input": {"start": {"city": "Bath"}}},
        ),
    ],
)
def test_an_agent_takes_what_the_graph_leaves_open(
    tmp_path: Path, name: str, params: dict[str, Any], arguments_as: str, fits: Any, misfits: Any
) -> None:
    found = described(tmp_path, ToolSource(kind="agent", name=name, params=params))
    assert (found.agent, found.params, found.arguments_as) == (name, params, arguments_as)
    validator = Draft202012Validator(found.definition.parameters)
    assert validator.is_valid(fits)
    assert not validator.is_valid(misfits)


@pytest.mark.parametrize(
    ("kind", "code"), [("tool", "unknown_tool"), ("agent", "agent_missing"), ("mcp", "unknown_tool")]
)
def test_what_the_worker_does_not_have_is_named(tmp_path: Path, kind: Any, code: str) -> None:
    with pytest.raises(AgentError, match=r"acme\.none") as caught:
        described(tmp_path, ToolSource(kind=kind, name="acme.none"))
    assert caught.value.code == code


def test_the_tools_stand_in_the_order_of_their_sources(tmp_path: Path) -> None:
    services = ModelServices.load(Settings(_env_file=None, data_dir=tmp_path), Registry.of(search, plain))
    sources = [ToolSource(kind="agent", name="acme.plain"), ToolSource(kind="tool", name="acme.search")]
    assert [(each.source, each.agent) for each in described_tools(sources, services)] == [
        (0, "acme.plain"),
        (1, AGENT_MODEL_TOOL),
    ]
