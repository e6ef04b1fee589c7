"""What is told beside a wish, ranges of sizes, further things to come back, small talk, and questions read as one."""

from __future__ import annotations

from typing import Any

import pytest

from agentpay.llm.house import general, small_talk
from agentpay.llm.house.aftersale import counting, following, wished
from agentpay.llm.house.aftersale.answering import sure_already
from agentpay.llm.house.aftersale.settling import settled
from agentpay.llm.house.talk import Talk
from tests.llm.house.test_aftersale import order, told
from tests.llm.house.turns import act, play, turn

MUG = {"title": "Stone mug", "options": {"size": "8-10 cm"}, "quantity": 2, "alternatives": []}
RUG = {"title": "Jute rug", "options": {}, "quantity": 1, "alternatives": []}


def test_a_clause_cut_down_to_a_number_says_what_follows_it() -> None:
    whole = "the puppy grew so fast! order KX-12 - please change the collar to a large"
    guess = act("cancel_order", "the puppy grew so fast", 0.8)
    wish = act("change_order", "order KX-12", 0.99, order_numbers=["KX-12"], options={"size": "large"})
    assert settled([guess, wish], whole) == [wish]


def test_what_one_owns_is_no_change_of_an_order() -> None:
    whole = "also i have a kettle from you, order KX-9. want return for money"
    owns = act("change_order", "also i have a kettle from you", 0.97)
    wish = act("return", "want return for money", 0.98, order_numbers=["KX-9"])
    assert [one.intent for one in settled([owns, wish], whole)] == ["return"]
    fewer = act("change_order", "make it two rugs", 0.97)
    assert len(settled([fewer, wish], f"make it two rugs. {whole}")) == 2


@pytest.mark.parametrize("text", ["from age 7-8 to 9-10", "the 12.5-3.5 socks", "waist 30 - 32"])
def test_a_range_counts_nothing(text: str) -> None:
    assert counting.units_of(text, 20) is None


def test_a_value_of_an_option_counts_nothing() -> None:
    pack = {**RUG, "options": {"pack": "pack of 6"}, "alternatives": [{"options": {"pack": "pack of 12"}}]}
    assert "12" not in counting.without_values("change it to the pack of 12", [pack])
    assert "3" in counting.without_values("change it to 3", [{**RUG, "options": {"size": "3"}}])


def test_what_stays_ends_with_its_sentence() -> None:
    meant = wished.meant("I want to send something back, not the mug. The rug sheds", [MUG, RUG])
    assert (meant.items, meant.kept) == ([RUG], [MUG])
    assert wished.meant("Keep the mug. And the rug", [MUG, RUG]).items == []


def test_a_bare_name_is_the_wish_it_answers() -> None:
    assert wished.as_wish("return", "the rug from the same parcel") == "return the rug from the same parcel"
    assert wished.as_wish("return", "I'll keep the rug") == "I'll keep the rug"


def test_a_further_thing_that_cannot_come_back_is_refused_by_name() -> None:
    found = told(order("KX-5", ("Mug", 1), ("Card", 1), sent="delivered"))
    found["possible"]["returns"] = {"ok": True, "code": None, "reason": None, "until": None}
    found["possible"]["items"][1] |= {"returnable": 0, "reason": "Card cannot be returned."}
    task: dict[str, Any] = {"kind": "return", "asked": "confirm", "orders": ["KX-5"], "words": ["return the mug"]}
    memory = {"asked_for": "confirm_return", "pending": {"task": task}, "order": "KX-5", "served": {"intent": "return"}}
    asked = act("return", "and the card from the same box, can it come back as well?", 0.97)
    said = play(turn(asked, agent="support", verified=True, memory=memory), order_status=lambda _: (True, found))
    assert "Card cannot be returned" in said.text


def test_however_sure_they_are_a_guess_is_proposed_first() -> None:
    found = told(order("KX-6", ("Rug", 1)))
    guess = act("cancel_order", "it clashes with the sofa in KX-6. yes I'm sure", 0.8, order_numbers=["KX-6"])
    said = play(turn(guess, agent="support", verified=True), order_status=lambda _: (True, found))
    assert [name for name, _ in said.calls] == ["order_status"]


def test_a_refund_requested_now_is_consent() -> None:
    assert sure_already("It is dead. Request the full refund for that lamp now please.")
    assert not sure_already("Can you request a refund now?")
    assert not sure_already("When do you process the refund, now?")


def test_what_an_order_holds_is_asked_in_words_of_a_cart() -> None:
    memory = {"served": {"intent": "change_order", "done": True}}
    assert following.sums_up(memory, ["checkout", "view_cart"], "so what's in that order now", shopping=False)
    assert not following.sums_up(memory, ["checkout"], "I'd like to pay now", shopping=False)
    assert not following.sums_up(memory, ["checkout"], "what's in that order now", shopping=True)


@pytest.mark.parametrize(
    "text",
    ["hey how's it going, long shift?", "happy friday Max, how's life in the rug trade", "how are you today?"],
)
def test_small_talk_gets_a_word_and_no_search(text: str) -> None:
    assert small_talk.only_chats(text)
    said = play(turn(act("product_search", text, 0.6, product_query="life in the rug trade"), text=text))
    assert said.calls == []
    assert said.text


@pytest.mark.parametrize(
    "text", ["how are you going to fix this?", "how's the battery life", "hello", "how are my parcels doing, lost?"]
)
def test_what_asks_for_something_is_no_small_talk(text: str) -> None:
    assert not small_talk.only_chats(text)


def test_small_talk_beside_a_wish_is_left_out() -> None:
    text = "how's business? do you have rugs"
    wish = act("product_search", "do you have rugs", product_query="rugs")
    assert small_talk.without([act("add_to_cart", "how's business", 0.5), wish], text) == [wish]


def test_a_question_read_together_with_another_is_heard() -> None:
    text = "do you take amex, and how long have I got to send things back?"
    talk = Talk(turn(act("policy", "do you take amex"), text=text))
    assert [one.text for one in general.unheard(talk)] == ["how long have I got to send things back"]
    whole = Talk(turn(act("policy", text), text=text))
    assert general.unheard(whole) == []


def test_a_guess_at_goods_beside_a_question_for_the_shop_is_one_for_its_pages() -> None:
    question = act("policy", "will it work with a tablet")
    acts = [
        question,
        act("product_details", "mine is an old one", 0.3),
        act("recommendation", "is that a problem", 0.3),
    ]
    assert [(one.intent, one.text) for one in general.with_asides(acts)] == [
        ("policy", "will it work with a tablet"),
        ("policy", "mine is an old one"),
    ]
