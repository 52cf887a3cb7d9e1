"""Object stores as settings name them: a folder, S3, Google Cloud Storage or Azure."""

from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, LocalStore, MemoryStore, S3Store, from_url

from wand_orchestrator.errors import ConfigurationError

ObjectStore = LocalStore | MemoryStore | S3Store | GCSStore | AzureStore


def open_object_store(location: str | Path, setting: str) -> ObjectStore:
    """A folder, which is made if it is not there, or `file://`, `s3://`, `gs://`, `az://` and the like.

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


def _folder(location: str) -> LocalStore:
    path = Path(url2pathname(urlsplit(location).path) if location.startswith("file://") else location)
    folder = path.expanduser().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    return LocalStore(folder, automatic_cleanup=True)
