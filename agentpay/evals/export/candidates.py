"""Conversations that went wrong, told without the names of those who had them: `agentpay conversations candidates`."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from agentpay.conversations.candidates import Candidate, candidates
from agentpay.conversations.shapes import rfc3339
from agentpay.evals.export.learning import Surroundings, learn
from agentpay.evals.export.transcript import exchanges
from agentpay.store.cursors import encode
from agentpay.store.session import Tx


async def masked_candidates(
    tx: Tx, *, limit: int, before: UUID | None = None, since: datetime | None = None
) -> dict[str, Any]:
    """
    A page, the newest first: `{"items": [{"conversation_id", "created_at", "reasons", "complaints": [{"message_id", "asked",
    "answered", "comment", "at"}]}], "next_cursor"}`, personal data masked as in an exported scenario.
    """
    found = await candidates(tx, limit=limit, before=before, since=since)
    shop = await Surroundings.load(tx) if any(one.complaints for one in found) else None
    items = [await _told(tx, one, shop) for one in found[:limit]]
    more = len(found) > limit
    return {"items": items, "next_cursor": encode([str(found[limit - 1].conversation.id)]) if more else None}


async def _told(tx: Tx, candidate: Candidate, shop: Surroundings | None) -> dict[str, Any]:
    complaints = []
    if candidate.complaints and shop is not None:
        mask = shop.mask(candidate.conversation)
        await learn(tx, candidate.conversation, await exchanges(tx, candidate.conversation), mask)
        for one in candidate.complaints:
            mask.read(one.comment or "")
        complaints = [
            {
                "message_id": str(one.message_id),
                "asked": mask.text(one.asked),
                "answered": mask.text(one.answered),
                "comment": mask.text(one.comment) if one.comment else None,
                "at": rfc3339(one.at),
            }
            for one in candidate.complaints
        ]
    return {
        "conversation_id": str(candidate.conversation.id),
        "created_at": rfc3339(candidate.conversation.created_at),
        "reasons": list(candidate.reasons),
        "complaints": complaints,
    }
