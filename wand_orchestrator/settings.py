"""Every setting of Wand: environment variables with the prefix `WAND_`, also read from `.env`.

Where Temporal is (`TEMPORAL_ADDRESS`, `TEMPORAL_NAMESPACE`, profiles, TLS, API key) is Temporal's own environment
configuration and is read by its SDK, not here.
"""

import ipaddress
import re
from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from wand_orchestrator.contract.limits import MAX_INPUT_BYTES, MAX_LOG_BYTES, MAX_RESULT_BYTES, RunLimits
from wand_orchestrator.contract.names import (
    DEFAULT_TASK_QUEUE,
)
from wand_orchestrator.contract.webhook_signature import signing_keys

_RATE = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9_.\-]{0,199})=(?P<count>\d{1,9}(?:\.\d{1,9})?)/(?P<unit>s|min|h)")
_UNIT_SEC = {"s": 1, "min": 60, "h": 3600}
_PUBLIC_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")
_ORIGIN = re.compile(r"[a-z][a-z0-9+.\-]*://[^\s/?#@]+")


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="WAND_", env_file=".env", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    host: str = Field(default="127.0.0.1", description="Address the API listens on.")
    port: int = Field(default=8000, ge=0, le=65535, description="Port the API listens on.")
    api_key: SecretStr | None = Field(
        default=None,
        description="Key that callers send as `X-API-Key`. Required to listen on more than loopback.",
    )
    allowed_hosts: str = Field(
        default="",
        description="Host names besides those of loopback that an API without a key answers to, comma-separated.",
    )
    cors_origins: str = Field(
        default="",
        description="Origins whose pages may call the API from a browser, such as `https://app.example.com`, "
        "comma-separated; `*` for all, which needs a key.",
    )
    public_url: str = Field(
        default="",
        description="URL at which people reach the API, such as `https://wand.example.com`, for links that they are "
        "given. Default: the one by which the link was asked for",
    )
    data_dir: Path = Field(default=Path(".wand"), description="Folder for everything that is kept on this machine.")
    database_url: str | None = Field(
        default=None,
        repr=False,  # it may hold a password
        description="`sqlite:///path` or `postgresql://user:password@host/name`. Default: `wand.db` in the data folder",
    )
    artifacts_url: str | None = Field(
        default=None,
        description="Where artifacts are kept: a folder, `s3://bucket/prefix`, `gs://…`, `az://…`. "
        "Default: `artifacts` in the data folder.",
    )
    payloads_url: str | None = Field(
        default=None,
        description="Where large inputs and outputs of nodes are kept, out of Temporal's history: a folder, "
        "`s3://bucket/prefix`, `gs://…`, `az://…`. Default: `payloads` in the data folder.",
    )
    payload_threshold_bytes: int = Field(
        default=256 * 1024,
        ge=16 * 1024,
        le=1024**2,
        description="A larger input or output of a node is kept there and not in Temporal's history.",
    )
    payload_retention_days: float = Field(
        default=30,
        gt=0,
        description="What is kept there is deleted so long after it was written, unless its run is still open.",
    )
    retention_days: float = Field(
        default=90,
        ge=0,
        description="A run is deleted so long after it ended, with its events and artifacts; 0 keeps all of them.",
    )
    task_queue: str = Field(default=DEFAULT_TASK_QUEUE, description="Task queue of the core worker.")
    rates: str = Field(
        default="",
        description="Rates that nodes name, such as `openai=10/s,crm=100/min`: so many of their attempts begin in a "
        "second (`s`), minute (`min`) or hour (`h`), over all runs and workers. The same for the API and every worker.",
    )
    plugins: str = Field(default="", description="Modules with agents and tools, comma-separated.")
    fetch_allow: str = Field(
        default="",
        description="Hosts and networks (CIDR) that `http.fetch` and webhooks may reach although they are private, "
        "comma-separated.",
    )
    fetch_max_retry_after_sec: float = Field(
        default=3600,
        ge=0,
        le=30 * 86_400,
        description="The longest wait until the next attempt that a server may ask `http.fetch` for, in seconds.",
    )
    models: Path | None = Field(
        default=None,
        description="JSON file of aliases of models: address, variable that holds the key, price and limits of each. "
        "The same for the API and every worker.",
    )
    model_timeout_sec: float = Field(
        default=120,
        gt=0,
        le=3600,
        description="The longest silence of a model's server, in seconds; a call that meets it is tried again.",
    )
    model_max_retry_after_sec: float = Field(
        default=3600,
        ge=0,
        le=30 * 86_400,
        description="The longest wait until the next attempt that a model's server may ask for, in seconds.",
    )
    max_model_reply_bytes: int = Field(
        default=4 * 1024**2,
        ge=1024,
        le=64 * 1024**2,
        description="Largest reply of a model: its text, what it thought, and the arguments of its calls.",
    )
    max_model_calls: int = Field(default=128, ge=1, description="Tool calls in one reply of a model, at most.")
    webhook_secret: SecretStr | None = Field(
        default=None,
        description="Signs webhooks: `whsec_` and 24 to 64 random bytes in base64. Without it no webhook is taken.",
    )
    log_level: str = Field(default="info", description="`debug`, `info`, `warning` or `error`.")
    max_document_bytes: int = Field(default=32 * 1024**2, ge=1024, description="Largest request body.")
    max_nodes: int = Field(default=20_000, ge=1, description="Nodes of a graph, at most.")
    max_edges: int = Field(default=100_000, ge=0, description="Edges of a graph, at most.")
    max_child_depth: int = Field(default=5, ge=0, description="Child runs within one another, at most.")
    max_child_runs: int = Field(default=20_000, ge=0, description="Child runs that one run starts, at most.")
    max_output_bytes: int = Field(default=64 * 1024**2, ge=1024, description="Largest output of a node, as JSON.")
    max_node_value_bytes: int = Field(
        default=16 * 1024**2,
        ge=0,
        description="Largest params, input or output of a node that is kept to be looked at, as JSON; 0 keeps none.",
    )
    max_artifact_read_bytes: int = Field(
        default=256 * 1024**2,
        ge=1024,
        description="Largest artifact that an agent reads with `ctx.read_artifact`.",
    )
    max_input_bytes: int = Field(
        default=MAX_INPUT_BYTES,
        ge=1024,
        le=256 * 1024**2,
        description="What all edges of a node map into its input together, at most, as JSON.",
    )
    max_result_bytes: int = Field(
        default=MAX_RESULT_BYTES,
        ge=1024,
        le=256 * 1024**2,
        description="Outputs of all sinks of a run together, and of all items of a map, at most, as JSON.",
    )
    max_run_log_bytes: int = Field(
        default=MAX_LOG_BYTES,
        ge=0,
        description="Log lines of a run and of its child runs, as JSON; further ones are counted and not kept.",
    )
    max_file_bytes: int = Field(default=256 * 1024**2, ge=1, description="Largest file that is uploaded.")
    file_retention_hours: float = Field(
        default=24,
        gt=0,
        description="An uploaded file can be given to runs for so long; runs keep those that they were given.",
    )
    max_log_bytes: int = Field(
        default=1024**2,
        ge=0,
        le=8 * 1024**2,
        description="Log lines of one attempt of a node, as JSON; further ones are counted and not kept.",
    )
    max_concurrent_agents: int = Field(default=200, ge=1, description="Agents that one worker runs at once.")
    max_memory_percent: float | None = Field(
        default=None,
        gt=0,
        le=100,
        description="While more of the machine's memory is in use, a worker takes hardly any further agents.",
    )
    agent_memory_mb: int | None = Field(
        default=None,
        ge=128,
        description="Memory of a process in which agents run, at most. Default: half of the machine's, or container's.",
    )
    agent_block_sec: float = Field(
        default=10,
        ge=1,
        description="An async agent that blocks the event loop for longer fails, and its process is started again.",
    )
    agent_cancel_sec: float = Field(
        default=60,
        ge=1,
        description="An agent that was cancelled and has not ended after that time is ended with its process.",
    )
    agent_env_file: Path | None = Field(
        default=None,
        description="File of variables, such as `.env`, that agents find in their environment.",
    )
    mcp_config: Path | None = Field(
        default=None,
        description="JSON file with the MCP servers of a worker, under `mcpServers`, as editors have it.",
    )
    mcp_max_result_bytes: int = Field(
        default=64 * 1024,
        ge=1024,
        le=1024**2,
        description="A larger result of an MCP tool becomes an artifact; the output has its head and the reference.",
    )
    sse_queue_size: int = Field(
        default=1000,
        ge=1,
        description="Events of a run kept in memory for its subscribers; older ones are read again.",
    )
    shutdown_grace_sec: float = Field(default=10, ge=0, description="Time that running agents get when a worker stops.")

    @field_validator("webhook_secret")
    @classmethod
    def _signs(cls, value: SecretStr | None) -> SecretStr | None:
        """Check the secret that signs webhooks; a blank one counts as none. Raises ValueError."""
        return value if value is not None and signing_keys(value.get_secret_value()) else None

    @field_validator("api_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr | None) -> SecretStr | None:
        """Raises ValueError."""
        if value is not None:
            text = value.get_secret_value()
            if not text.strip():
                raise ValueError("is empty, which would let everybody in: give a key, or leave it out")
            if text != text.strip() or not (text.isascii() and text.isprintable()):
                raise ValueError("cannot be sent as a header: printable ASCII, without blanks at its ends")
        return value

    @field_validator("rates")
    @classmethod
    def _are_rates(cls, value: str) -> str:
        """Raises ValueError."""
        names = [_rate(text)[0] for text in _comma_separated(value)]
        if twice := {name for name in names if names.count(name) > 1}:
            raise ValueError(f"names {min(twice)} twice")
        return value

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, value: str) -> str:
        """Raises ValueError."""
        for origin in _comma_separated(value):
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin} is no origin: scheme, host and port, such as https://app.example.com")
        return value

    @field_validator("public_url")
    @classmethod
    def _is_a_url(cls, value: str) -> str:
        """Raises ValueError."""
        if value and not _PUBLIC_URL.fullmatch(value):
            raise ValueError("is no URL of a site, such as https://wand.example.com")
        return value

    @model_validator(mode="after")
    def _refuse_all_pages(self) -> Self:
        if self.api_key is None and "*" in self.cors_origin_list:
            raise ValueError(
                "WAND_CORS_ORIGINS is *, and WAND_API_KEY is not set: every page in a browser here could do all that "
                "you can; set WAND_API_KEY, or name the origins"
            )
        return self

    @model_validator(mode="after")
    def _refuse_open_api(self) -> Self:
        if self.api_key is None and not is_loopback(self.host):
            raise ValueError(
                f"WAND_HOST is {self.host}, which others can reach, and WAND_API_KEY is not set: "
                "set WAND_API_KEY, or listen on 127.0.0.1"
            )
        return self

    @property
    def run_limits(self) -> RunLimits:
        return RunLimits(
            depth=self.max_child_depth,
            runs=self.max_child_runs,
            input_bytes=self.max_input_bytes,
            result_bytes=self.max_result_bytes,
            log_bytes=self.max_run_log_bytes,
        )

    @property
    def rate_table(self) -> dict[str, float]:
        """Attempts a second, by the name of the rate."""
        return dict(map(_rate, _comma_separated(self.rates)))

    @property
    def plugin_modules(self) -> tuple[str, ...]:
        return _comma_separated(self.plugins)

    @property
    def fetch_allow_list(self) -> tuple[str, ...]:
        return _comma_separated(self.fetch_allow)

    @property
    def allowed_host_list(self) -> tuple[str, ...]:
        return _comma_separated(self.allowed_hosts)

    @property
    def cors_origin_list(self) -> tuple[str, ...]:
        return _comma_separated(self.cors_origins)

    @property
    def webhook_keys(self) -> tuple[bytes, ...]:
        """Return the keys that webhooks are signed with; none without a secret."""
        return () if self.webhook_secret is None else signing_keys(self.webhook_secret.get_secret_value())

    @property
    def effective_database_url(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'wand.db'}"

    @property
    def effective_artifacts_url(self) -> str:
        return self.artifacts_url or str(self.data_dir / "artifacts")

    @property
    def effective_payloads_url(self) -> str:
        return self.payloads_url or str(self.data_dir / "payloads")


def _rate(text: str) -> tuple[str, float]:
    """Its name and attempts a second. Raises ValueError."""
    found = _RATE.fullmatch(text)
    if found is None or (count := float(found["count"])) == 0:
        raise ValueError(f"{text!r} is no rate: a name and how many in a second, minute or hour, such as openai=10/s")
    return found["name"], count / _UNIT_SEC[found["unit"]]


def _comma_separated(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
