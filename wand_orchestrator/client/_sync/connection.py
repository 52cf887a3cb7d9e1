"""Sends requests to the API: with the key, with repetitions where they do no harm, and with answers that are models."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from wand_orchestrator.client.problem_errors import Hints, foreign, reached, refusal_of, shown
from wand_orchestrator.client.routes import ROUTES, path_of
from wand_orchestrator.client.run_request import given
from wand_orchestrator.errors import Unavailable

FIRST_RECONNECT_SEC = 0.2
LONGEST_PAUSE_SEC = 5.0

Model = TypeVar("Model", bound=BaseModel)


class ApiConnection:
    """A connection to one API. Its methods raise WandError for a problem document, and Unavailable if nothing answers.

    Requests that only read, and those with an idempotency key, are repeated up to `retries` times while the API is
    away.
    """

    def __init__(self, http: httpx.Client, retries: int, hints: Hints | None = None) -> None:
        self._http = http
        self._retries = retries
        self._hints = hints or Hints()

    @property
    def url(self) -> str:
        return shown(self._http.base_url)

    def get(self, model: type[Model], operation: str, *, query: Mapping[str, Any] | None = None, **parts: str) -> Model:
        """Return the answer to a request that has no body."""
        answer = self.send(operation, parts, params=given(**(query or {})))
        return _read(model, answer)

    def post(
        self,
        model: type[Model],
        operation: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        **parts: str,
    ) -> Model:
        """Return the answer to a request with a JSON body."""
        answer = self.send(operation, parts, json=body, headers=headers)
        return _read(model, answer)

    def text(self, operation: str, *, query: Mapping[str, Any], **parts: str) -> str:
        """Return an answer that is a text, such as a picture."""
        answer = self.send(operation, parts, params=given(**query))
        return answer.text

    def value(self, operation: str, **parts: str) -> Any:
        """Return an answer that may be any JSON."""
        answer = self.send(operation, parts)
        try:
            return answer.json()
        except ValueError as error:
            raise foreign(answer) from error

    def send(self, operation: str, parts: dict[str, str], **options: Any) -> httpx.Response:
        method, _ = ROUTES[operation]
        return self.request(method, path_of(operation, parts), **options)

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Return the answer to a request, which is repeated where that does no harm."""
        harmless = method == "GET" or "Idempotency-Key" in (options.get("headers") or ())
        pause, left = FIRST_RECONNECT_SEC, self._retries if harmless else 0
        while True:
            try:
                return self._once(method, path, **options)
            except Unavailable as error:
                if not left:
                    raise
                time.sleep(min(max(pause, error.fields.get("retry_after", 0)), LONGEST_PAUSE_SEC))
            pause, left = 2 * pause, left - 1

    @contextmanager
    def stream(
        self, path: str, headers: dict[str, str] | None = None, silence_sec: float = 30.0, **params: Any
    ) -> Iterator[httpx.Response]:
        """Open an answer to be read piece by piece; `silence_sec` without a piece break the connection."""
        timeout = self._patience(silence_sec)
        with reached(self.url, self._hints):
            with self._http.stream("GET", path, headers=headers, params=params, timeout=timeout) as answer:
                if answer.is_error:
                    answer.read()
                    raise refusal_of(answer, self._hints)
                yield answer

    def close(self) -> None:
        self._http.close()

    def _once(self, method: str, path: str, **options: Any) -> httpx.Response:
        with reached(self.url, self._hints):
            answer = self._http.request(method, path, **options)
        if answer.is_error:
            raise refusal_of(answer, self._hints)
        return answer

    def _patience(self, silence_sec: float) -> httpx.Timeout:
        known = self._http.timeout
        return httpx.Timeout(connect=known.connect, read=silence_sec, write=known.write, pool=known.pool)


def _read(model: type[Model], answer: httpx.Response) -> Model:
    try:
        return model.model_validate_json(answer.content)
    except ValidationError as error:
        raise foreign(answer) from error
