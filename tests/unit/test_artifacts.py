"""Artifacts in a folder: each stays in the folder of its run, whatever it and the run are called."""

from pathlib import Path

import pytest

from wand_orchestrator import AgentError
from wand_orchestrator.artifacts import ArtifactStore
from wand_orchestrator.errors import NotFound

SVG = "image/svg+xml"
OUTSIDE = ["../escape", "..", ".", ".types", "a/b", "/etc/passwd", "a\\..\\b", "", "a\0b", "-rf", "x" * 300]


async def content(store: ArtifactStore, run_id: str, name: str) -> bytes:
    return b"".join([chunk async for chunk in (await store.read(run_id, name)).chunks])


async def test_a_file_comes_back_with_its_media_type_and_is_replaced_whole(tmp_path: Path) -> None:
    store = ArtifactStore.open(tmp_path)
    await store.save("r_1", "chart.svg", b"<svg/>", SVG)
    await store.save("r_1", "chart.svg", b"<svg></svg>", SVG)

    assert await content(store, "r_1", "chart.svg") == b"<svg></svg>"
    (listed,) = await store.list("r_1")
    assert (listed.name, listed.media_type, listed.size) == ("chart.svg", SVG, 11)
    assert listed.url == "/runs/r_1/artifacts/chart.svg"


@pytest.mark.parametrize("name", OUTSIDE)
async def test_a_name_that_is_a_path_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "escape").write_text("outside")
    store = ArtifactStore.open(tmp_path / "store")

    with pytest.raises(AgentError, match="no name for an artifact") as caught:
        await store.save("r_1", name, b"", SVG)
    assert (caught.value.code, caught.value.retryable) == ("invalid_artifact", False)
    with pytest.raises(NotFound):
        await store.read("r_1", name)


@pytest.mark.parametrize("run_id", ["..", ".", "../..", "a/b", "%2e%2e", "C:\\x", "täglich 7"])
async def test_a_run_of_any_name_has_one_folder_of_its_own(tmp_path: Path, run_id: str) -> None:
    store = ArtifactStore.open(tmp_path / "store")

    await store.save(run_id, "a.txt", b"x", "text/plain")

    assert await content(store, run_id, "a.txt") == b"x"
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
    assert len([path for path in (tmp_path / "store").iterdir() if path.is_dir()]) == 1
    assert await store.list("another") == ()


@pytest.mark.parametrize("media_type", ["", "svg", "text/html\r\nX-Evil: 1", "text/html, x"])
async def test_a_media_type_that_is_none_is_refused(tmp_path: Path, media_type: str) -> None:
    with pytest.raises(AgentError, match="no media type"):
        await ArtifactStore.open(tmp_path).save("r_1", "a", b"", media_type)


async def test_a_run_whose_name_is_too_long_for_a_folder_has_none(tmp_path: Path) -> None:
    store, run_id = ArtifactStore.open(tmp_path), "r" * 300

    with pytest.raises(AgentError, match="too long"):
        await store.save(run_id, "a", b"", SVG)
    assert await store.list(run_id) == ()
    await store.delete_run(run_id)
    with pytest.raises(NotFound):
        await store.read(run_id, "a")
