"""Days, dates and how long something takes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, timedelta

from agentpay.nodes.claims.finding import MOVES, Claim
from agentpay.nodes.claims.grounds import Grounds
from agentpay.nodes.claims.texts import COUNTS, figures, quoted


class TimeRules:
    """Holds times to shipping options, windows, dates of results, and articles."""

    def __init__(self, grounds: Grounds, today: date) -> None:
        self.grounds = grounds
        self._today = today

    def duration(self, claim: Claim, part: str) -> bool:
        assert isinstance(claim.value, tuple)
        low, high = claim.value
        unit = claim.currency or "day"
        moves = MOVES.search(part) is not None
        if not moves and re.search(
            r"(?i)\b(?:for|over|past|last) (?:\w+ )?$", part[: part.find(claim.text)] if claim.text in part else ""
        ):
            return True
        if unit == "day" and (
            (low, high) in self.grounds.spans or (low == high and any(low in span for span in self.grounds.spans))
        ):
            return True
        if unit == "week" and any(
            (low * 7, high * 7) == span or (low == high and low * 7 in span) for span in self.grounds.spans
        ):
            return True
        if unit == "day" and any(
            day == self._today + timedelta(days=n) for day in self.grounds.days for n in {low, high}
        ):
            return True
        texts = self.grounds.articles if moves else [*self.grounds.articles, *self.grounds.written, self.grounds.said]
        numbers = {str(low), str(high)}
        for one in texts:
            # Looked ahead: "first 90 days" is read from "first" and from "90"
            pattern = rf"(?=(?<!\d)(\d+|\b[a-z]+)(?:\s?(?:-|–|to|or)\s?(\d+))?[\s-]+(?:\w+ )?{unit[:2]})"
            for match in re.finditer(pattern, one):
                if numbers & {match[1], match[2] or ""} or _spelled(match[1]) in (low, high):
                    return True
        if low == 0:  # "a few days": nothing anybody can hold us to
            return not moves
        return (
            not moves
            and unit in ("hour", "hr", "year", "month", "week")
            and not re.search(r"(?i)warrant|guarant", part)
        )

    def day(self, claim: Claim, part: str) -> bool:
        if isinstance(claim.value, date):
            wanted = claim.value
            days = self.grounds.days
            if wanted in days or (
                wanted.year == 1904 and any((d.month, d.day) == (wanted.month, wanted.day) for d in days)
            ):
                return True
            return self._told_before(claim.text) or quoted(claim.text, self.grounds.articles, claim.text)
        if not MOVES.search(part):
            return True
        word = str(claim.value)
        method = ((self.grounds.checkout or {}).get("shipping_option") or {}).get("name")
        if isinstance(method, str) and word in method.casefold():
            return True  # "Next-day shipping": a rate that is called so
        if re.fullmatch(r"today|tonight", word) and re.search(
            r"(?i)\b(?:help|looking|find|thank\w*|here|do for you)\b", part
        ):
            return True
        if any(day in self.grounds.days for day in self._days_of(word)) and not re.search(
            r"(?i)\b(?:deliver|arriv|reach|be (?:there|with))", part
        ):
            return True
        core = re.sub(r"^(?:on|by|this|next)\s", "", word)
        return any(core in one for one in self.grounds.articles) and (core in part.casefold())

    def _days_of(self, word: str) -> Iterable[date]:
        if word in ("today", "tonight"):
            yield self._today
        elif word == "tomorrow":
            yield self._today + timedelta(days=1)
        else:
            for ahead in range(8):
                day = self._today + timedelta(days=ahead)
                if day.strftime("%A").casefold() in word:
                    yield day

    def _told_before(self, written: str) -> bool:
        return bool(figures(written)) and figures(written) <= self.grounds.told


def _spelled(word: str) -> int | None:
    return COUNTS.get(
        word,
        {"one": 1, "a": 1, "an": 1, "fourteen": 14, "thirty": 30, "sixty": 60, "ninety": 90, "twenty": 20}.get(word),
    )
