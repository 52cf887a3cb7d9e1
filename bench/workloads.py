"""All workloads, in the order in which they are measured: those that need the same systems stand together."""

from dataclasses import replace

from bench import goes
from bench.arena import STOCK, TUNED, WAND, wand_with_processes
from bench.shapes import Shape, chain, fan, layered
from bench.workload import Entry, Workload

SHORT_LABEL = "Wand over HTTP, short agents"
LOCAL_LABEL = "hand-written, Wand's tuned server, local activities"


def workloads(*, quick: bool) -> tuple[Workload, ...]:
    """`quick`: the same in small, to see that all of it works; its figures say little."""
    return (*_runs(quick), *_short(quick), *_many(quick), *_of_wand_alone(quick), *_large(quick))


def against(peer: str, *, quick: bool) -> tuple[Workload, ...]:
    """What a peer is measured at. It takes turns with Wand alone: the others are idle servers, but not free."""
    length, wide, runs = _sizes(quick)
    shapes = {"chain3": (chain(3), 1), "chain100": (chain(length), 1), "wide200": (fan(wide), 1)}
    shapes["burst100"] = (chain(3), runs)
    titles = {workload.name: workload.title for workload in _runs(quick)}
    return tuple(
        Workload(
            against_name(name, peer),
            f"{titles[name]}, against {peer}",
            (*_of_wand(shape, count), goes.peer(peer, shape, count)),
            rounds=5 if count == 1 else 3,  # some peers take minutes for all of them
            also=(name,),
        )
        for name, (shape, count) in shapes.items()
    )


def _of_wand(shape: Shape, runs: int) -> tuple[Entry, Entry]:
    """With regular agents, and with short ones, which come next to what a function of the same process is to a peer."""
    short = replace(shape, short=True)
    if runs == 1:
        return goes.wand(shape), goes.wand(short, "wand-short", SHORT_LABEL)
    return goes.wand_burst(shape, runs), goes.wand_burst(short, runs, "wand-short", SHORT_LABEL)


def against_name(workload: str, peer: str) -> str:
    return f"{workload}/{peer}"


PEER_WORKLOADS = ("chain3", "chain100", "wide200", "burst100")


def _runs(quick: bool) -> tuple[Workload, ...]:
    length, wide, runs = _sizes(quick)
    return (
        Workload(
            "chain3",
            "Chain of 3: latency of a run, start to result",
            (*_on_both(chain(3)), _local(chain(3, short=True))),
            rounds=20,
        ),
        Workload(
            "chain100",
            f"Chain of {length}; the price of being watched by one subscriber",
            (*_on_both(chain(length)), goes.wand_unwatched(chain(length))),
            rounds=13,
            also=("watched",),
        ),
        Workload("wide200", f"1 → {wide} → 1", _on_both(fan(wide)), rounds=7),
        Workload("burst100", f"{runs} runs of the chain of 3 at once", _burst(runs), rounds=5),
    )


def _short(quick: bool) -> tuple[Workload, ...]:
    length = 20 if quick else 100
    return (
        Workload(
            "short3",
            "Chain of 3 short nodes, `POST /runs` to the last SSE event, against `execute_workflow`",
            (goes.wand(chain(3, short=True)), _local(chain(3, short=True))),
            rounds=40,
            quick_rounds=5,
        ),
        Workload(
            "short100",
            f"Chain of {length} short agents, against plain activities",
            (
                goes.wand(chain(length, short=True)),
                goes.handwritten(TUNED, chain(length)),
                _local(chain(length, short=True)),
            ),
            rounds=15,
        ),
    )


def _many(quick: bool) -> tuple[Workload, ...]:
    runs, wide, starts = (50, 100, 50) if quick else (1000, 1000, 500)
    return (
        Workload(
            "wide1000",
            f"1 → {wide:,} → 1",
            (goes.wand(fan(wide)), goes.handwritten(TUNED, fan(wide))),
            rounds=7,
        ),
        Workload(
            "start",
            f"{starts} starts, {goes.STARTS_AT_ONCE} under way at any time",
            (goes.wand_starts(starts), goes.handwritten_starts(TUNED, starts)),
            rounds=5,
            measure="ms_per_start",
        ),
        Workload(
            "burst1000",
            f"{runs:,} runs of the chain of 3 at once",
            (goes.wand_burst(chain(3), runs), goes.handwritten_burst(TUNED, chain(3), runs)),
            rounds=3,
        ),
    )


