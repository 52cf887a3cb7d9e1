"""The agent of the documentation, to the letter."""

from pydantic import BaseModel

from wand_orchestrator import AgentContext, AgentError, agent


class Params(BaseModel):
    url: str


class Input(BaseModel):
    text: str = ""


class Output(BaseModel):
    words: int


@agent("acme.count", tools=["http.fetch"])
async def count(params: Params, input: Input, ctx: AgentContext) -> Output:
    """Counts words."""
    ctx.log("counting", level="info")
    await ctx.progress(50)
    page = await ctx.tools["http.fetch"](url=params.url)
    if not page.body:
        raise AgentError("the page is empty", code="empty_page", retryable=False)
    return Output(words=len(page.body.split()))
