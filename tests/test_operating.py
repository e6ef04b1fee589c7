"""docs/operating.md lists every setting, with its default."""

from __future__ import annotations

import re
from pathlib import Path

from agentpay.settings import Settings

DOCS = Path(__file__).resolve().parents[1] / "docs" / "operating.md"


def test_every_setting_is_in_the_table_with_its_default() -> None:
    listed = dict(re.findall(r"^\| `([A-Z_]+)` \| (?:`([^`]*)`)? ?\|", DOCS.read_text(), re.MULTILINE))
    expected = {}
    for field, info in Settings.model_fields.items():
        name = next(iter(getattr(info.validation_alias, "choices", ())), f"AGENTPAY_{field.upper()}")
        expected[name] = "" if info.default is None else str(info.default)
    assert listed == expected
