"""Clauses: where a message is divided, and where it must not be."""

import pytest

from agentpay.intents.entities.extract import find_standing
from agentpay.intents.segment import segment
from agentpay.intents.types import Dialogue, Vocabulary

SHOP = Vocabulary(countries=["US", "DE"])


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("add two mugs and send me the payment link", ["add two mugs", "send me the payment link"]),
        ("2 mugs, 3 plates and a teapot", ["2 mugs", "3 plates", "a teapot"]),
        (
            "4 packs of nails, two 5 kg sacks of plaster and a brush",
            ["4 packs of nails", "two 5 kg sacks of plaster", "a brush"],
        ),
        ("I want the lamp and there's a code, LUX5", ["I want the lamp", "there's a code, LUX5"]),
        ("has it left, and can used pans be returned?", ["has it left", "can used pans be returned"]),
        ("how heavy is the desk, and is oak in stock", ["how heavy is the desk", "is oak in stock"]),
        ("is the desk oiled and in which widths is it made", ["is the desk oiled", "in which widths is it made"]),
        ("is the desk oiled, and if so put one by", ["is the desk oiled", "put one by"]),
        ("is the desk oiled and if not what is", ["is the desk oiled", "what is"]),
        ("which desk is sturdier, and the price please", ["which desk is sturdier", "the price please"]),
        ("what is the difference in size and price", ["what is the difference in size and price"]),
        ("do you know if it is oiled and if it smells", ["do you know if it is oiled and if it smells"]),
        ("a desk that is oiled and is narrow", ["a desk that is oiled and is narrow"]),
        ("cancel the desk and re-order it in oak", ["cancel the desk", "re-order it in oak"]),
        ("drop the pens, and make it four notebooks", ["drop the pens", "make it four notebooks"]),
        ("I like it but it's too expensive", ["I like it", "it's too expensive"]),
        ("hi, where is my parcel?", ["hi", "where is my parcel"]),
        ("add the blue lamp and the desk", ["add the blue lamp", "the desk"]),
        ("salt and pepper mill", ["salt and pepper mill"]),
        (
            "I need two 5 m cables, a 4-port hub and the Orbit trackball",
            ["I need two 5 m cables", "a 4-port hub", "the Orbit trackball"],
        ),
        ("2x drift olive, 1x packing cubes yellow", ["2x drift olive", "1x packing cubes yellow"]),
        ("1 star wheel 40 N and 1 phone holder", ["1 star wheel 40 N", "1 phone holder"]),
        ("and the Ferry bag, is that one waterproof?", ["the Ferry bag, is that one waterproof"]),
        ("what about the pillow, can you wash it?", ["what about the pillow, can you wash it"]),
        ("the lamp please, can you send it today?", ["the lamp please", "can you send it today"]),
        ("a lamp with a shade and a switch", ["a lamp with a shade and a switch"]),
        ("which is better, the drill or the saw?", ["which is better, the drill or the saw"]),
        (
            "ship to 12 Elm St, Portland OR 97201, US. I'm ready to pay.",
            ["ship to 12 Elm St, Portland OR 97201, US", "I'm ready to pay"],
        ),
        ("it cost 1.200,50 € last week. why?", ["it cost 1.200,50 € last week", "why"]),
        ("write to a.b@c.example and add it", ["write to a.b@c.example", "add it"]),
        ("between 50 and 80 dollars please", ["between 50 and 80 dollars please"]),
        ("how do I check out and pay", ["how do I check out", "pay"]),
        ("I want to buy it", ["I want to buy it"]),
        (
            "what is your return policy and how long does shipping take",
            ["what is your return policy", "how long does shipping take"],
        ),
        ("first line\nsecond line", ["first line", "second line"]),
        ("size 42 and 43", ["size 42 and 43"]),
        ("", [""]),
        ("!!!", ["!!!"]),
    ],
)
def test_a_message_is_divided_where_something_new_begins(text, clauses):
    assert [c.text for c in segment(text, find_standing(text, SHOP, Dialogue()))] == clauses


def test_a_clause_knows_its_place_and_whether_it_goes_on_with_a_list():
    text = "add 2 mugs, 3 plates. thanks"
    clauses = segment(text)
    assert [text[c.start : c.end] for c in clauses] == [c.text for c in clauses]
    assert [c.listed for c in clauses] == [False, True, False]


def test_only_the_clause_before_the_mark_is_a_question():
    assert [c.question for c in segment("I need a lamp. do you ship? thanks")] == [False, True, False]


GOODS = frozenset(
    {"lens", "cleaning", "kit", "filter", "camera", "pizza", "stone", "peel", "charcoal", "bar", "padded", "harness"}
)


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("cleaning kit and a 49mm filter", ["cleaning kit", "a 49mm filter"]),
        ("okay, that one plus the charcoal bar", ["okay", "that one", "the charcoal bar"]),
        ("square stone, 14 inch peel", ["square stone", "14 inch peel"]),
        ("the harness, padded", ["the harness, padded"]),
        ("a camera with a filter and a kit", ["a camera with a filter and a kit"]),
        ("does the camera and the filter fit?", ["does the camera and the filter fit"]),
        ("give me the camera for $100 or I'll go elsewhere", ["give me the camera for $100", "I'll go elsewhere"]),
    ],
)
def test_goods_by_name_are_divided(text, clauses):
    assert [c.text for c in segment(text, [], GOODS)] == clauses


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        ("for the garage: two trays and a bulb", ["for the garage", "two trays", "a bulb"]),
        ("(1) do you ship to Malta, (2) can I pay cash", ["do you ship to Malta", "can I pay cash"]),
        ("take it out please and put in the oak tray", ["take it out please", "put in the oak tray"]),
        ("add the oat bar, no nuts in that one are there?", ["add the oat bar", "no nuts in that one are there"]),
    ],
)
def test_lists_questions_and_deeds_that_follow_on(text: str, clauses: list[str]) -> None:
    assert [clause.text.strip("() ,12") for clause in segment(text)] == clauses
