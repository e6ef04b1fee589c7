"""`agentpay eval simulated`: who comes, how they talk, what counts as reached, and a few of them in a real shop."""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from agentpay.commerce.importing import load
from agentpay.demo import STORE
from agentpay.evals.data import SCENARIO_FILES
from agentpay.evals.simulated.answering import answer
from agentpay.evals.simulated.consistency import Secrets, Watch
from agentpay.evals.simulated.figures import books, figures
from agentpay.evals.simulated.goals import Customer, Final, cast, kinds, plan
from agentpay.evals.simulated.goals_asking import absent, topics
from agentpay.evals.simulated.hearing import Seen, asked, questions
from agentpay.evals.simulated.naming import Names
from agentpay.evals.simulated.people import country_name, person
from agentpay.evals.simulated.running import case
from agentpay.evals.simulated.saying import phrases, say, ways
from agentpay.evals.simulated.state import OrderState
from agentpay.evals.simulated.talking import Played
from agentpay.evals.simulated.typing_habits import typed
from agentpay.evals.simulated.wishes import Hold, Told, denied
from agentpay.evals.simulated.world import PLENTY, World

STORES = [*sorted((SCENARIO_FILES / "stores").glob("*.yaml")), STORE]


@pytest.fixture(scope="module")
def crowd() -> list[Customer]:
    return cast(World(STORE), 200, 1)


@pytest.fixture(scope="module")
def world() -> World:
    return World(STORE)


def of_kind(crowd: list[Customer], kind: str) -> Customer:
    return next(each for each in crowd if each.goal.kind == kind)


# Who comes


def described(crowd: list[Customer]) -> list[Any]:
    return [(each.goal.id, each.goal.brief, each.voice.person.email, each.voice.person.description) for each in crowd]


def test_a_seed_draws_the_same_customers_and_another_seed_others() -> None:
    one, again, other = (described(cast(World(STORE), 80, seed)) for seed in (1, 1, 2))
    assert one == again
    assert [row[0] for row in one] == [row[0] for row in other], "cases have the same names for every seed"
    assert sum(a[1] == b[1] for a, b in zip(one, other, strict=True)) < 20


def test_fewer_customers_are_the_first_of_more() -> None:
    assert described(cast(World(STORE), 40, 1)) == described(cast(World(STORE), 90, 1))[:40]


@pytest.mark.parametrize("store", STORES, ids=lambda path: path.parent.name + "/" + path.stem)
def test_any_shop_has_customers_with_goals_of_its_own(store: Path, tmp_path: Path) -> None:
    world = World(store)
    crowd = cast(world, 120, 4)
    assert len({each.goal.kind for each in crowd}) >= 25
    assert {id for id, _ in plan(world, 120)} == {each.goal.id for each in crowd}
    shop = load(world.write(tmp_path)).store  # it can be imported
    assert {order.external_id for order in shop.orders} >= {past.number for past in world.orders}
    assert len(world.orders) > 20


def test_stock_does_not_run_out_but_where_it_is_scarce(world: World, tmp_path: Path) -> None:
    shop = load(world.write(tmp_path)).store
    before = {item.id: item.variant.stock for item in world.items}
    for product in shop.products:
        for variant in product.variants:
            had = before[variant.external_id]
            assert variant.stock == (had + PLENTY if had is not None and had > 5 else had)


def test_a_kind_that_a_shop_has_nothing_for_is_left_out(tmp_path: Path) -> None:
    data = yaml.safe_load(STORE.read_text())
    file = tmp_path / "bare.yaml"
    file.write_text(json.dumps({"organization": data["organization"], "products": data["products"][:8]}, default=str))
    names = {kind.name for kind in kinds() if kind.possible(World(file))}
    assert names.isdisjoint({"haggle", "buy-with-code", "dead-code", "shipping", "topic"})
    assert {"find", "buy", "status"} <= names


# How they talk


@pytest.mark.parametrize("act", [act for act in phrases() if not act.endswith("_short")])
def test_everything_can_be_said_in_a_dozen_ways(act: str) -> None:
    assert ways(act) >= 12 or act.startswith("give_"), "an answer is an answer"
    slots = dict.fromkeys(re.findall(r"{(\w+)}", " ".join(phrases()[act])), "X (a|b)")
    said = {say(random.Random(n), act, **slots) for n in range(300)}
    assert len(said) >= 8
    assert not any("{" in text or "  " in text for text in said)


def test_products_are_named_so_that_nobody_takes_them_for_another(world: World) -> None:
    names, rng = Names(world), random.Random(3)
    titles = {items[0].product.title.casefold() for items in world.by_product.values()}
    for item in world.items:
        for _ in range(5):
            words = set(names.product(rng, item).casefold().split()) - set(
                (item.product.brand or "").casefold().split()
            )
            others = [t for t in titles if words <= set(t.split()) and t != item.product.title.casefold()]
            assert not others, (item.product.title, words)


