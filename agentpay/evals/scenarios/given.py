"""People and past orders that a scenario brings along: added to a copy of the shop's file before it is opened."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from agentpay.commerce.importing.problems import ImportProblem, ImportProblems
from agentpay.commerce.importing.reading import read_raw

if TYPE_CHECKING:
    from agentpay.evals.scenarios.models import Redeemed, Scenario

_KINDS = ("customers", "orders")


@contextmanager
def furnished(store: Path, scenarios: Sequence[Scenario]) -> Iterator[Path]:
    """
    The store file with what these scenarios are given; the file itself where they are given nothing.

    Raises ImportProblems where two of them, or one and the shop, bring a customer or an order of the same external id.
    """
    given = [scenario.given for scenario in scenarios if scenario.given is not None]
    if not given:
        yield store
        return
    whole = read_raw(store)
    for kind in _KINDS:
        rows: list[dict[str, Any]] = list(whole.get(kind) or ())
        taken = {str(row.get("external_id")) for row in rows}
        for one in given:
            for row in getattr(one, kind):
                if row.external_id in taken:
                    told = f"{row.external_id} is given by a scenario and is there already"
                    raise ImportProblems([ImportProblem(0, kind, told)])
                taken.add(row.external_id)
                rows.append(row.model_dump(mode="json", exclude_unset=True))
        whole[kind] = rows
    for used in (used for one in given for used in one.redeemed):
        _redeem(whole.get("discounts") or [], used)
    with tempfile.TemporaryDirectory(prefix="agentpay-store-") as folder:
        made = Path(folder) / "store.yaml"
        made.write_text(yaml.safe_dump(whole, allow_unicode=True, sort_keys=False))
        products = whole.get("products")
        if (
            isinstance(products, dict) and "file" in products
        ):  # a catalogue in a file of its own lies beside the store's
            beside = made.parent / str(products["file"])
            beside.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(store.parent / str(products["file"]), beside)
        yield made


def _redeem(discounts: list[dict[str, Any]], used: Redeemed) -> None:
    """A code that the file does not have was never used there: the conversation will say that it is unknown."""
    for row in discounts:
        if str(row["code"]).upper() == used.code.upper():
            row["redeemed_by"] = {**row.get("redeemed_by", {}), used.customer: used.times}
            if "redeemed" in row:
                row["redeemed"] += used.times
