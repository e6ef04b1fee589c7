"""For whom something is, what it needs besides, and questions that only a product's own text answers."""

from typing import Any

import pytest

from agentpay.llm.house.purposes import ages, people
from tests.llm.house.turns import act, play, product, refusal, turn, variant

GAME = product("game", "Moon Valley", variant("game"), description="For 2 to 5 players.")
ADDED = product("more", "Moon Valley - Orchards", variant("more"), description="Adds orchards. Needs the base game.")
HALL = product("hall", "Whispers in the Hall", variant("hall"), description="Can be played alone.")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("we're 4 people incl. two kids", 4),
        ("something for my wife and me", 2),
        ("a tent for a family of five", 5),
        ("2 adults and 3 kids", 5),
        ("to play on my own", 1),
        ("two mugs please", None),
    ],
)
def test_how_many_people_it_is_for(text: str, number: int | None) -> None:
    assert people(text) == number


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("two kids (8 and 11)", [8, 11]),
        ("for my six-year-old", [6]),
        ("my niece, she's 9", [9]),
        ("my gran is turning 80", []),
        ("a table (2 and 3 m)", []),
        ("he is 7 feet from it", []),
    ],
)
def test_the_ages_of_children(text: str, told: list[int]) -> None:
    assert ages(text) == told


