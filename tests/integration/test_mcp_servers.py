"""Two real MCP servers, through the API, as nodes and as tools of models: one over stdio, one over streamable HTTP."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from tests.integration.mcp_servers import everything_server, installed, time_server
from tests.integration.service import Json, Service, running_service
from wand_orchestrator.cli.processes.ports import free_port
from wand_orchestrator.scripted_models import Asked, ModelServer, ScriptedAnswer, ScriptedCall

DOCS = Path(__file__).parents[2] / "docs" / "mcp.md"
KEY = "ev-0123456789abcdef"


class Servers:
    """The settings of a worker, and where the HTTP server is."""

    def __init__(self, folder: Path, config: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.config = config
        web = {
            "url": f"http://127.0.0.1:{self.port}/mcp",
            "headers": {"Authorization": f"Bearer {KEY}"},
            "allow": ["echo", "get-*", "trigger-long-running-operation"],
        }
        away = {"url": "http://127.0.0.1:9/mcp"}
        config.write_text(json.dumps({"mcpServers": {"time": time_server(folder), "web": web, "away": away}}))


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Servers:
    return Servers(installed(), tmp_path_factory.mktemp("mcp") / "mcp.json")


LONG = "0123456789" * 7000
"""A message whose echo is a result above the limit of `WAND_MCP_MAX_RESULT_BYTES`."""


def says(asked: Asked) -> ScriptedAnswer:
    """Call tools of both servers, then one whose result is above the limit, then tell what came."""
    if asked.turn == 0:
        zone = ScriptedCall(name="get_current_time", arguments={"timezone": "Asia/Tokyo"})
        weather = ScriptedCall(name="get-structured-content", arguments={"location": "Chicago"})
        return ScriptedAnswer(calls=(zone, weather))
    if asked.turn == 1:
        return ScriptedAnswer(calls=(ScriptedCall(name="echo", arguments={"message": LONG}),))
    return ScriptedAnswer(text=f"I have {len(asked.results)} results.")


@pytest.fixture(scope="module")
async def models() -> AsyncIterator[ModelServer]:
    async with ModelServer(says).serving() as server:
        yield server


@pytest.fixture(scope="module")
async def served(
    temporal_client: Client, servers: Servers, models: ModelServer, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """API and worker, and the HTTP server, which gets the key that its settings send."""
    folder = tmp_path_factory.mktemp("service")
    aliases = {
        "chat": {"model": "openai-chat:any", "base_url": models.openai_url},
        "anthropic": {"model": "anthropic:any", "base_url": models.anthropic_url},
    }
    (folder / "models.json").write_text(json.dumps(aliases))
    async with (
        everything_server(servers.folder, servers.port, WEB_KEY=KEY),
        running_service(temporal_client, folder, mcp_config=servers.config, models=folder / "models.json") as service,
    ):
        yield service


def call(tool: str, id: str = "n", server: str = "web", **more: Any) -> Json:
    return {"id": id, "type": f"mcp.{server}.{tool}", **more}


def graph(*nodes: Json, edges: Any = ()) -> Json:
    options = {"retry": {"initial_interval_sec": 0.1}}
    return {"name": "mcp", "nodes": list(nodes), "edges": list(edges), "options": options}


def documented() -> Json:
    """The graph of the documentation."""
    blocks = map(json.loads, re.findall(r"```json\n(.*?)```", DOCS.read_text(), re.DOTALL))
    return next(dict(block) for block in blocks if "nodes" in block)


async def test_the_tools_of_all_servers_are_listed_with_schemas_and_hints(served: Service) -> None:
    listed = (await served.http.get("/tools")).json()
    tools = {tool["name"]: tool for tool in listed["tools"]}
    assert {"mcp.time.convert_time", "mcp.web.echo", "http.fetch"} <= tools.keys()
    assert "mcp.web.toggle-simulated-logging" not in tools  # `allow` does not name it
    assert tools["mcp.web.echo"]["params_schema"]["required"] == ["message"]
    assert tools["mcp.web.echo"]["mcp"] == {"read_only": True, "destructive": False, "idempotent": True}
    assert tools["http.fetch"]["mcp"] is None
    away, time, web = listed["mcp_servers"]
    assert (away["name"], away["tools"]) == ("away", 0)
    assert away["error"].startswith("the MCP server away is not available: nobody answers at its address")
    assert (time["name"], time["tools"], time["error"]) == ("time", 2, None)
    assert (web["name"], web["error"], listed["mcp_error"]) == ("web", None, None)


async def test_the_graph_of_the_documentation_runs_on_a_server_over_stdio(served: Service) -> None:
    run = await served.run(documented())
    assert run["status"] == "succeeded", run["error"]
    later = run["result"]["outputs"]["later"]["structured"]
    assert (later["source"]["timezone"], later["target"]["timezone"]) == ("Europe/Berlin", "Asia/Tokyo")


async def test_a_server_over_http_is_used_with_texts_structures_images_and_links(served: Service) -> None:
    nodes = (
        call("echo", "echo", input={"message": "hello"}),
        call("get-structured-content", "weather", input={"location": "Chicago"}),
        call("get-tiny-image", "image"),
        call("get-resource-links", "links", input={"count": 2}),
    )
    run = await served.run(graph(*nodes))
    assert run["status"] == "succeeded", run["error"]
    outputs = run["result"]["outputs"]
    assert outputs["echo"]["text"] == "Echo: hello"
    assert outputs["weather"]["structured"].keys() == {"temperature", "conditions", "humidity"}
    [image] = outputs["image"]["artifacts"]
    assert (image["media_type"], image["of"]) == ("image/png", "image")
    assert (await served.http.get(image["url"])).content.startswith(b"\x89PNG")
    assert len(outputs["links"]["links"]) == 2


async def test_progress_of_a_tool_is_progress_of_the_node(served: Service) -> None:
    run = await served.run(graph(call("trigger-long-running-operation", input={"duration": 1, "steps": 4})))
    events = await served.events(run["run_id"])
    assert [event["progress"] for event in events if event["type"] == "node.progress"][-1:] == [100]


async def test_a_key_that_a_server_sends_back_is_masked(served: Service) -> None:
    run = await served.run(graph(call("get-env")))
    assert json.loads(run["result"]["outputs"]["n"]["text"])["WEB_KEY"] == "***"


@pytest.mark.parametrize("model", ["chat", "anthropic"])
async def test_a_model_uses_tools_of_both_servers_and_is_told_the_head_of_a_large_result(
    served: Service, models: ModelServer, model: str
) -> None:
    tools = [{"mcp": "time", "only": ["get_*"]}, {"mcp": "web", "only": ["echo", "get-structured-content"]}]
    node = {"id": "write", "type": "agent.llm", "params": {"model": model, "prompt": "Go.", "tools": tools}}
    listed = {tool["name"]: tool for tool in (await served.http.get("/tools")).json()["tools"]}
    run = await served.run(graph(node))
    assert run["status"] == "succeeded", run["error"]
    assert run["result"]["outputs"] == {"write": {"text": "I have 3 results."}}

    asked = models.log[-1].asked
    assert (asked.protocol, [each.asked.turn for each in models.log[-3:]]) == (model, [0, 1, 2])
    names = ("get_current_time", "echo", "get-structured-content")
    assert asked.tools.keys() == set(names)
    required = [asked.tools[name].get("required") for name in names]
    types = ("mcp.time.get_current_time", "mcp.web.echo", "mcp.web.get-structured-content")
    assert required == [listed[type]["params_schema"]["required"] for type in types]
    time, weather, echo = [json.loads(result.text) for result in asked.results]
    assert time["structured"]["timezone"] == "Asia/Tokyo"
    assert weather["structured"].keys() == {"temperature", "conditions", "humidity"}

    assert (echo["cut"], echo["text"]) == (True, f"Echo: {LONG}"[: served.settings.mcp_max_result_bytes // 4])
    [artifact] = echo["artifacts"]
    assert (artifact["of"], artifact["bytes"]) == ("text", len(f"Echo: {LONG}"))
    assert (await served.http.get(artifact["url"])).text == f"Echo: {LONG}"
    part = (await served.http.get(f"/runs/{run['run_id']}/nodes/write[1].echo")).json()
    assert part["output"] == echo
    nodes = {event["node"] for event in await served.events(run["run_id"]) if event["type"] == "node.succeeded"}
    assert {"write[0].get_current_time", "write[0].get-structured-content", "write[1].echo"} <= nodes


@pytest.mark.parametrize(
    ("node", "pointer", "code", "told"),
    [
        (call("ecco"), "/nodes/0/type", "unknown_agent", "the MCP server 'web' has no tool 'ecco'; did you mean"),
        (call("x", server="git"), "/nodes/0/type", "unknown_agent", "no worker has an MCP server 'git': there are"),
        (call("echo", input={"message": 1}), "/nodes/0/input/message", "incompatible_input", "must be text"),
        (call("echo", input={"massage": "a"}), "/nodes/0/input/massage", "unknown_input", "`message`"),
        (call("echo"), "/nodes/0", "missing_input", "`message`"),
        (call("echo", params={"message": "a"}), "/nodes/0/params/message", "unknown_param", ""),
        (
            {"id": "n", "type": "flow.map", "params": {"agent": "mcp.web.nope", "items": []}},
            "/nodes/0/params/agent",
            "unknown_agent",
            "has no tool 'nope'",
        ),
    ],
)
async def test_a_graph_is_checked_against_what_the_servers_tell(
    served: Service, node: Json, pointer: str, code: str, told: str
) -> None:
    answer = await served.http.post("/graphs/validate", json=graph(node))
    faults = [(fault["pointer"], fault["code"]) for fault in answer.json()["faults"]]
    assert (pointer, code) in faults, answer.text
    assert told in answer.text


async def test_what_a_server_that_is_away_has_is_a_warning(served: Service) -> None:
    answer = (await served.http.post("/graphs/validate", json=graph(call("x", server="away")))).json()
    assert answer["faults"] == []
    [warning] = answer["warnings"]
    assert "is not checked: the MCP server away is not available" in warning["message"]


async def test_a_server_over_http_that_comes_back_is_found_by_the_next_attempt(
    temporal_client: Client, servers: Servers, tmp_path: Path
) -> None:
    own = Servers(servers.folder, tmp_path / "mcp.json")
    async with running_service(temporal_client, tmp_path, mcp_config=own.config) as service:
        run = await service.start(graph(call("echo", input={"message": "a"}, retries=100)))
        async for event in service.stream(run):
            if event["type"] == "node.retrying":
                assert event["data"]["error"]["code"] == "mcp_server_unavailable"
                assert "the MCP server web is not available" in event["data"]["error"]["message"]
                break
        async with everything_server(own.folder, own.port):
            assert (await service.ended(run))["status"] == "succeeded"
        async with everything_server(own.folder, own.port):  # the session of the one before is unknown to it
            again = await service.run(graph(call("echo", input={"message": "b"}, retries=100)))
            assert again["status"] == "succeeded", again["error"]
