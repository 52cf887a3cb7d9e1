"""Figures of prose and of web pages, in time that grows with their length and not with what they hold."""

import pytest

from tests.cpu_time import cpu_loops
from wand_orchestrator.activities.agents.analyze.prose import describe
from wand_orchestrator.activities.agents.analyze.web_page import shown

PAGE = """<!DOCTYPE html>
<html><head><title>The title</title><style>p { color: red }</style>
<script>if (a < b) { document.write("<p>no</p>") }</script></head>
<body class='x'><!-- <p>hidden</p> --><h1 title="a > b">Caf&eacute;s &amp; bars</h1>
<p>One<br>two <a href=foo'>three</a>, 1 < 2.</p><noscript>no</noscript><img alt="no" src=x/></body></html>"""


def test_of_a_page_what_a_reader_sees_is_counted() -> None:
    assert shown(PAGE).split("\n") == ["The title", "Cafés & bars", "One", "two", "three", ", 1 < 2."]
    assert describe(PAGE)["terms"]["cafés"] == 1


@pytest.mark.parametrize("page", ["<html>a<p", "<html>a<!-- b", "<html>a<script>b", '<html>a<p title="b'])
def test_what_is_never_closed_hides_the_rest(page: str) -> None:
    assert shown(page) == "a"


def test_words_sentences_and_terms_are_counted() -> None:
    figures = describe("It was the best of times, it was the worst of times... Really?! Don't say 3.14 times")

    assert (figures["words"], figures["sentences"]) == (18, 3)
    assert next(iter(figures["terms"].items())) == ("times", 3)


@pytest.mark.parametrize(
    "piece",
    [
        "<p ",
        "<!--",
        "<!",
        "<?",
        "</",
        '<a b="',
        "<a b='>",
        "<script>",
        "<svg/>",
        "&",
        "<![CDATA[",
        ".",
        "! ",
        "a'",
        "a-",
        "。",
    ],
)
def test_the_time_grows_with_the_length_only(piece: str) -> None:
    def read() -> None:
        describe("<html>" + piece * 60_000 + "x")
        describe(piece * 60_000 + "x")

    assert cpu_loops(read) < 150
