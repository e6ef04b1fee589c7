"""How far above a floor negotiation ends: by a margin that only this installation can compute.

An agent that ended at a known distance from the floor would tell it to whoever knows the distance, and one that took every
price down to the floor would tell it to whoever asks often enough. So the lowest price taken (the reserve) and the agent's
own last price lie above the floor by shares of the room that hang on a secret, the product, its price and its floor: the
same for every customer, conversation and size, so that there is nothing to average out.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from agentpay.store.session import Tx
from agentpay.store.tables import ServiceSecret

SECRET_NAME = "offers"
_BASIS = 10_000
RESERVE = (100, 400)
"""Least and most of the room, in basis points, by which the reserve lies above the floor."""
LAST_PRICE = (400, 800)
"""The same of the agent's own last price."""


@dataclass(frozen=True, slots=True)
class Margins:
    """Shares of the room above the floor, in basis points."""

    reserve: int
    last_price: int


def margins(secret: str, product: str, list_price: int, floor: int) -> Margins:
    """The margins of a product's variants (`Item.product`) at this price and floor (minor units); others are drawn anew."""
    drawn = hmac.digest(secret.encode(), f"{product}:{list_price}:{floor}".encode(), "sha256")
    return Margins(_between(RESERVE, drawn[:8]), _between(LAST_PRICE, drawn[8:16]))


def above(floor: int, room: int, share: int) -> int:
    """`floor` and `share` basis points of `room`, rounded up; at least one minor unit above the floor."""
    return floor + max(-(-room * share // _BASIS), 1)


async def offers_secret(tx: Tx) -> str:
    """The secret the margins are drawn with, made at its first use. It never leaves the database and this process."""
    wanted = select(ServiceSecret.value).where(ServiceSecret.name == SECRET_NAME)
    found = await tx.session.scalar(wanted)
    if found is None:
        made = insert(ServiceSecret).values(name=SECRET_NAME, value=secrets.token_urlsafe(32))
        await tx.session.execute(made.on_conflict_do_nothing())
        found = (await tx.session.scalars(wanted)).one()
    return found


def _between(bounds: tuple[int, int], drawn: bytes) -> int:
    low, high = bounds
    return low + int.from_bytes(drawn, "big") % (high - low + 1)
