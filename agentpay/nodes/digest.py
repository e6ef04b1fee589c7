"""The rolling summary: what happened in the turns whose messages no longer reach a model.

Each turn leaves a note of what was done (not of what was said); once its messages have left the window the note is folded
into the digest, and the digest's text is the conversation's summary. Deterministic and without personal data: that an
address was given is in it, the address is not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from langchain_core.messages import AnyMessage, HumanMessage

from agentpay.nodes.state import Reply, State

Note = dict[str, list[str]]
"""Heading of the digest → what there is to say below it."""

HEADINGS = {
    "topics": "Talked about",
    "shown": "Looked at",
    "cart": "Cart",
    "codes": "Codes",
    "bought": "Bought",
    "orders": "Orders talked about",
    "given": "Given",
    "decided": "Decided",
}
MOST = 12
"""Entries below a heading: the latest."""
MOST_SHOWN = 3
"""Products of one list that are noted."""
MAX_CHARS = 1_600
_EARLIER = "earlier"
_DETAILS = {
    "email": "e-mail address",
    "name": "name",
    "phone_number": "phone number",
    "shipping_address": "shipping address",
    "shipping_option": "shipping option",
    "note": "note for the order",
}
_CART = {"add": "added {}", "set": "changed {}", "replace": "changed to {}", "remove": "removed {}"}


def note_of(state: State, checkout: dict[str, Any] | None) -> Note:
    """What this turn did. `checkout` is the latest one when the turn began."""
    reply = state["reply"]
    found: Note = {"topics": [act["intent"].replace("_", " ") for act in state["understanding"]["acts"]]}
    found["shown"] = [product["title"] for product in state.get("showing", [])[:MOST_SHOWN]]
    if checkout is not None and checkout.get("order_id"):
        found["bought"] = [line["title"] for line in checkout["items"]]
    for call in reply["tool_calls"]:
        if call["status"] == "ok":
            _of_call(found, call["name"], call["arguments"], call["result"] or {})
    for approval in state.get("approvals", []):
        found.setdefault("decided", []).append(f"a person was asked about a {approval['kind'].replace('_', ' ')}")
    return {heading: list(dict.fromkeys(entries)) for heading, entries in found.items() if entries}


def _of_call(found: Note, name: str, arguments: dict[str, Any], result: dict[str, Any]) -> None:
    def add(heading: str, entry: str) -> None:
        found.setdefault(heading, []).append(entry)

    if name == "update_cart":
        changed = result.get("changed") or {}
        if arguments.get("action") == "clear":
            add("cart", "emptied")
        elif changed.get("title"):
            add("cart", _CART.get(arguments.get("action", "add"), "changed {}").format(_what(changed)))
    elif name == "validate_discount" and result.get("code"):
        add("codes", f"{result['code']} {'applied' if result.get('applied') else 'did not apply'}")
    elif name == "make_offer":
        add("decided", f"a price was {'agreed' if arguments.get('action') == 'accept' else 'haggled about'}")
    elif name == "set_customer_details":
        for given in result.get("details") or {}:
            add("given", _DETAILS.get(given, given.replace("_", " ")))
    elif name == "create_payment_link":
        add("decided", "the payment link was given")
    elif name == "handoff_to_human":
        add("decided", "a person was asked for")
    elif number := _order_number(result):
        add("orders", number)
        if name not in ("order_status", "find_customer", "payment_status"):
            add("decided", f"{name.replace('_', ' ')} for order {number}")


def _what(changed: dict[str, Any]) -> str:
    options = ", ".join(str(value) for value in (changed.get("options") or {}).values())
    return f"{changed['title']} ({options})" if options else str(changed["title"])


def _order_number(result: dict[str, Any]) -> str | None:
    order = result.get("order")
    if isinstance(order, dict) and order.get("number"):
        return str(order["number"])
    return None


def roll(state: State, note: Note, window_messages: int) -> dict[str, Any]:
    """The update of `notes`, and of `digest` and `summary` where turns have left the window."""
    messages = state.get("messages", [])
    turn = _turn_message(messages)
    notes = [*state.get("notes", []), {"id": turn, "note": note}]
    kept = _next_window(messages, window_messages)
    left = [entry for entry in notes if entry["id"] not in kept]
    update: dict[str, Any] = {"notes": [entry for entry in notes if entry["id"] in kept]}
    if left:
        digest = fold(state.get("digest") or _before(state), [entry["note"] for entry in left])
        update |= {"digest": digest, "summary": text(digest)}
    return update


def _turn_message(messages: Sequence[AnyMessage]) -> str | None:
    return next((message.id for message in reversed(messages) if isinstance(message, HumanMessage)), None)


def _next_window(messages: Sequence[AnyMessage], size: int) -> set[str | None]:
    """Ids of the transcript's messages that the next turn will begin with: this reply and the next message push two out."""
    last = max((n for n, message in enumerate(messages) if isinstance(message, HumanMessage)), default=-1)
    return {message.id for message in messages[: last + 1][-(size - 2) :]}


def _before(state: State) -> dict[str, Any]:
    """A digest to go on with where the checkpoint that held it is gone: the summary survives in the conversation."""
    summary = state.get("summary", "")
    return {"turns": 0, _EARLIER: summary[: MAX_CHARS // 2]} if summary else {"turns": 0}


def fold(digest: dict[str, Any], notes: Iterable[Note]) -> dict[str, Any]:
    """A digest with more turns in it."""
    folded = dict(digest)
    for note in notes:
        folded["turns"] = folded.get("turns", 0) + 1
        for heading, entries in note.items():
            before = [entry for entry in folded.get(heading, []) if entry not in entries]
            folded[heading] = [*before, *entries][-MOST:]
    return folded


def text(digest: dict[str, Any]) -> str:
    """The digest in sentences."""
    parts = [digest[_EARLIER]] if digest.get(_EARLIER) else []
    parts += [f"{title}: {'; '.join(digest[key])}." for key, title in HEADINGS.items() if digest.get(key)]
    return " ".join(parts)[:MAX_CHARS]


def cart_after(reply: Reply, before: dict[str, Any]) -> dict[str, Any]:
    """What the cart holds now, by variant: the last cart that a tool answered, else the one that the turn began with."""
    cart = before
    for call in reply["tool_calls"]:
        if call["status"] == "ok" and isinstance(call["result"], dict) and "cart" in call["result"]:
            cart = call["result"]["cart"]
    items = [{"variant_id": str(line["variant_id"]), "quantity": line["quantity"]} for line in cart.get("items", [])]
    return {"items": items, "discount_code": cart.get("discount_code")}
