"""What serves a clause: its intent's handler, unless the conversation says that it chooses, orders or asks of delivery."""

from __future__ import annotations

import re
from collections.abc import Callable

from agentpay.llm.brain import ActView
from agentpay.llm.house import (
    buying,
    changing,
    checkout,
    comparing,
    complaining,
    details,
    orders,
    pricing,
    products,
    sending,
    service,
    stock,
)
from agentpay.llm.house.aftersale import clauses, due
from agentpay.llm.house.choosing import chosen_variant
from agentpay.llm.house.each import means_each
from agentpay.llm.house.lines import in_cart_already
from agentpay.llm.house.refs import is_superlative, named
from agentpay.llm.house.talk import Plan, Talk

Handler = Callable[[Talk, ActView], Plan]
HANDLERS: dict[str, Handler] = {
    "product_search": products.search,
    "recommendation": products.search,
    "product_details": details.details,
    "product_comparison": comparing.compare,
    "availability": stock.availability,
    "price_question": stock.price,
    "add_to_cart": buying.add,
    "change_cart": changing.change,
    "remove_from_cart": changing.remove,
    "view_cart": pricing.view,
    "discount": pricing.discount,
    "negotiation": pricing.negotiate,
    "shipping_quote": sending.shipping,
    "provide_details": checkout.details,
    "checkout": checkout.checkout,
    "payment_problem": checkout.payment_problem,
    "order_status": orders.status,
    "policy": service.policy,
    "complaint": complaining.complaint,
    "human": service.human,
    "greeting": service.greeting,
    "thanks": service.thanks,
    "goodbye": service.goodbye,
    "other": service.other,
}
_WANTED = re.compile(r"\b(?:please|pls|one|take|i'?ll|want)\b", re.I)
_MAY_HAVE = re.compile(r"\b(?:can|could|may) (?:i|we) (?:please |just )?(?:have|get|buy|order)\b", re.I)
_TIMES = re.compile(r"\b(?:x ?\d{1,2}|\d{1,2} ?x)\b", re.I)
_PAYS = re.compile(r"\b(?:buy|purchase|order|pay)\b", re.I)
_ASKS_HOW = re.compile(
    r"^\W*(?:(?:and|so|ok|but|hi)\W+)*(?:(?:when|how) )?(?:do|does|did|will|would) (?:i|we|they|it)\b(?! (?:like|love) )",
    re.I,
)
_WAS_PAID = re.compile(
    r"\b(?:charged|overcharged|debited|(?:did|have|had) i (?:\w+ )?(?:pay|paid|use|used|bought|buy|ordered)|i (?:paid|used)"
    r"|was (?:it|that) paid)\b"
    r"|\b(?:did|have) i (?:get|got) (?:the|my) (?:money|refund)\b"
    r"|\bpayment method\b",
    re.I,
)
_SEND_ANOTHER = re.compile(r"\b(?:send|get|give|want|have|need)\b.*\b(?:new|another|replacement)\b", re.I)
_GIVES = frozenset({"email", "address", "country", "postal_code", "order_number", "variant", "product", "code"})
_OF_GOODS = frozenset({"add_to_cart", "product_search", "recommendation", "availability", "product_details"})
_OWN_ORDERS = re.compile(r"\bmy (?:\w+ )?orders\b|\b(?:order|confirmation) (?:number|no\b|id\b)", re.I)
_ORDERS = re.compile(r"\borders?\b", re.I)
_CHOOSES_SHIPPING = frozenset({"change_cart", "add_to_cart", "product_search", "other"})
_MAY_MEAN_EACH = frozenset({"add_to_cart", "other", "product_search", "recommendation"})
_PAYS_WITH = re.compile(r"\b(?:what|which|how)\b[^.?!]{0,20}\bcan (?:i|we|you|one)\b[^.?!]{0,12}\bpay\b", re.I)
_NO_PAPERS = frozenset({"provide_details", "checkout", "other"})
_ASKS_OF_SENDING = frozenset({"policy", "availability", "product_details", "other", "product_search", "price_question"})
_CAN_IT = re.compile(
    r"^\W*(?:and |so |ok |but )*(?:can|could|would|will|do|does|is|how (?:fast|soon|quick\w*|long)|when)\b", re.I
)
_SUM = re.compile(r"\b(?:now|altogether|in total|all in|so far|together|in all|for (?:everything|all|the lot))\b", re.I)
_VAGUE = frozenset({"availability", "product_search", "product_details", "other"})
_CERTAIN = 0.95
_CHANGES_CART = frozenset({"add_to_cart", "change_cart", "remove_from_cart"})
_DOUBTFUL = 0.25
"""Nothing is put into a cart, or changed there, for a guess as wild as that."""
_ONE_OF_YOURS = re.compile(r"\b(?:one|some|any) of your (?:\w+ )?[^\W\d]\w*s\b", re.I)
"""Goods of a kind, of which none is chosen: "my cousin wants one of your phones"."""
_IS_THERE = re.compile(
    r"^\W*(?:(?:and|so|ok|but|hm+)\W+)*"
    r"(?:any (?:chance|way)|is there|is it|could|can (?:i|it|you|we)|do you|does it|what about|how about|what if)\b",
    re.I,
)
_ASKS_AFTER = re.compile(r"^\W*(?:(?:and|so|ok|but|hm+)\W+)*(?:what|how) about\b", re.I)
_OR_AS = re.compile(r"^\W*(?:(?:and|so|ok|but|hm+)\W+)*(?:(?:what|how) about|in|as) ", re.I)


