"""`wand hooks`, against a running `wand dev`."""

import json
from pathlib import Path

from tests.acceptance.wand_command import HTTP, WandDev, wand_here


def test_a_hook_is_made_used_shown_and_removed(shared_wand: WandDev, tmp_path: Path) -> None:
    name = f"hook-{tmp_path.name.replace('_', '-')}"
    file = tmp_path / "graph.yaml"
    file.write_text(f"name: {name}\nnodes:\n  - {{id: a, type: test.emit, params: {{value: {{$input: n}}}}}}\n")
    assert wand_here("graphs", "create", str(file), url=shared_wand.url).exit_code == 0
    wanted = ("--verification", "token", "--map", "n=body.x", "--tag", "t")
    made = wand_here("hooks", "set", name, name, *wanted, url=shared_wand.url)
    assert made.exit_code == 0, made.output
    token = made.stdout.strip()

    said = {"Authorization": f"Bearer {token}"}
    answer = HTTP.post(f"{shared_wand.url}/hooks/{name}", json={"x": 7}, headers=said)
    assert answer.status_code == 202, answer.text
    watched = wand_here("runs", "watch", answer.json()["run_id"], url=shared_wand.url)
    assert json.loads(watched.stdout)["outputs"] == {"a": 7}
    assert HTTP.post(f"{shared_wand.url}/hooks/{name}", json={"x": 7}).status_code == 401

    assert wand_here("hooks", "set", name, name, *wanted[:2], url=shared_wand.url).stdout == ""
    shown = json.loads(wand_here("hooks", "show", name, "--json", url=shared_wand.url).stdout)
    assert (shown["graph_name"], shown["map"], "secret" in shown) == (name, None, False)
    assert "token" in wand_here("hooks", "show", name, url=shared_wand.url).stdout
    assert name in wand_here("hooks", "list", url=shared_wand.url).stdout
    assert wand_here("hooks", "delete", name, url=shared_wand.url).exit_code == 0
    missing = wand_here("hooks", "show", name, url=shared_wand.url)
    assert (missing.exit_code, missing.stderr) == (1, f"wand: there is no hook {name}\n")


def test_a_pair_that_is_none_is_told(shared_wand: WandDev) -> None:
    ended = wand_here("hooks", "set", "x", "y", "--map", "novalue", url=shared_wand.url)
    assert (ended.exit_code, ended.stderr) == (1, "wand: --map takes KEY=EXPR, and 'novalue' is none\n")
