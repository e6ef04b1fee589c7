# ruff: noqa: E501 (a regular expression is read in one piece)
"""What the shop's own pages say: the passage that is about the question, quoted with its title."""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Sequence
from typing import Any

from agentpay.llm.brain import ActView, ToolOutcome
from agentpay.llm.house.facts import content, sharing_words
from agentpay.llm.house.refs import stems
from agentpay.llm.house.talk import Ask, Talk

Passages = list[dict[str, Any]]
_PAYMENT, _PLACE = "payment", "shop address"
_TOPICS = tuple(
    (re.compile(rf"\b(?:{asked})", re.I), topic)
    for asked, topic in (
        (r"what if (?:\w+ ){1,3}(?:arriv|come)|\breport\w*\b|damag|broken|faulty|defect|missing", "damaged or missing"),
        (r"(?:when|how (?:long|soon|many)).*\b(?:refund|money)", "refunds"),
        (r"(?:chang|cancel|amend|modif)\w* (?:\w+ ){0,3}orders?\b|cancel", "changing or cancelling an order"),
        (
            r"return|(?:ship|send|post|mail)\w* (?:it|them|this|that|things?) to you\b|(?:send|sent|sending|give|bring|take|come|comes) (?:\w+ ){0,4}back\b",
            "returns",
        ),
        (r"refund|money back|(?:get|have|see|receive) (?:my |the )money", "refunds"),
        (r"exchang|swap", "exchange"),
        (
            r"warrant|guarant|(?:fall|fell|come|came|coming)s? (?:apart|off|to (?:pieces|bits|shreds))|g(?:o|oes|ing) wrong|stops? working|w(?:ear|ore|orn)s? out|tear|torn|(?:break|broke)s?\b",
            "warranty faulty wear",
        ),
        (r"pick(?:ed|ing)? (?:(?:it|them|that|things?|\w+ \w+) )?up\b|pick-?up\b|collect", "store pickup"),
        (
            r"ship|deliver|arriv|dispatch|same[- ]day\b|cut[- ]?off|(?:get|be|come|reach) (?:to|here|there|me|us) |go(?:es)? out\b|leaves? (?:today|tomorrow)",
            "shipping and delivery",
        ),
        (
            r"where (?:are|is|can i find) (?:you|your|the (?:shop|store))\b(?! refund)|(?:are|is) (?:you|the shop|it) (?:based|located)|visit\b",
            _PLACE,
        ),
        (
            r"pay\b|paying|payment|invoice|inst?all?ment|cards? (?:do|can) |(?:accept|take) (?:\w+ )?(?:cards?|cash|cheques?|checks?|vouchers?|crypto|bitcoin|revolut|klarna|amex|visa|mastercard|\w*pay\w*)\b",
            _PAYMENT,
        ),
        (
            r"open(?:ing|s)?\b|clos(?:e|es|ed|ing)\b|visit|(?:pop|come|drop|call|stop|walk|swing) (?:in|by|over|round)\b|(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b",
            "open opening hours tuesday to saturday",
        ),
    )
)
"""What a question is about, where its own words find nothing, or find something else."""
_GOES_ON = re.compile(r"^\W*(?:and|so|but|ok(?:ay)?|then|also|what about|how about|who)\b", re.I)
_AMOUNT = re.compile(
    r"[$€£]\s?\d|\d\s?(?:[$€£]|(?:pounds?|euros?|dollars?|pence|cents?|usd|eur|gbp)\b)|\bfree\b|\bno charge\b", re.I
)
_ANSWERED_BY = (
    (
        re.compile(
            r"\b(?:how (?:long|late|soon|many (?:days|weeks|months))|(?:until|till|by) when|when|what time|deadline)\b",
            re.I,
        ),
        re.compile(
            r"\b\d+\s?(?:(?:working|business|calendar) )?(?:hours?|days?|weeks?|months?|years?|am|pm|o'clock)\b|\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b",
            re.I,
        ),
    ),
    (
        re.compile(r"\bwho (?:\w+ )?(?:pays?|covers?)\b|\bpostage\b|\bfree\b|\b(?:cost|charge|fee|pay)s?\b", re.I),
        re.compile(
            rf"{_AMOUNT.pattern}|\bprepaid\b|\blabels?\b|\bpostage\b|\bat (?:our|your) (?:cost|expense)\b", re.I
        ),
    ),
)
"""What asks for a time or a cost, and what a page that tells it holds."""
_ASKING = stems(
    "how long late soon many much when until time cost costs charge fee pay pays paying postage free deadline days weeks months have take takes get"
)
"""Words that ask, and name nothing."""
_SO_MANY = re.compile(
    r"^\W*(?:(?:just|so|ok|hi|hello|hey|lol|i have|i'?ve got)\W+)*(?:a )?(?:couple|few|two|three)(?: of)?(?: more| quick| other)? (?:things|questions|q'?s)\b\W*",
    re.I,
)
"""How many questions come names none."""
_MORE_SAID = 8
"""Characters beside a clause that may say what it is about."""
_HOLDS_ALL = 0.5
"""The score from which a passage holds every word of a question."""


