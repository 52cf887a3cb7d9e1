"""`wand demo`, and how quick the command is."""

from pathlib import Path
from xml.etree import ElementTree

from tests.acceptance.wand_command import HTTP, running, wand
from wand_orchestrator.cli.processes.process_table import processes_with


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
