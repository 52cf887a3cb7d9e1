"""A server of models that answers by a script: what it says follows from what it is asked, and costs nothing.

It speaks OpenAI's chat completions and responses, and Anthropic's messages, streamed and whole, so that the libraries
of these providers work with it as they are. It counts requests, tokens and money by itself.

    async with ModelServer(script).serving() as server:
        …  # an alias of WAND_MODELS with {"model": "openai-chat:any", "base_url": server.openai_url}
        assert server.log[0].asked.last == "…"

    python -m wand_orchestrator.scripted_models script.json --port 8100
"""

from wand_orchestrator.scripted_models.asked import Asked, Said
from wand_orchestrator.scripted_models.model_script import ModelScript, ScriptedAnswer, ScriptedCall, ScriptRule
from wand_orchestrator.scripted_models.model_server import Exchange, ModelServer

__all__ = ["Asked", "Exchange", "ModelScript", "ModelServer", "Said", "ScriptRule", "ScriptedAnswer", "ScriptedCall"]
