"""Opens object stores as settings name them: a folder, S3, Google Cloud Storage or Azure."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, LocalStore, MemoryStore, S3Store, from_url

from wand_orchestrator.errors import ConfigurationError, Unavailable
from wand_orchestrator.files import private_folder

CONTENT_TYPE = "Content-Type"

ObjectStore = LocalStore | MemoryStore | S3Store | GCSStore | AzureStore


def open_object_store(location: str | Path, setting: str) -> ObjectStore:
    """Open the object store at `url`: a folder, which is created if missing, or `file://`, `s3://`, `gs://`, `az://`
    and the like.

    Credentials of object stores come from the environment, as their own tools have it. Raises ConfigurationError, which
    names the `setting`.
    """
    scheme = urlsplit(str(location)).scheme if "://" in str(location) else ""
    try:
        if scheme in ("", "file"):
            return _folder(str(location))
        store = from_url(str(location))
    except (BaseError, OSError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise ConfigurationError(f"{setting} cannot be used: {reason}") from error
    if not isinstance(store, ObjectStore):
        raise ConfigurationError(f"{setting}: nothing can be kept at {scheme}://, use a folder, s3://, gs:// or az://")
    return store


@contextmanager
def answering(store: str, away: str) -> Iterator[None]:
    """Raise Unavailable, with the name `store` and the message `away`, if the store does not answer.

    The store's own messages may hold signed URLs, so they stay in the cause. FileNotFoundError is left as it is.
    """
    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:
        raise Unavailable(store, f"{away}: {type(error).__name__}") from error


async def put(store: ObjectStore, key: str, data: bytes, media_type: str) -> None:
    """Write an object whole or not at all; a folder has no place for its media type."""
    if isinstance(store, LocalStore):
        await asyncio.to_thread(private_folder.write, _root(store), key, data)
    else:
        attributes: Any = {CONTENT_TYPE: media_type}
        await store.put_async(key, data, attributes=attributes)


async def put_stream(store: ObjectStore, key: str, chunks: AsyncIterator[bytes], media_type: str) -> None:
    """Write an object whole or not at all, as it comes; what `chunks` raises is raised."""
    if not isinstance(store, LocalStore):
        attributes: Any = {CONTENT_TYPE: media_type}
        await store.put_async(key, chunks, attributes=attributes)
        return
    with private_folder.writing(_root(store), key) as file:
        async for chunk in chunks:
            await asyncio.to_thread(file.write, chunk)


async def copy(store: ObjectStore, source: str, key: str) -> None:
    """Keep the object under a second key, too. Raises FileNotFoundError."""
    if isinstance(store, LocalStore):
        await asyncio.to_thread(private_folder.link, _root(store), source, key)
    else:
        await store.copy_async(source, key)


async def get(store: ObjectStore, key: str) -> Any:
    """Return obstore's result of a get. Raises FileNotFoundError, also for a path through a symbolic link."""
    if isinstance(store, LocalStore) and not await asyncio.to_thread(private_folder.without_links, _root(store), [key]):
        raise FileNotFoundError(key)
    return await store.get_async(key)


async def sizes_under(store: ObjectStore, prefix: str) -> dict[str, int]:
    """Return the sizes of all objects whose keys begin with `prefix` and a slash, by key."""
    found = await store.list(f"{prefix}/").collect_async()
    sizes = {meta["path"]: meta["size"] for meta in found}
    if not isinstance(store, LocalStore):
        return sizes
    kept = await asyncio.to_thread(private_folder.without_links, _root(store), sizes)
    return {key: size for key, size in sizes.items() if key in kept}


async def delete_under(store: ObjectStore, prefix: str) -> None:
    """Delete what `sizes_under` lists; what is gone already is no error."""
    if isinstance(store, LocalStore):
        await asyncio.to_thread(private_folder.remove, _root(store), prefix)
        return
    for key in await sizes_under(store, prefix):
        try:
            await store.delete_async(key)
        except FileNotFoundError:
            continue


def _root(store: LocalStore) -> Path:
    """Return the folder of a local store; every local store here has one."""
    return Path(str(store.prefix))


def _folder(location: str) -> LocalStore:
    path = Path(url2pathname(urlsplit(location).path) if location.startswith("file://") else location)
    resolved = path.expanduser().resolve()
    private_folder.make(resolved)
    return LocalStore(resolved, automatic_cleanup=True)
