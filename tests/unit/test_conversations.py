"""Conversations are stored block by block, read by the run's own family only, and deleted with the run."""

from pathlib import Path

import pytest

from wand_orchestrator.errors import AgentError, Unavailable
from wand_orchestrator.files.artifact_access import Family
from wand_orchestrator.files.artifacts import ArtifactStore
from wand_orchestrator.files.conversations import Block, ConversationStore
from wand_orchestrator.settings import Settings

OWN = Family("r_1")


def opened(folder: Path) -> ConversationStore:
    return ConversationStore.open(Settings(_env_file=None, data_dir=folder))


def files(folder: Path) -> list[Path]:
    return [path for path in (folder / "artifacts").rglob("*") if path.is_file()]


async def talk(store: ConversationStore, turns: int, size: int = 10, run_id: str = "r_1") -> str:
    before = None
    for turn in range(turns):
        before = await store.add(run_id, Block([{"turn": turn, "text": "x" * size}], before))
    assert before is not None
    return before


async def test_all_messages_are_read_in_their_order_by_another_worker(tmp_path: Path) -> None:
    last = await talk(opened(tmp_path), 30)
    messages = await opened(tmp_path).read(last, OWN)
    assert [message["turn"] for message in messages] == list(range(30))
    assert await opened(tmp_path).read(None, OWN) == []


async def test_what_is_stored_grows_with_the_turns(tmp_path: Path) -> None:
    sizes = {}
    for turns in (25, 50):
        await talk(opened(tmp_path / str(turns)), turns, 20_000)
        sizes[turns] = sum(path.stat().st_size for path in files(tmp_path / str(turns)))
    assert sizes[50] / sizes[25] == pytest.approx(2, rel=0.01)


async def test_an_attempt_that_is_made_again_changes_nothing(tmp_path: Path) -> None:
    store = opened(tmp_path)
    first = await store.add("r_1", Block([{"a": 1}]))
    again = await store.add("r_1", Block([{"a": 1}]))
    other = await store.add("r_1", Block([{"a": 2}]))
    assert first == again != other
    assert await opened(tmp_path).read(first, OWN) == [{"a": 1}]


async def test_a_later_turn_reads_nothing_again_in_the_same_process(tmp_path: Path) -> None:
    store = opened(tmp_path)
    last = await talk(store, 3)
    for path in files(tmp_path):
        path.unlink()
    assert len(await store.read(last, OWN)) == 3


async def test_a_conversation_belongs_to_its_run_and_to_what_goes_on_from_it(tmp_path: Path) -> None:
    store = opened(tmp_path)
    last = await talk(store, 2)
    assert len(await store.read(last, Family("r_2", ("r_1",)))) == 2
    for family in (Family("r_2"), Family("r_1x"), Family("r_")):
        with pytest.raises(AgentError, match="another run") as caught:
            await store.read(last, family)
        assert (caught.value.code, caught.value.retryable) == ("conversation_lost", False)


@pytest.mark.parametrize("reference", ["", "r_1", "r_1/..", "r_1/../../x", "../r_1/" + "0" * 64])
async def test_what_is_no_reference_is_refused(tmp_path: Path, reference: str) -> None:
    with pytest.raises(AgentError):
        await opened(tmp_path).read(reference, OWN)


async def test_a_damaged_block_is_never_read(tmp_path: Path) -> None:
    last = await talk(opened(tmp_path), 1)
    [path] = files(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"x", b"y"))
    with pytest.raises(Unavailable, match="damaged"):
        await opened(tmp_path).read(last, OWN)


async def test_they_are_no_artifacts_and_are_deleted_with_their_run(tmp_path: Path) -> None:
    artifacts = ArtifactStore.open(tmp_path / "artifacts")
    await artifacts.save("r_1", "n", "a.txt", b"a", "text/plain")
    last = await talk(opened(tmp_path), 2)
    await talk(opened(tmp_path), 1, run_id="r_2")
    assert [each.name for each in await artifacts.list("r_1")] == ["a.txt"]
    await artifacts.delete_run("r_1")
    assert {path.relative_to(tmp_path / "artifacts").parts[0] for path in files(tmp_path)} == {"r_2"}
    with pytest.raises(AgentError, match="deleted"):
        await opened(tmp_path).read(last, OWN)
