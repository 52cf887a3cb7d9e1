"""Models of what the API answers about files."""

from datetime import datetime

from wand_orchestrator.client.answers.answer import Answer


class ArtifactView(Answer):
    """A file of a run. `size` in bytes; `url` is a path of this API; `node` kept it, null for a file of an old
    release.
    """

    run_id: str
    node: str | None = None
    name: str
    media_type: str
    size: int
    url: str


class ArtifactList(Answer):
    """A page of files. `next`: the `cursor` of the next page, with files of further child runs; null on the last."""

    artifacts: list[ArtifactView]
    next: str | None = None


class FileView(Answer):
    """An uploaded file. `size` in bytes; runs are given it by its `file_id`, until `expires_at`."""

    file_id: str
    name: str
    media_type: str
    size: int
    sha256: str
    url: str
    expires_at: datetime
