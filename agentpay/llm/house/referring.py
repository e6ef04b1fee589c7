"""What lies before the customer and is meant by their words: a product asked about, one of the last list, the one spoken of.

Before any catalogue is searched: who has seen three mugs and says "the pebble one in blue, two please" means one of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from rapidfuzz.distance import OSA

from agentpay.llm.brain import ActView
from agentpay.llm.house.refs import SAYS_WHICH, having, named, stems, stems_in_order
from agentpay.llm.house.talk import Talk
from agentpay.naming import besides_the_name

_REFERS = frozenset({"add_to_cart", "product_search", "recommendation", "other", "product_details", "availability"}) | {
    "price_question"
}
_SEARCHES = frozenset({"product_search", "recommendation", "other"})
_ORDERS_OR_SEEKS = _SEARCHES | {"add_to_cart"}
_SEEKING = re.compile(
    r"\?|\b(?:show|find|search|look(?:ing)?|recommend|suggest|something|anything|any|some|do you|have you|got|which|what|list"
    r"|browse|see)\b",
    re.I,
)
_DEFINITE = re.compile(r"\b(?:the|that|this|those|these|ones?)\b", re.I)
_WANTED = re.compile(
    r"\b(?:please|pls|plz|take|want|like|have|get|give|need|add|buy|order|both|go (?:for|with))\b", re.I
)
_THE_THING = re.compile(r"^\W*(?:(?:ok|oh|then|so|great|lovely|yes|and)\W+)*(?:the|that|those|these|this)\b", re.I)
_THE_ONE = re.compile(
    r"\b(?:the|that|this|those|these|your|an?|\d+|two|three|four|five|six)\s+((?:[^\W_][\w'’-]*\s+){1,4}?)ones?\b", re.I
)
"""What "one" stands behind says which; what follows is why: "the folding one, easier to carry"."""
_BLANK = stems(
    """
    a an the that this those these it one i we me us my our you your would will could can may like love want need have
    having take get give gimme grab add put buy order go going for with in into of to and or then so well ok okay yes yeah yep sure
    great fine good nice perfect please pl plz pls thank thanks hi hello hey just also too both all each cart basket bag trolley let
    make do does is are be am was much how what price cost stock available still there version think guess ll d ve m s re
    maybe actually on at as if from by instead rather no not oh hm hmm um alright right now size color colour
    """
)
_NUMBERS = stems("two three four five six seven eight nine ten eleven twelve dozen couple pair")
_LONG = 5
"""From so many letters on a word with one slip is still that word."""


def grounded(talk: Talk, act: ActView) -> ActView:
    """The clause with the name of what it means; as it is where nothing before the customer answers to its words.

    Words that choose from a list are an order where they say so ("the oak one, please"), else a wish to see that one.
    """
    if act.intent not in _REFERS or act.entities.get("ordinals"):
        return act
    seeks = _SEEKING.search(act.text) is not None or "?" in talk.turn.text
    if act.intent in _SEARCHES and (seeks or not _chooses(talk, act)):
        return act
    meant = referred(talk, act)
    if not meant and (variant := _variant_called(talk, act)) is not None:
        kept = {key: value for key, value in act.entities.items() if key not in ("product_query", "pronoun", "options")}
        return replace(act, intent="add_to_cart", entities={**kept, "product_query": variant})
    if len(meant) != 1:
        return act
    said = ("product_query", "brand", "category", "attributes", "pronoun")
    kept = {key: value for key, value in act.entities.items() if key not in said}
    title = meant[0]["title"]
    said_by = named(act)
    options = besides_the_name(said_by, title, act.entities.get("options", {})) if said_by else kept.get("options", {})
    if options != kept.get("options", {}):
        kept["options"] = options
    of_it = talk.focus is not None and meant[0]["external_id"] == talk.focus["product"]
    # By its id where the title's words would be taken for no wish: "the espresso blend, in espresso"
    titled = options == besides_the_name(title, title, options)
    name = {"pronoun": True} if of_it else {"product_query": title if titled else meant[0]["external_id"]}
    # "The vests, in newborn", of a list of which one was to be chosen
    chosen = talk.asked_for == "choice" and bool(kept.get("options")) and _THE_THING.match(act.text) is not None
    intent = "add_to_cart" if act.intent in _SEARCHES and (_orders(act) or chosen) else act.intent
    return replace(act, intent=intent, entities={**kept, **name})


def referred(talk: Talk, act: ActView) -> list[dict[str, Any]]:
    """The products before the customer that bear all the clause's words in their names, nearest first in time; else none."""
    words = _words(act)
    if not words:
        return []
    for products in _before(talk):
        fitting = [product for product in products if _bears(stems(product["title"]), words)]
        if fitting:
            return _narrowed(fitting, words, act)
    return []


