# ruff: noqa: E501 (a regular expression is read in one piece)
"""Holds a sentence's claims to the grounds there are."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

from agentpay.intents.entities.money import minor_units
from agentpay.intents.words import word_set
from agentpay.money import digits
from agentpay.nodes.claims.finding import MOVES, Claim, find, plain, segment
from agentpay.nodes.claims.grounds import Amount, Grounds, Unit

_QUESTION = re.compile(
    r"^\W*(?:\w+[,!]\s+)?(?:so |and |or |also |but )?(?:would|do|does|did(?! you know)|can|could|shall|should|may|is|are|was|were|which|what|when|where|how|have|has|want|need|any|will)\b",
    re.IGNORECASE,
)
_UNCERTAIN = re.compile(
    r"\b(?:if|whether|let me (?:check|see|look|find)|i(?:'ll| will| can| could)(?: \w+)? (?:check|see|look|find out)|once|as soon as|when(?:ever)?|unless|until|before|in case|would you like|do you want|shall i|want me to|happy to check|depends?|subject to)\b",
    re.IGNORECASE,
)
_NEGATED = re.compile(
    r"\b(?:not|n't|never|cannot|can't|cant|couldn't|won't|isn't|wasn't|hasn't|haven't|doesn't|don't|didn't|no|unable|nothing|neither|without|nor|yet to|cannot be)\b|n't\b",
    re.IGNORECASE,
)
_REFUSES = re.compile(
    r"\b(?:can(?:no|')t|cannot|can not|unable to|not able to|won't|couldn't|could not|isn't|is not|not possible|don't have|do not have|not|below|beyond)\b[^.!?]{0,40}$",
    re.IGNORECASE,
)
_LIMITS = re.compile(
    r"\b(?:under|below|up to|within|over|above|between|and|budget(?: of| is|:)?|than|around|about|asked (?:for|about)|offered|proposed|mentioned|suggested|said|wanted|(?:you(?:r|'d)?|the) (?:\w+ ){0,3}(?:offer|idea|budget|limit|maximum|request) (?:of|is|was|for)|as low as|down to)\s*(?:about |only |just |a )?\W{0,2}$",
    re.IGNORECASE,
)
_GRANTS = re.compile(
    r"\b(?:deal|agreed|it'?s yours|yours for|you (?:can )?(?:have|get) it|no problem|sure|accepted?)\b", re.IGNORECASE
)
_TOTAL = re.compile(
    r"\b(?:total\w*|altogether|comes? to|in all|sum|amount due|to pay|you(?:'ll)? pay|subtotal|overall|order is|cart is)\b",
    re.IGNORECASE,
)
_WHOLE = re.compile(r"\b(?:total\w*|altogether|in all|overall|amount due|subtotal|order is|cart is)\b", re.IGNORECASE)
_EACH = re.compile(r"\b(?:each|apiece|per|one|single)\b", re.IGNORECASE)
_WILL = re.compile(r"\b(?:i'?ll|will|would|can|could|let me|shall)\b", re.IGNORECASE)
_MONEY_MOVES = re.compile(r"\b(?:payment|money|refund|transfer)\b", re.IGNORECASE)
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
_AVAILABLE = re.compile(
    r"\b(?:ship\w*|deliver\w*|option\w*|help|support|assist\w*|payment|pay|pickup|colleague|person|team|agent|human|appointment|service|refund\w*|return\w*|exchange\w*|code|discount|offer|anytime|24/7|i'm|i am|information|details?)\b",
    re.IGNORECASE,
)
_DEAD = re.compile(
    r"\b(?:expired|used up|invalid|over|ended|unknown|ineligible|rejected|refused|sorry)\b", re.IGNORECASE
)
_ORDERLY = re.compile(
    r"\b(?:orders?|tracking|track|parcel|package|shipment|reference|ref|confirmation|invoice|receipt|rma|ticket|case)\b",
    re.IGNORECASE,
)
_NONE = re.compile(r"\b(?:do not|don't|doesn't|does not|no|not|isn't|aren't)\b", re.IGNORECASE)
_STOP = frozenset(
    [
        "the",
        "and",
        "for",
        "with",
        "a",
        "an",
        "of",
        "in",
        "to",
        "our",
        "your",
        "set",
        "pack",
        "new",
        "best",
        "one",
        "two",
        "size",
        "from",
        "on",
        "by",
        "it",
        "all",
    ]
)
_WORD = re.compile(r"[a-z0-9]+")
_FILLING = word_set(
    "is are costs cost costing was be at for only just now price priced prices you can get have has sells sell sold goes go comes come to total the a an of it its your our each usd eur gbp "
    "dollar dollars euro euros pound pounds cents and in with one that this will would from about around today here only still"
)
_NEAR = 3
_FAR = 600
_MANY = 10


class Checker:
    """Checks the sentences of one reply: what "it" is about is looked for in those before."""

    def __init__(self, grounds: Grounds, now: datetime | None = None) -> None:
        self.grounds = grounds
        self._today = (now or datetime.now(UTC)).date()
        self._words: dict[str, frozenset[str]] | None = None

    def unsupported(self, sentence: str, before: str = "") -> list[str]:
        """The claims, as they were written, that nothing bears out. `before`: what the reply has said so far."""
        text = plain(sentence)
        claims = find(text, self.grounds.currency)
        if not claims:
            return []
        about = self._mentioned(text) or self._last_mentioned(before)
        asking = text.rstrip().endswith("?") and _QUESTION.match(text) is not None
        return [claim.text for claim in claims if not self._holds(claim, text, about, asking=asking)]

    def _holds(self, claim: Claim, text: str, about: list[str], *, asking: bool) -> bool:
        low, high = segment(text, claim.start)
        part = text[low:high]
        before = text[low : claim.start]
        match claim.kind:
            case "amount":
                return self._amount(
                    claim, text, part, before, self._mentioned(part) or about, alone=bool(self._mentioned(part))
                )
            case "percent":
                return self._percent(claim, part, before)
            case "free":
                return asking or _NEGATED.search(before) is not None or self._free(claim, text, part)
            case "stock" | "count":
                if asking or _UNCERTAIN.search(before):
                    return True
                return self._stock(claim, part, before, self._units(part, about))
            case "duration":
                return self._duration(claim, part)
            case "day":
                return asking or self._day(claim, part)
            case "name":
                return self._name(str(claim.value), part, text)
            case "address":
                return self._address(str(claim.value))
            case "done":
                certain = not asking and not _UNCERTAIN.search(before) and not _NEGATED.search(f"{before} {claim.text}")
                return not certain or self._done(str(claim.value), part)
            case _:
                return False

    # Amounts

    def _amount(self, claim: Claim, text: str, part: str, before: str, about: list[str], *, alone: bool) -> bool:
        assert isinstance(claim.value, int)
        minor, known = claim.value, self.grounds
        if claim.currency not in (None, known.currency):
            return self._quoted(claim.text, known.articles, part)
        if minor == 0:
            return self._free(claim, text, part)
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
        return _RULE.search(part if not alone else "") is not None and self._quoted(claim.text, known.articles, text)

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
        counts |= {n for word, n in _COUNTS.items() if word in part.casefold()}
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
        if _GRANTS.search(part) or not (_LIMITS.search(before) or _REFUSES.search(before)):
            return False
        return self._named_by_customer(claim.value)

    def _named_by_customer(self, minor: int) -> bool:
        written = re.findall(r"\d[\d.,]*\d|\d", self.grounds.said)
        return any(minor_units(number, self.grounds.currency) == minor for number in written)

    def _percent(self, claim: Claim, part: str, before: str) -> bool:
        value = claim.value
        assert isinstance(value, Decimal)
        share = _PRODUCT_SHARE.search(part) is not None
        if value == 100 and not share:
            return True
        if re.search(rf"(?<![\d.]){value.normalize():f}\s?(?:%|percent|per cent)", self.grounds.worth):
            return True
        if (_REFUSES.search(before) or _LIMITS.search(before)) and re.search(
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

    def _free(self, claim: Claim, text: str, part: str) -> bool:
        known = self.grounds
        if re.search(r"(?i)ship|deliver", f"{claim.text} {part}"):
            if 0 in known.served or (
                (known.checkout or {}).get("shipping_option") and (known.checkout or {}).get("shipping") == 0
            ):
                return True
            if any("free" in one and re.search("ship|deliver", one) for one in known.articles):
                # Of a rule with a condition ("over $50") the condition belongs to it
                return self._conditional(text) or not known.served
            return False
        if re.search(r"(?i)return|exchang|refund|cancel|sent? (?:it )?back", f"{claim.text} {part}"):
            return any(
                re.search(r"\bfree\b|no (?:charge|cost|fee)|without (?:charge|cost)", one) for one in known.articles
            )
        words = set(_WORD.findall(claim.text.casefold())) - {
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
            ) or self._quoted("free", known.articles, text)
        return self._quoted(claim.text, [*known.articles], text)

    def _conditional(self, text: str) -> bool:
        return (
            re.search(
                r"(?i)\b(?:over|above|from|more than|at least|orders? of|spend|if|when|minimum|up to|within)\b", text
            )
            is not None
        )

    # Stock

    def _units(self, part: str, about: list[str]) -> list[Unit]:
        """The variants the clause speaks of, as far as it says which."""
        units = self.grounds.units
        named = self._mentioned(part) or about
        if named:
            units = [unit for unit in units if unit.title in named]
        low = f" {' '.join(_WORD.findall(part.casefold()))} "
        chosen = [
            unit for unit in units if any(f" {' '.join(_WORD.findall(option))} " in low for option in unit.options)
        ]
        return chosen or units

    def _stock(self, claim: Claim, part: str, before: str, units: list[Unit]) -> bool:
        there = [unit for unit in units if unit.available is None or unit.available > 0]
        if claim.kind == "count":
            return self._counted(claim, part, units)
        word = claim.text.casefold()
        if "availab" in word and _AVAILABLE.search(part):
            return True
        positive = claim.value == "yes"
        if positive and _NONE.search(before):
            positive = False
        if positive:
            if "plenty" in word:
                return any(unit.available is None or unit.available >= _MANY for unit in units)
            return bool(there) or self._quoted("stock" if "stock" in word else word, self.grounds.articles, part)
        if len(there) < len(units):
            return True
        if not self.grounds.units and self.grounds.searched:
            return True  # nothing was found
        return "availab" in word and not units and not self.grounds.units and self.grounds.searched

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

    # Times

    def _duration(self, claim: Claim, part: str) -> bool:
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
            for match in re.finditer(rf"(\d+|\b[a-z]+)(?:\s?(?:-|–|to|or)\s?(\d+))?[\s-]+(?:\w+ )?{unit[:2]}", one):
                if numbers & {match[1], match[2] or ""} or _spelled(match[1]) in (low, high):
                    return True
        if low == 0:  # "a few days": nothing anybody can hold us to
            return not moves
        return (
            not moves
            and unit in ("hour", "hr", "year", "month", "week")
            and not re.search(r"(?i)warrant|guarant", part)
        )

    def _day(self, claim: Claim, part: str) -> bool:
        if isinstance(claim.value, date):
            wanted = claim.value
            days = self.grounds.days
            if wanted in days or (
                wanted.year == 1904 and any((d.month, d.day) == (wanted.month, wanted.day) for d in days)
            ):
                return True
            return self._told_before(claim.text) or self._quoted(claim.text, self.grounds.articles, claim.text)
        if not MOVES.search(part):
            return True
        word = str(claim.value)
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

    # Names

    def _name(self, value: str, part: str, text: str) -> bool:
        known = self.grounds
        if value.startswith("code "):
            code = value.removeprefix("code ")
            refused = code in known.said and (
                _NEGATED.search(text) or _DEAD.search(text) or text.rstrip().endswith("?")
            )
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

    def _address(self, value: str) -> bool:
        known = self.grounds
        value = _even(value)
        if any(value == _even(url) for url in known.urls) or value in _even(known.said):
            return True
        digits_of = re.sub(r"\D", "", value)
        return any(
            value in one or (len(digits_of) > 8 and digits_of in re.sub(r"\D", "", one)) for one in known.articles
        )

    # Things done

    def _done(self, name: str, part: str) -> bool:
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

    # What texts say

    def _quoted(self, written: str, texts: Sequence[str], around: str) -> bool:
        """Whether an article's sentence says this, in a sentence about the same thing."""
        wanted = _figures(written) or set(_WORD.findall(written.casefold()))
        words = {word[:5] for word in _WORD.findall(around.casefold()) if len(word) > _NEAR and word not in _STOP}
        for text in texts:
            for one in re.split(r"(?<=[.!?;])\s|\n", text):
                figures = _figures(one) if _figures(written) else set(_WORD.findall(one))
                if wanted <= figures and (words & {word[:5] for word in _WORD.findall(one)} or not words):
                    return True
        return False

    def _told_before(self, written: str) -> bool:
        return bool(_figures(written)) and _figures(written) <= self.grounds.told

    def _mentioned(self, text: str) -> list[str]:
        """Titles that the text names: whole, or by a word that no other product of these has."""
        titles = self.grounds.titles
        if not titles:
            return []
        low = text.casefold()
        whole = [title for title in titles if title.casefold() in low]
        if whole:
            return [title for title in whole if not any(title != other and title in other for other in whole)]
        words = {word.rstrip("s") for word in _WORD.findall(low)}
        return [title for title, own in self._own_words().items() if own & words]

    def _last_mentioned(self, before: str) -> list[str]:
        for sentence in reversed(re.split(r"(?<=[.!?])\s|\n", plain(before[-_FAR:]))):
            if found := self._mentioned(sentence):
                return found
        return []

    def _own_words(self) -> dict[str, frozenset[str]]:
        if self._words is None or len(self._words) != len(self.grounds.titles):
            known = self.grounds.titles
            plural = {
                title: frozenset(w.rstrip("s") for w in own if len(w) >= _NEAR and w not in _STOP and not w.isdigit())
                for title, own in known.items()
            }
            options = {
                word.rstrip("s")
                for unit in self.grounds.units
                for option in unit.options
                for word in _WORD.findall(option)
            }
            self._words = {
                title: own - options - frozenset().union(*(other for name, other in plural.items() if name != title))
                for title, own in plural.items()
            }
        return self._words


