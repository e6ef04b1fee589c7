"""How far a price may move, round by round: pure arithmetic over the agent's rules, without clock or database.

The agent alone goes to `limit`: the higher of `max_discount_percent` and the reserve, which lies a little above the floor
(CONTRACT §4; `reserve`). Its own proposals end at `end`; a customer who asks for a price between the two in the last round
gets it. Neither number is the floor.
"""

from __future__ import annotations

from dataclasses import dataclass

from agentpay.commerce.pricing import half_up
from agentpay.commerce.reserve import Margins, above
from agentpay.commerce.rules import AgentRules

MAX_ROUNDS = 3
FIRST_SHARE = 45
"""Percent of the room given first where no strategy matches: between a third and a half."""
SECOND_SHARE = 60
"""Percent of what is left given second; the third gives the rest."""
SHRINK = 90
"""A concession is at most this percent of the one before."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """The strategy that matches best: how far the first offer may go, and its name in the rules."""

    percent: int
    rule: str


@dataclass(frozen=True, slots=True)
class Room:
    """Prices per unit. `limit`: the agent alone; `approval`: with a person; `end`: the agent's last own proposal.

    None of them is the floor; without room between list price and floor, `limit` is the list price.
    """

    list_price: int
    limit: int
    approval: int
    end: int
    limit_rule: str
    """What set the limit: `max_discount_percent` or `floor`."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """The price of this round. `amount == previous` means that nothing more is given."""

    amount: int
    final: bool
    rule: str


def price_at(list_price: int, percent: int) -> int:
    """List price less at most `percent`, rounded up: the discount never exceeds its percentage."""
    return -(-list_price * (100 - percent) // 100)


def room_for(list_price: int, floor: int, rules: AgentRules, margins: Margins) -> Room:
    """The bounds that the rules and the floor set together."""
    by_rule = price_at(list_price, rules.max_discount_percent)
    reserve = min(above(floor, list_price - floor, margins.reserve), list_price)
    limit = min(max(by_rule, reserve), list_price)
    last_price = above(floor, list_price - floor, margins.last_price)
    return Room(
        list_price=list_price,
        limit=limit,
        approval=min(max(price_at(list_price, rules.approval_percent), reserve), limit),
        end=min(max(last_price, limit), max(list_price - 1, limit)) if limit == reserve else limit,
        limit_rule="floor" if reserve > by_rule else "max_discount_percent",
    )


def best_strategy(rules: AgentRules, *, cart_subtotal: int, paid_orders: int) -> Strategy | None:
    """The matching strategy with the highest percentage; they do not stack."""
    cart, repeat = rules.strategies.cart_value_discount, rules.strategies.repeat_customer
    matching = []
    if cart is not None and cart.discount_percent > 0 and cart_subtotal >= cart.min_cart:
        matching.append(Strategy(cart.discount_percent, "strategies.cart_value_discount"))
    if repeat is not None and repeat.discount_percent > 0 and paid_orders >= repeat.orders_threshold:
        matching.append(Strategy(repeat.discount_percent, "strategies.repeat_customer"))
    return max(matching, key=lambda strategy: strategy.percent, default=None)


def propose(
    room: Room, *, round_number: int, previous: int, last_concession: int, asked: int | None, strategy: Strategy | None
) -> Proposal:
    """The price of round `round_number` (1 …), after `previous` (the list price, or the last offer's amount).

    Never below what the customer asks, never above `previous`, never below `room.limit`.
    """
    end = min(room.end, previous)
    last_round = round_number >= MAX_ROUNDS
    rule = room.limit_rule
    lowest = end
    if round_number == 1 and strategy is not None:
        target = max(price_at(room.list_price, strategy.percent), end)
        rule = strategy.rule
    elif round_number == 1:
        target = room.list_price - max(half_up((room.list_price - end) * FIRST_SHARE, 100), 1)
    else:
        left = previous - end
        most = last_concession * SHRINK // 100
        target = previous - min(left if last_round else half_up(left * SECOND_SHARE, 100), most)
        lowest = max(room.limit, previous - most)
    if last_round and asked is not None and lowest <= asked < target:
        return Proposal(asked, True, rule)
    if asked is not None and asked > target:
        return Proposal(min(asked, previous), last_round, rule)
    return Proposal(target, last_round or target == end, rule)
