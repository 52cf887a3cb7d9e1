"""The level that an agent gives a log line."""

from wand_orchestrator.contract.events import LEVELS, Level
from wand_orchestrator.errors import AgentError


def log_level(given: Level) -> Level:
    """Return `given` if it is a level. Raises AgentError `invalid_log_level`: the agent has a bug."""
    if given not in LEVELS:
        raise AgentError(
            f"ctx.log: `level` is one of {', '.join(LEVELS)}, not {given!r:.40}",
            code="invalid_log_level",
            retryable=False,
        )
    return given
