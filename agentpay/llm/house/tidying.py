# ruff: noqa: E501 (a regular expression is read in one piece)
"""The clauses of a message without repetitions, lead-ups and fillers, which are no wishes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from agentpay.llm.brain import ActView
from agentpay.llm.house.aftersale.task import KINDS
from agentpay.llm.house.refs import named
from agentpay.llm.house.talk import Talk

_ASKS_ABOUT = frozenset({"availability", "price_question", "product_details"})
_CRY = (
    r"ok(?:ay)?|k|well|so|hm+|oh|right(?:o|y[- ]?o)?|fine|alright|great|cool|good|now|then|and|um+|uh|fair enough|very well"
    r"|ouch|ow|oof|wow|yikes|blimey|crikey|understood|got it|i see|makes sense|no problem|no worries|too easy|easy"
    r"|beauty|ripper|bonzer|sweet(?: as)?|awesome|brilliant|lovely|perfect|excellent|wonderful|fantastic|magic|ace|mint|class|champion"
    r"|typical|figures|figured|phew|cute|star|ha(?: ok)?|haha|lol|meh|brill|whatever|hard (?:wo)?man|bugger|fair cop|(?:yeah )?nah(?:,? fair cop)?|fair"
    r"|grand|sound|super|smashing|wicked|nice(?: one)?|neat|sick|legend|cheers|ta|ah|aw|argh|bummer|damn|shame|pity|oh no|too bad|never fear"
    r"|g'?day|hang on|go on(?: then)?|in that case|by the way|btw|while (?:you'?re|ur|youre) at it|one more thing|same here"
)
"""What people say before what they want, or beside it."""
FILLER = re.compile(
    rf"^\W*(?:{_CRY}|(?:have you |you |do you have |do you stock )?(?:got )?(?:any|some)|(?:no\W+)?(?:leave (?:it|that)|never ?mind|forget (?:it|that)|scratch that))\W*$",
    re.I,
)
_LEAD = re.compile(
    rf"^\W*(?:(?:{_CRY})\s*[,.!:;\u2013-]+\s*"
    r"|(?:ok(?:ay)?|k|righto?|so|well|nice one|go on then|in that case|btw|by the way|while (?:you'?re|ur|youre) at it)\s+"
    r"(?=(?:the|that|this|those|these|one|an?)\b))+(?=\w)",
    re.I,
)
_ABOUT_ORDERS = frozenset({*KINDS, "order_status", "provide_details", "human", "complaint"})
_GUESS = 0.65
"""How sure the rules are of an order that nobody put as one ("the second one …")."""
_QUESTIONS = frozenset({"product_details", "policy"})
"""Two of them about one thing are two questions: "how tall is it and how long does it take to put together?"."""
_LIKED = re.compile(r"^\W*(?:the|that|this) (?P<name>[\w' -]{2,40}?) (?:sounds?|looks?|seems?)\b", re.I)
_HARDLY = 0.4


def without_fillers(acts: Sequence[ActView]) -> Sequence[ActView]:
    """ "Ok" and "well" beside something that is wanted say nothing, whatever they were taken for."""
    kept = [_without_lead(act) for act in acts if not FILLER.match(act.text)]
    return kept or acts


def _without_lead(act: ActView) -> ActView:
    """ "Righto, that one": the cry is no part of a name."""
    lead = _LEAD.match(act.text)
    query = str(act.entities.get("product_query") or "")
    if lead is None or not query:
        return act
    cried = re.findall(r"[a-z']+", lead[0].casefold())
    words = query.split()
    while words and words[0].casefold().strip(",.!") in cried:
        words = words[1:]
    entities = {**act.entities, "product_query": " ".join(words)} if words else _without_query(act)
    return replace(act, text=act.text[lead.end() :], entities=entities)


def _without_query(act: ActView) -> dict[str, Any]:
    return {key: value for key, value in act.entities.items() if key != "product_query"}


def merged(acts: Sequence[ActView]) -> list[ActView]:
    """The clauses without repetitions; what is haggled about in two of them ("too expensive. would you do $90?") is one wish."""
    merged: list[ActView] = []
    for act in acts:
        same = next((one for one in merged if one.intent == act.intent), None)
        if same is not None and (act.intent == "negotiation" or _says_no_more(act, same)):
            merged[merged.index(same)] = replace(act, entities={**same.entities, **act.entities})
        else:
            merged.append(act)
    return _without_leads(merged)


def _without_leads(acts: Sequence[ActView]) -> list[ActView]:
    """Without clauses that only lead up to the one beside them.

    "The second one looks nice, does it come in green?" orders nothing; "gift cards, do you have those?" is one search.
    """
    if any(act.intent == "product_search" and named(act) for act in acts):
        # "I'm after a desk mat, what do you recommend?"
        acts = [
            act
            for act in acts
            if act.intent != "recommendation" or (set(act.entities) - {"pronoun"} and act.confidence >= _HARDLY)
        ]
    asking = next((act for act in acts if act.intent in _ASKS_ABOUT and _points(act)), None)
    if asking is None:
        return list(acts)
    if any(act.intent in ("product_search", "recommendation") and named(act) for act in acts):
        return [act for act in acts if act is not asking]
    lead = next((act for act in acts if act.intent == "add_to_cart" and act.confidence <= _GUESS), None)
    if lead is not None and not lead.entities.get("ordinals") and (liked := _LIKED.match(lead.text)) is not None:
        # "The stone sounds fun, how long does it take?"
        kept = {key: value for key, value in asking.entities.items() if key != "pronoun"}
        named_so = replace(asking, entities={**kept, "product_query": liked["name"]})
        return [named_so if act is asking else act for act in acts if act is not lead]
    if lead is None or not (ordinals := lead.entities.get("ordinals")):
        return list(acts)
    asked = replace(asking, entities={**asking.entities, "ordinals": ordinals})
    return [asked if act is asking else act for act in acts if act is not lead]


def _points(act: ActView) -> bool:
    """Whether a clause says no more of what it is about than "it" or "those"."""
    own = act.entities
    return bool(own.get("pronoun") and named(act) is None and not own.get("options") and not own.get("ordinals"))


def _says_no_more(one: ActView, other: ActView) -> bool:
    """ "Where's my parcel? Order NT-1001": one of two clauses holds all that is in both."""
    mine, theirs = one.entities, other.entities
    if one.intent == "order_status":
        return not (mine.get("order_numbers") and theirs.get("order_numbers")) or mine == theirs
    return mine == theirs and (one.intent not in _QUESTIONS or one.text.casefold() == other.text.casefold())


def taking_the_offer(talk: Talk, acts: list[ActView]) -> list[ActView]:
    """ "Deal, add it", "Yes, I take it": taking an offer puts it into the cart at its price; nothing is bought besides."""
    offer = talk.turn.offer
    if offer is None or not talk.turn.accepts:
        return acts
    bare = [act for act in acts if act.intent == "add_to_cart" and not named(act) and not act.entities.get("quantity")]
    focus = (talk.focus or offer).values()
    meant = offer["variant_external_id"] in focus or offer["title"] in focus
    if any(act.intent == "negotiation" for act in acts):
        taking = None
    elif bare and offer.get("status") != "accepted" and meant:
        taking = bare[0]
    else:
        return acts
    kept = [act for act in acts if act is taking or act not in bare]
    return [replace(act, intent="negotiation") if act is taking else act for act in kept]


def with_orders(talk: Talk, acts: list[ActView]) -> list[ActView]:
    """Whoever names an order hears of it, also where the clause that names it was read as a question of another kind."""
    about = [act for act in acts if act.intent in _ABOUT_ORDERS]
    if about:
        return acts
    numbers = [number for act in acts for number in act.entities.get("order_numbers", [])]
    if not numbers or talk.asked_for in ("order_number", "email"):
        return acts
    text = next(act.text for act in acts if act.entities.get("order_numbers"))
    return [ActView("order_status", _GUESS, text, {"order_numbers": numbers}), *acts]


def only_a_rate(act: ActView) -> bool:
    return act.intent == "provide_details" and set(act.entities) <= {"shipping_method", "also"}
