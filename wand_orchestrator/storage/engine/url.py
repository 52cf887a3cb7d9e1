"""Parses the setting `WAND_DATABASE_URL` into what the engines need."""

import re
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from wand_orchestrator.errors import ConfigurationError

ALLOWED = "`sqlite:///path`, a bare path, or `postgresql://user:password@host:port/name`"

_SQLITE = "sqlite:///"
_POSTGRESQL_SCHEMES = frozenset({"postgresql", "postgres", "postgresql+psycopg"})
# A scheme has two letters or more, so that `C:\wand.db` is a path.
_SCHEME = re.compile(r"^([A-Za-z][A-Za-z0-9+.\-]+):")


@dataclass(frozen=True)
class SqliteUrl:
    """`path` is absolute, so that a later change of the working folder does not move the database."""

    path: Path


@dataclass(frozen=True)
class PostgresqlUrl:
    """`url` names the driver psycopg; its `password` shows only when asked for."""

    url: URL

    @property
    def password(self) -> str | None:
        return self.url.password


DatabaseUrl = SqliteUrl | PostgresqlUrl


def parse_database_url(text: str) -> DatabaseUrl:
    """Parse `text`. Raises ConfigurationError for anything but SQLite and PostgreSQL, without any part of a password
    in it.
    """
    scheme = _scheme(text)
    if scheme is None:
        return _sqlite(text)
    if scheme == "sqlite":
        if not text.lower().startswith(_SQLITE):
            raise _refused("an SQLite URL has three slashes before the path")
        return _sqlite(text[len(_SQLITE) :])
    if scheme in _POSTGRESQL_SCHEMES:
        return _postgresql(text)
    raise _refused(f"`{scheme}` is no database that Wand can use")


def _scheme(text: str) -> str | None:
    match = _SCHEME.match(text)
    return match.group(1).lower() if match else None


def _sqlite(path: str) -> SqliteUrl:
    if not path.strip():
        raise _refused("the path is empty")
    if "//" in path and "@" in path:
        # Made a file, it would show a password as its name.
        raise _refused("it looks like a URL whose scheme is misspelt")
    if path.startswith((":memory:", "file:")):
        raise _refused("the database has to be a file, for the processes that share it")
    # Taken as it stands and not decoded: the default is made from a folder's name, which may hold `?` or `%`.
    return SqliteUrl(Path(path).expanduser().absolute())


def _postgresql(text: str) -> PostgresqlUrl:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        # The parser's own words may hold the password.
        raise _refused("the PostgreSQL URL cannot be read") from None
    if "@" in (url.host or ""):
        raise _refused("the password holds an @, which is written %40 there")
    if url.port is not None and not 0 < url.port < 2**16:
        raise _refused(f"there is no port {url.port}")
    for option in url.query:
        _check_option(option)
    return PostgresqlUrl(url.set(drivername="postgresql+psycopg"))


def _check_option(name: str) -> None:
    try:
        make_conninfo(**{name: ""})
    except psycopg.ProgrammingError:
        raise _refused(f"PostgreSQL has no connection option `{name}`") from None


def _refused(reason: str) -> ConfigurationError:
    return ConfigurationError(f"WAND_DATABASE_URL: {reason}; allowed are {ALLOWED}")
