"""API keys and client tokens. Only their sha256 is stored: a key is shown once, when it is made."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from agentpay.store.tables import ApiKey, ClientToken

KeyKind = Literal["secret", "publishable"]

PREFIXES: dict[KeyKind, str] = {"secret": "ap_sk_", "publishable": "ap_pk_"}
CLIENT_PREFIX = "ap_cs_"
CLIENT_TOKEN_LIFETIME = timedelta(hours=24)
TOUCHED_EVERY = timedelta(minutes=1)


def digest(key: str) -> bytes:
    """What is stored of a key. It is random and long, so a plain hash cannot be guessed back."""
    return hashlib.sha256(key.encode()).digest()


async def create_key(
    session: AsyncSession,
    organization_id: UUID,
    kind: KeyKind,
    *,
    name: str = "",
    scopes: Sequence[str] = ("*",),
    allowed_origins: Sequence[str] = (),
) -> tuple[ApiKey, str]:
    """A new key and its plaintext, which cannot be had again."""
    plaintext = PREFIXES[kind] + secrets.token_urlsafe(32)
    row = ApiKey(
        organization_id=organization_id,
        kind=kind,
        key_hash=digest(plaintext),
        prefix=plaintext[:12],
        name=name,
        scopes=list(scopes),
        allowed_origins=[origin.rstrip("/") for origin in allowed_origins],
    )
    session.add(row)
    await session.flush()
    return row, plaintext


async def list_keys(session: AsyncSession, organization_id: UUID) -> list[ApiKey]:
    """Every key of the organization, the newest first, revoked ones included."""
    rows = await session.scalars(
        select(ApiKey).where(ApiKey.organization_id == organization_id).order_by(ApiKey.id.desc())
    )
    return list(rows)


async def revoke_key(session: AsyncSession, organization_id: UUID, key_id: UUID) -> bool:
    """Revoke a key for good. False where there is no such key, or it is revoked already."""
    revoked = await session.scalar(
        update(ApiKey)
        .where(ApiKey.organization_id == organization_id, ApiKey.id == key_id, ApiKey.revoked_at.is_(None))
        .values(revoked_at=func.now())
        .returning(ApiKey.id)
    )
    return revoked is not None


async def find_key(session: AsyncSession, plaintext: str) -> ApiKey | None:
    """The key with this plaintext, revoked or not; None where there is none."""
    return await session.scalar(select(ApiKey).where(ApiKey.key_hash == digest(plaintext)))


async def touch_key(session: AsyncSession, key: ApiKey) -> None:
    """Remember that a key was used, to the minute."""
    now = datetime.now(UTC)
    if key.last_used_at is not None and key.last_used_at > now - TOUCHED_EVERY:
        return
    stale = (ApiKey.last_used_at.is_(None)) | (ApiKey.last_used_at < now - TOUCHED_EVERY)
    await session.execute(
        update(ApiKey).where(ApiKey.id == key.id, stale).values(last_used_at=now, modified_at=ApiKey.modified_at)
    )


async def create_client_token(
    session: AsyncSession, organization_id: UUID, conversation_id: UUID
) -> tuple[ClientToken, str]:
    """A widget's token for one conversation and its plaintext."""
    plaintext = CLIENT_PREFIX + secrets.token_urlsafe(32)
    row = ClientToken(
        organization_id=organization_id,
        token_hash=digest(plaintext),
        conversation_id=conversation_id,
        expires_at=datetime.now(UTC) + CLIENT_TOKEN_LIFETIME,
    )
    session.add(row)
    await session.flush()
    return row, plaintext


async def find_client_token(session: AsyncSession, plaintext: str) -> ClientToken | None:
    """The token with this plaintext, expired or not; None where there is none."""
    return await session.scalar(select(ClientToken).where(ClientToken.token_hash == digest(plaintext)))
