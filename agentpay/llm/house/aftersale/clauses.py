# ruff: noqa: E501 (a regular expression is read in one piece)
"""What the clauses of a message want done with an order: which are wishes, which say more of one, which only ask."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from agentpay.llm.brain import ActView
from agentpay.llm.house.aftersale import wished
from agentpay.llm.house.aftersale.answering import LEAVES_IT, NOT_WANTED, says_it_again
from agentpay.llm.house.aftersale.quantities import wants_other_quantity
from agentpay.llm.house.aftersale.task import A_GUESS, GUESS, KINDS, SURE, Task, changes_address_or_payment
from agentpay.llm.house.aftersale.trouble import is_no_good
from agentpay.llm.house.refs import stems
from agentpay.llm.house.talk import Talk

_SENDS_BACK = re.compile(r"\b(?:send|give|bring|take)\w* (?:\w+ ){0,3}back\b|\breturn\w*\b", re.I)
_SWAPS = re.compile(r"\b(?:swap|exchang|trad)\w*\b.* (?:for|into|to|against) ", re.I)
_OTHER_ONE = re.compile(
    r"\b(?:exchang\w*|swap\w*|replac\w*|instead|another|other|different|bigger|smaller|larger|new one|for an?)\b", re.I
)
_WHEN = re.compile(
    r"^\W*(?:(?:and|so|ok|but|hi|also)\W+)*(?:how (?:long|soon|many days)|when (?:will|do|does|can|would|is|should))\b"
    r"|^\W*did (?:you|ye|it)\b|\bwhere(?:'s| is) my (?:refund|money)\b|^\W*(?:has|have) (?:my|the|you) (?:\w+ )?(?:refund|money|refunded)\b",
    re.I,
)
_OF_MONEY = re.compile(
    r"^\W*(?:(?:and|so|ok|but|hi|also|thanks)\W+)*(?:which|what|where|how|who|why|has|have|did|is|was|were|will|do|does|am)\b.*\b(?:refund\w*|money|credit\w*)\b",
    re.I,
)
_ASKS_FOR_IT = re.compile(
    r"\b(?:can|could|may|might) (?:i|we|you)\b|\bhow (?:do|can|could|would|should|might) (?:i|we) (?:get|have|request|claim|ask|apply)\b"
    r"|\b(?:what|how) about\b|\bplease\b|\bpossible\b|\brefund (?:me|us|it|them|this|that|my|the)\b|\bi (?:want|need|would like)\b|\bi'?d like\b",
    re.I,
)
_DONE_BEFORE = re.compile(
    r"\b(?:i|we|you)(?:'ve| have| had)? (?:already )?(?:cancell?ed|returned|exchanged|(?:sent|posted|shipped|mailed|brought|handed) (?:[\w']+ ){1,4}back)\b|\bstill (?:no|waiting for)\b.*\b(?:refund|money)\b",
    re.I,
)
_NO_RETURN = re.compile(
    r"\b(?:don'?t|do not|no|not|without|never|rather than|instead of)\b[^.!?;]{0,30}\b(?:returns?|returning|send\w* (?:it|them) back)\b",
    re.I,
)
_MONEY_NOW = re.compile(r"\brefund\b|\bmoney\b", re.I)
"""What is wanted beside a return that is refused: "I don't want to wait for a return, refund me now"."""
_VAGUE = frozenset(
    {"product_details", "availability", "price_question", "policy", "other", "payment_problem", "view_cart", "account"}
)
_WHEN_MONEY = re.compile(
    r"\b(?:when|how (?:long|soon|quick\w*|fast|many \w*days))\b[^.?!]{0,30}\b(?:money|cash|refund\w*|reimburse\w*|credited|paid back|on my (?:card|account))\b",
    re.I,
)
_STANDS = re.compile(
    r"^\W*(?:(?:and|so|ok|but|hi|also)\W+)*(?:has|have|is|was|did|are) (?:my|the|that|our|your) (?:\w+ )?(?:returns?|refund|exchange|cancell?ation|swap|change|replacement)"
    r"\b(?! (?:policy|window|free|label|possible|address))",
    re.I,
)
_OF_LABEL = re.compile(r"^\W*(?:\w+\W+){0,2}?(?:how|where|what|when|who)\b.*\blabel\b", re.I)
_ASKED_AFTER = re.compile(r"\b(?:my|the|our) (?P<other>other |second )?(?P<what>[a-z][\w'-]*)", re.I)
_AN_ORDER = stems(
    "order orders parcel parcels package packages delivery shipment stuff goods things items purchase status tracking one"
)
_POINTS = re.compile(r"\b(?:it|that|this|them|those|these)\b", re.I)
_ONLY_ASKS = re.compile(
    r"^\W*(?:(?:and|so|but)\W+)*(?:do|does|did|will|would|is|are|how|when|where|what|which|why)\b(?! you\b| (?:do|can|could) i\b)",
    re.I,
)
_WHERE_IS = re.compile(r"\bwhere(?:'s| is| are) (?:my|the|our) (?:other )?(?P<what>[a-z][\w'-]*)", re.I)
_TAKES_BACK = re.compile(
    r"\b(?:actually|no|wait|on second thoughts?|hang on|oh)\b[\s,.!-]*(?:(?:no|wait|actually|please|just)\b[\s,.!-]*)*(?:leave (?:it|that|them)|never ?mind|forget (?:it|that)|don'?t)(?: (?:as it is|alone|be))?\s*(?:[,.!;]|$)",
    re.I,
)
"""A wish is taken back in the message that has it."""
_FEW = 6
_OF_GOODS = frozenset({"return", "exchange", "refund", "cancel_order"})
_VERBS = {intent: KINDS[intent] for intent in _OF_GOODS}
"""What such a wish is called in a sentence, by its intent."""
_DEEDS = tuple(
    (intent, re.compile(deed, re.I))
    for intent, deed in (
        ("cancel_order", r"cancel|call"),
        ("exchange", r"exchange|swap"),
        ("refund", r"refund|money"),
        ("return", r"return|back"),
    )
)
_IF = re.compile(r"\b(?:if|when|once|in case)\b", re.I)
_MAY_I = re.compile(
    r"^\W*(?:(?:and|so|ok|but|hm+|then|well)\W+)*(?:can|could|may|am i able to|is it (?:still )?possible to) (?:i |we |you )?(?:please |still |just |then )*"
    r"(?P<deed>cancel (?:it|that|this|the order)|call it off|return (?:it|that|this|them)|(?:send|give|bring) (?:it|that|this|them) back"
    r"|exchange (?:it|that|this|them)|swap (?:it|that|this|them)|refund (?:it|that|this|them)|(?:get|have) (?:a refund|my money back))\b",
    re.I,
)
_OF_A_CART = frozenset({"checkout", "view_cart"})
MORE_OF_IT = frozenset(
    {"product_search", "availability", "add_to_cart", "change_cart", "remove_from_cart", "product_details"}
)


def negates(act: ActView) -> bool:
    return NOT_WANTED.search(act.text) is not None and len(act.text.split()) < 6


def refuses(task: Task, text: str) -> bool:
    """ "And no, don't cancel": a no to what was proposed, beside something else."""
    verb = task.kind if task.kind in _VERBS.values() else "change"
    return task.asked == "confirm" and any(verb in match.group().casefold() for match in NOT_WANTED.finditer(text))


def asks_when(act: ActView) -> bool:
    """ "How long until I get the money?", "which card does it go to?": a question about what is under way, and no wish for a refund."""
    if act.intent not in KINDS:
        return False
    if _OF_LABEL.search(act.text) or asks_state(act):
        return True
    if _DONE_BEFORE.search(act.text) and not _ASKS_FOR_IT.search(act.text):
        return True  # "I sent it back two weeks ago and still no refund"
    if act.intent in ("refund", "return") and _WHEN_MONEY.search(act.text) and not _ASKS_FOR_IT.search(act.text):
        return True
    of_money = act.intent == "refund" and _OF_MONEY.search(act.text) and not _ASKS_FOR_IT.search(act.text)
    return _WHEN.search(act.text) is not None or bool(of_money)


def asks_of_money(act: ActView) -> bool:
    """ "How long till I see the cash?", whatever it was taken for."""
    return act.intent in _VAGUE and _WHEN_MONEY.search(act.text) is not None


def asks_state(act: ActView) -> bool:
    """ "Has my return been registered?": whether what was done stands, and no wish for it."""
    return act.intent in KINDS and _STANDS.search(act.text) is not None


def with_question(talk: Talk, act: ActView) -> ActView:
    """ "I refused the parcel, when do I see my money?", read as one wish of which the first clause is kept: the question with it."""
    alone = len(talk.turn.acts) == 1 and act.intent in ("refund", "return")
    asked = _WHEN_MONEY.search(talk.turn.text) if alone else None
    return replace(act, text=talk.turn.text) if asked and asked.group() not in act.text else act


def of_that_order(talk: Talk, act: ActView) -> ActView:
    """ "Can I still cancel it if it isn't here by Monday?", taken for the shop's rule: of the order that is spoken of the
    question is whether it can be done with that one."""
    found = _MAY_I.match(act.text) if act.intent == "policy" and talk.verified else None
    number = (act.entities.get("order_numbers") or [talk.order])[0]
    if found is None or number is None or talk.focus is not None:
        return act
    intent = next(intent for intent, deed in _DEEDS if deed.search(found["deed"]))
    if intent != "cancel_order" and _IF.search(act.text):
        return act  # "can I return it if she doesn't like it?": nothing is to be done yet
    return replace(act, intent=intent, entities={**act.entities, "order_numbers": [number]})


def done_already(talk: Talk, act: ActView) -> bool:
    """ "Yes that's right, please change it", of what was done a moment ago: nothing further is wanted."""
    served = talk.turn.memory.get("served") or {}
    if not served.get("done") or served.get("intent") != act.intent or set(act.entities) - {"pronoun"}:
        return False
    kind = KINDS[act.intent] if act.intent in _VERBS else "items"
    return says_it_again(kind, act.text)


def calls_off(talk: Talk, act: ActView) -> bool:
    """ "No, don't cancel": what is negated is not wanted."""
    if act.intent not in KINDS:
        return False
    leaves = (
        set(act.entities) <= {"pronoun"} and len(act.text.split()) < _FEW and LEAVES_IT.search(act.text) is not None
    )
    back = _TAKES_BACK.search(talk.turn.text)
    if back is not None and 0 <= talk.turn.text.find(act.text) < back.start():
        return True  # "cancel order 7. Actually no, leave it"
    return leaves or NOT_WANTED.search(act.text) is not None or _called_off(talk, act)


def _called_off(talk: Talk, act: ActView) -> bool:
    """The same of a clause that was read together with the one that negates it."""
    verb = _VERBS.get(act.intent)
    if verb is None or verb in act.text.casefold():
        return False
    whole = talk.turn.text.casefold()
    return whole.count(verb) == sum(verb in match.group() for match in NOT_WANTED.finditer(whole)) > 0


def belongs(talk: Talk, act: ActView) -> bool:
    """Whether a clause beside a wish only says more of it: the order, who asks, or which item and what instead."""
    if act.intent == "order_status":  # a question of its own, unless a number is all it says
        numbers = set(act.entities.get("order_numbers", []))
        wishes = [other for other in talk.turn.acts if other.intent in KINDS]
        wished = {number for other in wishes for number in other.entities.get("order_numbers", [])}
        if not numbers:
            return act.confidence <= GUESS or not _of_another(act.text, [other.text for other in wishes])
        return act.confidence <= GUESS and (not wished or numbers <= wished)
    if act.intent == "provide_details":
        return True
    return act.intent in MORE_OF_IT and (act.confidence < SURE or not talk.cart.get("items"))


def _of_another(text: str, wishes: Sequence[str]) -> bool:
    """ "Return the parka, and where's my flask?": what is asked about is not what is wished for."""
    found = _ASKED_AFTER.search(text)
    if found is None or stems(found["what"]) <= _AN_ORDER:
        return found is not None and found["other"] is not None
    return not any(_POINTS.search(wish) or stems(found["what"]) & stems(wish) for wish in wishes)


def without_questions(talk: Talk, acts: Sequence[ActView]) -> str:
    """The message without the questions in it that are answered by themselves."""
    text = talk.turn.text
    for act in talk.turn.acts:
        if act.intent in ("order_status", "policy") and all(act.text != one.text for one in acts):
            text = text.replace(act.text, " ")
    return text


def without_asides(acts: Sequence[ActView]) -> list[ActView]:
    """ "Cancel the fountain; does it go back to PayPal?": what only asks, of nothing but "it", is no second wish, nor
    is what is to stay: "cancel one flask, keep the other stuff"."""
    wishes = [act for act in acts if act.intent in KINDS]
    asking = [
        act
        for act in wishes
        if (set(act.entities) <= {"pronoun"} and _ONLY_ASKS.match(act.text)) or wished.only_stays(act.text)
    ]
    return [act for act in acts if act not in asking] if len(asking) < len(wishes) else list(acts)


def beside(talk: Talk, acts: Sequence[ActView]) -> list[ActView]:
    """What is left of the other clauses where something is to be done: that it is bad, and "what can you do?", is said by it.
    Nothing is paid for, or looked at, in a cart that is empty."""
    buying = bool(talk.cart.get("items")) or talk.checkout is not None
    return [
        act
        for act in acts
        if act.intent != "complaint"
        and (buying or act.intent not in _OF_A_CART)
        and not (act.intent == "negotiation" and (not act.entities or act.confidence < A_GUESS))
    ]


def as_meant(acts: Sequence[ActView], whole: str) -> list[ActView]:
    """
    A return that names what it shall become is an exchange ("could I swap the tote for the rust one?"), and an exchange
    that asks for no other one a return ("they are too tight, I want to send them back"). A return that is refused beside
    the money is a refund.
    """
    wanted = {act.intent for act in acts if act.intent in KINDS}
    if {"exchange", "change_order"} <= wanted:  # "my ochre pot clashes with everything. Can I have the teal one?"
        acts = [replace(act, intent="exchange") if _says_no_change(act) else act for act in acts]
        wanted = {act.intent for act in acts if act.intent in KINDS}
    if "change_order" in wanted and wanted & {"return", "refund"}:  # "the ring is too small. Can I get my money back?"
        acts = [act for act in acts if not (_says_no_change(act) and is_no_good(act.text))]
        wanted = {act.intent for act in acts if act.intent in KINDS}
    if "return" in wanted and _NO_RETURN.search(whole) and _MONEY_NOW.search(whole):
        return [replace(act, intent="refund") if act.intent == "return" else act for act in acts]
    if wanted == {"return"} and _SWAPS.search(whole) and not _SENDS_BACK.search(whole):
        other = "exchange"
    elif "exchange" in wanted <= {"exchange", "return"} and _SENDS_BACK.search(whole) and not _OTHER_ONE.search(whole):
        other = "return"
    else:
        return list(acts)
    return [replace(act, intent=other) if act.intent in wanted else act for act in acts]


def _says_no_change(act: ActView) -> bool:
    return act.intent == "change_order" and not (
        act.entities.get("address") or wants_other_quantity(act.text) or changes_address_or_payment(act.text)
    )


def kinds_of(acts: Sequence[ActView]) -> list[str]:
    """What is wanted, each once. A refund that goes with a return or a cancellation is part of it."""
    kinds = list(dict.fromkeys(act.intent for act in acts if act.intent in KINDS))
    if "refund" in kinds and {"return", "cancel_order"} & set(kinds):
        kinds.remove("refund")
    if "return" in kinds and "exchange" in kinds:
        kinds.remove("return")
    return kinds


def unheard(talk: Talk) -> list[ActView]:
    """ "Exchange the harness, and where is the tree?", read as the one wish: the question for an order beside it."""
    intents = {act.intent for act in talk.turn.acts}
    if not intents & KINDS.keys() or "order_status" in intents:
        return []
    found = _WHERE_IS.search(talk.turn.text)
    if found is None or stems(found["what"]) & (_AN_ORDER | stems(talk.turn.text.replace(found.group(), " "))):
        return []
    return [ActView("order_status", SURE, found.group(), {})]


def apart(acts: Sequence[ActView]) -> tuple[list[ActView], Task | None]:
    """
    "FJ-1 please send to 9 Main St; also, return the socks from FJ-3", read as one clause: the wish with the order that it
    names itself, and the address for the other one.
    """
    for act in acts:
        numbers = act.entities.get("order_numbers", [])
        own = [number for number in numbers if number.casefold() in act.text.casefold()]
        others = [number for number in numbers if number not in own]
        if act.intent in _OF_GOODS and own and others:
            entities = {**act.entities, "order_numbers": own}
            address = entities.pop("address", None)
            changed = [replace(act, entities=entities) if one is act else one for one in acts]
            return changed, Task("address", orders=others, address=address) if address else None
    return list(acts), None
