"""The store: one object with a repository for each noun that the database holds."""

from typing import Self

from wand_orchestrator.storage.archive import EventArchive
from wand_orchestrator.storage.deletions import Deletions
from wand_orchestrator.storage.engine.database import Database
from wand_orchestrator.storage.event_rows import Events
from wand_orchestrator.storage.graph_names import GraphNames
from wand_orchestrator.storage.graphs import Graphs
from wand_orchestrator.storage.hook_rows import HookRows
from wand_orchestrator.storage.link_uses import LinkUses
from wand_orchestrator.storage.namespaces import Namespaces
from wand_orchestrator.storage.node_value_rows import NodeValueRows
from wand_orchestrator.storage.questions import Questions
from wand_orchestrator.storage.runs import Runs
from wand_orchestrator.storage.secret_rows import SecretRows
from wand_orchestrator.storage.trigger_rows import TriggerRows
from wand_orchestrator.storage.usage_rows import UsageRows


class Store:
    """Every call raises Unavailable (`missing`: `database`) within 2 s if the database does not answer."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.graphs = Graphs(database)
        self.graph_names = GraphNames(database)
        self.runs = Runs(database)
        self.events = Events(database)
        self.node_values = NodeValueRows(database)
        self.archive = EventArchive(database, self.node_values)
        self.deletions = Deletions(database)
        self.hooks = HookRows(database)
        self.links = LinkUses(database)
        self.secrets = SecretRows(database)
        self.triggers = TriggerRows(database)
        self.namespaces = Namespaces(database)
        self.usage = UsageRows(database)
        self.questions = Questions(database)

    @classmethod
    def open(cls, url: str) -> Self:
        """Return a Store that connects at the first call. Raises ConfigurationError for a URL that is neither SQLite
        nor PostgreSQL.
        """
        return cls(Database.open(url))

    async def migrate(self) -> None:
        """Create or update the tables; every process calls it at start, several at the same time too."""
        await self._database.migrate()

    async def ping(self) -> None:
        """Raises Unavailable if the database does not answer."""
        await self._database.ping()

    async def shrink(self, pages: int) -> bool:
        """Return at most `pages` pages of deleted rows to the file system; returns whether enough are left to go on."""
        return await self._database.shrink(pages)

    async def close(self) -> None:
        await self._database.close()
