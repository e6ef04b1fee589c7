# ruff: noqa: E501 (a regular expression is read in one piece)
"""Questions of how something is or is done, which were taken for a search, a complaint or an order's: "will scanners ruin my film?".

The shop's pages are asked first, then the product that the question names; where neither knows, it stays what it was taken for.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any

from agentpay.llm.brain import ActView, ToolOutcome
from agentpay.llm.house import articles, needing
from agentpay.llm.house.details import answer_of, tell
from agentpay.llm.house.facts import content, sharing_words
from agentpay.llm.house.purposes import asks_for_goods
from agentpay.llm.house.refs import spoken_of, stems
from agentpay.llm.house.talk import Ask, Talk

_MOST_SURE = {
    "recommendation": 0.95,
    "product_search": 0.95,
    "order_status": 0.5,
    "complaint": 0.6,
    "return": 0.5,
    "exchange": 0.5,
}
"""Up to which confidence each of these may be such a question."""
_SURER = 0.9
_OF_GOODS = frozenset({"price_question", "availability", "product_details", "product_search", "recommendation"})
_ORDERS = re.compile(
    r"\b(?:orders?|purchase|parcels?|packages?|stuff|things?|deliver\w*|shipments?|ship\w*|arriv\w*|come|coming|came|track\w*|sent|send|dispatch\w*|status|it|they|them|here)\b",
    re.I,
)
_WONDERS = re.compile(
    r"^\W*(?:(?:and|so|ok(?:ay)?|hi|hello|hey|also|but|well|just wondering)\W+)*"
    r"(?:how (?!about\b|do you (?:have|feel)|much (?:is|are|does|do|for|would)\b)\w+|when\b(?:'s| is| are| do| does| should| can)?|why|will|should"
    r"|(?:is|are) (?!there\b|you\b|it\b|they\b|this\b|that\b|these\b|those\b)|(?:do|does) (?!you\b|it\b|they\b|this\b|that\b)"
    r"|can (?!you\b|i (?:get|have|buy|see|order|return|send)\b|we (?:get|have|buy|see|order)\b)"
    r"|what(?:'s|s| is| are) (?:a |the )?(?:good|best|right|ideal|proper|normal|safe)\b(?! (?:\w+ )?(?:choice|option|gift|present|one|model|brand|product)))",
    re.I,
)
_CHOOSES = re.compile(r"\b(?:recommend|suggest|something|anything|which|cheap\w*|in stock|available|price)\b", re.I)
_WHEN_ON = re.compile(
    r"\b(?:when|what (?:time|days?)|which days?|how often)(?:'s|s| is| are| does| do| will)? (?:the|your|that|this|those|these|there an?)\b[^.?!,]{2,60}?(?=\s+and\s|[.?!,]|$)",
    re.I,
)
"""Asks when something is held, starts or is open."""
_OF_ORDERS_OR_STOCK = re.compile(
    r"\b(?:orders?|purchase|parcels?|packages?|deliver\w*|ship\w*|arriv\w*|com(?:e|es|ing)|track\w*|sent|dispatch\w*|my|it|they|them"
    r"|stock|restock\w*|back|again|available|out)\b",
    re.I,
)
_HOW_MUCH_TO = re.compile(
    r"\bhow much\b[^.?!]{0,30}?\b(?:to (?!(?:the|an?|my|me|us|you|your|it|them|this|that)\b)|for (?=[a-z]+ing\b))(?P<deed>[a-z]+)\b"
    r"|\bwhat (?:do|does|would|will) (?:you|they|it) (?:charge|cost|take)[^.?!]{0,20}?\b(?:to|for (?:[a-z]+ )?(?=[a-z]+ing\b)) ?(?P<done>[a-z]+)\b",
    re.I,
)
"""Asks what it costs to have something done."""
_WHICH_SIZE = re.compile(
    r"\b(?:what|which) (?:[a-z]+ ){0,2}sizes?\b[^.?!]{0,40}\b(?:is (?:that|it)|am i|should|shall|do|would|will|fits?|suits?|need|take|right|best)\b",
    re.I,
)
_MEASURED = re.compile(r"\b\d+(?:[.,]\d+)? ?(?:mm|cm|m|inch(?:es)?|in|kg|kilos?|lbs?)\b", re.I)
_WHAT_IS = re.compile(
    r"\b(?:what|which) (?:would|is|will|does|do) (?:that|it|this|i|he|she)\b(?: (?:be|make|need|take))?", re.I
)
_OF_SIZES = re.compile(r"\bsiz(?:es?|ing)\b|\bmeasur\w+\b|\bfit(?:s|ting)?\b", re.I)
_NAMED_LAST = re.compile(r".*\b(?:the|my|your) (?P<name>[a-z][\w -]{2,40}?)\W*$", re.I)
_MOST_OF_IT = 0.6
"""The share of a question's words that a page has which answers it."""


