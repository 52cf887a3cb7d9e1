"""Receives messages to hooks: verifies each, maps it to an input, and starts a run.

The sender has no API key, so errors before the verification reveal nothing, not even whether the hook exists.
"""

import asyncio
import hashlib
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, QueryParams

from wand_orchestrator.api.hooks.verification import SECRET_HEADERS, is_genuine
from wand_orchestrator.api.http.problems import UnsupportedMediaType
from wand_orchestrator.api.http.strict_route import is_json
from wand_orchestrator.api.runs.models import RunCreated, RunRequest
from wand_orchestrator.api.runs.start import RunStart
from wand_orchestrator.contract.bounds import MAX_DEPTH, is_too_deep
from wand_orchestrator.errors import Unauthorized, WandError
from wand_orchestrator.graphs.evaluation_budget import Budget
from wand_orchestrator.graphs.expressions import ExpressionError, evaluate
from wand_orchestrator.graphs.strict_json import check_text, parse_json
from wand_orchestrator.storage import Idempotency, Store
from wand_orchestrator.storage.hook_rows import Hook

MAX_BYTES = 1024 * 1024
"""Of the body of a message."""

MESSAGES_BYTES = 16 * MAX_BYTES
"""Of large messages that are worked on at once. They have a budget of their own: whoever has no API key must not hold
up those who have one."""

MAX_FIELDS = 1000


class HookMapFailed(WandError):
    """An expression of the hook's `map` cannot be evaluated on the message."""

    code = "hook_map_failed"
    status = 422


class HookReceipts:
    def __init__(self, store: Store, starter: RunStart) -> None:
        self._store = store
        self._starter = starter

    async def receive(self, name: str, headers: Headers, query: QueryParams, body: bytes) -> RunCreated:
        """Start a run, or return the one that the same message has started before.

        Raises Unauthorized, BadRequest, UnsupportedMediaType, HookMapFailed, Unavailable, and what a start raises.
        """
        hook = await self._store.hooks.get(name)
        said = dict(headers)
        if not is_genuine(hook, said, body, time.time()) or hook is None:
            raise Unauthorized("there is no such hook, or the message is not verified as it asks")
        request = await asyncio.to_thread(_request, hook, said, query, body)
        return await self._starter.start_once(request, _idempotency(name, said, body))


def _idempotency(name: str, headers: Mapping[str, str], body: bytes) -> Idempotency | None:
    """Return the idempotency of a message, as one that is sent again must start no second run; None if it has no id."""
    id = headers.get("webhook-id") or headers.get("idempotency-key")
    if id is None:
        return None
    key = hashlib.sha256(f"{name}\n{id}".encode()).hexdigest()
    return Idempotency(f"hook.{key}", hashlib.sha256(body).hexdigest())


def _request(hook: Hook, headers: Mapping[str, str], query: QueryParams, body: bytes) -> RunRequest:
    message = {
        "body": _value(headers.get("content-type", ""), body),
        "headers": {name: value for name, value in headers.items() if name not in SECRET_HEADERS},
        "query": _fields(query.multi_items()),
    }
    check_text(message)
    terms = hook.terms.said() | {"input": message["body"] if hook.map is None else _mapped(hook, message)}
    return RunRequest.model_construct(graph_name=hook.graph_name, version=hook.version, **terms)


def _mapped(hook: Hook, message: dict[str, Any]) -> dict[str, Any]:
    found = dict(hook.terms.input or {})
    budget = Budget()
    for key, expression in (hook.map or {}).items():
        try:
            found[key] = evaluate(expression, message, budget)
        except ExpressionError as error:
            raise HookMapFailed(f"`map` of the hook gives no {key}: {error.message}") from error
    if is_too_deep(found):
        raise HookMapFailed(f"`map` of the hook gives lists and objects more than {MAX_DEPTH} deep")
    return found


def _value(content_type: str, body: bytes) -> Any:
    kind = content_type.partition(";")[0].strip().lower()
    if not body:
        return None
    if is_json(kind):
        return parse_json(body)
    if kind == "application/x-www-form-urlencoded":
        fields = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=MAX_FIELDS)
        return _fields(fields)
    raise UnsupportedMediaType(
        "the message has to be sent as Content-Type: application/json or application/x-www-form-urlencoded"
    )


def _fields(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Return the fields of a form or a query; a name that occurs several times has all of its values in a list."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}
