"""Tags: words of the caller's own, by which runs are found in the API and in Temporal."""

import json
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, Field

MAX_TAGS = 20
MAX_LENGTH = 64
MAX_BYTES = 2000
"""Of all tags of a run: Temporal takes 2 KB for a search attribute (`limit.searchAttributesSizeOfValue`)."""


def _word(tag: str) -> str:
    if " " in tag or not tag.isprintable():
        raise ValueError("a tag holds no blanks and no control characters")
    return tag


def _once_each(tags: Sequence[str]) -> tuple[str, ...]:
    """Return the tags without repetitions, in alphabetical order."""
    known = tuple(sorted(set(tags)))
    if len(json.dumps(known)) > MAX_BYTES:
        raise ValueError(f"all tags together may take {MAX_BYTES} bytes as JSON in ASCII")
    return known


Tag = Annotated[str, Field(min_length=1, max_length=MAX_LENGTH), AfterValidator(_word)]
Tags = Annotated[tuple[Tag, ...], Field(max_length=MAX_TAGS), AfterValidator(_once_each)]
