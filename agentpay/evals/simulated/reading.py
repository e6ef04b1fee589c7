"""The files of words beside this package."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from agentpay.commerce.importing.reading import StoreLoader


@cache
def words(name: str) -> dict[str, Any]:
    """`data/NAME.yaml`, where NO is Norway and not false."""
    text = (files(__package__) / "data" / f"{name}.yaml").read_text("utf-8")
    loaded: dict[str, Any] = yaml.load(text, Loader=StoreLoader)
    return loaded
