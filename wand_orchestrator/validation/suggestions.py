"""Finds the name that somebody probably meant, at a bounded cost."""

from collections.abc import Collection
from difflib import get_close_matches

from wand_orchestrator.validation.phrases import listed

MAX_CANDIDATES = 500
MAX_WORD_CHARS = 100
MAX_SEARCHES = 100
"""Words looked up in one check: each costs time in proportion to the candidates."""


class Near:
    """Finds similar names for one check; the result for a word is cached by `scope`."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], str] = {}

    def hint(self, scope: str, word: str, candidates: Collection[str]) -> str:
        """Return ``; did you mean `a` or `b`?`` or an empty text. `scope`: which names the candidates are."""
        if (scope, word) not in self._found:
            if len(self._found) >= MAX_SEARCHES or len(candidates) > MAX_CANDIDATES or len(word) > MAX_WORD_CHARS:
                return ""
            near = get_close_matches(word, candidates)
            self._found[scope, word] = f"; did you mean {listed(near, 'or')}?" if near else ""
        return self._found[scope, word]
