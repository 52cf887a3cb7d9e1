"""The data set of `wand demo`: four years of weather in Seattle, one row a day, as vega_datasets ships it."""

from importlib.util import find_spec
from pathlib import Path

from wand_orchestrator.errors import ConfigurationError

NAME = "seattle-weather.csv"


def seattle_weather() -> bytes:
    """Return the CSV text. It is read from the package's file, since importing the package would load pandas.

    Raises ConfigurationError that says what to install.
    """
    spec = find_spec("vega_datasets")
    if spec is None or spec.origin is None:
        raise ConfigurationError("the demo needs its data set: pip install 'wand-orchestrator[all]'")
    return (Path(spec.origin).parent / "_data" / NAME).read_bytes()