_COUNTS = {
    "two": 2,
    "both": 2,
    "pair": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "dozen": 12,
}
_PLAIN = frozenset({"here", "below", "code", "please", "now", "and", "the"})


def _even(address: str) -> str:
    """Without what markup may have taken from it."""
    return address.rstrip("/").replace("_", "").replace("~", "").replace("*", "")


def _figures(text: str) -> set[str]:
    """Numbers, written alike: "$1,200.00" and "1200" are one."""
    return {
        re.sub(r"[.,]00$", "", one).replace(",", "").replace("'", "") for one in re.findall(r"\d[\d.,']*\d|\d", text)
    }


def _spelled(word: str) -> int | None:
    return _COUNTS.get(
        word,
        {"one": 1, "a": 1, "an": 1, "fourteen": 14, "thirty": 30, "sixty": 60, "ninety": 90, "twenty": 20}.get(word),
    )


def minor_text(minor: int, currency: str) -> set[str]:
    """The ways in which tools write an amount's number."""
    whole, rest = divmod(minor, 10 ** digits(currency))
    return (
        {f"{whole:,}", str(whole), f"{whole:,}.{rest:02d}", f"{whole}.{rest:02d}"}
        if not rest
        else {f"{whole:,}.{rest:02d}", f"{whole}.{rest:02d}"}
    )
