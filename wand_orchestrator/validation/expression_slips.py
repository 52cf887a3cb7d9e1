"""Guesses what was meant by an expression that is written as in another language.

The patterns look at a few characters each, so that a long expression costs no more than its length.
"""

import re

from wand_orchestrator.graphs.interpreter import Ast
from wand_orchestrator.validation.phrases import shortened

_QUOTED = re.compile(
    r"""'(?:[^'\\]|\\.)*(?:(')|\\?\Z)|"(?:[^"\\]|\\.)*(?:(")|\\?\Z)|`(?:[^`\\]|\\.)*(?:(`)|\\?\Z)""", re.DOTALL
)
"""With a group if the quote is closed. One that nothing closes takes the whole rest: it would else be looked for again
from every quote within it."""

_SLIPS: tuple[tuple[str, str], ...] = (
    (r"\{\{|\}\}", "an expression stands without braces; `{{ … }}` is for `$template`"),
    (r"\$(\w{0,40})", 'there are no `$` names: the run\'s input comes by `{"$input": "…"}`, where a value may stand'),
    (r"===|!==", "compare with `==` and `!=`"),
    (r"<>", "write `!=`"),
    (r"=~", "write regex_match(text, 'pattern')"),
    (r"\?\?", "write default(a, b), or `a || b`"),
    (r"(?<![=!<>])=(?!=)", "compare with `==`"),
    (r"(?<!\[)\?", "write if(condition, then, else)"),
    (r"\bif\s[^(]|\belse\b", "write if(condition, then, else)"),
    (r"\bnot in\b", "write !contains(list, value)"),
    (r"\bin\b", "write contains(list, value)"),
    (r"\band\b", "write `&&` for `and`"),
    (r"\bor\b", "write `||` for `or`"),
    (r"\bnot\b", "write `!` for `not`"),
    (r"(?<!\d)\.\s?(\d{1,9})", "an element of a list is `[{}]`, without the dot"),
    (r"\.(\w{1,40})\(", "a function stands before what it takes: {}(value)"),
    (r"(?:[=<>]|[(,])\s?(-?\d{1,20}(?:\.\d{1,20})?)", "a number stands in backticks: `{}`"),
    (
        r"[\w\])]-[A-Za-z_]",
        'a key with a dash stands in double quotes: "{before}"; a difference is subtract(a, b)',
    ),
    (r"[\w\])`@]\s?\+|\+\s?[\w(`@]", "write add(a, b); texts are put together by join('', [a, b])"),
    (r"[\w\])`@]\s?-", "write subtract(a, b)"),
    (r"[\w)`@]\s?\*\s?[\w(`@]", "write multiply(a, b)"),
    (r"/", "write divide(a, b)"),
    (r"%", "write mod(a, b)"),
    (r"[,{]\s?'q{0,80}'\s?:", "a key stands in double quotes, or bare"),
    (r"#", "there are no comments"),
)
_COMPILED = tuple((re.compile(pattern, re.ASCII), meant) for pattern, meant in _SLIPS)
_DASHED = re.compile(r"[A-Za-z_]\w{0,40}(?:-\w{1,40}){1,4}", re.ASCII)

