"""What names an order or a place, and what is said to have been done."""

from __future__ import annotations

import re

from agentpay.nodes.claims.grounds import Grounds
from agentpay.nodes.claims.texts import NEGATED

_DEAD = re.compile(
    r"\b(?:expired|used up|invalid|over|ended|unknown|ineligible|rejected|refused|sorry)\b", re.IGNORECASE
)
_ORDERLY = re.compile(
    r"\b(?:orders?|tracking|track|parcel|package|shipment|reference|ref|confirmation|invoice|receipt|rma|ticket|case)\b",
    re.IGNORECASE,
)
_WILL = re.compile(r"\b(?:i'?ll|will|would|can|could|let me|shall)\b", re.IGNORECASE)
_MONEY_MOVES = re.compile(r"\b(?:payment|money|refund|transfer)\b", re.IGNORECASE)
_PLAIN = frozenset({"here", "below", "code", "please", "now", "and", "the"})


class DeedRules:
    """Holds numbers, codes, links and deeds to what results show."""

    def __init__(self, grounds: Grounds) -> None:
        self.grounds = grounds

    def name(self, value: str, part: str, text: str) -> bool:
        known = self.grounds
        if value.startswith("code "):
            code = value.removeprefix("code ")
            refused = code in known.said and (NEGATED.search(text) or _DEAD.search(text) or text.rstrip().endswith("?"))
            return (
                code in known.codes
                or bool(refused)
                or any(re.search(rf"\b{re.escape(code)}\b", one) for one in known.articles)
                or code in _PLAIN
            )
        token = value.lstrip("#")
        if token in known.names or token in known.told:
            return True
        if re.search(rf"(?<![a-z0-9]){re.escape(token)}(?![a-z0-9])", known.said):
            return True
        if _ORDERLY.search(part):
            return False
        return any(token in one for one in [*known.written, *known.articles])

    def address(self, value: str) -> bool:
        known = self.grounds
        value = _even(value)
        if any(value == _even(url) for url in known.urls) or value in _even(known.said):
            return True
        if value in known.names:  # a tracking number looks like a telephone's
            return True
        digits_of = re.sub(r"\D", "", value)
        return any(
            value in one or (len(digits_of) > 8 and digits_of in re.sub(r"\D", "", one)) for one in known.articles
        )

    def done(self, name: str, part: str) -> bool:
        known = self.grounds
        tokens = {
            token
            for token in re.findall(r"[a-z0-9]+(?:[-_/][a-z0-9]+)*", part.casefold())
            if any(map(str.isdigit, token))
        }
        orders = [one for one in known.orders if str(one.get("number", "")).casefold() in tokens] or known.orders
        paid = (known.checkout or {}).get("status") in ("confirmed", "succeeded")
        match name:
            case "refunded" if known.may_refund and _WILL.search(part):
                return True
            case "refunded":
                return known.refunds or any(
                    one.get("refunded") or one.get("status") in ("refunded", "partially_refunded", "cancelled")
                    for one in orders
                )
            case "cancelled":
                return any(one.get("status") == "cancelled" for one in orders) or self._policy(r"cancel", part)
            case "shipped" if _MONEY_MOVES.search(part):
                return paid or known.refunds
            case "shipped":
                return any(one.get("fulfillment_status") in ("shipped", "delivered") for one in orders) or self._policy(
                    r"ship|dispatch|way", part
                )
            case "delivered":
                return any(one.get("fulfillment_status") == "delivered" for one in orders) or self._policy(
                    "deliver", part
                )
            case "ordered":
                return paid or any(one.get("status") not in (None, "pending") for one in orders)
            case "discounted":
                given = any(one and one.get("discount") for one in (known.cart, known.checkout))
                return given or known.offer is not None or bool(known.codes)
            case "in_cart":
                return bool((known.cart or {}).get("items"))
            case _:
                return name == "empowered" and known.verified and "verified" in part.casefold()

    def _policy(self, pattern: str, part: str) -> bool:
        """A rule told from an article ("orders can be cancelled until they ship"), rather than what became of an order."""
        own = re.search(
            r"(?i)\b(?:your|it|i|we)(?:'s|'ve)?\s+(?:\w+ ){0,3}(?:has|have|was|is|been|'ve)\b|\b(?:i|we)'ve\b", part
        )
        return own is None and any(re.search(pattern, one) for one in self.grounds.articles)


def _even(address: str) -> str:
    """Without what markup may have taken from it."""
    return address.rstrip("/").replace("_", "").replace("~", "").replace("*", "")
