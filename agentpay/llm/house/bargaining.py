"""Wishes for a lower price, however they are put: while an offer is open, what names a price or wants less is about it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from agentpay.llm.brain import ActView, TurnView
from agentpay.llm.house.refs import PRICED, named
from agentpay.llm.house.talk import Talk
from agentpay.money import digits

_VAGUE = frozenset(
    {"product_search", "recommendation", "product_details", "product_comparison", "price_question", "availability"}
    | {"add_to_cart", "discount", "complaint", "other", "policy", "negotiation"}
)
"""What the wish for a lower price may have been read as; anything else is meant as it was read."""
_LOWER = re.compile(
    r"\b(?:lower|drop|reduce|cut|cheaper|lowest|minimum|come down|go down|do better|bottom line"
    r"|(?:best|better|real|proper|fair|decent|final|last) (?:price|offer|deal))\b",
    re.IGNORECASE,
)
_PLAINLY = re.compile(
    r"\b(?:lowest|minimum)\b.{0,30}\b(?:you|u|go|sell)\b|\bminimum price\b|\b(?:lower|drop|reduce|cut) (?:it|that|the price)\b"
    r"|\bcome down\b|\bdo better\b|\b(?:proper|real|fair|decent|better) (?:price|offer|deal)\b|\brip[- ]?off\b",
    re.IGNORECASE,
)
"""The same before there is an offer: said of the product that is spoken of, not of what else there is."""
_ELSE = re.compile(
    r"\b(?:show|find|search|looking for|do you (?:have|sell)|something|anything|another|others?|else|different|compare"
    r"|shipping|deliver\w*|return\w*|refund\w*)\b",
    re.IGNORECASE,
)
_BESIDE_A_BID = frozenset({"add_to_cart", "product_search", "price_question"})
_LIST_PRICE = re.compile(
    r"\b(?:buy|take|have|want|get|pay|order)\b.*\b(?:normal|full|list|listed|regular|usual|standard|original) price\b",
    re.I,
)
_OF_A_BID = frozenset({"pronoun", "price_max", "amount", "currency"})
OTHER_SHOP = re.compile(
    r"\b(?:(?:an)?other|different) (?:shop|store|site|website|seller|place)s?\b|\belsewhere\b|\b(?:some|any)where else\b"
    r"|\b(?:on|from|at|off) (?:amazon|ebay|etsy|the competition|a competitor|your competitors?)\b",
    re.I,
)
_NUMBER = r"(\d{1,3}(?:,\d{3})+|\d+)(\.\d{1,2})?(?!\d)"
_NUMBER_ALONE = re.compile(
    r"^\W*(?:(?:fine|ok(?:ay)?|well|alright|hm+|then|and|so|no|how about|what about|make it|say|let'?s say|call it)\W+)*"
    r"(?P<n>\d{1,3}(?:,\d{3})+|\d{1,6}(?:\.\d{1,2})?)(?:\W+(?:then|please|ok|and it'?s a deal))?\W*$",
    re.I,
)
_OF_A_PURCHASE = frozenset({"provide_details", "checkout"})
_BUYS = frozenset({"negotiation", "add_to_cart"})
_GO_ON = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|alright|great|fine|yes|yeah|oh)\W+)*(?:go on(?: then)?|go for it|why not"
    r"|let'?s do (?:it|that)|that'?ll do(?: nicely)?|that works|works for me)\W*$",
    re.I,
)
_SOLD = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|alright|great|fine|yes)\W+)*(?:sold|done deal|(?:it'?s|that'?s) a deal)\b(?! out)", re.I
)
_MAY_HAVE_IT = re.compile(
    r"\b(?:can|could|may) (?:i|we) (?:please )?(?:have|get|take|buy)\b(?! (?:an?|some|any|something|anything)\b)|\blet me have\b",
    re.I,
)
"""Before a thing that is known, which is not looked for any more."""
_FOR_AN_AMOUNT = re.compile(
    rf"\bfor (?:just |only |about )?(?:[$€£]\s?{_NUMBER}|{_NUMBER}\s?(?:[$€£]|dollars?\b|bucks?\b|euros?\b|pounds?\b))",
    re.I,
)
_AMOUNT = re.compile(
    rf"[$€£]\s?{_NUMBER}|(?<![\d.,]){_NUMBER}\s?(?:[$€£]|dollars?\b|bucks?\b|euros?\b|pounds?\b|usd\b|eur\b|gbp\b)",
    re.I,
)


def as_haggling(talk: Talk, acts: Sequence[ActView]) -> list[ActView]:
    """The acts, or one of haggling in place of them where a lower price is what the message is about."""
    text, offer = talk.turn.text, talk.turn.offer
    if (bid := _bare_bid(text, offer, talk.turn.currency)) is not None:
        return [ActView("negotiation", 0.8, text, {"amount": bid})]
    acts = [_of_that_value(talk, _demanded(act, talk.turn.currency)) for act in acts]
    acts = [replace(act, intent="add_to_cart") if _at_list_price(talk, act) else act for act in _as_terms(talk, acts)]
    if not talk.turn.negotiable or talk.turn.accepts or any(act.intent not in _VAGUE for act in acts):
        return list(acts)
    haggling = next((act for act in acts if act.intent == "negotiation"), None)
    understood = haggling is not None and (len(acts) == 1 or not haggling.entities.get("product_query"))
    if understood or _ELSE.search(OTHER_SHOP.sub("", text)):
        return list(acts)
    if offer is None or offer.get("status") == "accepted":
        spoken_of = talk.focus is not None or talk.cart.get("items")
        return [ActView("negotiation", 0.8, text)] if spoken_of and _PLAINLY.search(text) else list(acts)
    amount = next((act.entities[key] for act in acts for key in ("amount", "price_max") if key in act.entities), None)
    amount = _only_amount(text, talk.turn.currency) if amount is None else amount
    if amount is None and not _LOWER.search(text) and not _PLAINLY.search(text):
        return list(acts)
    wish = {"amount": amount, "quantity": next((act.entities.get("quantity") for act in acts), None)}
    return [ActView("negotiation", 0.8, text, {key: value for key, value in wish.items() if value is not None})]


def _bare_bid(text: str, offer: dict[str, Any] | None, currency: str) -> int | None:
    """ "Fine. 280?", to an offer of 285: a number alone, near what was offered, is a bid, in minor units."""
    found = _NUMBER_ALONE.match(text)
    if offer is None or offer.get("status") == "accepted" or found is None:
        return None
    bid = int(Decimal(found["n"].replace(",", "")).scaleb(digits(currency)))
    return bid if offer["amount"] // 4 <= bid <= offer["amount"] * 2 else None


def _demanded(act: ActView, currency: str) -> ActView:
    """ "Give me the heron for $100", "can I have Keepers for €30?": who names the price bids, unless it says which: "a card for $50"."""
    asked = act.intent == "product_search" and named(act) is not None and _MAY_HAVE_IT.search(act.text) is not None
    ordered = act.intent == "add_to_cart" and not act.entities.get("options")
    if not (asked or ordered) or not _FOR_AN_AMOUNT.search(act.text):
        return act
    amount = _only_amount(act.text, currency)
    own = {key: value for key, value in act.entities.items() if key not in ("price_max", "price_min")}
    return act if amount is None else replace(act, intent="negotiation", entities={**own, "amount": amount})


def _of_that_value(talk: Talk, act: ActView) -> ActView:
    """ "One for 100 bucks", of gift cards of 50 and 100: says which, and bids nothing."""
    amount, focus = act.entities.get("amount"), (talk.focus or {}).get("product")
    if act.intent != "negotiation" or not amount or talk.turn.offer is not None:
        return act
    told = Decimal(int(amount)).scaleb(-digits(talk.turn.currency))
    wished = {
        (name, str(value))
        for product in talk.turn.shown
        for row in product["variants"]
        for name, value in row["options"].items()
        if product["external_id"] == focus and str(value).isdigit() and Decimal(str(value)) == told
    }
    if len(wished) != 1:
        return act
    own = {key: value for key, value in act.entities.items() if key not in ("amount", "currency")}
    return replace(act, intent="add_to_cart", entities={**own, "options": dict(wished)})


def sealed(turn: TurnView) -> TurnView:
    """ "Sold!", to an offer: taken; "go on then", to whatever was asked: yes."""
    if str(turn.memory.get("asked_for", "")).startswith("confirm_") and _GO_ON.match(turn.text):
        return replace(turn, accepts=True, acts=[ActView("other", 0.8, turn.text)])
    if turn.offer is None or turn.offer.get("status") == "accepted" or not _SOLD.match(turn.text):
        return turn
    return replace(turn, accepts=True)


def agreed(talk: Talk, acts: Sequence[ActView]) -> list[ActView]:
    """ "Deal, ground to 14 Water St, I'll pay now": the offer is taken, whatever else is said with the yes."""
    offer = talk.turn.offer
    if offer is None or offer.get("status") == "accepted" or not talk.turn.accepts or talk.asked_for != "confirm_offer":
        return list(acts)
    if not any(act.intent in _OF_A_PURCHASE for act in acts) or any(act.intent in _BUYS for act in acts):
        return list(acts)
    return [ActView("negotiation", 0.8, talk.turn.text), *acts]


def _at_list_price(talk: Talk, act: ActView) -> bool:
    """ "I'll buy it at the normal price": the end of haggling, whatever it is taken for."""
    return (
        act.intent == "negotiation"
        and not set(act.entities) & PRICED
        and _LIST_PRICE.search(talk.turn.text) is not None
    )


def _as_terms(talk: Talk, acts: Sequence[ActView]) -> Sequence[ActView]:
    """ "$94 and I'll take it", "I have $94, could you do that?": one bid for what is spoken of; nothing is bought or looked for besides."""
    bids = [act for act in acts if act.intent == "negotiation"]
    spoken_of = talk.focus is not None or talk.cart.get("items") or talk.turn.offer is not None
    if not bids or not spoken_of:
        return acts
    terms = [act for act in acts if act.intent in _BESIDE_A_BID and set(act.entities) <= _OF_A_BID]
    own: dict[str, Any] = {
        key: act.entities[key] for act in terms for key in ("price_max", "amount") if key in act.entities
    }
    if not terms or not {*own, *bids[0].entities} & PRICED:
        return acts
    merged = replace(bids[0], entities={**own, **bids[0].entities})
    return [merged if act is bids[0] else act for act in acts if act not in terms]


def _only_amount(text: str, currency: str) -> int | None:
    """The one price that a message names, in minor units."""
    found = {
        int(Decimal((match[1] or match[3]).replace(",", "") + (match[2] or match[4] or "")).scaleb(digits(currency)))
        for match in _AMOUNT.finditer(text)
    }
    return found.pop() if len(found) == 1 else None
