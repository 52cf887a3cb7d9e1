"""Wand, installed from its source distribution, in a project that has packages of the same names as Wand's rooms."""

import os
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.acceptance.wand_command import HTTP, WAND, RunningWand, environment, wait_until
from wand_orchestrator.cli.processes.ports import free_port

ROOT = Path(__file__).parents[2]
PROJECT = {
    "workflows/__init__.py": "OWNER = 'the user'\n",
    "activities/__init__.py": "OWNER = 'the user'\n",
    "api/__init__.py": "OWNER = 'the user'\n",
    "cli.py": "OWNER = 'the user'\n",
    "tests/__init__.py": "OWNER = 'the user'\n",
    "my_agents.py": """
import activities, api, cli, workflows
from wand_orchestrator import agent


@agent("mine.owners")
async def owners() -> list[str]:
    return [activities.OWNER, api.OWNER, cli.OWNER, workflows.OWNER]
""",
}


def build(kind: str, source: Path, target: Path) -> Path:
    """Build a distribution with the project's own backend; its path."""
    before = set(target.iterdir())
    command = [sys.executable, "-m", "hatchling", "build", "--directory", str(target), "--target", kind]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    (built,) = set(target.iterdir()) - before
    return built


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel that the source distribution builds; its dependencies are lent by this one."""
    folder = tmp_path_factory.mktemp("own-project")
    (dist := folder / "dist").mkdir()
    subprocess.run(["tar", "xzf", build("sdist", ROOT, dist)], cwd=folder, check=True)
    (source,) = folder.glob("wand_orchestrator-*")
    wheel = build("wheel", source, dist)
    home = folder / "venv"
    venv.create(home, symlinks=True)
    python = home / "bin" / "python"
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", "--quiet", wheel]
    subprocess.run([*map(str, install), "--disable-pip-version-check"], check=True)
    (site_packages,) = home.glob("lib/python*/site-packages")
    # Folders that a .pth file names are searched, while their own .pth files, this checkout's among them, are not read.
    (home / "bin" / "temporal").symlink_to(WAND.with_name("temporal"))
    (site_packages / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name, text in PROJECT.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def own_wand(installed: Path, project: Path) -> Iterator[str]:
    """`wand dev` of the fresh environment, in the project's folder; its URL."""
    port = free_port()
    arguments = ("dev", "--port", str(port), "--temporal-port", "0", "--ui-port", "0")
    settings = {"WAND_PLUGINS": "my_agents", "PYTHONPATH": str(project)}
    process = RunningWand(arguments, project, "dev", command=str(installed / "bin" / "wand"), **settings)
    url = f"http://127.0.0.1:{port}"

    def ready() -> bool:
        try:
            return HTTP.get(f"{url}/ready", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    try:
        process.wait_until(ready, "it was ready")
        yield url
        assert process.interrupt() == 0
    finally:
        if process.status is None:
            process.kill()


def test_a_project_with_packages_of_the_same_names_runs_its_own_agent(own_wand: str) -> None:
    graph = {"name": "own", "nodes": [{"id": "owners", "type": "mine.owners"}]}
    run_id = HTTP.post(f"{own_wand}/runs", json={"graph": graph}).json()["run_id"]

    def ended() -> bool:
        return str(HTTP.get(f"{own_wand}/runs/{run_id}").json()["status"]) == "succeeded"

    wait_until(ended, "the run ended")
    result = HTTP.get(f"{own_wand}/runs/{run_id}").json()["result"]
    assert result["outputs"] == {"owners": ["the user"] * 4}


def test_nothing_but_one_name_is_installed(installed: Path) -> None:
    (site_packages,) = installed.glob("lib/python*/site-packages")
    names = {path.name for path in site_packages.iterdir() if path.name != "lent.pth"}
    assert {name for name in names if not name.endswith(".dist-info")} == {"wand_orchestrator"}


def test_the_packages_of_the_project_are_imported_as_its_own(installed: Path, project: Path) -> None:
    code = "import workflows, wand_orchestrator.workflows as ours; print(workflows.OWNER, ours.__file__)"
    ran = subprocess.run(
        [installed / "bin" / "python", "-c", code],
        cwd=project,
        env=environment(PYTHONPATH=str(project)) | {"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.startswith("the user ")
    assert str(installed) in ran.stdout
