"""Runs the worker of the hand-written workflow: `python -m bench.contenders.handwritten_worker
ADDRESS`, until SIGINT.
"""

import asyncio
import signal
import sys

from temporalio.client import Client
from temporalio.worker import Worker

from bench.contenders.handwritten_workflow import TASK_QUEUE, Layers, step


async def main(address: str) -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stopped.set)
    client = await Client.connect(address)
    async with Worker(client, task_queue=TASK_QUEUE, workflows=[Layers], activities=[step]):
        await stopped.wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
