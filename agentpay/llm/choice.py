"""Whether the model that the settings name can be used; asked at the start, before anything is loaded."""

from __future__ import annotations

from agentpay.errors import StartupError
from agentpay.settings import Settings


def check_model(model: str, settings: Settings) -> None:
    """Raises StartupError where `model` names no brain, or one whose key is missing."""
    if model == "house":
        return
    provider, _, name = model.partition(":")
    if provider != "openai" or not name:
        raise StartupError(f"AGENTPAY_MODEL={model!r} is not known: use `house` or `openai:<model>`.")
    if settings.openai_api_key is None:
        raise StartupError(f"AGENTPAY_MODEL={model} needs OPENAI_API_KEY (any value for a local server).")
