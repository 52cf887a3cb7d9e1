import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from pydantic import BaseModel, Field, ValidationError, computed_field
from typing_extensions import TypedDict

from wand_orchestrator import Agent, AgentContext, AgentError, PluginError, Tool, agent, tool


class Params(BaseModel):
    url: str


class Input(BaseModel):
    text: str = ""


class Output(BaseModel):
    words: int


def test_an_agent_has_the_schemas_of_its_annotations() -> None:
    @agent("acme.count", tools=["http.fetch"])
    async def count(params: Params, input: Input, ctx: AgentContext) -> Output:
        """Counts words."""
        ctx.log("counting", level="info")
        await ctx.progress(50)
        page = await ctx.tools["http.fetch"](url=params.url)
        if not page.body:
            raise AgentError("the page is empty", code="empty_page", retryable=False)
        return Output(words=len(page.body.split()))

    assert isinstance(count, Agent)
    assert (count.name, count.description, count.tools) == ("acme.count", "Counts words.", ("http.fetch",))
    assert count.is_async
    assert count.takes_context
    assert count.params_schema == Params.model_json_schema()
    assert count.input_schema == Input.model_json_schema()
    assert count.output_schema == Output.model_json_schema(mode="serialization")


def test_params_input_and_context_may_each_be_left_out() -> None:
    @agent("test.nothing")
    def nothing() -> None: ...

    assert (nothing.params_type, nothing.input_type, nothing.takes_context) == (None, None, False)
    assert not nothing.is_async
    assert nothing.description == ""
    nothing_fits = {"type": "object", "properties": {}, "additionalProperties": False}
    assert nothing.params_schema == nothing.input_schema == nothing_fits
    assert nothing.output_schema == {"type": "null"}


def test_a_plain_dict_and_no_annotation_take_any_object() -> None:
    @agent("test.plain")
    def plain(params: dict, input):  # type: ignore[no-untyped-def, type-arg]
        return params | input

    assert plain.params_schema == plain.input_schema == {"type": "object", "additionalProperties": True}
    assert plain.output_schema == {}


def test_the_order_of_the_parameters_does_not_matter() -> None:
    @agent("test.order")
    def order(ctx: AgentContext, *, input: Input, params: Params) -> Output:
        return Output(words=0)

    assert order.params_schema == Params.model_json_schema()
    assert order.input_schema == Input.model_json_schema()


def test_typed_dicts_and_unions_of_models_are_objects() -> None:
    class Typed(TypedDict):
        n: int

    def accepts(params: Typed, input: Params | Input) -> None: ...

    made = agent("test.typed")(accepts)
    assert made.params_schema["required"] == ["n"]
    assert len(made.input_schema["anyOf"]) == 2


def test_the_output_schema_is_that_of_the_serialized_value() -> None:
    class Square(BaseModel):
        side: int = Field(serialization_alias="edge")

        @computed_field  # type: ignore[prop-decorator]
        @property
        def area(self) -> int:
            return self.side**2

    def square() -> Square:
        return Square(side=2)

    assert set(agent("test.square")(square).output_schema["properties"]) == {"edge", "area"}


def test_a_decorated_agent_can_still_be_called_in_its_authors_tests() -> None:
    @agent("test.twice")
    async def twice(params: dict[str, int]) -> int:
        return params["n"] * 2

    assert asyncio.run(twice(params={"n": 4})) == 8


def _other_name(prams: Params) -> None: ...
def _args(*args: Any) -> None: ...
def _kwargs(**kwargs: Any) -> None: ...
def _positional(params: Params, /) -> None: ...
def _number(params: int) -> None: ...
def _unknown_type(params: "Missing") -> None: ...  # type: ignore[name-defined]  # noqa: F821
def _no_schema(params: object, input: Callable[[], int]) -> Callable[[], int]: ...  # type: ignore[empty-body]
def _protocol(params: AgentContext) -> None: ...


async def _generator(params: Params) -> AsyncIterator[int]:
    yield 1


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (_other_name, "takes 'prams'; an agent takes params, input, ctx by name"),
        (_args, "'*args' cannot be given by name"),
        (_kwargs, "'**kwargs' cannot be given by name"),
        (_positional, "'params' cannot be given by name"),
        (_number, "its params is of type integer, and always comes as an object"),
        (_unknown_type, "its annotations cannot be read: name 'Missing' is not defined"),
        (_no_schema, "the type of its input has no JSON Schema"),
        (_protocol, "the type of its params has no JSON Schema"),
        (_generator, "is a generator"),
    ],
)
def test_a_signature_that_does_not_fit_names_the_function(function: Callable[..., Any], reason: str) -> None:
    with pytest.raises(PluginError) as caught:
        agent("test.bad")(function)
    assert f"test_agent.{function.__name__}" in caught.value.message
    assert reason in caught.value.message


@pytest.mark.parametrize("decorator", [agent, tool])
def test_a_bare_decorator_says_how_to_write_it(decorator: Callable[..., Any]) -> None:
    with pytest.raises(PluginError, match="needs a name"):
        decorator(_number)


@pytest.mark.parametrize("name", ["flow.map", "wand.archive"])
@pytest.mark.parametrize("decorator", [agent, tool])
def test_names_of_what_wand_runs_itself_are_refused(decorator: Callable[[str], Any], name: str) -> None:
    with pytest.raises(PluginError, match="prefixes of what Wand itself runs"):
        decorator(name)


@pytest.mark.parametrize("name", ["flowers.map", "wander", "größe.zählen", "a b", "a" * 200])
def test_other_names_are_taken(name: str) -> None:
    assert tool(name)(_number).name == name


@pytest.mark.parametrize(
    "name",
    ["", " ", " a", "a" * 201, "é" * 101, "a\n", "a\x00b", "a/b", "a?b", "a#b", "a%b", "a\\b", "a\ud800", "a\u2028b"],
)
def test_a_name_nobody_could_write_is_refused(name: str) -> None:
    with pytest.raises(PluginError, match="is no name"):
        agent(name)


def test_a_class_is_no_agent() -> None:
    with pytest.raises(PluginError, match="is not a function"):
        agent("test.class")(Params)


def test_a_tool_validates_its_arguments_and_fills_in_defaults() -> None:
    @tool("test.fetch")
    async def fetch(ctx: AgentContext, url: str, *, json: Any = None, limit: int = 3) -> Output:
        """Fetches."""
        return Output(words=limit)

    assert isinstance(fetch, Tool)
    assert (fetch.name, fetch.description, fetch.is_async, fetch.takes_context) == (
        "test.fetch",
        "Fetches.",
        True,
        True,
    )
    assert fetch.arguments({"url": "u", "limit": "4"}) == {"url": "u", "json": None, "limit": 4}
    assert fetch.params_schema["required"] == ["url"]
    assert list(fetch.params_schema["properties"]) == ["url", "json", "limit"]
    assert fetch.params_schema["additionalProperties"] is False
    assert fetch.output_schema == Output.model_json_schema(mode="serialization")


def test_a_tools_arguments_that_do_not_fit_are_named() -> None:
    @tool("test.typed")
    def typed(url: str) -> None: ...

    with pytest.raises(ValidationError) as caught:
        typed.arguments({"url": 1, "uri": "x"})
    assert [error["loc"] for error in caught.value.errors()] == [("url",), ("uri",)]
