"""Defines a group of functions, such as those of texts; each module of functions fills one."""

from collections.abc import Callable
from typing import Any

from wand_orchestrator.graphs.functions.function import Example, Function, read_signature

Run = Callable[..., Any]


class FunctionGroup:
    """Collects functions; `title` is the heading under which the documentation lists them."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.functions: list[Function] = []

    def add(
        self, signature: str, sentence: str, *examples: tuple[str, Any, Any], **literals: Callable[[str], object]
    ) -> Callable[[Run], Run]:
        """Return a decorator that adds a function with the decorated code. `literals`: see Function."""

        def add(run: Run) -> Run:
            self._append(signature, sentence, examples, run, literals)
            return run

        return add

    def describe(self, signature: str, sentence: str, *examples: tuple[str, Any, Any]) -> None:
        """Adds a function that jmespath itself has, or the interpreter."""
        self._append(signature, sentence, examples, None, {})

    def _append(
        self,
        signature: str,
        sentence: str,
        examples: tuple[tuple[str, Any, Any], ...],
        run: Run | None,
        literals: dict[str, Callable[[str], object]],
    ) -> None:
        made = tuple(Example(*example) for example in examples)
        self.functions.append(Function(read_signature(signature), self.title, sentence, made, run, literals))
