"""Words, once for all routes, what keeps the body of a request from being read."""

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import ClientDisconnect

from wand_orchestrator.errors import BadRequest, WandError


class BodyTimeout(WandError):
    """The body comes too slowly."""

    code = "request_timeout"
    status = 408


@contextmanager
def arriving(too_slow: str) -> Iterator[None]:
    """Translate the errors of reading a body. Raises BodyTimeout, which says `too_slow`, for a TimeoutError, and
    BadRequest if the caller is gone.
    """
    try:
        yield
    except ClientDisconnect as error:
        raise BadRequest("the connection closed before the body was complete") from error
    except TimeoutError as error:
        raise BodyTimeout(too_slow) from error
