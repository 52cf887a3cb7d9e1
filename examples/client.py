"""Runs a graph that asks a person, answers it, and shows what came of it: `python examples/client.py`.

The API is that of WAND_URL, else the one that `wand dev` serves on this machine.
"""

from wand_orchestrator import GraphBuilder
from wand_orchestrator.client import RunFailed, Wand

GRAPH = GraphBuilder("approve-numbers")
numbers = GRAPH.transform("numbers", [1, 4, 9])
GRAPH.approval("review", answer=bool, prompt="Send the numbers?", after=numbers)


def main() -> None:
    with Wand() as wand:
        run_id = wand.runs.start(GRAPH, tags=["example"]).run_id
        with wand.runs.stream(run_id) as events:
            for event in events:
                print(event.seq, event.type, event.message)  # noqa: T201
                if event.type == "node.waiting" and event.node is not None:
                    wand.runs.respond(run_id, event.node, True, by="examples/client.py")
        try:
            print(wand.runs.result(run_id).outputs)  # noqa: T201
        except RunFailed as error:
            print(error.error_code, error.node)  # noqa: T201


if __name__ == "__main__":
    main()
