"""Models of what the API answers about itself."""

from wand_orchestrator.client.answers.answer import Answer


class Health(Answer):
    """The process lives."""

    status: str = "ok"


class Readiness(Answer):
    """Each part is `ok`, or the reason why it is not."""

    temporal: str
    database: str
    workers: str
    background: str
