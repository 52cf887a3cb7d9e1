"""The HTTP API from the outside, as the commands use it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Self

import httpx

from wand_orchestrator.errors import Unavailable, WandError
from wand_orchestrator.settings import Settings

CONNECT_SEC = 5.0
ANSWER_SEC = 30.0

Json = dict[str, Any]


@dataclass(frozen=True)
class ListedFault:
    pointer: str
    code: str
    message: str


class Refused(WandError):
    """The API answered with a problem document; `faults` holds every reason it gave."""

    code = "refused"

    def __init__(self, status: int, problem: Json) -> None:
        super().__init__(str(problem.get("detail") or f"the API answered with {status}"))
        self.http_status = status
        self.code = str(problem.get("code", self.code))
        self.faults = tuple(ListedFault(f["pointer"], f["code"], f["message"]) for f in problem.get("faults") or ())


class ApiClient:
    """Raises Refused for a problem document, Unavailable if nothing answers at its URL."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings, url: str | None = None, api_key: str | None = None) -> AsyncIterator[Self]:
        """Without `url` or `api_key`, those that the settings have an API here listen on."""
        key = api_key or (settings.api_key.get_secret_value() if settings.api_key else None)
        async with httpx.AsyncClient(
            base_url=url or f"http://{settings.host}:{settings.port}",
            headers={"X-API-Key": key} if key else {},
            timeout=httpx.Timeout(ANSWER_SEC, connect=CONNECT_SEC),
        ) as http:
            yield cls(http)

    @property
    def url(self) -> str:
        return str(self._http.base_url).rstrip("/")

    async def get(self, path: str) -> Json:
        return dict(await self._json("GET", path))

    async def post(self, path: str, body: Any) -> Json:
        return dict(await self._json("POST", path, json=body))

    @asynccontextmanager
    async def stream(self, path: str, headers: dict[str, str], silence_sec: float) -> AsyncIterator[httpx.Response]:
        """An answer to be read line by line; `silence_sec` without a line break the connection."""
        timeout = httpx.Timeout(ANSWER_SEC, connect=CONNECT_SEC, read=silence_sec)
        with _reached(self.url):
            async with self._http.stream("GET", path, headers=headers, timeout=timeout) as answer:
                if answer.is_error:
                    await answer.aread()
                    raise _refused(answer)
                yield answer

    async def _json(self, method: str, path: str, **options: Any) -> Any:
        with _reached(self.url):
            answer = await self._http.request(method, path, **options)
        if answer.is_error:
            raise _refused(answer)
        return answer.json()


@contextmanager
def _reached(url: str) -> Iterator[None]:
    """Names what does not answer."""
    try:
        yield
    except httpx.TransportError as error:
        reason = str(error) or type(error).__name__
        raise Unavailable(
            "api", f"no API answers at {url} ({reason}): start one with `wand dev`, or name one with --url"
        ) from error


def _refused(answer: httpx.Response) -> WandError:
    try:
        problem = answer.json()
    except ValueError:
        problem = {}
    if not isinstance(problem, dict) or "code" not in problem:
        return WandError(f"{answer.request.url} answered with {answer.status_code}, and not as an API of Wand does")
    return Refused(answer.status_code, problem)
