"""Internal agents carry out parts of control nodes: workers run them, and nobody can name or list them."""

import subprocess
import sys
from typing import Any

import pytest

from wand_orchestrator import PluginError, agent
from wand_orchestrator._agent import internal_agent
from wand_orchestrator.activities import builtin
from wand_orchestrator.contract.model_call import CallSettings
from wand_orchestrator.contract.names import INTERNAL_AGENTS
from wand_orchestrator.plugins import Registry
from wand_orchestrator.validation.check import check_graph

INTERNAL = INTERNAL_AGENTS


def test_a_worker_runs_them_and_no_list_shows_them() -> None:
    registry = Registry.of(builtin)
    assert registry.internal.keys() == INTERNAL
    assert registry.runnable.keys() == registry.agents.keys() | INTERNAL
    assert not registry.agents.keys() & INTERNAL


@pytest.mark.parametrize("name", sorted(INTERNAL))
def test_no_graph_can_name_one(name: str) -> None:
    document: dict[str, Any] = {"name": "g", "nodes": [{"id": "n", "type": name, "params": {}}], "edges": []}
    checked = check_graph(document, Registry.of(builtin).agents, max_nodes=10, max_edges=10)
    assert [fault.code for fault in checked.faults] == ["unknown_agent"]


def test_a_plugin_can_define_none_under_their_prefix() -> None:
    with pytest.raises(PluginError, match=r"wand\."):
        agent("wand.mine")


def test_two_of_one_name_are_refused() -> None:
    @internal_agent("wand.twice")
    async def one() -> None: ...

    @internal_agent("wand.twice")
    async def two() -> None: ...

    with pytest.raises(PluginError, match=r"wand\.twice"):
        Registry.of(one, two)


def test_no_process_imports_a_library_of_models_before_it_calls_one() -> None:
    code = (
        "import sys, wand_orchestrator.activities.builtin, wand_orchestrator.activities.worker, "
        "wand_orchestrator.api.app; "
        "print(sorted({name.partition('.')[0] for name in sys.modules} & "
        "{'pydantic_ai', 'openai', 'anthropic', 'google.genai', 'boto3', 'genai_prices'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("key", ["extra_headers", "extra_body", "base_url", "api_key", "openai_previous_response_id"])
def test_settings_of_a_graph_hold_neither_headers_nor_addresses(key: str) -> None:
    with pytest.raises(ValueError, match=key):
        CallSettings.model_validate({key: "x"})
