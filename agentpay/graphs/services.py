"""Puts together what every run of a process shares."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import asdict
from uuid import UUID

from redis.asyncio import Redis

from agentpay.intents.service import make_classifier
from agentpay.intents.types import Vocabulary
from agentpay.knowledge import vocabulary
from agentpay.knowledge.semantic import Semantic
from agentpay.llm.brains import BrainRegistry
from agentpay.settings import Settings
from agentpay.store.session import Database
from agentpay.tools.context import Services

_KEPT = 64
"""Shops whose words a process keeps."""


class VocabularyCache:
    """The words of the shops used last. A change of the catalogue has a new version, and so a new entry."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: OrderedDict[UUID, tuple[int, Vocabulary]] = OrderedDict()

    async def get(self, organization_id: UUID, catalog_version: int) -> Vocabulary:
        version, words = self._kept.get(organization_id, (-1, None))
        if words is None or version != catalog_version:
            async with self._database.tx(organization_id) as tx:
                loaded = asdict(await vocabulary.load(tx))
            words = Vocabulary.model_validate({**loaded, "shop": str(organization_id)})
            self._kept[organization_id] = (catalog_version, words)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        self._kept.move_to_end(organization_id)
        return words


def build_services(settings: Settings, database: Database, redis: Redis | None = None) -> Services:
    """`redis` remembers vectors of texts. Raises StartupError where the model that the settings name cannot be used."""
    return Services(
        settings=settings,
        database=database,
        classifier=make_classifier(settings),
        brains=BrainRegistry(settings),
        vocabularies=VocabularyCache(database),
        semantic=Semantic(settings, redis),
    )
