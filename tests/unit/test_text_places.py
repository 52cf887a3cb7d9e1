"""The places of a document's parts in its text."""

import json

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from wand_orchestrator.graphs.text_places import places_in

JSON = """{
  "name": "g",
  "nodes": [{"id": "é😀"},
    {"id": "b", "pa\\u0072ams": {
      "x/y": 1}}]}"""
YAML = """# a comment
name: é😀
nodes:
- id: a
- id: b
  params: {x/y: 1}
"""
POINTERS = ("", "/name", "/nodes/1", "/nodes/1/params/x~1y", "/nodes/1/params/missing", "/nodes/7", "/none")


@pytest.mark.parametrize(
    ("text", "is_yaml", "places"),
    [
        (JSON, False, [(1, 1), (2, 3), (4, 5), (5, 7), (4, 17), (3, 3), (1, 1)]),
        (YAML, True, [(2, 1), (2, 1), (5, 3), (6, 12), (6, 3), (3, 1), (2, 1)]),
    ],
)
def test_a_part_has_the_place_of_its_key_and_a_missing_one_that_of_what_it_would_be_in(
    text: str, is_yaml: bool, places: list[tuple[int, int]]
) -> None:
    found = places_in(text, POINTERS, is_yaml=is_yaml)
    assert [tuple(found[pointer]) for pointer in POINTERS] == places


KEYS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp", "Cs")), max_size=5)
VALUES = st.recursive(
    st.integers() | st.text(max_size=4) | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=10,
)


@given(value=st.dictionaries(KEYS, VALUES, min_size=1, max_size=4), indent=st.sampled_from([None, 2]))
@settings(max_examples=50, deadline=None)
def test_each_key_stands_at_its_place_in_the_text(value: dict[str, object], indent: int | None) -> None:
    written = json.dumps(value, indent=indent)
    lines = written.split("\n")
    for key in value:
        pointer = "/" + key.replace("~", "~0").replace("/", "~1")
        line, column = places_in(written, [pointer], is_yaml=False)[pointer]
        assert lines[line - 1][column - 1 :].startswith(json.dumps(key))
    block = yaml.safe_dump(value, allow_unicode=True, sort_keys=False)
    ordered = [places_in(block, ["/" + key.replace("~", "~0").replace("/", "~1")], is_yaml=True) for key in value]
    found = [place for places in ordered for place in places.values()]
    assert found == sorted(set(found))
