"""Stock and the reservations that checkouts hold on it (DESIGN §5).

Lock order, everywhere: checkout row, then inventory rows by variant id, then reservation rows. A reservation leaves
`held` once, in the transaction that also moves the counter. A variant without an inventory row is not tracked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Row, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from agentpay.errors import Problem
from agentpay.store.session import Tx
from agentpay.store.tables import Cart, Checkout, Conversation, Inventory, Reservation, Variant


async def available(tx: Tx, variant_ids: Iterable[UUID]) -> dict[UUID, int | None]:
    """Units that can still be sold, by variant; None: not tracked, never sold out."""
    wanted = list(set(variant_ids))
    rows = await tx.session.execute(
        select(Inventory.variant_id, Inventory.on_hand - Inventory.reserved).where(
            Inventory.organization_id == tx.organization_id, Inventory.variant_id.in_(wanted)
        )
    )
    known: dict[UUID, int] = {row.variant_id: row[1] for row in rows}
    return {variant_id: known.get(variant_id) for variant_id in wanted}


async def reserve(tx: Tx, checkout_id: UUID, quantities: Mapping[UUID, int], expires_at: datetime) -> None:
    """Make the checkout hold exactly `quantities` until `expires_at`, whatever it held before; the caller has locked it.

    Raises Problem `out_of_stock` (409) with `items: [{"variant_id", "variant_external_id", "requested", "available"}]`;
    nothing is changed then. Holds of others that ran out but were not swept yet do not stand in the way.
    """
    held = {row.variant_id: row for row in await _held(tx, checkout_id)}
    stock = await _lock_stock(tx, set(quantities) | set(held))
    wanted = {variant_id: quantity for variant_id, quantity in quantities.items() if variant_id in stock}
    more = {v: q - (held[v].quantity if v in held else 0) for v, q in wanted.items()}
    free = {v: stock[v].on_hand - stock[v].reserved for v in wanted}

    short = [v for v in wanted if more[v] > free[v]]
    if short:
        for variant_id, units in (await _release_run_out(tx, checkout_id, short)).items():
            free[variant_id] += units
        short = [v for v in short if more[v] > free[v]]
    if short:
        raise await _out_of_stock(tx, {v: (wanted[v], free[v] + wanted[v] - more[v]) for v in short})

    for variant_id in sorted(stock):
        delta = wanted.get(variant_id, 0) - (held[variant_id].quantity if variant_id in held else 0)
        if delta:
            await _move(tx.session, tx.organization_id, variant_id, reserved=delta)
    for variant_id, row in held.items():
        if variant_id not in wanted:
            await _leave(tx.session, [row.id], "released")
    for variant_id, quantity in wanted.items():
        if variant_id in held:
            await tx.session.execute(
                update(Reservation)
                .where(Reservation.id == held[variant_id].id)
                .values(quantity=quantity, expires_at=expires_at)
            )
        else:
            tx.session.add(
                Reservation(
                    organization_id=tx.organization_id,
                    checkout_id=checkout_id,
                    variant_id=variant_id,
                    quantity=quantity,
                    expires_at=expires_at,
                )
            )
    await tx.session.flush()


async def held_for_cart(tx: Tx, cart_id: UUID, variant_id: UUID) -> int:
    """Units that the open checkout of the cart's own conversation holds: they are there for this cart too."""
    units = await tx.session.scalar(
        select(func.coalesce(func.sum(Reservation.quantity), 0))
        .select_from(Cart)
        .join(
            Conversation,
            (Conversation.organization_id == Cart.organization_id) & (Conversation.id == Cart.conversation_id),
        )
        .join(
            Checkout,
            (Checkout.organization_id == Conversation.organization_id) & (Checkout.id == Conversation.checkout_id),
        )
        .join(
            Reservation,
            (Reservation.organization_id == Checkout.organization_id) & (Reservation.checkout_id == Checkout.id),
        )
        .where(
            Cart.organization_id == tx.organization_id,
            Cart.id == cart_id,
            Checkout.status == "open",
            Reservation.state == "held",
            Reservation.variant_id == variant_id,
        )
    )
    return int(units or 0)


