"""Organizations, their API keys and their agents."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, UniqueConstraint, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from agentpay.store.ids import new_id
from agentpay.store.tables.base import Base, Row, Timestamps, own_id, ref


class Organization(Timestamps, Base):
    __tablename__ = "organizations"
    __table_args__ = (
        UniqueConstraint("slug"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_iso"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str]
    name: Mapped[str]
    currency: Mapped[str]
    support_email: Mapped[str | None]
    timezone: Mapped[str] = mapped_column(server_default="UTC")
    policies: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    """`return_window_days`, `exchange_window_days`, `non_returnable`, `charge_saved_methods` (CONTRACT §4)."""
    synonyms: Mapped[list[list[str]]] = mapped_column(JSONB, server_default=text("'[]'"))
    """Groups of words that mean the same in this shop."""
    embedding_model: Mapped[str | None]
    """The model whose vectors answer searches; another one's take over once they are complete."""
    payment_provider: Mapped[str] = mapped_column(server_default="sandbox")
    catalog_version: Mapped[int] = mapped_column(BigInteger, server_default="0")
    """Grows with every change of catalogue, zones or rates; caches of the shop's vocabulary key on it."""
    last_order_number: Mapped[int] = mapped_column(BigInteger, server_default="1000")
    import_digest: Mapped[str | None]
    """sha256 of the store file imported last, so that a start with an unchanged file does no work."""


class ApiKey(Row, Base):
    """Only the sha256 of a key is stored; `prefix` is what lists show."""

    __tablename__ = "api_keys"
    __table_args__ = (
        own_id("api_keys"),
        UniqueConstraint("key_hash"),
        CheckConstraint("kind IN ('secret', 'publishable')", name="kind"),
    )

    kind: Mapped[str]
    key_hash: Mapped[bytes] = mapped_column(LargeBinary)
    prefix: Mapped[str]
    name: Mapped[str] = mapped_column(server_default="")
    scopes: Mapped[list[str]] = mapped_column(server_default=text("'[\"*\"]'"))
    allowed_origins: Mapped[list[str]] = mapped_column(server_default=text("'[]'"))
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class ClientToken(Row, Base):
    """A widget's token for one conversation, answered when a publishable key opens it."""

    __tablename__ = "client_tokens"
    __table_args__ = (
        own_id("client_tokens"),
        UniqueConstraint("token_hash"),
        ref("conversation_id", "conversations", ondelete="CASCADE"),
    )

    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    conversation_id: Mapped[UUID] = mapped_column(index=True)
    expires_at: Mapped[datetime]


class Agent(Row, Base):
    """The merchant's settings of the shop's agents: who they are, how they talk and what they may give away."""

    __tablename__ = "agents"
    __table_args__ = (
        own_id("agents"),
        UniqueConstraint("organization_id", "external_id"),
        Index("uq_agents_default", "organization_id", unique=True, postgresql_where=text("is_default")),
        CheckConstraint("version >= 1", name="version"),
    )

    external_id: Mapped[str | None]
    name: Mapped[str]
    personality: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    rules: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    model: Mapped[str | None]
    templates: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))
    tools: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))
    """The tools its agents may use; None: all of them."""
    version: Mapped[int] = mapped_column(server_default="1")
    is_default: Mapped[bool] = mapped_column(server_default=text("false"))


class AgentVersion(Base):
    """An agent's settings as they were. A trigger on `agents` writes it, so that no way to change them leaves one out."""

    __tablename__ = "agent_versions"
    __table_args__ = (ref("agent_id", "agents", ondelete="CASCADE"),)

    agent_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    settings: Mapped[dict[str, Any]]
    """`name`, `personality`, `rules`, `model`, `templates`, `tools`."""
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
