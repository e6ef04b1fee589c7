"""A version of a shop's agent, read where that shop's data lies, to be held to account in other shops."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg

from agentpay.errors import StartupError
from agentpay.settings import get_settings
from agentpay.store import embedded

GIVEN = ("personality", "templates", "tools")
"""What another shop's agent can be given. Rules are a shop's own: what they allow hangs on its prices and floors."""
_WANTED = """
SELECT v.settings FROM agents a JOIN agent_versions v ON v.agent_id = a.id JOIN organizations o ON o.id = a.organization_id
WHERE a.is_default AND v.version = %(version)s AND (%(slug)s::text IS NULL OR o.slug = %(slug)s)
"""


def agent_version(number: int, shop: Path | None, organization: str | None) -> tuple[dict[str, Any], str | None]:
    """The settings of that version of the shop's default agent (`GIVEN`), and its model.

    `shop`: data folder of the embedded servers; None: the database that the settings name. Raises StartupError.
    """
    settings = get_settings()
    url = None if shop is not None else settings.database_url
    folder = shop or settings.data_dir
    if url is None and not folder.is_dir():
        raise StartupError(f"{folder} is no shop's data folder: name it with --shop.")
    with ExitStack() as opened:
        if url is None:
            url = opened.enter_context(embedded.start(folder, need_redis=False)).database_url
        connection = opened.enter_context(psycopg.connect(url))
        found = connection.execute(_WANTED, {"version": number, "slug": organization}).fetchall()
    if not found:
        raise StartupError(f"The shop's agent has no version {number}.")
    if len(found) > 1:
        raise StartupError("There are several shops: name one with --organization.")
    version: dict[str, Any] = found[0][0]
    return {name: version[name] for name in GIVEN if version.get(name) is not None}, version.get("model")
