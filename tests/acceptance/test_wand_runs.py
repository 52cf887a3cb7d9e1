"""`wand runs`, against a running `wand dev`."""

import getpass
import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.wand_command import HTTP, WAND, WandDev, environment, wait_until, wand, wand_here

EXAMPLES = Path(__file__).parents[2] / "examples"
EMIT = {"id": "a", "type": "test.emit", "params": {"value": {"x": 7}}}
CLOSED = {"id": "b", "type": "test.fail", "params": {"code": "asked", "message": "line one\nline two \x1b[31mred"}}


def start(dev: WandDev, *nodes: dict[str, Any], tags: tuple[str, ...] = (), **graph: Any) -> str:
    body = {"graph": {"name": "case", "nodes": list(nodes), **graph}, "tags": tags}
    answer = HTTP.post(f"{dev.url}/runs", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["run_id"])


def view(dev: WandDev, run_id: str) -> dict[str, Any]:
    return dict(HTTP.get(f"{dev.url}/runs/{run_id}").json())


def status(dev: WandDev, run_id: str) -> str:
    return str(view(dev, run_id)["status"])


def done(dev: WandDev, run_id: str) -> str:
    """The run, when it has ended."""
    wait_until(lambda: view(dev, run_id)["finished_at"] is not None, "the run ended")
    return run_id


def said(dev: WandDev, *arguments: str) -> str:
    """Standard output of a command that succeeds."""
    ended = wand_here("runs", *arguments, url=dev.url)
    assert ended.exit_code == 0, ended.output
    return ended.stdout


def refused(dev: WandDev, *arguments: str) -> str:
    """The one line of a command that fails."""
    ended = wand_here("runs", *arguments, url=dev.url)
    assert ended.exit_code == 1
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    return line


