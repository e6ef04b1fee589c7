"""What understanding a message yields: acts (one a clause), each an intent with its entities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from agentpay.intents.taxonomy import IntentName

Tier = Literal["rules", "embeddings", "llm"]


class PostalAddress(BaseModel):
    """A postal address as a customer typed it; `country` is ISO 3166-1 alpha-2, `region` the code of its subdivision."""

    line1: str
    line2: str | None = None
    city: str
    region: str | None = None
    postal_code: str = ""
    country: str | None = None


class Entities(BaseModel):
    """Everything a clause names. Money is an integer in minor units of `currency` (none: the shop's)."""

    model_config = ConfigDict(extra="forbid")

    product_query: str | None = None
    """The words that name a product, without verbs, quantities, options, budgets, codes and addresses."""
    compared: list[str] = Field(default_factory=list)
    """Of a comparison: the words for each of the products, where it names more than one."""
    options: dict[str, str] = Field(default_factory=dict)
    """Variant option → value, both as the shop spells them: {"size": "43", "color": "blue"}."""
    instead_of: dict[str, str] = Field(default_factory=dict)
    """
    Of a change: the options as they are now ("change the blue one to mustard"), under 'quantity', 'postal_code', 'brand' and
    'shipping_method' what was said of those ("make it four, not two").
    """
    also: dict[str, list[str]] = Field(default_factory=dict)
    """
    Values named beside the first one ("medium or firm?"): by option, or under 'brand' and 'shipping_method'. Joined over several
    acts also what the later ones name otherwise than the first.
    """
    attributes: dict[str, str] = Field(default_factory=dict)
    """Product attribute → value as the shop spells them: {"waterproof": "yes"}."""
    brand: str | None = None
    category: str | None = None
    quantity: int | None = None
    price_min: int | None = None
    price_max: int | None = None
    amount: int | None = None
    """A price the customer proposes ("would you do $90?")."""
    amount_off: int | None = None
    """What the customer wants taken off a price ("knock $20 off")."""
    percent: int | None = None
    currency: str | None = None
    sort: Literal["price_asc", "price_desc"] | None = None
    ordinals: list[int] = Field(default_factory=list)
    """Places in what was shown, from 1; -1 is the last."""
    pronoun: bool = False
    """Refers to what was spoken of ("it", "that one", "the red one")."""
    everything: bool = False
    """"Empty my cart", "remove all"."""
    order_numbers: list[str] = Field(default_factory=list)
    emails: list[str] = Field(default_factory=list)
    phone: str | None = None
    name: str | None = None
    address: PostalAddress | None = None
    postal_code: str | None = None
    country: str | None = None
    region: str | None = None
    shipping_method: str | None = None
    """Name of one of the shop's shipping rates."""
    codes: list[str] = Field(default_factory=list)
    dates: list[str] = Field(default_factory=list)
    """ISO dates."""


class Intent(BaseModel):
    name: IntentName
    confidence: float = Field(ge=0, le=1)


class Act(BaseModel):
    """One clause of a message: what the customer wants with it."""

    intent: IntentName
    confidence: float = Field(ge=0, le=1)
    text: str
    entities: Entities = Field(default_factory=Entities)


class Understanding(BaseModel):
    """A message understood. `acts` are in the order in which they were written; there is at least one."""

    acts: list[Act]
    tier: Tier = "rules"
    hesitation: list[str] = Field(default_factory=list)
    """Signals that the customer is wavering: "price", "delay", "doubt", "comparison"."""
    accepts: bool = False
    """A bare or leading yes ("yes please", "sounds good", "deal, I'll take it")."""
    declines: bool = False
    """A bare or leading no."""
    angry: bool = False
    language: str = "en"

    @property
    def intents(self) -> list[Intent]:
        """The intents, strongest first within the order of the clauses, each once."""
        best: dict[IntentName, float] = {}
        for act in self.acts:
            best[act.intent] = max(act.confidence, best.get(act.intent, 0.0))
        return [Intent(name=name, confidence=confidence) for name, confidence in best.items()]

    @property
    def entities(self) -> Entities:
        """All clauses' entities joined; the first mention of a field wins, further ones are in `also`, lists are joined."""
        merged: dict[str, object] = {}
        also: dict[str, list[str]] = {}
        for act in self.acts:
            for name, value in _named_besides(act.entities, merged):
                if value not in also.setdefault(name, []):
                    also[name].append(value)
            for key, value in act.entities.model_dump(exclude_defaults=True, exclude={"also"}).items():
                if isinstance(value, list):
                    known = merged.setdefault(key, [])
                    assert isinstance(known, list)
                    known.extend(v for v in value if v not in known)
                elif isinstance(value, dict) and key in merged:
                    known_map = merged[key]
                    assert isinstance(known_map, dict)
                    merged[key] = {**value, **known_map}
                else:
                    merged.setdefault(key, value)
        return Entities.model_validate({**merged, **({"also": also} if also else {})})


def _named_besides(entities: Entities, known: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """What an act names beside the first value, and what it names otherwise than the acts before it."""
    for name, values in entities.also.items():
        yield from ((name, value) for value in values)
    options, instead_of = known.get("options"), known.get("instead_of")
    if isinstance(options, dict):
        replaced = instead_of if isinstance(instead_of, dict) else {}
        for name, value in entities.options.items():
            if value not in (options.get(name, value), replaced.get(name)):
                yield name, value
    for name, given in (("brand", entities.brand), ("shipping_method", entities.shipping_method)):
        if given is not None and known.get(name, given) != given:
            yield name, given


class Vocabulary(BaseModel):
    """The words of one shop that entities are recognised by. Values keep the shop's spelling."""

    shop: str | None = None
    """Its organization's id, by which a head of its own is found."""
    currency: str = "USD"
    options: dict[str, list[str]] = Field(default_factory=dict)
    """Option name → its values over all variants: {"size": ["42", "M"], "color": ["blue"]}."""
    attributes: dict[str, list[str]] = Field(default_factory=dict)
    """Attribute name → its (bounded) distinct values."""
    brands: list[str] = Field(default_factory=list)
    categories: list[str] = Field(default_factory=list)
    """Full paths: "Footwear > Trail running"."""
    shipping_methods: list[str] = Field(default_factory=list)
    countries: list[str] = Field(default_factory=list)
    """ISO codes the shop ships to; the first is the default for addresses that name none."""
    title_words: frozenset[str] = frozenset()
    """Lower-cased words of product titles, to tell a size or colour from a word of a name."""


class Dialogue(BaseModel):
    """What the conversation so far says about a short answer ("yes", "the second one", "M please")."""

    stage: str = "greeting"
    agent: str | None = None
    asked_for: str | None = None
    """What the assistant's last message asked for: email, address, variant, product, confirm_offer, order_number, shipping, …"""
    shown: int = 0
    """How many products the last list showed."""
    cart_items: int = 0
    has_offer: bool = False
    has_checkout: bool = False
    codes: frozenset[str] = frozenset()
    """Of the words of the message that may be discount codes, upper-cased: those that the shop has."""


class Classifier(Protocol):
    """The one door to understanding; tiers stand behind it."""

    async def understand(self, text: str, vocabulary: Vocabulary, dialogue: Dialogue) -> Understanding: ...

    async def warm_up(self) -> None: ...
