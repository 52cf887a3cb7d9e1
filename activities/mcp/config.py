"""Reads `WAND_MCP_CONFIG`: the JSON file that names the MCP servers of a worker, in the form that editors use.

A server is a command or a URL, so it belongs to whoever runs the worker: a graph names servers and never
describes them.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError, model_validator

from wand_orchestrator.activities.mcp.config_references import References
from wand_orchestrator.contract.misfits import fields_at_fault
from wand_orchestrator.errors import BadRequest, ConfigurationError
from wand_orchestrator.graphs.strict_json import parse_json

MAX_FILE_BYTES = 1024**2

ServerName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
"""Without a dot, as it stands before the name of a tool in `mcp.<server>.<tool>`."""

KINDS = {"stdio", "http", "streamable-http", "streamableHttp"}

logger = logging.getLogger(__name__)


class ServerEntry(BaseModel):
    """A server as the file describes it. Keys that only editors know are kept apart, to be told of."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    command: str | None = Field(default=None, min_length=1)
    args: tuple[str, ...] = ()
    env: dict[str, str] = Field(default_factory=dict)
    cwd: str | None = None
    url: str | None = Field(default=None, pattern=r"^(https?://|.*\$\{)")
    headers: dict[str, str] = Field(default_factory=dict)
    allow: tuple[str, ...] | None = None
    type: str | None = None
    disabled: bool = False

    @model_validator(mode="after")
    def _is_one_of_both(self) -> "ServerEntry":
        """Raises ValueError."""
        if (self.command is None) == (self.url is None):
            raise ValueError("a server has either `command`, for one that the worker starts, or `url`")
        if self.type is not None and self.type not in KINDS:
            raise ValueError(f"its type {self.type!r} is not supported: a server speaks stdio or streamable HTTP")
        return self


_FILE = TypeAdapter(dict[ServerName, ServerEntry])


@dataclass(frozen=True)
class StdioServer:
    """A server that the worker starts. `env`: of the server, which inherits nothing else but `PATH` and the like."""

    command: str
    args: tuple[str, ...] = field(default=(), repr=False)
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    cwd: str | None = None


@dataclass(frozen=True)
class HttpServer:
    """A server that runs elsewhere."""

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class ServerConfig:
    """The settings of one server. `allow`: patterns of the tools that graphs may use; None for all of them.

    `secrets`: what must stand in no log, error, result or description.
    """

    name: str
    transport: StdioServer | HttpServer
    allow: tuple[str, ...] | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)

    def allows(self, tool: str) -> bool:
        return self.allow is None or any(fnmatchcase(tool, pattern) for pattern in self.allow)


def read_config(path: Path, environment: Mapping[str, str]) -> tuple[ServerConfig, ...]:
    """Return the servers of the file. `environment`: what `${NAME}` refers to.

    Raises ConfigurationError, which names the server and the key at fault and repeats no value.
    """
    try:
        entries = _FILE.validate_python(_servers_in(path))
    except ValidationError as error:
        raise _unusable(path, fields_at_fault(error, "mcpServers")) from None
    return tuple(_server(path, name, entry, environment) for name, entry in entries.items() if not entry.disabled)


def _servers_in(path: Path) -> Any:
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise _unusable(path, f"it has {size} bytes, and at most {MAX_FILE_BYTES} are read")
        document = parse_json(path.read_bytes(), "the file")
    except OSError as error:
        raise _unusable(path, error.strerror or type(error).__name__) from None
    except BadRequest as error:
        raise _unusable(path, error.message) from None
    if not isinstance(document, dict) or not isinstance(document.get("mcpServers"), dict):
        raise _unusable(path, 'it has no object "mcpServers" of servers by name')
    return document["mcpServers"]


def _server(path: Path, name: str, entry: ServerEntry, environment: Mapping[str, str]) -> ServerConfig:
    if entry.model_extra:
        logger.warning("MCP server %s: Wand does not know %s", name, ", ".join(sorted(map(repr, entry.model_extra))))
    references = References(environment)
    transport: StdioServer | HttpServer
    if entry.command is not None:
        transport = StdioServer(
            command=references.text(entry.command),
            args=tuple(map(references.text, entry.args)),
            env=references.named(entry.env),
            cwd=None if entry.cwd is None else references.text(entry.cwd),
        )
    else:
        assert entry.url is not None
        transport = HttpServer(url=references.text(entry.url), headers=references.named(entry.headers))
    if references.missing:
        names = ", ".join(references.missing)
        raise _unusable(path, f"mcpServers.{name} refers to variables that the worker does not have: {names}")
    return ServerConfig(name, transport, entry.allow, tuple(references.secrets))


def _unusable(path: Path, reason: str) -> ConfigurationError:
    return ConfigurationError(f"WAND_MCP_CONFIG ({path}) cannot be used: {reason}")
