"""`wand schedules`, against a running `wand dev`."""

import json
import time
from pathlib import Path

from tests.acceptance.test_wand_graphs import graph_file
from tests.acceptance.wand_command import WandDev, wait_until, wand_here


def test_a_schedule_is_made_shown_steered_and_deleted(shared_wand: WandDev, tmp_path: Path) -> None:
    name, own = f"clock-{time.time_ns()}", f"own-{time.time_ns()}"

    def wand(*words: str) -> str:
        ended = wand_here(*words, url=shared_wand.url)
        assert ended.exit_code == 0, ended.output
        return ended.stdout

    def complaint(*words: str) -> str:
        ended = wand_here("schedules", *words, url=shared_wand.url)
        assert (ended.exit_code, ended.stdout) == (1, "")
        return ended.stderr

    wand("graphs", "create", graph_file(tmp_path, name=name, nodes=[{"id": "a", "type": "test.emit"}]))
    times = ("--cron", "0 6 * * MON-FRI", "--time-zone", "Europe/Paris", "--jitter", "30s", "--overlap", "buffer_one")
    assert wand("schedules", "create", name, "--id", own, *times, "--input", "[1]", "--tag", "t") == f"{own}\n"
    shown = json.loads(wand("schedules", "show", own, "--json"))
    assert (shown["graph_name"], shown["input"], shown["tags"]) == (name, [1], ["t"])
    assert (shown["jitter"], shown["overlap"], shown["time_zone"]) == ("30s", "buffer_one", "Europe/Paris")

    assert wand("schedules", "trigger", own).startswith(f"{own} is triggered: r_{own}-")
    assert wand("schedules", "pause", own, "--note", "a holiday") == f"{own} is paused\n"
    run_ids: list[str] = []

    def started() -> bool:
        run_ids[:] = [run["run_id"] for run in json.loads(wand("schedules", "show", own, "--json"))["last_runs"]]
        return bool(run_ids)

    wait_until(started, "the triggered run started")
    wand("runs", "watch", run_ids[0])
    lines = wand("schedules", "show", own).splitlines()
    assert [line for line in lines if line.startswith("note")] == ["note      a holiday"]
    assert lines[-1].split()[:2] == [run_ids[0], "succeeded"]
    assert wand("schedules", "resume", own) == f"{own} goes on\n"
    listed = wand("schedules", "list", "--name", name).splitlines()
    assert listed[0].split()[0] == "schedule"
    period = ("--start", "2026-01-05T00:00:00Z", "--end", "2026-01-04T00:00:00Z")
    assert "`end_at` lies before `start_at`" in complaint("backfill", own, *period)
    assert wand("schedules", "delete", own) == f"{own} is deleted\n"
    assert complaint("show", own) == "wand: there is no such schedule of a graph\n"
    assert "`cron` cannot be read" in complaint("create", name, "--cron", "every day")
    assert "`cron` names no moment" in complaint("create", name, "--cron", "0 0 30 2 *")
    told = ("--webhook", "http://127.0.0.1/", "--webhook-event", "run.failed")
    assert "set WAND_WEBHOOK_SECRET" in complaint("create", name, "--every", "1h", *told)
    assert complaint("create", name, "--every", "1h", *told[2:]) == "wand: --webhook-event needs --webhook\n"
    assert complaint("create", f"no-{name}", "--every", "1h") == f"wand: there is no graph no-{name}\n"
