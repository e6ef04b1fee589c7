# ruff: noqa: E501 (a regular expression is read in one piece)
"""Holds a sentence's claims to the grounds there are."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from agentpay.nodes.claims.amounts import AmountRules
from agentpay.nodes.claims.finding import Claim, find, plain, segment
from agentpay.nodes.claims.grounds import Grounds
from agentpay.nodes.claims.happened import DeedRules
from agentpay.nodes.claims.names import named
from agentpay.nodes.claims.stock import StockRules
from agentpay.nodes.claims.subjects import Subjects
from agentpay.nodes.claims.texts import NEGATED
from agentpay.nodes.claims.times import TimeRules

_QUESTION = re.compile(
    r"^\W*(?:\w+[,!]\s+)?(?:so |and |or |also |but )?(?:would|do|does|did(?! you know)|can|could|shall|should|may|is|are|was|were|which|what|when|where|how|have|has|want|need|any|will)\b",
    re.IGNORECASE,
)
_UNCERTAIN = re.compile(
    r"\b(?:if|whether|let me (?:check|see|look|find)|i(?:'ll| will| can| could)(?: \w+)? (?:check|see|look|find out)|once|as soon as|when(?:ever)?|unless|until|before|in case|would you like|do you want|shall i|want me to|happy to check|depends?|subject to)\b",
    re.IGNORECASE,
)


class Checker:
    """Checks the sentences of one reply: what "it" is about is looked for in those before."""

    def __init__(self, grounds: Grounds, now: datetime | None = None) -> None:
        self._grounds = grounds
        self._subjects = Subjects(grounds)
        self._amounts = AmountRules(grounds)
        self._stock = StockRules(grounds)
        self._times = TimeRules(grounds, (now or datetime.now(UTC)).date())
        self._deeds = DeedRules(grounds)

    def unsupported(self, sentence: str, before: str = "") -> list[str]:
        """The claims, as they were written, that nothing bears out. `before`: what the reply has said so far."""
        text = plain(sentence)
        claims = find(text, self._grounds.currency)
        if not claims:
            return []
        about = self._subjects.mentioned(text) or self._subjects.last_mentioned(before)
        asking = text.rstrip().endswith("?") and _QUESTION.match(text) is not None
        return [
            claim.text
            for claim in claims
            if not self._holds(claim, text, about, asking=asking) and not named(claim, text, self._grounds.titles)
        ]

    def _holds(self, claim: Claim, text: str, about: list[str], *, asking: bool) -> bool:
        low, high = segment(text, claim.start)
        part = text[low:high]
        before = text[low : claim.start]
        match claim.kind:
            case "amount":
                return self._amounts.amount(
                    claim,
                    text,
                    part,
                    before,
                    self._subjects.mentioned(part) or about,
                    alone=bool(self._subjects.mentioned(part)),
                )
            case "percent":
                return self._amounts.percent(claim, part, before)
            case "free":
                return asking or NEGATED.search(before) is not None or self._amounts.free(claim, text, part)
            case "stock" | "count":
                if asking or _UNCERTAIN.search(before):
                    return True
                return self._stock.holds(claim, part, before, self._subjects.units(part, about))
            case "duration":
                return self._times.duration(claim, part)
            case "day":
                return asking or self._times.day(claim, part)
            case "name":
                return self._deeds.name(str(claim.value), part, text)
            case "address":
                return self._deeds.address(str(claim.value))
            case "done":
                certain = not asking and not _UNCERTAIN.search(before) and not NEGATED.search(f"{before} {claim.text}")
                return not certain or self._deeds.done(str(claim.value), part)
            case _:
                return False
