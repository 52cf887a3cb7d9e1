"""Defines what the API accepts and returns of hooks."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints, model_validator

from wand_orchestrator.api.hooks.verification import check_secret
from wand_orchestrator.api.http.moments import Moment
from wand_orchestrator.api.runs.models import RequestedTerms
from wand_orchestrator.contract.run_terms import CallerTerms
from wand_orchestrator.graphs.expressions import ExpressionError, compile_expression
from wand_orchestrator.storage.hook_rows import Hook

HookName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]


def _expression(text: str) -> str:
    try:
        compile_expression(text)
    except ExpressionError as error:
        raise ValueError(error.message) from error
    return text


Expression = Annotated[str, AfterValidator(_expression)]
InputKey = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class HookRequest(RequestedTerms):
    """The run that a message to the hook starts, and how the message is verified.

    `tags` and `webhook` are those of each run; `input` is what its input contains besides the results of `map`.
    """

    graph_name: str = Field(
        max_length=200, description="Of stored graphs: the newest version of this name, or `version`."
    )
    version: int | None = Field(default=None, ge=1, le=2**31 - 1)
    verification: Literal["signature", "token"] = Field(
        default="signature",
        description="`signature`: as Standard Webhooks signs messages. `token`: a secret word in the header "
        "`Authorization: Bearer …` or `X-Hook-Token`.",
    )
    secret: SecretStr | None = Field(
        default=None,
        max_length=2000,
        description="`whsec_…`, or several with a space between, or the token. Default: the one that the hook has, "
        "else a new one, which only this answer shows.",
    )
    map: dict[InputKey, Expression] | None = Field(
        default=None,
        max_length=200,
        description="Input key to JMESPath over `{body, headers, query}`. Default: the body is the input.",
    )

    @model_validator(mode="after")
    def _fits(self) -> "HookRequest":
        if self.secret is not None:
            check_secret(self.verification, self.secret.get_secret_value())
        if self.input is not None and self.map is None:
            raise ValueError("`input` needs `map`: without it the body of the message is the input")
        if self.input is not None and not isinstance(self.input, dict):
            raise ValueError("`input` has to be an object, to which `map` adds")
        if twice := sorted((self.input or {}).keys() & (self.map or {}).keys()):
            raise ValueError(f"`input` and `map` both give {', '.join(twice[:5])}")
        return self


class HookView(CallerTerms):
    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    name: str
    graph_name: str
    version: int | None = Field(description="Null: the newest of `graph_name` at each message.")
    verification: Literal["signature", "token"]
    map: dict[str, str] | None
    created_at: Moment
    updated_at: Moment

    @classmethod
    def fields_of(cls, hook: Hook) -> dict[str, Any]:
        return {
            **dict(hook.terms),
            "name": hook.name,
            "graph_name": hook.graph_name,
            "version": hook.version,
            "verification": hook.verification,
            "map": hook.map,
            "created_at": hook.created_at,
            "updated_at": hook.updated_at,
        }


class HookStored(HookView):
    secret: str | None = Field(description="If it was made here, and only in this answer; null otherwise.")


class HookPage(BaseModel):
    """A page of hooks, newest first. `next`: the `cursor` of the next page; null on the last."""

    hooks: list[HookView]
    next: str | None
