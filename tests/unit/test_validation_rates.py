"""Rates that nodes name: they exist, and limit something."""

from collections.abc import Collection
from typing import Any

import checked_agents
import pytest

from wand_orchestrator.plugins import Registry
from wand_orchestrator.validation import Fault, check_graph

AGENTS = Registry.of(checked_agents).agents
AGENT = next(iter(AGENTS))
MAP = {"agent": AGENT}


def found(rates: Collection[str] | None, type: str = AGENT, **node: Any) -> list[Fault]:
    document = {"name": "g", "nodes": [{"id": "a", "type": type, "rate": "openai", **node}]}
    faults = check_graph(document, AGENTS, max_nodes=9, max_edges=9, rates=rates).faults
    return [fault for fault in faults if fault.pointer == "/nodes/0/rate"]


def test_a_rate_that_is_set_is_no_fault() -> None:
    assert found({"openai"}) == []
    assert found({"openai"}, "flow.map", params=MAP) == []


def test_a_rate_is_not_looked_for_where_nobody_knows_them() -> None:
    assert found(None) == []


@pytest.mark.parametrize(
    ("rates", "says"),
    [
        (["openapi", "crm"], "there is no rate 'openai'; did you mean `openapi`?"),
        (["crm"], "there is no rate 'openai': `WAND_RATES` sets `crm`"),
        ([], "there is no rate 'openai': `WAND_RATES` sets none"),
    ],
)
def test_an_unknown_rate_is_a_fault(rates: list[str], says: str) -> None:
    assert [(fault.code, fault.message) for fault in found(rates)] == [("unknown_rate", says)]


@pytest.mark.parametrize(
    ("type", "node"),
    [
        (AGENT, {"queue": "gpu"}),
        ("flow.wait", {"params": {"seconds": 1}}),
        ("flow.map", {"params": {"graph": "g"}}),
        ("flow.approval", {}),
    ],
)
def test_a_rate_that_would_limit_nothing_is_a_fault(type: str, node: dict[str, Any]) -> None:
    assert [fault.code for fault in found({"openai"}, type, **node)] == ["unusable_rate"]
