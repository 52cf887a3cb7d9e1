"""Artifacts in a folder: each stays in the folder of its run and node, whatever they are called."""

import os
import unicodedata
from pathlib import Path
from stat import S_IMODE

import pytest
from obstore.store import MemoryStore

from wand_orchestrator import AgentError
from wand_orchestrator.errors import Conflict, NotFound, Unavailable
from wand_orchestrator.files.artifacts import ArtifactStore

SVG = "image/svg+xml"
OUTSIDE = ["../escape", "..", ".", ".types", "@n", "a/b", "/etc/passwd", "a\\..\\b", "", "a\0b", "-rf", "x" * 300]


@pytest.fixture(params=["folder", "object store"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    if request.param == "folder":
        return ArtifactStore.open(tmp_path / "store")
    return ArtifactStore(MemoryStore())


async def content(store: ArtifactStore, run_id: str, name: str, node: str | None = None) -> bytes:
    return b"".join([chunk async for chunk in (await store.read(run_id, name, node)).chunks])


async def test_a_file_comes_back_with_its_media_type_and_is_replaced_whole(store: ArtifactStore) -> None:
    await store.save("r_1", "chart", "chart.svg", b"<svg/>", SVG)
    await store.save("r_1", "chart", "chart.svg", b"<svg></svg>", SVG)

    assert await content(store, "r_1", "chart.svg") == b"<svg></svg>"
    (listed,) = await store.list("r_1")
    assert (listed.node, listed.name, listed.media_type, listed.size) == ("chart", "chart.svg", SVG, 11)
    assert listed.url == "/runs/r_1/artifacts/chart/chart.svg"


NODES = ["a", "b", "m[0]", "m[1]", "m[10]", "m[0].x", "a.b", "..", "a/b", "a%2Fb", "täglich", "x" * 300, "x" * 301]


async def test_every_node_item_and_round_has_its_own_file_of_one_name(store: ArtifactStore) -> None:
    for node in NODES:
        await store.save("r_1", node, "report.txt", node.encode(), "text/plain")

    for node in NODES:
        assert await content(store, "r_1", "report.txt", node) == node.encode()
    listed = await store.list("r_1")
    assert len({artifact.url for artifact in listed}) == len(NODES)
    assert {artifact.node for artifact in listed} >= {node for node in NODES if len(node) < 200}
    for artifact in listed:  # what a list calls a node is what reads its file
        assert (await store.read("r_1", artifact.name, artifact.node)).artifact == artifact


async def test_a_name_alone_is_read_while_one_node_has_it_and_names_them_otherwise(store: ArtifactStore) -> None:
    await store.save("r_1", "a", "report.txt", b"a", "text/plain")
    assert await content(store, "r_1", "report.txt") == b"a"

    await store.save("r_1", "b", "report.txt", b"b", "text/plain")
    with pytest.raises(Conflict, match=r"b/report\.txt: a, b") as caught:
        await store.read("r_1", "report.txt")
    assert caught.value.code == "ambiguous_artifact"
    with pytest.raises(NotFound):
        await store.read("r_1", "report.txt", "c")
    with pytest.raises(NotFound):
        await store.read("r_1", "other.txt")


async def test_all_files_of_a_run_are_deleted_and_no_others(store: ArtifactStore) -> None:
    for run_id, node in (("r_1", "a"), ("r_1", "m[0]"), ("r_10", "a")):
        await store.save(run_id, node, "a.txt", b"x", "text/plain")

    await store.delete_run("r_1")
    await store.delete_run("r_1")

    assert await store.list("r_1") == ()
    assert await content(store, "r_10", "a.txt") == b"x"


async def test_files_of_an_earlier_release_are_listed_read_and_deleted(tmp_path: Path) -> None:
    (tmp_path / "r_1" / ".types").mkdir(parents=True)
    (tmp_path / "r_1" / "chart.svg").write_bytes(b"<svg/>")
    (tmp_path / "r_1" / ".types" / "chart.svg").write_text(SVG)
    store = ArtifactStore.open(tmp_path)

    (listed,) = await store.list("r_1")
    assert (listed.node, listed.media_type, listed.url) == (None, SVG, "/runs/r_1/artifacts/chart.svg")
    assert await content(store, "r_1", "chart.svg") == b"<svg/>"
    await store.delete_run("r_1")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "given",
    ["Re\u0301sume\u0301.txt", "x\u030c.txt", "हिन्दी रिपोर्ट.csv", "ภาษาไทย.txt", "שָׁלוֹם.txt", "Việt.txt"],
)
async def test_a_name_with_combining_marks_is_kept_in_composed_form(store: ArtifactStore, given: str) -> None:
    composed, apart = unicodedata.normalize("NFC", given), unicodedata.normalize("NFD", given)
    await store.save("r_1", "n", apart, b"x", "text/plain")
    await store.save("r_1", "n", composed, b"y", "text/plain")

    assert [artifact.name for artifact in await store.list("r_1")] == [composed]
    assert await content(store, "r_1", apart) == b"y"
    assert await content(store, "r_1", composed, "n") == b"y"


@pytest.mark.parametrize("name", [*OUTSIDE, "\u0301a", "a\ud800", "a\u202eb", "a\n"])
async def test_a_name_that_is_a_path_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "escape").write_text("outside")
    store = ArtifactStore.open(tmp_path / "store")

    with pytest.raises(AgentError, match="no name for an artifact") as caught:
        await store.save("r_1", "n", name, b"", SVG)
    assert (caught.value.code, caught.value.retryable) == ("invalid_artifact", False)
    for node in (None, "n"):
        with pytest.raises(NotFound):
            await store.read("r_1", name, node)


