"""agent.analyze on tables, JSON and prose as they come."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wand_orchestrator import AgentError
from wand_orchestrator.activities.agents.analyze.analyze import MAX_INSIGHTS, AnalyzeInput, AnalyzeOutput, analyze
from wand_orchestrator.activities.agents.analyze.column_choice import ColumnChoice
from wand_orchestrator.activities.runner.values import write_output
from wand_orchestrator.testing import RecordingContext


def analyzed(text: str | None = None, data: Any = None, **selection: Any) -> AnalyzeOutput:
    output = analyze(params=ColumnChoice(**selection), input=AnalyzeInput(text=text, data=data), ctx=RecordingContext())
    assert isinstance(output, AnalyzeOutput)
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
    "with integers that a float holds": (
        "a,b\n100000000000000000000,1\n1,2\n",
        {"a": "number", "b": "integer"},
        [1e20, 1.0],
    ),
    "with integers that no number holds": (
        "a,b\n99999999999999999999,1\n99999999999999999998,2\n",
        {"a": "text", "b": "integer"},
        [1, 2],
    ),
    "with versions": ("v,b\n1.2.3,1\n1.9.0,2\n", {"v": "text", "b": "integer"}, [1, 2]),
    "with versions of two digits": ("v,b\n24.04.1,1\n24.10.2,2\n", {"v": "text", "b": "integer"}, [1, 2]),
    "with leading zeros": ("zip,b\n00501,1\n10001,2\n", {"zip": "text", "b": "integer"}, [1, 2]),
    "with leading zeros before a point": ("c,b\n007.10,1\n1.5,2\n", {"c": "text", "b": "integer"}, [1, 2]),
    "with codes among numbers": ("c,b\n1E2,1\n100,2\n", {"c": "text", "b": "integer"}, [1, 2]),
    "with powers of ten": ("c,b\n1e2,1\n2.5e-3,2\n", {"c": "number", "b": "integer"}, [100.0, 0.0025]),
    "with a long field": (f'a,b\n{"x" * 140_000},1\n"{"y" * 140_000}",2\n', {"a": "text", "b": "integer"}, [1, 2]),
    "with a nameless column": (
        ",column_0,a,a\n1,2,3,4\n",
        dict.fromkeys(("column_0_2", "column_0", "a", "a_2"), "integer"),
        [1],
    ),
    "with inches": ('size,b\n5" pipe,1\n6",2\n', {"size": "text", "b": "integer"}, [1, 2]),
    "with points for thousands": ("a;b\n1.234;1,5\n12;2\n", {"a": "number", "b": "number"}, [1234, 12]),
    "with points and commas in one column": ("a;b\n1.234;x\n1,5;y\n", {"a": "number", "b": "text"}, [1234, 1.5]),
    "with points for decimals": ("a;b\n1.23;1,5\n12;2\n", {"a": "number", "b": "number"}, [1.23, 12]),
    "with points alone between semicolons": ("a;b\n1.234;1\n12;2\n", {"a": "number", "b": "integer"}, [1.234, 12]),
    "with commas for thousands": ('a,b\n"1,234",1\n"12",2\n', {"a": "number", "b": "integer"}, [1234, 12]),
    "with years for a header": (
        "country,2019,2020\nDE,5,6\nFR,7,9\n",
        {"country": "text", "2019": "integer", "2020": "integer"},
        [5, 7],
    ),
    "with years alone for a header": ("2019,2020\n5,6\n7,9\n", {"2019": "integer", "2020": "integer"}, [5, 7]),
    "with days for a header": (
        "shop,2024-01-01,2024-01-02\na,5,6\n",
        {"shop": "text", "2024-01-01": "integer", "2024-01-02": "integer"},
        [5],
    ),
    "of years without a header": (
        "DE,2019\nFR,2020\nIT,2021\n",
        {"column_0": "text", "column_1": "integer"},
        [2019, 2020, 2021],
    ),
    "of days without a header": (
        "2024-01-01,x\n2024-01-02,y\n",
        {"column_0": "date", "column_1": "text"},
        [{"x": "2024-01-01", "y": 1}, {"x": "2024-01-02", "y": 1}],
    ),
    "with half a surrogate pair": ("a,b\n\ud800,1\n\udfff,2\n", {"a": "text", "b": "integer"}, [1, 2]),
    "with mixed line ends": ("a,b\r\n1,2\r3,4\n", {"a": "integer", "b": "integer"}, [1, 3]),
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
    "half a surrogate pair": (r'[{"a": 1, "\ud800": "\udc00\ud83d\ude00"}]', [1]),
    "lines with a separator of lines": ('{"a": 1, "b": "x\u2028y\x85"}\n{"a": 2}\n', [1, 2]),
    "long identifiers": ("[10000000000000000001, 10000000000000000002]", []),
    "numbers of 5,000 digits": (f'[{{"a": {"9" * 5000}, "b": 1}}]', [1]),
    "lists 400 deep": ('[{"a": 1, "b": ' + "[" * 400 + "]" * 400 + "}]", [1]),
    "an object": ('{"a": 1, "b": "x", "c": true}', [{"x": "a", "y": 1}]),
    "booleans": ("[true, false]", []),
    "empty records": ("[{}, {}]", []),
}


@pytest.mark.parametrize("name", JSON)
def test_json_as_text_and_as_data(name: str) -> None:
    text, insights = JSON[name]

    assert (analyzed(text).kind, analyzed(text).insights) == ("json", insights)
    if "\n" not in text and "NaN" not in text and len(text) < 4000:
        assert analyzed(data=json.loads(text)) == analyzed(text)


def test_numbers_that_no_float_holds_are_no_numbers() -> None:
    assert analyzed(data=[10**400, 1]).insights == []


REFUSED: dict[str, tuple[str | None, Any, dict[str, str], str]] = {
    "nothing": (None, None, {}, "empty_input"),
    "white space": ("\ufeff \n", None, {}, "empty_input"),
    "both": ("a", 1, {}, "invalid_input"),
    "broken JSON": ('{"a": 1,}', None, {}, "invalid_json"),
    "JSON of five thousand digits that breaks off": ('{"a": ' + "9" * 5000 + ",}", None, {}, "invalid_json"),
    "a quote that is not closed": ("a,b\n" + "1,2\n" * 300 + '"x,1\n2,3\n4,5\n', None, {}, "invalid_csv"),
    "wide and long": (
        ",".join("ab" * 900) + "\n" + (",".join("ab" * 900) + "\n") * 200 + "1,2\n" * 10_000,
        None,
        {},
        "table_too_large",
    ),
    "an object for each of many keys": (None, [{f"k{i % 2000}": 1} for i in range(10_000)], {}, "table_too_large"),
    "a sum that no number holds": ("x,y\na,1e308\na,1e308\n", None, {"x": "x", "y": "y", "aggregate": "sum"}, "series"),
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


DATES = {
    "12/30/24": "2024-12-30",
    "30/12/68": "2068-12-30",
    "30/12/69": "1969-12-30",
    "30.12.24": "2024-12-30",
    "1.2.2024": "2024-02-01",
    "12/30/24 10:05": "2024-12-30T10:05:00",
    "2024-01-02T03:04:05+02:00": "2024-01-02T01:04:05+00:00",
}


@pytest.mark.parametrize("text", DATES)
def test_dates_have_the_year_that_a_reader_would_say(text: str) -> None:
    assert analyzed(f"d,v\n{text},1\n").summary["dates"]["d"]["first"] == DATES[text]


@pytest.mark.parametrize("text", ["1.2.3", "0.0.0", "0000-01-01", "0001-01-01T00:00:00+05:00", "1/2/3", "2024-13-01"])
def test_what_is_no_date_stays_text(text: str) -> None:
    assert analyzed(f"d,v\n{text},1\n").summary["types"]["d"] == "text"


def test_identifiers_stay_apart() -> None:
    text = "id,v\n" + "".join(f"{id},1\n" for id in ("99999999999999999998", "99999999999999999999", "0099"))
    assert [point["x"] for point in analyzed(text, x="id").model_dump()["insights"]] == [
        "0099",
        "99999999999999999998",
        "99999999999999999999",
    ]


def test_means_of_the_largest_numbers_are_numbers() -> None:
    numeric = analyzed("v\n1e308\n1.5e308\n1e308\n").summary["numeric"]["v"]
    assert numeric["mean"] == pytest.approx(1e308 * (3.5 / 3))
    assert numeric["q3"] == pytest.approx(1.25e308)


def test_labels_and_terms_are_bounded() -> None:
    points = analyzed(data=[{"a": "x" * 1_000_000}, {"a": "y"}]).model_dump()["insights"]
    assert [len(point["x"]) for point in points] == [200, 1]
    assert analyzed("word " * 3 + "z" * 1_000_000).summary["terms"] == {"word": 3}


ANYTHING = st.text(
    alphabet=st.one_of(st.sampled_from(list(',;\t|\n\r"0123456789.-+eE/:[]{}nulltrue \ud800\u2028')), st.characters()),
    max_size=200,
)
SELECTIONS = st.sampled_from(
    [{}, {"x": "a"}, {"x": "column_0", "aggregate": "count"}, {"x": "a", "y": "b", "by": "year"}]
)
CODES = {
    "empty_input",
    "invalid_input",
    "invalid_json",
    "invalid_csv",
    "too_many_columns",
    "table_too_large",
    "not_a_table",
    "unknown_column",
    "series",
}


def documented(text: str | None, data: Any, selection: dict[str, str]) -> None:
    try:
        output = analyze(
            params=ColumnChoice(**selection), input=AnalyzeInput(text=text, data=data), ctx=RecordingContext()
        )
    except AgentError as error:
        if error.code not in CODES or error.retryable:
            raise
    else:
        write_output(analyze, output, 10**9)


@settings(deadline=None, max_examples=400)
@given(ANYTHING, SELECTIONS)
def test_any_text_is_analyzed_or_refused_with_a_code_of_the_table(text: str, selection: dict[str, str]) -> None:
    documented(text, None, selection)
    documented("a,b\n" + text, None, selection)


@settings(deadline=None, max_examples=200)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | ANYTHING,
        lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(["a", "b", "c"]), inner),
        max_leaves=20,
    ),
    SELECTIONS,
)
def test_any_data_is_analyzed_or_refused_with_a_code_of_the_table(data: Any, selection: dict[str, str]) -> None:
    documented(None, data, selection)
    documented(None, [{"a": data}, {"a": 1, "b": data}], selection)