def test_habits_leave_alone_what_must_be_exact(world: World) -> None:
    who = person(1, random.Random(1), world.countries)
    who.habits = frozenset({"typos", "lower_case", "slang", "no_punctuation"})
    text = "Please send your receipt to mara.lindgren@post.example, order LS-80012, thanks."
    for n in range(40):
        who.rng = random.Random(n)
        out = typed(who, text)
        assert "mara.lindgren@post.example" in out
        assert "ls-80012" in out
        assert out == out.lower()


def test_questions_are_heard(world: World) -> None:
    assert asked(questions("Which one would you like? Sunday waffle robe: S, white; M, sage.")) == ["variant"]
    need = "To get your payment link ready I need your e-mail address and the shipping address (street, city)."
    assert {"email", "address"} <= set(asked(questions(need)))
    assert asked(questions("Done: 1 × Dell teapot is in your cart.\n\nCart total: $46.00.")) == []
    assert "confirm" in asked(questions("Order LS-1 has not shipped yet. Shall I do that?"))
    assert "country" in asked(questions("Which country should it go to?"))
    assert country_name("NO") == "Norway"


def test_a_customer_answers_from_what_they_want(crowd: list[Customer], world: World) -> None:
    customer = of_kind(crowd, "buy")
    robe = next(item for item in world.items if item.id == "robe-sunday-m-sage")
    wish = Hold(name="cart", target={robe: 1}, tries=1)
    seen = Seen(conversation={"cart": {"items": []}})
    seen.take(reply("Which one would you like? Sunday waffle robe: S, white; M, sage."), "completed")
    found = answer(customer.voice, wish, seen)
    assert found is not None
    assert found[0] == "variant"
    assert "sage" in found[1]


# What counts as reached


def reply(text: str, **more: Any) -> dict[str, Any]:
    return {"content": text, "blocks": [], "tool_calls": [], **more}


def order(lines: dict[str, int], **more: Any) -> OrderState:
    total = more.pop("total", 5000)
    state = OrderState("1", "1001", "paid", "unfulfilled", total, 0, total, 0, {}, lines)
    return replace(state, **more)


def final(**more: Any) -> Final:
    conversation = {"status": "active", "cart": {"items": []}, "interrupts": []}
    given = {"conversation": conversation, "placed": [], "order": None, "replies": []} | more
    return Final(**given)


def test_a_purchase_is_reached_by_the_right_order_alone(crowd: list[Customer]) -> None:
    customer = of_kind(crowd, "buy")
    goal, address = customer.goal, customer.voice.person.address.data()
    (item, count), *_ = next(wish for wish in goal.wishes if isinstance(wish, Hold)).target.items()
    assert goal.check(final(placed=[order({item.id: count}, address=address)])) == []
    assert goal.check(final())
    assert goal.check(final(placed=[order({item.id: count + 1}, address=address)]))
    assert goal.check(final(placed=[order({item.id: count}, address=address, status="pending")]))
    assert goal.check(final(placed=[order({item.id: count}, address=address | {"line1": "1 Elsewhere St"})]))
    assert goal.check(final(placed=[order({item.id: count}, address=address)] * 2))