def _of_wand_alone(quick: bool) -> tuple[Workload, ...]:
    subscribers, nodes = ((1, 5, 20), 6) if quick else ((1, 100, 1000), 40)
    few, many = (1000, 10_000) if quick else (1000, 100_000)
    computing = 6 if quick else 40
    return (
        Workload(
            "sse",
            "From an agent's return to the subscriber",
            tuple(goes.wand_subscribers(count, nodes) for count in subscribers),
            rounds=5,
            measure="p50_ms",
            base=f"subscribers-{subscribers[0]}",
        ),
        Workload(
            "deltas",
            "From `ctx.emit` to the subscriber, 50 lines a second",
            (
                goes.wand_emitted("together", WAND, "worker and API in one process (`wand dev`)"),
                goes.wand_emitted("apart", wand_with_processes(1), "`wand api` and `wand worker`"),
            ),
            rounds=5,
            measure="p50_ms",
            base="together",
        ),
        Workload(
            "emitting",
            f"Processor time of all processes while {goes.TELLERS} agents write 50 lines a second each",
            (
                goes.wand_telling("silent", "without `ctx.emit`, nobody subscribed", emits=False, watched=False),
                goes.wand_telling("emitting", "with `ctx.emit`, nobody subscribed", emits=True, watched=False),
                goes.wand_telling("silent-watched", "without, one subscriber", emits=False, watched=True),
                goes.wand_telling("watched", "with it, one subscriber", emits=True, watched=True),
            ),
            rounds=5,
            measure="cpu_ms_per_second",
            base="silent",
        ),
        Workload(
            "outputs",
            "Large outputs along a chain of 5",
            (goes.wand_outputs(5, (1 if quick else 10) * 1024**2),),
            rounds=5,
        ),
        Workload(
            "processes",
            f"{computing} agents that compute for 0.1 s each",
            tuple(goes.wand_processes(count, computing, 0.1) for count in (1, 2)),
            rounds=5,
            base="processes-1",
        ),
        Workload(
            "listing",
            f"`GET /runs`, a page of {goes.PAGE}",
            (goes.wand_lists(few), goes.wand_lists(many)),
            rounds=7,
            measure="ms_per_list",
            base=f"rows-{few}",
        ),
    )


def _large(quick: bool) -> tuple[Workload, ...]:
    layers, width = (10, 20) if quick else (100, 100)
    small, tenth, large = (layered(count, width) for count in (1, layers // 10, layers))
    return (
        Workload(
            "nodes10000",
            f"{large.nodes:,} nodes in layers of {width}; what a node costs, and the memory it takes",
            (
                goes.wand_large("wand", large, f"Wand over HTTP, {large.nodes:,} nodes"),
                goes.handwritten_large(TUNED, large),
                goes.wand_large("wand-tenth", tenth, f"Wand over HTTP, {tenth.nodes:,} nodes"),
                goes.wand_large("wand-one-layer", small, f"Wand over HTTP, {small.nodes} nodes"),
            ),
            rounds=3,
            also=("flat", "memory"),
            fresh=True,
        ),
    )


def _on_both(shape: Shape) -> tuple[Entry, ...]:
    return (goes.wand(shape), goes.handwritten(STOCK, shape), goes.handwritten(TUNED, shape))


def _local(shape: Shape) -> Entry:
    return goes.handwritten(TUNED, shape, "tuned-local", LOCAL_LABEL)


def _burst(runs: int) -> tuple[Entry, ...]:
    return (
        goes.wand_burst(chain(3), runs),
        goes.handwritten_burst(STOCK, chain(3), runs),
        goes.handwritten_burst(TUNED, chain(3), runs),
    )


def _sizes(quick: bool) -> tuple[int, int, int]:
    """A long chain, a wide fan, many runs."""
    return (20, 50, 10) if quick else (100, 200, 100)
