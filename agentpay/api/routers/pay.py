"""The hosted page at a checkout's `url`: plain HTML that works without a script (CONTRACT §4, Sandbox).

Who knows the URL may pay; nothing else authorises, no cookie is set, so no other site can make a buyer's browser do more
than its owner could. A card number lives in memory while its form is handled, and nowhere else.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import ValidationError
from sqlalchemy import select
from starlette.datastructures import FormData, UploadFile

from agentpay.api.deps import StateDep
from agentpay.api.state import AppState
from agentpay.commerce import checkout_rows, checkouts, orders
from agentpay.commerce.checkout_inputs import CheckoutPatch
from agentpay.commerce.lines import requires_shipping
from agentpay.commerce.payments import redirecting
from agentpay.commerce.payments.buyer import webhook_handled
from agentpay.commerce.payments.paying import Paying, by_token
from agentpay.commerce.payments.sandbox import cards
from agentpay.commerce.shapes import CheckoutView
from agentpay.errors import Problem
from agentpay.money import money
from agentpay.store.tables import Checkout, Organization

router = APIRouter(include_in_schema=False)

PATIENCE_SECONDS = 3.0
"""How long the page waits for the webhook before it says that the payment is being processed."""
_ADDRESS = ("line1", "line2", "city", "region", "postal_code", "country")

_templates = Environment(loader=PackageLoader("agentpay", "web/templates"), autoescape=True, undefined=StrictUndefined)
_templates.filters["money"] = money


@dataclass(slots=True)
class Said:
    """What the last form brought up: a sentence for all of it, and one by field."""

    error: str | None = None
    errors: dict[str, str] = field(default_factory=dict)
    details: dict[str, str] = field(default_factory=dict)
    status: int = 200


@router.get("/pay/{token}")
async def show(token: str, state: StateDep, paid: str = "") -> Response:
    """`paid`: the buyer comes back from the provider's page, having paid there; its webhook may be on its way."""
    checkout = await by_token(state.database, token)
    if checkout is None:
        return _unknown()
    said = Said()
    try:
        await _hold(state, checkout)
    except Problem as problem:
        said = Said(error=problem.detail)
    return await _page(state, token, said, back=bool(paid))


@router.post("/pay/{token}")
async def act(token: str, request: Request, state: StateDep) -> Response:
    checkout = await by_token(state.database, token)
    if checkout is None:
        return _unknown()
    form = await request.form(max_files=0, max_fields=30)
    try:
        match _text(form, "step") or "card":
            case "details":
                await _details(state, checkout, form)
            case "three_d_secure":
                await _authenticate(state, checkout, approved=_text(form, "action") == "approve")
            case "go":
                return await _go(state, checkout, form)
            case "give_up":
                await redirecting.give_up(
                    state.database,
                    state.providers,
                    organization_id=checkout.organization_id,
                    checkout_id=checkout.id,
                )
            case _:
                await _pay(state, checkout, form)
    except cards.CardError as error:
        return await _page(state, token, Said(errors=error.errors, status=422))
    except ValidationError as error:
        fields = ", ".join(sorted({str(item["loc"][-1]).replace("_", " ") for item in error.errors()}))
        said = Said(error=f"Please check: {fields}.", details=_given(form), status=422)
        return await _page(state, token, said)
    except Problem as problem:
        return await _page(state, token, Said(error=problem.detail, details=_given(form), status=problem.status))
    return RedirectResponse(f"/pay/{token}", 303, _headers())


async def _hold(state: AppState, checkout: Checkout) -> None:
    """The buyer is at it: hold the stock for longer."""
    async with state.database.tx(checkout.organization_id) as tx:
        row = await checkout_rows.lock(tx, checkout.id)
        if row.status == "open" and row.expires_at > datetime.now(UTC):
            await checkouts.keep_hold(tx, row, datetime.now(UTC))


async def _go(state: AppState, checkout: Checkout, form: FormData) -> Response:
    """To the provider's page. By a form and not by opening the link: those who preview links must not start payments."""
    page = await redirecting.page_of(
        state.database,
        state.providers,
        _paying(state),
        organization_id=checkout.organization_id,
        checkout_id=checkout.id,
        seen_total=_seen_total(form),
    )
    return RedirectResponse(page or f"/pay/{checkout.token}?paid=1", 303, _headers())


async def _pay(state: AppState, checkout: Checkout, form: FormData) -> None:
    if not state.providers.get(checkout.provider).capabilities().hosted_form:
        raise Problem("not_sandbox", "This checkout is paid on the payment provider's page.", status=409)
    card = cards.parse(_text(form, "card_number"), _text(form, "expiry"), _text(form, "cvc"))
    attempt = await _paying(state).pay_by_card(
        checkout.organization_id, checkout.id, card, seen_total=_seen_total(form)
    )
    await webhook_handled(state.database, attempt, seconds=PATIENCE_SECONDS)


