"""Defines the spec of a chart: a kind with a few titles, or a full Vega-Lite spec."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, RootModel, Tag

from wand_orchestrator.errors import AgentError

Kind = Literal["line", "bar", "area", "scatter"]
Pixels = Annotated[int, Field(ge=20, le=4000)]

_VIEWS = ("mark", "layer", "hconcat", "vconcat", "concat", "facet", "repeat", "spec")


class ChartSpec(BaseModel):
    """A chart by its kind; `x` and `y` are the titles of the axes."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind = "line"
    title: str | None = Field(default=None, max_length=1000)
    x: str | None = Field(default=None, max_length=1000, description="Title of the x axis.")
    y: str | None = Field(default=None, max_length=1000, description="Title of the y axis.")
    width: Pixels = 640
    height: Pixels = 360


class VegaLiteSpec(RootModel[dict[str, Any]]):
    """A full Vega-Lite spec (https://vega.github.io/vega-lite/docs/spec.html). Without `data`, it is given the series
    as rows with `x` and `y`."""

    model_config = ConfigDict(
        json_schema_extra={"anyOf": [{"required": [view]} for view in _VIEWS], "not": {"required": ["kind"]}}
    )


def _which(spec: Any) -> str:
    keys = spec if isinstance(spec, Mapping) else {}
    return "vega-lite" if isinstance(spec, VegaLiteSpec) or any(view in keys for view in _VIEWS) else "kind"


Spec = Annotated[
    Annotated[ChartSpec, Tag("kind")] | Annotated[VegaLiteSpec, Tag("vega-lite")],
    Discriminator(_which),
]


def refuse_urls(spec: Any) -> None:
    """Check the spec. Raises AgentError `remote_data` if it would load data or images: charts are drawn offline.

    Rows that stand in the spec may have a field of that name.
    """
    if isinstance(spec, list):
        for item in spec:
            refuse_urls(item)
    elif isinstance(spec, Mapping):
        if "url" in spec:
            raise AgentError(
                "the spec names a URL to load from, and charts are drawn offline: put the data into the series",
                code="remote_data",
                retryable=False,
            )
        for key, member in spec.items():
            if key not in ("values", "datasets"):
                refuse_urls(member)
