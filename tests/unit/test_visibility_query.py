import pytest

from wand_orchestrator.api.temporal.visibility_query import begins_with, equals


@pytest.mark.parametrize(
    ("text", "equal", "begins"),
    [
        ("a b ü", "Word = 'a b ü'", "Word STARTS_WITH 'a b ü'"),
        ('a "b"', "Word STARTS_WITH 'a '", "Word STARTS_WITH 'a '"),
        ("a' OR 'b", "Word STARTS_WITH 'a'", "Word STARTS_WITH 'a'"),
        ("a\\b", "Word STARTS_WITH 'a'", "Word STARTS_WITH 'a'"),
        ("a\tb", "Word STARTS_WITH 'a'", "Word STARTS_WITH 'a'"),
        ('"', "Word IS NOT NULL", "Word IS NOT NULL"),
    ],
)
def test_a_condition_is_asked_as_far_as_it_can_be_said(text: str, equal: str, begins: str) -> None:
    assert (equals("Word", text), begins_with("Word", text)) == (equal, begins)
