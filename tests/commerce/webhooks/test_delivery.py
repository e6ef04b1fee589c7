"""From an event to the receiver: once committed, signed, tried again, given up, sent again."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select
from starlette.responses import Response, StreamingResponse

from agentpay.commerce import webhooks
from agentpay.commerce.webhooks import deliveries, endpoints, retention, signing
from agentpay.commerce.webhooks.events import EVENT_TYPES
from agentpay.commerce.webhooks.sending import Outcome
from agentpay.commerce.webhooks.shapes import EndpointPatch
from agentpay.errors import Problem
from agentpay.store.tables import WebhookDelivery, WebhookEndpoint, WebhookEvent
from tests.commerce.webhooks.conftest import Hooks
from tests.commerce.webhooks.receiver import Receiver, receiving, verify


async def events(hooks: Hooks) -> int:
    async with hooks.database.tx(hooks.organization_id) as tx:
        return int(
            await tx.session.scalar(
                select(func.count())
                .select_from(WebhookEvent)
                .where(WebhookEvent.organization_id == hooks.organization_id)
            )
            or 0
        )


async def test_an_event_arrives_signed(hooks: Hooks, receiver: Receiver) -> None:
    made = await hooks.endpoint(receiver.url)
    event_id = await hooks.emit("order.paid", id="o-1", total=1999, currency="USD")
    [outcome] = await hooks.run_all()
    assert outcome is not None
    assert outcome.ok
    [got] = receiver.got
    assert got.json["type"] == "order.paid"
    assert got.json["data"] == {"id": "o-1", "total": 1999, "currency": "USD"}
    sent = datetime.fromisoformat(got.json["timestamp"])
    assert sent.utcoffset() == timedelta()
    assert got.headers["webhook-id"] == str(event_id)
    assert abs(int(got.headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 60
    assert verify(made.secret, got)
    assert not verify(signing.new_secret(), got)
    got.body += b" "
    assert not verify(made.secret, got)
    [logged] = await hooks.log(made.id)
    assert (logged.status, logged.attempt, logged.response_status, logged.response_body) == (
        "succeeded",
        1,
        200,
        "thanks",
    )
    assert logged.delivered_at is not None
    assert await hooks.jobs() == []


def test_the_signature_of_the_specification() -> None:
    """The example of standard-webhooks' own test suite."""
    signed = signing.sign(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


async def test_no_change_no_event(hooks: Hooks, receiver: Receiver) -> None:
    await hooks.endpoint(receiver.url)

    async def change_that_fails() -> None:
        async with hooks.database.tx(hooks.organization_id) as tx:
            assert await webhooks.emit(tx, "order.paid", {"id": "1"}) is not None
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await change_that_fails()
    assert (await events(hooks), await hooks.jobs()) == (0, [])


async def test_nobody_listens_nothing_is_made(hooks: Hooks, organization_id: UUID) -> None:
    asked = 0

    async def shape() -> dict[str, str]:
        nonlocal asked
        asked += 1
        return {}

    async with hooks.database.tx(organization_id) as tx:
        assert await webhooks.emit(tx, "order.paid", shape) is None
        assert not await webhooks.listening(tx, "order.paid")
    assert (asked, await events(hooks), await hooks.jobs()) == (0, 0, [])


@pytest.mark.parametrize(
    ("filters", "through"),
    [
        ([], ["order.paid", "order.cancelled", "refund.created"]),
        (["*"], ["order.paid", "order.cancelled", "refund.created"]),
        (["order.*"], ["order.paid", "order.cancelled"]),
        (["order.paid", "refund.created"], ["order.paid", "refund.created"]),
        (["conversation.*"], []),
    ],
)
async def test_filters(hooks: Hooks, receiver: Receiver, filters: list[str], through: list[str]) -> None:
    await hooks.endpoint(receiver.url, *filters)
    for name in ("order.paid", "order.cancelled", "refund.created"):
        await hooks.emit(name, id="1")
    await hooks.run_all()
    assert receiver.types == through


async def test_other_shops_hear_nothing(hooks: Hooks, receiver: Receiver, other_id: UUID) -> None:
    other = Hooks(hooks.database, other_id, hooks.settings)
    await other.endpoint(receiver.url)
    assert await hooks.emit("order.paid", id="1") is None
    assert await other.jobs() == []


async def test_failed_attempts_come_again_later_and_later_and_end(hooks: Hooks, receiver: Receiver) -> None:
    receiver.answer = lambda: Response("no" * 5_000, 500)
    made = await hooks.endpoint(receiver.url)
    await hooks.emit("order.paid", id="1")
    for number, pause in enumerate((5, 30, 120, 600, 1800, 7200, 21600, 43200, 86400), start=1):
        before = datetime.now(UTC)
        [job] = await hooks.jobs()
        assert job.attempt == number
        await hooks.run(job, webhook_disable_after_failures=1000)
        [logged] = await hooks.log(made.id)
        assert (logged.status, logged.attempt, logged.error) == ("pending", number, "status_not_2xx")
        assert (logged.response_status, len(logged.response_body or "")) == (500, 2000)
        [after] = await hooks.jobs()
        assert after.at is not None
        assert after.at == logged.next_attempt_at
        assert 0.79 * pause < (after.at - before).total_seconds() < 1.21 * pause + 10
        assert await hooks.run(job) is None  # a job that runs again after its record makes no second attempt
    [last] = await hooks.jobs()
    await hooks.run(last, webhook_disable_after_failures=1000)
    [logged] = await hooks.log(made.id)
    assert (logged.status, logged.attempt, logged.next_attempt_at) == ("failed", deliveries.ATTEMPTS, None)
    assert await hooks.jobs() == []
    assert len({got.headers["webhook-id"] for got in receiver.got}) == 1
    assert len({got.body for got in receiver.got}) == 1
    assert len(receiver.got) == deliveries.ATTEMPTS


async def test_pauses_are_drawn(hooks: Hooks, receiver: Receiver) -> None:
    """Else everything that failed in one moment comes back in one moment."""
    await hooks.endpoint(receiver.url)
    for _ in range(4):
        await hooks.emit("order.paid", id="1")
    now = datetime.now(UTC)
    for job in await hooks.jobs():
        async with hooks.database.tx(hooks.organization_id) as tx:
            attempt = await deliveries.begin(tx, job.delivery_id, 1, base_url="")
            assert attempt is not None
            settings = hooks.settings.model_copy(update={"webhook_disable_after_failures": 1000})
            await deliveries.record(tx, attempt, Outcome(error="timeout"), settings, now=now)
    pauses = {job.at for job in await hooks.jobs() if job.attempt == 2}
    assert len(pauses) == 4


async def test_a_success_forgets_the_failures(hooks: Hooks, receiver: Receiver) -> None:
    made = await hooks.endpoint(receiver.url)
    receiver.answer = lambda: Response(status_code=500)
    await hooks.emit("order.paid", id="1")
    await hooks.run_all()
    await hooks.run_all()
    assert ((await hooks.stored(made.id)).failures, (await hooks.stored(made.id)).failing_since is None) == (2, False)
    receiver.answer = lambda: Response(status_code=204)
    await hooks.run_all()
    assert ((await hooks.stored(made.id)).failures, (await hooks.stored(made.id)).failing_since) == (0, None)
    [logged] = await hooks.log(made.id)
    assert (logged.status, logged.attempt, logged.error) == ("succeeded", 3, None)


async def test_disabled_after_failures_in_a_row_and_the_others_are_told(hooks: Hooks, receiver: Receiver) -> None:
    async with receiving() as broken:
        broken.answer = lambda: Response(status_code=500)
        bad = await hooks.endpoint(broken.url, "order.*")
        good = await hooks.endpoint(receiver.url, "webhook_endpoint.*")
        for _ in range(5):
            await hooks.emit("order.paid", id="1")
        await hooks.run_all()
        assert len(broken.got) == 3  # what still waited is not sent
    stored = await hooks.stored(bad.id)
    assert (stored.enabled, stored.failures, stored.disabled_at is not None) == (False, 3, True)
    await hooks.run_all()
    [told] = receiver.got
    assert told.json["type"] == "webhook_endpoint.disabled"
    assert (told.json["data"]["id"], told.json["data"]["enabled"]) == (str(bad.id), False)
    assert bad.secret not in told.body.decode()
    assert verify(good.secret, told)
    assert {row.status for row in await hooks.log(bad.id)} == {"failed"}
    assert await hooks.emit("order.paid", id="1") is None
    async with hooks.database.tx(hooks.organization_id) as tx:
        shown = await endpoints.update(tx, bad.id, EndpointPatch(enabled=True), allow_private=True)
    assert (shown.enabled, shown.failures, shown.disabled_at) == (True, 0, None)
    assert await hooks.emit("order.paid", id="1") is not None


async def test_a_short_outage_of_a_busy_shop_disables_nothing(hooks: Hooks, receiver: Receiver) -> None:
    receiver.answer = lambda: Response(status_code=500)
    made = await hooks.endpoint(receiver.url)
    for _ in range(4):
        await hooks.emit("order.paid", id="1")
    await hooks.run_all(webhook_disable_after_minutes=60)
    assert (await hooks.stored(made.id)).enabled
    async with hooks.database.tx(hooks.organization_id) as tx:
        row = await tx.session.get_one(WebhookEndpoint, made.id)
        row.failing_since = datetime.now(UTC) - timedelta(minutes=61)
    [job, *_] = await hooks.jobs()
    await hooks.run(job, webhook_disable_after_minutes=60)
    assert not (await hooks.stored(made.id)).enabled


async def test_gone_means_gone(hooks: Hooks, receiver: Receiver) -> None:
    receiver.answer = lambda: Response(status_code=410)
    made = await hooks.endpoint(receiver.url)
    await hooks.emit("order.paid", id="1")
    await hooks.run_all()
    assert not (await hooks.stored(made.id)).enabled
    assert await hooks.jobs() == []


async def test_redirects_are_not_followed(hooks: Hooks, receiver: Receiver) -> None:
    async with receiving() as elsewhere:
        receiver.answer = lambda: Response(status_code=307, headers={"location": elsewhere.url})
        await hooks.endpoint(receiver.url)
        await hooks.emit("order.paid", id="1")
        [outcome] = await hooks.run_all()
        assert outcome is not None
        assert (outcome.status, outcome.error) == (307, "redirect_refused")
        assert elsewhere.got == []


async def test_who_does_not_answer_in_time(hooks: Hooks, receiver: Receiver) -> None:
    async def drip() -> object:
        while True:
            await asyncio.sleep(0.05)
            yield b"."

    receiver.answer = lambda: StreamingResponse(drip())  # type: ignore[arg-type]
    await hooks.endpoint(receiver.url)
    await hooks.emit("order.paid", id="1")
    [outcome] = await hooks.run_all(webhook_timeout_seconds=0.4)
    assert outcome is not None
    assert outcome.error == "timeout"


async def test_nobody_there(hooks: Hooks) -> None:
    async with receiving() as gone:
        url = gone.url
    await hooks.endpoint(url)
    await hooks.emit("order.paid", id="1")
    [outcome] = await hooks.run_all()
    assert outcome is not None
    assert (outcome.status, outcome.error) == (None, "connection_failed")
    [job] = await hooks.jobs()
    assert job.attempt == 2


async def test_rotation_signs_with_both_until_the_grace_is_over(hooks: Hooks, receiver: Receiver) -> None:
    first = await hooks.endpoint(receiver.url)
    async with hooks.database.tx(hooks.organization_id) as tx:
        second = await endpoints.rotate(tx, first.id)
    assert second.secret != first.secret
    assert second.previous_secret_expires_at is not None
    await hooks.emit("order.paid", id="1")
    await hooks.run_all()
    assert len(receiver.got[0].headers["webhook-signature"].split(" ")) == 2
    assert verify(first.secret, receiver.got[0])
    assert verify(second.secret, receiver.got[0])
    async with hooks.database.tx(hooks.organization_id) as tx:
        third = await endpoints.rotate(tx, first.id)  # the first one ends before its time
    async with hooks.database.tx(hooks.organization_id) as tx:
        row = await tx.session.get_one(WebhookEndpoint, first.id)
        row.previous_secret_expires_at = datetime.now(UTC) + timedelta(minutes=1)
    await hooks.emit("order.paid", id="2")
    await hooks.run_all()
    assert [verify(made.secret, receiver.got[1]) for made in (first, second, third)] == [False, True, True]
    async with hooks.database.tx(hooks.organization_id) as tx:
        row = await tx.session.get_one(WebhookEndpoint, first.id)
        row.previous_secret_expires_at = datetime.now(UTC) - timedelta(seconds=1)
    await hooks.emit("order.paid", id="3")
    await hooks.run_all()
    assert [verify(made.secret, receiver.got[2]) for made in (first, second, third)] == [False, False, True]
    async with hooks.database.session() as session:
        await retention.drop_expired_secrets(session)
    stored = await hooks.stored(first.id)
    assert (stored.secrets, stored.previous_secret_expires_at) == ([third.secret], None)


async def test_a_secret_that_others_know_ends_at_once(hooks: Hooks, receiver: Receiver) -> None:
    first = await hooks.endpoint(receiver.url)
    async with hooks.database.tx(hooks.organization_id) as tx:
        second = await endpoints.rotate(tx, first.id, grace=timedelta())
    await hooks.emit("order.paid", id="1")
    await hooks.run_all()
    assert [verify(made.secret, receiver.got[0]) for made in (first, second)] == [False, True]


async def test_sent_again_with_the_same_id(hooks: Hooks, receiver: Receiver) -> None:
    made = await hooks.endpoint(receiver.url)
    await hooks.emit("order.paid", id="1")
    await hooks.run_all()
    [logged] = await hooks.log(made.id)
    async with hooks.database.tx(hooks.organization_id) as tx:
        again = await deliveries.redeliver(tx, made.id, logged.id)
        assert (again.status, again.attempt, again.event_id) == ("pending", 0, logged.event_id)
    await hooks.run_all()
    assert [row.status for row in await hooks.log(made.id)] == ["succeeded", "succeeded"]
    first, second = receiver.got
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    async with hooks.database.tx(hooks.organization_id) as tx:
        await endpoints.update(tx, made.id, EndpointPatch(enabled=False), allow_private=True)
    with pytest.raises(Problem) as refused:
        async with hooks.database.tx(hooks.organization_id) as tx:
            await deliveries.redeliver(tx, made.id, logged.id)
    assert (refused.value.status, refused.value.code) == (409, "webhook_endpoint_disabled")


async def test_a_deleted_endpoint_gets_nothing_more(hooks: Hooks, receiver: Receiver) -> None:
    made = await hooks.endpoint(receiver.url)
    await hooks.emit("order.paid", id="1")
    async with hooks.database.tx(hooks.organization_id) as tx:
        await endpoints.delete(tx, made.id)
    assert await hooks.run_all() == [None]
    assert receiver.got == []


async def test_deleting_waits_for_a_change_that_tells_of_itself(hooks: Hooks, receiver: Receiver) -> None:
    """The payment that found the endpoint a moment before must not fail because it is gone."""
    made = await hooks.endpoint(receiver.url)

    async def delete() -> None:
        async with hooks.database.tx(hooks.organization_id) as tx:
            await endpoints.delete(tx, made.id)

    async with hooks.database.tx(hooks.organization_id) as tx:
        assert await webhooks.listening(tx, "order.paid")
        deleting = asyncio.create_task(delete())
        await asyncio.wait({deleting}, timeout=0.3)
        assert not deleting.done()
        assert await webhooks.emit(tx, "order.paid", {"id": "1"}) is not None
    await deleting
    assert await hooks.run_all() == [None]


async def test_what_is_kept(hooks: Hooks, receiver: Receiver) -> None:
    made = await hooks.endpoint(receiver.url)
    for _ in range(3):
        await hooks.emit("order.paid", id="1")
    for job in (await hooks.jobs())[:2]:
        await hooks.run(job)
    old = datetime.now(UTC) + retention.KEPT + timedelta(minutes=1)
    async with hooks.database.session() as session:
        while await retention.drop_old_events(session, batch=1, now=datetime.now(UTC)):
            pass
    assert len(await hooks.log(made.id)) == 3
    async with hooks.database.session() as session:
        while await retention.drop_old_events(session, batch=1, now=old):
            pass
    assert [row.status for row in await hooks.log(made.id)] == ["pending"]


async def test_a_lost_record_is_another_attempt(hooks: Hooks, receiver: Receiver) -> None:
    """`kill -9` between the answer and its record: at least once, and the log stays right."""
    made = await hooks.endpoint(receiver.url)
    await hooks.emit("order.paid", id="1")
    [job] = await hooks.jobs()
    async with hooks.database.tx(hooks.organization_id) as tx:
        begun = await deliveries.begin(tx, job.delivery_id, 1, base_url="https://shop.example")
    assert begun is not None
    await hooks.run(job)
    [logged] = await hooks.log(made.id)
    assert (logged.status, logged.attempt) == ("succeeded", 1)


async def test_rows_refuse_to_mix_shops(hooks: Hooks, receiver: Receiver, other_id: UUID) -> None:
    made = await hooks.endpoint(receiver.url)
    await hooks.emit("order.paid", id="1")
    [logged] = await hooks.log(made.id)
    async with hooks.database.tx(other_id) as tx:
        for call in (
            endpoints.get(tx, made.id),
            endpoints.rotate(tx, made.id),
            endpoints.delete(tx, made.id),
            deliveries.list_deliveries(tx, made.id),
            deliveries.redeliver(tx, made.id, logged.id),
            deliveries.send_test(tx, made.id),
        ):
            with pytest.raises(Problem) as refused:
                await call
            assert refused.value.code == "not_found"
        assert await deliveries.begin(tx, logged.id, 1, base_url="") is None
    async with hooks.database.tx(hooks.organization_id) as tx:
        assert await tx.session.get(WebhookDelivery, logged.id) is not None


async def test_the_snippet_of_the_documentation(hooks: Hooks, receiver: Receiver) -> None:
    text = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text()
    found: dict[str, Any] = {}
    exec(text.split("```python")[1].split("```")[0], found)
    made = await hooks.endpoint(receiver.url)
    await hooks.emit("order.paid", id="1")
    await hooks.run_all()
    [got] = receiver.got
    assert found["verify"](made.secret, got.headers, got.body)
    assert not found["verify"](made.secret, got.headers, got.body + b" ")
    assert not found["verify"](made.secret, {**got.headers, "webhook-timestamp": "1"}, got.body)


def test_the_documentation_names_every_event() -> None:
    text = (Path(__file__).parents[3] / "docs" / "webhooks.md").read_text()
    rows = re.findall(r"^\| (`[a-z_]+\.[^|]*) \|", text, re.MULTILINE)
    named = []
    for row in rows:
        names = re.findall(r"`([^`]+)`", row)
        family = names[0].partition(".")[0]
        named += [name if not name.startswith(".") else family + name for name in names]
    assert tuple(named) == EVENT_TYPES
