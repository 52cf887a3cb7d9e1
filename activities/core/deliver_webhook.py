"""Delivers webhooks: the activity `wand.webhook`, and the worker that runs it beside the core worker.

After the Standard Webhooks specification a 2xx answer is the only success, redirects are not followed, and 410 means
never again. It works on httpx's transport: the client would write every URL, with its query, into the log.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta

import httpx
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import PollerBehaviorSimpleMaximum, UnsandboxedWorkflowRunner, Worker

from wand_orchestrator.activities.runner.attempt_failures import AttemptFailure
from wand_orchestrator.activities.runner.runner import worker_identity
from wand_orchestrator.activities.runner.temporal_errors import temporal_error
from wand_orchestrator.activities.tools.http_fetch.addresses import AllowList
from wand_orchestrator.activities.tools.http_fetch.fetch_failures import retry_after, shown, transport_failure
from wand_orchestrator.activities.tools.http_fetch.pinned_connection import CheckedTransport
from wand_orchestrator.activities.tools.http_fetch.redirects import check_url
from wand_orchestrator.activities.worker import deployment
from wand_orchestrator.contract.delivery import Delivery
from wand_orchestrator.contract.names import (
    ACTIVITY_WEBHOOK,
    webhook_queue,
)
from wand_orchestrator.contract.node import (
    FailureDetails,
)
from wand_orchestrator.contract.webhook_signature import signature
from wand_orchestrator.errors import AgentError
from wand_orchestrator.settings import Settings
from wand_orchestrator.temporal.connection import keeping_payloads

TIMEOUT_SEC = 20.0
"""For a receiver to answer; the specification recommends 15 to 30 s."""

WEBHOOK_RETRY_AFTER_SEC = (1.0, 12 * 3600.0)
"""What a receiver may ask for, at least and at most."""

AT_ONCE = 100
POLLERS = PollerBehaviorSimpleMaximum(2)


def webhook_activity(settings: Settings) -> Callable[[Delivery], Awaitable[int]]:
    """Return the activity `wand.webhook`, whose result is the status with which the receiver accepted the message."""
    allow = AllowList.parse(settings.fetch_allow_list)
    keys = settings.webhook_keys

    @activity.defn(name=ACTIVITY_WEBHOOK)
    async def deliver(delivery: Delivery) -> int:
        try:
            return await _deliver(delivery, keys, allow)
        except AgentError as error:
            known = FailureDetails(attempt=activity.info().attempt)
            raise temporal_error(AttemptFailure.of(error), known) from None

    return deliver


def build_webhook_worker(
    client: Client, settings: Settings, workflows: Sequence[type], *, task_queue: str | None = None
) -> Worker:
    """Return a worker for deliveries alone, so that receivers that hang occupy no agent's slot."""
    return Worker(
        keeping_payloads(client, settings),
        task_queue=webhook_queue(task_queue or settings.task_queue),
        identity=worker_identity(),
        deployment_config=deployment(),
        workflows=workflows,
        activities=[webhook_activity(settings)],
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_cached_workflows=AT_ONCE,
        max_concurrent_activities=AT_ONCE,
        activity_task_poller_behavior=POLLERS,
        workflow_task_poller_behavior=POLLERS,
        graceful_shutdown_timeout=timedelta(seconds=settings.shutdown_grace_sec),
    )


async def _deliver(delivery: Delivery, keys: Sequence[bytes], allow: AllowList) -> int:
    """Send the message. Raises AgentError."""
    if not keys:
        raise AgentError("this worker has no secret to sign it with: set WAND_WEBHOOK_SECRET", code="webhooks_off")
    url = check_url(delivery.url)
    request = _request(url, delivery, keys)
    try:
        async with asyncio.timeout(TIMEOUT_SEC), CheckedTransport.over_network(allow) as transport:
            response = await transport.handle_async_request(request)
            await response.aclose()  # its body says nothing that counts
    except TimeoutError:
        raise AgentError(f"{shown(url)} did not answer within {TIMEOUT_SEC:g} s", code="webhook_failed") from None
    except httpx.RequestError as error:
        raise transport_failure(url, error) from None
    if not response.is_success:
        raise _refused(url, response)
    return response.status_code


def _request(url: httpx.URL, delivery: Delivery, keys: Sequence[bytes]) -> httpx.Request:
    """Build the request, signed with the time of this attempt."""
    body = json.dumps(delivery.body, ensure_ascii=False, separators=(",", ":")).encode()
    now = int(time.time())
    headers = {
        "content-type": "application/json",
        "user-agent": "wand-orchestrator",
        "webhook-id": delivery.id,
        "webhook-timestamp": str(now),
        "webhook-signature": signature(keys, delivery.id, now, body),
    }
    return httpx.Request("POST", url, headers=headers, content=body)


def _refused(url: httpx.URL, response: httpx.Response) -> AgentError:
    status = response.status_code
    answered = f"{shown(url)} answered {status} {httpx.codes.get_reason_phrase(status)}".rstrip()
    if status == httpx.codes.GONE:
        return AgentError(f"{answered}: it wants no more of them", code="webhook_gone", retryable=False)
    asked = retry_after(response.headers.get("retry-after"), datetime.now(UTC))
    least, most = WEBHOOK_RETRY_AFTER_SEC
    return AgentError(
        answered,
        code="webhook_failed",
        retry_after=None if asked is None else min(max(asked, least), most),
        details={"status": status},
    )
