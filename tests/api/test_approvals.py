"""Answering what waits for a person."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update

from agentpay.conversations.turns.approvals import expire_due
from agentpay.store.ids import new_id
from agentpay.store.tables import Approval, ToolExecution
from tests.serving import BASE, Service, frames


async def ask(service: Service, conversation: str, turn: str) -> str:
    """An approval as a tool stores it: here for a call that hands the conversation over."""
    approval = new_id()
    async with service.database.tx(service.organization_id) as tx:
        tx.session.add(
            Approval(
                id=approval,
                organization_id=tx.organization_id,
                conversation_id=UUID(conversation),
                turn_id=UUID(turn),
                kind="order_change",
                summary="a person for this customer",
                tool_call={"id": "call_1", "name": "handoff_to_human", "arguments": {"reason": "asked"}},
                expires_at=datetime.now(UTC) + timedelta(hours=1),
            )
        )
    return str(approval)


async def test_approved_runs_once(service: Service) -> None:
    conversation = service.conversation()
    turn = service.say(conversation, "hello")["turn_id"]
    approval = await ask(service, conversation, turn)
    listed = service.client.get("/v1/approvals").json()["items"]
    assert [(item["id"], item["turn_id"], item["conversation_id"]) for item in listed] == [
        (approval, turn, conversation)
    ]
    assert [i["id"] for i in service.client.get(f"{BASE}/{conversation}").json()["interrupts"]] == [approval]
    url = f"{BASE}/{conversation}/turns/{turn}/resume"
    body = {"interrupt_id": approval, "value": {"approved": True, "note": "go ahead"}}
    with ThreadPoolExecutor(4) as pool:
        answers = [a.json() for a in pool.map(lambda _: service.client.post(url, json=body), range(4))]
    assert len({a["turn_id"] for a in answers}) == 1
    assert {a["status"] for a in answers} == {"completed"}
    message = answers[0]["message"]
    assert [(call["name"], call["status"]) for call in message["tool_calls"]] == [("handoff_to_human", "ok")]
    assert [block["type"] for block in message["blocks"]] == ["handoff"]
    assert service.client.get(f"{BASE}/{conversation}").json()["status"] == "handed_off"
    assert service.client.get("/v1/approvals").json()["items"] == []
    async with service.database.tx(service.organization_id) as tx:
        executions = list(
            await tx.session.scalars(select(ToolExecution).filter_by(turn_id=UUID(answers[0]["turn_id"])))
        )
        row = await tx.session.get_one(Approval, UUID(approval))
    assert [(e.tool, e.status) for e in executions] == [("handoff_to_human", "done")]
    assert row.executed_at is not None
    contrary = service.client.post(url, json={**body, "value": {"approved": False}})
    assert (contrary.status_code, contrary.json()["code"]) == (409, "approval_answered")


async def test_denied_runs_nothing_and_says_so(service: Service) -> None:
    conversation = service.conversation()
    turn = service.say(conversation, "hello")["turn_id"]
    body = {"interrupt_id": await ask(service, conversation, turn), "value": {"approved": False, "note": "Not today."}}
    answer = service.client.post(
        f"{BASE}/{conversation}/turns/{turn}/resume", json=body, headers={"accept": "text/event-stream"}
    )
    events = [f for f in frames(answer.text) if not f.comment]
    assert [f.event for f in events] == ["turn.started", "message.delta", "message.completed", "turn.completed"]
    assert "not approved" in events[2].json["content"]
    assert "Not today." in events[2].json["content"]
    assert service.client.get(f"{BASE}/{conversation}").json()["status"] == "active"


async def test_expired(service: Service) -> None:
    conversation = service.conversation()
    turn = service.say(conversation, "hello")["turn_id"]
    approval = await ask(service, conversation, turn)
    async with service.database.tx(service.organization_id) as tx:
        await tx.session.execute(update(Approval).filter_by(id=UUID(approval)).values(expires_at=datetime.now(UTC)))
    answer = service.client.post(
        f"{BASE}/{conversation}/turns/{turn}/resume", json={"interrupt_id": approval, "value": {"approved": True}}
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "approval_expired")
    assert service.client.get(f"{BASE}/{conversation}").json()["interrupts"] == []
    async with service.database.session() as session:
        expired = [e for e in await expire_due(session) if e.organization_id == service.organization_id]
    assert [(str(e.conversation_id), str(e.approval_id)) for e in expired] == [(conversation, approval)]
    async with service.database.session() as session:
        assert await expire_due(session) == []
