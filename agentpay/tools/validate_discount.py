"""Checks a discount code and, where it holds, puts it on the cart."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import Field

from agentpay.commerce import carts, codes, decisions, discounts
from agentpay.commerce.pricing import CodeRule
from agentpay.errors import Problem
from agentpay.money import money
from agentpay.store.session import Tx
from agentpay.tools.blocks import block
from agentpay.tools.checkout_sync import sync_open_checkout
from agentpay.tools.context import Context
from agentpay.tools.tool import Arguments, Tool, ToolResult


class ValidateDiscount(Arguments):
    code: str = Field(min_length=1, max_length=64)


async def run(context: Context, tx: Tx, arguments: ValidateDiscount) -> ToolResult:
    cart_id = await carts.cart_id_of(tx, context.conversation)
    lines = await carts.pricing_lines(tx, cart_id)
    decision = await discounts.evaluate(
        tx,
        arguments.code,
        lines,
        customer_id=context.customer_id,
        email=context.contact.get("email"),
        now=datetime.now(UTC),
    )
    waits_for_items = not lines and decision.reason in ("min_subtotal", "no_eligible_item")
    await decisions.record(
        tx,
        "discount",
        decision.ok,
        f"discount.{decision.reason}",
        conversation_id=context.conversation_id,
        turn_id=context.turn_id,
        amount=decision.amount,
        currency=context.organization.currency,
        details={"code": decision.code},
    )
    if not decision.ok and not waits_for_items:
        detail = decision.detail
        if decision.min_subtotal is not None:
            detail = f"{detail} It takes {money(decision.min_subtotal, context.organization.currency)} at least."
        raise Problem(f"discount_{decision.reason}", detail, reason=decision.reason, code_given=decision.code)
    cart = await carts.set_code(tx, cart_id, decision.code)
    found = await codes.find(tx, decision.code)
    await sync_open_checkout(context, tx)
    data = {
        "code": decision.code,
        "valid": True,
        "applied": bool(cart.discount),
        "waits_for_items": waits_for_items,
        "discount": cart.discount,
        "capped": decision.capped,
        "description": _worth(found.rule, context.organization.currency) if found else "",
        "cart": cart.model_dump(mode="json"),
    }
    return ToolResult(data, [block("cart", cart)] if lines else [])


def _worth(rule: CodeRule, currency: str) -> str:
    """ "10%", "7.5%" or "$5.00"."""
    return f"{rule.basis_points / 100:g}%" if rule.type == "percentage" else money(rule.amount, currency)


TOOL = Tool(
    name="validate_discount",
    description="Check a discount code; a valid one is applied to the cart. Only the shop knows which codes exist.",
    arguments=ValidateDiscount,
    run=run,
    agents=frozenset({"sales", "payment"}),
    effect="write",
    scope="tools:write",
)
