"""agent.analyze on tables, JSON and prose as they come."""

import json
from typing import Any

import pytest

from activities.agents.analyze import MAX_INSIGHTS, Input, Output, analyze
from activities.agents.selection import Selection
from wand_orchestrator import AgentError
from wand_orchestrator.testing import RecordingContext


def analyzed(text: str | None = None, data: Any = None, **selection: Any) -> Output:
    output = analyze(params=Selection(**selection), input=Input(text=text, data=data), ctx=RecordingContext())
    assert isinstance(output, Output)
    json.dumps(output.model_dump(), allow_nan=False)
    return output


def refused(text: str | None = None, data: Any = None, **selection: Any) -> str:
    with pytest.raises(AgentError) as caught:
        analyzed(text, data, **selection)
    assert not caught.value.retryable
    return caught.value.code


SALES = "day,shop,sold\n2024-01-30,a,1\n2024-01-31,b,2\n2024-02-01,a,4\n2024-02-02,b,\n2025-02-01,a,8\n"

CSV: dict[str, tuple[str, dict[str, str], list[Any]]] = {
    "with a byte order mark": ("\ufeffa,b\n1,2\n3,4\n", {"a": "integer", "b": "integer"}, [1, 3]),
    "with decimal commas": ("a;b\n1,5;2\n3,25;4\n", {"a": "number", "b": "integer"}, [1.5, 3.25]),
    "with a line break in quotes": ('a,b\n"x\ny",1\n"z ""q""",2\n', {"a": "text", "b": "integer"}, [1, 2]),
    "with Windows line ends": ("a,b\r\n1,2\r\n3,4\r\n", {"a": "integer", "b": "integer"}, [1, 3]),
    "with carriage returns alone": ("a,b\r1,2\r3,4\r", {"a": "integer", "b": "integer"}, [1, 3]),
    "by tabs": ("a\tb\n1\t2\n3\t4", {"a": "integer", "b": "integer"}, [1, 3]),
    "of one row": ("a,b\n1,2\n", {"a": "integer", "b": "integer"}, [1]),
    "of a header": ("a,b\n", {"a": "text", "b": "text"}, []),
    "with holes": ("a,b\n,1\nNA,2\n3,\n", {"a": "integer", "b": "integer"}, [3]),
    "of numbers and texts": ("a,b\n1,x\ny,2\n", {"a": "text", "b": "text"}, [{"x": "1", "y": 1}, {"x": "y", "y": 1}]),
    "with infinities": ("a,b\n1,inf\n2,1e400\n", {"a": "integer", "b": "text"}, [1, 2]),
    "with integers over 64 bits": ("a,b\n99999999999999999999,1\n1,2\n", {"a": "number", "b": "integer"}, [1e20, 1.0]),
    "without a header": ("1,2\n3,4\n", {"column_0": "integer", "column_1": "integer"}, [1, 3]),
}


@pytest.mark.parametrize("name", CSV)
def test_csv(name: str) -> None:
    text, types, insights = CSV[name]

    output = analyzed(text)

    assert (output.kind, output.summary["types"], output.insights) == ("csv", types, insights)


def test_a_numeric_column_has_its_figures() -> None:
    assert analyzed("v\n1\n2\n3\n4\n").summary["numeric"]["v"] == {
        "count": 4,
        "mean": 2.5,
        "min": 1,
        "q1": 1.75,
        "median": 2.5,
        "q3": 3.25,
        "max": 4,
    }


SERIES: dict[str, tuple[dict[str, str], list[tuple[Any, Any]]]] = {
    "mean": ({"x": "shop", "y": "sold", "aggregate": "mean"}, [("a", 13 / 3), ("b", 2)]),
    "sum": ({"x": "shop", "y": "sold", "aggregate": "sum"}, [("a", 13), ("b", 2)]),
    "min": ({"x": "shop", "y": "sold", "aggregate": "min"}, [("a", 1), ("b", 2)]),
    "max": ({"x": "shop", "y": "sold", "aggregate": "max"}, [("a", 8), ("b", 2)]),
    "count": ({"x": "shop", "y": "sold", "aggregate": "count"}, [("a", 3), ("b", 1)]),
    "of x alone": ({"x": "shop"}, [("a", 3), ("b", 2)]),
    "by month": (
        {"x": "day", "y": "sold", "aggregate": "sum", "by": "month"},
        [("2024-01-01", 3), ("2024-02-01", 4), ("2025-02-01", 8)],
    ),
    "by year": ({"x": "day", "y": "sold", "aggregate": "max", "by": "year"}, [("2024-01-01", 4), ("2025-01-01", 8)]),
    "by day": (
        {"x": "day", "aggregate": "count", "by": "day"},
        [("2024-01-30", 1), ("2024-01-31", 1), ("2024-02-01", 1), ("2024-02-02", 1), ("2025-02-01", 1)],
    ),
    "of points": (
        {"x": "day", "y": "sold"},
        [("2024-01-30", 1), ("2024-01-31", 2), ("2024-02-01", 4), ("2025-02-01", 8)],
    ),
}


