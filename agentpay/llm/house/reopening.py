"""A question of ours that a customer's question came between: it stays open, and is taken up again once theirs is answered."""

from __future__ import annotations

from collections.abc import Sequence

from agentpay.llm.brain import ActView
from agentpay.llm.house import describe, pricing
from agentpay.llm.house.talk import Plan, Talk

_BETWEEN = frozenset(
    {
        "policy",
        "shipping_quote",
        "discount",
        "negotiation",
        "price_question",
        "product_details",
        "order_status",
        "view_cart",
    }
    | {"availability", "complaint", "greeting", "thanks", "other", "provide_details"}
)
_OPEN = frozenset({"variant", "product", "confirm_add"})
_BY_THE_WAY = frozenset({"shipping", "code"})
"""What an answer notes in case the customer goes on with it; nothing was asked."""


def take_up(talk: Talk, acts: Sequence[ActView]) -> Plan:
    """At the end of a turn: what was asked before is asked again, unless the turn answered it or asks something else."""
    if (wish := talk.pending.get("price_wish")) is not None and _bought(talk):
        yield from pricing.negotiate(talk, ActView("negotiation", 0.9, talk.turn.text, wish))
        return
    if talk.asked_for not in _OPEN or talk.turn.declines or talk.silent or talk.lost or _bought(talk):
        return
    if any(act.intent not in _BETWEEN for act in acts):
        return
    if talk.expected not in (None, *_BY_THE_WAY):
        return
    _ask_again(talk)


def _bought(talk: Talk) -> bool:
    return bool(talk.cart.get("items", []) != talk.turn.cart.get("items", []))


def _ask_again(talk: Talk) -> None:
    pending = talk.pending
    candidates = pending.get("candidates", [])
    if talk.asked_for == "product" and candidates:
        titles = [candidate["title"] for candidate in candidates[:5]]
        talk.say("which_product", candidates=describe.listing(titles, "or"))
    elif talk.asked_for == "product":
        talk.say("product_needed")
    elif pending.get("title") is None:
        return
    elif talk.asked_for == "variant":
        rows = [{**row, "title": pending["title"]} for row in candidates]
        talk.say("variant_again", title=pending["title"], variants=describe.variants(talk, rows))
    else:
        talk.say("ask_add_again", title=pending["title"])
    talk.expect(str(talk.asked_for), **pending)
