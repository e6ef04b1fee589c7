"""Checkouts: a purchase on its way (CONTRACT §3). Long-lived itself; the stock it holds is held shortly, and renewed.

Lock order: conversation, checkout, stock, code. Paying is `commerce/payments/`.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy import update as sql_update
from sqlalchemy.ext.asyncio import AsyncSession

from agentpay.commerce import carts, catalog, checkout_events, inventory
from agentpay.commerce.checkout_inputs import CheckoutInput, CheckoutPatch, ItemInput
from agentpay.commerce.checkout_rows import find, lock, put_lines, quantities, require_open, sale_lines, view, views
from agentpay.commerce.checkout_totals import reprice
from agentpay.commerce.lines import MAX_QUANTITY, SaleLine, of_variants, requires_shipping
from agentpay.commerce.rules import AgentRules
from agentpay.commerce.shapes import AddressShape, CheckoutView
from agentpay.errors import Problem, not_found
from agentpay.settings import get_settings
from agentpay.store.ids import new_id
from agentpay.store.session import Tx
from agentpay.store.tables import Agent, Checkout, Conversation, Organization


async def create(tx: Tx, data: CheckoutInput, *, base_url: str, now: datetime | None = None) -> CheckoutView:
    """A new open checkout that holds its stock.

    Problems: `variant_unknown`, `discount_invalid`, `country_not_served`, `shipping_option_unavailable`,
    `quantity_invalid` (422), `variant_unavailable`, `out_of_stock` (409), `not_found` (404, the conversation).
    """
    now = now or datetime.now(UTC)
    lines = await _resolve(tx, data.items)
    checkout = await _new(tx, data.conversation_id, now)
    _fill(checkout, data)
    return await _store(tx, checkout, lines, now=now, base_url=base_url, code_given=True, latest=True, new=True)


async def update(
    tx: Tx, checkout_id: UUID, patch: CheckoutPatch, *, base_url: str, now: datetime | None = None
) -> CheckoutView:
    """Change an open checkout: what `patch` names, null clears. Problems: as `create`, and 409 `checkout_not_open`."""
    now = now or datetime.now(UTC)
    if patch.conversation_id is not None:
        await _conversation(tx, patch.conversation_id)
    checkout = await lock(tx, checkout_id)
    require_open(checkout, now)
    if checkout.purpose != "sale":
        raise Problem("checkout_fixed", "This checkout pays for an order's change as it was agreed.", status=409)
    given = patch.model_fields_set
    lines = await _resolve(tx, patch.items) if patch.items else await sale_lines(tx, checkout_id)
    _fill(checkout, patch)
    if "conversation_id" in given:
        checkout.conversation_id = patch.conversation_id
    return await _store(
        tx,
        checkout,
        lines,
        now=now,
        base_url=base_url,
        code_given="discount_code" in given,
        latest="conversation_id" in given,
    )


async def from_cart(
    tx: Tx,
    conversation_id: UUID,
    *,
    base_url: str,
    email: str | None = None,
    name: str | None = None,
    shipping_address: AddressShape | Mapping[str, Any] | None = None,
    shipping_option: str | None = None,
    note: str | None = None,
    customer_id: UUID | None = None,
    agent_context: dict[str, Any] | None = None,
    now: datetime | None = None,
) -> CheckoutView:
    """The checkout of a conversation's cart: its open one brought up to date (same id and URL), else a new one.

    What is None here is left as it was. Problems: as `create`, `cart_empty` (409), and `checkout_not_open` (409) while a
    payment is under way.
    """
    now = now or datetime.now(UTC)
    conversation = await _conversation(tx, conversation_id)
    cart = await carts.state_for_conversation(tx, conversation_id, now=now)
    if not cart.lines:
        raise Problem("cart_empty", "There is nothing in the cart.", status=409)
    current = await _open_one(tx, conversation.checkout_id, now)
    checkout = current or await _new(tx, conversation_id, now)
    address = (
        shipping_address.model_dump(mode="json") if isinstance(shipping_address, AddressShape) else shipping_address
    )
    checkout.email = email.strip().lower() if email else checkout.email
    checkout.name = name or checkout.name
    checkout.shipping_address = dict(address) if address else checkout.shipping_address
    checkout.shipping_rate = shipping_option or checkout.shipping_rate
    checkout.note = note or checkout.note
    checkout.customer_id = customer_id or conversation.customer_id
    checkout.agent_context = agent_context if agent_context is not None else checkout.agent_context
    checkout.discount_code = cart.code.code if cart.code and cart.code.ok else None
    checkout.offer_id = cart.offer_id
    checkout.commitment_level = "committed"
    return await _store(tx, checkout, cart.lines, now=now, base_url=base_url, latest=True, new=current is None)


async def get(tx: Tx, checkout_id: UUID, *, base_url: str) -> CheckoutView:
    """A checkout as it was last priced. Problem 404 `not_found`."""
    return await view(tx, await find(tx, checkout_id), base_url=base_url)


async def latest_of(tx: Tx, conversation_id: UUID, *, base_url: str, sale: bool = False) -> CheckoutView | None:
    """The latest checkout of a conversation; `sale`: None where that is the payment link of a placed order's change."""
    query = (
        select(Conversation.checkout_id)
        .join(
            Checkout,
            (Checkout.organization_id == Conversation.organization_id) & (Checkout.id == Conversation.checkout_id),
        )
        .where(Conversation.organization_id == tx.organization_id, Conversation.id == conversation_id)
    )
    checkout_id = await tx.session.scalar(query.where(Checkout.purpose == "sale") if sale else query)
    return await get(tx, checkout_id, base_url=base_url) if checkout_id else None


