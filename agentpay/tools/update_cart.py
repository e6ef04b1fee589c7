"""Puts things into the cart and takes them out."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from agentpay.commerce import carts, catalog
from agentpay.commerce.catalog import VariantRow
from agentpay.commerce.shapes import CartView, LineView
from agentpay.errors import Problem
from agentpay.knowledge.lookup import lookup, title_matches
from agentpay.store.session import Tx
from agentpay.tools.blocks import block
from agentpay.tools.checkout_sync import sync_open_checkout
from agentpay.tools.context import Context
from agentpay.tools.resolve import fitting, resolve_variant, variant_facts
from agentpay.tools.tool import Arguments, Tool, ToolResult


class UpdateCart(Arguments):
    action: Literal["add", "set", "remove", "replace", "clear"] = Field(
        description="add: more of it; set: exactly `quantity` of it; remove: `quantity` of it, or all; replace: another variant of what "
        "is in the cart; clear: empty the cart."
    )
    product: str | None = Field(None, max_length=200, description="External id, SKU or name.")
    variant: str | None = Field(None, max_length=200, description="External id or SKU of the variant, where known.")
    options: dict[str, str] = Field({}, description='E.g. {"size": "43", "color": "blue"}.')
    quantity: int | None = Field(None, ge=1, le=10_000, description="Default 1; for remove: all.")


_NEARLY = 0.8
"""The share of the best name's score from which another product may be meant by it, too."""


async def run(context: Context, tx: Tx, arguments: UpdateCart) -> ToolResult:
    cart_id = await carts.cart_id_of(tx, context.conversation)
    before = await carts.get(tx, cart_id)
    changed: dict[str, object] | None = None
    match arguments.action:
        case "clear":
            after = await carts.clear(tx, cart_id)
        case "remove":
            line = _only(await _named_in_cart(tx, before, arguments))
            left = line.quantity - arguments.quantity if arguments.quantity is not None else 0
            after = await carts.set_quantity(tx, cart_id, line.variant_id, max(0, left))
            changed = {"title": line.title, "options": line.options, "quantity": max(0, left)}
        case "set" | "add":
            row = await _variant(tx, before, arguments)
            quantity = arguments.quantity or 1
            change = carts.add if arguments.action == "add" else carts.set_quantity
            try:
                after = await change(tx, cart_id, row.id, quantity)
            except Problem as problem:
                held = next((line.quantity for line in before.items if line.variant_id == row.id), 0)
                raise _about(problem, row, held) from problem
            changed = {**variant_facts(row), "quantity": quantity}
            if arguments.action == "add" and (words := await catalog.goes_with(tx, row.product_id)):
                changed["goes_with"] = words
        case "replace":
            line = _only(await _named_in_cart(tx, before, arguments, by_options=False))
            row = await resolve_variant(
                tx, product=line.product_external_id, options=_merged(line.options, arguments.options)
            )
            await carts.set_quantity(tx, cart_id, line.variant_id, 0)
            after = await carts.add(tx, cart_id, row.id, arguments.quantity or line.quantity)
            changed = {**variant_facts(row), "quantity": arguments.quantity or line.quantity}
    await sync_open_checkout(context, tx)
    return ToolResult({"cart": after.model_dump(mode="json"), "changed": changed}, [block("cart", after)])


async def _variant(tx: Tx, cart: CartView, arguments: UpdateCart) -> VariantRow:
    """What is already in the cart is meant first, where `set` names it: "make it two packs of socks"."""
    if arguments.action == "set":
        named = await _named_in_cart(tx, cart, arguments)
        if len(named) == 1:
            return await resolve_variant(tx, variant=named[0].variant_external_id or str(named[0].variant_id))
    return await resolve_variant(
        tx, product=arguments.product, variant=arguments.variant, options=arguments.options or None, surely=True
    )


def _about(problem: Problem, row: VariantRow, held: int) -> Problem:
    """The same problem, saying which variant it is about and how many of it the cart holds."""
    facts = {"title": row.title, "options": row.options, "product": row.product_external_id, "in_cart": held}
    return Problem(problem.code, problem.detail, status=problem.status, **{**problem.extra, **facts})


async def _named_in_cart(tx: Tx, cart: CartView, arguments: UpdateCart, *, by_options: bool = True) -> list[LineView]:
    """The lines that the arguments can mean."""
    lines = list(cart.items)
    if arguments.variant is not None:
        return [line for line in lines if arguments.variant in (line.variant_external_id, str(line.variant_id))]
    if arguments.product is not None:
        lines = _titled(lines, arguments.product) or await _known_as(tx, lines, arguments.product)
    if by_options and arguments.options:
        lines = [lines[n] for n in fitting([line.options for line in lines], arguments.options)] or lines
    return lines


async def _known_as(tx: Tx, lines: list[LineView], reference: str) -> list[LineView]:
    """
    The lines that the shop knows by that word though their titles lack it: "the shoes", by category or other name.

    Not those that something else bears the name of far better: "the leather saddle" is not the other one in the cart.
    """
    matches = await lookup(tx, reference, limit=50)
    least = _NEARLY * matches[0].score if matches and len(reference.split()) > 1 else 0.0  # "the book" is a kind
    known = {match.external_id for match in matches if match.score >= least and match.external_id}
    return [line for line in lines if line.product_external_id in known]


def _titled(lines: list[LineView], reference: str) -> list[LineView]:
    """The lines whose product `reference` names: by external id, or by the words of the title."""
    exact = [line for line in lines if reference in (line.product_external_id, line.variant_external_id)]
    if exact:
        return exact
    fitting = title_matches(reference, [line.title for line in lines])
    return [line for line, fits in zip(lines, fitting, strict=True) if fits]


def _only(lines: list[LineView]) -> LineView:
    if not lines:
        raise Problem("not_in_cart", "That is not in the cart.", status=404)
    if len(lines) > 1:
        raise Problem(
            "ambiguous_line",
            "Several things in the cart fit.",
            candidates=[
                {"external_id": line.variant_external_id, "title": line.title, "options": line.options}
                for line in lines
            ],
        )
    return lines[0]


def _merged(have: dict[str, str], wanted: dict[str, str]) -> dict[str, str]:
    names = {name.casefold(): name for name in have}
    return {**have, **{names.get(name.casefold(), name): value for name, value in wanted.items()}}


TOOL = Tool(
    name="update_cart",
    description="Change the customer's cart. Prices and stock come from the shop; a product that is ambiguous answers its candidates.",
    arguments=UpdateCart,
    run=run,
    agents=frozenset({"sales", "payment"}),
    effect="write",
    scope="tools:write",
)
