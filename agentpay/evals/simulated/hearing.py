"""What a customer makes of a reply: what was shown, what is in the cart, and which questions were asked."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from agentpay.evals.simulated.state import OrderState

Ask = Literal[
    "confirm", "human", "email", "address", "country", "shipping_option", "order_number", "which_order",
    "variant", "product", "order_item", "instead", "name", "reason", "more",
]  # fmt: skip
_ASKED: tuple[tuple[Ask, str], ...] = (
    ("instead", r"what would you like instead|instead of|which (?:one )?(?:should|would) .*(?:exchange|swap).* for"),
    ("order_item", r"send back\?|which (?:item|of them|article)|would you like to (?:return|exchange)\?|holds .* (?:which|what)"),
    ("which_order", r"which order"),
    ("order_number", r"order number|number of (?:your|the) order"),
    ("email", r"e-?mail"),
    ("country", r"which country|what country|country (?:is|should|does)"),
    ("address", r"(?<!mail )(?<!mail-)address|where (?:should|shall|do|would) .*(?:go|send|ship|deliver)|street"),
    ("shipping_option", r"(?:which|what) (?:shipping|delivery|option)|how (?:should|shall) (?:we|i) (?:ship|send)|shipping option|"
        r"(?:standard|express|economy)\b.* or "),
    ("variant", r"which (?:one|size|colou?r|version|variant|option)|which .*\bwould you like|shall it be|what (?:size|colou?r)"),
    ("product", r"which product|which one do you mean|which .*do you mean"),
    ("reason", r"\bwhy\b|reason|what(?:'s| is| was) wrong"),
    ("name", r"your name"),
    ("human", r"talk to a (?:person|human)|(?:ask|hand|pass|bring).* (?:a |to a )?(?:colleague|person)|hand you over|pass you on"),
    ("confirm", r"shall (?:i|we)\b|is that right|is that correct|do we have a deal|at that price|would you like (?:me to|to add|it|that)|"
        r"want me to|should i\b|shall it be that|go ahead\?|can i confirm|correct\?|ok(?:ay)?\?"),
    ("more", r"anything else|what would you like|how can i help|what are you looking for|would you like to know more|suit(?:s)? you"),
)  # fmt: skip
_SENTENCE = re.compile(r"[^.!?\n]*(?:\.(?=\d|\w)[^.!?\n]*)*[.!?:]?")
_NEEDS = re.compile(
    r"\b(?:i(?:'ll)? (?:also )?need|give me|tell me|missing|still open|let me know|please (?:provide|share|send))\b",
    re.I,
)


@dataclass(slots=True)
class Seen:
    """What is in front of the customer after a reply; `conversation` as the API has it."""

    text: str = ""
    blocks: list[dict[str, Any]] = field(default_factory=list)
    tools: list[dict[str, Any]] = field(default_factory=list)
    conversation: dict[str, Any] = field(default_factory=dict)
    asks: list[Ask] = field(default_factory=list)
    question: str = ""
    """The sentences that ask something."""
    listed: list[str] = field(default_factory=list)
    """Products of the newest list, in its order."""
    offer: dict[str, Any] | None = None
    """The newest offer."""
    status: str = "completed"
    order: OrderState | None = None
    """Of goals about a past order: how it stands."""
    checkout: dict[str, Any] | None = None

    @property
    def cart(self) -> dict[str, int]:
        items = self.conversation.get("cart", {}).get("items", [])
        return {line["variant_external_id"]: line["quantity"] for line in items}

    @property
    def handed_off(self) -> bool:
        return self.conversation.get("status") == "handed_off"

    @property
    def waits_for_approval(self) -> bool:
        return bool(self.conversation.get("interrupts"))

    @property
    def shown(self) -> set[str]:
        """Products that this reply shows."""
        found = {block["external_id"] for block in self.blocks if block["type"] == "product"}
        return found | {
            each["external_id"]
            for block in self.blocks
            if block["type"] == "product_list"
            for each in block["products"]
        }

    def take(self, message: dict[str, Any] | None, status: str) -> None:
        """A reply; what it does not show stays as it was."""
        message = message or {"content": "", "blocks": [], "tool_calls": []}
        self.text, self.blocks, self.tools, self.status = (
            message["content"],
            message["blocks"],
            message["tool_calls"],
            status,
        )
        self.question = questions(self.text)
        self.asks = asked(self.question)
        for block in self.blocks:
            if block["type"] == "product_list":
                self.listed = [each["external_id"] for each in block["products"]]
            elif block["type"] == "offer":
                self.offer = block


def questions(text: str) -> str:
    """The sentences that want something of the customer."""
    sentences = [match[0].strip() for match in _SENTENCE.finditer(text) if match[0].strip()]
    wanted = [
        " ".join(
            filter(
                None,
                (sentences[n - 1] if n and sentence.endswith("?") and sentences[n - 1].endswith(":") else "", sentence),
            )
        )
        for n, sentence in enumerate(sentences)
        if sentence.endswith("?") or _NEEDS.search(sentence) or re.match(r"which\b", sentence, re.I)
    ]
    return " ".join(wanted)


def asked(question: str) -> list[Ask]:
    """What they ask for, the most specific first."""
    text = question.casefold()
    return [ask for ask, pattern in _ASKED if re.search(pattern, text)]
