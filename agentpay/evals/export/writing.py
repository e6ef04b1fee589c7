"""A scenario as YAML in the form of the files that people write: one line for what is expected of a turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

_WIDTH = 10_000


class _Line(dict[str, Any]):
    """A mapping that is written on one line."""


class _Dumper(yaml.SafeDumper):
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - its signature
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - its signature
        return True


_Dumper.add_representer(
    _Line, lambda dumper, data: dumper.represent_mapping("tag:yaml.org,2002:map", data, flow_style=True)
)


def as_yaml(scenario: Mapping[str, Any], lacking: Sequence[str] = ()) -> str:
    """The entry of a scenario file, with what could not be carried over as comments before it."""
    entry = dict(scenario)
    for key in ("customer", "finally"):
        if key in entry:
            entry[key] = _Line(entry[key])
    if "given" in entry:
        entry["given"] = {kind: [_Line(row) for row in rows] for kind, rows in entry["given"].items()}
    entry["turns"] = [
        {key: _Line(value) if key == "expect" else value for key, value in step.items()} for step in entry["turns"]
    ]
    notes = "".join(f"# {note}\n" for note in lacking)
    return notes + yaml.dump([entry], Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
