"""τ²-bench's tasks as they stand in its files."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

WRITES = frozenset(
    {
        "cancel_pending_order",
        "modify_pending_order_address",
        "modify_pending_order_items",
        "modify_pending_order_payment",
        "modify_user_address",
        "return_delivered_order_items",
        "exchange_delivered_order_items",
    }
)


class TasksUnusable(Exception):
    """The file is none of tasks; the message says why."""


@dataclass(frozen=True, slots=True)
class Action:
    """A gold call, by τ²'s own name of the tool."""

    id: str
    name: str
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """`instructions`: what the simulated user is told. `communicate`: facts the agent has to tell them."""

    id: str
    actions: tuple[Action, ...]
    instructions: dict[str, Any]
    communicate: tuple[str, ...] = ()


def load_tasks(path: Path) -> list[Task]:
    """Raises TasksUnusable."""
    rows = load_json(path)
    if not isinstance(rows, list):
        raise TasksUnusable(f"{path} is no list of tasks.")
    try:
        return [_task(row) for row in rows]
    except (KeyError, TypeError) as error:
        raise TasksUnusable(f"{path}: a task lacks something: {error!r}") from error


def load_json(path: Path) -> Any:
    """JSON, gzipped or not. Raises TasksUnusable."""
    try:
        content = path.read_bytes()
        return orjson.loads(gzip.decompress(content) if path.suffix == ".gz" else content)
    except (OSError, EOFError, ValueError) as error:
        raise TasksUnusable(f"{path} cannot be read: {error}") from error


def owner(task: Task, db: dict[str, Any]) -> str:
    """The user whose task it is: of the orders it names, else the one it looks up; any one where it names nobody."""
    for action in task.actions:
        given = action.arguments
        if (order := db["orders"].get(given.get("order_id"))) is not None:
            return str(order["user_id"])
        if given.get("user_id") in db["users"]:
            return str(given["user_id"])
    for action in task.actions:
        for user_id, user in db["users"].items():
            if _is_meant(action.arguments, user):
                return str(user_id)
    return str(next(iter(db["users"])))


def _is_meant(given: dict[str, Any], user: dict[str, Any]) -> bool:
    if "email" in given:
        return bool(given["email"].lower() == user["email"].lower())
    named = (given.get("first_name", "").lower(), given.get("last_name", "").lower(), given.get("zip"))
    name = user["name"]
    return bool(named == (name["first_name"].lower(), name["last_name"].lower(), user["address"]["zip"]))


def _task(row: dict[str, Any]) -> Task:
    criteria = row["evaluation_criteria"]
    return Task(
        str(row["id"]),
        tuple(Action(each["action_id"], each["name"], each["arguments"]) for each in criteria["actions"] or ()),
        row["user_scenario"]["instructions"],
        tuple(criteria.get("communicate_info") or ()),
    )