async def list_(
    tx: Tx,
    *,
    base_url: str,
    limit: int,
    before: UUID | None = None,
    status: str | None = None,
    conversation_id: UUID | None = None,
) -> list[CheckoutView]:
    """Newest first, those older than `before`."""
    query = select(Checkout).where(Checkout.organization_id == tx.organization_id)
    if before is not None:
        query = query.where(Checkout.id < before)
    if status is not None:
        query = query.where(Checkout.status == status)
    if conversation_id is not None:
        query = query.where(Checkout.conversation_id == conversation_id)
    rows = await tx.session.scalars(query.order_by(Checkout.id.desc()).limit(limit))
    return await views(tx, rows.all(), base_url=base_url)


async def cancel(tx: Tx, checkout_id: UUID, *, base_url: str) -> CheckoutView:
    """End an open checkout; its stock is free again. Cancelling twice is cancelling once. Problem 409 `checkout_not_open`."""
    checkout = await lock(tx, checkout_id)
    if checkout.status != "cancelled":
        require_open(checkout)
        checkout.status = "cancelled"
        await inventory.release(tx, checkout_id)
        await checkout_events.emit(tx, "checkout.cancelled", checkout)
    return await view(tx, checkout, base_url=base_url)


async def missing(tx: Tx, checkout_id: UUID) -> list[str]:
    """What must still be given before it can be paid: `email`, `shipping_address`, `shipping_option`."""
    checkout = await find(tx, checkout_id)
    return await missing_of(tx, checkout, await sale_lines(tx, checkout_id))


async def missing_of(tx: Tx, checkout: Checkout, lines: Sequence[SaleLine]) -> list[str]:
    """As `missing`, for who has the rows at hand."""
    if checkout.purpose != "sale":
        return []
    names = []
    if checkout.email is None and (await _rules(tx, checkout.conversation_id)).require_email_for_checkout:
        names.append("email")
    if requires_shipping(lines):
        if checkout.shipping_address is None:
            names.append("shipping_address")
        if checkout.shipping_option is None:
            names.append("shipping_option")
    return names


async def keep_hold(tx: Tx, checkout: Checkout, now: datetime) -> None:
    """Hold the stock of the locked checkout for longer, again where the hold ran out. Problem 409 `out_of_stock`."""
    await inventory.reserve(tx, checkout.id, await quantities(tx, checkout.id), _hold_until(now))