def test_what_is_for_so_many_goes_before_what_is_merely_called_so() -> None:
    mat = product("mat", "Play mat", variant("mat"))

    def search(given: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        assert given["people"] == 4
        if given.get("query"):
            return True, {"products": [mat], "suited": False}
        return True, {"products": [GAME, ADDED], "suited": True}

    text = "we're 4 people, what could we play on a Sunday?"
    played = play(
        turn(act("recommendation", "what could we play on a Sunday", product_query="play on a Sunday"), text=text),
        product_search=search,
    )
    assert [one for one in ("Moon Valley", "Play mat", "Orchards") if one in played.text] == ["Moon Valley"]


def test_what_a_product_needs_is_offered_with_it() -> None:
    def search(given: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        return True, {"products": [GAME, ADDED] if given["query"] == "Moon Valley" else []}

    played = play(
        turn(act("recommendation", "if I buy orchards do I need anything else?", product_query="orchards do I need")),
        product_details=lambda given: (True, {"product": ADDED}) if given["product"] == "orchards" else (False, {}),
        product_search=search,
    )
    assert "Needs the base game." in played.text
    pending = played.memory["pending"]
    assert (played.memory["asked_for"], pending["product"], pending["also"]) == ("confirm_add", "game", ["more"])


def test_a_question_no_page_answers_is_answered_by_the_product_it_names() -> None:
    near = [{"text": "Can be played alone.", "attribute": None}]
    played = play(
        turn(act("policy", "can I play whispers on my own", 0.65)),
        product_search=lambda given: (True, {"products": [GAME, HALL] if given.get("loosely") else []}),
        product_details=lambda given: (True, {"product": HALL, "nearest": near}),
    )
    assert "Can be played alone." in played.text
    assert played.memory["focus"]["product"] == "hall"


def test_a_question_of_the_shop_asks_no_product() -> None:
    played = play(turn(act("policy", "what is your phone number")))
    assert played.tools == ["search_knowledge"]


def test_what_it_costs_is_asked_of_the_page_that_was_quoted() -> None:
    page = {"title": "Games club", "text": "Thursdays at 7 pm. The first evening is free, then 5 pounds.", "score": 0.5}
    played = play(
        turn(act("price_question", "what does it cost", pronoun=True), memory={"page": "Games club"}),
        search_knowledge=lambda _: (True, {"passages": [page]}),
    )
    assert "5 pounds" in played.text


def test_one_of_a_list_is_haggled_for_by_its_price() -> None:
    shown = [{**GAME, "price_min": 3499}, {**HALL, "price_min": 7999}]
    played = play(
        turn(
            act("negotiation", "80 quid is steep", product_query="steep"),
            act("negotiation", "would you do 72", amount=7200),
            text="80 quid is steep. would you do 72?",
            shown=shown,
            negotiable=True,
        ),
        make_offer=lambda given: (True, {"offer": None, "decision": "refused", "list_price": 7999, "variant": "hall",
                                         "title": HALL["title"]}),
    )  # fmt: skip
    assert played.calls[0][1] == {"action": "propose", "product": "hall", "price": 7200}


def test_two_sizes_of_one_product_are_told_apart() -> None:
    mat = product("mat", "Play mat", variant("mat-90", 2600, size="90 cm"), variant("mat-120", 3900, size="120 cm"))
    played = play(
        turn(act("product_comparison", "difference between the two play mats", product_query="two play mats")),
        product_search=lambda given: (True, {"products": [mat] if given["query"] == "play mats" else []}),
    )
    assert all(size in played.text for size in ("90 cm", "120 cm"))


def test_a_question_takes_its_product_from_the_clause_beside_it() -> None:
    def details(given: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
        near = [{"text": "Up to 20 hours on a charge.", "attribute": None}]
        return (
            (True, {"product": HALL, "nearest": near}) if given["product"] == "hall" else refusal("product_not_found")
        )

    played = play(
        turn(
            act("policy", "what's the warranty on the hall"),
            act("product_details", "how long does a charge last", product_query="charge last"),
            text="what's the warranty on the hall, and how long does a charge last?",
        ),
        product_details=details,
    )
    assert "20 hours" in played.text


def test_of_what_is_near_a_need_what_is_said_in_its_words_goes_first() -> None:
    stand = product("stand", "Stand", variant("stand"), description="With a drawer.")
    lamp = product("lamp", "Lamp", variant("lamp"), description="Tall, for reading on the couch.")
    text = "need something tall to read by next to the couch"
    played = play(
        turn(act("product_search", text, 0.65, product_query="tall to read by")),
        product_search=lambda given: (True, {"products": [stand, lamp] if given.get("loosely") else []}),
    )
    assert played.memory["focus"]["product"] == "lamp"


def test_what_a_code_comes_to_is_asked_and_not_haggled_about() -> None:
    cart: dict[str, Any] = {"items": [], "discount_code": "BIG20", "discount": 4000, "subtotal": 24900, "total": 20900}
    result = {"code": "BIG20", "description": "20%", "discount": 4000, "capped": True, "waits_for_items": False,
              "cart": cart}  # fmt: skip
    played = play(
        turn(act("negotiation", "does that mean 20% off?", percent=20, pronoun=True), cart=cart, negotiable=True),
        validate_discount=lambda _: (True, result),
    )
    assert played.tools == ["validate_discount"]


def quoted(given: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    goods = {**variant("hall"), "title": HALL["title"], "product_external_id": "hall", "quantity": given["quantity"]}
    option = {"name": "Standard", "amount": 2400, "min_days": 2, "max_days": 3}
    return True, {"country": "US", "country_name": "the US", "served": True, "requires_shipping": True, "goods": goods,
                  "options": [option] if given["quantity"] == 1 else [], "cart_is_empty": False}  # fmt: skip


def test_sending_is_quoted_for_the_goods_that_are_named_and_for_more_of_them_next() -> None:
    text = "how much is shipping to Boston, USA for one hall game?"
    first = play(turn(act("shipping_quote", text, country="US")), quote_shipping=quoted)
    assert first.calls[-1][1] == {"country": "US", "product": "hall game", "quantity": 1}
    assert HALL["title"] in first.text
    then = play(
        turn(act("negotiation", "and if I take two?", 0.38, quantity=2), memory=first.memory), quote_shipping=quoted
    )
    assert then.calls[-1][1] == {"country": "US", "product": "hall game", "quantity": 2}
    assert "can't send" in then.text


def test_a_question_of_the_pages_is_asked_of_what_it_points_at() -> None:
    pages = [
        {"title": "Returns", "text": "30 days, unused.", "score": 0.4},
        {"title": "Returns", "text": "A gift card cannot be returned.", "score": 0.3},
    ]
    played = play(
        turn(act("policy", "can that be returned"), memory={"focus": {"product": "card", "title": "Gift card"}}),
        search_knowledge=lambda _: (True, {"passages": pages}),
    )
    assert "cannot be returned" in played.text


def test_a_kind_that_no_product_says_it_is_has_not_been_found() -> None:
    paints = [product("a", "Acrylic paint", variant("a")), product("b", "Finger paint", variant("b"))]
    played = play(
        turn(act("product_search", "do you stock oil paints", product_query="oil paints")),
        product_search=lambda _: (True, {"products": paints}),
    )
    assert "I don't have exactly that" in played.text


def test_how_long_is_answered_by_the_sentence_that_has_a_time() -> None:
    clay = product("clay", "Clay", variant("clay"), description="Dries in about 24 hours. From 5 years. White.")
    near = [{"text": "White.", "attribute": None}]
    played = play(
        turn(
            act("product_details", "how long until it's hard", pronoun=True),
            memory={"focus": {"product": "clay", "title": "Clay"}},
        ),
        product_details=lambda _: (True, {"product": clay, "nearest": near}),
    )
    assert "24 hours" in played.text
    assert "White" not in played.text


def test_what_is_in_the_cart_is_asked_the_sum_of() -> None:
    cart = {"items": [{"title": "Lamp", "options": {}, "quantity": 1, "line_total": 5000, "unit_price": 5000,
                       "variant_id": "l", "variant_external_id": "l", "product_external_id": "lamp"}],
            "discount_code": None, "discount": 0, "subtotal": 5000, "total": 5000}  # fmt: skip
    played = play(turn(act("price_question", "how much now?"), cart=cart), view_cart=lambda _: (True, {"cart": cart}))
    assert played.tools == ["view_cart"]


@pytest.mark.parametrize(
    ("text", "before"),
    [("can she eat the cake", "my nan is allergic to nuts, "), ("is it nut free", ""), ("is it without nuts", "")],
)
def test_what_one_is_allergic_to_is_no_yes(text: str, before: str) -> None:
    cake = product("cake", "Honey cake", variant("cake"), description="Contains nuts.", attributes={"nuts": "yes"})
    played = play(
        turn(
            act("product_details", text, pronoun=True),
            text=f"{before}{text}?",
            memory={"focus": {"product": "cake", "title": "Honey cake"}},
        ),
        product_details=lambda _: (True, {"product": cake}),
    )
    assert "nuts: yes" in played.text
    assert not played.text.startswith("Yes")


def test_what_is_liked_is_asked_about() -> None:
    played = play(
        turn(
            act("add_to_cart", "the hall sounds fun", 0.65, product_query="hall sounds fun"),
            act("product_details", "how long does it take", pronoun=True),
        ),
        product_details=lambda _: (True, {"product": HALL}),
    )
    assert played.calls[0][1]["product"] == "hall"
