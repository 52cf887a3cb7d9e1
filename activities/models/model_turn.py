"""Takes one turn of a conversation: reads what was said, calls the model once, and keeps what is new."""

from collections.abc import Sequence

from pydantic_ai.direct import model_request_stream
from pydantic_ai.messages import ModelMessage, ModelMessagesTypeAdapter, ModelResponse
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_core import to_json

from wand_orchestrator.activities.models.model_building import silence_sec
from wand_orchestrator.activities.models.model_failures import ModelFailures
from wand_orchestrator.activities.models.model_prices import price_of, used
from wand_orchestrator.activities.models.model_services import ModelServices
from wand_orchestrator.activities.models.turn_reply import ReplyBounds, reply_of, with_own_ids
from wand_orchestrator.activities.models.turn_request import (
    WireNames,
    new_request,
    request_parameters,
    request_settings,
)
from wand_orchestrator.activities.runner.context import InternalContext
from wand_orchestrator.contract.model_call import ModelInfo, ModelReply, ModelTurn, Usage
from wand_orchestrator.errors import AgentError
from wand_orchestrator.files.conversations import Block
from wand_orchestrator.models.model_catalog import NamedModel


async def describe(name: str, services: ModelServices) -> ModelInfo:
    """Return what is known of a model without calling it. Raises AgentError."""
    named, model = services.named(name), await services.model(name)
    alias = named.alias
    known = None if alias is None else alias.context_tokens
    return ModelInfo(
        model=named.model,
        price=price_of(named, model),
        max_output_tokens=_longest_answer(named, model),
        context_tokens=model.context_window if known is None else known,
    )


def _longest_answer(named: NamedModel, model: Model) -> int | None:
    """Return the tokens of an answer at most, unless a turn asks for more within the alias's limit; None if nothing
    limits it. Of Anthropic's models the library knows the most that they answer.
    """
    limits = [] if named.alias is None else [named.alias.max_tokens, named.alias.settings.max_tokens]
    known = [limit for limit in limits if limit is not None]
    listed: int | None = dict(model.profile).get("anthropic_max_output_tokens")  # type: ignore[assignment]
    return min(known) if known else listed


async def take_turn(turn: ModelTurn, ctx: InternalContext) -> ModelReply:
    """Call the model and return its reply. Raises AgentError; see `model_failures`."""
    services = ctx.models
    stored = await services.conversations.read(turn.before, ctx.family)
    before = ModelMessagesTypeAdapter.validate_json(to_json(stored))
    names = WireNames.of(turn.tools)
    request = new_request(turn, before, names)
    call = ModelCall(turn, services.named(turn.model), await services.model(turn.model), ctx)
    response, usage = await call.response([*before, request], request_parameters(turn, names))
    response = with_own_ids(response)
    added = ModelMessagesTypeAdapter.dump_python([request, response], mode="json")
    conversation = await services.conversations.add(ctx.run_id, Block(added, turn.before))
    return reply_of(turn, response, names, usage, conversation)


class ModelCall:
    """One call of a model."""

    def __init__(self, turn: ModelTurn, named: NamedModel, model: Model, ctx: InternalContext) -> None:
        services = ctx.models
        self._named = named
        self._model = model
        self._clients = services.clients
        self._settings = request_settings(turn, named, silence_sec(named, services.settings))
        self._failures = ModelFailures(turn.model, services.mask, services.settings.model_max_retry_after_sec)
        # A structured answer is no text for eyes.
        self._bounds = ReplyBounds(services.settings, ctx.emit if turn.output is None else None)
        self._stream: StreamedResponse | None = None

    async def response(
        self, messages: Sequence[ModelMessage], parameters: ModelRequestParameters
    ) -> tuple[ModelResponse, Usage]:
        """Return the whole response and what it used. Raises AgentError."""
        try:
            response = await self._whole(messages, parameters)
        except AgentError:
            raise
        except Exception as error:  # of the provider's library, which has to do with what a server sent
            raise self._failures.of(error, self._used_so_far()) from None
        usage = used(response.usage, self._named, self._model)
        if response.state != "complete" or response.finish_reason is None:
            reason = "the stream of the reply broke off"
            raise self._failures.because("model_stream_broken", reason, retryable=True, usage=usage)
        if response.finish_reason == "content_filter":
            raise self._failures.because(
                "content_refused", "the provider refused the content", usage=usage, complete=True
            )
        return response, usage

    async def _whole(self, messages: Sequence[ModelMessage], parameters: ModelRequestParameters) -> ModelResponse:
        asked = model_request_stream(
            self._model, messages, model_settings=self._settings, model_request_parameters=parameters
        )
        async with self._clients.using(self._model), asked as stream:
            self._stream = stream
            async for event in stream:
                self._bounds.take(event)
                if (beyond := self._bounds.beyond) is not None:
                    raise self._failures.because(*beyond, usage=self._used_so_far())
            return stream.get()

    def _used_so_far(self) -> Usage | None:
        """Return what the provider has told of a call that failed; None if it has not begun to reply."""
        if self._stream is None:
            return None
        usage = self._stream.usage
        if not usage.input_tokens and not usage.output_tokens:
            return Usage(requests=1)
        return used(usage, self._named, self._model)
