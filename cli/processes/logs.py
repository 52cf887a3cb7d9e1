"""Configures logging: one line for each record, on standard error."""

import logging
import sys

from temporalio.runtime import LoggingConfig, Runtime, TelemetryConfig, TelemetryFilter

from wand_orchestrator.activities.runner.temporal_errors import AttemptError
from wand_orchestrator.contract.events import LEVELS
from wand_orchestrator.contract.log_format import LOG_FORMAT
from wand_orchestrator.contract.node import (
    FailureDetails,
)
from wand_orchestrator.contract.state import Cause
from wand_orchestrator.errors import ConfigurationError

_QUIET = ("httpx", "httpcore", "uvicorn", "asyncio", "alembic")
"""Libraries whose `info` says nothing to somebody who operates Wand."""

_CORE = TelemetryFilter(core_level="WARN", other_level="ERROR").formatted()
_RACES = ("temporalio_sdk_core::worker::workflow", "temporalio_sdk_core::worker::activities")
"""Of Temporal's core: where it warns of an answer that came after nobody waited for it any more. That is no fault: a
reader's time was up, or an activity ended while it was being cancelled."""


class AgentTrace(logging.Filter):
    """Reduces the record of an intended failure of an agent to one line; that of a bug keeps its whole traceback, with
    all causes, from the agent's own code on.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, AttemptError):
            return True
        if error.stated:
            behind = "".join(f"; {one.type}: {one.message}" for one in _causes(error))
            record.msg, record.args = f"{record.getMessage()}: {error.type}: {error.message}{behind}", ()
            record.exc_info = record.exc_text = None
        elif error.trace:
            record.exc_info, record.exc_text = None, error.trace.rstrip()
        return True


def _causes(error: AttemptError) -> tuple[Cause, ...]:
    known = error.details[0] if error.details else None
    return known.exception.causes if isinstance(known, FailureDetails) and known.exception else ()


def configure(level: str) -> None:
    """Configure logging. `level`: the setting `WAND_LOG_LEVEL`. Raises ConfigurationError for an unknown level."""
    if level.lower() not in LEVELS:
        raise ConfigurationError(f"WAND_LOG_LEVEL is {level}, and can be {', '.join(LEVELS)}")
    logging.basicConfig(level=level.upper(), format=LOG_FORMAT, stream=sys.stderr, force=True)
    logging.getLogger("temporalio.activity").addFilter(AgentTrace())
    core = LoggingConfig(filter=core_filter(level))
    Runtime.set_default(Runtime(telemetry=TelemetryConfig(logging=core)), error_if_already_set=False)
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLogger().level))


def core_filter(level: str) -> str:
    """Return the `tracing` filter for what Temporal's core writes to standard error; `debug` includes its races."""
    return _CORE if level.lower() == "debug" else ",".join((_CORE, *(f"{target}=error" for target in _RACES)))
