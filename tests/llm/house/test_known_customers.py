"""What somebody whose orders are known means: the things they have bought, where they are, and what can still be done."""

from __future__ import annotations

from typing import Any

import pytest

from agentpay.llm.house.aftersale import quantities, reading, wished
from agentpay.llm.house.aftersale.answering import goes_on
from agentpay.llm.house.aftersale.following import sums_up
from agentpay.llm.house.general import asks_the_rule
from agentpay.llm.house.talk import Talk
from tests.llm.house.test_aftersale import order, told
from tests.llm.house.turns import Played, act, play, refusal, turn

MILL, SCALES = order("CO-1", ("Pepper mill", 1), sent="shipped"), order("CO-2", ("Kitchen scales", 1))
STONE = order("CO-8", ("Whetstone", 1), sent="delivered")


def asked(*acts: Any, known: list[dict[str, Any]], **given: Any) -> Played:
    def status(arguments: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        found = next((one for one in known if one["number"] == arguments.get("order_number")), known[0])
        return True, {**told(found), "other_orders": [one for one in known if one is not found]}

    return play(turn(*acts, agent="support", verified=True, **given), order_status=status)


def test_what_they_have_bought_is_not_offered_for_sale() -> None:
    scales = act("product_details", "will the scales come with it", 0.99, product_query="scales")
    said = asked(scales, known=[MILL, SCALES], memory={"order": "CO-1"})
    assert "CO-2" in said.text
    assert set(said.tools) == {"order_status"}


def test_whether_a_thing_can_still_go_back_is_asked_of_its_order() -> None:
    clauses = (
        act("availability", "whetstone's been in a drawer", 0.4),
        act("policy", "can that still go back", 0.5, pronoun=True),
    )
    said = asked(*clauses, known=[MILL, STONE], text="whetstone's been in a drawer, can that still go back?")
    assert "CO-8" in said.text


def test_whether_such_goods_can_go_back_is_asked_of_the_pages() -> None:
    clause = act("policy", "can opened whetstones be returned", 0.95)
    view = turn(clause, agent="support", verified=True, text="can opened whetstones be returned?")
    assert play(view).tools[0] == "search_knowledge"


def test_what_is_not_wanted_any_more_is_called_off_where_nothing_is_in_the_cart() -> None:
    scrapped = act("remove_from_cart", "scrap the scales actually", 0.95, product_query="scales")
    said = asked(scrapped, known=[MILL, SCALES], memory={"order": "CO-1"})
    assert said.memory["pending"]["task"]["kind"] == "cancel"
    assert "CO-2" in said.text


def test_of_two_on_their_way_both_are_told_and_the_one_with_a_number_is_tracked() -> None:
    which = act("order_status", "I've two things on order", 0.97)
    said = asked(which, known=[SCALES, MILL], text="I've two things on order, which one's on its way?")
    assert "CO-1" in said.text
    assert "CO-2" in said.text
    said = asked(act("order_status", "tracking number pls", 0.95), known=[SCALES, MILL], memory={"order": "CO-2"})
    assert "CO-1" in said.text


def test_a_number_with_its_unit_names_a_variant() -> None:
    item = {"options": {"size": "24 cm"}, "alternatives": [{"options": {"size": "28 cm"}, "available": 2}]}
    assert reading.alternatives("bump it up to the 28cm", item) == item["alternatives"]


def test_what_is_added_is_what_the_order_holds_or_an_order_of_its_own() -> None:
    pan = {"title": "Iron pan", "options": {}, "category": "Pans", "alternatives": [], "quantity": 1}
    text = "I ordered the wrong pan, can I add the kettle to it as well"
    assert quantities._adds_another(text, text, [pan])
    assert not quantities._adds_another("add another pan please", "add another pan please", [pan])


def test_what_alone_has_come_is_not_what_is_missing() -> None:
    board, knife = {"title": "Oak board", "options": {}}, {"title": "Bread knife", "options": {}}
    meant = wished.meant(
        "I never got the board, only the knife was in the box. I'd rather have the money", [board, knife]
    )
    assert meant.items == [board]


@pytest.mark.parametrize(
    ("text", "goes"),
    [("how long till I see the cash", False), ("ok then, only the board", True), ("where does it go", False)],
)
def test_a_question_without_its_mark_does_not_answer(text: str, goes: bool) -> None:
    memory = {"pending": {"task": {"kind": "return", "asked": "confirm"}}}
    assert goes_on(memory, ["product_details"], text, accepts=False, declines=False) is goes


def test_whether_it_is_done_is_asked_of_what_was_done() -> None:
    done = {"served": {"intent": "change_order", "done": True}}
    assert sums_up(done, ["availability"], "is that sorted?", shopping=False)
    assert not sums_up({"served": {"intent": "order_status"}}, ["availability"], "is that sorted?", shopping=False)


def test_postage_beside_a_return_is_the_way_back() -> None:
    clause = act("shipping_quote", "and do i have to pay the postage for that", 1.0)
    assert asks_the_rule(Talk(turn(clause, memory={"served": {"intent": "return"}})), clause)
    assert not asks_the_rule(Talk(turn(clause)), clause)


def test_who_asks_for_an_order_gives_no_details_of_a_purchase() -> None:
    tools = {"order_status": lambda _: refusal("verification_required")}
    clause = act(
        "provide_details", "my name's Ann Lee, number CO-1, where's it", order_numbers=["CO-1"], name="Ann Lee"
    )
    assert play(turn(clause), **tools).tools == ["order_status"]
    clause = act("provide_details", "show me the orders of ann@lee.example", emails=["ann@lee.example"])
    assert play(turn(clause), **tools).tools == ["order_status"]


@pytest.mark.parametrize(
    ("text", "mail"), [("is there a phone number?", True), ("do you have a shop I can walk into?", False)]
)
def test_what_no_page_tells_of_the_shop_is_no_search_for_goods(text: str, mail: bool) -> None:
    said = play(turn(act("policy", text, 0.95), support_email="help@shop.example"))
    assert "product_search" not in said.tools
    assert ("help@shop.example" in said.text) is mail


def test_money_back_after_the_page_on_returns_is_a_return() -> None:
    found = told(STONE)
    found["possible"]["returns"] = {"ok": True, "code": None, "reason": None, "until": None}
    found["possible"]["before_it_leaves"] |= {"ok": False}
    wish = act("refund", "money back for the whetstone please", 0.99)
    for page, kind in (("Returns and exchanges", "return"), ("Dye lots", "refund")):
        view = turn(wish, agent="support", verified=True, memory={"page": page, "quoted": True})
        assert play(view, order_status=lambda _: (True, found)).memory["pending"]["task"]["kind"] == kind


RETURNS = {"title": "Returns", "text": "Post it to our workshop; returns take 5 days.", "score": 0.4}
WARRANTY = {"title": "Watch warranty", "text": "Send the watch with its card.", "score": 0.9}


def test_how_it_goes_back_is_told_by_the_page_on_returns() -> None:
    def pages(given: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        return True, {"passages": [RETURNS] if "return" in given["query"] else [WARRANTY]}

    clause = act("return", "who do I send it to", 0.6, pronoun=True)
    view = turn(
        clause, agent="support", verified=True, memory={"served": {"intent": "return", "done": True}, "order": "CO-8"}
    )
    assert "our workshop" in play(view, search_knowledge=pages, order_status=lambda _: (True, told(STONE))).text


def test_any_news_of_a_thing_is_news_of_its_order() -> None:
    said = asked(
        act("product_details", "anything moving on the mill?", 0.6, product_query="mill"), known=[SCALES, MILL]
    )
    assert "CO-1" in said.text


def test_an_address_after_an_order_was_told_of_is_where_it_shall_go() -> None:
    there = {"line1": "9 Oak Ave", "city": "Salem", "postal_code": "97301", "country": "US"}
    said = asked(
        act("provide_details", "change delivery to 9 Oak Ave, Salem", address=there),
        known=[MILL],
        memory={"order": "CO-1"},
    )
    assert "change order CO-1" in said.text


def test_forgetting_it_changes_nothing() -> None:
    memory = {"asked_for": "confirm_handoff", "pending": {"reason": "x"}, "order": "CO-2"}
    said = asked(act("change_order", "ok forget it", 0.95, pronoun=True), known=[SCALES], memory=memory, declines=True)
    assert said.tools == []


def test_a_person_who_was_offered_stays_offered() -> None:
    memory = {"asked_for": "confirm_handoff", "pending": {"reason": "the watch died"}}
    said = play(turn(act("provide_details", "bought it two months ago", 0.4, dates=["2026-09-24"]), memory=memory))
    assert said.memory["asked_for"] == "confirm_handoff"


def test_of_both_orders_each_is_told_what_can_be_done() -> None:
    said = asked(act("cancel_order", "cancel both of my orders", 0.95), known=[SCALES, MILL])
    assert "can't cancel order CO-1" in said.text
    assert "cancel it" in said.text


def test_a_change_of_mind_about_what_has_come_is_a_return() -> None:
    found = told(STONE)
    found["possible"]["returns"] = {"ok": True, "code": None, "reason": None, "until": None}
    found["possible"]["before_it_leaves"] |= {"ok": False}
    wish = act("change_order", "I changed my mind about the whetstone", 0.9)
    played = play(turn(wish, agent="support", verified=True), order_status=lambda _: (True, found))
    assert played.memory["pending"]["task"]["kind"] == "return"


def test_a_page_that_holds_the_thing_and_the_topic_goes_first() -> None:
    engraved = {"title": "Engraving", "text": "Engraved pieces cannot be returned.", "score": 0.3}
    pages = {"passages": [RETURNS, engraved]}
    view = turn(act("policy", "if I get it engraved can it be sent back", 0.99))
    assert "Engraved pieces" in play(view, search_knowledge=lambda _: (True, pages)).text
