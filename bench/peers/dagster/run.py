"""Dagster: a job of ops, run in this process over a SQLite instance. See `bench.peers.protocol`.

Its daemon would start a process for every run; running in the process leaves that out, in Dagster's favour. Many runs
go one after the other: in threads of one process they wait for one another for ever.
"""

import os
import sys
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.peers.protocol import own_output, serve

QUIET = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}


def main(folder: Path) -> None:
    output = own_output()
    (folder / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    os.environ["DAGSTER_HOME"] = str(folder)
    from dagster import DagsterInstance, In, Nothing, Out, job, op

    def make_op(name: str, *, first: bool) -> Any:
        def adds(value: int) -> int:
            return value + 1

        def begins() -> int:
            return 1

        ins = {} if first else {"value": In(int), "after": In(Nothing)}
        return op(name=name, ins=ins, out=Out(int))(begins if first else adds)

    @cache
    def job_of(widths: tuple[int, ...]) -> Any:
        @job(name="layers_" + "_".join(map(str, widths[:3])) + f"_{len(widths)}")
        def layers() -> None:
            above: list[Any] = []
            for layer, width in enumerate(widths):
                ops = [make_op(f"n{layer}_{place}", first=not above) for place in range(width)]
                above = [
                    make(value=above[place % len(above)], after=above) if above else make()
                    for place, make in enumerate(ops)
                ]

        return layers

    with DagsterInstance.get() as instance:

        def run(widths: tuple[int, ...]) -> int:
            result = job_of(widths).execute_in_process(run_config=QUIET, instance=instance)
            return int(result.output_for_node(f"n{len(widths) - 1}_0"))

        def measure(widths: list[int], runs: int) -> list[int]:
            return [run(tuple(widths)) for _ in range(runs)]

        serve(output, f"Dagster {version('dagster')}, in one process, SQLite", measure)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
