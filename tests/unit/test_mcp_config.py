"""The file of WAND_MCP_CONFIG: what is read, what is refused, and which of it is a secret."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from wand_orchestrator.activities.mcp.config import HttpServer, ServerConfig, StdioServer, read_config
from wand_orchestrator.errors import ConfigurationError

ENVIRONMENT = {"TOKEN": "t0ken-of-a-server", "HOME": "/home/somebody", "EMPTY": ""}


def read(tmp_path: Path, document: Any) -> tuple[ServerConfig, ...]:
    path = tmp_path / "mcp.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return read_config(path, ENVIRONMENT)


def one(tmp_path: Path, **server: Any) -> ServerConfig:
    [config] = read(tmp_path, {"mcpServers": {"s": server}})
    return config


def refusal(tmp_path: Path, document: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read(tmp_path, document)
    return caught.value.message.split(" cannot be used: ")[1]


def test_a_command_and_a_url_are_read_as_editors_write_them(tmp_path: Path) -> None:
    document = {
        "mcpServers": {
            "files": {"command": "npx", "args": ["-y", "server", "${HOME}"], "env": {"A": "${env:TOKEN}"}, "cwd": "/"},
            "web": {"type": "http", "url": "https://x.example/mcp", "headers": {"Authorization": "Bearer ${TOKEN}"}},
            "off": {"command": "no", "disabled": True},
        }
    }
    files, web = read(tmp_path, document)
    assert files.transport == StdioServer("npx", ("-y", "server", "/home/somebody"), {"A": "t0ken-of-a-server"}, "/")
    assert web.transport == HttpServer("https://x.example/mcp", {"Authorization": "Bearer t0ken-of-a-server"})


def test_a_reference_may_have_a_default_and_a_missing_one_is_named(tmp_path: Path) -> None:
    config = one(tmp_path, command="x", args=["${NOT_THERE:-a}", "${EMPTY:-b}"])
    assert isinstance(config.transport, StdioServer)
    assert config.transport.args == ("a", "b")
    told = refusal(tmp_path, {"mcpServers": {"s": {"command": "x", "args": ["${A}", "${B} ${A}"]}}})
    assert told == "mcpServers.s refers to variables that the worker does not have: A, B"


@pytest.mark.parametrize(
    ("server", "secrets"),
    [
        ({"command": "x", "args": ["--token", "${TOKEN}"]}, {"t0ken-of-a-server"}),
        ({"command": "x", "env": {"API_KEY": "written down"}}, {"written down", "down", "written%20down"}),
        ({"command": "x", "env": {"FOLDER": "/data/notes", "WHERE": "${HOME}"}}, set()),
        ({"url": "https://u:pass-word@h/", "headers": {"Accept": "text/html"}}, {"pass-word"}),
        ({"url": "https://h/?k=${TOKEN}"}, {"t0ken-of-a-server"}),
    ],
)
def test_what_is_secret_is_known(tmp_path: Path, server: dict[str, Any], secrets: set[str]) -> None:
    config = one(tmp_path, **server)
    assert set(config.secrets) == secrets
    assert not any(secret in repr(config) for secret in secrets)


def test_tools_are_allowed_by_patterns(tmp_path: Path) -> None:
    config = one(tmp_path, command="x", allow=["search_*", "get"])
    assert [config.allows(name) for name in ("search_code", "get", "get_all", "Search_code")] == [
        True,
        True,
        False,
        False,
    ]
    assert one(tmp_path, command="x").allows("anything")
    assert not one(tmp_path, command="x", allow=[]).allows("anything")


def test_keys_of_an_editor_are_named_and_ignored(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        one(tmp_path, command="x", autoApprove=["a"], timeout=3)
    assert caplog.messages == ["MCP server s: Wand does not know 'autoApprove', 'timeout'"]


@pytest.mark.parametrize(
    ("document", "told"),
    [
        ("", "it is empty"),
        ("{", "the file is not JSON that can be read: "),
        ({"servers": {}}, 'it has no object "mcpServers" of servers by name'),
        ({"mcpServers": {"a.b": {"command": "x"}}}, "mcpServers.a.b.[key]: String should match pattern"),
        ({"mcpServers": {"a": {}}}, "a server has either `command`, for one that the worker starts, or `url`"),
        ({"mcpServers": {"a": {"command": "x", "url": "http://y"}}}, "a server has either"),
        ({"mcpServers": {"a": {"url": "ftp://y"}}}, "mcpServers.a.url: "),
        ({"mcpServers": {"a": {"url": "http://y", "type": "sse"}}}, "its type 'sse' is not supported"),
        ({"mcpServers": {"a": {"command": "x", "env": {"KEY": 5}}}}, "mcpServers.a.env.KEY: "),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(tmp_path: Path, document: Any, told: str) -> None:
    assert told in refusal(tmp_path, document)


def test_no_value_of_a_refused_file_is_repeated(tmp_path: Path) -> None:
    document = {"mcpServers": {"a": {"command": "x", "env": {"KEY": ["sk-012345"]}, "url": "sk-012345"}}}
    assert "sk-012345" not in refusal(tmp_path, document)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.json\) cannot be used: No such file or directory"):
        read_config(tmp_path / "none.json", {})
