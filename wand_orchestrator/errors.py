"""Every error that Wand raises on purpose.

    WandError                   code, status, fields
    ├── GraphFaults             a graph document that cannot run; carries all its faults
    ├── NotFound                no such graph, run, node or artifact
    ├── Conflict                the thing is not in a state that allows this
    ├── Unauthorized            the API key is missing or wrong
    ├── Forbidden               the request comes from where this API takes none
    ├── BadRequest              the request itself cannot be read
    ├── TooLarge                a document above a configured limit
    ├── Unavailable             Temporal, the database or a worker does not answer
    ├── ConfigurationError      a setting that cannot work
    ├── PluginError             a plug-in that cannot be loaded; names the culprit
    └── AgentError              raised by an agent; says whether a retry can help

`code` is stable: it stands in problem documents (RFC 9457), in events, in Temporal's application errors and in the
database. `api/http/problems.py` maps it to HTTP, and `activities/runner/attempt_failures.py` to Temporal, each in that
one place.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol


class FaultLike(Protocol):
    @property
    def pointer(self) -> str: ...
    @property
    def code(self) -> str: ...
    @property
    def message(self) -> str: ...


class WandError(Exception):
    """The base; `code` is stable, `status` is the HTTP status that the API answers with."""

    code: str = "internal"
    status: ClassVar[int] = 500

    def __init__(self, message: str, *, code: str | None = None, **fields: Any) -> None:
        super().__init__(message)
        self.message = message
        self.fields = fields
        if code is not None:
            self.code = code


class GraphFaults(WandError):
    """The graph cannot run; `faults` holds every reason."""

    code = "graph_invalid"
    status = 422

    def __init__(self, faults: Sequence[FaultLike]) -> None:
        count = len(faults)
        super().__init__(f"the graph has {count} fault{'' if count == 1 else 's'}")
        self.faults = tuple(faults)


class NotFound(WandError):
    code = "not_found"
    status = 404


class Conflict(WandError):
    code = "conflict"
    status = 409


class Unauthorized(WandError):
    code = "unauthorized"
    status = 401


class Forbidden(WandError):
    code = "forbidden"
    status = 403


class BadRequest(WandError):
    code = "bad_request"
    status = 400


class TooLarge(WandError):
    code = "too_large"
    status = 413


class Unavailable(WandError):
    """Something that Wand needs does not answer; `fields["missing"]` names it."""

    code = "unavailable"
    status = 503

    def __init__(self, missing: str, message: str) -> None:
        super().__init__(message, missing=missing)


class ConfigurationError(WandError):
    code = "configuration"


class PluginError(WandError):
    code = "plugin"


class AgentError(WandError):
    """Raised by an agent. `retryable=False` for what another attempt cannot mend.

    `retry_after`: seconds until the next attempt, instead of the node's backoff.
    `details`: a JSON value that explains the error; it stands in the event and in Temporal's history.
    """

    code = "agent_error"

    def __init__(
        self,
        message: str,
        *,
        code: str = "agent_error",
        retryable: bool = True,
        retry_after: float | None = None,
        details: Any = None,
    ) -> None:
        super().__init__(message, code=code)
        self.retryable = retryable
        self.retry_after = retry_after
        self.details = details
