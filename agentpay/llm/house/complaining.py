"""Something went wrong: what the shop's pages say of it, and a person who can see to it."""

from __future__ import annotations

import re
from collections.abc import Generator

from agentpay.llm.brain import ActView, ToolOutcome
from agentpay.llm.house import articles
from agentpay.llm.house.aftersale.trouble import is_amiss
from agentpay.llm.house.talk import Ask, Plan, Talk

_FORESEES = re.compile(
    r"^\W*(?:(?:and|so|but|hi|hello|hey|ok)\W+)*(?:will|would|can|could|does|do|might|may|is it|are they|what if|what happens)\b",
    re.I,
)
_LACKS = re.compile(
    r"\b(?:missing|lacks?|lacking|incomplete|miss a|only \w+(?: of \w+(?: \w+)?)? (?:arrived|came)|not in the)\b", re.I
)
_CAME_SO = re.compile(r"\b(?:arrived|came|delivered|turned up|in the (?:box|parcel|package))\b", re.I)
_DAMAGED = re.compile(r"\b(?:damag\w*|broken|breakages?|faulty|faults?|defect\w*)\b", re.I)
_BREAKS = re.compile(
    r"\b(?:damag\w*|broken|breakages?|breaks?|faulty|faults?|defect\w*|warrant\w*|guarant\w*|repair\w*)\b", re.I
)
_MOST_NOTED = 300


def complaint(talk: Talk, act: ActView) -> Plan:
    foresees = _FORESEES.match(act.text) is not None and not (talk.turn.angry or act.entities.get("order_numbers"))
    if foresees and (yield from articles.told(talk, act)):
        return  # "will the scanner ruin my film?": nothing has gone wrong, and the shop's pages know
    numbers = [number for one in talk.turn.acts for number in one.entities.get("order_numbers", [])]
    told = not talk.turn.angry and is_amiss(talk.turn.text) and (yield from told_of_trouble(talk))
    talk.complained = {"text": talk.turn.text[:_MOST_NOTED], "numbers": numbers}
    if not told:
        talk.say("sorry")
        talk.offer_human(about=act.text)


def goes_on(talk: Talk) -> bool:
    """Whether what was complained of is still what is spoken of: nothing is being bought."""
    return talk.complained is not None and not (talk.cart.get("items") or talk.focus or talk.turn.shown)


def replacement(talk: Talk, act: ActView) -> Plan:
    """The same once more for what came broken: a colleague sees to it."""
    told = (talk.complained or {}).get("text", "")
    talk.offer_human("pass_it_on", about=f"{told} {act.text}".strip())
    yield from ()


def told_of_trouble(talk: Talk) -> Generator[Ask, ToolOutcome, bool]:
    """What the shop's pages say of things that lack a part, or break; a person can see to it."""
    lacks = _LACKS.search(talk.turn.text) is not None
    new = not lacks and _CAME_SO.search(talk.turn.text) is not None
    of_it = _LACKS if lacks else _DAMAGED if new else _BREAKS
    queries = ("a part is missing", "damaged or missing items") if lacks else ("broken or damaged item", "warranty")
    for query in queries[:1] if new else queries:
        passages = (yield Ask("search_knowledge", {"query": query})).result.get("passages", [])
        page = next((one for one in passages if of_it.search(f"{one['title']} {one['text']}")), None)
        if page is not None:
            talk.say("sorry")
            articles.quote(talk, page)
            talk.offer_human("pass_it_on")
            return True
    return False
