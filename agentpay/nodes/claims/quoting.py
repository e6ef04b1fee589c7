"""What of a product's text may be said: what it tells of the product, without what only the shop's own systems may tell."""

from __future__ import annotations

import re

from agentpay.nodes.claims.finding import find, plain

_LIKELY = re.compile(
    r"[$€£¥₹%]|\d{4}|https?:|www\.|@|\b(?:code|coupon|voucher|order|tracking|refund|free|off|dollars?|euros?|stock|sold|tomorrow|today|paid)",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_NOT_OURS = frozenset({"amount", "free", "address", "done", "secret", "stock", "count"})
_OWN = re.compile(r"\b(?:off|discount|sale|code|coupon|voucher|orders?|tracking)\b", re.IGNORECASE)


def about_the_product(text: str) -> str:
    """A description without the sentences that tell prices, codes, links, stock or orders: tools know those. Other text stays."""
    if _LIKELY.search(text) is None:
        return text
    sentences = [sentence for sentence in _SENTENCE.split(text) if sentence]
    kept = [sentence for sentence in sentences if not _tells_more(sentence)]
    return text if len(kept) == len(sentences) else " ".join(kept)


def _tells_more(sentence: str) -> bool:
    if _LIKELY.search(sentence) is None:
        return False
    claims = find(plain(sentence), "USD")  # which currency is meant makes no difference here
    return any(
        claim.kind in _NOT_OURS or (claim.kind in ("percent", "name", "day") and _OWN.search(sentence))
        for claim in claims
    )
