"""Whatever a server of a model sends, the call ends in a failure with a code, or in a reply that a history takes."""

import gzip
from pathlib import Path
from typing import Any

import pytest

from tests.integration.model_calls import Worker, settings_of
from tests.integration.web_server import response, web_server
from wand_orchestrator import AgentError
from wand_orchestrator.activities.models import model_agents
from wand_orchestrator.contract.model_call import ModelTurn
from wand_orchestrator.plugins import Registry

PATHS = {"openai-chat:m": "/chat/completions", "openai:m": "/responses", "anthropic:m": "/v1/messages"}
CODES = {"model_reply_invalid", "model_stream_broken", "model_server_error", "model_request_refused"}


def stream(*events: str) -> bytes:
    return response(200, "".join(f"data: {event}\n\n" for event in events).encode(), Content_Type="text/event-stream")


ANSWERS = {
    "a page": response(200, b"<html>Welcome</html>", Content_Type="text/html"),
    "nothing": response(200, b"", Content_Type="text/event-stream"),
    "no json": stream("{", "[DONE]"),
    "a list": stream("[]", "[DONE]"),
    "null": stream("null", "[DONE]"),
    "wrong types": stream('{"choices": 5, "type": 7, "usage": "much"}', "[DONE]"),
    "no choices": stream('{"choices": [], "type": "nothing"}', "[DONE]"),
    "an error": stream('{"type": "error", "error": {"message": "it broke", "type": "server_error"}}'),
    "no http": b"\x00\x01\x02 no http at all",
    "a status of its own": response(418, b"\xff\xfe"),
    "no end": stream('{"choices": [{"index": 0, "delta": {"content": "Half of"}}]}'),
    "a long line": stream("x" * 3_000_000),
}


@pytest.mark.parametrize("model", PATHS)
@pytest.mark.parametrize("answer", ANSWERS)
async def test_what_is_no_reply_is_a_failure_with_a_code(model: str, answer: str, tmp_path: Path) -> None:
    async with web_server() as server:
        server.answers = {PATHS[model]: ANSWERS[answer]}
        aliases: dict[str, Any] = {"m": {"model": model, "base_url": server.url("")}}
        worker = Worker(settings_of(tmp_path, aliases), Registry.of(model_agents))
        with pytest.raises(AgentError) as caught:
            await worker.turn(ModelTurn(model="m", prompt="Hi"))
        assert caught.value.code in CODES
        assert len(str(caught.value)) < 2000
        assert len(server.heard) == 1


LARGE = b"x" * 3_000_000
TOO_LARGE = {
    "an event": stream(LARGE.decode()),
    "lines of one event": response(200, b"data: x\n" * 400_000, Content_Type="text/event-stream"),
    "a page": response(200, LARGE, Content_Type="text/html"),
    "an error": response(400, LARGE, Content_Type="application/json"),
    "compressed": response(200, gzip.compress(LARGE), Content_Type="text/event-stream", Content_Encoding="gzip"),
}


@pytest.mark.parametrize("model", PATHS)
@pytest.mark.parametrize("answer", TOO_LARGE)
async def test_what_no_reply_can_be_is_not_read_to_its_end(model: str, answer: str, tmp_path: Path) -> None:
    """Else a server could take all the memory of a worker: libraries read events and errors as a whole."""
    async with web_server() as server:
        server.answers = {PATHS[model]: TOO_LARGE[answer]}
        aliases: dict[str, Any] = {"m": {"model": model, "base_url": server.url("")}}
        worker = Worker(settings_of(tmp_path, aliases, max_model_reply_bytes=1024), Registry.of(model_agents))
        with pytest.raises(AgentError) as caught:
            await worker.turn(ModelTurn(model="m", prompt="Hi"))
        assert (caught.value.code, caught.value.retryable) == ("model_reply_too_large", False)
        assert caught.value.details["usage"]["requests"] == 1
