"""The service that Restate calls: a handler whose nodes are journaled steps. Served by hypercorn."""

import restate

layers = restate.Service("Layers")


async def step(value: int) -> int:
    return value + 1


@layers.handler()
async def run(ctx: restate.Context, widths: list[int]) -> int:
    values = [0]
    for width in widths:
        steps = [ctx.run_typed("step", step, value=values[place % len(values)]) for place in range(width)]
        await restate.gather(*steps)
        values = [await done for done in steps]
    return values[0]


app = restate.app([layers])
