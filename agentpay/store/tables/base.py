"""The columns and constraints every table shares.

Each row belongs to an organization, and a reference between two rows carries the organization with it:
`FOREIGN KEY (organization_id, x_id) REFERENCES x (organization_id, id)`. The database itself refuses to mix tenants.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    MetaData,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from agentpay.store.ids import new_id

JSON = dict[str, Any]

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """All tables of AgentPay. procrastinate's and LangGraph's own live beside them, made by `agentpay migrate`."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it as a class attribute
        int: Integer,
        str: Text,
        datetime: DateTime(timezone=True),
        JSON: JSONB,
        list[JSON]: JSONB,
        list[str]: JSONB,
    }


class Timestamps:
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    modified_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())


class Row(Timestamps):
    """A row of an organization: `id`, `organization_id`, times, and the pair that composite keys refer to."""

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)

    @declared_attr
    def organization_id(cls) -> Mapped[UUID]:
        return mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))


def money(*, nullable: bool = False, default: int | None = None) -> Any:
    """A BIGINT in minor units of the row's `currency`."""
    return mapped_column(BigInteger, nullable=nullable, default=default)


def own_id(table: str) -> UniqueConstraint:
    """The target of composite foreign keys."""
    return UniqueConstraint("organization_id", "id", name=f"uq_{table}_organization_id_id")


def ref(column: str, table: str, *, ondelete: str = "NO ACTION") -> ForeignKeyConstraint:
    """A reference inside one organization. `ondelete="SET NULL"` clears the column alone, never the organization."""
    action = f"SET NULL ({column})" if ondelete == "SET NULL" else ondelete
    return ForeignKeyConstraint(
        ["organization_id", column], [f"{table}.organization_id", f"{table}.id"], ondelete=action
    )