@pytest.mark.parametrize("run_id", ["..", ".", "../..", "a/b", "%2e%2e", "C:\\x", "täglich 7", "r" * 300, "日" * 300])
async def test_a_run_of_any_name_has_one_folder_of_its_own(tmp_path: Path, run_id: str) -> None:
    store = ArtifactStore.open(tmp_path / "store")

    await store.save(run_id, run_id, "a.txt", b"x", "text/plain")

    assert await content(store, run_id, "a.txt") == b"x"
    assert [path.name for path in tmp_path.iterdir()] == ["store"]
    assert len([path for path in (tmp_path / "store").iterdir() if path.is_dir()]) == 1
    assert await store.list("another") == ()
    await store.delete_run(run_id)
    assert list((tmp_path / "store").iterdir()) == []


@pytest.mark.parametrize("media_type", ["", "svg", "text/html\r\nX-Evil: 1", "text/html, x"])
async def test_a_media_type_that_is_none_is_refused(tmp_path: Path, media_type: str) -> None:
    with pytest.raises(AgentError, match="no media type"):
        await ArtifactStore.open(tmp_path).save("r_1", "n", "a", b"", media_type)


async def test_what_is_kept_is_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        await ArtifactStore.open(tmp_path / "data" / "store").save("r_1", "n", "a.txt", b"x", "text/plain")
    finally:
        os.umask(before)

    modes = {path.is_dir(): S_IMODE(path.stat().st_mode) for path in (tmp_path / "data").rglob("*")}
    assert modes == {True: 0o700, False: 0o600}
    assert S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


async def test_no_symbolic_link_is_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.txt").write_text("secret")
    store = ArtifactStore.open(tmp_path / "store")
    await store.save("r_1", "n", "a.txt", b"x", "text/plain")
    run = tmp_path / "store" / "r_1"
    (run / "old.txt").symlink_to(outside / "secret.txt")
    (run / "@n" / "link.txt").symlink_to(outside / "secret.txt")
    (run / "@linked").symlink_to(outside)
    (tmp_path / "store" / "r_2").symlink_to(outside)

    assert [artifact.name for artifact in await store.list("r_1")] == ["a.txt"]
    assert await store.list("r_2") == ()
    places = [
        ("r_1", "link.txt", "n"),
        ("r_1", "old.txt", None),
        ("r_1", "secret.txt", "linked"),
        ("r_2", "secret.txt", None),
    ]
    for run_id, name, node in places:
        with pytest.raises(NotFound):
            await store.read(run_id, name, node)
    with pytest.raises(NotFound):
        await store.read("r_2", "secret.txt")
    with pytest.raises(Unavailable):
        await store.save("r_1", "linked", "new.txt", b"x", "text/plain")
    await store.save("r_1", "n", "link.txt", b"own", "text/plain")
    for run_id in ("r_1", "r_2"):
        await store.delete_run(run_id)

    assert list((tmp_path / "store").iterdir()) == []
    assert {path.name: path.read_text() for path in outside.iterdir()} == {"secret.txt": "secret"}
