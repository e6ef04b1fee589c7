"""Ways of shipping that are called otherwise than the shop calls them."""

import pytest

from agentpay.intents.entities.ways import Ways

METHODS = ("PostPac Economy", "Yodel Priority", "Depot Pickup", "Parcel Locker")


def _methods(text, methods=METHODS, *, answers=False):
    return [(one.method, one.replaced) for one in Ways(methods).find(text, answers=answers)]


@pytest.mark.parametrize(
    ("text", "method"),
    [
        ("the quick one please", "Yodel Priority"),
        ("no rush, the cheap one", "PostPac Economy"),
        ("I'll fetch it", "Depot Pickup"),
        ("locker", "Parcel Locker"),
        ("yodel is ok", "Yodel Priority"),
    ],
)
def test_answers(text, method):
    assert _methods(text, answers=True)[0] == (method, False)


@pytest.mark.parametrize(
    ("text", "method"),
    [
        ("I'd rather collect it myself", "Depot Pickup"),
        ("what does it cost by yodel?", "Yodel Priority"),
        ("send it to the locker at the station", "Parcel Locker"),
    ],
)
def test_said_of_sending(text, method):
    assert _methods(text) == [(method, False)]


@pytest.mark.parametrize(
    "text",
    [
        "that was quick, thanks",
        "is there a cheap one?",
        "the yodel man was rude",
        "can you collect my return? please send somebody",
        "can I pay when I pick it up?",
    ],
)
def test_said_of_other_things(text):
    assert _methods(text) == []


def test_two_of_one_kind_are_not_guessed():
    assert _methods("the quick one", ("Yodel Express", "DPD Express"), answers=True) == []


def test_one_takes_the_place_of_another():
    assert _methods("switch it from ground to air freight", ("USPS Ground", "Air")) == [
        ("USPS Ground", True),
        ("Air", False),
    ]
