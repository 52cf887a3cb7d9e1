"""`chart.render`: real images by Vega-Lite of each kind, and nothing from outside."""

import asyncio
import json
import re
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wand_orchestrator import AgentError
from wand_orchestrator.activities.tools.chart_render.chart_render import Drawing, _full_spec, chart_render
from wand_orchestrator.activities.tools.chart_render.chart_spec import ChartSpec, VegaLiteSpec

POINTS = [{"x": f"2026-01-{day:02d}", "y": day} for day in (1, 2, 3)]


async def drawn(series: list[Any], spec: dict[str, Any], format: str = "svg") -> Drawing:
    wanted = ChartSpec(**spec) if "kind" in spec else VegaLiteSpec(spec)
    drawing: Drawing = await chart_render.function(series=series, spec=wanted, format=format)
    return drawing


def marks(image: bytes, role: str) -> int:
    ElementTree.fromstring(image)
    return len(re.findall(rf'aria-roledescription="{role}"', image.decode()))


@pytest.mark.parametrize(
    ("kind", "role", "series"),
    [
        ("line", "line mark", POINTS),
        ("bar", "bar", [4, 5, None, 6]),
        ("area", "area mark", [{"x": 1, "y": 2}, {"x": 2, "y": 3}, {"x": 5, "y": 1}]),
        ("scatter", "point", [{"x": "a", "y": 2}, {"x": "b", "y": 3}, {"x": "a", "y": 1}]),
    ],
)
async def test_every_kind_is_drawn_with_its_titles(kind: str, role: str, series: list[Any]) -> None:
    drawing = await drawn(series, {"kind": kind, "title": "The <title> & more", "x": "across", "y": "up"})

    assert (drawing.points, drawing.media_type) == (3, "image/svg+xml")
    assert marks(drawing.image, role) >= (1 if "mark" in role else 3)
    texts = "".join(ElementTree.fromstring(drawing.image).itertext())
    assert all(text in texts for text in ("The <title> & more", "across", "up"))


async def test_a_png_is_one() -> None:
    drawing = await drawn([1, 2], {"kind": "line", "width": 100, "height": 50}, "png")

    assert drawing.media_type == "image/png"
    assert drawing.image.startswith(b"\x89PNG\r\n\x1a\n")


async def test_a_full_spec_is_given_the_series_or_brings_its_own_data() -> None:
    spec = {"mark": "bar", "encoding": {"x": {"field": "x"}, "y": {"field": "y", "type": "quantitative"}}}

    assert marks((await drawn([3, 4, 5], spec)).image, "bar") == 3
    own = await drawn([3], {**spec, "data": {"values": [{"x": "a", "y": 1, "url": "a field of this name"}]}})
    assert (marks(own.image, "bar"), own.points) == (1, 0)


async def test_characters_that_no_svg_has_are_left_out() -> None:
    mark = "\x0b\ufffe\uffff\0\x1b"
    named = [{"x": f"le{mark}ft", "y": 1}]
    drawing = await drawn(named, {"kind": "bar", "title": f"ti{mark}tle", "x": f"acr{mark}oss"})
    texts = "".join(ElementTree.fromstring(drawing.image).itertext())
    assert all(text in texts for text in ("left", "title", "across"))

    own = {"mark": "bar", "encoding": {"x": {"field": "a"}}, "data": {"values": [{"a": f"le{mark}ft"}]}}
    assert "left" in "".join(ElementTree.fromstring((await drawn([], own)).image).itertext())


async def test_integers_over_64_bits_are_drawn() -> None:
    assert (await drawn([2**64, -(2**64), 2**200], {"kind": "line"})).points == 3
    assert (await drawn([{"x": 2**64, "y": 1}, {"x": 2**65, "y": 2}], {"kind": "scatter"})).points == 2
    own = {"mark": "point", "encoding": {"y": {"field": "a", "type": "quantitative"}}}
    assert marks((await drawn([], {**own, "data": {"values": [{"a": 2**64}]}})).image, "point") == 1


FLOORLESS: dict[str, Any] = {"mark": "bar"}
for _ in range(3000):
    FLOORLESS = {"layer": [FLOORLESS]}

REFUSED: dict[str, tuple[list[Any], dict[str, Any], str]] = {
    "data from an address": ([1], {"mark": "bar", "data": {"url": "http://127.0.0.1/x.csv"}}, "remote_data"),
    "data from a file": ([1], {"mark": "bar", "data": {"url": "file:///etc/passwd"}}, "remote_data"),
    "an image": ([1], {"layer": [{"mark": {"type": "image", "url": "http://127.0.0.1/x"}}]}, "remote_data"),
    "an image whose address is data": ([1], {"mark": "image", "encoding": {"url": {"field": "y"}}}, "remote_data"),
    "data looked up": (
        [1],
        {"mark": "bar", "transform": [{"lookup": "x", "from": {"data": {"url": "x.csv"}, "key": "k"}}]},
        "remote_data",
    ),
    "no Vega-Lite": ([1], {"mark": "bars"}, "invalid_spec"),
    "no points": ([None], {"kind": "line"}, "invalid_series"),
    "numbers among points": ([1, {"x": 1, "y": 1}], {"kind": "line"}, "invalid_series"),
    "too many": ([1] * 20_001, {"kind": "line"}, "invalid_series"),
    "a spec without a floor": ([1], FLOORLESS, "invalid_spec"),
    "a number that no float holds in a spec": ([1], {"mark": "bar", "width": 10**400}, "invalid_spec"),
    "a place that no picture holds": ([{"x": 10**400, "y": 1}], {"kind": "line"}, "invalid_series"),
    "a number that no picture holds": ([10**400], {"kind": "line"}, "invalid_series"),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_what_cannot_be_drawn_is_refused_for_good(name: str) -> None:
    series, spec, code = REFUSED[name]

    with pytest.raises(AgentError) as caught:
        await drawn(series, spec)

    assert (caught.value.code, caught.value.retryable) == (code, False)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
CODES = {"invalid_series", "invalid_spec", "remote_data", "too_complex"}


@settings(deadline=None, max_examples=100)
@given(
    spec=st.dictionaries(st.sampled_from(["mark", "layer", "encoding", "data", "width", "title"]), VALUES, min_size=1),
    series=st.lists(
        st.floats() | st.integers() | st.fixed_dictionaries({"x": st.text(), "y": st.floats()}), max_size=4
    ),
)
async def test_any_spec_and_series_are_drawn_or_refused_with_a_code_of_the_table(
    spec: dict[str, Any], series: list[Any]
) -> None:
    try:
        full, _ = await asyncio.to_thread(_full_spec, series, VegaLiteSpec(spec))
        json.dumps(full, allow_nan=False).encode()
    except AgentError as error:
        if error.code not in CODES or error.retryable:
            raise
