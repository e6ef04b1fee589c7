# ruff: noqa: E501 (a regular expression is read in one piece)
"""Whether a message goes on with what support asked for, or is about something else. Router and plan ask the same."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from agentpay.llm.house.aftersale import wished
from agentpay.llm.house.aftersale.task import KINDS, without_numbers

_AS_WELL = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|great|thanks?|perfect|now|then)\W+)*(?:and|also|oh|plus|now|the|my)\b.*\b(?:too|also|as well|same (?:thing|again|here|for))\b|^\W*(?:the|my)\b.*\b(?:too|as well)\W*(?:please)?\W*$",
    re.I,
)
_CORRECTS = re.compile(
    r"\b(?:only|just) (?:the |one|two|three|four|five|\d|a |an |my )(?!.*\border\b)|\b(?:except|without|but not|not the)\b",
    re.I,
)
_WORDS = frozenset(
    {"product_search", "product_details", "availability", "add_to_cart", "change_cart", "remove_from_cart", "recommendation",
     "product_comparison", "price_question", "provide_details", "other", "thanks", "greeting"}
)  # fmt: skip
"""What the naming of an item, a size or a colour can look like."""
_PLACES = frozenset(
    {
        "provide_details",
        "shipping_quote",
        "policy",
        "other",
        "change_order",
        "account",
        "availability",
        "product_search",
    }
)
_ALLOWED = {
    "verify": frozenset({"provide_details", "order_status", "other", "greeting", "thanks"}),
    "order": _WORDS | {"order_status"},
    "items": _WORDS,
    "to": _WORDS | {"negotiation"},
    "address": frozenset({"provide_details", "shipping_quote", "other", "change_order", "account"}),
    "country": _PLACES,
    "postal_code": _PLACES,
    "method": _WORDS | {"checkout", "payment_problem"},
    "confirm": _WORDS | {"negotiation", "checkout"},
}


_PROPOSES = ("confirm", "start")
ASKS_FIRST = re.compile(
    r"^\W*(?:(?:and|so|ok(?:ay)?|but|hm+|wait|hang on|first)\W+)*(?:how (?:long|soon|much|many|do|does|will)|when|where|who|why|what (?:if|happens|about)|do i|does (?:it|that)|will (?:i|it|you))\b",
    re.I,
)
"""Asks, with a question mark or without."""
_WHAT_SUM = re.compile(
    r"^\W*(?:(?:and|so|ok(?:ay)?|but|hm+|wait)\W+)*how much (?:more|extra|less|(?:is|would|will|does) (?:that|it|this)(?: (?:be|cost|come to))?|(?:do|will|would) i (?:get|have to pay|pay))\b"
    r"(?! (?:postage|shipping|for (?:the )?(?:postage|label)))[^.?!]{0,25}\W*$",
    re.I,
)
"""Asks what a proposed change comes to."""
_CHOOSES = ("items", "to", "order", "method")
_HOW_ABOUT = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|oh|hm+|so|then|well|right|and|fine|alright)\W+)*(?:(?:what|how) about|maybe|then|is|would|could it be|can it be)\s+(?:in )?(?:the |an? )?[\w'/-]+(?: [\w'/-]+){0,4}\W*$",
    re.I,
)
"""One of several is chosen in the form of a question: "ok, what about the 43?"."""
_ASIDES = frozenset(
    {"policy", "shipping_quote", "product_details", "order_status", "availability", "price_question", "discount"}
    | {"recommendation", "product_search", "other", "thanks", "greeting"}
)
"""What may come between a question of ours and its answer."""
NOT_WANTED = re.compile(
    r"\b(?<!if )(?:do not|don'?t|dont|no need to|never|rather not|not)\s+(?:\w+ )?(?:cancel|return|refund|exchange|change|send (?:\w+ )?back)\b",
    re.I,
)
LEAVES_IT = re.compile(
    r"\bleave (?:it|that|them|everything)\b(?! (?:out|off|at|with|by|to|on|behind)\b)|\bnever ?mind\b|\bforget (?:it|that|about (?:it|that))\b"
    r"|\bchanged my mind\b|\bon second thoughts?\W*$"
    r"|^\W*(?:(?:no|nah|oh|actually|wait|hm+|sorry|ok(?:ay)?|i think|i guess|i'?ll|i'?d|i|we'?ll|we|will|want to|rather|like to|just|then)\W+)*"
    r"keep(?:ing)? (?:it|them|both|(?:all of|both of) (?:it|them)|everything|all)\b(?:\W+(?:then|after all|instead|thanks?|thank you|please))*\W*$",
    re.I,
)
MONEY_INSTEAD = re.compile(
    r"^\W*(?:(?:no|ok|hm+|then|just|rather|i'?d|i|would|like|prefer|rather|have|want|give me|the|my|a)\W+)*(?:money|refund|cash)(?: back)?"
    r"(?:\W+(?:please|pls|then|instead|thanks|for (?:it|them|that)))*\W*$",
    re.I,
)
HOW_IT_WORKS = re.compile(
    r"\bhow (?:do|does|would) (?:an? |the |your )?(?:returns?|refunds?|exchanges?|cancell?ations?)\b"
    r"|\b(?:tell|explain|know|understand|say|remind)\b[^.?!]{0,20} (?:how|what)\b[^.?!]{0,30}\b(?:works?|goes|happens|involves?)\b",
    re.I,
)
"""How such a thing is done, before it is agreed to."""
_A_NUMBER = re.compile(r"\b[A-Za-z]{1,5}-?\d{3,}\b")
_YESES = (
    "yes please",
    "go ahead",
    "go on",
    "go on then",
    "go for it",
    "that's right",
    "thats right",
    "that's correct",
    "sounds good",
    "correct",
)
LEADING_YES = re.compile(
    r"^\W*(?:(?:ok(?:ay)?|oh|great|perfect)\W+)*(?:yes|yep|yeah|yup|sure|absolutely|definitely|go ahead|do it|please do|correct)\b(?!\W+(?:but|if|unless|only|when|as long))(?: please| thanks| thank you)*\s*(?:[,.!;-]|\band\b)",
    re.I,
)


_SURE = re.compile(
    r"\b(?:(?:i'?m|i am) (?:(?:quite|very|absolutely|completely|totally|100%) )*(?:sure|certain)(?! (?:there|that|it|the|you|they|we|of|about)\b)"
    r"|i confirm(?! (?:if|whether|when|how|what))|no need to (?:ask|confirm|check)"
    r"|(?:that'?s|it'?s|that is|it is) (?:what i want|correct|right)|just do it|do it (?:now|right away|straight away|please)|please do (?:it|so|that)"
    r"|yes please do it|(?:please )?go (?:right |straight )?ahead(?!,? and (?!set|do |process|book|arrange|open|register|start)| with| of|,? if))\b"
    r"|\bplease (?:put|push) (?:it|that|this|(?:the|my) (?:refund|return|exchange|change|cancell?ation)) through\b"
    r"|\bplease (?:make|arrange|register|book|set up|organi[sz]e|start|issue|process) (?:the|that|this) (?:return|exchange|change|swap|refund)(?: now)?\W*$"
    r"|^\W*(?:(?:so|and|just|please|kindly) )*(?:request|issue|process|register|submit|file|book|open) (?:the|that|this|my|a) (?:full |whole |complete )?(?:refund|return|exchange)\b.*\b(?:now|right away|straight away|immediately)(?: please| pls)?\W*$"
    r"|^\W*(?:(?:yes|please|so|and|just) )*(?:do it|start it|set it up|book it|process it|confirmed)\W*$",
    re.I,
)
_DEEDS = {
    "cancel": {"cancel", "cancellation"},
    "return": {"return", "send", "back"},
    "exchange": {"exchange", "swap", "replace"},
    "refund": {"refund", "money", "back"},
    "items": {"change", "swap"},
    "payment": {"change", "charge"},
}
_DOES = {"proceed", "register", "process", "book", "arrange", "submit", "make", "do", "go", "start", "set", "sort"}
_AROUND = frozenset(
    {"please", "pls", "kindly", "yes", "yeah", "yep", "ok", "okay", "alright", "right", "great", "perfect", "good", "all", "fine",
     "then", "just", "now", "so", "and", "ahead", "with", "on", "for", "up", "in", "out", "through", "put", "get", "going",
     "it", "that", "this", "them", "the", "my", "me", "i", "we", "i'd", "we'd", "let's", "lets", "like", "want", "to",
     "would", "will", "can", "could", "you", "thanks", "thank", "order"}
)  # fmt: skip
"""Words that may stand around a deed that was proposed, and say nothing else."""
_CAN_YOU = re.compile(r"^\W*(?:\w+\W+){0,2}?(?:can|could|would|will) you\b", re.I)
_CONDITION = re.compile(
    r"^\W*(?:(?:and|but|so|or|only) )*(?:if|unless|until|once|when|before|in case|provided)\b", re.I
)
_UNSURE = re.compile(
    r"\b(?:not|\w+n't|(?:do|is|did|would)nt|before|if|unless|until|once|when|whether|how|why|should|shall|(?:can|may|could) i)\b|\?",
    re.I,
)


def sure_already(text: str) -> bool:
    """ "Return the knife of order 7. I'm sure, go ahead.": the yes comes with the wish, and nobody needs to ask for it."""
    for sentence in re.findall(r"[^.!;\n?]+\??", text):
        for part in sentence.split(","):
            if _CONDITION.match(part):
                break  # "if so, go ahead"
            if _SURE.search(part) and not _UNSURE.search(part) and not sentence.endswith("?"):
                return True
    return False


def agrees(text: str, *, accepts: bool) -> bool:
    """A yes to what was proposed, a slip of the finger included: "go aead"."""
    return accepts or _slipped(text)


def says_it_again(kind: str, text: str) -> bool:
    """ "Please register the return", "all good, proceed": what was proposed, and nothing else, is told to be done."""
    words = set(re.findall(r"[a-z']+|\d+", text.casefold()))
    deed = _DEEDS.get(kind, set()) | _DOES
    asks = "?" in text and _CAN_YOU.match(text) is None
    return bool(words & deed) and words <= deed | _AROUND and not asks


def _slipped(text: str) -> bool:
    said = " ".join(re.findall(r"[a-z']+", text.casefold()))
    return "?" not in text and any(_one_slip(said, yes) for yes in _YESES)


def _one_slip(said: str, meant: str) -> bool:
    """Whether one letter is missing, too many, wrong, or changed places with the next."""
    at = next((i for i, (one, other) in enumerate(zip(said, meant, strict=False)) if one != other), len(meant))
    one, other = said[at:], meant[at:]
    swapped = one[:2] == other[:2][::-1] and one[2:] == other[2:]
    return swapped or one[1:] == other or one == other[1:] or one[1:] == other[1:]


def agrees_and_asks(
    memory: dict[str, Any], intents: Sequence[str], text: str, *, accepts: bool, declines: bool
) -> bool:
    """ "Yes, and how do I pack them?": a yes to what was proposed, and a question besides. A "yes, but …" is none."""
    task = (memory.get("pending") or {}).get("task")
    if not isinstance(task, dict) or task["asked"] != "confirm" or declines or not accepts or corrects(text):
        return False
    return set(intents) <= _ASIDES and LEADING_YES.match(text) is not None


def is_aside(memory: dict[str, Any], intents: Sequence[str]) -> bool:
    """Whether a message only asks about something else while a support task waits for an answer."""
    task = (memory.get("pending") or {}).get("task")
    return isinstance(task, dict) and task["asked"] != "more" and set(intents) <= _ASIDES


def corrects(text: str) -> bool:
    """ "Ok, then only one of them": what was proposed shall be another way, however politely it begins."""
    return "?" not in text and _CORRECTS.search(text) is not None


def _numbers(text: str) -> set[str]:
    """What looks like an order's number."""
    return {found.casefold() for found in _A_NUMBER.findall(text)}


