"""MCP servers over HTTP that answer as they should not: what the node fails with, and whether it is tried again."""

import json
from collections.abc import AsyncIterator

import pytest
from temporalio.client import Client

from tests.integration.graph_runs import Runs, ended, serve
from tests.integration.odd_mcp_http import odd_http_server

KEY = "sk-http-0123456789"

CALLS = ["401", "403", "404", "422", "429", "500", "503", "huge", "packed", "closes", "silent-stream", "nonsense"]
ALWAYS = ["401", "429", "500", "closes"]


@pytest.fixture(scope="module")
def asked() -> list[str]:
    """The paths of the calls that the server got."""
    return []


@pytest.fixture(scope="module")
async def runs(
    temporal_client: Client, tmp_path_factory: pytest.TempPathFactory, asked: list[str]
) -> AsyncIterator[Runs]:
    folder = tmp_path_factory.mktemp("mcp")
    async with odd_http_server(asked) as url:
        paths = {f"call-{odd}": f"call/{odd}" for odd in CALLS} | {f"always-{odd}": f"always/{odd}" for odd in ALWAYS}
        header = {"Authorization": f"Bearer {KEY}"}
        servers = {name: {"url": f"{url}/{path}?key={KEY}", "headers": header} for name, path in paths.items()}
        (folder / "mcp.json").write_text(json.dumps({"mcpServers": servers}))
        async for running in serve(temporal_client, folder, mcp_config=folder / "mcp.json"):
            yield running


@pytest.mark.parametrize(
    ("server", "code", "attempts", "told"),
    [
        ("call-401", "mcp_server_refuses", 1, "the HTTP status 401: look at the headers in its settings"),
        ("call-403", "mcp_server_refuses", 1, "the HTTP status 403"),
        ("call-404", "mcp_server_unavailable", 2, "the HTTP status 404"),
        ("call-422", "mcp_server_unavailable", 2, "the HTTP status 422"),
        ("call-429", "mcp_server_unavailable", 2, "the HTTP status 429"),
        ("call-500", "mcp_call_lost", 2, "the HTTP status 500"),
        ("call-503", "mcp_server_unavailable", 2, "the HTTP status 503"),
        ("call-huge", "mcp_call_lost", 2, "more than 8388608 bytes"),
        ("call-packed", "mcp_call_lost", 2, "it compresses its answers"),
        ("call-closes", "mcp_call_lost", 2, "the connection broke"),
        ("call-silent-stream", "mcp_call_lost", 2, "the connection ended before its answer"),
        ("call-nonsense", "mcp_call_failed", 1, "the MCP server call-nonsense refuses the call of t"),
        ("always-401", "mcp_server_refuses", 1, "the HTTP status 401"),
        ("always-429", "mcp_server_unavailable", 2, "the HTTP status 429"),
        ("always-500", "mcp_server_unavailable", 2, "the HTTP status 500"),
        ("always-closes", "mcp_server_unavailable", 2, "the connection broke"),
    ],
)
async def test_an_answer_that_is_none_is_told_by_its_reason(
    runs: Runs, asked: list[str], server: str, code: str, attempts: int, told: str
) -> None:
    options = {"max_retries": 1, "retry": {"initial_interval_sec": 0.01}}
    handle = await runs.start({"name": "mcp", "nodes": [{"id": "n", "type": f"mcp.{server}.t"}], "options": options})
    node = (await ended(handle)).nodes["n"]
    assert node.error is not None
    assert (node.error.code, node.attempt) == (code, attempts), node.error.message
    assert told in node.error.message
    assert asked.count(f"/{server.replace('-', '/', 1)}") == (attempts if server.startswith("call") else 0)
    assert KEY not in (await handle.fetch_history()).to_json()
