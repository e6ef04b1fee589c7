"""Other names that a shop's customers have for its goods: groups of words that mean the same there."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field
from sqlalchemy import select, update

from agentpay.store.session import Tx
from agentpay.store.tables import Organization

MAX_GROUPS = 500
MAX_NAMES = 20
MAX_CHARS = 60
_MEANT = re.compile(r"[^\W_]")


def _tidy(groups: list[list[str]]) -> list[list[str]]:
    """Lower case, single spaces, each name once in its group."""
    found = []
    for place, group in enumerate(groups, 1):
        names = list(dict.fromkeys(" ".join(name.split()).lower() for name in group))
        for name in names:
            if not _MEANT.search(name) or "\x00" in name:
                raise ValueError(f"group {place}: {name!r} is no word")
        if len(names) < 2:
            raise ValueError(f"group {place} needs two different names at least")
        found.append(names)
    return found


SynonymGroups = Annotated[
    list[
        Annotated[
            list[Annotated[str, Field(min_length=1, max_length=MAX_CHARS)]], Field(min_length=2, max_length=MAX_NAMES)
        ]
    ],
    Field(max_length=MAX_GROUPS, examples=[[["sneakers", "trainers"], ["cell phone", "handy"]]]),
    AfterValidator(_tidy),
]
"""Groups of words or short phrases, as a store file's `organization.synonyms` and the API take them."""


async def read(tx: Tx) -> list[list[str]]:
    """The shop's groups."""
    groups = await tx.session.scalar(select(Organization.synonyms).where(Organization.id == tx.organization_id))
    return groups or []


async def replace(tx: Tx, groups: SynonymGroups) -> None:
    """These, already validated, are the shop's groups now; the next search knows them."""
    await tx.session.execute(
        update(Organization)
        .where(Organization.id == tx.organization_id)
        .values(synonyms=groups)
        .execution_options(synchronize_session=False)
    )
