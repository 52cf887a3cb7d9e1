"""What the processes log, and where to: one line each on standard error."""

import logging
import sys

from activities.failures import StatedFailure
from wand_orchestrator.errors import ConfigurationError
from wand_orchestrator.events import LEVELS

_FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
_QUIET = ("httpx", "httpcore", "uvicorn", "asyncio", "alembic")
"""Libraries whose `info` says nothing to somebody who operates Wand."""


class WithoutTrace(logging.Filter):
    """Leaves of an attempt that failed as its agent meant it one line; that of a bug keeps its stack trace."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, StatedFailure):
            record.msg, record.args = f"{record.getMessage()}: {error.type}: {error.message}", ()
            record.exc_info = record.exc_text = None
        return True


def configure(level: str) -> None:
    """`level`: the setting `WAND_LOG_LEVEL`; raises ConfigurationError for one that there is not."""
    if level.lower() not in LEVELS:
        raise ConfigurationError(f"WAND_LOG_LEVEL is {level}, and can be {', '.join(LEVELS)}")
    logging.basicConfig(level=level.upper(), format=_FORMAT, stream=sys.stderr, force=True)
    logging.getLogger("temporalio.activity").addFilter(WithoutTrace())
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))
