"""Lists the peers that can be measured, each once `make bench-peers` has created its environment."""

from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parents[1] / ".bench-venvs"


@dataclass(frozen=True)
class PeerSpec:
    """Describes a peer. `folder` contains its script and its pinned requirements; `backend` is an argument of the
    script.
    """

    name: str
    folder: str
    backend: str

    @property
    def script(self) -> Path:
        return HERE / self.folder / "run.py"

    @property
    def environment(self) -> Path:
        return ENVIRONMENTS / self.folder

    @property
    def python(self) -> Path:
        return self.environment / "bin" / "python"

    @property
    def installed(self) -> bool:
        """Whether the peer is installed: `ready` is written at the end of its installation."""
        return (self.environment / "ready").exists()


PEERS = {
    spec.name: spec
    for spec in (
        PeerSpec("dbos-sqlite", "dbos", "sqlite"),
        PeerSpec("dbos-postgres", "dbos", "postgres"),
        PeerSpec("prefect", "prefect", "sqlite"),
        PeerSpec("langgraph", "langgraph", "sqlite"),
        PeerSpec("dagster", "dagster", "sqlite"),
        PeerSpec("restate", "restate", "own"),
    )
}
