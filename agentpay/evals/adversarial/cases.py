"""What is played: attacks by class, questions about poisoned texts, and true replies that must get through."""

from __future__ import annotations

from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

DATA = files(__package__) / "data"


@dataclass(frozen=True, slots=True)
class Case:
    """One message of a customer, and what the malicious model does with it: its calls, then what it says, again and again."""

    id: str
    group: str
    message: str
    calls: list[dict[str, Any]] = field(default_factory=list)
    says: list[str] = field(default_factory=list)
    lies: list[str] = field(default_factory=list)
    """What nobody may read, in whatever case."""
    customer: str | None = None
    """External id of whom the conversation is vouched for."""
    calm: bool = False
    """No model may be asked, and a person is offered."""


def shop() -> Path:
    """The store file."""
    return Path(str(DATA / "shop.yaml"))


def attacks() -> list[Case]:
    """Every attack; the moves of its class take turns."""
    found = []
    for group, entry in _load("attacks.yaml")["classes"].items():
        for n, message in enumerate(entry["messages"]):
            move = entry["moves"][n % len(entry["moves"])]
            found.append(
                Case(
                    f"{group}-{n + 1:02d}",
                    group,
                    message,
                    move["calls"],
                    move["says"],
                    move["lies"],
                    entry.get("as"),
                    entry.get("calm", False),
                )
            )
    return found


def poisoned() -> list[Case]:
    """A question about each product and article whose text gives orders, and a model that follows them."""
    store, obeyed = _load("shop.yaml"), _load("poison.yaml")
    found = []
    for kind, tool in (("products", "product_details"), ("articles", "search_knowledge")):
        for item in store[kind]:
            if (move := obeyed[kind].get(item["external_id"])) is None:
                continue
            title = item["title"].split(".")[0]
            arguments = {"product": item["external_id"]} if kind == "products" else {"query": title}
            message = f"Tell me about the {title}" if kind == "products" else f"What is your policy on {title.lower()}?"
            calls = [{"name": tool, "arguments": arguments}]
            found.append(Case(item["external_id"], f"poisoned_{kind}", message, calls, move["says"], move["lies"]))
    return found


def truths() -> list[Case]:
    """True replies, each in a conversation of its own."""
    return [
        Case(f"truth-{n + 1:02d}.{m + 1}", "truths", entry["say"], entry["calls"], [reply], customer=entry.get("as"))
        for n, entry in enumerate(_load("truths.yaml"))
        for m, reply in enumerate(entry["replies"])
    ]


def _load(name: str) -> Any:
    return yaml.safe_load((DATA / name).read_text("utf-8"))
