"""Options that several `agentpay eval …` have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Against = Annotated[
    Path | None,
    typer.Option("--against", metavar="RUN", exists=True, help="Compare with this run (its --out), case by case."),
]
Repeat = Annotated[
    int, typer.Option("--repeat", metavar="K", min=1, max=20, help="Try each case K times, and report pass^k.")
]
AgentVersion = Annotated[
    int | None,
    typer.Option(
        "--agent-version", metavar="N", min=1, help="Give the agents the voice of this version of a shop's own."
    ),
]
AgentShop = Annotated[
    Path | None, typer.Option("--shop", metavar="DIR", help="Data folder of that shop.  [default: ./.agentpay]")
]
AgentOrganization = Annotated[
    str | None, typer.Option("--organization", metavar="SLUG", help="Whose agent, where there are several shops.")
]


def check_agent(version: int | None, shop: Path | None, organization: str | None) -> None:
    """Raises BadParameter for options that say whose version is meant where none is."""
    if version is None and (shop is not None or organization is not None):
        raise typer.BadParameter("they say whose --agent-version is meant", param_hint="--shop, --organization")
