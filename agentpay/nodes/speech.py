"""What leaves for the customer while an agent works: deltas and blocks under one message id."""

from __future__ import annotations

from typing import Any

from agentpay.nodes.state import Reply
from agentpay.store.ids import new_id
from agentpay.tools.context import Sink

_ONE = frozenset({"cart", "checkout", "shipping_quote"})
"""Blocks that show one thing of the conversation: a later one replaces an earlier one."""


class Speech:
    """Writes into the reply and emits it. Text that has left is never unsaid in silence (DESIGN §4)."""

    def __init__(self, sink: Sink, reply: Reply) -> None:
        self._sink = sink
        self._reply = reply
        self._before_step = reply["content"]

    def begin_step(self) -> None:
        """A new model call: text of one step is set off from that of the step before."""
        self._before_step = self._reply["content"]

    def write(self, text: str) -> None:
        if not text:
            return
        if self._before_step and self._reply["content"] == self._before_step and not self._before_step[-1].isspace():
            text = f"\n\n{text.lstrip()}"
        self._sink.emit("message.delta", {"message_id": self._message_id(), "text": text})
        self._reply["content"] += text

    def show(self, block: dict[str, Any]) -> None:
        if block["type"] in _ONE:
            # Of a cart that changed three times the message keeps how it ended
            self._reply["blocks"] = [shown for shown in self._reply["blocks"] if shown["type"] != block["type"]]
        self._reply["blocks"].append(block)
        self._sink.emit("ui", {"message_id": self._message_id(), "block": block})

    def discard(self, reason: str) -> None:
        """What was streamed of this message does not stand. A new message follows, with the blocks shown so far."""
        if not self._reply["content"]:
            return
        self._sink.emit("message.discarded", {"message_id": self._message_id(), "reason": reason})
        self._reply["message_id"] = None
        self._reply["content"] = ""
        self._before_step = ""
        blocks, self._reply["blocks"] = self._reply["blocks"], []
        for block in blocks:
            self.show(block)

    def _message_id(self) -> str:
        identifier = self._reply["message_id"] or str(new_id())
        self._reply["message_id"] = identifier
        return identifier
