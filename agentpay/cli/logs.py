"""Logging of the service's processes: one line an event, on stderr."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agentpay.settings import Settings

_TALKATIVE = ("alembic", "httpcore", "httpx", "openai", "procrastinate", "uvicorn", "asyncio")
"""Libraries that report their everyday work at INFO."""


def configure(settings: Settings, *, quiet: bool = False) -> None:
    """Log at the settings' level. `quiet`: warnings only, unless the level was set on purpose."""
    level = "WARNING" if quiet and "log_level" not in settings.model_fields_set else settings.log_level
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True)
    if level != "DEBUG":
        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level]))
