"""An engineer changes one prompt file, and reads in the report which conversations got better and which got worse."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from agentpay.evals.adversarial.model import running
from tests.evals.planting import evaluate, plant

ADDED = "- Do not search. Whoever asks for a person: `handoff_to_human`."
COMMAND = ("all", "--fast", "--only", "scenarios", "--model", "openai:obedient")


def obedient(request: dict[str, Any]) -> dict[str, Any]:
    """A model that searches for whatever it is told, until the prompt tells it not to."""
    prompt, last = (request["messages"][at]["content"] or "" for at in (0, -1))
    able = {tool["function"]["name"] for tool in request.get("tools", [])}
    if request["messages"][-1]["role"] == "tool":
        return {"text": "Here you are."}
    if ADDED not in prompt:
        if "product_search" in able:
            return {"calls": [{"name": "product_search", "arguments": {"query": last}}]}
    elif "handoff_to_human" in able and re.search(r"\b(?:person|human|someone)\b", last):
        return {"calls": [{"name": "handoff_to_human", "arguments": {"reason": "wished"}}]}
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
    assert "nursery/ny-person" in scenarios["fixed"], after.said
    assert scenarios["broken"], after.said
    assert scenarios["changed"]
    assert (network["broken"], network["same"]) == ([], 1)
    summary, page = ((after.folder / name).read_text() for name in ("summary.md", "report.html"))
    for id in [*scenarios["fixed"], *scenarios["broken"]]:
        assert id in after.said
        assert id in summary
        assert id in page
