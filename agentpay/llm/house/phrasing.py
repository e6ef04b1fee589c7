"""A sentence by its key: the merchant's own wording, else ours in the agent's tone.

Of several wordings the turn's seed chooses, so the same turn always says the same. A merchant's wording that names a field
it is not given is not used; settings are checked when they are stored (templates.py), but sentences may change later.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from agentpay.llm.brain import TurnView
from agentpay.llm.house.templates import fill, sentences
from agentpay.llm.house.tones import EMOJI, SHORT_WITHOUT, TONES

log = logging.getLogger(__name__)


def phrase(key: str, turn: TurnView, values: dict[str, Any]) -> str:
    """ "" for what a terse agent leaves out. An unknown key is a mistake in a plan: KeyError."""
    fields = {"assistant": turn.assistant, "shop": turn.shop, **values}
    own = turn.templates.get(key)
    if own:
        try:
            return fill(_chosen([own] if isinstance(own, str) else own, turn), fields)
        except (KeyError, ValueError):
            log.warning("template %r of %s names a field it is not given", key, turn.shop)
    if turn.verbosity == "short" and key in SHORT_WITHOUT:
        return ""
    text = _chosen(TONES.get(turn.tone, {}).get(key) or sentences()[key], turn).format_map(fields)
    return f"{text} {EMOJI[key]}" if turn.emoji and key in EMOJI else text


def _chosen(wordings: Sequence[str], turn: TurnView) -> str:
    return str(wordings[turn.seed % len(wordings)])
