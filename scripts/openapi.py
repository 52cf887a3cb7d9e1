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
    json.dump(_for_generators(app.openapi()), sys.stdout, indent=1)


def _for_generators(document: dict[str, Any]) -> dict[str, Any]:
    """Leave only JSON and multipart forms in the bodies that may be JSON, which is what a client sends.

    Generators do not know YAML, and tell a URL-encoded form from JSON by the type of the value.
    """
    for operations in document["paths"].values():
        for operation in operations.values():
            content = operation.get("requestBody", {}).get("content", {})
            for other in ("application/yaml", "application/x-www-form-urlencoded"):
                if "application/json" in content:
                    content.pop(other, None)
    return document


if __name__ == "__main__":
    main()
