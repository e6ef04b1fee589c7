"""`Idempotency-Key`: once, whatever happens."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
from sqlalchemy import func, select, update

from agentpay.store.tables import Conversation, IdempotencyKey, Message
from tests.serving import BASE, Service, frames


def key() -> dict[str, str]:
    return {"idempotency-key": uuid4().hex}


async def count(service: Service, column: object, **where: object) -> int:
    async with service.database.session() as session:
        statement = (
            select(func.count())
            .select_from(column)
            .filter_by(  # type: ignore[arg-type]
                organization_id=service.organization_id, **where
            )
        )
        return int(await session.scalar(statement) or 0)


async def test_the_same_answer_again(stub: Service) -> None:
    headers = key()
    before = await count(stub, Conversation)
    first = stub.client.post(BASE, json={"metadata": {"a": 1}}, headers=headers)
    second = stub.client.post(BASE, json={"metadata": {"a": 1}}, headers=headers)
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    assert "idempotent-replayed" not in first.headers
    assert second.headers["idempotent-replayed"] == "true"
    assert second.headers["content-type"] == "application/json"
    assert await count(stub, Conversation) == before + 1


def test_another_body_is_refused(stub: Service) -> None:
    headers = key()
    stub.client.post(BASE, json={}, headers=headers)
    refused = stub.client.post(BASE, json={"metadata": {"b": 2}}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")


async def test_many_at_once_make_one(stub: Service) -> None:
    headers = key()
    before = await count(stub, Conversation)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: stub.client.post(BASE, json={}, headers=headers), range(8)))
    made = {a.json()["id"] for a in answers if a.status_code == 201}
    assert len(made) == 1
    assert {a.json()["code"] for a in answers if a.status_code != 201} <= {"idempotency_key_in_flight"}
    assert await count(stub, Conversation) == before + 1


async def test_a_message_sent_twice_is_one_turn(stub: Service) -> None:
    conversation = stub.conversation()
    url, headers = f"{BASE}/{conversation}/messages", key()
    first = stub.client.post(url, json={"content": "hello you"}, headers=headers)
    again = stub.client.post(url, json={"content": "hello you"}, headers=headers)
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    streamed = stub.client.post(url, json={"content": "hello you"}, headers={**headers, "accept": "text/event-stream"})
    assert streamed.headers["idempotent-replayed"] == "true"
    events = list(frames(streamed.text))
    assert events[0].json["turn_id"] == first.json()["turn_id"]
    assert events[-1].event == "turn.completed"
    assert await count(stub, Message, conversation_id=conversation) == 2


async def test_a_stream_sent_again_joins_the_turn(stub: Service) -> None:
    conversation = stub.conversation()
    url = f"{BASE}/{conversation}/messages"
    headers = {**key(), "accept": "text/event-stream"}

    def send(_: int) -> httpx.Response:
        return stub.client.post(url, json={"content": "slow 80 a b c"}, headers=headers)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(4)))
    streams = [[f for f in frames(a.text) if not f.comment] for a in answers]
    assert {tuple(f.id for f in s) for s in streams} == {tuple(f.id for f in streams[0])}
    assert sum("idempotent-replayed" in a.headers for a in answers) == 3
    assert await count(stub, Message, conversation_id=conversation) == 2


def test_json_while_the_turn_runs_is_in_flight(stub: Service) -> None:
    conversation = stub.conversation()
    url, headers = f"{BASE}/{conversation}/messages", key()
    body = {"content": "slow 200 a b"}
    stub.client.post(url, json=body, headers={**headers, "prefer": "respond-async"})
    refused = stub.client.post(url, json=body, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_key_in_flight")


def test_keys_belong_to_their_caller(stub: Service) -> None:
    headers = key()
    with httpx.Client(base_url=stub.base_url, headers={"authorization": f"Bearer {stub.publishable_key}"}) as widget:
        mine = stub.client.post(BASE, json={}, headers=headers)
        theirs = widget.post(BASE, json={}, headers=headers)
    assert mine.json()["id"] != theirs.json()["id"]


def test_refusals_that_come_before_the_work_are_judged_again(stub: Service) -> None:
    headers = key()
    assert stub.client.post(BASE, json={"nonsense": 1}, headers=headers).status_code == 422
    again = stub.client.post(BASE, json={"nonsense": 1}, headers=headers)
    assert again.json()["code"] == "validation_error"
    assert "idempotent-replayed" not in again.headers


def test_a_refusal_by_the_work_is_kept(stub: Service) -> None:
    headers = key()
    unknown = {"agent_id": str(uuid4())}
    assert stub.client.post(BASE, json=unknown, headers=headers).json()["code"] == "agent_unknown"
    again = stub.client.post(BASE, json=unknown, headers=headers)
    assert again.json()["code"] == "agent_unknown"
    assert again.headers["idempotent-replayed"] == "true"
    assert again.headers["content-type"] == "application/problem+json"


async def test_the_claim_of_a_dead_process_ends(stub: Service) -> None:
    headers = key()
    first = stub.client.post(BASE, json={}, headers=headers)
    mine = {"organization_id": stub.organization_id, "key": headers["idempotency-key"]}

    async def left(until: datetime) -> None:
        values = {"response_status": None, "response_body": None, "locked_until": until}
        async with stub.database.session() as session:
            await session.execute(update(IdempotencyKey).filter_by(**mine).values(**values))

    await left(datetime.now(UTC) + timedelta(seconds=30))
    refused = stub.client.post(BASE, json={}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (409, "idempotency_key_in_flight")
    await left(datetime.now(UTC) - timedelta(seconds=1))
    taken = stub.client.post(BASE, json={}, headers=headers)
    assert taken.status_code == 201
    assert taken.json()["id"] != first.json()["id"]


def test_a_key_has_a_length(stub: Service) -> None:
    assert stub.client.post(BASE, json={}, headers={"idempotency-key": "k" * 255}).status_code == 201
    refused = stub.client.post(BASE, json={}, headers={"idempotency-key": "k" * 256})
    assert (refused.status_code, refused.json()["code"]) == (422, "validation_error")
