"""The client of the HTTP API that all commands use."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx

from wand_orchestrator.cli.processes.configuration import settings_with
from wand_orchestrator.client._async.connection import AsyncApiConnection
from wand_orchestrator.client._async.files import AsyncFileCalls
from wand_orchestrator.client._async.paging import MAX_PAGE
from wand_orchestrator.client._async.wand import CONNECT_SEC
from wand_orchestrator.client.address import key_headers
from wand_orchestrator.client.problem_errors import Hints, foreign
from wand_orchestrator.settings import Settings

API_ANSWER_SEC = 30.0

HINTS = Hints(
    key="give the right one as --api-key or WAND_API_KEY", url="start one with `wand dev`, or name one with --url"
)

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


class ApiClient:
    """A client of one API that returns its JSON as it is, for commands to print. Its methods raise WandError for
    a problem document, and Unavailable if nothing answers.
    """

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.connection = AsyncApiConnection(http, retries=0, hints=HINTS)

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings, url: str | None = None, api_key: str | None = None) -> AsyncIterator[Self]:
        """Open a client; without `url` or `api_key`, those of the settings are used."""
        key = api_key or (settings.api_key.get_secret_value() if settings.api_key else None)
        async with httpx.AsyncClient(
            base_url=url or f"http://{settings.host}:{settings.port}",
            headers=key_headers(key),
            timeout=httpx.Timeout(API_ANSWER_SEC, connect=CONNECT_SEC),
        ) as http:
            yield cls(http)

    @property
    def url(self) -> str:
        return self.connection.url

    async def get(self, path: str, **params: Any) -> Json:
        """Get a JSON document; `params` that are None are left out."""
        return _document(await self.connection.request("GET", path, params=_given(params)))

    async def text(self, path: str, **params: Any) -> str:
        """Get an answer that is a text; `params` that are None are left out."""
        return str((await self.connection.request("GET", path, params=_given(params))).text)

    async def post(self, path: str, body: Any = None) -> Json:
        return _document(await self.connection.request("POST", path, json=body))

    async def put(self, path: str, body: Any) -> Json:
        return _document(await self.connection.request("PUT", path, json=body))

    async def upload(self, name: str, path: Path) -> str:
        """Upload a file, with the media type that its name says, and return the id by which runs are given it."""
        return (await AsyncFileCalls(self.connection).upload(path, name=name)).file_id

    async def delete(self, path: str) -> None:
        await self.connection.request("DELETE", path)

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
    async def stream(self, path: str) -> AsyncIterator[httpx.Response]:
        """Open an answer to be read piece by piece."""
        async with self.connection.stream(path) as answer:
            yield answer


def _given(params: Json) -> Json:
    return {name: value for name, value in params.items() if value is not None}


def _document(answer: httpx.Response) -> Json:
    try:
        document = answer.json()
    except ValueError as error:
        raise foreign(answer) from error
    if not isinstance(document, dict):
        raise foreign(answer)
    return document
