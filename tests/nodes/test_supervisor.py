"""Who gets a turn."""

from typing import Any

import pytest

from agentpay.nodes.supervisor import route


def understood(*intents: str, accepts: bool = False, **entities: Any) -> dict[str, Any]:
    acts = [{"intent": intent, "text": "do you ship it?", "entities": entities} for intent in intents]
    return {"acts": acts, "accepts": accepts}


@pytest.mark.parametrize(
    ("intents", "previous", "agent"),
    [
        (["product_search"], "support", "sales"),
        (["greeting"], "support", "sales"),
        (["greeting", "order_status"], "sales", "support"),
        (["order_status", "product_search"], "sales", "support"),
        (["policy"], "sales", "support"),
        (["checkout"], "sales", "payment"),
        (["add_to_cart", "checkout"], "sales", "payment"),
        (["add_to_cart", "provide_details", "checkout"], "sales", "payment"),
        (["product_search", "provide_details"], "sales", "sales"),
        (["add_to_cart"], "payment", "sales"),
        (["thanks"], "payment", "payment"),
        (["thanks"], "support", "support"),
        (["other"], "sales", "sales"),
        (["human", "checkout"], "payment", "support"),
        (["complaint"], "sales", "support"),
    ],
)
def test_a_turn_goes_to_who_can_do_it(intents: list[str], previous: str, agent: str) -> None:
    assert route(understood(*intents), previous)[0] == agent


def test_a_yes_stays_with_the_agent_that_asked() -> None:
    assert route(understood("add_to_cart", accepts=True), "payment")[0] == "payment"


def test_do_you_ship_there_is_answered_from_the_shipping_zones() -> None:
    assert route(understood("policy", country="JP"), "support")[0] == "sales"
    assert route(understood("policy"), "support")[0] == "support"


def test_number_and_email_that_support_asked_for_go_to_support() -> None:
    assert route(understood("provide_details"), "support", verifying=True)[0] == "support"
    assert route(understood("provide_details"), "support")[0] == "payment"


def test_the_reason_is_the_intent_that_decided() -> None:
    assert route(understood("add_to_cart", "checkout"), "sales") == ("payment", "checkout")
