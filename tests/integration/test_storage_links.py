import asyncio
from datetime import UTC, datetime, timedelta

from wand_orchestrator.storage import Store

SOON = datetime.now(UTC) + timedelta(hours=1)


async def test_one_of_many_claims_a_link_until_it_is_released(store: Store) -> None:
    claims = await asyncio.gather(*(store.links.claim("a", SOON) for _ in range(20)))
    assert sorted(claims) == [False] * 19 + [True]
    assert await store.links.is_used("a")

    await store.links.release("a")

    assert not await store.links.is_used("a")
    assert await store.links.claim("a", SOON)


async def test_links_are_forgotten_when_they_have_expired(store: Store) -> None:
    await store.links.claim("old", SOON)
    await store.links.claim("new", SOON + timedelta(hours=2))

    await store.links.forget(SOON + timedelta(hours=1))

    assert not await store.links.is_used("old")
    assert await store.links.is_used("new")


async def test_a_secret_is_made_once(store: Store) -> None:
    made = iter("abcdefgh")
    found = await asyncio.gather(*(store.secrets.get("s", lambda: next(made)) for _ in range(8)))
    assert len(set(found)) == 1
    assert await store.secrets.get("s", lambda: "other") == found[0]
    assert await store.secrets.get("t", lambda: "other") == "other"
