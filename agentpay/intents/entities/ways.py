# ruff: noqa: E501 (a regular expression is read in one piece)
"""Ways of shipping by what is said of them: their speed, who brings it, that the customer comes for it, or a word of their name."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agentpay.intents.gating import AnyOf, Gated
from agentpay.intents.words import word_set

_FETCHES = (
    r"collect(?:ing)?|pick(?:ing)?(?: it| them| that| this| mine| the \w+)? up|fetch(?:ing)?|swing(?:ing)? by"
    r"|com(?:e|ing) (?:to|into|in to) (?:the |your |you )?(?:shop|store|showroom|depot|warehouse|farm)"
    r"|(?:get|getting|grab|grabbing) (?:it|them|that) (?:(?:our|my|me)sel(?:f|ves)|(?:at|from|in) the (?:shop|store|showroom|depot|warehouse|farm|nursery|market))"
)


@dataclass(frozen=True, slots=True)
class _Way:
    """What a method of the kind is called by shops, and what customers say of it."""

    called: re.Pattern[str]
    said: Gated
    answered: Gated | None = None
    """What is said of it only in answer to "How shall we send it?"."""
    rather: str = ""
    """Of several methods of the kind the one that has this in its name is meant."""


def _way(called: str, said: str, answered: str | None = None, rather: str = "") -> _Way:
    return _Way(
        re.compile(rf"\b(?:{called})\b", re.IGNORECASE),
        Gated(rf"\b(?:{said})\b", re.IGNORECASE),
        Gated(rf"\b(?:{answered})\b", re.IGNORECASE) if answered else None,
        rather,
    )


_WAYS = (
    _way(
        r"(?:pick[ -]?up(?! point)|collect(?:ion)?(?! point))",
        rf"(?<!when )(?:i|we)(?:'ll| ll|'d|'m| am| will| would| can| could)?\s+(?:be\s+|rather\s+|also\s+|just\s+|come and\s+|come with the car and\s+)?(?:{_FETCHES})"
        rf"|can (?:i|we) (?:collect|pick (?:it|them) up) (?:it |them )?(?:in|at|from)|(?:i )?(?:{_FETCHES}) (?:it |them )?(?:(?:our|my|me)sel(?:f|ves)|in the (?:shop|store))|self[ -]?collect(?:ion)?|(?:store|shop|in-store) (?:pick[ -]?up|collection)|click (?:and|&|n|'?n'?|\+) collect",
        rf"{_FETCHES}|collection|pick[ -]?up|fetch(?: it)?",
    ),
    _way(r"same[ -]day", r"same[ -]day"),
    _way(
        r"next[ -]day|overnight",
        r"overnight|next[ -]day",
        r"(?:gets?|arrives?|comes?|be|is) (?:here|there)(?: by)? tomorrow",
    ),
    _way(r"(?:2|two|2nd|second)[ -]day", r"(?:2|two|2nd|second)[ -]day"),
    _way(
        r"express|expedited|xpresspost|priority|speed",
        r"express(?:post)?(?= (?:it|them|please|pls|to|today)\b)|(?:by|via|with|take|for|as|on|sent) express",
        r"e?xpress|priority|expedited|fast(?:er|est)?(?: one)?|quick(?:er|est)?(?: one)?|speed(?:y|ier)?",
        rather="express",
    ),
    _way(
        r"standard|regular|economy|normal",
        r"(?:ship|send|post|mail)(?: it| them)? (?:the )?(?:standard|regular|normal|economy)|(?:standard|regular|normal|economy|ordinary) (?:shipping|delivery|post|postage|mail)",
        r"standard|regular|normal|ordinary|economy|usual|cheap(?:est|er)?(?: one)?|no (?:rush|hurry)",
    ),
    _way(
        r"chilled|cool|cold",
        r"(?:chilled|cool|cold|refrigerated) (?:delivery|shipping|courier|transport)|(?:delivery|shipping|shipped|sent|send it|ship it) (?:chilled|cool(?:ed)?|cold)",
        r"chilled|cool(?:ed)?|cold",
    ),
    _way(
        r"freight|pallets?|pallfrakt|spedition|haulage",
        r"pallet (?:freight|delivery|shipping)|(?:by|on a|as) (?:freight|pallet)|forwarding company|forwarder|haulier",
        r"pallet|freight|spedition|forward(?:er|ing)",
    ),
    _way(
        r"lockers?|paczkomat|packstation|packet station|parcel machine|instabox",
        r"(?:parcel |packet )?lockers?(?= (?:please|rather|pls|by|at|near)\b)|(?:to|at|with) (?:a |the |my )?(?:parcel )?(?:lockers?|paczkomat|packstation)|paczkomat",
        r"(?:parcel )?lockers?|paczkomat|packstation",
    ),
    _way(r"two[ -]man", r"two[ -]man|(?:with|by) two (?:men|people|persons)", r"two (?:men|people|persons)"),
    _way(r"air(?: express)?|airmail", r"by air(?:mail)?|air ?mail|air freight", r"by air|air"),
    _way(r"cash on delivery.*|cod", r"cash on delivery|c\.?o\.?d\.?(?= please| there| is| available)", r"cod"),
    _way(r"evening.*", r"evening delivery", r"evening"),
    _way(r"installation", r"delivery (?:plus|and|with|\+|&) install(?:ation|ing)?", r"install(?:ation|ed|ing)?"),
)
"""The kinds of ways that shops have."""
_ABOUT_SENDING = AnyOf(
    r"\b(?:ship\w*|deliver\w*|post\w*|postage|send|sent|mail|express|freight|to \d{4,5}|how much|cost\w*|free|arrive|get it|upgrade|switch|change|pickup|lockers?|collect|pick|fetch|swing|come|grab|myself|ourselves|self|air|instead)\b",
    re.IGNORECASE,
)
_NOT_THIS = re.compile(r"\b(?:not|instead of|rather than|no)\s+(?:the\s+)?$", re.IGNORECASE)
_BACK = re.compile(
    r"\b(?:return(?:ed|ing)?|send(?:ing)? (?:it |them )?back|refund|send (?:somebody|someone|a courier)|old ones?|pick up (?:my|the) return)\b",
    re.IGNORECASE,
)
"""Where somebody comes for what goes back."""
_SAYS_LITTLE = word_set(
    "delivery shipping post mail postage service the a an to of and or in on with day next second two man same one class room choice white home "
    "door from point parcel packet special station is it for my at by hand first your number drop green cash"
)
_WORD = re.compile(r"[^\W_]+")
_BY_IT = re.compile(
    r"\b(?:by|via|per|(?:send|ship|post|sent|deliver(?:ed)?|bring|get)(?: it| them| this)? (?:with|to the|on the)|(?:send|ship|post|sent|deliver\w*|bring|get)\b[^.?!,]{0,20} to(?: the| a)?|or|vs\.?|versus|from|(?:upgrade|switch|change)(?: it| that)? to|(?:not|instead of|rather than|is|use|take|prefer|choose|free with) (?:the )?)\s*$",
    re.IGNORECASE,
)
_SENT_SO = re.compile(
    r"\s+(?:delivery|shipping|freight|postage|to (?:[A-Z\d]|my (?:home|address|place|work|office))|or|vs\.?|versus|costs?\b|is (?:fine|ok|okay|good)|rather)"
)
"""Before and behind a word of a name where it says how something is sent: "by yamato", "ground shipping", "Ground to Calgary"."""


@dataclass(frozen=True, slots=True)
class Named:
    """A way of shipping and the words that say it."""

    start: int
    end: int
    method: str
    replaced: bool = False
    """Whether another takes its place: "not the courier", "from ground to air"."""


class Ways:
    """A shop's ways of shipping, each by the kinds that it alone is of and by the words that it alone has."""

    __slots__ = ("_kinds", "_words")

    def __init__(self, methods: Sequence[str]) -> None:
        self._kinds: list[tuple[_Way, str]] = []
        for way in _WAYS:
            owners = [method for method in methods if way.called.search(method)]
            if len(owners) > 1 and way.rather:
                owners = [one for one in owners if way.rather in one.lower()]
            if len(owners) == 1:
                self._kinds.append((way, owners[0]))
        counted = Counter(word for method in methods for word in {w.lower() for w in _WORD.findall(method)})
        self._words = {
            word.lower(): method
            for method in methods
            for word in _WORD.findall(method)
            if counted[word.lower()] == 1 and word.lower() not in _SAYS_LITTLE and len(word) > 2
        }

    def find(self, text: str, *, answers: bool) -> list[Named]:
        """Those that the text speaks of; `answers`: it answers how the goods shall be sent."""
        if not answers and _BACK.search(text):
            return []
        found = sorted(self._named(text, answers=answers), key=lambda one: (one.start, -one.end))
        kept: list[Named] = []
        for one in found:
            if all(one.method != other.method for other in kept):
                kept.append(one)
        return kept

    def _named(self, text: str, *, answers: bool) -> Iterator[Named]:
        for way, method in self._kinds if answers or _ABOUT_SENDING.within(text) else ():
            match = way.said.search(text)
            if match is None and answers and way.answered is not None:
                match = way.answered.search(text)
            if match is not None:
                yield _as_named(text, match, method)
        for word in _WORD.finditer(text):
            known = self._words.get(word.group().lower())
            if known is not None and (
                answers or _BY_IT.search(text[: word.start()]) or _SENT_SO.match(text, word.end())
            ):
                yield _as_named(text, word, known)


def _as_named(text: str, match: re.Match[str], method: str) -> Named:
    from_it = re.search(r"\bfrom\s+$", text[: match.start()], re.IGNORECASE) is not None
    return Named(*match.span(), method, from_it or _NOT_THIS.search(text[: match.start()]) is not None)
