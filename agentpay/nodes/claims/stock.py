# ruff: noqa: E501 (a regular expression is read in one piece)
"""Whether goods are there, and how many."""

from __future__ import annotations

import re

from agentpay.nodes.claims.finding import Claim, plain
from agentpay.nodes.claims.grounds import Grounds, Unit
from agentpay.nodes.claims.texts import quoted

_AVAILABLE = re.compile(
    r"\b(?:ship\w*|deliver\w*|option\w*|help|support|assist\w*|payment|pay|pickup|colleague|person|team|agent|human|appointment|service|refund\w*|return\w*|exchange\w*|code|discount|offer|anytime|24/7|i'm|i am|information|details?)\b",
    re.IGNORECASE,
)
_NONE = re.compile(r"\b(?:do not|don't|doesn't|does not|no|not|isn't|aren't)\b", re.IGNORECASE)
_MANY = 10


class StockRules:
    """Holds statements about stock to the variants that tools told of."""

    def __init__(self, grounds: Grounds) -> None:
        self.grounds = grounds

    def holds(self, claim: Claim, part: str, before: str, units: list[Unit]) -> bool:
        there = [unit for unit in units if unit.available is None or unit.available > 0]
        if claim.kind == "count":
            return self._of_a_name(claim, before) or self._counted(claim, part, units)
        word = claim.text.casefold()
        if "availab" in word and _AVAILABLE.search(part):
            return True
        positive = claim.value == "yes"
        if positive and _NONE.search(before):
            positive = False
        if positive:
            if "plenty" in word:
                return any(unit.available is None or unit.available >= _MANY for unit in units)
            return bool(there) or quoted("stock" if "stock" in word else word, self.grounds.articles, part)
        if len(there) < len(units):
            return True
        if not self.grounds.units and self.grounds.searched:
            return True  # nothing was found
        return "availab" in word and not units and not self.grounds.units and self.grounds.searched

    def _of_a_name(self, claim: Claim, before: str) -> bool:
        """Whether the number is a word of a title: "DX-18 cordless drill is in stock", "Filters, 100 pack, are left"."""
        ahead = " ".join(before.split()[-2:])
        own = [" ".join(claim.text.split()[:2]), f"{ahead} {claim.text.split()[0]}" if ahead else ""]
        return any(name and name.casefold() in plain(title).casefold() for title in self.grounds.titles for name in own)

    def _counted(self, claim: Claim, part: str, units: list[Unit]) -> bool:
        known = [unit.available for unit in units if unit.available is not None]
        if claim.value == "few":
            return any(0 < n <= _MANY for n in known)
        if claim.value == 0:
            return 0 in known or (self.grounds.searched and not self.grounds.units)
        if (
            not units
            and re.search(
                r"(?i)\b(?:left|remaining|available|in stock|on hand|units?|pieces?|last|warehouse)\b", claim.text
            )
            is None
        ):
            return True
        if re.search(r"(?i)\b(?:at least|more than|over)\b", part):
            return any(n >= int(str(claim.value)) for n in known) or any(unit.available is None for unit in units)
        fitting = len([unit for unit in units if unit.available is None or unit.available > 0])
        variants = re.search(
            r"(?i)\b(?:colou?rs?|sizes?|options?|variants?|versions?|models?|styles?|kinds?|products?)\b", part
        )
        return claim.value in known or sum(known) == claim.value or (variants is not None and fitting == claim.value)
