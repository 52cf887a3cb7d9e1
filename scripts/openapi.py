"""Writes the OpenAPI document of this version to standard output; nothing has to run for it."""

import json
import sys
from typing import Any

from wand_orchestrator.api.app import create_app
from wand_orchestrator.api.services import Services
from wand_orchestrator.settings import Settings


def main() -> None:
    nothing: Any = None
    Services.build = classmethod(lambda *parts: None)  # type: ignore[assignment, method-assign]
    app = create_app(Settings(_env_file=None), client=nothing, store=nothing, registry=nothing, artifacts=nothing)
    json.dump(app.openapi(), sys.stdout, indent=1)


if __name__ == "__main__":
    main()
