import json

import pytest
from pydantic import TypeAdapter, ValidationError

from wand_orchestrator.contract.tags import MAX_BYTES, Tags

TAGS: TypeAdapter[tuple[str, ...]] = TypeAdapter(Tags)


def test_tags_are_a_set_of_words_in_any_language() -> None:
    assert TAGS.validate_python(["nightly", "customer:7", "größe", "nightly"]) == ("customer:7", "größe", "nightly")


@pytest.mark.parametrize(
    "tags",
    [[""], [" "], ["two words"], ["tab\t"], ["line\n"], ["\u3000"], ["x" * 65], [f"t{n}" for n in range(21)], [1]],
)
def test_what_is_no_tag_is_refused(tags: list[object]) -> None:
    with pytest.raises(ValidationError):
        TAGS.validate_python(tags)


def test_all_together_have_to_fit_into_what_temporal_takes() -> None:
    fits = [f"{n:02d}".ljust(64, "x") for n in range(20)]
    assert len(json.dumps(TAGS.validate_python(fits))) <= MAX_BYTES
    with pytest.raises(ValidationError, match="2000 bytes"):
        TAGS.validate_python([f"{n:02d}".ljust(64, "ü") for n in range(20)])
