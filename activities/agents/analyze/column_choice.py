"""The params of agent.analyze that choose a series of a table."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

Aggregate = Literal["mean", "sum", "min", "max", "count"]
Period = Literal["day", "month", "year"]


class ColumnChoice(BaseModel):
    """Chooses a series; without any of the fields, the values of the first numeric column."""

    model_config = ConfigDict(extra="forbid")

    x: str | None = Field(default=None, description="Column along the x axis; alone, its values are counted.")
    y: str | None = Field(default=None, description="Numeric column; alone, its values in the order of the rows.")
    aggregate: Aggregate | None = Field(
        default=None, description="What the rows of one x come to; `mean` where `by` is given without it."
    )
    by: Period | None = Field(default=None, description="Period that the dates in x are gathered in.")

    @property
    def is_empty(self) -> bool:
        return not any((self.x, self.y, self.aggregate, self.by))
