"""Evaluations under test are published to nobody's LangSmith."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def unpublished(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key in the developer's environment is for tests marked `langsmith` alone."""
    if request.node.get_closest_marker("langsmith") is None:
        for name in ("LANGSMITH_API_KEY", "LANGCHAIN_API_KEY"):
            monkeypatch.delenv(name, raising=False)
