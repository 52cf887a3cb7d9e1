"""The exceptions of Wand: one tree, with a stable code for each that a caller can meet.

    WandError                         code, status, fields
    ├── GraphFaults                   a graph document that cannot run; carries all its faults
    │   └── BuildFaults               one that a program built; each names its node and its line
    ├── BuilderError                  a program writes what makes no graph; says what to write
    ├── InputFaults                   an input that the graph's `input_schema` refuses; carries all its faults
    ├── NotFound                      no such graph, run, node, schedule or artifact
    ├── Conflict                      the thing is not in a state that allows this
    │   ├── GraphInUse                a schedule runs the graph
    │   └── WebhooksOff               there is no secret to sign webhooks with
    ├── ExecutionClosed               the run has ended
    ├── UpdateRefused                 the workflow of the run does not do it
    ├── LinkGone                      the link was used before, or has expired
    ├── Unauthorized                  the API key is missing or wrong
    ├── Forbidden                     the request comes from where this API takes none
    ├── BadRequest                    the request itself cannot be read
    ├── BodyTimeout                   the body of the request comes too slowly
    ├── TooLarge                      a document above a configured limit
    ├── UnsupportedMediaType          a body of another type than the API reads
    ├── AnswerInvalid                 the answer to an approval does not fit its schema
    ├── EventInvalid                  the data of an event fits no node that waits for it
    ├── UnknownNode                   the run has no such node
    ├── ScheduleInvalid               Temporal accepts no schedule like this
    ├── HookMapFailed                 an expression of a hook fails on the message
    ├── StartRefused                  Temporal accepts no run like this
    ├── Busy                          the API works on as much as it can
    ├── Unavailable                   Temporal, the database or a worker does not answer
    │   └── WorkflowFails             the code of a workflow fails over its history
    ├── QueryFailed                   a worker cannot read the run
    ├── TaskFailed                    a workflow task failed, and is done anew
    ├── AttributesMissing             the namespace lacks the search attributes
    ├── DatabaseBroken                the file of the database is damaged
    ├── ExpressionError               an expression that does not parse, or fails on its value
    │   └── ExpressionTooLarge        it takes or makes more than it may
    ├── ConfigurationError            a setting that cannot work
    │   ├── FolderInUse               another `wand dev` has the data folder
    │   └── PortTaken                 another process listens on the port
    ├── PluginError                   a plug-in that cannot be loaded; names the culprit
    ├── WorkerGaveUp                  a worker process ended, and `wand` with it
    ├── RunStuck                      a run in a test waits for what the test does not give
    ├── AnswerRefused                 a run in a test refuses the answer that the test gives
    ├── Refused                       the API answered with a problem that no other class stands for
    ├── RunFailed                     a run that a program waits for ended without success
    ├── WaitTimeout                   it has not ended within the time that the program waits
    ├── AgentError                    raised by an agent; says whether a retry can help
    └── InternalError                 raised and caught within Wand; no caller sees one
        ├── Exceeded                  the budget of an evaluation is used up
        ├── NotJson                   a value that JSON has no word for
        ├── Impossible                a schema rules out what an expression selects
        ├── UnusableSchema            a JSON Schema that cannot be used
        │   └── SchemaTooLarge        its check takes too many steps
        ├── UnusablePattern           a pattern that cannot be matched in linear time
        ├── CallerGone                nobody waits for a write any more
        ├── BrokenFrame               what an agent host sent is no frame
        ├── EndlessReply              a model's server sends more than any reply can take
        ├── HostUnfit                 an agent host could not begin to serve
        ├── HostEnded                 an agent host ended before its invocation did
        ├── HostedFailure             an agent failed in its host
        └── WorkflowBroke             the workflow's own code raised in a test

Each class is defined where it is raised, and here only if several places raise it. `AttemptError`, the failure of an
attempt as Temporal records it, belongs to the tree of Temporal's SDK.

`code` is stable: it stands in problem documents (RFC 9457), in events, in Temporal's application errors and in the
database. `api/http/problems.py` maps it to HTTP; `activities/core/failing.py` maps what Wand's own activities raise to
Temporal, and `activities/runner/attempt_failures.py` whatever an agent raises.
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
    @property
    def line(self) -> int | None: ...
    @property
    def column(self) -> int | None: ...


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


class InputFaults(WandError):
    """The input does not fit the graph's `input_schema`; `faults` holds every reason, with pointers into the input."""

    code = "invalid_input"
    status = 422

    def __init__(self, faults: Sequence[FaultLike]) -> None:
        told = "; ".join(f"{fault.pointer}: {fault.message}".removeprefix(": ") for fault in faults[:3])
        super().__init__(f"the input does not fit the graph's `input_schema`: {told}")
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
    """A service that Wand needs does not answer; `fields["missing"]` names it."""

    code = "unavailable"
    status = 503

    def __init__(self, missing: str, message: str) -> None:
        super().__init__(message, missing=missing)


class ConfigurationError(WandError):
    code = "configuration"


class PluginError(WandError):
    code = "plugin"


class InternalError(WandError):
    """Raised and caught within Wand, so that no caller sees it; one that gets out is a fault of Wand's own."""


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
