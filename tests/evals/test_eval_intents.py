"""`agentpay eval intents` on a few sentences: order, rejection, gzip, and files that cannot be used."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from agentpay.cli import app

TRAIN = {
    "weather": [
        "will it rain today",
        "is it sunny outside",
        "how cold is it",
        "do I need an umbrella",
        "is snow coming",
    ],
    "alarm": [
        "wake me at seven",
        "set an alarm for six",
        "cancel my alarm",
        "remind me to get up",
        "alarm at noon please",
    ],
}
OUTSIDE = ["who wrote hamlet", "what is the capital of peru", "sell my shares", "how do I cook rice", "call a taxi"]


def rows(intents: dict[str, list[str]]) -> str:
    return "".join(
        json.dumps({"text": text, "intent": intent}) + "\n" for intent, texts in intents.items() for text in texts
    )


def run(folder: Path, train: str, test: str, *, zipped: bool = False) -> tuple[int, list[dict[str, str]], dict]:
    name = "train.jsonl.gz" if zipped else "train.jsonl"
    (folder / name).write_bytes(gzip.compress(train.encode()) if zipped else train.encode())
    (folder / "test.jsonl").write_text(test)
    out = folder / "made" / "predictions.jsonl"
    arguments = ["--train", str(folder / name), "--test", str(folder / "test.jsonl"), "--out", str(out), "--json"]
    done = CliRunner().invoke(app, ["eval", "intents", *arguments])
    said = [json.loads(line) for line in out.read_text().splitlines()] if out.exists() else []
    return done.exit_code, said, json.loads((folder / "made" / "report.json").read_text())


@pytest.mark.parametrize("zipped", [False, True])
def test_without_rows_out_of_scope_nothing_is_rejected(tmp_path, zipped):
    test = rows({"alarm": ["set the alarm for eight"], "weather": ["is it going to rain"], "oos": ["who is the pope"]})
    code, said, report = run(tmp_path, rows(TRAIN), test, zipped=zipped)
    assert code == 0
    assert [row["text"] for row in said] == ["set the alarm for eight", "is it going to rain", "who is the pope"]
    assert [row["intent"] for row in said[:2]] == ["alarm", "weather"]
    assert said[2]["intent"] != "oos"
    assert report["suites"][0]["figures"]["in_scope_accuracy"] == 1.0
    assert report["suites"][0]["figures"]["oos_recall"] == 0.0


def test_rows_out_of_scope_teach_rejection(tmp_path):
    test = rows({"alarm": ["set the alarm for eight"], "oos": ["what is the capital of france"]})
    code, said, _ = run(tmp_path, rows({**TRAIN, "oos": OUTSIDE}), test)
    assert code == 0
    assert [row["intent"] for row in said] == ["alarm", "oos"]


def test_test_rows_need_no_label(tmp_path):
    code, said, report = run(tmp_path, rows(TRAIN), '{"text": "wake me up at nine"}\n')
    assert (code, said) == (0, [{"text": "wake me up at nine", "intent": "alarm"}])
    assert report["suites"][0]["skipped"] == 1


@pytest.mark.parametrize(
    ("train", "test", "problem"),
    [
        ("", '{"text": "x"}', "holds no sentence"),
        ('{"text": "x"}\n', '{"text": "x"}', "train.jsonl:1"),
        ('{"text": "x", "intent": "a"}\nnonsense\n', '{"text": "x"}', "train.jsonl:2"),
        ('{"text": "x", "intent": "a"}\n', '{"text": "x"}', "two intents"),
    ],
)
def test_what_cannot_be_used_is_said_and_makes_the_exit_code(tmp_path, train, test, problem):
    code, said, report = run(tmp_path, train, test)
    assert (code, said) == (1, [])
    assert problem in report["suites"][0]["problem"]
