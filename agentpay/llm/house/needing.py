# ruff: noqa: E501 (a regular expression is read in one piece)
""" "Do I need anything else with it?": what a product's own text says it needs, and the goods that are that."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any

from agentpay.llm.brain import ActView, ToolOutcome
from agentpay.llm.house import describe
from agentpay.llm.house.asking import in_cart, suggest
from agentpay.llm.house.facts import content
from agentpay.llm.house.refs import spoken_of, stems
from agentpay.llm.house.talk import Ask, Talk

_ASKS = re.compile(
    r"\b(?:do|does|will|would|should|must) (?:i|we|you|one|it|they|this|that|he|she)\b[^?.!]{0,30}\bneed\b[^?.!]{0,30}\b(?:anything|something|else|extra|other|besides|as well"
    r"|with (?:it|that|them|this))\b"
    r"|\bwhat (?:else|other things?|extras?)\b[^?.!]{0,30}\bneed\b"
    r"|\b(?:does|do|will|can|could)\b[^?.!]{0,40}\b(?:work|play\w*|run|used?|function)\b[^?.!]{0,20}\b(?:on (?:its|their) own|by (?:itself|themselves)|without (?:the|an?|any))\b"
    r"|\bcomes? with everything\b",
    re.I,
)
_NAMED = re.compile(
    r"\b(?:buy|get|take|have|order|use|play|with|for|the|does|is)\s+(?:the |an? |your |these |those )?(?P<name>[a-z][\w' -]{2,40}?)(?=\s+(?:do|does|will|would|work|come|need|without|by itself|on its own)|[?.!,]|$)",
    re.I,
)
_NEEDS = re.compile(
    r"\b(?:needs?|requires?|required|necessary|not included|sold separately|(?:works?|fits?|for use|compatible) only (?:with|for|in)|only (?:works?|fits?|compatible)|must (?:have|be used))\b",
    re.I,
)
_PARTS = re.compile(r"\s+[-–|]\s+|[:,(]\s*|\)|\s+for\s+", re.I)
_SMALL = stems(
    "need needs require requires required only work works fit fits with not included sold separately anything else buy get take besides extra"
)


def without_add_ons(products: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The products without those that need another one of them: the game, not its expansion."""
    return [
        one
        for one in products
        if not (
            _NEEDS.search(one.get("description") or "")
            and any(stems(other["title"]) < stems(one["title"]) for other in products)
        )
    ]


def asked(act: ActView) -> bool:
    return _ASKS.search(act.text) is not None


def told(talk: Talk, act: ActView) -> Generator[Ask, ToolOutcome, bool]:
    """Whether it was asked what else a product needs, and has been answered."""
    if not asked(act):
        return False
    outcome = None
    name = _NAMED.search(act.text)
    for reference in (name["name"] if name else None, (talk.focus or {}).get("product")):
        if reference and (outcome is None or not outcome.ok):
            outcome = yield Ask("product_details", {"product": reference, "question": act.text[:400]})
    if outcome is None or not outcome.ok:
        return False
    product = outcome.result["product"]
    spoken_of(talk, product)
    texts = [product.get("description") or "", product.get("conversational_description") or ""]
    needs = [one for text in texts for one in describe.sentences(text) if _NEEDS.search(one)]
    if not needs:
        talk.say("needs_nothing", title=product["title"])
        suggest(talk, product["external_id"])
        return True
    talk.say_text(" ".join([f"{product['title']}: {needs[0]}", *needs[1:2]]))
    yield from _offered_with(talk, product, needs[0])
    return True


def _offered_with(talk: Talk, product: dict[str, Any], sentence: str) -> Generator[Ask, ToolOutcome, None]:
    other = yield from _that_is(product, sentence)
    if other is None or in_cart(talk, other["external_id"]):
        suggest(talk, product["external_id"])
        return
    talk.say("needed_is", title=other["title"], price=describe.price(talk, other))
    if not describe.stocked(other):
        talk.say("out_of_stock", what=other["title"])
        suggest(talk, product["external_id"])
        return
    talk.say("ask_add_both")
    talk.expect("confirm_add", product=other["external_id"], title=other["title"], also=[product["external_id"]])


def _that_is(product: dict[str, Any], sentence: str) -> Generator[Ask, ToolOutcome, dict[str, Any] | None]:
    """The product that the sentence names, else the one that this one's title is built on: an expansion's game."""
    own = stems(product["title"])
    wanted = content(sentence) - _SMALL
    parts = [part for part in _PARTS.split(product["title"]) if part.strip() and part != product["title"]]
    for query in (" ".join(sorted(wanted)), *parts[:2]):
        found = (yield Ask("product_search", {"query": query})).result.get("products", []) if query else []
        others = [one for one in found if one["external_id"] != product["external_id"]]
        meant = [
            one
            for one in others
            if stems(one["title"]) < own or (wanted and len(wanted & stems(one["title"])) * 2 > len(wanted))
        ]
        if meant:
            return dict(meant[0])
    return None
