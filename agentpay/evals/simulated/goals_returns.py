"""Goals of customers who send back, exchange, or want their money back."""

from __future__ import annotations

from agentpay.evals.simulated.aftersale import Refused, Service
from agentpay.evals.simulated.goals import Draw, Final, Goal, Kind
from agentpay.evals.simulated.naming import difference
from agentpay.evals.simulated.past_orders import (
    came_true,
    days,
    delivered_within,
    goal_of,
    named,
    order_of,
    ordered,
    returnable,
    shipped_goods,
    swaps,
)
from agentpay.evals.simulated.state import OrderState
from agentpay.evals.simulated.wishes import Speech, Voice
from agentpay.evals.simulated.world import Item, PastOrder, World


def take_back(draw: Draw) -> Goal:
    lines = ordered(draw, lambda item: returnable(draw.world, item))
    order = order_of(draw, lines, **delivered_within(draw, "return"))
    item = lines[0][0]
    reason = draw.voice.say("return_reason")

    def came(state: OrderState) -> bool:
        return any(
            row["kind"] == "return" and row["variant"] == item.id and row["status"] != "refused"
            for row in state.returns
        )

    def only(state: OrderState) -> list[str]:
        others = [row["variant"] for row in state.returns if row["variant"] != item.id]
        return came_true(came, "no return was registered")(state) + [
            f"{other} is to come back, too" for other in others
        ]

    def opening(me: Voice) -> str:
        return me.say("return", thing=me.the(item), number=order.number, reason=reason)

    bare: Speech = lambda me: me.say("return_bare", number=order.number)  # noqa: E731
    wish = Service(
        name="returning", opening=bare if draw.rng.random() < 0.3 else opening, again=opening, came=came, item=item
    )
    wish.reason = reason
    return goal_of(draw, wish, order, f"Send back {named(item)} of order {order.number}.", only)


def take_back_late(draw: Draw) -> Goal:
    """The window is over: no."""
    lines = ordered(draw, lambda item: returnable(draw.world, item))
    window = days(draw, "return")
    order = order_of(draw, lines, placed=window + 30, delivered=window + 20)
    return _refused_return(draw, order, lines[0][0], f"after the {window} days")


def take_back_never(draw: Draw) -> Goal:
    """What the shop never takes back."""
    lines = ordered(draw, lambda item: not returnable(draw.world, item))[:1]
    order = order_of(draw, lines, **delivered_within(draw, "return"))
    return _refused_return(draw, order, lines[0][0], "which cannot come back")


def _refused_return(draw: Draw, order: PastOrder, item: Item, why: str) -> Goal:
    reason = draw.voice.say("return_reason")
    wish = Refused(
        name="returning",
        opening=lambda me: me.say("return", thing=me.the(item), number=order.number, reason=reason),
        item=item,
    )
    wish.reason = reason

    def check(state: OrderState) -> list[str]:
        unmet = [] if wish.heard else ["not told that it cannot be returned"]
        return unmet + (["a return was registered"] if state.returns else [])

    return goal_of(
        draw, wish, order, f"Try to send back {named(item)} of order {order.number}, {why}.", check, servable=False
    )


def exchange(draw: Draw) -> Goal:
    """Another variant at the same price or less, so that nothing is to be paid first."""
    world, rng = draw.world, draw.rng
    lines = ordered(draw, lambda item: returnable(world, item) and bool(swaps(world, item)))
    order = order_of(draw, lines, **delivered_within(draw, "exchange"))
    item = lines[0][0]
    new = rng.choice(swaps(world, item))

    def came(state: OrderState) -> bool:
        return any(
            row["kind"] == "exchange" and row["variant"] == item.id and row["to"] == new.id for row in state.returns
        )

    def opening(me: Voice) -> str:
        choice, _, option = difference(new, item)
        return me.say("exchange", thing=me.the(item), number=order.number, choice=choice, option=option)

    wish = Service(name="exchanging", opening=opening, came=came, item=item)
    wish.instead = new
    brief = f"Exchange {named(item)} of order {order.number} for {named(new)}."
    return goal_of(draw, wish, order, brief, came_true(came, "no such exchange was registered"))


def refund(draw: Draw) -> Goal:
    """A single broken article: given back at once up to the agent's limit, else a person is asked."""
    world = draw.world
    lines = ordered(draw, lambda item: returnable(world, item))[:1]
    order = order_of(draw, lines, **delivered_within(draw, "return"))
    item, agent = lines[0][0], world.store.agent
    limit = agent.rules.auto_refund_limit if agent is not None else 0

    def came(state: OrderState) -> bool:
        return state.refunded > 0

    def opening(me: Voice) -> str:
        return me.say("refund", thing=me.the(item), number=order.number)

    wish = Service(name="refund", opening=opening, came=came, item=item, may_wait=order.total > limit)
    wish.reason = "it arrived broken"

    def check(final: Final) -> list[str]:
        assert final.order is not None, "it was imported"
        refunded = [] if came(final.order) else ["nothing was refunded"]
        if order.total > limit and not final.agreed:
            return ["nobody was asked for the refund"] if refunded else [f"refunded above the limit of {limit} unasked"]
        return refunded

    goal = goal_of(
        draw,
        wish,
        order,
        f"Get the money back for {named(item)} of order {order.number}, which arrived broken.",
        lambda _: [],
    )
    goal.check = check
    return goal


def _any_returnable(world: World) -> bool:
    return any(returnable(world, item) and item.variant.requires_shipping for item in world.plentiful)


KINDS = [
    Kind("return", 45, take_back, _any_returnable),
    Kind(
        "return-late",
        15,
        take_back_late,
        lambda world: _any_returnable(world) and bool(world.store.organization.policies.return_window_days),
    ),
    Kind(
        "return-never",
        12,
        take_back_never,
        lambda world: any(not returnable(world, item) and item.variant.requires_shipping for item in world.plentiful),
    ),
    Kind(
        "exchange",
        30,
        exchange,
        lambda world: any(returnable(world, item) and swaps(world, item) for item in world.plentiful),
    ),
    Kind("refund", 35, refund, shipped_goods),
]
