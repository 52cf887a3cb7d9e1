"""Each wrong use of the builder is an error of the type checker, or of `build()`, before anything is sent.

The uses that a type checker finds are marked with the error that mypy finds: `mypy tests` fails where it does not.
Those that are marked with nothing raise here.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel
from typing_extensions import TypedDict

from wand_orchestrator import AgentContext, GraphBuilder, agent
from wand_orchestrator.builder import BuilderError, BuildFaults, ChildGraph, expr, given, template
from wand_orchestrator.builder import functions as f
from wand_orchestrator.client import Wand


@dataclass
class PageInput:
    url: str
    language: str = "en"


@dataclass
class FetchParams:
    url: str
    limit: int = 10


class Result(BaseModel):
    title: str
    words: int


class Page(BaseModel):
    body: str
    status: int
    results: list[Result]


@dataclass
class Text:
    text: str


class Verdict(TypedDict):
    publish: bool


@agent("builder.page")
async def page(params: FetchParams, ctx: AgentContext) -> Page:
    """Fetches a page."""
    return Page(body=params.url, status=200, results=[])


@agent("builder.count")
def count(input: Text) -> int:
    """Counts words."""
    return len(input.text.split())


Builder = GraphBuilder[PageInput]


def fetched(g: Builder) -> Any:
    return g.add(page, "page", params=given(FetchParams, url=g.input.url))


# What a type checker finds


def params_of_another_model(g: Builder) -> None:
    g.add(page, "page", params=given(PageInput, url=g.input.url))  # type: ignore[misc]


def a_param_that_there_is_not(g: Builder) -> None:
    g.add(page, "page", params=given(FetchParams, url=g.input.url, limits=3))  # type: ignore[call-arg]


def a_param_of_another_type(g: Builder) -> None:
    g.add(page, "page", params=given(FetchParams, url=g.input.url, limit="many"))  # type: ignore[arg-type]


def a_required_param_left_out(g: Builder) -> None:
    g.add(page, "page", params=given(FetchParams, limit=3))  # type: ignore[call-arg]


def a_key_of_the_input_that_there_is_not(g: Builder) -> None:
    g.add(page, "page", params=given(FetchParams, url=g.input.link))  # type: ignore[attr-defined]


def a_key_of_an_output_that_there_is_not(g: Builder) -> None:
    got = g.add(page, "page", params=given(FetchParams, url=g.input.url))
    g.add(count, "count", input=given(Text, text=got.out.text))  # type: ignore[attr-defined]


def an_input_of_another_type(g: Builder) -> None:
    got = g.add(page, "page", params=given(FetchParams, url=g.input.url))
    g.add(count, "count", input=given(Text, text=got.out.status))  # type: ignore[arg-type]


def params_of_an_agent_that_takes_none(g: Builder) -> None:
    g.add(count, "count", params=given(FetchParams, url=""), input=given(Text, text=""))  # type: ignore[misc]


def an_option_that_there_is_not(g: Builder) -> None:
    g.add(count, "count", input=given(Text, text=""), retry_count=3)  # type: ignore[call-overload]


def a_word_that_join_does_not_take(g: Builder) -> None:
    g.add(count, "count", input=given(Text, text=""), join="some")  # type: ignore[call-overload]


def a_key_of_an_answer_that_there_is_not(g: Builder) -> None:
    asked = g.approval("ask", answer=Verdict)
    g.add(count, "count", input=given(Text, text=""), after=asked.when(asked.out["send"]))  # type: ignore[typeddict-item]


def an_element_used_as_another_type(g: Builder) -> None:
    got = g.add(page, "page", params=given(FetchParams, url=g.input.url))
    g.transform("titles", f.map(lambda each: f.upper(each.words), got.out.results))  # type: ignore[arg-type]


def a_function_that_there_is_not(g: Builder) -> None:
    g.transform("size", f.size(g.input.url))  # type: ignore[attr-defined]


def an_item_given_as_another_type(g: Builder) -> None:
    got = g.add(page, "page", params=given(FetchParams, url=g.input.url))
    g.map("each", count, items=got.out.results, input=lambda part: given(Text, text=part.item.words))  # type: ignore[arg-type]


def a_handle_in_the_place_of_a_graph(g: Builder) -> None:
    Wand().runs.start(g.add("agent.fetch", "page"))  # type: ignore[arg-type]


# What the builder or the check of the graph finds


def a_condition_that_python_decides(g: Builder) -> None:
    got = fetched(g)
    if got.out.status == 200:
        g.add(count, "count", input=given(Text, text=got.out.body))


def an_f_string(g: Builder) -> None:
    g.add(count, "count", input=given(Text, text=f"of {g.input.url}"))


def a_loop_over_what_a_run_makes(g: Builder) -> None:
    for _ in fetched(g).out.results:
        pass


def a_length_of_what_a_run_makes(g: Builder) -> None:
    len(fetched(g).out.results)


def a_condition_over_another_node(g: Builder) -> None:
    got = fetched(g)
    other = g.add(count, "count", input=given(Text, text=got.out.body))
    g.transform("end", "`1`", after=other.when(got.out.status == 200))


def a_condition_that_is_known(g: Builder) -> None:
    g.transform("end", "`1`", after=fetched(g).when(1 == 1))


def two_nodes_of_one_name(g: Builder) -> None:
    fetched(g)
    fetched(g)


def a_param_in_a_dict_of_another_type(g: Builder) -> None:
    g.add(page, "page", params={"url": g.input.url, "limit": "many"})


def a_required_input_left_out(g: Builder) -> None:
    g.add(count, "count")


def a_key_of_the_input_by_its_name(g: Builder) -> None:
    g.add(count, "count", input={"text": expr("link", g.input)})


def a_circle(g: Builder) -> None:
    got = fetched(g)
    other = g.add(count, "count", input=given(Text, text=got.out.body))
    g.edge(other, got)


def an_agent_that_there_is_not(g: Builder) -> None:
    g.add("builder.pages", "page")


def an_expression_that_does_not_parse(g: Builder) -> None:
    g.transform("end", "a b")


def both_moments_of_a_wait(g: Builder) -> None:
    g.wait("pause")


def an_element_beside_something_else(g: Builder) -> None:
    got = fetched(g)
    g.transform("long", f.where(got.out.results, lambda each: each.words > got.out.status))


def a_graph_that_does_not_take_this(g: Builder) -> None:
    child = GraphBuilder("child", input=Text)
    child.transform("end", {"text": child.input.text})
    g.graph("call", ChildGraph("child"), input={"texts": "a"})
    g.build(graphs={"child": child})


def a_default_answer_of_another_type(g: Builder) -> None:
    g.approval("ask", answer=Verdict, wait_sec=10, default_answer={"send": True})


def a_template_without_a_value(g: Builder) -> None:
    g.add(count, "count", input=given(Text, text=template("{} {}", g.input.url)))


WRONG: list[Callable[[Builder], None]] = [
    a_condition_that_python_decides,
    an_f_string,
    a_loop_over_what_a_run_makes,
    a_length_of_what_a_run_makes,
    a_condition_over_another_node,
    a_condition_that_is_known,
    two_nodes_of_one_name,
    a_param_in_a_dict_of_another_type,
    a_required_input_left_out,
    a_key_of_the_input_by_its_name,
    a_circle,
    an_agent_that_there_is_not,
    an_expression_that_does_not_parse,
    both_moments_of_a_wait,
    an_element_beside_something_else,
    a_graph_that_does_not_take_this,
    a_default_answer_of_another_type,
    a_template_without_a_value,
]


def built(use: Callable[[Builder], None], g: Builder) -> None:
    use(g)
    g.build()


@pytest.mark.parametrize("use", WRONG)
def test_a_wrong_use_is_an_error_before_anything_is_sent(use: Callable[[Builder], None]) -> None:
    g = GraphBuilder("wrong", input=PageInput)
    with pytest.raises((BuilderError, BuildFaults)):
        built(use, g)


def test_a_fault_names_the_node_and_the_line_that_added_it() -> None:
    g = GraphBuilder("wrong", input=PageInput)
    g.add(count, "count")
    with pytest.raises(BuildFaults) as caught:
        g.build()

    [fault] = caught.value.faults
    assert (fault.node, fault.code, fault.pointer) == ("count", "missing_input", "/nodes/0")
    assert re.fullmatch(r".*/test_builder_wrong_uses\.py:\d+", fault.place)
    assert fault.place in caught.value.__notes__[0]
