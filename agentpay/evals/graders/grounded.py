"""Whether what was claimed is true: prices, stock, dates, numbers that name orders, things done, each borne out by a tool's result."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from agentpay.evals.graders.protocol import Grade, verdict
from agentpay.evals.graders.record import Record, ToolCall, Turn
from agentpay.nodes.claims import Grounds
from agentpay.nodes.claims.checking import Checker

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_ARTICLES = "search_knowledge"
_LEAST_QUOTED = 4
"""Words of a sentence that can only be a quotation."""
_WORD = re.compile(r"[a-z0-9]+")


class Grounded:
    """The rules that hold back a chat model's claims (nodes/claims), on what the customer has read in the end.

    A claim may rest on any tool result up to its turn, on the customer's own words, on what the shop lays down, and, where
    the service announces something by itself, on the order that it is about. A sentence that an article has word for word
    is the merchant's own.
    """

    def grade(self, record: Record) -> Sequence[Grade]:
        return [verdict("grounded", list(_unsupported(record)))]


def _unsupported(record: Record) -> Iterator[str]:
    goods = frozenset(
        word
        for turn in record.turns
        for call in turn.calls
        if call.name != _ARTICLES  # their titles name no goods
        for word in _titles(call.result)
    )
    now = datetime.fromisoformat(record.state.conversation["created_at"])
    for number, turn in enumerate(record.turns, 1):
        texts = [reply["content"] for reply in turn.replies if reply["role"] == "assistant" and reply["content"]]
        if not texts:
            continue
        checker = Checker(_grounds(record, turn, goods), now)
        articles = [passage["text"] for call in turn.calls if call.name == _ARTICLES for passage in _passages(call)]
        for text in texts:
            told = ""
            for sentence in _SENTENCE.split(text):
                claims = [] if _quoted(sentence, articles) else checker.unsupported(sentence, told)
                for claim in claims:
                    yield f"turn {number}: {claim!r} in {sentence!r}"
                told += f"{sentence} "


def _passages(call: ToolCall) -> Sequence[Mapping[str, Any]]:
    found: Sequence[Mapping[str, Any]] = call.result.get("passages", ())
    return found


def _quoted(sentence: str, articles: Sequence[str]) -> bool:
    return len(sentence.split()) >= _LEAST_QUOTED and any(sentence.strip() in article for article in articles)


def _grounds(record: Record, of: Turn, goods: frozenset[str]) -> Grounds:
    shop = record.shop
    grounds = Grounds(shop.currency, verified=True, goods=goods)
    turns = record.turns[: record.turns.index(of) + 1]
    for turn in turns:  # in order: what a tool says of cart and checkout takes the place of what was said before
        for call in turn.calls:
            grounds.take(call.name, call.result, ok=call.ok)
    if of.kind != "message":
        for order in record.state.orders:
            grounds.take("order_status", {"order": order}, ok=True)
    customer = [turn.said for turn in turns if turn.said]
    before = [reply["content"] for turn in turns[:-1] for reply in turn.replies]
    grounds.hear(customer, before)
    grounds.shop(shop.policies, shop.support_email)
    return grounds


def _titles(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "title" and isinstance(inner, str):
                yield from _WORD.findall(inner.casefold())
            else:
                yield from _titles(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _titles(inner)
