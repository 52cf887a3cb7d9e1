"""Signatures by the specification's own vector, secrets that cannot be, and what a message says."""

import base64
import hashlib
import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from wand_orchestrator.contract.delivery import delivery
from wand_orchestrator.contract.events import RUN_ENDINGS, Event, EventType
from wand_orchestrator.contract.run_summary import RunSummary
from wand_orchestrator.contract.run_terms import RetryOf, RunTerms
from wand_orchestrator.contract.state import RunStatus
from wand_orchestrator.contract.webhook import Webhook
from wand_orchestrator.contract.webhook_signature import signature, signing_keys
from wand_orchestrator.settings import Settings

# Published with the specification's reference libraries.
VECTOR_SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
VECTOR = ("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, b'{"test": 2432232314}')
VECTOR_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
OTHER_SECRET = "whsec_" + base64.b64encode(bytes(range(64))).decode()


def test_the_vector_of_the_specification_is_signed_as_published() -> None:
    assert signature(signing_keys(VECTOR_SECRET), *VECTOR) == VECTOR_SIGNATURE


def test_openssl_computes_the_same_signature() -> None:
    id, timestamp, body = "msg_1", 1_700_000_000, '{"name":"Prüfung"}'.encode()
    [key] = signing_keys(OTHER_SECRET)
    command = ["openssl", "dgst", "-sha256", "-mac", "HMAC", "-macopt", f"hexkey:{key.hex()}", "-binary"]
    digest = subprocess.run(command, input=b"msg_1.1700000000." + body, stdout=subprocess.PIPE, check=True).stdout
    assert signature([key], id, timestamp, body) == f"v1,{base64.b64encode(digest).decode()}"


def test_while_the_secret_changes_both_sign() -> None:
    signed = signature(signing_keys(f"{OTHER_SECRET} {VECTOR_SECRET}"), *VECTOR)
    assert signed.split(" ") == [signature(signing_keys(OTHER_SECRET), *VECTOR), VECTOR_SIGNATURE]


@pytest.mark.parametrize(
    "secret",
    [
        "whsec_",
        "whsec_notbase64!" + "A" * 40,
        base64.b64encode(bytes(32)).decode(),
        "whsec_" + base64.b64encode(bytes(23)).decode(),
        "whsec_" + base64.b64encode(bytes(65)).decode(),
        f"{VECTOR_SECRET} whsec_short",
    ],
)
def test_a_secret_that_cannot_be_stops_the_process_and_is_not_repeated(secret: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(_env_file=None, webhook_secret=SecretStr(secret))
    assert "whsec_ and 24 to 64 random bytes in base64" in str(refused.value)
    assert secret.split()[-1].removeprefix("whsec_")[:10] not in str(refused.value) or secret == "whsec_"


def test_a_blank_secret_is_none() -> None:
    settings = Settings(_env_file=None, webhook_secret=SecretStr(" "))
    assert (settings.webhook_secret, settings.webhook_keys) == (None, ())


def test_without_a_choice_every_ending_is_told() -> None:
    assert set(Webhook(url="https://example.com").events) == RUN_ENDINGS


def message(type: EventType, run_id: str = "r_1", **rest: Any) -> Any:
    event = Event(seq=7, ts=datetime(2026, 1, 31, 12, tzinfo=UTC), type=type, progress=40, **rest)
    webhook = Webhook(url="https://example.com/hook?token=1")
    began = datetime(2026, 1, 31, 11, tzinfo=UTC)
    run = RunSummary.of(
        RunTerms(tags=("b", "a"), retry_of=RetryOf(run_id="r_0")),
        run_id=run_id,
        graph_id="g_1",
        name="demo",
        status=RunStatus.RUNNING,
        progress=39,
        created_at=began - timedelta(hours=1),
        started_at=began,
        finished_at=None,
        error=None,
        part_of=None,
    )
    return delivery(webhook, event, run)


def test_a_message_has_an_id_that_follows_from_the_event_and_no_full_stop() -> None:
    first = message(EventType.RUN_FAILED, data={"error": {"code": "boom", "message": "it broke", "node": "a"}})
    assert first == message(EventType.RUN_FAILED, data={"error": {"code": "boom", "message": "it broke", "node": "a"}})
    assert first.id == "msg_" + hashlib.sha256(b"r_1.webhook.7").hexdigest()[:32]
    assert first.id != message(EventType.RUN_FAILED, "r_2").id
    assert "." not in first.id
    assert first.summary == "run.failed to example.com"


def test_a_message_tells_the_run_as_the_api_does() -> None:
    body = message(EventType.RUN_FAILED, data={"error": {"code": "boom", "message": "it broke", "node": "a"}}).body
    assert (body["type"], body["timestamp"]) == ("run.failed", "2026-01-31T12:00:00.000Z")
    assert (body["data"]["status"], body["data"]["progress"]) == ("failed", 40)
    assert (body["data"]["tags"], body["data"]["retry_of"]) == (["a", "b"], "r_0")
    assert (body["data"]["created_at"], body["data"]["started_at"], body["data"]["finished_at"]) == (
        "2026-01-31T10:00:00.000Z",
        "2026-01-31T11:00:00.000Z",
        "2026-01-31T12:00:00.000Z",
    )
    assert body["data"]["error"] == {
        "code": "boom",
        "message": "it broke",
        "node": "a",
        "details": None,
        "worker": None,
        "exception": None,
    }


def test_a_node_that_waits_leaves_the_status_as_it_is() -> None:
    data = message(EventType.NODE_WAITING, node="ask", data={"prompt": "May it?"}).body["data"]
    assert (data["status"], data["error"], data["event"]["node"]) == ("running", None, "ask")
    assert data["finished_at"] is None
