"""JSON Schemas that users write: nothing is fetched for them, and a check costs little whatever they say."""

from typing import Any

import pytest

from tests.cpu_time import cpu_loops
from wand_orchestrator.validation.json_schema import Schema, SchemaTooLarge, UnusableSchema
from wand_orchestrator.validation.schema_errors import first_misfit

DRAFT_7 = "http://json-schema.org/draft-07/schema#"
EVIL = "^(a+)+$"
ALMOST = "a" * 40 + "!"
DOUBLING = {f"d{index}": {"allOf": [{"$ref": f"#/$defs/d{index + 1}"}] * 2} for index in range(40)} | {"d40": {}}


@pytest.mark.parametrize("key", ["$ref", "$dynamicRef"])
@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:9/x#/y", "file:///etc/passwd", "other.json", "urn:x", "#nowhere"]
)
@pytest.mark.parametrize("place", [lambda part: part, lambda part: {"properties": {"a": part}}])
def test_what_lies_outside_is_never_fetched(key: str, address: str, place: Any) -> None:
    with pytest.raises(UnusableSchema):
        Schema(place({key: address})).errors({"a": 1})


def test_an_id_and_a_dialect_make_no_address() -> None:
    with pytest.raises(UnusableSchema):
        Schema({"$id": "http://127.0.0.1:9/a", "$ref": "b"})
    Schema({"$schema": "http://127.0.0.1:9/dialect", "type": "object"}).errors({})


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"pattern": EVIL}, ALMOST),
        ({"patternProperties": {EVIL: False}}, {ALMOST: 1}),
        ({"patternProperties": {EVIL: True}, "additionalProperties": False}, {ALMOST: 1}),
        ({"patternProperties": {EVIL: True}, "additionalProperties": {"type": "null"}}, {ALMOST: 1}),
        ({"propertyNames": {"pattern": EVIL}}, {ALMOST: 1}),
        ({"properties": {"a": {"$schema": DRAFT_7, "pattern": EVIL}}}, {"a": ALMOST}),
        ({"$schema": DRAFT_7, "not": {"not": {"pattern": EVIL}}}, ALMOST),
    ],
)
def test_patterns_take_linear_time(schema: dict[str, Any], value: Any) -> None:
    assert cpu_loops(lambda: Schema(schema).errors(value)) < 50


@pytest.mark.parametrize("pattern", [r"(a)\1", "(?=a)", "(?<!a)b", "(", "a" * 1001, "(a{1000}){1000}"])
@pytest.mark.parametrize("place", [lambda each: {"pattern": each}, lambda each: {"patternProperties": {each: True}}])
def test_a_pattern_that_cannot_be_matched_in_linear_time_is_refused(pattern: str, place: Any) -> None:
    with pytest.raises(UnusableSchema) as caught:
        Schema({"items": place(pattern)})
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"$defs": DOUBLING, "$ref": "#/$defs/d0"}, 1),
        ({"anyOf": [{"type": "null"}] * 1000}, ["x"] * 100_000),
        ({"items": {"enum": [[0] * 1000] * 100}}, [[0] * 999 + [1]] * 100),
    ],
)
def test_a_check_that_takes_too_many_steps_is_refused(schema: dict[str, Any], value: Any) -> None:
    def check() -> None:
        with pytest.raises(SchemaTooLarge):
            Schema(schema).errors(value)

    assert cpu_loops(check) < 250


def test_a_schema_that_refers_to_itself_without_end_is_refused() -> None:
    with pytest.raises(UnusableSchema):
        Schema({"$ref": "#"}).errors(1)


@pytest.mark.parametrize("keyword", ["unevaluatedItems", "unevaluatedProperties"])
def test_a_keyword_that_cannot_be_bounded_is_refused(keyword: str) -> None:
    with pytest.raises(UnusableSchema, match=keyword):
        Schema({"items": {keyword: False}})


@pytest.mark.parametrize(
    ("items", "is_unique"),
    [
        ([1, True, 0, False], True),
        ([1, 1.0], False),
        ([{"a": 1, "b": [2]}, {"b": [2.0], "a": 1}], False),
        ([[], {}, "", None, False], True),
        ([{"a": number} for number in range(8000)], True),
    ],
)
def test_elements_are_unique_as_json_has_it(items: list[Any], is_unique: bool) -> None:
    assert bool(Schema({"uniqueItems": True}).errors(items)) is not is_unique


def test_values_that_are_not_schemas_may_look_like_them() -> None:
    schema = Schema({"const": {"$schema": "x", "$ref": "http://x", "pattern": "("}})
    assert schema.errors({"$schema": "x", "$ref": "http://x", "pattern": "("}) == []
    assert schema.errors({}) != []


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object"},
        {"maxLength": 1},
        {"enum": [1]},
        {"pattern": "x"},
        {"not": {}},
        {"format": "x", "const": 1},
        False,
    ],
)
def test_no_reason_repeats_a_long_value(schema: Any) -> None:
    reason = first_misfit(Schema(schema).errors("secret" * 1000), "the answer")
    assert reason is not None
    assert len(reason) < 200
