"""An engineer changes one prompt file, and reads in the report which conversations got better and which got worse."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agentpay.evals.adversarial.model import running
from agentpay.evals.cli import eval_app
from tests.evals.planting import evaluate, plant

ADDED = "- Do not search before you know what is wanted: ask."
GREETED = "nursery/ny-greet"
"""Whoever says hello is to be greeted, not shown what the shop has."""
COMMAND = ("all", "--fast", "--only", "scenarios", "--model", "openai:obedient")


def obedient(request: dict[str, Any]) -> dict[str, Any]:
    """A model that searches for whatever it is told, until the prompt tells it not to."""
    prompt, last = (request["messages"][at]["content"] or "" for at in (0, -1))
    able = {tool["function"]["name"] for tool in request.get("tools", [])}
    if request["messages"][-1]["role"] == "tool":
        return {"text": "Here you are."}
    if ADDED not in prompt and "product_search" in able:
        return {"calls": [{"name": "product_search", "arguments": {"query": last}}]}
    return {"text": "How can I help you?"}


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_which_conversations_a_changed_prompt_broke_and_fixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = plant(tmp_path / "package", "nodes/prompts/sales.md", f"{ADDED}\n")
    with running() as model:
        monkeypatch.setattr(model, "answer", obedient)
        monkeypatch.setenv("OPENAI_BASE_URL", model.url)
        monkeypatch.setenv("OPENAI_API_KEY", "none")
        before = evaluate(tmp_path / "before", *COMMAND)
        after = evaluate(tmp_path / "after", *COMMAND, "--against", str(tmp_path / "before"), package=package)
    (scenarios, network) = after.report["comparison"]["suites"]
    assert before.report["run"]["program"] != after.report["run"]["program"]
    assert GREETED in scenarios["fixed"], after.said
    assert scenarios["changed"]
    assert (network["broken"], network["same"]) == ([], 1)
    assert re.search(rf"fixed +{GREETED}", after.said)
    for name in ("summary.md", "report.html"):
        assert GREETED in (after.folder / name).read_text()
    back = CliRunner().invoke(eval_app, ["compare", str(after.folder), str(before.folder)])
    assert back.exit_code == 1
    assert re.search(rf"broken +{GREETED}", back.output)