async def expire_due(session: AsyncSession, *, now: datetime | None = None, limit: int = 200) -> int:
    """End the open checkouts whose time has passed, in every organization; answers how many."""
    now = now or datetime.now(UTC)
    due = await session.scalars(
        select(Checkout)
        .where(Checkout.status == "open", Checkout.expires_at <= now)
        .order_by(Checkout.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = due.all()
    for checkout in rows:
        checkout.status = "expired"
        # past their time at once, so that the sweep of stock frees them in its own lock order
        tx = Tx(session, checkout.organization_id)
        await inventory.renew(tx, checkout.id, now)
        await checkout_events.emit(tx, "checkout.expired", checkout)
    return len(rows)


async def _resolve(tx: Tx, items: Sequence[ItemInput]) -> list[SaleLine]:
    """The lines meant; the same variant twice is one line."""
    by_name = await catalog.variants_by_external_id(tx, [i.variant_external_id for i in items if i.variant_external_id])
    wanted: dict[UUID, int] = {}
    for item in items:
        named = by_name.get(item.variant_external_id) if item.variant_external_id else None
        variant_id = item.variant_id or (named.id if named else None)
        if variant_id is None:
            raise Problem("variant_unknown", f"There is no variant {item.variant_external_id}.")
        wanted[variant_id] = wanted.get(variant_id, 0) + item.quantity
    lines = await of_variants(tx, wanted)
    unknown = set(wanted) - {line.variant_id for line in lines}
    if unknown:
        raise Problem("variant_unknown", f"There is no variant {min(unknown)}.")
    if any(quantity > MAX_QUANTITY for quantity in wanted.values()):
        raise Problem("quantity_invalid", f"A quantity is a whole number from 1 to {MAX_QUANTITY}.")
    return lines


async def _new(tx: Tx, conversation_id: UUID | None, now: datetime) -> Checkout:
    conversation = await _conversation(tx, conversation_id) if conversation_id else None
    shop = await tx.session.get_one(Organization, tx.organization_id)
    checkout = Checkout(
        id=new_id(),
        organization_id=tx.organization_id,
        token=secrets.token_urlsafe(24),
        status="open",
        conversation_id=conversation_id,
        customer_id=conversation.customer_id if conversation else None,
        currency=shop.currency,
        provider=shop.payment_provider,
        subtotal=0,
        discount=0,
        shipping=0,
        tax=0,
        tax_included=False,
        total=0,
        attempt=0,
        commitment_level="considering",
        agent_context={},
        details={},
        expires_at=now,
    )
    tx.session.add(checkout)
    return checkout


def _fill(checkout: Checkout, data: CheckoutPatch) -> None:
    given = data.model_fields_set
    if "customer" in given:
        checkout.email = data.customer.email if data.customer else None
        checkout.name = data.customer.name if data.customer else None
    if "shipping_address" in given:
        checkout.shipping_address = data.shipping_address.model_dump(mode="json") if data.shipping_address else None
    if "shipping_option" in given:
        checkout.shipping_rate = data.shipping_option
    if "discount_code" in given:
        checkout.discount_code = data.discount_code
    if "note" in given:
        checkout.note = data.note
    if "metadata" in given:
        checkout.details = data.metadata or {}


async def _store(
    tx: Tx,
    checkout: Checkout,
    lines: Sequence[SaleLine],
    *,
    now: datetime,
    base_url: str,
    code_given: bool = False,
    latest: bool = False,
    new: bool = False,
) -> CheckoutView:
    """Lines, stock, totals, times: what every change ends with. `latest`: it is now its conversation's, which is locked."""
    for line in lines:
        if not line.sellable or line.currency != checkout.currency:
            raise Problem(
                "variant_unavailable", f"{line.title} is not for sale.", status=409, variant_id=str(line.variant_id)
            )
    checkout.expires_at = now + timedelta(hours=get_settings().checkout_ttl_hours)
    await tx.session.flush()
    await put_lines(tx, checkout.id, lines)
    await reprice(tx, checkout, lines, now=now, code_given=code_given)
    if latest and checkout.conversation_id is not None:
        await tx.session.execute(
            sql_update(Conversation)
            .where(Conversation.organization_id == tx.organization_id, Conversation.id == checkout.conversation_id)
            .values(checkout_id=checkout.id)
            .execution_options(synchronize_session=False)
        )
    await checkout_events.emit(tx, "checkout.created" if new else "checkout.updated", checkout)
    shown = await view(tx, checkout, base_url=base_url)
    # last: others who want the same goods wait for these locks
    await inventory.reserve(tx, checkout.id, {line.variant_id: line.quantity for line in lines}, _hold_until(now))
    return shown


def _hold_until(now: datetime) -> datetime:
    return now + timedelta(minutes=get_settings().reservation_minutes)


async def _conversation(tx: Tx, conversation_id: UUID) -> Conversation:
    """The conversation, locked, so that two checkouts of it cannot be made at once. Messages may still be written."""
    row = await tx.session.scalar(
        select(Conversation)
        .where(Conversation.organization_id == tx.organization_id, Conversation.id == conversation_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise not_found("conversation", conversation_id)
    return row


async def _open_one(tx: Tx, checkout_id: UUID | None, now: datetime) -> Checkout | None:
    """The conversation's checkout where it can still be changed; None where it has ended, or is no sale of a cart."""
    if checkout_id is None:
        return None
    checkout = await lock(tx, checkout_id)
    if (
        checkout.purpose != "sale"
        or checkout.status in ("succeeded", "expired", "cancelled")
        or (checkout.status == "open" and checkout.expires_at <= now)
    ):
        return None
    require_open(checkout, now)
    return checkout


async def _rules(tx: Tx, conversation_id: UUID | None) -> AgentRules:
    """The rules of the conversation's agent, else of the shop's default one."""
    query = select(Agent.rules).where(Agent.organization_id == tx.organization_id)
    if conversation_id is None:
        query = query.where(Agent.is_default)
    else:
        query = query.join(
            Conversation, (Conversation.organization_id == Agent.organization_id) & (Conversation.agent_id == Agent.id)
        ).where(Conversation.id == conversation_id)
    return AgentRules.model_validate(await tx.session.scalar(query) or {})
