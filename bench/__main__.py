"""Runs the benchmarks, `python -m bench`, and reports the results."""

import argparse
import asyncio
import random
import resource
import sys
from pathlib import Path

from bench import document, report, results
from bench.arena import Arena
from bench.peers.catalogue import PEERS
from bench.rounds import measure
from bench.workload import Workload
from bench.workloads import against, workloads

FILES = 10_000
"""Open at once, at most: a thousand subscribers have a socket each, here and in the server."""


def main() -> int:
    arguments = _arguments()
    chosen = _chosen(arguments)
    if arguments.list:
        for workload in chosen:
            sys.stdout.write(f"{', '.join(workload.names):26} {workload.title}\n")
        return 0
    _allow_files()
    measured = asyncio.run(_measure(arguments, chosen))
    text = report.markdown(measured, chosen)
    sys.stdout.write(f"\n{text}")
    _write(arguments, measured, text)
    for failure in measured.failures:
        _say(f"bench: {failure}")
    return 1 if measured.failures else 0


async def _measure(arguments: argparse.Namespace, chosen: list[Workload]) -> results.Results:
    rng = random.Random(arguments.seed)
    measured = results.Results(results.this_machine(), arguments.quick)
    async with Arena.open() as arena:
        for workload in chosen:
            rounds = arguments.repeat or (workload.quick_rounds if arguments.quick else workload.rounds)
            measured.outcomes[workload.name] = await measure(workload, arena, rounds, rng, _say)
    return measured


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def _chosen(arguments: argparse.Namespace) -> list[Workload]:
    every = list(workloads(quick=arguments.quick))
    for peer in arguments.peers:
        every += against(peer, quick=arguments.quick)
    known = {name for workload in every for name in workload.names}
    unknown = set(arguments.only) - known
    if unknown:
        raise SystemExit(
            f"bench: there is no workload {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}"
        )
    return [workload for workload in every if not arguments.only or set(arguments.only) & set(workload.names)]


def _write(arguments: argparse.Namespace, measured: results.Results, text: str) -> None:
    if arguments.json:
        measured.write(arguments.json)
    if arguments.markdown:
        arguments.markdown.write_text(text)
    if arguments.document:
        document.replace_figures(arguments.document, text)


def _allow_files() -> None:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if most == resource.RLIM_INFINITY else min(FILES, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description="Wand against what one would use instead.")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="this workload; may be repeated")
    parser.add_argument("--list", action="store_true", help="name the workloads, and measure nothing")
    parser.add_argument("--quick", action="store_true", help="all in small, to see that it works")
    parser.add_argument("--repeat", type=int, metavar="N", help="rounds of each workload, instead of its own number")
    parser.add_argument("--peers", type=_peers, default=_installed(), metavar="NAMES", help=_PEERS_HELP)
    parser.add_argument("--seed", type=int, default=1, help="of the order of the contenders")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples there")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables there")
    parser.add_argument("--document", type=Path, metavar="FILE", help="put the tables between the marks of that page")
    return parser.parse_args()


_PEERS_HELP = f"comma-separated, of {', '.join(PEERS)}; `none`; by default all that are installed (make bench-peers)"


def _installed() -> list[str]:
    return [name for name, spec in PEERS.items() if spec.installed]


def _peers(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip() not in ("", "none")]
    for name in names:
        if name not in PEERS:
            raise argparse.ArgumentTypeError(f"there is no peer {name}")
        if not PEERS[name].installed:
            raise argparse.ArgumentTypeError(f"{name} is not installed: make bench-peers")
    return names


if __name__ == "__main__":
    sys.exit(main())
