"""Defines what the API accepts and returns of links."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from wand_orchestrator.api.http.moments import Moment

DAY_SEC = 86_400


class LinkRequest(BaseModel):
    """A link to create: how long it can be used, and who is given it."""

    model_config = ConfigDict(extra="forbid")

    expires_in_sec: int = Field(default=7 * DAY_SEC, ge=1, le=366 * DAY_SEC, description="How long it can be used.")
    by: str | None = Field(
        default=None, max_length=500, description="Who answers with it; it stands in the run's events, and in the link."
    )


class LinkCreated(BaseModel):
    url: str = Field(description="Answers the node, once. Whoever has it needs no API key: it is shown only here.")
    expires_at: Moment


class LinkQuestion(BaseModel):
    """The question of a link."""

    node: str
    event: str | None = Field(description="The name of the event that the answer is; null of an approval.")
    prompt: str
    answer_schema: dict[str, Any] = Field(
        validation_alias="schema", serialization_alias="schema", description="JSON Schema that the answer must fit."
    )
    expires_at: Moment

    model_config = ConfigDict(populate_by_name=True)


class LinkAnswer(BaseModel):
    """The answer to the question of a link."""

    model_config = ConfigDict(extra="forbid")

    answer: Any = Field(description="Fits the `schema`; of an event it is the data.")


class LinkAnswered(BaseModel):
    node: str