async def renew(tx: Tx, checkout_id: UUID, expires_at: datetime) -> int:
    """Hold what is held for longer; answers how many variants are. 0: nothing is held (any more)."""
    result = await tx.session.execute(
        update(Reservation)
        .where(
            Reservation.organization_id == tx.organization_id,
            Reservation.checkout_id == checkout_id,
            Reservation.state == "held",
        )
        .values(expires_at=expires_at)
        .returning(Reservation.id)
    )
    return len(result.all())


async def commit(tx: Tx, checkout_id: UUID) -> None:
    """The goods are sold: what was held leaves the stock."""
    await _finish(tx, checkout_id, "committed")


async def release(tx: Tx, checkout_id: UUID) -> None:
    """The goods are free again. Releasing twice does nothing."""
    await _finish(tx, checkout_id, "released")


async def restock(tx: Tx, quantities: Mapping[UUID, int]) -> None:
    """Goods come back into the stock: a cancelled order's, a received return's. Untracked variants are left alone."""
    stock = await _lock_stock(tx, set(quantities))
    for variant_id in sorted(stock):
        await _move(tx.session, tx.organization_id, variant_id, on_hand=quantities[variant_id])


async def lock(tx: Tx, variant_ids: Iterable[UUID]) -> None:
    """Lock the stock of all that a change will touch in several steps, in the one order of locks."""
    await _lock_stock(tx, set(variant_ids))


async def take(tx: Tx, quantities: Mapping[UUID, int]) -> None:
    """Units leave the stock at once, for what is not bought through a checkout. Problem as `reserve`; nothing is changed then."""
    stock = await _lock_stock(tx, set(quantities))
    free = {v: stock[v].on_hand - stock[v].reserved for v in stock}
    short = [v for v in stock if quantities[v] > free[v]]
    if short:
        for variant_id, units in (await _release_run_out(tx, None, short)).items():
            free[variant_id] += units
        short = [v for v in short if quantities[v] > free[v]]
    if short:
        raise await _out_of_stock(tx, {v: (quantities[v], free[v]) for v in short})
    for variant_id in sorted(stock):
        await _move(tx.session, tx.organization_id, variant_id, on_hand=-quantities[variant_id])


