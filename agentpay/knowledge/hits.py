"""What a search answers."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

Kind = Literal["product", "article"]


class Hit(BaseModel):
    """One thing found. `score` is 0..1 and grows with how much of the query it answers; 1 is an exact id, SKU or title."""

    model_config = ConfigDict(frozen=True)

    kind: Kind
    id: UUID
    external_id: str | None
    title: str
    score: float = Field(ge=0, le=1)
    snippet: str
    price: int | None = None
    """Minor units: the lowest price of a variant that fits the filters; None for articles."""
    in_stock: bool | None = None
    """None for articles."""
    fit: float = 0.0
    """How much of the query this one answers, whatever stands before it; `score` never grows down the list."""

    @property
    def product_id(self) -> UUID | None:
        return self.id if self.kind == "product" else None
