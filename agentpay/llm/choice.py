"""Whether a model can be used that the settings or an agent name; asked before anything is loaded."""

from __future__ import annotations

from agentpay.errors import StartupError
from agentpay.settings import Settings


def unusable(model: str, settings: Settings) -> str | None:
    """Why `model` cannot be used: it names no brain, or one whose key is missing. None where it can."""
    provider, _, name = model.partition(":")
    if model != "house" and (provider != "openai" or not name):
        return f"The model {model!r} is not known: use `house` or `openai:<model>`."
    if model != "house" and settings.openai_api_key is None:
        return f"The model {model} needs OPENAI_API_KEY (any value for a local server)."
    return None


def check_model(model: str, settings: Settings) -> None:
    """Raises StartupError where the model cannot be used."""
    if (reason := unusable(model, settings)) is not None:
        raise StartupError(reason)
