"""How Wand's own activities fail: the one place where its errors become application errors of Temporal's."""

from collections.abc import Iterator
from contextlib import contextmanager

from temporalio.exceptions import ApplicationError

from wand_orchestrator.contract.codes import DATABASE_UNAVAILABLE
from wand_orchestrator.errors import Unavailable, WandError


@contextmanager
def application_errors() -> Iterator[None]:
    """Raises ApplicationError in place of a WandError, with its code; only what is away is worth another attempt."""
    try:
        yield
    except Unavailable as error:
        raise ApplicationError(error.message, type=DATABASE_UNAVAILABLE) from error
    except WandError as error:
        raise ApplicationError(error.message, type=error.code, non_retryable=True) from error
