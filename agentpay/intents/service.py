"""Puts the tiers together as the settings say."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from agentpay.errors import StartupError
from agentpay.intents.model import ModelNamer
from agentpay.intents.rules import RuleClassifier
from agentpay.intents.tiers import TieredClassifier
from agentpay.intents.types import Classifier
from agentpay.llm.choice import check_model
from agentpay.settings import Settings

if TYPE_CHECKING:
    from agentpay.intents.trained.commerce import CommerceHead


def make_classifier(settings: Settings) -> Classifier:
    """
    Rules alone where AGENTPAY_EMBEDDINGS is `none`. The head reads MiniLM's vectors whatever model search uses.

    Raises StartupError where AGENTPAY_INTENT_MODEL cannot be used.
    """
    if settings.embeddings == "none":
        return RuleClassifier()
    namer = None
    if settings.intent_model is not None:
        check_model(settings.intent_model, settings)
        if settings.intent_model == "house":
            raise StartupError("AGENTPAY_INTENT_MODEL names a chat model, `openai:<model>`, or nothing.")
        namer = ModelNamer(settings.intent_model.removeprefix("openai:"), settings)

    def load(shop: str | None) -> CommerceHead:
        from agentpay.intents.trained import commerce

        own = head_of(settings.data_dir, shop) if shop is not None else None
        return commerce.load(own) if own is not None and own.exists() else commerce.shipped()

    from agentpay.intents.trained.adaptation import reader

    return TieredClassifier(RuleClassifier(), load, reader(), namer)


def head_of(data: Path, shop: str) -> Path:
    """Where the head of a shop that brought sentences of its own lies; `shop` is the organization's id."""
    return data / "intents" / f"{shop}.npz"
