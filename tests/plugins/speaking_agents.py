"""An agent that says what it is told to, in every way in which an agent can: `WAND_PLUGINS=speaking_agents`."""

from typing import Any

from pydantic import BaseModel, Field

from wand_orchestrator import AgentContext, AgentError, agent


class File(BaseModel):
    name: str
    media_type: str
    content: str


class Speech(BaseModel):
    """`fails`: the node fails with this message; otherwise it returns `texts`."""

    texts: list[str] = Field(default_factory=list)
    files: list[File] = Field(default_factory=list)
    fails: str | None = None


@agent("test.say")
async def say(params: Speech, ctx: AgentContext) -> dict[str, Any]:
    """Logs, emits and saves what it is told to, and returns it."""
    for text in params.texts:
        ctx.log(text, said=text)
        ctx.emit(text)
    for file in params.files:
        await ctx.save_artifact(file.name, file.content.encode(), file.media_type)
    if params.fails is not None:
        raise AgentError(params.fails, retryable=False, code="said", details={"texts": params.texts})
    return {"texts": params.texts, **{text: text for text in params.texts}}
