"""Translates Wand's errors into application errors of Temporal, for core activities; no other module does."""

from collections.abc import Iterator
from contextlib import contextmanager

from temporalio.exceptions import ApplicationError

from wand_orchestrator.contract.codes import DATABASE_UNAVAILABLE
from wand_orchestrator.errors import Unavailable, WandError


@contextmanager
def application_errors() -> Iterator[None]:
    """Raise an ApplicationError with its code in place of a WandError; it is retryable only for
    unavailable services.
    """
    try:
        yield
    except Unavailable as error:
        raise ApplicationError(error.message, type=DATABASE_UNAVAILABLE) from error
    except WandError as error:
        raise ApplicationError(error.message, type=error.code, non_retryable=True) from error
