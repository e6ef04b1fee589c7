"""Which of the calls that have run in a turn answers which call of the house model's plan.

The house model's own calls come back word for word. Where a chat model began the turn and failed, its calls are written
otherwise ("variant": "mug-blue" for "the blue mug"), and what they changed must not be done again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agentpay.llm.brain import ToolOutcome
from agentpay.llm.house.refs import stems
from agentpay.llm.house.talk import Ask

_PUTS = {"add": {"add", "set"}, "remove": {"remove", "clear"}, "replace": {"replace"}}
"""Which action of `update_cart` may have done what a plan asks for. To set and to clear again does no harm."""
_CART_CHANGES = frozenset({"update_cart", "validate_discount", "make_offer"})
_GROWS_OLD = {"view_cart": _CART_CHANGES, "create_payment_link": _CART_CHANGES | {"set_customer_details"}}
"""What shows how things stand, and which later calls make it untrue."""


class Done:
    """The outcomes of a turn; each answers one call. `wanted`: the calls the plan is known to make."""

    def __init__(self, outcomes: Sequence[ToolOutcome], wanted: Sequence[Ask] = ()) -> None:
        self._left = [outcome for n, outcome in enumerate(outcomes) if not _old(outcome, outcomes[n + 1 :])]
        self._wanted = wanted
        self.asked: list[Ask] = []

    def take(self, ask: Ask) -> ToolOutcome | None:
        """The outcome of this call: of the same words, else of the same sense, else one that fits nothing else."""
        self.asked.append(ask)
        for match in (_same_words, _same_sense, self._only_this):
            for outcome in self._left:
                if outcome.name == ask.tool and match(ask, outcome):
                    self._left.remove(outcome)
                    return outcome
        return None

    def _only_this(self, ask: Ask, outcome: ToolOutcome) -> bool:
        """A change of this kind that no other call of the plan names: the chat model's way to the same end."""
        if not outcome.ok or outcome.by_house or not _same_kind(ask, outcome):
            return False
        return not any(_same_sense(other, outcome) for other in self._wanted if other != ask)


def _old(outcome: ToolOutcome, later: Sequence[ToolOutcome]) -> bool:
    changes = _GROWS_OLD.get(outcome.name, frozenset())
    return any(other.ok and other.name in changes for other in later)


def _same_words(ask: Ask, outcome: ToolOutcome) -> bool:
    return outcome.arguments == ask.arguments


def _same_kind(ask: Ask, outcome: ToolOutcome) -> bool:
    if ask.tool == "update_cart":
        return str(outcome.arguments.get("action")) in _PUTS.get(ask.arguments["action"], ())
    if ask.tool == "make_offer":
        return bool(outcome.arguments.get("action", "propose") == ask.arguments["action"])
    return ask.tool == "handoff_to_human"


def _same_sense(ask: Ask, outcome: ToolOutcome) -> bool:
    if not outcome.ok or outcome.by_house:
        return False
    if ask.tool == "set_customer_details":
        return _within(ask.arguments, outcome.result.get("details"))
    if ask.tool == "update_cart":
        return _same_kind(ask, outcome) and _same_line(ask.arguments, outcome)
    return False


def _within(asked: Any, given: Any) -> bool:
    """Whether everything asked for was given, upper and lower case aside."""
    if isinstance(asked, dict):
        return isinstance(given, dict) and all(_within(value, given.get(name)) for name, value in asked.items())
    return asked is None or str(asked).casefold() == str(given).casefold()


def _same_line(asked: dict[str, Any], outcome: ToolOutcome) -> bool:
    """Whether the line of the cart that the call changed is the one that is asked for."""
    changed = outcome.result.get("changed") or {}
    options = {str(value).casefold() for value in (asked.get("options") or {}).values()}
    if not options <= {str(value).casefold() for value in (changed.get("options") or {}).values()}:
        return False
    reference = asked.get("variant") or asked.get("product")
    if reference is None:
        return True
    given = outcome.arguments
    lines: list[dict[str, Any]] = (outcome.result.get("cart") or {}).get("items", [])
    variant = changed.get("external_id")
    of_line = [line for line in lines if variant in (line["variant_external_id"], line["variant_id"])]
    products = {line["product_external_id"] for line in of_line}
    names = {given.get("product"), given.get("variant"), variant, *products}
    if reference.casefold() in {str(name).casefold() for name in names if name}:
        return True
    words = stems(reference)
    described = " ".join([changed.get("title") or "", *(changed.get("options") or {}).values()])
    return bool(words) and words <= stems(described)
