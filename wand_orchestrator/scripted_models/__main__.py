"""Serves the models of a script from the command line."""

import argparse
import asyncio
import sys
from pathlib import Path

from wand_orchestrator.contract.model_call import Price
from wand_orchestrator.scripted_models.model_script import ModelScript
from wand_orchestrator.scripted_models.model_server import ModelServer


async def _serve(server: ModelServer) -> None:
    async with server.serving():
        sys.stdout.write(f"{server.openai_url}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m wand_orchestrator.scripted_models", description=__doc__)
    parser.add_argument("script", type=Path, help="JSON list of rules")
    parser.add_argument("--port", type=int, default=0, help="port on loopback; a free one without it")
    parser.add_argument("--usd-input", type=float, default=1.0, help="US dollars for a million tokens of input")
    parser.add_argument("--usd-output", type=float, default=4.0, help="US dollars for a million tokens of output")
    given = parser.parse_args()
    price = Price(input=given.usd_input, output=given.usd_output)
    asyncio.run(_serve(ModelServer(ModelScript.read(given.script), price=price, port=given.port)))


if __name__ == "__main__":
    main()
