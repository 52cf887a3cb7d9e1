"""Imports libraries that only one feature needs, and that are extras of the distribution."""

from collections.abc import Iterator
from contextlib import contextmanager

from wand_orchestrator.errors import AgentError


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Wrap a lazy import. Raises AgentError `extra_missing`, whose message names what to install."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise AgentError(
            f"{error.name} is not installed on this worker: pip install 'wand-orchestrator[{extra}]'",
            code="extra_missing",
            retryable=False,
        ) from error
