"""Datasets as files have them: a sync that is done twice changes nothing the second time."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid5

import orjson
from langsmith import Client
from langsmith.schemas import Dataset, ExampleCreate, ExampleUpdate
from langsmith.utils import LangSmithNotFoundError

_DIGEST = "agentpay_digest"
"""In an example's metadata: of what the file says. What LangSmith adds of its own does not count as a change."""
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Example:
    """One case. `id` is unique in its dataset and the same as long as the case is."""

    id: str
    inputs: dict[str, Any]
    outputs: dict[str, Any] = field(default_factory=dict)
    """What is expected; {} where only graders say what is right."""
    metadata: dict[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        content = orjson.dumps([self.inputs, self.outputs, self.metadata], default=str, option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(content).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Synced:
    dataset: Dataset
    ids: dict[str, UUID]
    """Example's id → LangSmith's."""
    created: int
    updated: int
    deleted: int

    @property
    def changed(self) -> bool:
        return bool(self.created or self.updated or self.deleted)


def sync(client: Client, name: str, description: str, examples: Sequence[Example]) -> Synced:
    """Makes the dataset hold just these examples. Raises what langsmith raises (`LangSmithError`, `requests` errors)."""
    try:
        dataset = client.read_dataset(dataset_name=name)
    except LangSmithNotFoundError:
        dataset = client.create_dataset(name, description=description)
    # Of the dataset's id too: examples' ids are unique across all that a LangSmith holds
    ids = {example.id: uuid5(dataset.id, example.id) for example in examples}
    there = {each.id: (each.metadata or {}).get(_DIGEST) for each in client.list_examples(dataset_id=dataset.id)}
    fresh = [example for example in examples if ids[example.id] not in there]
    other = [example for example in examples if there.get(ids[example.id], example.digest) != example.digest]
    gone = [id for id in there if id not in set(ids.values())]
    for some in _portions(fresh):
        client.create_examples(dataset_id=dataset.id, examples=[_created(each, ids[each.id]) for each in some])
    for some in _portions(other):
        client.update_examples(dataset_id=dataset.id, updates=[_updated(each, ids[each.id]) for each in some])
    for each in _portions(gone):
        client.delete_examples(each)
    return Synced(dataset, ids, len(fresh), len(other), len(gone))


def _created(example: Example, id: UUID) -> ExampleCreate:
    return ExampleCreate(  # type: ignore[no-untyped-call]
        id=id,
        inputs=example.inputs,
        reference_outputs=example.outputs,
        metadata={**example.metadata, _DIGEST: example.digest},
    )


def _updated(example: Example, id: UUID) -> ExampleUpdate:
    return ExampleUpdate(  # type: ignore[no-untyped-call]
        id=id, inputs=example.inputs, outputs=example.outputs, metadata={**example.metadata, _DIGEST: example.digest}
    )


def _portions(of: Sequence[Any]) -> list[Sequence[Any]]:
    return [of[start : start + _AT_ONCE] for start in range(0, len(of), _AT_ONCE)]
