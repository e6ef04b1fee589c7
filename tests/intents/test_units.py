"""What goods are counted in is no name of them."""

from typing import Any

import pytest

from agentpay.intents.rules import RuleClassifier
from agentpay.intents.types import Dialogue, Entities, Vocabulary
from tests.intents.reading import CLASSIFIER

WOOL = Vocabulary(
    currency="EUR",
    options={"color": ["moss", "rust"], "length": ["60 cm", "80 cm"]},
    categories=["Bags"],
    title_words=frozenset(["harbor", "merino", "yarn", "circular", "needles", "project", "bag"]),
)


def of(text: str, **dialogue: Any) -> tuple[str, Entities]:
    act = RuleClassifier().read(text, WOOL, Dialogue(**dialogue)).acts[0]
    return act.intent.value, act.entities


@pytest.mark.parametrize(
    ("text", "query", "quantity"),
    [
        ("ok 8 balls of the moss one", None, 8),
        ("give me 10 cones of the rust", None, 10),
        ("one ball of moss harbor pls", "harbor", 1),
        ("10 balls harbor in rust", "harbor", 10),
        ("4 skeins rust", None, 4),
        ("harbor merino, 3 skeins", "harbor merino", 3),
        ("3 tents in rust", "tents", 3),
    ],
)
def test_a_unit_is_counted_and_names_nothing_unless_titles_have_it(text: str, query: str | None, quantity: int) -> None:
    intent, entities = of(text, shown=3)
    assert intent == "add_to_cart"
    assert (entities.product_query, entities.quantity) == (query, quantity)


@pytest.mark.parametrize("text", ["five in each colour", "nice. two of each", "ok one for each size please"])
def test_so_many_of_each_are_ordered(text: str) -> None:
    acts = CLASSIFIER.read(text, WOOL, Dialogue(shown=1)).acts
    assert acts[-1].intent.value == "add_to_cart"
    assert acts[-1].entities.product_query is None


@pytest.mark.parametrize("text", ["try the code again", "use that code now", "does the code work once more?"])
def test_the_words_around_code_are_none(text: str) -> None:
    assert of(text)[1].codes == []


@pytest.mark.parametrize("text", ["I only have $2.50. Would that work?", "could that work for you? $20 is all I have"])
def test_what_would_work_names_no_works(text: str) -> None:
    works = WOOL.model_copy(update={"title_words": frozenset(["baroque", "works"])})
    acts = CLASSIFIER.read(text, works, Dialogue(has_offer=True, cart_items=1)).acts
    assert [act.entities.product_query for act in acts] == [None] * len(acts)
