"""Defines what all answers have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from wand_orchestrator.contract.state import NodeStatus, RunStatus

RunStatusText = Annotated[RunStatus | str, Field(union_mode="left_to_right")]
NodeStatusText = Annotated[NodeStatus | str, Field(union_mode="left_to_right")]


class Answer(BaseModel):
    """An answer of the API. A client can read the answers of a newer server: a field that it does not know is kept, and
    a status that it does not know stays text.
    """

    model_config = ConfigDict(frozen=True, extra="allow", populate_by_name=True)
