"""Which files an agent may read, and by which names."""

import pytest
from obstore.store import MemoryStore

from wand_orchestrator import AgentError
from wand_orchestrator.files.artifact_access import ArtifactReference, Family, read_artifact
from wand_orchestrator.files.artifacts import ArtifactStore

LIMIT = 1000


@pytest.fixture
async def store() -> ArtifactStore:
    """One file in each of the runs of a family, and in a stranger's."""
    store = ArtifactStore(MemoryStore())
    for run_id in ("r_1", "r_1.a", "r_1.a.b", "r_1.c", "r_2", "r_1x"):
        await store.save(run_id, "n", "f.txt", run_id.encode(), "text/plain")
    await store.save("r_1", "n", "top.txt", b"top", "text/plain")
    return store


async def read(store: ArtifactStore, run_id: str, reference: str, limit: int = LIMIT) -> str:
    family = Family(run_id, () if run_id == "r_1" else ("r_1",))
    return (await read_artifact(store, family, reference, limit)).decode()


async def code(store: ArtifactStore, run_id: str, reference: str, limit: int = LIMIT) -> str:
    with pytest.raises(AgentError) as refused:
        await read(store, run_id, reference, limit)
    assert not refused.value.retryable
    return refused.value.code


@pytest.mark.parametrize("reader", ["r_1", "r_1.a", "r_1.a.b", "r_1.c"])
@pytest.mark.parametrize("owner", ["r_1", "r_1.a", "r_1.a.b", "r_1.c"])
async def test_every_run_of_a_family_reads_the_files_of_all(store: ArtifactStore, reader: str, owner: str) -> None:
    assert await read(store, reader, f"/runs/{owner}/artifacts/n/f.txt") == owner
    assert await read(store, reader, f"https://wand.example/api/runs/{owner}/artifacts/n/f.txt") == owner
    assert await read(store, reader, f"/runs/{owner}/artifacts/f.txt") == owner


@pytest.mark.parametrize("owner", ["r_2", "r_1x", "..", "r_1%2F..%2Fr_2", ""])
@pytest.mark.parametrize("reader", ["r_1", "r_1.a"])
async def test_a_strangers_file_is_refused(store: ArtifactStore, reader: str, owner: str) -> None:
    assert await code(store, reader, f"/runs/{owner}/artifacts/n/f.txt") in ("artifact_refused", "artifact_not_found")


async def test_a_name_is_looked_for_here_and_then_above(store: ArtifactStore) -> None:
    assert await read(store, "r_1.a.b", "f.txt") == "r_1.a.b"
    assert await read(store, "r_1.a.b", "n/f.txt") == "r_1.a.b"
    assert await read(store, "r_1.a.b", "top.txt") == "top"
    assert await code(store, "r_1", "nothing.txt") == "artifact_not_found"
    assert await code(store, "r_1", "other/f.txt") == "artifact_not_found"


async def test_a_retry_reads_the_files_of_the_runs_that_it_goes_on_from(store: ArtifactStore) -> None:
    family = Family("r_3", ("r_2", "r_1"))

    for name, kept_by in (("/runs/r_1.a/artifacts/n/f.txt", "r_1.a"), ("f.txt", "r_2"), ("top.txt", "top")):
        assert (await read_artifact(store, family, name, LIMIT)).decode() == kept_by
    with pytest.raises(AgentError):
        await read_artifact(store, family, "/runs/r_1x/artifacts/n/f.txt", LIMIT)


async def test_a_name_that_several_nodes_gave_is_ambiguous(store: ArtifactStore) -> None:
    await store.save("r_1", "m[1]", "f.txt", b"", "text/plain")

    assert await code(store, "r_1", "f.txt") == "ambiguous_artifact"
    assert await read(store, "r_1", "n/f.txt") == "r_1"


async def test_what_is_too_large_is_not_read(store: ArtifactStore) -> None:
    await store.save("r_1", "n", "large.bin", b"x" * 1000, "application/octet-stream")

    assert len(await read(store, "r_1", "large.bin", 1000)) == 1000
    assert await code(store, "r_1", "large.bin", 999) == "artifact_too_large"


@pytest.mark.parametrize("node", ["n", "m[0]", "a/b", "täglich", "a%b", None])
@pytest.mark.parametrize("run_id", ["r_1", "r_1.m[0].x", "a/b", "50%"])
async def test_the_url_of_a_saved_file_names_it(run_id: str, node: str | None) -> None:
    store = ArtifactStore(MemoryStore())
    saved = await store.save(run_id, node or "n", "Bericht 1.txt", b"", "text/plain")

    wanted = ArtifactReference.of(saved.url)

    assert wanted == ArtifactReference(run_id, node or "n", "Bericht 1.txt")
