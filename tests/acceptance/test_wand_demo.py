"""`wand demo`, and how quick the command is."""

import json
import re
from pathlib import Path
from xml.etree import ElementTree

from tests.acceptance.wand_command import HTTP, running, wand, wand_here
from wand_orchestrator.cli.demo.research_sources import PAGES
from wand_orchestrator.cli.processes.process_table import processes_with
from wand_orchestrator.testing import Cassette, run_graph

RESEARCH = Path(__file__).parents[2] / "examples" / "research.json"


def chart_file(output: str) -> Path:
    (line,) = [line for line in output.splitlines() if line.startswith("File ")]
    return Path(line.removeprefix("File ").strip())


def test_the_demo_ends_with_0_and_leaves_a_real_chart_and_no_process(tmp_path: Path) -> None:
    ended = wand("demo", cwd=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert "100 % run.succeeded" in ended.stderr
    chart = ElementTree.fromstring(chart_file(ended.stdout).read_bytes())
    assert chart.tag == "{http://www.w3.org/2000/svg}svg"
    assert "Seattle" in "".join(chart.itertext())
    assert "48 months" in ended.stdout
    assert "http://" not in ended.stdout  # whatever it would lead to has ended
    assert "wand dev --data-dir" in ended.stdout
    drawn = [line.partition("│")[2] for line in ended.stdout.splitlines() if "│" in line]
    assert any(character not in "\u2800 " for line in drawn for character in line)
    assert processes_with(str(tmp_path.resolve())) == []


def test_kept_up_the_demo_answers_until_ctrl_c(tmp_path: Path) -> None:
    with running(("demo", "--keep"), tmp_path, "demo") as demo:
        demo.wait_for_output("Ctrl-C ends it")
        (line,) = [line for line in demo.output.splitlines() if line.startswith("Chart ")]
        chart = HTTP.get(line.removeprefix("Chart ").strip())
        assert chart.headers["content-type"] == "image/svg+xml"
        assert chart.content == chart_file(demo.output).read_bytes()
        assert demo.interrupt() == 0


def test_the_team_of_agents_writes_its_report_tells_what_it_cost_and_its_run_is_replayed_in_a_test(
    tmp_path: Path,
) -> None:
    with running(("demo", "--keep", "--agents", str(RESEARCH)), tmp_path, "agents") as demo:
        demo.wait_for_output("Ctrl-C ends it")
        told = demo.output
        assert [page for page in PAGES.values() if f"- {page} [" not in told] == []
        assert told.index("The demo answers: yes") < told.index("as it is written") < told.index("calls of a model")
        costs = re.findall(r"(\d+) calls.*\$([0-9.]+)\.$", told, re.MULTILINE)
        assert len(costs) == 2
        assert costs[0] == costs[1]
        url, _, run_id = re.findall(r"^Run +(\S+)$", told, re.MULTILINE)[0].partition("/runs/")
        view = HTTP.get(f"{url}/runs/{run_id}").json()
        recorded = wand_here("runs", "record", run_id, url=url)
        assert recorded.exit_code == 0, recorded.output
        assert demo.interrupt() == 0
    cassette = tmp_path / "cassette.json"
    cassette.write_text(recorded.stdout)
    graph = json.loads(RESEARCH.read_text())
    replayed = run_graph(
        graph,
        {"topic": "wands", "sources": ["http://a"]},
        models=Cassette(cassette, strict=False),
        tools={"http.fetch": "a page"},
        answers={"review": {"publish": True}},
    )
    assert replayed.outputs == view["result"]["outputs"]
    assert replayed.usage is not None
    assert replayed.usage.model_dump() == view["usage"]
