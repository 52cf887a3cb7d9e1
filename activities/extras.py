"""Imports libraries that only one feature needs, and that are extras of the distribution."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec

from wand_orchestrator.errors import AgentError

LIBRARIES = {
    "analyze": ("polars",),
    "chart": ("altair", "vl_convert"),
    "llm": ("pydantic_ai", "genai_prices"),
    "mcp": ("mcp",),
}
"""By extra: what its feature imports."""

NEEDED_BY = {"agent.analyze": "analyze", "agent.chart": "chart", "chart.render": "chart"}
"""The extra without which an agent or a tool fails."""


def missing_extra(name: str) -> str | None:
    """Return the extra that the agent or tool needs and that is not installed here; None if nothing is missing."""
    extra = NEEDED_BY.get(name)
    if extra is None or all(find_spec(library) is not None for library in LIBRARIES[extra]):
        return None
    return extra


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