def passages_for(text: str, it: str = "") -> Generator[Ask, ToolOutcome, Passages]:
    """The passages that may answer, the best first: those about what is asked go before others that share its words.

    `it`: the title of what the question points at ("can that be returned?"); a passage that names it goes first.
    """
    text = _SO_MANY.sub("", text)
    found = yield from _passages_for(f"{text} {it}" if it else text)
    if _PAPERS.search(text) and not _PAYS.search(text):  # nor is a page on ways to pay one on invoices
        found = [one for one in found if _PAPERS.search(f"{one['title']} {one['text']}")]
    if _OPEN.search(text):  # a group that meets on Saturdays is no answer
        return [one for one in found if _TELLS_OPEN.search(f"{one['title']} {one['text']}")]
    return sorted(found, key=lambda one: not content(it) <= stems(one["text"])) if content(it) else found


def is_topic(text: str) -> bool:
    """Whether a question is about what shops have pages on: returns, delivery, payment."""
    return any(asked.search(text) for asked, _ in _TOPICS)


def _passages_for(text: str) -> Generator[Ask, ToolOutcome, Passages]:
    topic = next(((asked, topic) for asked, topic in _TOPICS if asked.search(text)), None)
    passages: Passages = (yield Ask("search_knowledge", {"query": text[:400]})).result.get("passages", [])
    if topic is None:
        return passages
    asked, query = topic
    if passages and _about(asked, passages[0]) and (asked.search(passages[0]["title"]) or _headed(text, passages[0])):
        return _specific(text, asked, passages)
    if not passages:
        # Told in other words than the shop's: what the question is about will do
        passages = (yield Ask("search_knowledge", {"query": query})).result.get("passages", [])
        if query == _PAYMENT:  # "paid to your original payment method" tells of no way to pay
            passages = [one for one in passages if asked.search(one["title"]) or _WAYS_TO_PAY.search(one["text"])]
    elif not any(asked.search(passage["title"]) for passage in passages):
        # "Days", "send" and "back" stand in pages on many things: the one that is headed by what is asked about goes first
        more: Passages = (yield Ask("search_knowledge", {"query": query})).result.get("passages", [])
        passages = [*(one for one in more if asked.search(one["title"])), *passages]
    fitting = [passage for passage in passages if _about(asked, passage)]
    if not fitting and query == _PLACE:  # pages on samples have an address, too
        return [one for one in passages if _TELLS_PLACE.search(f"{one['title']} {one['text']}")]
    return _specific(text, asked, fitting) or passages


def _specific(text: str, asked: re.Pattern[str], passages: Passages) -> Passages:
    """Those on a topic, the ones first that have more of what else is named: "Engraved pieces cannot be returned"."""
    named = content(asked.sub(" ", text))

    def held(one: dict[str, Any]) -> int:
        return len(named & stems(f"{one['title']} {one['text']}"))

    return sorted(passages, key=lambda one: (-held(one) * _about(asked, one), asked.search(one["title"]) is None))


def quote(talk: Talk, passage: dict[str, Any]) -> None:
    talk.say_text(passage["text"])
    talk.say("policy_source", title=passage["title"])
    talk.page, talk.quoted = passage["title"], True


