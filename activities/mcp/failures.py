"""Translates what goes wrong with an MCP server into errors of an agent, each of which names the server.

Whether a failed call is tried again is the node's to say, and by default that of the tool's hints: see
`workflows/nodes/mcp_calls.py`. So all errors that another attempt may mend count as retryable here.
"""

from collections.abc import Iterator, Sequence

from mcp.shared.exceptions import MCPError
from mcp_types import (
    CONNECTION_CLOSED,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    REQUEST_TIMEOUT,
)
from pydantic import ValidationError

from wand_orchestrator.activities.mcp.http_client import Unanswered
from wand_orchestrator.activities.mcp.plain_text import shown
from wand_orchestrator.contract.codes import MCP_CALL_FAILED, MCP_CALL_LOST, MCP_LIST_INVALID
from wand_orchestrator.contract.masking import Mask
from wand_orchestrator.errors import AgentError

_OF_THE_REQUEST = frozenset({INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND, PARSE_ERROR})
"""Codes of JSON-RPC that another attempt gets, too."""


def unavailable(server: str, reason: str, retry_after: float | None = None) -> AgentError:
    """Return the error for a server that no request has reached."""
    message = f"the MCP server {server} is not available: {reason}"
    return AgentError(message, code="mcp_server_unavailable", retry_after=retry_after)


def refused(server: str, reason: str) -> AgentError:
    """Return the error for a server that will refuse further attempts, too."""
    return AgentError(f"the MCP server {server} refuses: {reason}", code="mcp_server_refuses", retryable=False)


def not_opened(server: str, error: BaseException, refusals: Sequence[Unanswered], last_words: str) -> AgentError:
    """Return the error for a connection that could not be opened, or that ended while it was.

    `refusals`: why requests of it got no answer; `last_words`: what the guard of a process said last.
    """
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, AgentError):
            return cause
    if refusals:
        return _no_session(server, refusals[-1])
    if any(isinstance(cause, MCPError) and cause.code == CONNECTION_CLOSED for cause in causes):
        return unavailable(server, last_words or "it closed the connection")
    return unavailable(server, last_words or _reason(causes[0]))


def _no_session(server: str, refusal: Unanswered) -> AgentError:
    if refusal.status in (401, 403):
        return refused(server, f"{refusal.reason}: look at the headers in its settings")
    return unavailable(server, refusal.reason, refusal.retry_after)


def call_refused(server: str, tool: str, refusal: Unanswered) -> AgentError:
    """Return the error for a call that got no answer of MCP."""
    return call_lost(server, tool, refusal.reason) if refusal.done else _no_session(server, refusal)


def is_of_the_request(error: MCPError) -> bool:
    """Return whether the server has read the request and says that there is something wrong with it."""
    return error.code in (INVALID_PARAMS, METHOD_NOT_FOUND)


def call_failed(server: str, tool: str, error: MCPError, mask: Mask) -> AgentError:
    """Return the error for a call that the server answered with an error of JSON-RPC, or did not answer at all."""
    if error.code in (CONNECTION_CLOSED, REQUEST_TIMEOUT):
        return call_lost(server, tool, "the connection ended before its answer")
    return AgentError(
        f"the MCP server {server} refuses the call of {tool}: {shown(mask.foreign_text(error.message))}",
        code=MCP_CALL_FAILED,
        retryable=error.code not in _OF_THE_REQUEST,
    )


def call_lost(server: str, tool: str, reason: str) -> AgentError:
    """Return the error for a call of which nobody knows whether it was carried out."""
    return AgentError(f"the call of {tool} at the MCP server {server} is lost: {reason}", code=MCP_CALL_LOST)


def invalid_result(tool: str, reason: str) -> AgentError:
    """Return the error for an answer that is none, to a call that may have been carried out."""
    return AgentError(f"the result of {tool} cannot be used: {reason}", code="mcp_result_invalid", retryable=False)


def invalid_list(server: str, reason: str) -> AgentError:
    return AgentError(
        f"the MCP server {server} lists its tools wrongly: {reason}", code=MCP_LIST_INVALID, retryable=False
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield the errors in a group, and what raised them: the SDK runs a connection in groups of tasks."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from _causes(inner)
    else:
        yield error


def _reason(error: BaseException) -> str:
    """Return what a sentence says of an error. Texts of libraries are left out: they may quote a URL with a key."""
    if isinstance(error, MCPError):
        return f"it does not open a session: {shown(error.message)}"
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, ValidationError):
        return "it does not speak MCP as Wand does"
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return type(error).__name__