async def _authenticate(state: AppState, checkout: Checkout, *, approved: bool) -> None:
    attempt = await _paying(state).authenticate(checkout.organization_id, checkout.id, approved=approved)
    await webhook_handled(state.database, attempt, seconds=PATIENCE_SECONDS)


async def _details(state: AppState, checkout: Checkout, form: FormData) -> None:
    given = _given(form)
    patch: dict[str, Any] = {}
    if given.get("email"):
        patch["customer"] = {"email": given["email"], "name": given.get("name") or None}
    if given.get("line1"):
        address = {name: given[name] for name in _ADDRESS if given.get(name)}
        patch["shipping_address"] = address | {"country": address.get("country", "").upper()}
    async with state.database.tx(checkout.organization_id) as tx:
        await checkouts.update(tx, checkout.id, CheckoutPatch.model_validate(patch), base_url=state.base_url)


async def _page(state: AppState, token: str, said: Said, *, back: bool = False) -> Response:
    """The checkout as it stands now. What is shown depends on its status alone."""
    checkout = await by_token(state.database, token)
    if checkout is None:
        return _unknown()
    order_number = None
    async with state.database.tx(checkout.organization_id) as tx:
        shop = await tx.session.scalar(select(Organization.name).where(Organization.id == tx.organization_id))
        shown = await checkouts.get(tx, checkout.id, base_url=state.base_url)
        lines = await checkout_rows.sale_lines(tx, checkout.id)
        missing = await checkouts.missing_of(tx, checkout, lines) if shown.status == "open" else []
        if shown.order_id is not None:
            order_number = (await orders.get(tx, shown.order_id)).number
    view, title = await _view_of(state, checkout, shown, missing, back=back)
    failure = shown.failure["message"] if shown.failure and shown.status == "open" else None
    waiting = view == "processing"
    return _render(
        said.status,
        shop=shop,
        checkout=shown,
        lines=shown.items,
        view=view,
        title=title,
        error=said.error or (None if said.errors else failure),
        errors={name: said.errors.get(name) for name in ("card_number", "expiry", "cvc")},
        details={name: said.details.get(name) for name in ("email", "name", *_ADDRESS)}
        | ({"email": checkout.email, "name": checkout.name} if not said.details else {}),
        missing=missing,
        ships=requires_shipping(lines),
        order_number=order_number,
        refresh=2 if waiting else None,
        provider=checkout.provider.title(),
        changeable=view == "redirect" and shown.status == "confirming" and _can_close(state, checkout),
    )


async def _view_of(
    state: AppState, checkout: Checkout, shown: CheckoutView, missing: list[str], *, back: bool
) -> tuple[str, str]:
    if shown.status == "succeeded":
        return "paid", "Paid"
    if shown.status in ("expired", "cancelled") or (shown.status == "open" and shown.expires_at <= datetime.now(UTC)):
        return "ended", "This checkout was cancelled" if shown.status == "cancelled" else "This checkout has expired"
    if shown.status == "open" and missing:
        return "details", "Your details"
    elsewhere = checkout.provider != state.providers.sandbox.name
    if shown.status == "open":
        return ("redirect", "Pay") if elsewhere else ("card", "Pay")
    if shown.status == "confirming" and elsewhere and not back:
        return "redirect", "Pay"
    if shown.status == "confirming" and checkout.provider == "sandbox" and checkout.provider_reference is not None:
        payment = await state.providers.sandbox.retrieve(checkout.organization_id, checkout.provider_reference)
        if payment.status == "requires_action":
            return "three_d_secure", "Confirm it is you"
    return "processing", "Processing"


def _can_close(state: AppState, checkout: Checkout) -> bool:
    return state.providers.get(checkout.provider).capabilities().expires


def _seen_total(form: FormData) -> int | None:
    seen = _text(form, "total")
    return int(seen) if seen.isascii() and seen.isdigit() and len(seen) < 16 else None


def _paying(state: AppState) -> Paying:
    return Paying(state.database, state.providers, base_url=state.base_url)


def _given(form: FormData) -> dict[str, str]:
    """The details form's fields; never the card's."""
    return {name: _text(form, name) for name in ("email", "name", *_ADDRESS) if name in form}


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return "" if value is None or isinstance(value, UploadFile) else value.replace("\x00", "").strip()


def _unknown() -> Response:
    return _render(
        404, shop="AgentPay", checkout=None, view="ended", title="There is no such checkout", error=None, refresh=None
    )


def _render(status: int, **values: Any) -> Response:
    nonce = secrets.token_urlsafe(16)
    html = _templates.get_template("pay.html").render(nonce=nonce, **values)
    return HTMLResponse(html, status, _headers(nonce, leaves=values.get("view") == "redirect"))


def _headers(nonce: str | None = None, *, leaves: bool = False) -> dict[str, str]:
    style = f"'nonce-{nonce}'" if nonce else "'none'"
    target = "'self' https:" if leaves else "'self'"  # a form's redirect to the provider's page falls under it too
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src {style}; form-action {target}; base-uri 'none'; frame-ancestors 'none'"
        ),
        "X-Frame-Options": "DENY",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-store",
    }
