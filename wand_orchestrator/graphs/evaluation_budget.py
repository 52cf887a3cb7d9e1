"""Bounds the cost of one evaluation of an expression, or of one check against a JSON Schema.

Both are written by users and run in processes that others share. So the work is counted where it is done, in steps and
bytes that depend on nothing but the values: a replay counts the same.
"""

from collections.abc import Callable

from wand_orchestrator.errors import InternalError

MAX_STEPS = 1_000_000
"""Of one evaluation: parts of the expression that are visited, elements that a function looks at. They take half a
second (docs/decisions/expression-bounds.md), so that it ends in time also where it shares a processor: the SDK ends a
workflow's step after 2 s."""

_STEPS_PER_CHARACTER = 8
"""That it takes to read an expression. They are told, and are not part of what an evaluation may take."""

MAX_BYTES = 16 * 1024**2
"""Of what an evaluation gives, and of each text that it makes, as JSON."""

MAX_BUILT_BYTES = 2 * MAX_BYTES
"""Of all lists, objects and texts that an evaluation makes on its way, roughly as they lie in memory."""

_LIST_BYTES, _ELEMENT_BYTES = 72, 8
_OBJECT_BYTES, _PAIR_BYTES = 160, 48


class Exceeded(InternalError):
    """The budget is used up; the text names the limit, as the end of a sentence."""


class Budget:
    """Counts steps and bytes down. `steps` is public as the interpreter counts thousands of them.

    `more` is asked, once, for further steps when all have been taken.
    """

    __slots__ = ("_bytes", "_more", "_most", "_read", "steps")

    def __init__(self, steps: int = MAX_STEPS, more: Callable[[], int] | None = None) -> None:
        self._most = self.steps = steps
        self._more = more
        self._bytes = MAX_BUILT_BYTES
        self._read = 0

    @property
    def used(self) -> int:
        """The steps taken so far, including those for parsing expressions."""
        return self._most - self.steps + self._read

    def read(self, characters: int) -> None:
        """Count the parsing of an expression of this length; also if its tree is cached, as it may
        not be in a replay.
        """
        self._read += characters * _STEPS_PER_CHARACTER

    def take(self, steps: int) -> None:
        """Take steps from the budget. Raises Exceeded."""
        self.steps -= steps
        if self.steps < 0:
            self.extend()

    def extend(self) -> None:
        """Request further steps, as all have been taken. Raises Exceeded if there are none."""
        more, self._more = self._more, None
        if more is not None:
            further = more()
            self.steps += further
            self._most += further
        if self.steps < 0:
            raise Exceeded(f"takes more than {self._most:,} steps")

    def build_list(self, length: int) -> None:
        """Count the memory of a list of this many elements, before it is built. Raises Exceeded."""
        self.build(_LIST_BYTES + _ELEMENT_BYTES * length)

    def build_object(self, length: int) -> None:
        self.build(_OBJECT_BYTES + _PAIR_BYTES * length)

    def build_text(self, length: int) -> None:
        """Count the memory of a text of this many characters, before it is built. Raises Exceeded."""
        if length > MAX_BYTES:
            raise too_large("makes a text")
        self.build(length)

    def build(self, size: int) -> None:
        """Count these bytes of memory, before they are used. Raises Exceeded."""
        self.take(1)
        self._bytes -= size
        if self._bytes < 0:
            raise too_large("makes values")


def too_large(what: str) -> Exceeded:
    return Exceeded(f"{what} of more than {MAX_BYTES // 1024**2} MB")