def goes_on(memory: dict[str, Any], intents: Sequence[str], text: str, *, accepts: bool, declines: bool) -> bool:
    """`memory`: the house model's; `intents` of the message's clauses, in order."""
    task = (memory.get("pending") or {}).get("task")
    if not isinstance(task, dict):
        return False
    kind, asked = task["kind"], task["asked"]
    if memory.get("asked_for") == "confirm_handoff" and (accepts or declines):
        return False  # a yes is to a person
    same = {
        intent
        for intent, of in KINDS.items()
        if of == kind or (of == "change" and kind in ("items", "address", "payment"))
    }
    others = _numbers(text) - {number.casefold() for number in task.get("orders", [])}
    if others and set(intents) & (KINDS.keys() - same):
        return False  # another order, and something else is wanted of it
    if kind == "cancel":
        same |= {"refund", "return"}  # what it may have been asked as
    if asked in _PROPOSES and LEAVES_IT.search(text) and "?" not in text:
        return True
    if HOW_IT_WORKS.search(text) and not accepts:
        return False
    if set(intents) & {"human", "complaint"} or (asked == "confirm" and NOT_WANTED.search(text)):
        return False
    if asked == "confirm" and not declines and says_it_again(kind, without_numbers(text, task.get("orders", []))):
        return True  # whatever it was taken for
    if asked == "confirm" and "?" not in text and wished.only_stays(text):
        return True  # "no, the soaps stay", whatever it was taken for: what was proposed without them
    if asked == "confirm" and corrects(text):
        return set(intents) <= _ALLOWED["confirm"] | same | {"change_order"}
    if asked in _PROPOSES and _WHAT_SUM.match(text):
        return True  # it is told with what was proposed
    if asked in _PROPOSES and ASKS_FIRST.match(text) and not accepts:
        return False
    if asked in _PROPOSES and _slipped(text):
        return True  # whatever a word that is none was taken for
    if asked in _PROPOSES and (accepts or declines):
        return set(intents) <= _ALLOWED["confirm"] | same | {"goodbye"}
    if asked == "more":  # "and the socks too please", after it was done for something else
        return set(intents) <= _WORDS and _AS_WELL.search(text) is not None and "cart" not in text.casefold()
    if kind == "exchange" and MONEY_INSTEAD.match(text):
        return True
    question = text.rstrip().endswith("?") and not (asked in _CHOOSES and _HOW_ABOUT.match(text))
    return not question and set(intents) <= _ALLOWED.get(asked or "", frozenset()) | same