OTHER_NAMES = {
    **dict.fromkeys(("len", "size", "count", "strlen"), "length(value)"),
    **dict.fromkeys(("str", "string", "tostring", "toString"), "to_string(value)"),
    **dict.fromkeys(("int", "float", "number", "parseInt", "parseFloat", "toNumber"), "to_number(value)"),
    **dict.fromkeys(("concat", "concatenate"), "join('', [a, b])"),
    **dict.fromkeys(("substring", "substr", "left", "right", "mid"), "slice(text, start, end)"),
    **dict.fromkeys(("includes", "has", "in"), "contains(list, value)"),
    **dict.fromkeys(("strip", "lstrip", "rstrip"), "trim(text)"),
    **dict.fromkeys(("toLowerCase", "lowercase", "downcase", "tolower"), "lower(text)"),
    **dict.fromkeys(("toUpperCase", "uppercase", "upcase", "toupper"), "upper(text)"),
    **dict.fromkeys(("coalesce", "ifnull", "nvl", "or_else"), "default(value, fallback)"),
    **dict.fromkeys(("iif", "when", "cond", "ternary"), "if(condition, then, else)"),
    **dict.fromkeys(("filter", "select", "where"), "list[?condition]"),
    **dict.fromkeys(("first", "head"), "list[0]"),
    **dict.fromkeys(("last", "tail"), "list[-1]"),
    **dict.fromkeys(("distinct", "uniq", "dedupe", "set"), "unique(list)"),
    **dict.fromkeys(("mean", "average"), "avg(numbers)"),
    **dict.fromkeys(("parse_json", "json_parse", "fromjson", "loads"), "from_json(text)"),
    **dict.fromkeys(("stringify", "json", "dumps", "tojson"), "to_json(value)"),
    **dict.fromkeys(("regex", "matches", "match", "test", "search"), "regex_match(text, pattern)"),
    **dict.fromkeys(("indexOf", "index", "find"), "find_first(text, part) or index_of(list, value)"),
    **dict.fromkeys(("date", "datetime", "to_date", "parse_date"), "to_time(value) or parse_time(text, format)"),
    **dict.fromkeys(("strftime", "date_format", "format_date"), "format_time(time, format)"),
    **dict.fromkeys(("timestamp", "today", "utcnow"), "now()"),
    **dict.fromkeys(("startsWith", "startswith"), "starts_with(text, start)"),
    **dict.fromkeys(("endsWith", "endswith"), "ends_with(text, end)"),
    "plus": "add(a, b)",
    "minus": "subtract(a, b)",
    "times": "multiply(a, b)",
    "div": "divide(a, b)",
    "modulo": "mod(a, b)",
    "pow": "power(base, exponent)",
}
"""Of functions in other languages, with how the same is written here."""

_WORDS = {word: f"`{value}`" for value in ("true", "false", "null") for word in (value, value.capitalize())}
_WORDS["None"] = "`null`"


def slip_of(expression: str) -> str | None:
    """Return what was probably meant by an expression that does not parse; None if there is no guess."""
    bare = _QUOTED.sub(_hidden, expression)
    for pattern, meant in _COMPILED:
        if found := pattern.search(bare):
            return _filled(meant, found, bare)
    return None


def _hidden(quoted: re.Match[str]) -> str:
    """What stands in quotes is no slip."""
    text = quoted[0]
    return text if quoted.lastindex is None else text[0] + "q" * (len(text) - 2) + text[-1]


def _filled(meant: str, found: re.Match[str], bare: str) -> str:
    if "{before}" in meant:
        dashed = _DASHED.search(bare)
        return meant.format(before=dashed[0] if dashed else "a-b")
    return meant.replace("{}", found[1]) if found.re.groups else meant


def missing_key_slip(key: str, expression: str) -> str:
    """Says what was probably meant by a key that is not there; empty if nothing comes to mind."""
    if key in _WORDS:
        return f"; {_WORDS[key]} stands in backticks"
    if key in ("length", "size", "count") and f".{key}" in expression:
        return "; the length is length(value)"
    if f'"{key}"' in expression:
        return f"; a text stands in single quotes, as '{shortened(key)}', and a key in double quotes"
    return ""


def silent_slip(tree: Ast) -> str | None:
    """Return what is probably wrong with an expression that compares with a key called `true`, `false` or `null`; else
    None.
    """
    level = [tree]
    while level:
        for node in level:
            for child in node["children"] if node["type"] == "comparator" else ():
                if child["type"] == "field" and child["value"] in _WORDS:
                    return f"`{child['value']}` is a key here; the value is {_WORDS[child['value']]}, in backticks"
        level = [child for node in level if node["type"] != "slice" for child in node["children"]]
    return None