def points_nowhere(talk: Talk, act: ActView) -> bool:
    """ "The stronger ones", of a list in which nothing is called so: which is asked, since none of them is named."""
    own = _THE_ONE.search(act.text)
    words = set(_telling(own[1], act)) if own is not None else set()
    told = act.entities.get("options") or act.entities.get("ordinals") or named(act)
    return bool(words) and not told and len(talk.turn.shown) > 1 and not words & SAYS_WHICH


def _variant_called(talk: Talk, act: ActView) -> str | None:
    """ "The heavy ones", of a list in which one variant alone is heavy: its id."""
    own = _THE_ONE.search(act.text)
    words = set(_telling(own[1], act)) if own is not None and act.intent in _ORDERS_OR_SEEKS else set()
    if not words or "?" in talk.turn.text or talk.asked_for == "variant":
        return None
    fitting = [
        row["external_id"]
        for product in talk.turn.shown
        for row in product.get("variants", [])
        if words <= stems(" ".join(map(str, row["options"].values())))
    ]
    return str(fitting[0]) if len(fitting) == 1 else None


def _chooses(talk: Talk, act: ActView) -> bool:
    """Whether a clause may choose from what lies there rather than look for something else."""
    entities = act.entities
    said = _DEFINITE.search(act.text) or _orders(act) or entities.get("quantity") or entities.get("options")
    return said is not None and said is not False and bool(talk.turn.shown or talk.pending.get("candidates"))


def _orders(act: ActView) -> bool:
    return _WANTED.search(act.text) is not None or bool(act.entities.get("quantity"))


def _before(talk: Talk) -> Iterator[Sequence[dict[str, Any]]]:
    """What the customer was asked to choose from, else what was shown last, else what was spoken of."""
    if talk.asked_for == "product":
        yield [one for one in talk.pending.get("candidates", []) if "title" in one]
    yield talk.turn.shown
    if talk.focus is not None and "title" in talk.focus:
        yield [{"external_id": talk.focus["product"], "title": talk.focus["title"]}]


def _words(act: ActView) -> list[str]:
    """The words of a clause that say which: without manners, verbs, what the shop knows as an option, and how many."""
    own = _THE_ONE.search(act.text)
    text = own[1] if own is not None and _telling(own[1], act) else act.text
    return _telling(text, act)


def _telling(text: str, act: ActView) -> list[str]:
    options = act.entities.get("options", {})
    known = {word for name, value in options.items() for word in (*stems(str(name)), *stems(str(value)))}
    if quantity := act.entities.get("quantity"):
        known |= {str(quantity), *_NUMBERS}
    return [word for word in stems_in_order(text.casefold()) if word and word not in _BLANK and word not in known]


def _bears(title: set[str], words: Sequence[str]) -> bool:
    return all(any(_alike(word, own) for own in title) for word in words)


def _alike(word: str, own: str) -> bool:
    return word == own or (min(len(word), len(own)) >= _LONG and OSA.distance(word, own, score_cutoff=1) <= 1)


def _narrowed(fitting: list[dict[str, Any]], words: Sequence[str], act: ActView) -> list[dict[str, Any]]:
    """Of several the one whose name is just these words, else those that come as it is wanted."""
    if len(fitting) == 1:
        return fitting
    if exact := [product for product in fitting if set(words) == stems(product["title"])]:
        return exact[:1]
    options = act.entities.get("options", {})
    return [product for product in fitting if options and having(product.get("variants", ()), options)] or fitting
