"""The client of the HTTP API that all commands use."""

import asyncio
import mimetypes
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx

from wand_orchestrator.cli.client.upload import content_of
from wand_orchestrator.cli.processes.configuration import settings_with
from wand_orchestrator.errors import ConfigurationError, Unavailable, WandError
from wand_orchestrator.settings import Settings

CONNECT_SEC = 5.0
API_ANSWER_SEC = 30.0

_AWAY = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)

MAX_PAGE = 500
"""Entries that the API gives at once."""

T = TypeVar("T")
Json = dict[str, Any]


def ask(url: str | None, api_key: str | None, question: "Callable[[ApiClient], Awaitable[T]]") -> T:
    """Return the result of `question`, called with a client for the API that a command's options name."""

    async def asked() -> T:
        async with ApiClient.open(settings_with(), url, api_key) as api:
            return await question(api)

    return asyncio.run(asked())


def path_of(*parts: str) -> str:
    """Return the parts joined to a path such as `/runs/r_1/nodes/a`; each is quoted as one segment."""
    return "".join("/" + quote(part, safe="") for part in parts)


@dataclass(frozen=True)
class ListedFault:
    pointer: str
    code: str
    message: str
    line: int | None = None
    column: int | None = None

    @classmethod
    def all_of(cls, faults: Iterable[Json]) -> "tuple[ListedFault, ...]":
        return tuple(
            cls(fault["pointer"], fault["code"], fault["message"], fault.get("line"), fault.get("column"))
            for fault in faults
        )


class Refused(WandError):
    """The API answered with a problem document; `faults` holds every reason it gave."""

    code = "refused"

    def __init__(self, status: int, problem: Json) -> None:
        super().__init__(str(problem.get("detail") or f"the API answered with {status}"))
        self.http_status = status
        self.code = str(problem.get("code", self.code))
        self.faults = ListedFault.all_of(problem.get("faults") or ())


class ApiClient:
    """A client of one API. Its methods raise Refused for a problem document, and Unavailable if nothing answers."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings, url: str | None = None, api_key: str | None = None) -> AsyncIterator[Self]:
        """Open a client; without `url` or `api_key`, those of the settings are used."""
        key = api_key or (settings.api_key.get_secret_value() if settings.api_key else None)
        if key and not (key.isascii() and key.isprintable()):
            raise ConfigurationError("the API key has characters that cannot be sent in a header")
        async with httpx.AsyncClient(
            base_url=url or f"http://{settings.host}:{settings.port}",
            headers={"X-API-Key": key} if key else {},
            timeout=httpx.Timeout(API_ANSWER_SEC, connect=CONNECT_SEC),
        ) as http:
            yield cls(http)

    @property
    def url(self) -> str:
        return str(self._http.base_url).rstrip("/")

    async def get(self, path: str, **params: Any) -> Json:
        """Get a JSON document; `params` that are None are left out."""
        return _document(await self._answer("GET", path, params=_given(params)))

    async def text(self, path: str, **params: Any) -> str:
        """Get an answer that is a text; `params` that are None are left out."""
        return (await self._answer("GET", path, params=_given(params))).text

    async def post(self, path: str, body: Any = None) -> Json:
        return _document(await self._answer("POST", path, json=body))

    async def put(self, path: str, body: Any) -> Json:
        return _document(await self._answer("PUT", path, json=body))

    async def upload(self, name: str, path: Path) -> Json:
        """Upload a file, with the media type that its name says, to be given to runs."""
        media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
        headers = {"Content-Type": media_type}
        return _document(
            await self._answer("POST", "/files", params={"name": name}, content=content_of(path), headers=headers)
        )

    async def delete(self, path: str) -> None:
        await self._answer("DELETE", path)

    async def listed(self, path: str, key: str, limit: int, **params: Any) -> Json:
        """Return `limit` entries under `key`, joined from as many pages as the API needs."""
        entries: list[Any] = []
        cursor = None
        while True:
            count = min(limit - len(entries), MAX_PAGE)
            page = await self.get(path, **params, limit=count, cursor=cursor)
            entries += page[key]
            cursor = page["next"]
            if cursor is None or len(entries) >= limit:
                return {**page, key: entries}

    async def all(self, path: str, key: str, **params: Any) -> Json:
        """Return all entries under `key` of a list, from all of its pages."""
        page = await self.get(path, **params)
        entries = page[key]
        while page["next"] is not None:
            page = await self.get(path, **params, cursor=page["next"])
            entries += page[key]
        return {**page, key: entries}

    @asynccontextmanager
    async def stream(self, path: str, headers: dict[str, str], silence_sec: float) -> AsyncIterator[httpx.Response]:
        """Open an answer to be read line by line; `silence_sec` without a line break the connection."""
        timeout = httpx.Timeout(API_ANSWER_SEC, connect=CONNECT_SEC, read=silence_sec)
        with _reached(self.url):
            async with self._http.stream("GET", path, headers=headers, timeout=timeout) as answer:
                if answer.is_error:
                    await answer.aread()
                    raise _refused(answer)
                yield answer

    async def _answer(self, method: str, path: str, **options: Any) -> httpx.Response:
        with _reached(self.url):
            answer = await self._http.request(method, path, **options)
        if answer.is_error:
            raise _refused(answer)
        return answer


def _given(params: Json) -> Json:
    return {name: value for name, value in params.items() if value is not None}


def _document(answer: httpx.Response) -> Json:
    try:
        document = answer.json()
    except ValueError as error:
        raise _foreign(answer) from error
    if not isinstance(document, dict):
        raise _foreign(answer)
    return document


@contextmanager
def _reached(url: str) -> Iterator[None]:
    """Raise Unavailable, naming the URL, if nothing answers."""
    try:
        yield
    except httpx.RequestError as error:
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
        return _foreign(answer)
    if answer.status_code == HTTPStatus.UNAUTHORIZED:
        problem["detail"] = (
            f"{answer.request.url.host} asks for the API key: give the right one as --api-key or WAND_API_KEY"
        )
    return Refused(answer.status_code, problem)


def _foreign(answer: httpx.Response) -> WandError:
    """Return the error for an answer that does not come from Wand, but from another server or a proxy."""
    url, status = answer.request.url, answer.status_code
    if status in _AWAY:
        return Unavailable("api", f"{url} answered with {status}: the API behind it is away")
    return WandError(f"{url} answered with {status}, and not as an API of Wand does")