def told(talk: Talk, act: ActView) -> Generator[Ask, ToolOutcome, bool]:
    """Whether the question was one of these, and has been answered."""
    if (yield from needing.told(talk, act)) or (yield from _told_of_service(talk, act)):
        return True
    if (yield from _told_of_size(talk, act)):
        return True
    if not _wonders(talk, act):
        return False
    passages = (yield Ask("search_knowledge", {"query": act.text[:400]})).result.get("passages", [])
    if passages and _answers(act.text, passages[0]):
        articles.quote(talk, passages[0])
        return True
    name = _NAMED_LAST.search(act.text)
    if name is None or act.intent not in ("recommendation", "product_search"):
        return False
    outcome = yield Ask("product_details", {"product": name["name"], "question": act.text[:400]})
    answer = answer_of(act, outcome) if outcome.ok else None
    if answer is None or not (answer.facts or answer.sentences):
        return False
    spoken_of(talk, outcome.result["product"])
    tell(talk, outcome.result["product"], answer)
    return True


def _told_of_service(talk: Talk, act: ActView) -> Generator[Ask, ToolOutcome, bool]:
    """ "When's the ukulele thing on and what's it cost?", "how much to restring my guitar?": a page that tells the time of what
    is named, or has the very deed. What is said besides of the same ("and how long does it take?") is in it."""
    if act.intent not in _OF_GOODS or act.entities.get("country"):
        return False
    alone = len([one for one in talk.turn.acts if one.intent in _OF_GOODS]) == 1
    when = _WHEN_ON.search(talk.turn.text if alone else act.text)
    deed = _HOW_MUCH_TO.search(act.text)
    if not (when or deed) or (when and _OF_ORDERS_OR_STOCK.search(when.group())):
        return False
    wanted = content(when.group()) if when else content((deed["deed"] or deed["done"]) if deed else "")
    if not wanted:
        return False
    query = when.group() if when else act.text
    passages = (yield Ask("search_knowledge", {"query": query[:400]})).result.get("passages", [])
    page = next(
        (
            one
            for one in passages
            if sharing_words(" ".join(wanted), f"{one['title']} {one['text']}") and (deed or articles.tells_time(one))
        ),
        None,
    )
    if page is None:
        return False
    articles.quote(talk, page)
    return True


def _told_of_size(talk: Talk, act: ActView) -> Generator[Ask, ToolOutcome, bool]:
    """ "I'm 1.86 m, which frame size should I take?": a page on sizes, where there is one."""
    measured = _MEASURED.search(talk.turn.text) is not None and _WHAT_IS.search(talk.turn.text) is not None
    if act.intent not in _OF_GOODS or not (measured or _WHICH_SIZE.search(talk.turn.text)):
        return False
    passages = (yield Ask("search_knowledge", {"query": talk.turn.text[:400]})).result.get("passages", [])
    page = next((one for one in passages if _OF_SIZES.search(one["title"])), None)
    if page is None:
        return False
    articles.quote(talk, page)
    return True


def _of_no_order(act: ActView) -> bool:
    """ "When's the right time to repot my monstera?", read as a question for an order: nothing in it is of one."""
    return act.intent == "order_status" and _ORDERS.search(act.text) is None


def _wonders(talk: Talk, act: ActView) -> bool:
    return (
        act.confidence <= (_SURER if _of_no_order(act) else _MOST_SURE.get(act.intent, 0))
        and not act.entities.get("order_numbers")
        and not talk.turn.angry
        and _WONDERS.search(act.text) is not None
        and _CHOOSES.search(act.text) is None
        and not asks_for_goods(act.text)
    )


def _answers(text: str, passage: dict[str, Any]) -> bool:
    """Whether a page is headed by what is asked about, or holds most of the question's words."""
    wanted = content(text)
    held = wanted & stems(f"{passage['title']} {passage['text']}")
    return bool(wanted & stems(passage["title"])) or (bool(wanted) and len(held) >= _MOST_OF_IT * len(wanted))
