"""Expressions that are built to blow up: chains of parts each of which may multiply what it is given."""

import random
from typing import Any

MANY = list(range(50_000))
VALUE: dict[str, Any] = {
    "numbers": MANY,
    "texts": [str(number) for number in range(2000)],
    "rows": [{"id": number, "name": f"n{number}", "on": number % 2 == 0} for number in range(2000)],
    "text": "x" * 10_000,
    "mixed": [1, "1", True, None, [1], {"a": 1}],
}

SELECTING = [
    "[@, @]",
    "{a: @, b: @}",
    "[@, @][]",
    "[*].[@, @]",
    "to_string([@, @])",
    "map(&[@, @], to_array(@))",
    "join('', [to_string(@), to_string(@)])",
    "sort_by(to_array(@), &to_string(@))",
    "[to_array(@), to_array(@)][]",
    "to_array(@)[*].to_array(@)[]",
    "values({a: @, b: @})",
    "merge({a: @}, {b: @})",
    "reverse(to_array(@))",
    "[@ == @, contains(to_array(@), @)]",
    "to_array(@)[?@ == @]",
    "[numbers, numbers, @][]",
    "max_by([@, @], &to_string(@))",
    "not_null(numbers, @)",
    "to_array(@)[::-1]",
    "rows || @",
    "[length(to_string(@)), @]",
    "texts || [@, @]",
]
CALLING = [
    "if(@, [@, @], @)",
    "default(@, [@, @])",
    "unique([@, @, numbers])",
    "unique(to_array(@))",
    "flatten([to_array(@), to_array(@)], `5`)",
    "zip(to_array(@), to_array(@), [@, @])",
    "slice(to_array(@), `0`, `100000`)",
    "chunk(to_array(@), `1`)",
    "group_by(to_array(@), &to_string(@))",
    "index_of([numbers, @], @)",
    "items({a: @, b: @})",
    "from_items([['a', @], ['b', @]])",
    "pick({a: @, b: @}, ['a', 'b', 'c'])",
    "omit({a: @, b: @}, texts || ['a'])",
    "map_values(&[@, @], {a: @, b: @})",
    "get({a: @}, 'a')",
    "range(`0`, `400000`)",
    "to_json([@, @])",
    "from_json(to_json([@, @]))",
    "base64_encode(to_string(@))",
    "base64_decode(base64_encode(to_string(@)))",
    "url_encode(to_json([@, '§']))",
    "upper(to_string(@))",
    "lower(join('Äß', [to_string(@), to_string(@)]))",
    "split(to_string(@), '')",
    "split(to_string(@), ',')",
    "replace(to_string(@), '1', '22222222')",
    "replace(to_string(@), '', '---')",
    "pad_left(to_string(@), `10000000`, 'ü')",
    "pad_right(to_string(@), `3000000`)",
    "trim(to_string(@), to_json(@))",
    "find_last(to_string(@), to_string([@]))",
    "find_first(to_string(@), to_string([@]))",
    "format('{a}{a}{a}', {a: @})",
    "format(join('', [to_string(@), '{0}{1}{0}']), [@, @])",
    "regex_find_all(to_string(@), '.')",
    "regex_find_all(to_string(@), '(.*)x|.', `1`)",
    "regex_replace(to_string(@), '', '$0--')",
    "regex_replace(to_string(@), '(.)', '$1$1$1$1')",
    "regex_match(to_string(@), '(a|b|0|1)*0(a|b|0|1){300}c')",
    "regex_find(to_string(@), '^(((.*)a)*)*$', `3`)",
    "multiply(`99999999999999999999`, length(to_array(@)))",
    "[power(`7`, `3000`), @]",
    "map(&multiply(@, @), [power(`7`, `3000`)])",
    "format_time(to_time(`0`), '%A %B %A %B %A %B %A %B')",
]


def blowing_up(seed: int) -> str:
    chance = random.Random(seed)
    parts = SELECTING + CALLING if seed % 4 else SELECTING
    repeated = [chance.choice(parts) for _ in range(chance.randint(1, 4))]
    return " | ".join(chance.choice(repeated) for _ in range(chance.randint(5, 60)))
