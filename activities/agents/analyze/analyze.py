"""Implements the agent `agent.analyze`: figures of a table, of JSON or of prose.

It is a plain function and so runs in a thread: reading and counting megabytes would hold up the event loop. What needs
polars is imported when it is first needed, since a worker can do without.
"""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, Field

from wand_orchestrator import AgentContext, AgentError, agent
from wand_orchestrator.activities.agents.analyze import delimited, prose
from wand_orchestrator.activities.agents.analyze.column_choice import ColumnChoice
from wand_orchestrator.activities.agents.analyze.json_reading import (
    NOT_JSON,
    read_json,
    whole_characters,
    without_halves,
)
from wand_orchestrator.activities.extras import needs_extra
from wand_orchestrator.activities.points import Insights

if TYPE_CHECKING:
    import polars as pl

MAX_INSIGHTS = 2000
"""Numbers or points that are given; of more, so many are taken at even distances."""


class AnalyzeInput(BaseModel):
    text: str | None = Field(default=None, description="JSON, JSON Lines, CSV, a web page or prose.")
    data: Any = Field(default=None, description="A JSON value; a text is taken as `text` is.")


class AnalyzeOutput(BaseModel):
    kind: Annotated[Literal["csv", "json", "prose"], Field(description="What the input was recognised as.")]
    insights: Annotated[Insights, Field(description="Numbers or points, ready for agent.chart.")]
    summary: Annotated[dict[str, Any], Field(description="Figures by name.")]


@agent("agent.analyze", local=True)
def analyze(params: ColumnChoice, input: AnalyzeInput, ctx: AgentContext) -> AnalyzeOutput:
    """Recognises JSON, CSV and prose and returns figures: statistics of columns, a series of a
    table, frequent terms.
    """
    output = _analyzed(_given(input), params)
    total = len(output.insights)
    if total > MAX_INSIGHTS:
        ctx.log(f"{MAX_INSIGHTS} of {total} values are given", level="warning")
        output.summary["insights"] = {"given": MAX_INSIGHTS, "of": total}
        output.insights = _thinned(output.insights)
    return output


def _given(input: AnalyzeInput) -> Any:
    """Return what is to be analyzed. Raises AgentError `empty_input` or `invalid_input`."""
    if input.text is not None and input.data is not None:
        raise AgentError("give text or data, not both", code="invalid_input", retryable=False)
    given = without_halves(input.data) if input.text is None else input.text
    if given is None or given in ("", [], {}) or (isinstance(given, str) and not given.strip("\ufeff \t\r\n")):
        raise AgentError("there is nothing to analyze: text and data are empty", code="empty_input", retryable=False)
    return given


def _analyzed(given: Any, selection: ColumnChoice) -> AnalyzeOutput:
    if not isinstance(given, str):
        return _of_json(given, selection)
    text = _with_line_feeds(whole_characters(given).removeprefix("\ufeff"))
    value = read_json(text)
    if value is not NOT_JSON:
        return _of_json(value, selection)
    dialect = delimited.recognise(text)
    if dialect is None:
        return _of_prose(text, selection)
    with needs_extra("analyze"):
        from wand_orchestrator.activities.agents.analyze.table_reading import read_csv
    return _of_table("csv", read_csv(text, dialect), selection)


def _with_line_feeds(text: str) -> str:
    """Return the text with line feeds: some spreadsheets still end lines with a carriage return alone."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def _of_json(value: Any, selection: ColumnChoice) -> AnalyzeOutput:
    with needs_extra("analyze"):
        from wand_orchestrator.activities.agents.analyze import json_figures
    table = json_figures.table_in(value)
    if table is not None:
        return _of_table("json", table, selection)
    _only_for_tables(selection, "JSON without a list of objects")
    insights, summary = json_figures.describe(value)
    return AnalyzeOutput(kind="json", insights=insights, summary=summary)


def _of_table(kind: Literal["csv", "json"], table: "pl.DataFrame", selection: ColumnChoice) -> AnalyzeOutput:
    from wand_orchestrator.activities.agents.analyze.series import series_of
    from wand_orchestrator.activities.agents.analyze.table_reading import describe

    return AnalyzeOutput(kind=kind, insights=series_of(table, selection), summary=describe(table))


def _of_prose(text: str, selection: ColumnChoice) -> AnalyzeOutput:
    _only_for_tables(selection, "prose")
    summary = prose.describe(text)
    return AnalyzeOutput(kind="prose", insights=[*prose.points_of_terms(summary["terms"])], summary=summary)


def _only_for_tables(selection: ColumnChoice, found: str) -> None:
    if not selection.is_empty:
        raise AgentError(
            f"x, y, aggregate and by choose a series of a table, and the input is {found}",
            code="not_a_table",
            retryable=False,
        )


def _thinned(insights: Insights) -> Insights:
    """Return the first, the last, and as many points between them as fit."""
    step = (len(insights) - 1) / (MAX_INSIGHTS - 1)
    return [insights[round(index * step)] for index in range(MAX_INSIGHTS)]
