"""Describes prose: its size and its most frequent terms."""

import re
from collections import Counter
from typing import Any

from wand_orchestrator.activities.agents.analyze.web_page import is_page, shown
from wand_orchestrator.activities.points import Point

TERMS = 20
"""Most frequent terms that are given."""

LONGEST_TERM = 100
"""Characters: what is longer is no word of a language."""

_APOSTROPHES = "'\N{RIGHT SINGLE QUOTATION MARK}"
_CLOSING = r"\s\"')\]" + "\N{RIGHT SINGLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}"
_FULL_STOPS_WITHOUT_SPACE = "\N{IDEOGRAPHIC FULL STOP}\N{FULLWIDTH EXCLAMATION MARK}\N{FULLWIDTH QUESTION MARK}"

_WORD = re.compile(rf"[^\W_]+(?:[{_APOSTROPHES}\-][^\W_]+)*")
_STOPS = ".!?\N{HORIZONTAL ELLIPSIS}"
_SENTENCE_END = re.compile(rf"(?<![{_STOPS}])[{_STOPS}]++(?=[{_CLOSING}]|$)|[{_FULL_STOPS_WITHOUT_SPACE}]+")
"""A row of full stops is looked at once, from its beginning: rows of thousands occur in tables of contents."""

_FUNCTION_WORDS = frozenset(
    _WORD.findall(
        "a about after all also am an and any are as at be because been but by can could did do does for from had has "
        "have he her here him his how i if in into is it its just may me more most my no not of on one only or other "
        "our out over she should so some such than that the their them then there these they this those through to "
        "too up us was we were what when where which while who why will with would you your"
    )
)
"""English words that every English text uses most, which says nothing of the text."""


def describe(text: str) -> dict[str, Any]:
    """Return `characters`, `words`, `unique_words`, `sentences`, and the most frequent `terms` with their counts.

    Of a web page, what a reader sees of it. A text that ends without a full stop ends a sentence nevertheless.
    """
    read = shown(text) if is_page(text) else text
    words = [word.lower() for word in _WORD.findall(read)]
    counts = Counter(word for word in words if word not in _FUNCTION_WORDS and 1 < len(word) <= LONGEST_TERM)
    return {
        "characters": len(read),
        "words": len(words),
        "unique_words": len(set(words)),
        "sentences": _sentences(read),
        "terms": {term: count for term, count in sorted(counts.items(), key=_by_count)[:TERMS]},
    }


def points_of_terms(terms: dict[str, int]) -> list[Point]:
    return [Point(x=term, y=count) for term, count in terms.items()]


def _by_count(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]


def _sentences(text: str) -> int:
    return sum(1 for part in _SENTENCE_END.split(text) if _WORD.search(part))