def asked_on(talk: Talk, text: str, passages: Passages) -> Generator[Ask, ToolOutcome, Passages]:
    """ "And who pays for that?", after a page was quoted: that page goes first where it speaks of it and no other is headed so."""
    if talk.page is None or _GOES_ON.match(text) is None or (passages and _is_on(text, passages[0])):
        return passages
    query = f"{text} {talk.page}"[:400]
    found: Passages = (yield Ask("search_knowledge", {"query": query})).result.get("passages", [])
    same = [one for one in found if one["title"] == talk.page and content(text) & stems(one["text"])]
    return [*same, *passages]


def told(talk: Talk, act: ActView) -> Generator[Ask, ToolOutcome, bool]:
    """A question nobody placed may be answered by the shop's pages all the same: by one that holds all its words, or is
    headed by what is asked about."""
    outcome = yield Ask("search_knowledge", {"query": act.text[:400]})
    passage = _sure(act.text, outcome.result.get("passages", []))
    if passage is None and len(talk.turn.text) > len(act.text) + _MORE_SAID:
        # "I teach at a school, do we get anything off?": what it is about stands beside the question
        outcome = yield Ask("search_knowledge", {"query": talk.turn.text[:400]})
        passage = _sure(talk.turn.text, outcome.result.get("passages", []))
    if passage is None:
        return False
    quote(talk, passage)
    return True


def told_of(talk: Talk, text: str, about: str) -> Generator[Ask, ToolOutcome, bool]:
    """What the pages say to a question about a product that its own data does not answer: "can it go in the dishwasher?"."""
    wanted = content(text)
    if not wanted:
        return False
    query = f"{' '.join(sorted(wanted))} {about}"[:400]
    passages = (yield Ask("search_knowledge", {"query": query})).result.get("passages", [])
    for passage in passages:
        if 2 * len(sharing_words(text, f"{passage['title']} {passage['text']}")) >= len(wanted):
            quote(talk, passage)
            return True
    return False


def is_told(talk: Talk, act: ActView) -> bool:
    """ "… and how long does it take?", of what this reply has quoted a page on: it is in it."""
    asks = any(asks.search(act.text) for asks, _ in _ANSWERED_BY)
    return talk.quoted and asks and not content(act.text) - _ASKING


def told_on(talk: Talk, act: ActView) -> Generator[Ask, ToolOutcome, bool]:
    """ "And how long do I have?", right after a page was quoted: that page again, where it says such a thing."""
    kind = next((answer for asks, answer in _ANSWERED_BY if asks.search(act.text)), None)
    if kind is None or content(act.text) - _ASKING or talk.page is None or not talk.turn.memory.get("quoted"):
        return False
    return (yield from _quoted_again(talk, talk.page, lambda text: kind.search(text) is not None))


def told_by_page(talk: Talk, text: str) -> Generator[Ask, ToolOutcome, bool]:
    """What the page that was quoted last says of a further question, where it has a word of it."""
    wanted = content(text)
    if talk.page is None or not talk.turn.memory.get("quoted") or not wanted:
        return False
    query = f"{' '.join(sorted(wanted))} {talk.page}"[:400]
    return (yield from _quoted_again(talk, query, lambda text: bool(sharing_words(" ".join(wanted), text))))


def told_again(talk: Talk) -> Generator[Ask, ToolOutcome, bool]:
    """ "And Amex?", after a page said which cards are taken: it is all there is to say."""
    if talk.page is None or not talk.turn.memory.get("quoted"):
        return False
    return (yield from _quoted_again(talk, talk.page, lambda _: True))


def tells_of_returns(passage: dict[str, Any]) -> bool:
    return _RETURNS.search(f"{passage['title']} {passage['text']}") is not None


def tells_time(passage: dict[str, Any]) -> bool:
    return _ANSWERED_BY[0][1].search(passage["text"]) is not None


def told_price(talk: Talk) -> Generator[Ask, ToolOutcome, bool]:
    """What the page that was quoted last says of money; nothing where it names no amount."""
    if talk.page is None:
        return False
    return (yield from _quoted_again(talk, talk.page, lambda text: _AMOUNT.search(text) is not None))


