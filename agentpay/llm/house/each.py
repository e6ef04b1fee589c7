# ruff: noqa: E501 (a regular expression is read in one piece)
"""So many of each: "five in each colour", "one of each", "both", over the variants of one product; "three each" over the cart."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any

from agentpay.llm.brain import ActView, ToolOutcome
from agentpay.llm.house.refs import having, named, target
from agentpay.llm.house.talk import Ask, Talk

_KINDS = r"(?:colou?rs?|shades?|sizes?|lengths?|flavou?rs?|scents?|versions?|variants?|varieties|kinds?|sorts?|styles?|designs?|ones?)"
_EACH = re.compile(
    rf"\b(?:of|in|for) (?:each|every)\b(?! other)|\b(?:each|every) {_KINDS}\b|\b(?:\d{{1,2}}|one|two|three|four|five|six|seven|eight|nine|ten) each\b"
    rf"|\b(?:both|all)(?: of)?(?: the)?(?: two| three| four| five)? {_KINDS}\b",
    re.I,
)
_BOTH = re.compile(r"\bboth\b(?!\s+(?:and|are|is|were|come|work|fit|look)\b)", re.I)
_MOST = 8
"""Variants that are put into the cart at once."""
Found = Generator[Ask, ToolOutcome, list[dict[str, Any]]]


def means_each(text: str) -> bool:
    """Whether so many of each of several are wanted."""
    return _EACH.search(text) is not None or _BOTH.search(text) is not None


def variants_meant(talk: Talk, act: ActView) -> Found:
    """The variants of one product that "one of each" means, with what check_inventory tells of them; empty where it means none."""
    if not means_each(act.text) or act.entities.get("ordinals"):
        return []
    if talk.asked_for == "variant" and not named(act):
        rows = list(talk.pending.get("candidates", []))
    else:
        ref = target(talk, act)
        if "product" not in ref or (talk.focus is None and named(act) is None and len(talk.turn.shown) > 1):
            return []
        outcome = yield Ask("check_inventory", {"product": ref["product"]})
        rows = outcome.result["variants"] if outcome.ok else []
    wished = act.entities.get("options", {})
    if values := act.entities.get("values"):
        said = [having(rows, {"": str(value)}) for value in values]
        return [row for row in rows if any(row in fitting for fitting in said)][:_MOST]
    rows = having(rows, wished) if wished else rows
    if not 1 < len(rows) <= _MOST or (_EACH.search(act.text) is None and len(rows) != 2):
        return []
    return rows


def lines_meant(talk: Talk, act: ActView) -> list[dict[str, Any]]:
    """The lines of the cart that "make it three each" is said of: those of the product spoken of, else all of them."""
    lines: list[dict[str, Any]] = [line for line in talk.cart.get("items", []) if line["variant_external_id"]]
    if not means_each(act.text) or named(act) is not None:
        return []
    focus = (talk.focus or {}).get("product")
    of_focus = [line for line in lines if focus in (line["product_external_id"], line["variant_external_id"])]
    product = of_focus[0]["product_external_id"] if of_focus else None
    own = [line for line in lines if product is not None and line["product_external_id"] == product]
    meant = own if len(own) > 1 else lines
    return meant if len(meant) > 1 else []
