"""What a plan works with: the turn, what it has learnt so far, what it says, and what it notes for the next turn."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

from agentpay.llm.brain import ToolOutcome, TurnView
from agentpay.llm.house.phrasing import phrase
from agentpay.money import money


@dataclass(frozen=True, slots=True)
class Ask:
    """A tool call that a plan wants."""

    tool: str
    arguments: dict[str, Any] = field(default_factory=dict)


Plan = Generator[Ask, ToolOutcome, None]


_LOST = frozenset({"not_understood", "tool_failed"})


class Talk:
    def __init__(self, turn: TurnView) -> None:
        self.turn = turn
        self.page: str | None = turn.memory.get("page")
        """Title of the shop's page that was quoted last: "and who pays for that?" asks on."""
        self.told: set[str] = set()
        """Numbers of the orders this reply tells of."""
        self.quoted = False
        """A page is quoted in this reply."""
        self.cart: dict[str, Any] = turn.cart
        self.checkout: dict[str, Any] | None = turn.checkout
        self.verified = turn.verified
        self.contact = dict(turn.contact)
        self._said: list[str] = []
        self.lost = False
        """It was said that nothing came of what was wanted."""
        self._total_due = False
        self._total_at = 0
        self._noted: dict[str, Any] = {}
        self._answered: dict[str, Any] | None = None
        self._question_at: int | None = None
        self._open_at: int | None = None
        self.focus: dict[str, Any] | None = turn.memory.get("focus")
        """What was last spoken of: {"product", "variant"?, "title", "options"?}."""
        self.recent: list[dict[str, Any]] = turn.memory.get("recent", [])
        """What was spoken of, the last first, each as `focus`."""
        self.upsold = bool(turn.memory.get("upsold"))
        self.goes_with: list[str] = []
        """What the shop would show to who takes what was put into the cart now."""
        self.order: str | None = turn.memory.get("order")
        """Number of the order that was last spoken of."""
        self.removed: dict[str, Any] | None = turn.memory.get("removed")
        """What was taken out of the cart last: {"product", "quantity"}. "Put it back" means that."""
        self.sent_to: str | None = turn.memory.get("sent_to")
        """The country that shipping was last asked for."""
        self.code: str | None = turn.memory.get("code")
        """The discount code that was named last, whether it took effect or not."""
        self.complained: dict[str, Any] | None = turn.memory.get("complained")
        """What went wrong, as it was last told: {"text", "numbers" of orders}. "A refund for those two" goes on from it."""
        self.claimed: dict[str, list[str]] = dict(turn.memory.get("claimed") or {})
        """Order numbers and e-mail addresses somebody not verified yet has given: {"numbers", "emails"}."""
        self.served: dict[str, Any] | None = None
        """What support has told or done in this turn: {"intent", "done"?}. "And the mat?" asks it of another thing."""
        self.question: dict[str, Any] | None = None
        """What was asked of a product in this message: {"intent", "text", "options"?}. "And the Wren?" asks it of another."""
        self.searched: dict[str, Any] | None = turn.memory.get("searched")
        """Arguments of the last search that found something: "in blue?" and "cheaper ones?" go on from it."""

    # What was learnt

    def learn(self, outcome: ToolOutcome) -> None:
        """Take in what a tool answered, whoever called it."""
        result = outcome.result
        if isinstance(cart := result.get("cart"), dict):
            self.cart = cart
        if isinstance(checkout := result.get("checkout"), dict):
            self.checkout = checkout
        if outcome.ok and outcome.name == "find_customer":
            self.verified = True
        if outcome.ok and outcome.name == "set_customer_details":
            self.contact |= result.get("details", {})

    def claims(self, numbers: list[str], emails: list[str]) -> tuple[list[str], list[str]]:
        """Order numbers and e-mail addresses, what was given before for what is not given now; noted until they are proven.

        A pair that did not belong together (`failed`) is not tried again: its address is to be given anew.
        """
        if self.verified:
            return numbers, emails
        said = {
            "numbers": numbers or self.claimed.get("numbers", []),
            "emails": emails or self.claimed.get("emails", []),
        }
        pair = [said["numbers"][:1], said["emails"][:1]]
        if self.claimed.get("failed") == [one for each in pair for one in each] and not self._gives_email:
            said["emails"] = []  # they did not belong together: which of the two was wrong, the customer has to say
        failed = self.claimed.get("failed", [])
        self.claimed = {name: values for name, values in {**said, "failed": failed}.items() if values}
        return said["numbers"], said["emails"]

    @property
    def _gives_email(self) -> bool:
        return any(act.entities.get("emails") for act in self.turn.acts)

    def proof_failed(self, number: str, email: str) -> None:
        """Note that they do not belong together."""
        self.claimed = {**self.claimed, "failed": [number, email]}

    # What is said

    def say(self, key: str, **values: Any) -> None:
        """A sentence by its key, in the shop's tone; a merchant's own template of that key goes before ours."""
        sentence = phrase(key, self.turn, values)
        self.lost = self.lost or key in _LOST
        if sentence and sentence not in self._said:
            self._said.append(sentence)

    def sentence(self, key: str, **values: Any) -> str:
        """As `say`, to be put into another one."""
        return phrase(key, self.turn, values)

    def say_text(self, text: str) -> None:
        """Text that comes from the shop itself: an article's passage, a list of products."""
        if text and text not in self._said:
            self._said.append(text)

    def say_total(self) -> None:
        """What the cart comes to, said once, after everything that was done to it."""
        self._total_due = True
        self._total_at = len(self._said)

    def total_is_said(self) -> None:
        """Something else tells what it comes to: a code, an offer, a checkout."""
        self._total_due = False

    @property
    def silent(self) -> bool:
        return not self._said

    def text(self) -> str:
        said = list(self._said)
        if self._total_due and self.cart.get("items"):
            said.insert(self._total_at, phrase("cart_total", self.turn, {"total": self.money(self.cart["total"])}))
        return "\n\n".join(said)

    def money(self, amount: int) -> str:
        return money(amount, self.turn.currency)

    # What is noted for the next turn

    def expect(self, what: str, **pending: Any) -> None:
        """Note what the customer was asked for, and what to do with the answer."""
        self._noted = {"asked_for": what, "pending": pending}
        self._open_at, self._question_at = self._question_at, None

    def asking(self) -> None:
        """What is said next is a question, which a later clause of the same message may answer."""
        self._question_at = len(self._said)

    def answered_already(self) -> None:
        """The message itself goes on to answer what this reply has asked: that is not said, and counts as asked before."""
        if self._open_at is not None:
            del self._said[self._open_at :]
        self._answered, self._noted, self._open_at = self._noted, {}, None

    def offer_human(
        self, key: str = "offer_human", *, about: str | None = None, order: Any = None, **noted: Any
    ) -> None:
        """Ask whether a person shall take over; a yes hands over. `about` and `order` are what the person is told."""
        if self._noted.get("asked_for") == "confirm_handoff":
            return  # once a reply will do
        self.say(key)
        of_order = f"Order {order['number']}: " if order is not None else ""
        self.expect("confirm_handoff", reason=f"{of_order}{about or self.turn.text}"[:300], **noted)

    @property
    def asked_for(self) -> str | None:
        """What the assistant asked for in its last message."""
        asked = (self._answered or self.turn.memory).get("asked_for")
        return asked if isinstance(asked, str) else None

    @property
    def pending(self) -> dict[str, Any]:
        pending = (self._answered or self.turn.memory).get("pending")
        return pending if isinstance(pending, dict) else {}

    @property
    def offered(self) -> list[str]:
        """The products this reply has already asked about: "shall I put it in your cart?"."""
        if self._noted.get("asked_for") != "confirm_add":
            return []
        return [*self._noted["pending"].get("also", []), self._noted["pending"]["product"]]

    @property
    def expected(self) -> str | None:
        """What this reply asks for, so far."""
        return self._noted.get("asked_for")

    @property
    def asks(self) -> dict[str, Any]:
        """What goes with what this reply asks for, so far."""
        pending: dict[str, Any] = self._noted.get("pending", {})
        return pending

    @property
    def expecting(self) -> bool:
        return bool(self._noted)

    @property
    def memory(self) -> dict[str, Any]:
        kept: dict[str, Any] = {
            "page": self.page,
            "quoted": self.quoted,
            "focus": self.focus,
            "recent": self.recent,
            "searched": self.searched,
            "order": self.order,
            "code": self.code,
            "sent_to": self.sent_to,
            "removed": self.removed,
            "complained": self.complained,
            "upsold": self.upsold,
            "question": self.question,
            "served": self.served,
        }
        if self.claimed and not self.verified:
            kept["claimed"] = self.claimed
        return {**self._noted, **{key: value for key, value in kept.items() if value}}