def told_cost(talk: Talk, text: str, name: str) -> Generator[Ask, ToolOutcome, bool]:
    """What a page says something costs that is no product: one that has all the words of its name, and an amount."""
    wanted = content(name)

    def tells(one: dict[str, Any]) -> bool:
        told = f"{one['title']} {one['text']}"
        return bool(wanted) and _AMOUNT.search(told) is not None and len(sharing_words(name, told)) == len(wanted)

    return (yield from _quoted(talk, text[:400], tells))


def headed(talk: Talk, about: str) -> Generator[Ask, ToolOutcome, bool]:
    """A page that is headed by what is spoken of: "can I pre-order it?"."""
    wanted = stems(about)
    return (yield from _quoted(talk, about[:400], lambda one: bool(wanted) and wanted <= stems(one["title"])))


def headed_by_kind(talk: Talk, act: ActView) -> Generator[Ask, ToolOutcome, bool]:
    """ "How do I stop my brushes going splayed?": the page that is headed by the kind of goods it is about."""
    kind = str(act.entities.get("category") or "").rpartition(" > ")[2]
    return bool(kind) and (yield from headed(talk, kind))


def _quoted_again(talk: Talk, query: str, tells: Callable[[str], bool]) -> Generator[Ask, ToolOutcome, bool]:
    """The page that was quoted last, where a text of it tells what is asked."""
    return (yield from _quoted(talk, query, lambda one: one["title"] == talk.page and tells(one["text"])))


def _quoted(talk: Talk, query: str, fits: Callable[[dict[str, Any]], bool]) -> Generator[Ask, ToolOutcome, bool]:
    """The first passage that fits, quoted; whether there is one."""
    found = (yield Ask("search_knowledge", {"query": query})).result.get("passages", [])
    passage = next((one for one in found if fits(one)), None)
    if passage is not None:
        quote(talk, passage)
    return passage is not None


def _sure(text: str, passages: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    if passages and passages[0].get("score", 0) >= _HOLDS_ALL:
        return passages[0]
    wanted = content(text)
    return next((passage for passage in passages if wanted & stems(passage["title"])), None)


_WAYS_TO_PAY = re.compile(
    r"\b(?:cards?|paypal|invoices?|inst?al?ments?|lay-?by|klarna|ways to pay|pay (?:by|with|in|later))\b", re.I
)
_RETURNS = re.compile(r"\breturn|\bsen[dt]\w* (?:\w+ ){0,3}back\b|\bexchang", re.I)
_PAPERS = re.compile(r"(?<!on )(?<!by )(?<!against )\b(?:invoices?|receipts?)\b", re.I)
_PAYS = re.compile(r"\bpay\w*\b", re.I)
_TELLS_PLACE = re.compile(
    r"\b(?:visit\w*|open(?:s|ing)?|online only|showrooms?|studio|branch(?:es)?|collect(?:ed|ion)?|pick(?:ed)? ?up|(?:our|the|no|a) (?:\w+ )?(?:shop|store|workshop|warehouse|office))\b",
    re.I,
)
_OPEN = re.compile(
    r"\bopen(?:ing)? (?:hours?|times?)\b|\b(?:when|what time|what days?|until when|till when|how late|which days?)\b[^.?!]{0,20}\b(?:open|close)\b|\bare you (?:\w+ )?open\b",
    re.I,
)
_TELLS_OPEN = re.compile(r"\bopen(?:s|ing)?\b|\bclos(?:es|ed)\b", re.I)


def _about(topic: re.Pattern[str], passage: dict[str, Any]) -> bool:
    return topic.search(f"{passage['title']} {passage['text']}") is not None


def _is_on(text: str, passage: dict[str, Any]) -> bool:
    """Whether its heading has words of the question, or is on its topic: "Faulty goods", of "who pays if it comes broken?"."""
    asked = next((asked for asked, _ in _TOPICS if asked.search(text)), None)
    return _headed(text, passage) or (asked is not None and asked.search(passage["title"]) is not None)


def _headed(text: str, passage: dict[str, Any]) -> bool:
    """Whether a passage's heading has words of the question: "Gift cards", of "can I return a gift card?"."""
    return bool(content(text) & stems(passage["title"]))
