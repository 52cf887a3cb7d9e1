"""Extracts the visible text of a web page.

One pass over the text, whatever it holds: pages come from anywhere, and `html.parser` of the standard library takes a
quarter of a minute for 12 kB of `<p <p <p …` (quadratic, https://github.com/python/cpython/issues/135462), during which
no other agent of the worker gets on.
"""

import html
import re
from collections.abc import Iterator

_PAGE = re.compile(r"\s*(?:<!doctype html|<html\b|<head\b|<body\b)", re.IGNORECASE)
_MARKUP = re.compile(r"<(?:(?P<comment>!--)|[!?/]|(?P<name>[a-zA-Z][a-zA-Z0-9]*))")

_TAGS_END = re.compile(r"""(?:[^>=]++|=\s*+(?:"[^"]*+"|'[^']*+')?+)*+>""")
"""A quote counts where a value begins. Nothing is tried twice, so that a tag without an end costs its length."""

_HIDDEN = {
    name: re.compile(rf"</{name}\b", re.IGNORECASE) for name in ("script", "style", "noscript", "template", "svg")
}
"""Elements that show nothing, or no text, each with what ends it."""


def is_page(text: str) -> bool:
    return _PAGE.match(text) is not None


def shown(page: str) -> str:
    """Return the visible text, a line for each piece; elements separate words."""
    pieces = (html.unescape(piece).strip() for piece in _texts(page))
    return "\n".join(piece for piece in pieces if piece)


def _texts(page: str) -> Iterator[str]:
    at = 0
    while found := _MARKUP.search(page, at):
        yield page[at : found.start()]
        at = _end_of(page, found)
    yield page[at:]


def _end_of(page: str, markup: re.Match[str]) -> int:
    """Return where the text continues after a comment, a tag or a hidden element; the page's end if it is
    not closed.
    """
    if markup["comment"]:
        end = page.find("-->", markup.end())
        return len(page) if end < 0 else end + len("-->")
    tag = _TAGS_END.match(page, markup.end())
    if tag is None:
        return len(page)
    hidden = _HIDDEN.get((markup["name"] or "").lower())
    if hidden is None or page[tag.end() - 2] == "/":
        return tag.end()
    closing = hidden.search(page, tag.end())
    return len(page) if closing is None else closing.start()
