"""Translates failures of the database into Wand's errors."""

import sqlite3

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from wand_orchestrator.errors import BadRequest, Unavailable, WandError

_HIDDEN = "***"
_OUR_FAULTS = (IntegrityError, ProgrammingError, NotSupportedError)


class DatabaseBroken(WandError):
    """The database's file cannot be read, and waiting does not mend it."""

    code = "database_broken"


def is_broken(error: BaseException | None) -> bool:
    """Return whether SQLite reports that the file is damaged or is not a database."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def translate(error: Exception, password: str | None) -> WandError | None:
    """Return the error to raise instead; None for a bug of Wand's own, which must surface as one."""
    if isinstance(error, DataError):
        return BadRequest("the request holds text or a number that the database cannot store", code="unstorable_value")
    if isinstance(error, DBAPIError):
        if is_broken(error.orig):
            return DatabaseBroken(f"the database file is broken: {_first_line(error.orig)}")
        if isinstance(error, _OUR_FAULTS) and not error.connection_invalidated:
            return None
        return _unavailable(_first_line(error.orig), password)
    if isinstance(error, TimeoutError | PoolTimeoutError):
        return _unavailable("no answer in time", password)
    if isinstance(error, OSError):
        return _unavailable(_first_line(error), password)
    return None


def _unavailable(reason: str, password: str | None) -> Unavailable:
    if password:
        reason = reason.replace(password, _HIDDEN)
    return Unavailable("database", f"the database does not answer: {reason}")


def _first_line(error: BaseException | None) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