async def expire_due(session: AsyncSession, *, now: datetime | None = None, limit: int = 200) -> int:
    """Release holds that ran out, of checkouts nobody is paying right now; answers how many. Across organizations."""
    now = now or datetime.now(UTC)
    due = await session.execute(
        select(Checkout.id, Checkout.organization_id)
        .where(
            Checkout.id.in_(
                select(Reservation.checkout_id).where(Reservation.state == "held", Reservation.expires_at <= now)
            ),
            Checkout.status.not_in(("confirming", "confirmed")),
        )
        .order_by(Checkout.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    count = 0
    # one organization's locks after the other's, variants by id across all of its checkouts: no two sweeps can cross
    by_organization: dict[UUID, list[UUID]] = {}
    for checkout_id, organization_id in due:
        by_organization.setdefault(organization_id, []).append(checkout_id)
    for organization_id in sorted(by_organization):
        tx = Tx(session, organization_id)
        rows = (
            await session.execute(
                select(Reservation.id, Reservation.variant_id).where(
                    Reservation.checkout_id.in_(by_organization[organization_id]),
                    Reservation.state == "held",
                    Reservation.expires_at <= now,
                )
            )
        ).all()
        await _lock_stock(tx, {row.variant_id for row in rows})
        count += len(await _release_rows(tx, [row.id for row in rows]))
    return count


async def _held(tx: Tx, checkout_id: UUID) -> list[Row[UUID, UUID, int]]:
    rows = await tx.session.execute(
        select(Reservation.id, Reservation.variant_id, Reservation.quantity).where(
            Reservation.organization_id == tx.organization_id,
            Reservation.checkout_id == checkout_id,
            Reservation.state == "held",
        )
    )
    return list(rows.all())


async def _lock_stock(tx: Tx, variant_ids: set[UUID]) -> dict[UUID, Row[UUID, int, int]]:
    """The tracked ones among these variants, locked in id order."""
    if not variant_ids:
        return {}
    rows = await tx.session.execute(
        select(Inventory.variant_id, Inventory.on_hand, Inventory.reserved)
        .where(Inventory.organization_id == tx.organization_id, Inventory.variant_id.in_(variant_ids))
        .order_by(Inventory.variant_id)
        .with_for_update()
    )
    return {row.variant_id: row for row in rows}


async def _move(
    session: AsyncSession, organization_id: UUID, variant_id: UUID, *, on_hand: int = 0, reserved: int = 0
) -> None:
    """Change a counter; the condition holds by the lock, and is there so that no caller can ever oversell."""
    statement = update(Inventory).where(
        Inventory.organization_id == organization_id, Inventory.variant_id == variant_id
    )
    if reserved > 0:
        statement = statement.where(Inventory.on_hand - Inventory.reserved >= reserved)
    done = await session.execute(
        statement.values(on_hand=Inventory.on_hand + on_hand, reserved=Inventory.reserved + reserved).returning(
            Inventory.variant_id
        )
    )
    if done.first() is None:
        raise Problem("out_of_stock", "There is not enough of it in stock.", status=409)


async def _leave(session: AsyncSession, reservation_ids: list[UUID], state: str) -> list[tuple[UUID, int]]:
    """Compare-and-set out of `held`; answers variant and quantity of those that really left."""
    rows = await session.execute(
        update(Reservation)
        .where(Reservation.id.in_(reservation_ids), Reservation.state == "held")
        .values(state=state)
        .returning(Reservation.variant_id, Reservation.quantity)
    )
    return [(row.variant_id, row.quantity) for row in rows]


async def _finish(tx: Tx, checkout_id: UUID, state: str) -> None:
    rows = await _held(tx, checkout_id)
    if not rows:
        return
    await _lock_stock(tx, {row.variant_id for row in rows})
    for variant_id, quantity in sorted(await _leave(tx.session, [row.id for row in rows], state)):
        sold = -quantity if state == "committed" else 0
        await _move(tx.session, tx.organization_id, variant_id, on_hand=sold, reserved=-quantity)


async def _release_rows(tx: Tx, reservation_ids: list[UUID]) -> dict[UUID, int]:
    """Release these, whose stock the caller has locked; units by variant."""
    units: dict[UUID, int] = {}
    for variant_id, quantity in await _leave(tx.session, reservation_ids, "released"):
        units[variant_id] = units.get(variant_id, 0) + quantity
    for variant_id in sorted(units):
        await _move(tx.session, tx.organization_id, variant_id, reserved=-units[variant_id])
    return units


async def _release_run_out(tx: Tx, checkout_id: UUID | None, variant_ids: list[UUID]) -> dict[UUID, int]:
    """Free what other checkouts held on these variants for too long. Rows that someone is at are passed over."""
    rows = await tx.session.execute(
        select(Reservation.id)
        .join(
            Checkout,
            (Checkout.organization_id == Reservation.organization_id) & (Checkout.id == Reservation.checkout_id),
        )
        .where(
            Reservation.organization_id == tx.organization_id,
            Reservation.variant_id.in_(variant_ids),
            Reservation.checkout_id.is_distinct_from(checkout_id),
            Reservation.state == "held",
            Reservation.expires_at <= datetime.now(UTC),
            Checkout.status.not_in(("confirming", "confirmed")),
        )
        .with_for_update(skip_locked=True)
    )
    return await _release_rows(tx, list(rows.scalars()))


async def _out_of_stock(tx: Tx, short: Mapping[UUID, tuple[int, int]]) -> Problem:
    """`short`: variant → (asked for, can be had by this checkout)."""
    rows = await tx.session.execute(
        select(Variant.id, Variant.external_id).where(
            Variant.organization_id == tx.organization_id, Variant.id.in_(short)
        )
    )
    names: dict[UUID, str | None] = {row.id: row.external_id for row in rows}
    items = [
        {
            "variant_id": str(variant_id),
            "variant_external_id": names.get(variant_id),
            "requested": requested,
            "available": max(0, units),
        }
        for variant_id, (requested, units) in sorted(short.items())
    ]
    listed = ", ".join(f"{item['variant_external_id'] or item['variant_id']}: {item['available']}" for item in items)
    return Problem("out_of_stock", f"Not enough in stock ({listed} available).", status=409, items=items)
