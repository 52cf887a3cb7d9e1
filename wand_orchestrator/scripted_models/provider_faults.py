"""Writes the errors of providers: the status and the body that each has for a fault."""

from typing import Any

from wand_orchestrator.scripted_models.model_script import FaultName

OPENAI: dict[FaultName, tuple[int, str, str, str]] = {
    "rate_limited": (429, "requests", "rate_limit_exceeded", "Rate limit reached."),
    "overloaded": (503, "server_error", "overloaded", "The engine is currently overloaded."),
    "server_error": (500, "server_error", "server_error", "The server had an error."),
    "context_too_long": (
        400,
        "invalid_request_error",
        "context_length_exceeded",
        "Your input exceeds the context window of this model.",
    ),
    "content_refused": (400, "invalid_request_error", "content_policy_violation", "The request was rejected."),
    "key_invalid": (401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
    "unknown_model": (404, "invalid_request_error", "model_not_found", "The model does not exist."),
    "bad_request": (400, "invalid_request_error", "invalid_value", "Invalid value."),
}
ANTHROPIC: dict[FaultName, tuple[int, str, str]] = {
    "rate_limited": (429, "rate_limit_error", "This request would exceed your rate limit."),
    "overloaded": (529, "overloaded_error", "Overloaded"),
    "server_error": (500, "api_error", "Internal server error"),
    "context_too_long": (400, "invalid_request_error", "prompt is too long: 250000 tokens > 200000 maximum"),
    "content_refused": (400, "invalid_request_error", "Output blocked by content filtering policy"),
    "key_invalid": (401, "authentication_error", "invalid x-api-key"),
    "unknown_model": (404, "not_found_error", "model: unknown"),
    "bad_request": (400, "invalid_request_error", "messages: invalid value"),
}


def fault_of(protocol: str, fault: FaultName, echo: str) -> tuple[int, dict[str, Any]]:
    """Return the status and the body of a fault; `echo` follows its message."""
    if protocol == "anthropic":
        status, kind, message = ANTHROPIC[fault]
        return status, {"type": "error", "error": {"type": kind, "message": f"{message} {echo}".strip()}}
    status, kind, code, message = OPENAI[fault]
    return status, {"error": {"message": f"{message} {echo}".strip(), "type": kind, "param": None, "code": code}}
