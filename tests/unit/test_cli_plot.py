"""The drawing in the terminal."""

from hypothesis import given
from hypothesis import strategies as st

from wand_orchestrator.cli.display.plot import plot

FINITE = st.floats(min_value=-1e9, max_value=1e9)


def rows(text: str) -> list[str]:
    return [line.partition("│")[2] for line in text.splitlines()]


def test_a_rising_line_goes_from_the_lower_left_to_the_upper_right() -> None:
    drawn = rows(plot([0, 1], width=4, height=4))
    assert [[column for column, cell in enumerate(row) if cell != "\u2800"] for row in drawn] == [[3], [2], [1], [0]]


def test_the_range_stands_at_the_left() -> None:
    first, *_, last = plot([6.106, 28.09, 7], height=5).splitlines()
    assert first.startswith("28.09 │")
    assert last.startswith("6.106 │")


@given(st.lists(FINITE, min_size=1, max_size=300), st.integers(1, 80), st.integers(2, 20))
def test_any_values_fill_the_size_that_was_asked_for(values: list[float], width: int, height: int) -> None:
    drawn = rows(plot(values, width=width, height=height))
    assert [len(row) for row in drawn] == [width] * height
    assert any(cell != "\u2800" for row in drawn for cell in row)
