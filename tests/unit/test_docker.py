"""What Dockerfile and docker-compose.yml must hold; there is no Docker engine in the tests."""

import json
import re
import shlex
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from wand_orchestrator.__main__ import ROOMS
from wand_orchestrator.cli.main import app
from wand_orchestrator.models.model_providers import PROVIDERS
from wand_orchestrator.settings import Settings

ROOT = Path(__file__).parents[2]
WAND_SERVICES = ("api", "worker")
SETTINGS = {f"WAND_{name.upper()}" for name in Settings.model_fields}


@cache
def compose() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    return document


@cache
def services() -> dict[str, Any]:
    found: dict[str, Any] = compose()["services"]
    return found


@cache
def stages() -> list[list[tuple[str, str]]]:
    """The stages of the Dockerfile, each a list of instructions with their arguments."""
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
    found: list[list[tuple[str, str]]] = []
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        name, _, rest = line.partition(" ")
        if name == "FROM":
            found.append([])
        found[-1].append((name, rest.strip()))
    return found


def arguments(stage: list[tuple[str, str]], name: str) -> list[str]:
    return [rest for instruction, rest in stage if instruction == name]


def test_the_image_installs_from_the_lock_with_hashes_and_from_nothing_else() -> None:
    build = arguments(stages()[0], "RUN")
    download, install = (next(run for run in build if f" {verb} " in run) for verb in ("download", "install"))
    assert "--require-hashes" in download
    assert "-r requirements.lock" in download
    assert "--only-binary=:all:" in download
    assert "--no-index" in install
    assert "--find-links /wheels" in install


def test_the_image_has_every_package_and_each_is_copied() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packages = set(project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]) | set(ROOMS)
    copied = {rest.split()[-1] for rest in arguments(stages()[0], "COPY")}
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert packages <= copied
    assert {f"!{package}" for package in packages} <= set(ignored)


def test_what_the_dockerfile_copies_is_there() -> None:
    sources = [
        source
        for stage in stages()
        for rest in arguments(stage, "COPY")
        if not rest.startswith("--from")
        for source in shlex.split(rest)[:-1]
    ]
    assert sources
    assert [source for source in sources if not (ROOT / source).exists()] == []


def test_the_final_image_is_slim_without_build_tools_and_not_root() -> None:
    final = stages()[-1]
    assert arguments(final, "FROM") == ["python:3.11-slim"]
    runs = " ".join(arguments(final, "RUN"))
    assert "apt-get" not in runs
    assert re.search(r"pip uninstall .*\bpip\b", runs)
    assert arguments(final, "USER") == ["10001:10001"]


def test_the_image_starts_wand_and_says_how_it_is() -> None:
    final = stages()[-1]
    assert arguments(final, "ENTRYPOINT") == ['["wand"]']
    assert arguments(final, "CMD") == ['["api"]']
    assert "/opt/wand/health.py" in arguments(final, "HEALTHCHECK")[0]


def test_every_lasting_service_has_a_health_check_and_every_other_one_ends() -> None:
    awaited = {
        name
        for service in services().values()
        for name, dependency in service.get("depends_on", {}).items()
        if dependency["condition"] == "service_completed_successfully"
    }
    assert awaited == {"temporal-schema", "temporal-namespace"}
    for name, service in services().items():
        assert ("healthcheck" in service) is (name not in awaited), name


def test_only_loopback_ports_are_published() -> None:
    published = [port for service in services().values() for port in service.get("ports", [])]
    assert len(published) == 3
    assert [port for port in published if not port.startswith("127.0.0.1:")] == []


def test_there_is_one_api_and_two_workers() -> None:
    assert services()["api"]["command"] == ["api"]
    assert "deploy" not in services()["api"]
    assert services()["worker"]["command"] == ["worker"]
    assert services()["worker"]["deploy"]["replicas"] == 2


def test_every_command_that_is_started_is_one_of_wand() -> None:
    commands = {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}
    assert {services()[name]["command"][0] for name in WAND_SERVICES} <= commands
    assert set(json.loads(arguments(stages()[-1], "CMD")[0])) <= commands


@pytest.mark.parametrize("name", WAND_SERVICES)
def test_the_environment_holds_real_settings_only(name: str) -> None:
    given = {key for key in services()[name]["environment"] if key.startswith("WAND_")}
    assert given <= SETTINGS


def test_the_variables_of_models_reach_the_workers_alone() -> None:
    given = {name: set(services()[name]["environment"]) for name in WAND_SERVICES}
    keys = {name for provider in PROVIDERS.values() for name in provider.keys}
    addresses = {provider.address for provider in PROVIDERS.values() if provider.address is not None}
    assert given["worker"] - given["api"] >= keys | addresses


def test_every_setting_reaches_the_api_and_all_but_its_own_the_workers() -> None:
    given = {name: set(services()[name]["environment"]) for name in WAND_SERVICES}
    assert given["api"] >= SETTINGS
    assert SETTINGS - given["worker"] == {
        "WAND_HOST",
        "WAND_PORT",
        "WAND_API_KEY",
        "WAND_ALLOWED_HOSTS",
        "WAND_CORS_ORIGINS",
        "WAND_PUBLIC_URL",
    }


def test_compose_refuses_to_start_without_an_api_key() -> None:
    environment = services()["api"]["environment"]
    assert environment["WAND_HOST"] == "0.0.0.0"
    assert environment["WAND_API_KEY"].startswith("${WAND_API_KEY:?")


def test_volumes_are_declared_and_all_used() -> None:
    mounts = [mount.split(":")[0] for service in services().values() for mount in service.get("volumes", [])]
    named = {mount for mount in mounts if not mount.startswith(".")}
    assert named == set(compose()["volumes"])
    assert [mount for mount in mounts if mount.startswith(".") and not (ROOT / mount).exists()] == []


def test_every_variable_of_the_compose_file_stands_in_the_example() -> None:
    used = set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))
    example = set(re.findall(r"^#? ?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert used <= example
