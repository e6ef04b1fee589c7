"""Who is asked what: rules where they are sure, the head where not, a model for what that rejects."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from agentpay.errors import StartupError
from agentpay.intents.assigning import Judged
from agentpay.intents.joining import tidy
from agentpay.intents.model import ModelNamer
from agentpay.intents.rules import Heard, RuleClassifier
from agentpay.intents.service import head_of, make_classifier
from agentpay.intents.taxonomy import IntentName
from agentpay.intents.tiers import TieredClassifier
from agentpay.intents.trained import commerce, training_set
from agentpay.intents.trained.adaptation import reader
from agentpay.intents.types import Act, Dialogue
from agentpay.llm.embedder import EmbeddingsUnavailable
from agentpay.llm.minilm import MiniLM
from agentpay.settings import Settings
from tests.fakellm import running_fake_model
from tests.intents.reading import SHOPS, differences, load

UNSURE = "my blender just gave up the ghost after two smoothies, whats the deal"


class Watched(MiniLM):
    """Counts what is embedded."""

    def __init__(self) -> None:
        super().__init__(reader().model)
        self.texts: list[str] = []

    def read(self, texts):
        self.texts += texts
        return reader().read(texts)


class Absent(MiniLM):
    def read(self, texts):
        raise EmbeddingsUnavailable("not here")


def tiered(embedder: MiniLM, namer=None) -> TieredClassifier:
    return TieredClassifier(RuleClassifier(), lambda _: commerce.shipped(), embedder, namer)


async def test_nothing_is_embedded_where_rules_are_sure():
    embedder = Watched()
    understood = await tiered(embedder).understand("let me talk to a human", SHOPS["coffee"], Dialogue())
    assert (understood.tier, understood.intents[0].name, embedder.texts) == ("rules", "human", [])


async def test_the_head_reads_what_no_rule_knows():
    rules = RuleClassifier().read(UNSURE, SHOPS["coffee"], Dialogue())
    understood = await tiered(reader()).understand(UNSURE, SHOPS["coffee"], Dialogue())
    assert IntentName.COMPLAINT not in {intent.name for intent in rules.intents}
    assert IntentName.COMPLAINT in {intent.name for intent in understood.intents}
    assert understood.tier == "embeddings"


async def test_an_answer_is_read_by_what_was_asked():
    embedder = Watched()
    understood = await tiered(embedder).understand(
        "M please", SHOPS["clothes"], Dialogue(stage="discovery", asked_for="variant")
    )
    assert (understood.tier, understood.intents[0].name, embedder.texts) == ("rules", "add_to_cart", [])


async def test_without_vectors_or_a_head_the_rules_verdict_stands():
    def gone(_: str | None) -> commerce.CommerceHead:
        raise FileNotFoundError("head.npz")

    for classifier in (tiered(Absent()), TieredClassifier(RuleClassifier(), gone, reader())):
        understood = await classifier.understand(UNSURE, SHOPS["coffee"], Dialogue())
        assert understood == RuleClassifier().read(UNSURE, SHOPS["coffee"], Dialogue())


async def test_what_rules_understand_stays_understood():
    """All but a few: rules were made with these sentences, before the boundaries of docs/intents.md were drawn."""
    classifier = tiered(reader())
    changed = []
    cases = [
        case for name in ("sentences", "fresh_sentences", "second_fresh_sentences") for case in load(f"{name}.yaml")
    ]
    for case in cases:
        assert differences(case) == []
        understood = await classifier.understand(case["say"], SHOPS[case["shop"]], Dialogue(**case.get("state", {})))
        wanted = [entry if isinstance(entry, str) else next(iter(entry)) for entry in case["acts"]]
        names = [act.intent.value for act in understood.acts]
        if len(names) != len(wanted) or any(n not in w.split("|") for n, w in zip(names, wanted, strict=True)):
            changed.append((case["say"], names))
    assert len(changed) <= 0.06 * len(cases), changed


def _rejecting() -> commerce.CommerceHead:
    """The head, sure of nothing."""
    from dataclasses import replace

    return replace(commerce.shipped(), floor=1.1)


@pytest.fixture(scope="module")
def model():
    with running_fake_model() as fake:
        yield fake


async def test_a_model_names_what_the_head_rejects(model):
    settings = Settings(openai_api_key="sk-test", openai_base_url=f"{model.url}", intent_timeout_seconds=2)
    classifier = TieredClassifier(RuleClassifier(), lambda _: _rejecting(), reader(), ModelNamer("small", settings))
    clauses = RuleClassifier().weigh(UNSURE, SHOPS["coffee"], Dialogue())[1]
    model.script({"text": json.dumps({"intents": ["refund"] * len(clauses)})})
    understood = await classifier.understand(UNSURE, SHOPS["coffee"], Dialogue())
    assert understood.tier == "llm"
    assert IntentName.REFUND in {intent.name for intent in understood.intents}
    asked = model.requests()[0]
    assert asked["response_format"]["json_schema"]["strict"] is True
    assert json.loads(asked["messages"][-1]["content"])["message"] == UNSURE


@pytest.mark.parametrize(
    "step",
    [
        {"text": "no JSON"},
        {"text": '{"intents": ["world_domination"]}'},
        {"text": '{"intents": []}'},
        {"fault": 503},
        {"fault": "reset"},
        {"fault": "hang"},
    ],
    ids=str,
)
async def test_a_model_that_fails_leaves_the_heads_verdict(model, step):
    settings = Settings(openai_api_key="sk-test", openai_base_url=f"{model.url}", intent_timeout_seconds=0.5)
    model.script(step)
    with_model = TieredClassifier(RuleClassifier(), lambda _: _rejecting(), reader(), ModelNamer("small", settings))
    understood = await with_model.understand(UNSURE, SHOPS["coffee"], Dialogue())
    assert understood == await tiered(reader()).understand(UNSURE, SHOPS["coffee"], Dialogue())
    assert model.calls() == 1


def test_settings_choose_the_tiers():
    assert isinstance(make_classifier(Settings(embeddings="none")), RuleClassifier)
    assert isinstance(make_classifier(Settings()), TieredClassifier)
    with pytest.raises(StartupError):
        make_classifier(Settings(intent_model="house"))


async def test_a_shop_has_a_head_of_its_own(tmp_path):
    shop = SHOPS["coffee"].model_copy(update={"shop": "one"})
    own = commerce.shipped()
    turned = np.full_like(own.bias, -40.0)
    turned[own.classes.index("exchange")] = 40.0
    from dataclasses import replace

    commerce.save(replace(own, bias=turned), head_of(tmp_path, "one"))
    classifier = make_classifier(Settings(data_dir=tmp_path))
    assert (await classifier.understand(UNSURE, shop, Dialogue())).intents[0].name is IntentName.EXCHANGE
    other = shop.model_copy(update={"shop": "other"})
    assert (await classifier.understand(UNSURE, other, Dialogue())).intents[0].name is not IntentName.EXCHANGE


def test_the_training_set_is_readable_and_a_shops_own_is_checked(tmp_path):
    sentences = training_set.read()
    assert {intent for _, intents in sentences for intent in intents} == {name.value for name in IntentName}
    assert any(len(intents) > 1 for _, intents in sentences)
    (tmp_path / "ours.txt").write_text("# ours\nrefund: gimme my dough back\n")
    assert training_set.read_extra(tmp_path / "ours.txt") == [("gimme my dough back", ("refund",))]
    (tmp_path / "bad.txt").write_text("dough: gimme\n")
    with pytest.raises(training_set.BadTrainingSet, match=r"bad\.txt:1"):
        training_set.read_extra(tmp_path / "bad.txt")


async def test_the_head_alone_calls_for_a_person_only_when_it_is_nearly_sure():
    """What means nothing to it must not end in a handover."""
    classifier = tiered(reader())
    for number in range(0, 400, 8):
        text = f"turn {number} hello there, please answer with some words"
        heard = await classifier.understand(text, SHOPS["coffee"], Dialogue())
        assert all(act.intent is not IntentName.HUMAN for act in heard.acts), text
    asked = await classifier.understand("I would rather talk to somebody from your team", SHOPS["coffee"], Dialogue())
    assert [act.intent for act in asked.acts] == [IntentName.HUMAN]


async def test_an_order_number_by_itself_wants_nothing_more():
    understood = await tiered(reader()).understand(
        "my U-lock still isn't here, order SP-7002", SHOPS["coffee"], Dialogue()
    )
    assert {intent.name for intent in understood.intents} == {IntentName.ORDER_STATUS}
    assert understood.entities.order_numbers == ["SP-7002"]


async def test_warming_up_loads_the_head_and_its_model_for_the_first_message():
    embedder = Watched()
    classifier = tiered(embedder)
    await classifier.warm_up()
    assert embedder.texts
    assert classifier._heads
    await tiered(Absent()).warm_up()
    await RuleClassifier().warm_up()


async def test_why_something_goes_back_asks_for_no_other_one():
    text = "the jacket is too small for my son, can I send it back?"
    understood = await tiered(reader()).understand(text, SHOPS["clothes"], Dialogue())
    assert [intent.name for intent in understood.intents] == ["return"]
    wished = [
        Act(intent=IntentName.EXCHANGE, confidence=0.9, text="I need the jacket in M instead"),
        Act(intent=IntentName.RETURN, confidence=0.9, text="can I return the socks"),
    ]
    assert [act.intent for act in tidy(wished, "", Dialogue(), False, False)] == ["exchange", "return"]


def test_two_readings_of_a_wish_are_one_and_a_question_adds_nothing():
    head = commerce.shipped()

    def judged(**likely: float) -> Judged:
        every = {IntentName(name): likely.get(name, 0.01) for name in head.classes}
        return Judged(head.classes, every, np.zeros((1, len(head.classes)), np.float32))

    assert judged(refund=0.99, **{"return": 0.4}).wished() == {IntentName.REFUND}
    assert judged(refund=0.99, **{"return": 0.6}).wished() == {IntentName.REFUND, IntentName.RETURN}
    asked = Heard(0, "the wren ?", IntentName.PRODUCT_SEARCH, 0.65, goods=True, bare=True)
    assert judged(add_to_cart=0.3).only(asked) is IntentName.AVAILABILITY
    assert judged(add_to_cart=0.8).only(asked) is IntentName.ADD_TO_CART
    size = Heard(0, "m ?", IntentName.AVAILABILITY, 0.7)
    replying = replace(judged(greeting=0.47, availability=0.2), replies=frozenset({0}))
    assert replying.only(size) is IntentName.AVAILABILITY
    assert replace(replying, replies=frozenset()).only(size) is IntentName.GREETING
