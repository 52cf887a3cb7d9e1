"""Writes the message of a failed command: one line that says what is wrong and, where known, what to do."""

import os
import sys

import httpx
from pydantic import ValidationError

from wand_orchestrator.errors import WandError


def complaint(error: Exception) -> str | None:
    """Return the message of an error; None for an unforeseen one, which is shown with its traceback."""
    if isinstance(error, ValidationError):
        return _invalid(error)
    if isinstance(error, httpx.InvalidURL):
        return f"this is no URL: {error}"
    if "temporalio" in sys.modules and (refusal := _temporal_refusal(error)):
        return refusal
    if isinstance(error, MemoryError):
        return "there is not enough memory"
    if isinstance(error, ImportError) and error.name:
        return f"the Python package {error.name.partition('.')[0]} is not installed, or broken: {error}"
    if isinstance(error, OSError):
        place = f"{os.fspath(error.filename)!s}: " if isinstance(error.filename, str | os.PathLike) else ""
        return f"{place}{error.strerror or error}"
    if isinstance(error, WandError):
        return " ".join(error.message.split())
    return None


def unforeseen(error: Exception) -> str:
    """Return the line below the traceback of an unforeseen error."""
    said = ": ".join(filter(None, (type(error).__name__, " ".join(str(error).split()))))
    return f"{said}: nobody foresaw this; please report it with the trace above"


def _temporal_refusal(error: Exception) -> str | None:
    from temporalio.service import RPCError

    return f"Temporal refused it: {error.message}" if isinstance(error, RPCError) else None


def _invalid(error: ValidationError) -> str:
    """Return the message for settings that do not fit their types, under the names of their variables."""
    return "; ".join(_setting(item["loc"], item["msg"]) for item in error.errors())


def _setting(location: tuple[int | str, ...], message: str) -> str:
    message = message.removeprefix("Value error, ")
    name = ".".join(map(str, location))
    return f"WAND_{name.upper()}: {message}" if name else message
