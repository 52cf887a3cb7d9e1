"""Moves tracebacks between processes: the places of their frames are sent, and an equal traceback is built
from them.
"""

import traceback
from types import TracebackType
from typing import Annotated, Any

from pydantic import PlainSerializer, PlainValidator
from tblib import Traceback

OUTER, INNER = 20, 60
"""Frames that are kept of a deep one; those in between are one recursion, as a rule."""

Place = tuple[str, str, int]
"""File, function, line."""


def places_of(trace: TracebackType | None) -> list[Place]:
    """Return the places of the frames, outermost first."""
    places = [(frame.f_code.co_filename, frame.f_code.co_name, line) for frame, line in traceback.walk_tb(trace)]
    return places if len(places) <= OUTER + INNER else [*places[:OUTER], *places[-INNER:]]


def traceback_of(places: Any) -> TracebackType | None:
    """Return a traceback that prints like the one with these places; a traceback itself is returned as it is."""
    if places is None or isinstance(places, TracebackType):
        return places
    chain: dict[str, Any] | None = None
    for file, function, line in reversed(places):
        frame = {
            "f_globals": {"__name__": function, "__file__": file},
            "f_lineno": line,
            "f_code": {"co_filename": file, "co_name": function},
        }
        chain = {"tb_frame": frame, "tb_lineno": line, "tb_next": chain}
    made: TracebackType | None = None if chain is None else Traceback.from_dict(chain).as_traceback()
    return made


PortableTraceback = Annotated[
    TracebackType | None, PlainValidator(traceback_of), PlainSerializer(places_of, when_used="json")
]
