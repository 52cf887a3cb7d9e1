"""Collects what is wrong with a graph, over all checks."""

from dataclasses import dataclass
from typing import Any

from wand_orchestrator.graphs.evaluation_budget import Budget
from wand_orchestrator.validation.code import Code
from wand_orchestrator.validation.pointer import Path, pointer
from wand_orchestrator.validation.written_references import through_literals

MAX_SCHEMA_STEPS = 500_000
"""Of all checks of one document against JSON Schemas."""

MAX_LISTED = 1000
"""Faults of one answer; a last one says how many more there are."""

MAX_LISTED_CHARS = 1_000_000
"""Of all pointers and messages of one answer, so that a document with long keys has no answer many times its size."""


@dataclass(frozen=True)
class Fault:
    """A fault or a warning. `pointer` is an RFC 6901 JSON pointer, `code` is stable, `message` explains the fault and
    how to correct it. `line` and `column`: where it stands in the text of the document, from 1, if there is one.
    """

    pointer: str
    code: str
    message: str
    line: int | None = None
    column: int | None = None


class FaultList:
    """Keeps the first faults, each once, and counts the rest."""

    def __init__(self) -> None:
        self._listed: dict[Fault, None] = {}
        self._room = MAX_LISTED_CHARS
        self._more = 0

    def __bool__(self) -> bool:
        return bool(self._listed)

    def add(self, path: Path, code: Code, message: str) -> None:
        if len(self._listed) >= MAX_LISTED or self._room <= 0:
            self._more += 1
            return
        fault = Fault(pointer(path), code.value, message)
        if fault not in self._listed:
            self._listed[fault] = None
            self._room -= len(fault.pointer) + len(fault.message)

    def listed(self) -> tuple[Fault, ...]:
        if not self._more:
            return tuple(self._listed)
        message = f"{self._more} more are not listed here: mend these and check again"
        return (*self._listed, Fault("", Code.MORE_FAULTS.value, message))


class Findings:
    """Collects faults, which keep a graph from running, and warnings, which do not. `budget`: what all checks against
    JSON Schemas may cost.

    `document`: what paths lead through; they need not tell of the `$literal`s on their way.
    """

    def __init__(self) -> None:
        self.document: Any = None
        self.faults = FaultList()
        self.warnings = FaultList()
        self.budget = Budget(MAX_SCHEMA_STEPS)

    def fault(self, path: Path, code: Code, message: str) -> None:
        self.faults.add(through_literals(self.document, path), code, message)

    def warn(self, path: Path, code: Code, message: str) -> None:
        self.warnings.add(through_literals(self.document, path), code, message)
