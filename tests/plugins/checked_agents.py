"""Agents for tests of graph validation: one for each thing that a schema may say."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema

from wand_orchestrator import agent


class Page(BaseModel):
    title: str
    words: int


class Found(BaseModel):
    """`total` and `pages` are always there; `note` may be null, `extra` may hold anything."""

    total: int
    pages: list[Page]
    note: str | None = None
    extra: dict[str, Any] = Field(default_factory=dict)


class Search(BaseModel):
    model_config = ConfigDict(extra="forbid")

    query: str
    limit: int = Field(default=10, ge=1, le=100)
    order: str | None = None


@agent("check.search")
def search(params: Search) -> Found:
    """Closed params, no input, a structured output."""
    return Found(total=0, pages=[])


class Table(BaseModel):
    rows: list[Any]
    caption: str = ""
    width: int | None = None


@agent("check.table")
def table(input: Table) -> dict[str, Any]:
    """No params, a required input, an output of which nothing is known."""
    return {"rows": input.rows}


class Loose(BaseModel):
    name: str = ""


@agent("check.loose")
def loose(params: Loose, input: dict[str, Any]) -> dict[str, Any]:
    """Params whose schema is silent about further keys; takes any input."""
    return {"name": params.name, **input}


@agent("check.nothing")
def nothing() -> None:
    """Takes nothing and gives nothing."""


@agent("check.broken")
def broken(params: Annotated[dict[str, Any], WithJsonSchema({"type": "object", "required": 5})]) -> None:
    """Its author wrote a schema that is none."""
