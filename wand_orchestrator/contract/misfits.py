"""Describes what does not fit a type, by field and without the values, which may be secret."""

from pydantic import ValidationError

NAMED_FIELDS = 5
"""Fields that a sentence names."""

_OWN = "Value error, "
"""What pydantic puts before the sentences of a model's own checks."""


def fields_at_fault(error: ValidationError, prefix: str = "") -> str:
    """Return the faults of a validation error as `params.url: Field required; …`."""
    named = [f"{field}: {message}" for field, message in misfits(error, prefix)]
    more = len(named) - NAMED_FIELDS
    return "; ".join(named[:NAMED_FIELDS]) + (f"; and {more} more" if more > 0 else "")


def misfits(error: ValidationError, prefix: str = "") -> list[tuple[str, str]]:
    """Return every field at fault with its message."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    places = [".".join(map(str, (prefix, *fault["loc"]) if prefix else fault["loc"])) for fault in found]
    return [(place, fault["msg"].removeprefix(_OWN)) for place, fault in zip(places, found, strict=True)]
