"""The rolling summary: what is noted of a turn, when it is folded, what it reads like."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage

from agentpay.nodes import digest
from agentpay.nodes.state import State

CART = {"items": [{"variant_id": "v1", "quantity": 2, "title": "Kettle"}], "discount_code": "SAVE10"}


def call(name: str, result: dict[str, Any], status: str = "ok", **arguments: Any) -> dict[str, Any]:
    return {"id": "c", "name": name, "arguments": arguments, "status": status, "result": result}


def turn(*calls: dict[str, Any], intents: tuple[str, ...] = ("product_search",), **state: Any) -> State:
    reply = {"message_id": None, "agent": "sales", "content": "x", "blocks": [], "intent": None}
    acts = [{"intent": intent} for intent in intents]
    found: Any = {"reply": {**reply, "tool_calls": list(calls)}, "understanding": {"acts": acts}, **state}
    return found  # type: ignore[no-any-return]


def test_a_note_says_what_was_done_and_nothing_personal() -> None:
    address = {"line1": "Long Lane 5", "city": "Leeds", "country": "GB"}
    state = turn(
        call("update_cart", {"cart": CART, "changed": {"title": "Kettle", "options": {"color": "blue"}}}, action="add"),
        call("validate_discount", {"code": "SAVE10", "applied": True}),
        call("set_customer_details", {"details": {"email": "ann@example.com", "shipping_address": address}}),
        call("update_cart", {"error": {"code": "out_of_stock"}}, status="error", action="add"),
        call("cancel_order", {"order": {"number": "1007"}}),
        intents=("add_to_cart", "discount", "add_to_cart"),
        showing=[{"title": "Kettle"}, {"title": "Teapot"}],
        approvals=[{"kind": "refund"}],
    )
    note = digest.note_of(state, {"order_id": "o", "items": [{"title": "Mug"}]})
    assert note == {
        "topics": ["add to cart", "discount"],
        "shown": ["Kettle", "Teapot"],
        "bought": ["Mug"],
        "cart": ["added Kettle (blue)"],
        "codes": ["SAVE10 applied"],
        "given": ["e-mail address", "shipping address"],
        "orders": ["1007"],
        "decided": ["cancel order for order 1007", "a person was asked about a refund"],
    }
    assert digest.text(digest.fold({}, [note])) == (
        "Talked about: add to cart; discount. Looked at: Kettle; Teapot. Cart: added Kettle (blue). Codes: SAVE10 applied."
        " Bought: Mug. Orders talked about: 1007. Given: e-mail address; shipping address."
        " Decided: cancel order for order 1007; a person was asked about a refund."
    )


def test_turns_are_folded_when_their_messages_leave_the_window() -> None:
    transcript: list[AnyMessage] = []
    state: State = {}
    for n in range(1, 9):
        transcript.append(HumanMessage(f"question {n}", id=f"q{n}"))
        window = transcript[-6:]
        state = turn(
            intents=("price_question", f"topic_{n}"),
            messages=[*window, AIMessage("", id="t"), ToolMessage("{}", tool_call_id="c"), AIMessage("yes", id="x")],
            **{key: state[key] for key in ("notes", "digest", "summary") if key in state},  # type: ignore[literal-required]
        )
        state = {**state, **digest.roll(state, digest.note_of(state, None), 6)}  # type: ignore[typeddict-item]
        transcript.append(AIMessage(f"answer {n}", id=f"a{n}"))
        next_window = {message.id for message in [*transcript, HumanMessage("", id="next")][-6:]}
        said = [f"topic {m}" in state.get("summary", "") for m in range(1, n + 1)]
        assert said == [f"q{m}" not in next_window for m in range(1, n + 1)], n
    assert state["summary"].startswith("Talked about: topic 1; topic 2;")
    assert state["digest"]["turns"] == 6
    assert len(state["notes"]) == 2


def test_a_digest_is_bounded_and_goes_on_from_a_summary_that_outlived_it() -> None:
    folded = digest.fold({}, [{"shown": [f"Product {n}"]} for n in range(100)])
    assert folded["shown"] == [f"Product {n}" for n in range(88, 100)]
    again = digest.fold(folded, [{"shown": ["Product 90"]}])
    assert again["shown"][-1] == "Product 90"
    assert again["shown"].count("Product 90") == 1
    lost = turn(
        messages=[HumanMessage("hi", id="q9")],
        notes=[{"id": "gone", "note": {"shown": ["Mug"]}}],
        summary="Bought: Pot.",
    )
    assert digest.roll(lost, {}, 6)["summary"] == "Bought: Pot. Looked at: Mug."
    assert len(digest.text(digest.fold({}, [{"shown": ["x" * 500 + str(n)]} for n in range(12)]))) <= digest.MAX_CHARS


def test_the_cart_after_a_turn() -> None:
    before = {"items": [], "discount_code": None}
    then = {"items": [{"variant_id": "v1", "quantity": 2}], "discount_code": "SAVE10"}
    assert digest.cart_after(turn(call("update_cart", {"cart": CART}))["reply"], before) == then
    assert digest.cart_after(turn(call("product_search", {"items": []}))["reply"], CART) == then
    failed = call("update_cart", {"error": {}, "cart": CART}, status="error")
    assert digest.cart_after(turn(failed)["reply"], before) == before