def test_a_list_is_filtered_and_put_together_from_pages(shared_wand: WandDev, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"listed-{time.time_ns()}"
    runs = [done(shared_wand, start(shared_wand, EMIT, tags=(tag,), name=name)) for tag in ("even", "odd", "even")]
    answer = HTTP.get(f"{shared_wand.url}/runs", params={"name": name}).json()
    monkeypatch.setattr("wand_orchestrator.cli.client.api_client.MAX_PAGE", 1)

    assert json.loads(said(shared_wand, "list", "--name", name, "--json")) == answer
    table = said(shared_wand, "list", "--name", name, "--tag", "even", "--status", "succeeded").splitlines()
    assert [line.split()[0] for line in table] == ["run", runs[2], runs[0]]
    assert said(shared_wand, "list", "--name", name, "--graph-id", "g_other").split() == table[0].split()
    newest = wand_here("runs", "list", "--name", name, "--limit", "2", url=shared_wand.url)
    assert newest.stderr == "There are older ones: --limit 4\n"
    assert runs[0] not in newest.stdout


def test_a_run_is_shown_with_its_nodes_its_error_and_as_the_api_has_it(shared_wand: WandDev) -> None:
    run = done(shared_wand, start(shared_wand, EMIT, CLOSED, tags=("red",), edges=[{"from": "a", "to": "b"}]))

    assert json.loads(said(shared_wand, "show", run, "--json")) == view(shared_wand, run)
    lines = said(shared_wand, "show", run).splitlines()
    assert lines[0].split() == ["run", run]
    assert "status    failed" in lines
    assert "tags      red" in lines
    assert any(line.startswith("error     line one\\nline two \\x1b[31mred (asked) at b") for line in lines)
    assert any(line.split()[:3] == ["a", "succeeded", "1"] for line in lines)


def test_events_are_printed_by_number_node_and_level(shared_wand: WandDev) -> None:
    lines = ["plain", "split\u2028here"]
    node = {"id": "log", "type": "test.log", "params": {"lines": lines, "level": "warning"}}
    run = done(shared_wand, start(shared_wand, EMIT, node))
    answer = HTTP.get(f"{shared_wand.url}/runs/{run}/logs").json()

    assert json.loads(said(shared_wand, "logs", run, "--json")) == answer
    warnings = said(shared_wand, "logs", run, "--level", "warning").splitlines()
    assert [line.partition("node.log log: ")[2] for line in warnings] == [
        "plain length=5",
        "split\\u2028here length=10",
    ]
    last = said(shared_wand, "logs", run, "--after", str(answer["last_seq"] - 1)).splitlines()
    assert [line.split()[0] for line in last] == [str(answer["last_seq"])]
    followed = said(shared_wand, "logs", run, "--follow", "--json").split("\n")
    assert [json.loads(line) for line in followed if line] == answer["events"]
    of_node = said(shared_wand, "logs", run, "--follow", "--node", "a").splitlines()
    assert len(of_node) == sum(event["node"] == "a" for event in answer["events"])
    assert said(shared_wand, "logs", run, "--follow", "--after", str(answer["last_seq"])) == ""


def test_an_approval_is_paused_resumed_answered_and_watched_to_its_end(shared_wand: WandDev, tmp_path: Path) -> None:
    started = wand_here("run", str(EXAMPLES / "approval.json"), "--detach", "--tag", "mine", url=shared_wand.url)
    run = started.stdout.strip()
    wait_until(lambda: view(shared_wand, run)["nodes"]["review"]["status"] == "waiting", "it waited")
    assert view(shared_wand, run)["tags"] == ["mine"]
    # What a node was given is stored a moment after it has begun.
    wait_until(lambda: "review asks" in said(shared_wand, "show", run), "it showed what is asked")
    shown = said(shared_wand, "show", run)
    assert "waits for  review: an answer to its open approval" in shown
    assert f"review asks: May this be sent?\n    wand runs respond {run} review --answer JSON\n" in shown

    assert said(shared_wand, "pause", run) == f"{run} is paused\n"
    assert json.loads(said(shared_wand, "resume", run, "--json")) == {"run_id": run, "status": "running"}
    assert "the answer does not fit" in refused(shared_wand, "respond", run, "review", "--answer", '{"send": 1}')
    assert said(shared_wand, "respond", run, "review", "--answer", '{"send": true}') == f"review of {run} is answered\n"

    watched = wand("runs", "watch", run, cwd=tmp_path, WAND_URL=shared_wand.url)
    assert watched.returncode == 0, watched.stderr
    assert json.loads(watched.stdout)["outputs"] == {"send": {"sent": "The build is green."}}
    assert "100 % run.succeeded" in watched.stderr
    assert f"{getpass.getuser()} answered review" in watched.stderr
    assert "\x1b" not in watched.stdout + watched.stderr


def test_a_node_is_shown_with_what_went_in_and_came_out_and_every_attempt(shared_wand: WandDev) -> None:
    params = {"agent": "test.echo", "items": [{"x": 1}], "params": {"p": {"$expr": "x"}}}
    each = {"id": "each", "type": "flow.map", "params": params}
    again = {"id": "again", "type": "test.flaky", "params": {"succeeds_at": 2}, "retry": {"initial_interval_sec": 0.01}}
    run = done(shared_wand, start(shared_wand, each, again))

    item = said(shared_wand, "show", run, "each[0]")
    assert [line.split() for line in item.splitlines()[:3]] == [
        ["run", run],
        ["node", "each[0]"],
        ["status", "succeeded"],
    ]
    shown = {name: item.partition(f"\n{name}\n")[2] for name in ("params", "input", "output")}
    values = {name: json.JSONDecoder().raw_decode(text)[0] for name, text in shown.items()}
    assert values == {"params": {"p": 1}, "input": {"x": 1}, "output": {"params": {"p": 1}, "input": {"x": 1}}}
    assert "each[0]" in said(shared_wand, "show", run, "each")
    attempts = said(shared_wand, "show", run, "again")
    assert "attempt 1: attempt 1 fails (flaky)" in attempts
    assert "flaky" in attempts
    told = json.loads(said(shared_wand, "show", run, "again", "--json"))
    assert told == HTTP.get(f"{shared_wand.url}/runs/{run}/nodes/again").json()
    assert [each["status"] for each in told["attempts"]] == ["failed", "succeeded"]
    assert refused(shared_wand, "show", run, "none") == "wand: the run has no node none"


def test_a_link_that_the_command_makes_answers_once(shared_wand: WandDev) -> None:
    run = start(shared_wand, {"id": "ask", "type": "flow.approval", "params": {"prompt": "Go?"}})

    url = said(shared_wand, "link", run, "ask", "--by", "ada", "--days", "0.5").strip()

    assert url.startswith(f"{shared_wand.url}/links/")
    wait_until(lambda: view(shared_wand, run)["nodes"]["ask"]["status"] == "waiting", "it waited")
    assert HTTP.get(url, headers={"Accept": "application/json"}).json()["prompt"] == "Go?"
    assert HTTP.post(url, json={"answer": {"go": 1}}).status_code == 200
    assert view(shared_wand, done(shared_wand, run))["result"]["outputs"] == {"ask": {"go": 1}}
    assert HTTP.post(url, json={"answer": 2}).status_code in (409, 410)
    assert refused(shared_wand, "link", run, "ask").startswith("wand: the run has ended (succeeded): ")


def test_what_failed_is_retried_in_a_new_run(shared_wand: WandDev, tmp_path: Path) -> None:
    gate = tmp_path / "open"
    gated = {"id": "gated", "type": "test.gated", "params": {"open": str(gate)}}
    run = done(shared_wand, start(shared_wand, EMIT, gated, edges=[{"from": "a", "to": "gated"}]))
    watched = wand_here("runs", "watch", run, "--json", url=shared_wand.url)
    assert watched.exit_code == 1
    assert json.loads(watched.stdout) == view(shared_wand, run)

    gate.touch()
    new = said(shared_wand, "retry", run).strip()
    assert view(shared_wand, done(shared_wand, new))["retry_of"] == run
    assert status(shared_wand, new) == "succeeded"
    assert "name the nodes that are to run again" in refused(shared_wand, "retry", new)
    again = json.loads(said(shared_wand, "retry", new, "--from", "gated", "--json"))["run_id"]
    assert status(shared_wand, done(shared_wand, again)) == "succeeded"


def test_a_node_that_failed_is_tried_again_or_skipped_and_a_run_is_cancelled(
    shared_wand: WandDev, tmp_path: Path
) -> None:
    gate = tmp_path / "open"
    gated = {"id": "gated", "type": "test.gated", "params": {"open": str(gate)}}
    hold = {"id": "gate", "type": "test.gate", "params": {"open": str(tmp_path / "never")}}
    run = start(shared_wand, gated, CLOSED, hold, options={"on_failure": "pause"})

    def nodes() -> dict[str, str]:
        return {name: node["status"] for name, node in view(shared_wand, run)["nodes"].items()}

    wait_until(lambda: (nodes()["gated"], nodes()["b"]) == ("failed", "failed"), "both had failed")
    gate.touch()
    assert said(shared_wand, "retry-node", run, "gated") == f"gated of {run} is tried now\n"
    assert said(shared_wand, "skip", run, "b") == f"b of {run} is skipped\n"
    wait_until(lambda: nodes()["gated"] == "succeeded", "it succeeded")
    assert "no node" in refused(shared_wand, "skip", run, "other")
    assert said(shared_wand, "cancel", run) == f"{run} is cancelling\n"
    assert status(shared_wand, done(shared_wand, run)) == "cancelled"
    assert said(shared_wand, "cancel", run) == f"{run} is cancelled\n"
    assert "nothing in it can be steered any more" in refused(shared_wand, "pause", run)


def test_a_run_that_has_ended_is_deleted(shared_wand: WandDev, tmp_path: Path) -> None:
    gate = tmp_path / "open"
    run = start(shared_wand, {"id": "gate", "type": "test.gate", "params": {"open": str(gate)}})
    assert "cancel it first" in refused(shared_wand, "delete", run)
    gate.touch()
    assert said(shared_wand, "delete", done(shared_wand, run)) == f"{run} is deleted\n"
    assert refused(shared_wand, "show", run) == f"wand: the run {run} was deleted"


def test_files_of_a_run_are_listed_and_fetched(shared_wand: WandDev, tmp_path: Path) -> None:
    points = [{"x": 1, "y": 2}]
    nodes = (
        {"id": "points", "type": "test.emit", "params": {"value": points}},
        {"id": "chart", "type": "agent.chart", "params": {"spec": {"kind": "bar"}}},
    )
    edges = [{"from": "points", "to": "chart", "map": {"series": "@"}}]
    run = done(shared_wand, start(shared_wand, *nodes, edges=edges))
    answer = HTTP.get(f"{shared_wand.url}/runs/{run}/artifacts").json()
    (file,) = answer["artifacts"]

    assert json.loads(said(shared_wand, "artifacts", run, "--json")) == answer
    assert file["name"] in said(shared_wand, "artifacts", run)
    target = tmp_path / "chart.svg"
    assert said(shared_wand, "artifacts", run, file["name"], "--output", str(target)) == ""
    assert target.read_bytes() == HTTP.get(shared_wand.url + file["url"]).content
    assert said(shared_wand, "artifacts", run, file["name"], "-o", "-").encode() == target.read_bytes()
    assert "no artifact" in refused(shared_wand, "artifacts", run, "other", "-o", str(tmp_path / "other"))
    assert [path.name for path in tmp_path.iterdir()] == ["chart.svg"]


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("show", "r_none"), "wand: there is no run r_none"),
        (("watch", "r_none"), "wand: there is no run r_none"),
        (("logs", "r_none", "--follow"), "wand: there is no run r_none"),
        (("logs", "r_none", "--level", "loud"), "wand: --level is one of debug, info, warning, error, not loud"),
        (("list", "--status", "odd"), "wand: status: Input should be 'open', 'pending'"),
        (("respond", "r_none", "a", "--answer", "{"), "wand: --answer is not JSON that can be read: "),
        (("watch", "r_none", "--url", "http://127.0.0.1:1"), "wand: no API answers at http://127.0.0.1:1"),
        (("show", "../health"), "wand: there is no"),
    ],
)
def test_what_goes_wrong_is_one_line(shared_wand: WandDev, arguments: tuple[str, ...], line: str) -> None:
    assert refused(shared_wand, *arguments).startswith(line)


def test_bash_completes_commands_and_ids(shared_wand: WandDev, tmp_path: Path) -> None:
    run = start(shared_wand, EMIT, name="it's $(touch here)")
    script = """
        eval "$(wand --show-completion)"
        complete() { COMP_WORDS=(wand "$@"); COMP_CWORD=$#; _wand_completion wand; echo "${COMPREPLY[@]}"; }
        complete runs pau
        complete runs show "$BEGUN"
        complete runs skip "$RUN" ""
    """
    path = f"{WAND.parent}:{os.environ['PATH']}"
    env = environment(PATH=path, WAND_URL=shared_wand.url, RUN=run, BEGUN=run[:-1])
    ended = subprocess.run(["bash", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
    assert ended.stdout.splitlines() == ["pause", run, "a"]
    assert ended.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_a_command_whose_reader_is_gone_ends_without_a_word(shared_wand: WandDev, tmp_path: Path) -> None:
    run = done(shared_wand, start(shared_wand, EMIT))
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = subprocess.run(
            [WAND, "runs", "logs", run, "--follow"],
            cwd=tmp_path,
            env=environment(WAND_URL=shared_wand.url),
            stdout=writer,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(writer)
    assert (ended.returncode, ended.stderr) == (1, b"")
