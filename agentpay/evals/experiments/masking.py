"""Personal data does not leave: what a conversation says of people is masked before it is handed to anybody."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from agentpay.evals.export.masking import Mask, texts_in
from agentpay.intents.rules import RuleClassifier
from agentpay.intents.types import Dialogue, Vocabulary

_PEOPLE = ("customer", "contact", "arguments", "known")
"""Fields that hold who somebody is: a `name` in them is a person's."""
_ADDRESS = frozenset({"line1", "postal_code"})
_WRITTEN = ("say", "said", "text", "query")
_CUSTOMER = "customer: "
_INTRODUCED = re.compile(r"\b(?:[Ii]'?m|[Ii] am|[Mm]y name(?:'s| is)|[Tt]his is|[Nn]ame:) ([A-Z][\w'-]+ [A-Z][\w'-]+)")
_COUNTRIES = ["US", "GB", "CA", "DE", "FR", "NL", "AU"]
"""Whose addresses are read where a text names no country."""
_PHONES = ("phone", "phone_number")


class Masking:
    """Of one conversation or case. Learns from all of `told` who is who; the same `id` has the same placeholders each time."""

    def __init__(self, id: str, *told: Any) -> None:
        self._mask = Mask(hashlib.sha256(id.encode()).hexdigest()[:8])
        for text in texts_in(told):
            self._mask.read(text)
        for text in _said(told):
            _learn_words(self._mask, text)
        for value in _objects(told):
            _learn(self._mask, value)

    def masked(self, value: Any) -> Any:
        """The data with a placeholder in the place of each value that is personal."""
        if isinstance(value, str):
            return self._mask.text(value)
        if isinstance(value, Mapping):
            return {key: self.masked(inner) for key, inner in value.items()}
        if isinstance(value, list | tuple):
            return [self.masked(inner) for inner in value]
        return value


def _said(value: Any) -> Iterator[str]:
    """What customers wrote: in a scenario's turns, in a transcript, as the text that a case is about."""
    for each in _objects(value):
        yield from (inner for key in _WRITTEN if isinstance(inner := each.get(key), str))
    yield from (text.removeprefix(_CUSTOMER) for text in texts_in(value) if text.startswith(_CUSTOMER))


def _learn_words(mask: Mask, text: str) -> None:
    for act in RuleClassifier().read(text, Vocabulary(countries=_COUNTRIES), Dialogue()).acts:
        if act.entities.address is not None and act.entities.address.line1:
            mask.address(act.entities.address.model_dump())
        if act.entities.name:
            mask.name(act.entities.name)
    for name in _INTRODUCED.findall(text):
        mask.name(name)


def _learn(mask: Mask, value: Mapping[str, Any]) -> None:
    if _ADDRESS & value.keys() and any(isinstance(value.get(key), str) for key in _ADDRESS):
        mask.address({key: inner for key, inner in value.items() if isinstance(inner, str)})
    for key in _PHONES:
        if isinstance(value.get(key), str):
            mask.phone(value[key])
    if isinstance(email := value.get("email"), str) and "@" in email:
        mask.email(email)
    if isinstance(name := value.get("name"), str) and name.strip() and ("email" in value or "phone" in value):
        mask.name(name)
    if isinstance(name := value.get("external_id"), str) and "email" in value:
        mask.external_id(name)
    for key in _PEOPLE:
        inner = value.get(key)
        if isinstance(inner, Mapping) and isinstance(name := inner.get("name"), str) and name.strip():
            mask.name(name)


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        yield value
        for inner in value.values():
            yield from _objects(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _objects(inner)