def handler(talk: Talk, act: ActView) -> Handler:
    """What serves a clause: its intent's, unless the conversation says that it chooses, orders or asks of delivery."""
    if act.intent == "provide_details" and talk.asked_for not in _GIVES and _asks_for_order(talk, act):
        return orders.status
    if (
        act.intent == "provide_details"
        and set(act.entities) <= {"shipping_method", "also"}
        and _IS_THERE.match(act.text)
    ):
        return sending.shipping  # "any chance of express"
    only_which = bool(act.entities.get("options")) and set(act.entities) <= {"options", "pronoun", "instead_of", "also"}
    if act.intent == "product_details" and only_which and _OR_AS.match(act.text):
        return stock.availability  # "and as an e-book?"
    if act.intent == "add_to_cart" and _ASKS_HOW.match(act.text):
        return service.policy  # "do I get my tickets by post?" orders none
    if act.intent in _CHANGES_CART and (act.confidence < _DOUBTFUL or _ONE_OF_YOURS.search(act.text)):
        return details.details if "?" in talk.turn.text and named(act) else products.search
    if act.intent in _ASKS_OF_SENDING and act.entities.get("shipping_method") and _CAN_IT.search(act.text):
        return sending.shipping  # "how fast could express get this here?", "can you do it by standard post?"
    if clauses.asks_when(act) or (talk.order is not None and clauses.asks_of_money(act)):
        return due.money_due
    if (
        act.intent == "negotiation"
        and talk.complained
        and not (talk.cart.get("items") or talk.focus or talk.turn.shown)
    ):
        return complaining.complaint  # "can you knock something off instead?", of what came scratched
    if act.intent == "shipping_quote" and talk.order is not None and orders.asks_postage_paid(act.text):
        return orders.status  # "and how much was postage?"
    if talk.order is not None and act.intent in _NO_PAPERS and orders.PAPERS.search(act.text):
        return orders.papers
    if act.intent in ("view_cart", "checkout", "other") and _PAYS_WITH.search(act.text):
        return service.policy  # "what can I pay with?"
    if act.intent == "add_to_cart" and _SEND_ANOTHER.search(act.text) and complaining.goes_on(talk):
        return complaining.replacement  # "then send me a new one", of what came scratched
    of_money = act.intent == "payment_problem" or (act.intent == "view_cart" and not talk.cart.get("items"))
    if of_money and talk.checkout is None and any(one.intent == "complaint" for one in talk.turn.acts):
        return complaining.complaint  # "there's only one vest, I paid for two"
    if of_money and talk.checkout is None and talk.verified and (_WAS_PAID.search(act.text) or _of_an_order(talk)):
        return orders.status  # "which card did I use?", "why was I charged twice?": of what was bought before
    if act.intent in _MAY_MEAN_EACH and means_each(act.text) and (talk.focus or talk.asked_for == "variant"):
        return buying.add  # "five in each colour", "both please"
    if _chooses(talk, act):
        return buying.choose
    if sending.asks_on(talk, act) or sending.asks_method(talk, act):
        return sending.shipping
    if _takes_as_offered(talk, act):
        return buying.add_pending
    if act.intent in _OF_GOODS and _OWN_ORDERS.search(act.text):
        return orders.status  # "can you give me the order number?"
    if act.intent in _CHOOSES_SHIPPING and act.entities.get("shipping_method") and named(act) is None:
        return checkout.details  # "make it standard"
    if act.intent == "add_to_cart" and _PAYS.search(act.text) and in_cart_already(talk, act) is not None:
        return checkout.checkout  # "OK, I'll buy it"
    if act.intent in ("other", "view_cart") and products.looks_around(act):
        return products.search
    if _orders(talk, act):
        return buying.add
    if act.intent == "complaint" and talk.asked_for in _GIVES and not talk.turn.angry and act.confidence < _CERTAIN:
        return service.other  # what was asked for, in words that say it badly
    if act.intent == "price_question" and talk.cart.get("items") and named(act) is None and _SUM.search(act.text):
        return pricing.view  # "how much now?"
    if act.intent == "price_question" and named(act) is None and _elsewhere(talk, act):
        return sending.shipping
    if act.intent in _VAGUE and named(act) is None and talk.asked_for == "shipping" and act.entities.get("country"):
        return sending.shipping  # "what about the UK?"
    return HANDLERS[act.intent]


