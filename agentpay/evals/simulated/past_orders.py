"""Orders that customers placed before, in the shop's past; and goals about them, judged by how the order stands."""

from __future__ import annotations

from collections.abc import Callable

from agentpay.commerce.pricing import in_category
from agentpay.evals.simulated.goals import Draw, Final, Goal
from agentpay.evals.simulated.state import OrderState
from agentpay.evals.simulated.wishes import Wish
from agentpay.evals.simulated.world import Item, PastOrder, World

_DAYS_WITHOUT_WINDOW = 10_000


def returnable(world: World, item: Item) -> bool:
    policies = world.store.organization.policies
    product = item.product
    return not any(
        name in (product.external_id, item.variant.external_id)
        or (product.category is not None and in_category(product.category, name))
        for name in policies.non_returnable
    )


def ordered(draw: Draw, fits: Callable[[Item], bool], *, least: int = 1) -> list[tuple[Item, int]]:
    """Lines of an order; the first is the one that it is about."""
    rng, world = draw.rng, draw.world
    shipped = [item for item in world.plentiful if item.variant.requires_shipping and item.price]
    first = rng.choice([item for item in shipped if fits(item)])
    lines, products = [(first, least)], {first.product.external_id}
    for _ in range(rng.choice((0, 0, 1, 1, 2))):
        other = rng.choice(shipped)
        if other.product.external_id not in products:
            products.add(other.product.external_id)
            lines.append((other, rng.choice((1, 1, 2))))
    return lines


def order_of(draw: Draw, lines: list[tuple[Item, int]], **state: object) -> PastOrder:
    """The customer's order, and for some an older one that it is not about."""
    draw.person.signed_in = draw.rng.random() < 0.6
    if draw.rng.random() < 0.25:
        other = [(some, 1) for some, _ in ordered(draw, lambda item: True)[:1]]
        draw.world.past_order(draw.person, other, placed=200, delivered=190)
    return draw.world.past_order(draw.person, lines, **state)


def days(draw: Draw, kind: str) -> int:
    policies = draw.world.store.organization.policies
    days = policies.return_window_days if kind == "return" else policies.exchange_window_days
    return days if days is not None else _DAYS_WITHOUT_WINDOW


def delivered_within(draw: Draw, kind: str) -> dict[str, int]:
    """Within the window."""
    ago = draw.rng.randint(1, max(1, min(days(draw, kind) * 2 // 3, 20)))
    return {"placed": ago + 4, "delivered": ago}


def goal_of(
    draw: Draw,
    wish: Wish,
    order: PastOrder,
    brief: str,
    check: Callable[[OrderState], list[str]],
    *,
    servable: bool = True,
) -> Goal:
    wish.order = order

    def of_order(final: Final) -> list[str]:
        assert final.order is not None, "it was imported"
        return check(final.order)

    who = (
        "signed in"
        if draw.person.signed_in
        else "a stranger to the site: order number and e-mail address tell who it is"
    )
    return Goal([wish], of_order, f"{brief} ({who})", servable=servable, order=order)


def came_true(came: Callable[[OrderState], bool], otherwise: str) -> Callable[[OrderState], list[str]]:
    return lambda order: [] if came(order) else [otherwise]


def named(item: Item) -> str:
    return f"{item.product.title} {'/'.join(map(str, item.options.values()))}".strip()


def swaps(world: World, item: Item) -> list[Item]:
    others = world.by_product[item.product.external_id]
    return [each for each in others if each != item and each.plentiful and each.price == item.price and each.options]


def shipped_goods(world: World) -> bool:
    return any(item.variant.requires_shipping for item in world.plentiful)
