"""Why an update is refused."""

from typing import NamedTuple

WRONG_STATE = "wrong_state"
UNKNOWN_NODE = "unknown_node"
ANSWER_INVALID = "answer_invalid"


class Refusal(NamedTuple):
    """`code` becomes the type of the application error that the caller of the update gets."""

    code: str
    message: str