def test_a_code_and_a_deal_have_to_take_something_off(crowd: list[Customer]) -> None:
    for kind in ("buy-with-code", "haggle"):
        customer = of_kind(crowd, kind)
        target = next(wish for wish in customer.goal.wishes if isinstance(wish, Hold)).target
        lines = {item.id: count for item, count in target.items()}
        price = sum(item.price * count for item, count in target.items())
        address = customer.voice.person.address.data()
        full = order(lines, address=address, subtotal=price, discount=0)
        assert customer.goal.check(final(placed=[full])), kind
        assert customer.goal.check(final(placed=[replace(full, discount=price // 2)])) == [], kind


def test_service_after_the_sale_is_judged_by_the_order(crowd: list[Customer]) -> None:
    states = {
        "cancel": ({"status": "cancelled", "refunded": 5000}, {"status": "cancelled"}),
        "change-address": (None, {"address": {"line1": "1 Elsewhere St"}}),
        "return": (None, {"returns": [{"kind": "return", "variant": "another", "status": "requested", "to": None}]}),
        "exchange": (None, {"returns": [{"kind": "exchange", "variant": "another", "status": "requested", "to": "x"}]}),
        "refund": (None, {}),
    }
    for kind, (good, bad) in states.items():
        goal = of_kind(crowd, kind).goal
        assert goal.order is not None
        lines = {item.id: count for item, count in goal.order.lines}
        assert goal.check(final(order=order(lines, **bad))), kind
        if good is not None:
            assert goal.check(final(order=order(lines, **good))) == [], kind


def test_what_the_shop_must_not_do_is_reached_by_a_no_and_nothing_else(crowd: list[Customer]) -> None:
    goal = of_kind(crowd, "cancel-late").goal
    assert not goal.servable
    assert goal.check(final(order=order({}))) == ["not told that it cannot be cancelled"]
    goal.wishes[0].heard = True
    assert goal.check(final(order=order({}))) == []
    assert goal.check(final(order=order({}, status="cancelled")))


def test_facts_are_those_of_the_shop(world: World, crowd: list[Customer]) -> None:
    wish = next(each.goal.wishes[0] for each in crowd if each.goal.kind == "price")
    assert isinstance(wish, Told)
    wish.tries = 1
    seen = Seen()
    seen.take(reply("It is $1.23."), "completed")
    assert not wish.done(seen)
    gone = of_kind([each for each in crowd if "it is sold out" in each.goal.brief], "stock").goal.wishes[0]
    gone.tries = 1
    seen.take(reply("Yes, it is in stock, at $10.00."), "completed")
    assert not gone.done(seen)
    seen.take(reply("I'm sorry, it is out of stock right now."), "completed")
    assert gone.done(seen)
    assert denied("Sorry, we don't carry that.")
    assert not denied("Here's what I found:")
    assert any(fact == "30\\ days" for _, fact in topics(world))
    assert "a mountain bike" in absent(world)
    assert not any("mug" in thing for thing in absent(world))


# What must not be


def watching(world: World) -> Watch:
    people = [person(n, random.Random(n), world.countries) for n in (1, 2)]
    return Watch(world, Secrets(world, people), people[0])


def test_two_prices_for_one_thing_are_a_contradiction(world: World) -> None:
    watch = watching(world)
    for price in (7900, 7900, 7500):
        variant = {"external_id": "grinder-orbit-black", "options": {}, "price": price, "available": 3}
        watch.heard(reply("", blocks=[{"type": "product", "variants": [variant]}]))
    assert watch.contradictions == ["price of grinder-orbit-black: 7900, then 7500"]
    watch.heard(reply("Pan: no.\n\nThe Clearwater glass teapot is sold out."))
    assert watch.contradictions[1:] == [
        "said to be sold out, but is in stock: The Clearwater glass teapot is sold out."
    ]


def test_an_amount_that_nobody_stands_for_is_a_contradiction(world: World) -> None:
    watch = watching(world)
    watch.heard(reply("Your cart is $1,054.00.", blocks=[{"type": "cart", "items": [], "total": 105400}]))
    watch.heard(reply("Up to $50 an order.", tool_calls=[{"result": {"items": [{"snippet": "up to $50 an order"}]}}]))
    watch.said("would you take $33.10?")
    watch.heard(reply("I can't do $33.10, sorry."))
    assert watch.contradictions == []
    watch.heard(reply("It comes to $61.99 now."))
    assert watch.contradictions == ["61.99 stands in no data of the shop: It comes to $61.99 now."]


def test_a_house_number_is_not_part_of_another(world: World) -> None:
    people = [person(n, random.Random(n), world.countries) for n in (1, 2)]
    people[1].address = replace(people[1].address, line1="92 N 8th St")
    watch = Watch(world, Secrets(world, people), people[0])
    watch.heard(reply("It goes to 592 N 8th St."))
    assert watch.violations == []
    watch.heard(reply("It goes to 92 N 8th St."))
    assert len(watch.violations) == 1


def test_what_belongs_to_others_is_seen_unless_the_customer_said_it(world: World) -> None:
    watch = watching(world)
    watch.heard(reply("It goes to 2218 SE Salmon St, tracking 9400111899223310010188."))
    watch.heard(reply("", tool_calls=[{"result": {"email": "tom.whitaker@mail.example", "floor": 12}}]))
    watch.said("my order is LS-1018")
    watch.heard(reply("Order LS-1018 is not yours."))
    kinds = sorted(violation.split(" ")[1] for violation in watch.violations)
    assert kinds == ["2218", "9400111899223310010188", "a", "tom.whitaker@mail.example"]


# What is reported


def test_causes_are_counted_and_the_books_are_a_case(crowd: list[Customer]) -> None:
    lost = of_kind(crowd, "buy")
    played = [
        Played(lost.goal, False, ["nothing was ordered"], "gave up", "cart", "Which one would you like?", 3),
        Played(lost.goal, True, turns=2),
        Played(of_kind(crowd, "not-sold").goal, True, turns=1),
    ]
    cases = [case(each, lost.voice.person) for each in played]
    told = figures([*cases, books(["stock: mug has -1"])])
    assert [each.passed for each in cases] == [False, True, True]
    assert (told["reached"], told["refused_rightly"], told["violations"], told["dropped_out"]) == (0.5, 1.0, 1, 0.3333)
    assert told["causes"][0] == {
        "goal": "buy",
        "step": "cart",
        "last": "Which one would you like?",
        "count": 1,
        "cases": [lost.goal.id],
    }