def _of_an_order(talk: Talk) -> bool:
    return any(one.entities.get("order_numbers") for one in talk.turn.acts) and not talk.cart.get("items")


def _asks_for_order(talk: Talk, act: ActView) -> bool:
    """ "Her order MF-501, which address do you have?" gives no details of a purchase; nor does, with an empty cart, "I'm Ann
    Lee, number A-12, where is it?" or "show me the orders of …"."""
    if set(act.entities) - {"pronoun"} == {"order_numbers"}:
        return True
    asked = act.entities.get("order_numbers") or (act.entities.get("emails") and _ORDERS.search(act.text))
    return bool(asked) and not talk.cart.get("items")


def _elsewhere(talk: Talk, act: ActView) -> bool:
    """Whether "what does it cost?" is about sending it: a country is named, or was asked for or about."""
    if act.entities.get("country"):
        return True
    if any(one.intent == "shipping_quote" for one in talk.turn.acts) and act.entities.get("pronoun"):
        return True
    return talk.asked_for == "shipping" and any(one.entities.get("country") for one in talk.turn.acts)


def _chooses(talk: Talk, act: ActView) -> bool:
    """Whether a clause that no rule knew answers "which one would you like?"."""
    vague = act.intent in ("other", "product_search", "recommendation", "availability") and "?" not in talk.turn.text
    vague = vague and _ASKS_AFTER.match(act.text) is None  # "what about green"
    vague = vague or (act.intent == "negotiation" and bool(act.entities.get("options")))  # "$25 please", of a gift card
    return vague and chosen_variant(talk, act) is not None


def _takes_as_offered(talk: Talk, act: ActView) -> bool:
    """ "I'd say black", to "shall I put it in your cart?"."""
    vague = act.intent in ("other", "product_search", "recommendation", "availability") and "?" not in talk.turn.text
    offered = talk.asked_for == "confirm_add" and "product" in talk.pending
    return vague and offered and bool(act.entities.get("options")) and named(act) is None


def _orders(talk: Talk, act: ActView) -> bool:
    """Whether what reads like a search is an order: "the cheaper one, please", "one gift card, I want to pay"."""
    if act.intent not in ("product_search", "recommendation"):
        return False
    if named(act) and act.entities.get("quantity") and _MAY_HAVE.search(act.text):
        return True  # "can I have 3 book bags?"
    if "?" in talk.turn.text:
        return False
    if named(act) and act.entities.get("quantity") and _TIMES.search(act.text) and not products.asks(act):
        return True  # "black orion x2"
    if named(act) and not products.asks(act) and buying.goes_on_buying(talk, act):
        return True  # "and the 60 cm needles"
    if named(act) and not products.asks(act) and any(other.intent == "checkout" for other in talk.turn.acts):
        return True  # "a gift card for $50, I'd like to pay now"
    known = talk.focus is not None or (is_superlative(act) and len(talk.turn.shown) > 1)
    return named(act) is None and known and _WANTED.search(act.text) is not None
