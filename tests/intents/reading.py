"""Tables of sentences: loading them, and comparing what was understood with what was meant."""

from pathlib import Path
from typing import Any

import yaml

from agentpay.intents.rules import RuleClassifier
from agentpay.intents.types import Dialogue, Understanding, Vocabulary

HERE = Path(__file__).parent
SHOPS = {
    name: Vocabulary.model_validate(shop)
    for name, shop in yaml.safe_load((HERE / "shops.yaml").read_text("utf-8")).items()
}
CLASSIFIER = RuleClassifier()


def load(name: str) -> list[dict[str, Any]]:
    return yaml.safe_load((HERE / name).read_text("utf-8"))


def understand(case: dict[str, Any]) -> Understanding:
    return CLASSIFIER.read(case["say"], SHOPS[case["shop"]], Dialogue(**case.get("state", {})))


def differences(case: dict[str, Any]) -> list[str]:
    """What is not as the case says; empty where all is well."""
    understood = understand(case)
    found = [
        f"{field}: {getattr(understood, field)} is not {case[field]}"
        for field in ("accepts", "declines", "angry", "language", "hesitation")
        if field in case and getattr(understood, field) != case[field]
    ]
    names = [act.intent.value for act in understood.acts]
    wanted = [entry if isinstance(entry, str) else next(iter(entry)) for entry in case["acts"]]
    if len(names) != len(wanted) or any(n not in w.split("|") for n, w in zip(names, wanted, strict=True)):
        return [*found, f"acts: {names} are not {wanted}"]
    for act, entry in zip(understood.acts, case["acts"], strict=True):
        expected = {} if isinstance(entry, str) else next(iter(entry.values()))
        actual = act.entities.model_dump()
        for field, value in expected.items():
            if (actual[field] or None) != value:
                found.append(f"{act.intent.value}.{field}: {actual[field]!r} is not {value!r}")
    return found
