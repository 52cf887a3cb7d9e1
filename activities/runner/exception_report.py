"""Describes an exception for the agent's author: type, message, causes, and the frames of the agent's own code.

A history and a journal are read by many and kept for long, so they hold no source text and no local values, and texts
that nobody chose to show (those of causes, and of exceptions of libraries) only with what looks like a secret masked.
The whole traceback goes to the worker's log. A report is plain JSON: it can come from another process.
"""

import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from pydantic import BaseModel, ValidationError

import wand_orchestrator
from wand_orchestrator.contract.bounds import TEXT_BYTES, bounded_json, bounded_text
from wand_orchestrator.contract.masking import Mask
from wand_orchestrator.contract.misfits import fields_at_fault
from wand_orchestrator.contract.state import Cause, Frame, Raised
from wand_orchestrator.errors import AgentError, WandError

MOST_CAUSES = 8
CAUSE_BYTES = 512
NAME_BYTES = 200
MOST_FRAMES = 8
MOST_CAUSE_FRAMES = 3
"""The innermost ones."""

TRACEBACK_BYTES = 64 * 1024
LONGEST_DELAY_SEC = 366 * 86_400.0

_MACHINERY = (f"{Path(wand_orchestrator.__file__).parent}/",)
_BUILT_IN = tuple(f"{Path(__file__).parents[1] / room}/" for room in ("agents", "tools"))
_STANDARD = f"{Path(traceback.__file__).parent}/"
_INSTALLED = ("site-packages", "dist-packages")
_WAND = "wand"

Related = tuple[Literal["cause", "context", "part"], BaseException]


class ErrorReport(BaseModel):
    """An exception without its objects. `stated`: the agent raised it on purpose, so `traceback` adds nothing."""

    code: str
    message: str
    retryable: bool = True
    retry_after: float | None = None
    details: Any = None
    stated: bool = False
    raised: Raised
    traceback: str


def describe(error: BaseException, mask: Mask | None = None) -> ErrorReport:
    """Return the report of an agent's exception, with secrets masked and every part bounded."""
    mask = mask or Mask()
    report = ErrorReport(
        code=error.code if isinstance(error, WandError) else type(error).__name__,
        message=_message(error, mask) or type(error).__name__,
        raised=_raised(error, mask),
        traceback=_foreign(_formatted(error), TRACEBACK_BYTES, mask),
    )
    if not isinstance(error, AgentError):
        return report
    return report.model_copy(
        update={
            "retryable": bool(error.retryable),
            "retry_after": _delay(error.retry_after),
            "details": mask.json(bounded_json(error.details)),
            "stated": True,
        }
    )


def traceback_of_agent(error: BaseException) -> TracebackType | None:
    """Return the traceback from where Wand called the agent; the whole one if the agent was not reached."""
    step = error.__traceback__
    while step is not None and _is_wand(step.tb_frame.f_code.co_filename):
        step = step.tb_next
    return step or error.__traceback__


def _raised(error: BaseException, mask: Mask) -> Raised:
    home = next((library for file in _files(error) if (library := _library(file)) is not None), None)
    stated = isinstance(error, AgentError)
    causes: list[Cause] = []
    more = 0
    for relation, behind in _behind(error):
        if len(causes) == MOST_CAUSES:
            more += 1
            continue
        message = _foreign(_text(behind), CAUSE_BYTES, mask)
        frames = _frames(behind, home, stated)[-MOST_CAUSE_FRAMES:]
        causes.append(Cause(relation=relation, type=_type(behind), message=message, frames=frames))
    frames = _frames(error, home, stated)[-MOST_FRAMES:]
    return Raised(type=_type(error), frames=frames, causes=tuple(causes), more_causes=more)


def _message(error: BaseException, mask: Mask) -> str:
    """Return the message: as its author wrote it if it was written for readers, and otherwise as a foreign text, which
    may quote a connection string or a header.
    """
    text = _text(error)
    return bounded_text(mask.text(text)) if isinstance(error, WandError) else _foreign(text, TEXT_BYTES, mask)


