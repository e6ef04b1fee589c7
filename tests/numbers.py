"""Whether a number stands in what was said, as a number: random ids and times hold every short run of digits at times."""

from __future__ import annotations

import re


def stands(number: int, text: str) -> bool:
    """``stands(777, "{'id': 'c86c777e', 'floor': 777}")`` is true for the floor, not for the id."""
    return re.search(rf"(?<![0-9A-Za-z.:_-]){number}(?![0-9A-Za-z_-])", text) is not None
