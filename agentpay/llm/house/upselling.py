"""What the shop itself says goes with a product (`upsell_triggers`), suggested once a conversation, shown if they want it."""

from __future__ import annotations

from agentpay.llm.brain import ActView
from agentpay.llm.house.asking import show
from agentpay.llm.house.refs import stems
from agentpay.llm.house.talk import Ask, Plan, Talk

_ONLY = frozenset({"add_to_cart", "change_cart", "greeting", "thanks", "other"})
"""With anything else in the message the customer has more to do than to look on."""


def suggest(talk: Talk) -> None:
    """At the end of a turn that put something into the cart and asks nothing yet."""
    turn = talk.turn
    busy = talk.expecting or talk.checkout is not None or any(act.intent not in _ONLY for act in turn.acts)
    if talk.upsold or busy or turn.verbosity == "short":
        return
    had = stems(" ".join(line["title"] for line in talk.cart.get("items", [])))
    new = next((words for words in talk.goes_with if not stems(words) <= had), None)
    if new is not None:
        talk.upsold = True
        talk.say("upsell", suggestion=new)
        talk.expect("confirm_upsell", query=new)


def show_them(talk: Talk, act: ActView) -> Plan:  # noqa: ARG001 - every handler has the same signature
    query = talk.pending["query"]
    outcome = yield Ask("product_search", {"query": query, "limit": 3})
    if products := outcome.result.get("products", []):
        show(talk, products[:3], "found_one" if len(products) == 1 else "found_some")
    else:
        talk.say("found_nothing", query=query)
