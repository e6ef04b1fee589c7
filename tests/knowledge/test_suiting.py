"""For how many people of which ages a product's own data says it is."""

from typing import Any

import pytest

from agentpay.knowledge.suiting import suits


@pytest.mark.parametrize(
    ("attributes", "description", "people", "ages", "told"),
    [
        ({"players": "2-5"}, "", 4, [], True),
        ({"players": "2-5"}, "", 6, [], False),
        ({"players": 2}, "", 1, [], False),
        ({"sleeps": 4}, "", 3, [], True),
        ({}, "Serves up to 12.", 10, [], True),
        ({}, "For exactly two players from 14 years.", 2, [8], False),
        ({}, "Tile laying for 2 to 5 players from 8 years.", 4, [8, 11], True),
        ({"age": "3-6"}, "", None, [8], False),
        ({"age": "18 months+"}, "", None, [2], True),
        ({"colour": "red"}, "Weighs 4 kg.", 4, [8], None),
    ],
)
def test_numbers_of_people_and_ages_are_held_against_the_products_own(
    attributes: dict[str, Any], description: str, people: int | None, ages: list[int], told: bool | None
) -> None:
    assert suits({"attributes": attributes}, description, people, ages) is told
