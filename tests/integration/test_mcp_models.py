"""A conversation whose model calls tools of two MCP servers: a real one, and an odd one."""

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from tests.integration.graph_runs import Runs, serve, state_when
from tests.integration.mcp_servers import installed, time_server
from tests.integration.scripted_llm import Script, calls, scripted_registry

ODD = Path(__file__).with_name("odd_mcp_server.py")


@pytest.fixture(scope="module")
def diary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the odd server writes down."""
    return tmp_path_factory.mktemp("odd") / "diary"


@pytest.fixture(scope="module")
async def runs(temporal_client: Client, diary: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Runs]:
    folder = tmp_path_factory.mktemp("mcp")
    odd = {"command": sys.executable, "args": [str(ODD), str(diary)], "env": {"ODD_API_KEY": "sk-odd-0123456789"}}
    servers = {"odd": odd, "time": time_server(installed())}
    (folder / "mcp.json").write_text(json.dumps({"mcpServers": servers}))
    async for runs in serve(temporal_client, folder, scripted_registry(), mcp_config=folder / "mcp.json"):
        yield runs


def asking(script: Script, *tools: Any) -> dict[str, Any]:
    params = {"model": script.model, "prompt": "Help.", "tools": list(tools)}
    return {"name": "mcp", "nodes": [{"id": "n", "type": "agent.llm", "params": params}]}


async def test_a_model_calls_tools_of_both_servers_and_is_told_their_results(runs: Runs, tmp_path: Path) -> None:
    asked = calls(
        ("get_current_time", {"timezone": "Asia/Tokyo"}), ("echo", {"text": "hello"}), ("echo", {"txt": "a slip"})
    )
    script = Script(tmp_path / "script", asked, {"text": "It is late."})
    tools = ({"mcp": "time", "only": ["get_*"]}, {"mcp": "odd", "only": ["echo"]})
    handle = await runs.start(asking(script, *tools))
    assert (await handle.result()).outputs == {"n": {"text": "It is late."}}
    first, second = script.asked
    assert [tool.name for tool in first.tools] == ["get_current_time", "echo"]
    assert [outcome.status for outcome in second.outcomes] == ["succeeded", "succeeded", "failed"]
    time, echo, slip = [outcome.content for outcome in second.outcomes]
    assert time["structured"]["timezone"] == "Asia/Tokyo"
    assert echo["text"] == "hello"
    assert "`text`" in str(slip)
    nodes = {event.node for event in await runs.archived(handle)}
    assert {"n[mcp.time]", "n[mcp.odd]", "n[0].get_current_time", "n[0].echo"} <= nodes


async def test_a_call_that_a_server_does_not_call_harmless_waits_for_a_person(
    runs: Runs, diary: Path, tmp_path: Path
) -> None:
    script = Script(tmp_path / "script", calls(("die", {"why": "bored"})), {"text": "Done."})
    handle = await runs.start(asking(script, {"mcp": "odd", "only": ["die"]}))
    await state_when(handle, lambda state: bool(state.questions))
    refusal = {"approved": False, "reason": "it is not harmless"}
    await handle.execute_update("respond", {"node": "n[0].die", "answer": refusal})
    assert (await handle.result()).outputs == {"n": {"text": "Done."}}
    [outcome] = script.asked[1].outcomes
    assert outcome.status == "refused"
    assert "it is not harmless" in str(outcome.content)
    assert "call die" not in diary.read_text()