def _foreign(text: str, limit: int, mask: Mask) -> str:
    """Mask a foreign text, and cut it before and after: it may be of any length."""
    return bounded_text(mask.foreign_text(text[: 8 * limit]), limit)


def _behind(error: BaseException) -> Iterator[Related]:
    """Yield the exceptions behind this one depth first, each once: they may refer to one another in a circle."""
    seen = {id(error)}
    todo = _next(error)[::-1]
    while todo:
        relation, found = todo.pop()
        if id(found) not in seen:
            seen.add(id(found))
            yield relation, found
            todo += _next(found)[::-1]


def _next(error: BaseException) -> list[Related]:
    found: list[Related] = []
    if isinstance(error, BaseExceptionGroup):
        found += (("part", part) for part in error.exceptions)
    if error.__cause__ is not None:
        found.append(("cause", error.__cause__))
    elif error.__context__ is not None and not error.__suppress_context__:
        found.append(("context", error.__context__))
    return found


def _type(error: BaseException) -> str:
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return bounded_text(name, NAME_BYTES)


def _text(error: BaseException) -> str:
    """Return the message with its notes; without the values that pydantic's message repeats, which may be secret."""
    try:
        text = str(error) if not isinstance(error, ValidationError) else f"{error.title}: {fields_at_fault(error)}"
    except Exception as failure:  # `__str__` is code of whoever wrote the class
        return f"its text cannot be made: {type(failure).__name__}"
    notes = getattr(error, "__notes__", None)
    return "\n".join((text, *map(str, notes))) if isinstance(notes, list | tuple) else text


def _formatted(error: BaseException) -> str:
    try:
        return "".join(traceback.format_exception(type(error), error, traceback_of_agent(error)))
    except Exception as failure:  # as above, and it reads files that may have gone
        return f"its traceback cannot be made: {type(failure).__name__}"


def _frames(error: BaseException, home: str | None, stated: bool) -> tuple[Frame, ...]:
    """Return the frames of the author's files. What Wand's own agents and tools state is said by their message: their
    frames would tell the author nothing.
    """
    return tuple(
        Frame(file=_relative(frame.f_code.co_filename, frame.f_globals), line=line, function=frame.f_code.co_name)
        for frame, line in traceback.walk_tb(error.__traceback__)
        if _is_authors(frame.f_code.co_filename, home) and not (stated and _library(frame.f_code.co_filename) == _WAND)
    )


def _files(error: BaseException) -> Iterator[str]:
    return (frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__))


def _is_authors(file: str, home: str | None) -> bool:
    """Return whether a file is the author's: neither Wand's, nor Python's, nor of another library than the one that the
    agent is installed with.
    """
    return not _is_wand(file) and not _is_pythons(file) and _library(file) in (None, home)


def _is_wand(file: str) -> bool:
    return file.startswith(_MACHINERY) and not file.startswith(_BUILT_IN)


def _is_pythons(file: str) -> bool:
    return file.startswith("<") or (file.startswith(_STANDARD) and _library(file) is None)


def _library(file: str) -> str | None:
    """Return the top-level package of an installed file; Wand's own agents count as one package."""
    if file.startswith(_BUILT_IN):
        return _WAND
    parts = Path(file).parts
    place = next((place for place, part in enumerate(parts) if part in _INSTALLED), None)
    return None if place is None or _is_wand(file) else parts[place + 1]


def _relative(file: str, variables: dict[str, Any]) -> str:
    """Return the path by the module's name, such as `acme/text.py`: where a package lies on a machine stays private."""
    path = Path(file)
    levels = str(variables.get("__name__") or "").count(".") + (2 if path.stem == "__init__" else 1)
    return bounded_text("/".join(path.parts[-levels:]), NAME_BYTES)


def _delay(seconds: Any) -> float | None:
    """Return the pause that the agent asks for; None, for the node's backoff, if it is not a usable time."""
    if not isinstance(seconds, int | float) or not seconds >= 0:
        return None
    return float(min(seconds, LONGEST_DELAY_SEC))
