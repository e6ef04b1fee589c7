"""`DIR/demo.json` (CONTRACT §1): how to reach the demo, and the keys that a later start uses again."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from agentpay.errors import StartupError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from agentpay.store.keys import KeyKind


@dataclass(frozen=True, slots=True)
class Keys:
    secret: str
    publishable: str


class DemoFile:
    """Readable by its owner alone, and whole at any moment: it is written aside and moved into place."""

    def __init__(self, data_dir: Path) -> None:
        """Makes the folder. Raises StartupError where it cannot be written."""
        self.folder = data_dir.expanduser().resolve()
        self.path = self.folder / "demo.json"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise self._unusable(error) from error

    async def keys(self, session: AsyncSession, organization_id: UUID) -> Keys:
        """The keys of the file where they are this organization's and not revoked, else new ones."""
        known = self._read()
        return Keys(
            await self._key(session, organization_id, "secret", known.get("secret_key")),
            await self._key(session, organization_id, "publishable", known.get("publishable_key")),
        )

    def write(self, content: dict[str, Any]) -> dict[str, Any]:
        """Replace the file. Raises StartupError."""
        from agentpay.store.embedded.account import give_to_owner

        new = self.path.with_name(f".demo.json.{os.getpid()}")
        try:
            with open(new, "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
                os.fchmod(file.fileno(), 0o600)
                give_to_owner(file.fileno(), self.folder)
                json.dump(content, file, indent=2)
                file.write("\n")
                file.flush()
                os.fsync(file.fileno())
            new.replace(self.path)
        except OSError as error:
            new.unlink(missing_ok=True)
            raise self._unusable(error) from error
        return content

    def _read(self) -> dict[str, Any]:
        """What the file holds; nothing where it is missing or damaged: it is written anew then."""
        try:
            found = json.loads(self.path.read_bytes())
        except FileNotFoundError:
            return {}
        except ValueError:
            return {}
        except OSError as error:
            raise self._unusable(error) from error
        return found if isinstance(found, dict) else {}

    async def _key(self, session: AsyncSession, organization_id: UUID, kind: KeyKind, known: object) -> str:
        from agentpay.store.keys import create_key, find_key

        if isinstance(known, str):
            row = await find_key(session, known)
            if row and row.organization_id == organization_id and row.kind == kind and row.revoked_at is None:
                return known
        return (await create_key(session, organization_id, kind, name="demo"))[1]

    def _unusable(self, error: OSError) -> StartupError:
        return StartupError(
            f"The data folder {self.folder} cannot be used: {error.strerror or error};"
            " choose another with --data or AGENTPAY_DATA_DIR."
        )
