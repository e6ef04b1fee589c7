"""A chat model that can be told what to answer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fakellm import FakeModel, running_fake_model


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeModel]:
    with running_fake_model() as model:
        yield model
