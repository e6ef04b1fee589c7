"""`agentpay eval intents`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from agentpay.evals.options import Against

if TYPE_CHECKING:
    from agentpay.evals.intents import Measured, Sentence
    from agentpay.evals.report import Suite

Data = Annotated[
    Path | None, typer.Option("--data", metavar="DIR", help="Not used: this command needs no shop.", hidden=True)
]


def intents(
    train: Annotated[
        Path, typer.Option("--train", metavar="FILE", help='JSONL of {"text", "intent"}, may be gzipped.')
    ],
    test: Annotated[
        Path, typer.Option("--test", metavar="FILE", help="The same; labels serve the printed table only.")
    ],
    out: Annotated[
        Path,
        typer.Option("--out", metavar="FILE", help="Predictions, a line a test row; report.json is written beside it."),
    ] = Path("predictions.jsonl"),
    against: Against = None,
    data: Data = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON on stdout.")] = False,
) -> None:
    """Train the embedding tier on any labelled sentences and let it name the intents of others; `oos` marks out of scope."""
    from agentpay.evals.output import conclude

    del data
    suite = _run(train, test, out, quiet=json)

    def show() -> None:
        if suite.problem is not None:
            typer.echo(suite.problem, err=True)

    conclude(
        [suite], out.parent, as_json=json, show=show, good=suite.cases > 0 and suite.problem is None, against=against
    )


def _run(train: Path, test: Path, out: Path, *, quiet: bool) -> Suite:
    """Writes the predictions. What stands in the way is the suite's problem."""
    import json as json_module

    from agentpay.evals.intents import BadSentences, confusion, measure, predict, read_sentences
    from agentpay.evals.output import progress
    from agentpay.evals.report import Case, Suite
    from agentpay.llm.embedder import EmbeddingsUnavailable

    try:
        known, asked = read_sentences(train, labelled=True), read_sentences(test, labelled=False)
        with progress("Loading", quiet=quiet) as advance:
            predicted = predict(known, asked, advance)
    except (BadSentences, EmbeddingsUnavailable) as error:
        return Suite("intents", problem=str(error))
    except ValueError as error:
        return Suite("intents", problem=f"Nothing can be learnt from {train}: {error}")
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8") as file:
        for row, intent in zip(asked, predicted, strict=True):
            file.write(json_module.dumps({"text": row.text, "intent": intent}, ensure_ascii=False) + "\n")
    measured = measure(asked, predicted)
    if not quiet:
        _print(measured, asked, out)
    return Suite(
        "intents",
        cases=len(asked),
        passed=measured.right,
        failed=measured.rows - measured.right,
        skipped=len(asked) - measured.rows,
        figures={
            "in_scope_accuracy": measured.in_scope_accuracy,
            "oos_recall": measured.oos_recall,
            "oos_precision": measured.oos_precision,
            "train_rows": len(known),
            "confusions": [
                {"intent": intent, "taken_for": guess, "count": count} for intent, guess, count in measured.confusions()
            ],
            "confusion_matrix": measured.matrix,
            "confusion": confusion(asked, predicted),
        },
        results=[
            Case(f"{number:05d}", None if row.intent is None else row.intent == guess, _detail(row, guess))
            for number, (row, guess) in enumerate(zip(asked, predicted, strict=True))
        ],
    )


def _detail(row: Sentence, guess: str) -> dict[str, Any]:
    found = {"text": row.text, "intents": [row.intent], "found": [guess]}
    return found if row.intent is not None else {**found, "reason": "no label"}


def _print(measured: Measured, asked: list[Sentence], out: Path) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(markup=False, highlight=False)
    if measured.rows:
        table = Table("intent", "rows", "right", "taken for it", header_style="bold")
        for name, (rows, right, taken) in sorted(measured.intents.items(), key=lambda one: one[1][1] / one[1][0]):
            table.add_row(name, str(rows), f"{right / rows:.3f}", str(taken))
        console.print(table)
        for intent, guess, count in measured.confusions(5):
            console.print(f"{count} × {intent} taken for {guess}")
        for name, share in (
            ("In-scope accuracy", measured.in_scope_accuracy),
            ("Out-of-scope recall", measured.oos_recall),
            ("Out-of-scope precision", measured.oos_precision),
        ):
            console.print(f"{name}: {'–' if share is None else f'{share:.4f}'}")
    console.print(f"{len(asked)} predictions in {out}")
