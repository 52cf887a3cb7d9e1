"""The base of the messages between workflows, workers and the API."""

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """A message: immutable, and tolerant of fields that a newer peer adds."""

    model_config = ConfigDict(frozen=True)
