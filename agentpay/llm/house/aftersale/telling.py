"""How a call went, from the tool's own result."""

from __future__ import annotations

from typing import Any

from agentpay.llm.brain import ToolOutcome
from agentpay.llm.house import describe
from agentpay.llm.house.talk import Talk

_INTENTS = {
    "cancel_order": "cancel_order",
    "return_items": "return",
    "exchange_items": "exchange",
    "request_refund": "refund",
}


def told(talk: Talk, tool: str, outcome: ToolOutcome) -> None:
    result = outcome.result
    if not outcome.ok:
        talk.say("not_done", reason=result["error"]["message"])
        talk.offer_human()
        return
    if result.get("status") == "waits_for_approval":
        talk.say("needs_a_colleague")
        return
    talk.served = {"intent": _INTENTS.get(tool, "change_order"), "done": True}
    order = result["order"]
    match tool:
        case "cancel_order":
            back = sum(refund["amount"] for refund in result["refunds"] if refund["status"] != "failed")
            talk.say("cancelled" if back else "cancelled_free", number=order["number"], amount=talk.money(back))
        case "request_refund":
            talk.say("refunded", amount=talk.money(result["amount"]), number=order["number"])
        case "return_items" | "exchange_items":
            _of_return(talk, result)
        case _:
            _of_change(talk, tool, result)


def _of_return(talk: Talk, result: dict[str, Any]) -> None:
    made, order = result["return"], result["order"]
    what = describe.listing(
        [f"{item['quantity']} × {item['title']}" if item["quantity"] > 1 else item["title"] for item in made["items"]]
    )
    if made["kind"] == "return":
        talk.say("return_made", what=what, number=order["number"], amount=talk.money(made["amount"]))
        return
    become = [describe.options(item["exchange"]["options"]) for item in made["items"] if item.get("exchange")]
    to = describe.listing([one for one in become if one]) or "the new item"
    talk.say("exchange_made", what=what, number=order["number"], to=to)
    if made["checkout"] is not None:
        talk.say("pay_difference", amount=talk.money(made["checkout"]["total"]), url=made["checkout"]["url"])
    elif made["difference"]:
        key = "difference_later" if made["difference"] > 0 else "difference_back"
        talk.say(key, amount=talk.money(abs(made["difference"])))


def _of_change(talk: Talk, tool: str, result: dict[str, Any]) -> None:
    order, link = result["order"], result["checkout"]
    if link is not None:
        talk.say("change_waits", number=order["number"], amount=talk.money(link["total"]), url=link["url"])
        return
    if tool == "change_order_address":
        address = order["shipping_address"]
        talk.say("address_changed", number=order["number"], address=f"{address['line1']}, {address['city']}")
    elif tool == "change_order_payment":
        talk.say("payment_changed", number=order["number"])
    else:
        items = [
            f"{line['quantity']} × {describe.what(line['title'], line['options'])}"
            for line in order["items"]
            if line["quantity"]
        ]
        total = talk.money(order["total"])
        talk.say("items_changed", number=order["number"], items=describe.listing(items), total=total)
    if result["difference"]:
        key = "difference_charged" if result["difference"] > 0 else "difference_given"
        talk.say(key, amount=talk.money(abs(result["difference"])))
