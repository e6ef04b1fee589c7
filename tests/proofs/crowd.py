"""Many who write to one conversation at once, through two replicas."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from itertools import pairwise

from sqlalchemy import text

from tests.proofs.customers import Customer, plan
from tests.proofs.market import figures
from tests.proofs.survival import Shop

ONE = ["update_cart", {"action": "add", "product": "thing0", "quantity": 1}]


async def crowd(shop: Shop, count: int, policy: str) -> None:
    """`count` clients write to one conversation at once; then its books are read."""
    one = Customer(shop.client, [replica.url for replica in shop.replicas])
    await one.open()
    clients = [Customer(shop.client, one.urls, id=one.id, asked=number) for number in range(count)]
    seen = await asyncio.gather(
        *(
            client.say(f"number {number} {plan([ONE], pace=2)}", after=random.uniform(0, 0.3), multitask=policy)
            for number, client in enumerate(clients)
        )
    )
    sent = [content for client in clients for content in client.sent]
    statuses = Counter(one.status for one in seen)
    figures(f"{policy}: {dict(statuses)}")
    assert set(statuses) <= {"completed", "rejected" if policy == "reject" else "cancelled"}
    assert statuses["completed"] > 0
    if policy == "enqueue":
        assert statuses["completed"] == count
    items = (await one.get("/messages?limit=100"))["items"]
    written = [item["content"] for item in items if item["role"] == "customer"]
    assert sorted(written) == sorted(sent), "each accepted message is there once"
    async with shop.database.session() as session:
        rows = (
            await session.execute(
                text(
                    "SELECT t.id::text, t.status, t.started_at, t.finished_at, m.content,"
                    " (SELECT count(*) FROM tool_executions e WHERE e.turn_id = t.id AND e.status = 'done') AS done"
                    " FROM turns t JOIN messages m ON m.id = t.message_id WHERE t.conversation_id = :id"
                    " ORDER BY t.position"
                ),
                {"id": one.id},
            )
        ).all()
        quantity = await session.scalar(
            text("SELECT quantity FROM cart_lines l JOIN carts c ON c.id = l.cart_id WHERE c.conversation_id = :id"),
            {"id": one.id},
        )
    assert [row.content for row in rows] == written, "the transcript has the order of the turns"
    ran = [row for row in rows if row.started_at is not None]
    for before, after in pairwise(ran):
        assert before.finished_at <= after.started_at, "two turns ran at once"
    assert all(row.done == 1 for row in rows if row.status == "completed")
    assert quantity == sum(row.done for row in rows), "a write was lost"
    if policy == "interrupt":
        assert rows[-1].status == "completed", "the last one is answered"
