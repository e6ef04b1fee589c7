# ruff: noqa: E501 (a regular expression is read in one piece)
"""Amounts, percentages, and what is said to be free."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

from agentpay.intents.entities.money import minor_units
from agentpay.intents.words import word_set
from agentpay.money import digits
from agentpay.nodes.claims.finding import Claim
from agentpay.nodes.claims.grounds import Amount, Grounds
from agentpay.nodes.claims.texts import COUNTS, LIMITS, REFUSES, WORD, quoted

_GRANTS = re.compile(
    r"\b(?:deal|agreed|it'?s yours|yours for|you (?:can )?(?:have|get) it|no problem|sure|accepted?)\b", re.IGNORECASE
)
_TOTAL = re.compile(
    r"\b(?:total\w*|altogether|comes? to|in all|sum|amount due|to pay|you(?:'ll)? pay|subtotal|overall|order is|cart is)\b",
    re.IGNORECASE,
)
_WHOLE = re.compile(r"\b(?:total\w*|altogether|in all|overall|amount due|subtotal|order is|cart is)\b", re.IGNORECASE)
_EACH = re.compile(r"\b(?:each|apiece|per|one|single)\b", re.IGNORECASE)
_SHIPPING = re.compile(r"\b(?:ship\w*|deliver\w*|postage|courier|express|standard)\b", re.IGNORECASE)
_CHANGE = re.compile(
    r"\b(?:sav(?:e|es|ing|ings)|less|off|cheaper|more|difference|discount\w*|reduc\w*|extra|additional|on top|remaining|short|away|below|under|over|above|another|from)\b",
    re.IGNORECASE,
)
_RULE = re.compile(
    r"\b(?:orders?|spend\w*|purchases?|over|above|from|minimum|at least|threshold|fees?|label|deposit|return\w*|refund\w*|restocking|gift|wrap\w*|warrant\w*|repair\w*|ship\w*|deliver\w*|customs|dut(?:y|ies)|pick ?up|insur\w*|card|member\w*|subscri\w*|point\w*|credit\w*|rental|class\w*|lessons?|engrav\w*|assembl\w*|service)\b",
    re.IGNORECASE,
)
_PRODUCT_SHARE = re.compile(
    r"\b(?:off|discount\w*|sale|sav(?:e|es|ing|ings)|cheaper|less|reduc\w*|deal|rebate|markdown|price\w*|coupon|code|refund\w*|tax|vat)\b",
    re.IGNORECASE,
)
_FILLING = word_set(
    "is are costs cost costing was be at for only just now price priced prices you can get have has sells sell sold goes go comes come to total the a an of it its your our each usd eur gbp "
    "dollar dollars euro euros pound pounds cents and in with one that this will would from about around today here only still"
)


class AmountRules:
    """Holds amounts to those that tools told, of what they are said to be."""

    def __init__(self, grounds: Grounds) -> None:
        self.grounds = grounds

    def amount(self, claim: Claim, text: str, part: str, before: str, about: list[str], *, alone: bool) -> bool:
        assert isinstance(claim.value, int)
        minor, known = claim.value, self.grounds
        if claim.currency not in (None, known.currency):
            return quoted(claim.text, known.articles, part)
        if minor == 0:
            return self.free(claim, text, part)
        if known.may_refund and "refund" in part.casefold() and self._named_by_customer(minor):
            return any(amount.role == "refund" and amount.minor >= minor for amount in known.amounts)
        if self._of_something_else(text[: claim.start + len(claim.text)]):
            return False
        if self._repeats(claim, before, part):
            return True
        fitting = [amount for amount in known.amounts if amount.minor == minor]
        if fitting and self._fits(fitting, minor, part, about, alone=alone):
            return True
        if self._derived(minor, part, about):
            return True
        if minor_text(minor, known.currency) & set(re.findall(r"\d[\d.,]*\d|\d", known.worth)):
            return True
        return _RULE.search(part if not alone else "") is not None and quoted(claim.text, known.articles, text)

    def _of_something_else(self, text: str) -> bool:
        """Whether the amount that ends the text is put on goods of the shop that no tool told of in this turn."""
        words = [word for word in re.findall(r"[a-z]+", text.casefold()) if word not in _FILLING]
        if not words:
            return False
        head = words[-1]
        forms = {head, head.removesuffix("s"), head.removesuffix("es")}
        if not forms & self.grounds.goods:
            return False
        told = [*self.grounds.written, *(title.casefold() for title in self.grounds.titles)]
        told += [option for unit in self.grounds.units for option in unit.options]
        return not any(form in one for one in told for form in forms)

    def _fits(self, fitting: Sequence[Amount], minor: int, part: str, about: list[str], *, alone: bool) -> bool:
        """Whether the amount is one of what the sentence speaks of."""
        known = self.grounds
        roles = {amount.role for amount in fitting}
        if _TOTAL.search(part) and (known.cart or known.checkout or known.orders):
            whole = _WHOLE.search(part) is not None and _EACH.search(part) is None
            return bool(roles & {"total", "refund"}) or minor in self._multiples(2 if whole else 1)
        if _SHIPPING.search(part) and known.served and not alone:
            return bool(roles & {"shipping", "total", "other"}) or minor in known.served
        owners = {amount.title for amount in fitting}
        return not about or None in owners or bool(owners & set(about))

    def _derived(self, minor: int, part: str, about: list[str]) -> bool:
        """What follows from the facts by arithmetic: so many of one price, what is saved, goods and shipping."""
        prices = {a.minor for a in self.grounds.amounts if a.role == "price" and (not about or a.title in about)}
        counts = {int(n) for n in re.findall(r"(?<![\w.$€£])\d{1,3}(?![\w.%])", part)} | self.grounds.quantities
        counts |= {n for word, n in COUNTS.items() if word in part.casefold()}
        if any(price * n == minor for price in prices for n in counts if n > 1):
            return True
        if _CHANGE.search(part):
            amounts = {a.minor for a in self.grounds.amounts}
            return any(minor + other in amounts for other in amounts)
        if _TOTAL.search(part):
            goods = {a.minor for a in self.grounds.amounts if a.role in ("total", "price")}
            return any(minor - one in goods for one in self.grounds.served)
        return False

    def _multiples(self, least: int) -> set[int]:
        """What `least` or more of the units of a line come to."""
        items = [*(self.grounds.cart or {}).get("items", []), *(self.grounds.checkout or {}).get("items", [])]
        return {line["unit_price"] * n for line in items for n in range(least, line["quantity"] + 1)}

    def _repeats(self, claim: Claim, before: str, part: str) -> bool:
        """The customer's own figure, repeated as a limit or refused; never granted."""
        assert isinstance(claim.value, int)
        if _GRANTS.search(part) or not (LIMITS.search(before) or REFUSES.search(before)):
            return False
        return self._named_by_customer(claim.value)

    def _named_by_customer(self, minor: int) -> bool:
        written = re.findall(r"\d[\d.,]*\d|\d", self.grounds.said)
        return any(minor_units(number, self.grounds.currency) == minor for number in written)

    def percent(self, claim: Claim, part: str, before: str) -> bool:
        value = claim.value
        assert isinstance(value, Decimal)
        share = _PRODUCT_SHARE.search(part) is not None
        if value == 100 and not share:
            return True
        if re.search(rf"(?<![\d.]){value.normalize():f}\s?(?:%|percent|per cent)", self.grounds.worth):
            return True
        if (REFUSES.search(before) or LIMITS.search(before)) and re.search(
            rf"(?<!\d){value.normalize():f}(?!\d)", self.grounds.said
        ):
            return True
        if value in self._reductions():
            return True
        texts = self.grounds.articles if share else [*self.grounds.articles, *self.grounds.written]
        return any(re.search(rf"(?<![\d.]){value.normalize():f}\s?(?:%|percent|per cent)", one) for one in texts)

    def _reductions(self) -> set[Decimal]:
        """How many percent the offer, or the cart's discount, takes off."""
        known, pairs = self.grounds, []
        if known.offer:
            pairs.append((known.offer["list_price"] - known.offer["amount"], known.offer["list_price"]))
        pairs += [
            (one["discount"], one["subtotal"]) for one in (known.cart, known.checkout) if one and one.get("discount")
        ]
        shares = [Decimal(100 * off) / whole for off, whole in pairs if whole]
        return {
            share.quantize(step, ROUND_HALF_UP).normalize() for share in shares for step in (Decimal(1), Decimal("0.1"))
        } | {share.quantize(Decimal(1), ROUND_HALF_UP) for share in shares}

    def free(self, claim: Claim, text: str, part: str) -> bool:
        known = self.grounds
        if re.search(r"(?i)ship|deliver", f"{claim.text} {part}"):
            if 0 in known.served or (
                (known.checkout or {}).get("shipping_option") and (known.checkout or {}).get("shipping") == 0
            ):
                return True
            if known.free_rates and self._conditional(text):
                return True
            if any("free" in one and re.search("ship|deliver", one) for one in known.articles):
                # Of a rule with a condition ("over $50") the condition belongs to it
                return self._conditional(text) or not known.served
            return False
        if re.search(r"(?i)return|exchang|refund|cancel|sent? (?:it )?back", f"{claim.text} {part}"):
            return any(
                re.search(r"\bfree\b|no (?:charge|cost|fee)|without (?:charge|cost)", one) for one in known.articles
            )
        words = set(WORD.findall(claim.text.casefold())) - {
            "is",
            "are",
            "it",
            "this",
            "that",
            "the",
            "of",
            "for",
            "no",
            "any",
        }
        if (
            words
            <= {
                "free",
                "charge",
                "fee",
                "fees",
                "extra",
                "cost",
                "costs",
                "without",
                "nothing",
                "complimentary",
                "gratis",
            }
            or claim.kind == "amount"
        ):
            return any(
                amount.minor == 0 and amount.role in ("price", "shipping", "total") for amount in known.amounts
            ) or quoted("free", known.articles, text)
        return quoted(claim.text, [*known.articles], text)

    def _conditional(self, text: str) -> bool:
        return (
            re.search(
                r"(?i)\b(?:over|above|from|more than|at least|orders? of|spend|if|when|minimum|up to|within)\b", text
            )
            is not None
        )


def minor_text(minor: int, currency: str) -> set[str]:
    """The ways in which tools write an amount's number."""
    whole, rest = divmod(minor, 10 ** digits(currency))
    return (
        {f"{whole:,}", str(whole), f"{whole:,}.{rest:02d}", f"{whole}.{rest:02d}"}
        if not rest
        else {f"{whole:,}.{rest:02d}", f"{whole}.{rest:02d}"}
    )
