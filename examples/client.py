"""Runs a graph that asks a person, answers it, and shows what came of it: `python examples/client.py`.

The API is that of WAND_URL, else the one that `wand dev` serves on this machine.
"""

from wand_orchestrator.client import RunFailed, Wand

GRAPH = {
    "name": "approve-numbers",
    "nodes": [
        {"id": "numbers", "type": "agent.transform", "params": {"expression": "`[1, 4, 9]`"}},
        {
            "id": "review",
            "type": "flow.approval",
            "params": {"prompt": "Send the numbers?", "schema": {"type": "boolean"}},
        },
    ],
    "edges": [{"from": "numbers", "to": "review"}],
}


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
