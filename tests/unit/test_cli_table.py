"""Tables and other text for people."""

from io import StringIO

import pytest
from rich.console import Console

from wand_orchestrator.cli.display.output import print_json
from wand_orchestrator.cli.display.shown_times import span
from wand_orchestrator.cli.display.table import print_table

ID = "r_" + "0" * 32
NAMES = ("run", "name", "status")
ROWS = [(ID, "a name of several words", "succeeded"), (ID, "short", "failed")]


def table(width: int) -> list[str]:
    out = StringIO()
    print_table(NAMES, ROWS, whole=("run",), on=Console(file=out, width=width))
    return out.getvalue().splitlines()


def test_where_there_is_room_a_row_is_a_line_without_blanks_at_its_end() -> None:
    assert table(200) == [
        f"run{' ' * 33}name                     status",
        f"{ID}  a name of several words  succeeded",
        f"{ID}  short                    failed",
    ]


def test_where_there_is_less_words_are_folded_and_ids_are_not() -> None:
    lines = table(60)
    assert len(lines) > 3
    assert sum(ID in line for line in lines) == 2
    assert all(len(line) <= 60 for line in lines)
    words = " ".join(lines).split()
    assert set(["a", "name", "of", "several", "words", "succeeded", "short", "failed"]) <= set(words)


def test_where_there_is_none_a_row_is_a_block_of_lines() -> None:
    assert table(30)[:4] == [f"run: {ID}", "name: a name of several words", "status: succeeded", ""]


def test_control_characters_are_shown() -> None:
    out = StringIO()
    print_table(("what",), [("\x1b[2Jgone\r\n\x9b\u202e",)], on=Console(file=out, width=80, force_terminal=True))
    assert "\\x1b[2Jgone\\r\\n\\x9b\\u202e" in out.getvalue()


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-1, "0 ms"), (0.73, "730 ms"), (12, "12.0 s"), (185, "3m05s"), (9000, "2h30m"), (350_000, "4d01h")],
)
def test_a_span_of_time_has_two_units_at_most(seconds: float, text: str) -> None:
    assert span(seconds) == text


def test_json_keeps_order_values_and_characters(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"z": "ü\x1b", "a": [1.0, None]}, indent=None)
    assert capsys.readouterr().out == '{"z": "ü\\u001b", "a": [1.0, null]}\n'


def test_json_that_the_terminal_cannot_show_is_escaped(capsys: pytest.CaptureFixture[str]) -> None:
    print_json("\ud800")
    assert capsys.readouterr().out == '"\\ud800"\n'
