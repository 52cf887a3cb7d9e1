"""YAML as what JSON can say: what is read, and what is refused with its line."""

import json
import re
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from tests.cpu_time import cpu_loops
from wand_orchestrator.errors import BadRequest
from wand_orchestrator.graphs.yaml_text import parse_yaml

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"])),
    lambda part: st.lists(part, max_size=4) | st.dictionaries(st.text("abon:1 -#", max_size=4), part, max_size=4),
    max_leaves=20,
)


Writer: Any = type("Writer", (yaml.SafeDumper,), {})
"""Writes for readers of YAML 1.2: also quotes texts such as `0E0` and `09`, which are numbers there only."""

Writer.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+"),
    list("-+.0123456789"),
)


@given(JSON)
@example("0E0")
@example({"09": "1e5"})
def test_what_a_writer_of_yaml_makes_of_a_value_comes_back_as_it_was(value: object) -> None:
    assert parse_yaml(yaml.dump(value, Dumper=Writer, allow_unicode=True)) == value


@given(JSON)
def test_json_is_yaml(value: object) -> None:
    assert parse_yaml(json.dumps(value, indent=1, ensure_ascii=False)) == value


def test_words_that_older_yaml_takes_for_truth_stay_text() -> None:
    text = "on: off\nyes: No\nday: 2026-01-01\nday time: 12:30:00\nnumber: 1_000\n"
    assert parse_yaml(text) == {
        "on": "off",
        "yes": "No",
        "day": "2026-01-01",
        "day time": "12:30:00",
        "number": "1_000",
    }


def test_numbers_null_and_truth_are_those_of_the_core_schema() -> None:
    text = "[1, -2, +3, 0x1f, 0o17, 1.5, .5, 1e3, null, ~, , true, False, 'true', \"1\"]"
    assert parse_yaml(text.replace(", ,", ",")) == [
        1,
        -2,
        3,
        31,
        15,
        1.5,
        0.5,
        1000.0,
        None,
        None,
        True,
        False,
        "true",
        "1",
    ]


def test_blocks_of_text_keep_their_lines() -> None:
    assert parse_yaml("text: |\n  a\n  b: 1\n") == {"text": "a\nb: 1\n"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("a: [1", "line 2"),
        ("a: 1\nb: &x 2\n", "anchors and aliases.* line 2"),
        ("a: *x", "anchors and aliases"),
        ("a: !!python/object:os.system 1", "tag"),
        ("a: !!binary aGk=", "tag"),
        ("1: a", "key has to be text, and 1 is not.* line 1"),
        ("true: a", "key has to be text"),
        ("? [a]\n: b", "key has to be text"),
        ("a: .inf", "JSON has no number"),
        ("a: .NaN", "JSON has no number"),
        ("a: 1e999", "JSON has no number"),
        ("a: " + "9" * 5000, "too many digits"),
        ("--- 1\n--- 2\n", "second document.* line 2"),
        ("[" * 101 + "]" * 101, "nested more than 100"),
        ("a: \x01", "not YAML"),
        ("\t- a", "line 1"),
    ],
)
def test_what_json_cannot_say_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(BadRequest, match=said) as caught:
        parse_yaml(text)
    assert caught.value.code == "malformed_yaml"


def test_every_key_that_stands_twice_is_told_with_its_lines() -> None:
    with pytest.raises(BadRequest) as caught:
        parse_yaml("a: 1\nb:\n  c: 1\n  c: 2\na: 2\n")
    assert "'c' stands at lines 3 and 4" in caught.value.message
    assert "'a' stands at lines 1 and 5" in caught.value.message


def test_a_bomb_of_aliases_is_refused_before_it_grows() -> None:
    lines = ["a0: &a0 [x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]

    def read() -> None:
        with pytest.raises(BadRequest, match="anchors and aliases"):
            parse_yaml("\n".join(lines))

    assert cpu_loops(read) < 50


@pytest.mark.parametrize("expression", ["rows[*].{name: id}", "{name: id}.{x: name}", "*.{x: id}"])
def test_an_expression_without_quotes_is_answered_with_what_to_do(expression: str) -> None:
    with pytest.raises(BadRequest, match="needs quotes around it"):
        parse_yaml(f"nodes: [{{params: {{expression: {expression}}}}}]")
