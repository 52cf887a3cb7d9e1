"""Agents in the agent host: what one of them does to its process is its own failure and no other's."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.waiting import eventually
from wand_orchestrator.activities.host.order import Order
from wand_orchestrator.activities.host.pool import AgentHost, HostedInvocation
from wand_orchestrator.activities.runner.attempt_failures import AttemptFailure, HostedFailure
from wand_orchestrator.activities.runner.reports import Reporter
from wand_orchestrator.contract.node import (
    AgentCall,
    Report,
)
from wand_orchestrator.errors import PluginError
from wand_orchestrator.files.artifacts import ArtifactStore
from wand_orchestrator.settings import Settings
from wand_orchestrator.temporal.emission_feed import Emission


@dataclass
class Hosted:
    """A host, and what its invocations reported."""

    host: AgentHost
    folder: Path
    reports: list[Report] = field(default_factory=list)

    def invocation(
        self,
        agent: str,
        params: dict[str, Any] | None = None,
        node: str = "n",
        reporter: Reporter | None = None,
    ) -> HostedInvocation:
        call = AgentCall(params=params or {})
        order = Order(agent=agent, run_id="r_1", node_id=node, number=1, idempotency_key="k", call=call)
        return self.host.invocation(order, reporter or Reporter(node, 1, self.take, Emission("r_1", node, 1)))

    async def output(self, agent: str, params: dict[str, Any] | None = None) -> Any:
        return await self.invocation(agent, params).output()

    async def read(self, run_id: str, reference: str, *reads: str) -> Any:
        call = AgentCall(input={"reference": reference}, reads=reads)
        order = Order(agent="test.read_sync", run_id=run_id, node_id="n", number=1, idempotency_key="k", call=call)
        return await self.host.invocation(order, Reporter("n", 1, self.take, Emission("r_1", "n", 1))).output()

    async def failure(self, agent: str, params: dict[str, Any] | None = None) -> AttemptFailure:
        with pytest.raises(HostedFailure) as caught:
            await self.output(agent, params)
        return caught.value.failure

    async def pid(self) -> int:
        return (await self.host.shared()).pid

    def waiting(self, node: str) -> tuple[asyncio.Task[Any], Callable[[], list[int]]]:
        """An agent that waits for the file `open`; the processes in which it was begun."""
        params = {"folder": str(self.folder), "open": str(self.folder / "open")}
        task = asyncio.create_task(self.invocation("hostile.wait", params, node).output())
        return task, lambda: [int(path.name.split("-")[1]) for path in self.folder.glob(f"{node}-*")]

    async def take(self, reports: Any) -> None:
        self.reports += reports


def settings(folder: Path, **given: Any) -> Settings:
    plugins = "sample_agents,hostile_agents,emitting_agents"
    return Settings(_env_file=None, plugins=plugins, data_dir=folder / "data", **{"agent_block_sec": 1.5, **given})


@pytest.fixture
async def hosted(tmp_path: Path) -> AsyncIterator[Hosted]:
    async with AgentHost.open(settings(tmp_path, agent_memory_mb=512, agent_cancel_sec=1)) as host:
        yield Hosted(host, tmp_path)


@pytest.fixture(scope="module")
async def lasting_host(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AgentHost]:
    async with AgentHost.open(settings(tmp_path_factory.mktemp("lasting"), agent_memory_mb=512)) as host:
        yield host


@pytest.fixture
def lasting(lasting_host: AgentHost, tmp_path: Path) -> Hosted:
    """One process for all tests that leave it as it was."""
    return Hosted(lasting_host, tmp_path)


@pytest.mark.parametrize(
    ("agent", "params", "code", "message"),
    [
        ("hostile.exit", {"status": 7}, "agent_crashed", "exit status 7"),
        ("hostile.kill", {}, "agent_crashed", "SIGSEGV"),
        ("hostile.eat", {}, "agent_out_of_memory", "WAND_AGENT_MEMORY_MB allows 512"),
        ("hostile.block", {"sec": 60}, "agent_blocked", "hostile_agents.py"),
        ("hostile.hold_the_lock", {}, "agent_blocked", "GIL"),
        ("hostile.close", {}, "agent_crashed", "its process"),
    ],
)
async def test_an_agent_that_ends_or_blocks_its_process_fails_and_the_next_one_runs(
    hosted: Hosted, agent: str, params: dict[str, Any], code: str, message: str
) -> None:
    before = await hosted.pid()
    failure = await hosted.failure(agent, params)
    assert (failure.code, failure.retryable) == (code, True)
    assert message in failure.message
    assert await hosted.output("test.echo", {"a": 1}) == {"params": {"a": 1}, "input": {}}
    assert await hosted.pid() != before


@pytest.mark.parametrize("error", ["KeyboardInterrupt", "SystemExit", "GeneratorExit", "StopIteration"])
@pytest.mark.parametrize("agent", ["hostile.raise", "hostile.raise_plain", "hostile.raise_in_task"])
async def test_what_ends_an_interpreter_or_a_loop_is_an_error_like_any_other(
    lasting: Hosted, agent: str, error: str
) -> None:
    before = await lasting.pid()
    failure = await lasting.failure(agent, {"error": error})
    assert failure.code == "RuntimeError"
    assert ("sys.exit" if error == "SystemExit" else error) in failure.message
    assert await lasting.pid() == before


async def test_agents_read_the_files_of_their_run_in_the_host(hosted: Hosted) -> None:
    artifacts = ArtifactStore.open(settings(hosted.folder).effective_artifacts_url)
    for run_id in ("r_1", "r_1.sub", "r_2"):
        await artifacts.save(run_id, "before", "f.txt", run_id.encode(), "text/plain")

    assert await hosted.read("r_1", "f.txt") == "r_1"
    assert await hosted.read("r_1.sub", "/runs/r_1/artifacts/before/f.txt", "r_1") == "r_1"
    with pytest.raises(HostedFailure) as refused:
        await hosted.read("r_1", "/runs/r_2/artifacts/before/f.txt")
    assert (refused.value.failure.code, refused.value.failure.retryable) == ("artifact_refused", False)


async def test_more_memory_than_there_is_fails_the_agent_and_spares_its_process(lasting: Hosted) -> None:
    before = await lasting.pid()
    assert (await lasting.failure("hostile.ask_for_too_much")).code == "agent_out_of_memory"
    assert await lasting.pid() == before


async def test_standard_output_is_the_agents_to_fill_and_to_close(hosted: Hosted) -> None:
    assert await hosted.output("hostile.print") == "printed"


async def test_beside_one_that_blocks_all_others_begin_anew_and_have_their_result(hosted: Hosted) -> None:
    neighbour, processes = hosted.waiting("neighbour")
    await eventually(lambda: len(processes()) == 1)
    failure = await hosted.failure("hostile.block", {"sec": 60})
    assert failure.code == "agent_blocked"
    await eventually(lambda: len(processes()) == 2)
    (hosted.folder / "open").touch()
    assert await neighbour == 1


async def test_the_block_is_told_while_it_lasts_and_names_place_and_cure(hosted: Hosted) -> None:
    assert (await hosted.failure("hostile.block", {"sec": 60})).code == "agent_blocked"
    await eventually(lambda: bool(hosted.reports))
    (warning,) = hosted.reports
    assert (warning.level, warning.node) == ("warning", "n")
    assert "hostile_agents.py" in warning.message
    assert "`def`" in warning.message


async def test_of_several_that_ran_beside_one_another_only_the_one_that_ended_the_process_fails(
    hosted: Hosted,
) -> None:
    waiting = [hosted.waiting(f"neighbour{number}") for number in range(6)]
    when = {"when": str(hosted.folder / "now")}
    culprit = asyncio.create_task(hosted.failure("hostile.exit", when))
    await eventually(lambda: all(processes() for _, processes in waiting))
    (hosted.folder / "now").touch()
    assert (await culprit).code == "agent_crashed"
    (hosted.folder / "open").touch()
    assert await asyncio.gather(*(task for task, _ in waiting)) == [1] * 6


async def test_a_cancel_reaches_an_agent_and_one_that_waits_for_a_process(hosted: Hosted) -> None:
    task, processes = hosted.waiting("a")
    invocation = hosted.invocation("test.sleep", {"sec": 60})
    sleeping = asyncio.create_task(invocation.output())
    await eventually(lambda: bool(processes()))
    invocation.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sleeping
    (hosted.folder / "open").touch()
    assert await task == 1


async def test_one_that_never_hears_of_its_cancel_is_ended_when_those_beside_it_have_ended(hosted: Hosted) -> None:
    neighbour, processes = hosted.waiting("neighbour")
    invocation = hosted.invocation("hostile.ignore_cancel", {"started": str(hosted.folder / "started")})
    stubborn = asyncio.create_task(invocation.output())
    await eventually(lambda: bool(processes()) and (hosted.folder / "started").exists())
    first = await hosted.pid()
    invocation.cancel()
    await eventually(lambda: hosted.host.retired == 1)
    assert await hosted.pid() != first
    assert not stubborn.done()
    (hosted.folder / "open").touch()
    assert await neighbour == 1
    with pytest.raises(asyncio.CancelledError):
        await stubborn
    assert processes() == [first]
    await eventually(lambda: not psutil.pid_exists(first))


async def test_all_text_arrives_before_the_output_whoever_emits_it(lasting: Hosted) -> None:
    for agent in ("emit.async", "emit.plain"):
        reporter = Reporter("n", 1, lasting.take, Emission("r_1", "n", 1))
        output = await lasting.invocation(
            agent, {"pieces": ["ä", "😀", "\n"], "times": 1000}, reporter=reporter
        ).output()
        assert reporter.emission.whole == output["text"]


async def test_a_flood_of_text_loses_what_nobody_could_read_and_keeps_its_end(lasting: Hosted) -> None:
    reporter = Reporter("n", 1, lasting.take, Emission("r_1", "n", 1))
    params = {"pieces": ["x" * 10_000], "times": 2000, "returns": False}
    output = await lasting.invocation("emit.plain", params, reporter=reporter).output()
    piece = reporter.emission.after(-1, 0)
    assert piece is not None
    assert piece.offset + len(piece.text) == output["characters"]
    assert piece.text.endswith("1" + "x" * 10_000)


async def test_an_attempt_whose_process_another_one_ended_begins_its_text_anew(hosted: Hosted) -> None:
    reporter = Reporter("n", 1, hosted.take, Emission("r_1", "n", 1))
    params = {"pieces": ["a", "b", "c"], "gate": str(hosted.folder), "waits": [2]}
    running = asyncio.create_task(hosted.invocation("emit.async", params, reporter=reporter).output())
    await eventually(lambda: reporter.emission.whole == "1a1b")
    assert (await hosted.failure("hostile.exit", {"status": 7})).code == "agent_crashed"
    (hosted.folder / "1.2").touch()

    assert (await running)["text"] == "1a1b1c"

    piece = reporter.emission.after(0, 4)
    assert piece is not None
    assert (piece.begun, piece.offset, piece.text) == (1, 0, "1a1b1c")


async def test_a_flood_of_lines_is_cut_and_counted_and_the_last_progress_arrives(lasting: Hosted) -> None:
    reporter = Reporter("n", 1, lasting.take, Emission("r_1", "n", 1))
    await lasting.invocation("hostile.log", {"lines": 20_000}, reporter=reporter).output()
    lasting.reports += await reporter.settle()
    lines = [report for report in lasting.reports if report.kind == "log" and report.message == "line"]
    dropped = sum(report.data.get("dropped", 0) for report in lasting.reports)
    assert len(lines) + dropped == 20_000
    assert [report.percent for report in lasting.reports if report.kind == "progress"][-1] == 100


async def test_agents_see_their_environment_and_no_secrets_of_the_service(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "more.env").write_text("FROM_FILE=1\nWAND_API_KEY=from-file\nBOTH=file\n")
    for name in ("WAND_API_KEY", "WAND_DATABASE_URL", "WAND_WEBHOOK_SECRET"):
        monkeypatch.setenv(name, "postgresql://secret")
    monkeypatch.setenv("BOTH", "environment")
    given = settings(
        tmp_path,
        api_key="secret",
        host="0.0.0.0",
        database_url="postgresql://secret",
        webhook_secret=None,
        agent_env_file=tmp_path / "more.env",
    )
    async with AgentHost.open(given) as host:
        seen = await Hosted(host, tmp_path).output("hostile.environment")
    assert (seen["environment"]["FROM_FILE"], seen["environment"]["BOTH"]) == ("1", "environment")
    assert (seen["settings"]["api_key"], seen["settings"]["database_url"]) == (None, None)
    assert not {"WAND_API_KEY", "WAND_DATABASE_URL", "WAND_WEBHOOK_SECRET"} & seen["environment"].keys()
    assert seen["settings"]["plugins"] == given.plugins


async def test_a_host_that_cannot_begin_says_why(tmp_path: Path) -> None:
    with pytest.raises(PluginError, match="no_such_module"):
        async with AgentHost.open(settings(tmp_path).model_copy(update={"plugins": "no_such_module"})):
            pass


async def test_nothing_is_left_of_it_when_it_is_closed(tmp_path: Path) -> None:
    async with AgentHost.open(settings(tmp_path)) as host:
        pid = (await host.shared()).pid
        assert psutil.pid_exists(pid)
    assert not psutil.pid_exists(pid)
