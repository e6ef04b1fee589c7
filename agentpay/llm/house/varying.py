"""Another variant of what lies in the cart: by a size, a word or a number that only one of them has."""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any

from agentpay.llm.brain import ActView, ToolOutcome
from agentpay.llm.house.choosing import spoken_tokens, told_apart
from agentpay.llm.house.lines import spoken_of_line
from agentpay.llm.house.refs import SAYS_WHICH, named, stems
from agentpay.llm.house.sizes import by_size
from agentpay.llm.house.talk import Ask, Talk

INSTEAD = re.compile(
    r"\b(?:instead|rather|swap\w*|replace\w*|switch\w*|change|exchange|wait|on second thoughts?|after all|prefer|better)\b",
    re.I,
)


def other_variant(talk: Talk, act: ActView) -> Generator[Ask, ToolOutcome, dict[str, Any] | None]:
    """The line spoken of as another of its variants, by any word of the message: "she can only do Wednesdays, switch us"."""
    line = spoken_of_line(talk)
    if line is None or not line["options"] or not INSTEAD.search(f"{talk.turn.text} {act.text}"):
        return None
    outcome = yield Ask("check_inventory", {"product": line["product_external_id"]})
    rows = outcome.result.get("variants", []) if outcome.ok else []
    own = {word for row in rows for word in stems(" ".join(map(str, row["options"].values())))}
    if not stems(named(act) or "") <= own | SAYS_WHICH | stems(line["title"]):
        return None  # something else is named
    row = by_size(act.text, rows) or told_apart(talk.turn.text, rows) if len(rows) > 1 else None
    if row is None or row["external_id"] == line["variant_external_id"]:
        return None
    return {"variant": line["variant_external_id"], "options": row["options"]}


def of_that_number(talk: Talk, line: dict[str, Any], number: int) -> Generator[Ask, ToolOutcome, dict[str, Any] | None]:
    """ "A tray of six … no, make it twelve": what this message itself has chosen by a number comes in the other number, too."""
    numbers = {token for value in line["options"].values() for token in spoken_tokens(str(value)) if token.isdigit()}
    chosen_now = line not in talk.turn.cart.get("items", []) and numbers & set(spoken_tokens(talk.turn.text))
    if not numbers - {str(number)} or not (chosen_now or INSTEAD.search(talk.turn.text)):
        return None
    outcome = yield Ask("check_inventory", {"product": line["product_external_id"]})
    rows = outcome.result.get("variants", []) if outcome.ok else []
    fitting = [
        row for row in rows if any(str(number) in spoken_tokens(str(value)) for value in row["options"].values())
    ]
    return dict(fitting[0]["options"]) if len(fitting) == 1 else None
