"""Maps what a call of a model fails with to errors of agents.

    model_rate_limited, model_overloaded, model_server_error     tried again, when the server says
    model_timeout, model_unreachable, model_stream_broken        tried again
    model_reply_invalid                                          tried again: the server sent what is no reply
    model_quota_exceeded, model_key_invalid, unknown_model       not tried again
    context_too_long, content_refused, model_request_refused     not tried again

The texts are the provider's, cut, and without what looks like a key. The exceptions themselves are left out, as they
hold requests with their headers.
"""

import logging
import traceback
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, NoCredentialsError
from pydantic_ai import exceptions as raised
from pydantic_core import to_json

from wand_orchestrator.activities.models.model_http import EndlessReply
from wand_orchestrator.contract.bounds import bounded_text
from wand_orchestrator.contract.masking import Mask
from wand_orchestrator.contract.model_call import Usage
from wand_orchestrator.errors import AgentError

logger = logging.getLogger(__name__)

TEXT_BYTES = 1000
_TOO_MANY, _SERVER = 429, 500
_AGAIN = frozenset({408, 409, 425, _TOO_MANY})

_CODES: Mapping[type[Exception], tuple[str, bool]] = {
    raised.ModelRateLimitError: ("model_rate_limited", True),
    raised.ModelQuotaExceededError: ("model_quota_exceeded", False),
    raised.ModelUnavailableError: ("model_overloaded", True),
    raised.ModelServerError: ("model_server_error", True),
    raised.ModelTimeoutError: ("model_timeout", True),
    raised.ModelRequestTimeout: ("model_timeout", True),
    raised.ModelContextWindowExceededError: ("context_too_long", False),
    raised.ModelAuthenticationError: ("model_key_invalid", False),
    raised.ModelNotFoundError: ("unknown_model", False),
    raised.ContentFilterError: ("content_refused", False),
    raised.ModelRequestRejectedError: ("model_request_refused", False),
    raised.UnexpectedModelBehavior: ("model_reply_invalid", True),
    raised.UserError: ("model_unusable", False),
    NoCredentialsError: ("model_key_missing", False),
    BotoCoreError: ("model_unusable", False),
}
"""The first class that an exception belongs to decides; what is not here is told apart below."""

_NOT_SENT = ("pool", "connect")
"""Phases of a failed request in which none of it has left."""

_BROKEN_OFF = frozenset({"model_timeout", "model_stream_broken", "model_reply_invalid"})

_PLAINLY = {
    "model_unreachable": "no connection",
    "model_stream_broken": "the reply broke off",
    "model_reply_invalid": "what came is no reply",
}
"""Put before texts of libraries, which say `Connection error.` of all three."""

_REFUSED = ("content_filter", "content_policy", "content filtering", "content management policy", "responsibleaipolicy")


class ModelFailures:
    """The errors of calls of one model. `longest_wait_sec`: until the next attempt, whatever its server asks for."""

    def __init__(self, model: str, mask: Mask, longest_wait_sec: float) -> None:
        self._model = model
        self._mask = mask
        self._longest_wait_sec = longest_wait_sec

    def of(self, error: Exception, usage: Usage | None) -> AgentError:
        """Return the error. `usage`: what the provider has told of the call before it failed."""
        if (too_large := _too_large(error)) is not None:
            return self.because("model_reply_too_large", str(too_large), usage=usage or Usage(requests=1))
        code, retryable = _kind(error)
        if usage is None and _was_sent(error, code):
            usage = Usage(requests=1)  # of unknown price: the provider may charge what it did not tell
        if not isinstance(error, (*_CODES, raised.ModelAPIError, OSError)):
            text = "".join(traceback.format_exception(error))
            logger.warning("The library of a provider failed over a reply: %s", self._mask.foreign_text(text))
        wait = error.retry_after if isinstance(error, raised.ModelAPIError) and retryable else None
        details: dict[str, Any] = {"model": self._model}
        if isinstance(error, raised.ModelHTTPError):
            details["status"] = error.status_code
        reason = ": ".join(filter(None, (_PLAINLY.get(code), self._told(error))))
        return self.because(code, reason, retryable=retryable, wait=wait, usage=usage, **details)

    def because(
        self,
        code: str,
        reason: str,
        *,
        retryable: bool = False,
        wait: float | None = None,
        usage: Usage | None = None,
        **details: Any,
    ) -> AgentError:
        if usage is not None and usage.requests:
            details["usage"] = usage.model_dump()
        return AgentError(
            f"{self._model}: {reason}",
            code=code,
            retryable=retryable,
            retry_after=None if wait is None else min(max(wait, 0), self._longest_wait_sec),
            details={"model": self._model, **details},
        )

    def _told(self, error: Exception) -> str:
        """Return what the provider said, or the exception's own text where it said nothing."""
        said = _said(error.body) if isinstance(error, raised.ModelAPIError) else None
        status = f"answered {error.status_code}" if isinstance(error, raised.ModelHTTPError) else ""
        text = said or ("" if status else str(error)) or ("" if status else type(error).__name__)
        return bounded_text(self._mask.foreign_text(": ".join(filter(None, (status, text)))), TEXT_BYTES)


def _kind(error: Exception) -> tuple[str, bool]:
    """Return the code of an exception, and whether another attempt can help."""
    if isinstance(error, raised.ModelRequestRejectedError) and _is_refusal(error):
        return "content_refused", False
    for kind, found in _CODES.items():
        if isinstance(error, kind):
            return found
    if isinstance(error, raised.ModelConnectionError):
        return ("model_unreachable" if error.phase in _NOT_SENT else "model_stream_broken"), True
    if isinstance(error, raised.ModelHTTPError):
        again = error.status_code >= _SERVER or error.status_code in _AGAIN
        return ("model_server_error" if again else "model_request_refused"), again
    if isinstance(error, OSError) or "ended without a `finish_reason`" in str(error):
        return "model_stream_broken", True
    return "model_reply_invalid", True


def _too_large(error: BaseException | None) -> EndlessReply | None:
    """Return what stopped the client, which libraries of providers take for a broken connection."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        if isinstance(error, EndlessReply):
            return error
        seen.add(id(error))
        error = error.__cause__ or error.__context__
    return None


def _was_sent(error: Exception, code: str) -> bool:
    """Return whether the request may have reached the provider, which then broke off instead of refusing it."""
    return code in _BROKEN_OFF and getattr(error, "phase", None) not in _NOT_SENT


def _is_refusal(error: raised.ModelRequestRejectedError) -> bool:
    if isinstance(error, raised.ModelAuthenticationError | raised.ModelNotFoundError):
        return False
    told = f"{error.provider_error_code} {error.provider_error_type} {_said(error.body)}".lower()
    return any(word in told for word in _REFUSED)


def _said(body: object) -> str | None:
    """Return the sentence in the body of an error, in any of the forms that providers have."""
    if isinstance(body, str):
        return body
    if not isinstance(body, Mapping):
        return None
    for key in ("error", "message", "detail", "Message"):
        if key in body and (found := _said(body[key])):
            return found
    return to_json(body, fallback=str).decode() if body else None