@pytest.mark.parametrize("name", SERIES)
def test_a_series_of_a_table(name: str) -> None:
    selection, points = SERIES[name]

    assert analyzed(SALES, **selection).insights == [{"x": x, "y": pytest.approx(y)} for x, y in points]


JSON: dict[str, tuple[str, list[Any]]] = {
    "records": ('[{"a": 1, "b": "x"}, {"a": 2.5}, {"c": [1]}]', [1, 2.5]),
    "lines": ('{"a": 1}\n{"a": 2}\n', [1, 2]),
    "columns": ('{"a": [1, 2], "b": [3, 4]}', [1, 2]),
    "records in an answer": ('{"next": null, "rows": [{"a": 1}]}', [1]),
    "numbers": ("[1, 2, null, NaN]", [1, 2]),
    "an object": ('{"a": 1, "b": "x", "c": true}', [{"x": "a", "y": 1}]),
    "booleans": ("[true, false]", []),
    "empty records": ("[{}, {}]", []),
}


@pytest.mark.parametrize("name", JSON)
def test_json_as_text_and_as_data(name: str) -> None:
    text, insights = JSON[name]

    assert (analyzed(text).kind, analyzed(text).insights) == ("json", insights)
    if "\n" not in text and "NaN" not in text:
        assert analyzed(data=json.loads(text)) == analyzed(text)


def test_numbers_that_no_float_holds_are_no_numbers() -> None:
    assert analyzed(data=[10**400, 1]).insights == []


REFUSED: dict[str, tuple[str | None, Any, dict[str, str], str]] = {
    "nothing": (None, None, {}, "empty_input"),
    "white space": ("\ufeff \n", None, {}, "empty_input"),
    "both": ("a", 1, {}, "invalid_input"),
    "broken JSON": ('{"a": 1,}', None, {}, "invalid_json"),
    "JSON without a floor": ("[" * 10_000 + "]" * 10_000, None, {}, "invalid_json"),
    "a row that is too long": ("a,b\n1,2,3\n2,3\n4,5\n6,7\n8,9\n", None, {}, "invalid_csv"),
    "too many columns": (",".join(f"c{i}" for i in range(3000)) + "\n", None, {}, "too_many_columns"),
    "a column that is not there": (SALES, None, {"x": "shops"}, "unknown_column"),
    "a mean of texts": (SALES, None, {"x": "day", "y": "shop", "aggregate": "mean"}, "series"),
    "months of texts": (SALES, None, {"x": "shop", "y": "sold", "by": "month"}, "series"),
    "an aggregate of nothing": (SALES, None, {"aggregate": "sum"}, "series"),
    "a series of prose": ("Once upon a time. The end.", None, {"x": "a"}, "not_a_table"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_analyzed_is_refused_for_good(name: str) -> None:
    text, data, selection, code = REFUSED[name]

    assert refused(text, data, **selection) == code


def test_a_column_that_is_not_there_brings_near_ones() -> None:
    with pytest.raises(AgentError, match="did you mean 'shop'"):
        analyzed(SALES, x="shops")


def test_of_a_long_column_a_bounded_number_is_given_evenly_and_said() -> None:
    output = analyzed("v\n" + "\n".join(map(str, range(100_000))))

    assert len(output.insights) == MAX_INSIGHTS
    assert (output.insights[0], output.insights[-1]) == (0, 99_999)
    assert output.summary["insights"] == {"given": MAX_INSIGHTS, "of": 100_000}
