"""What a conversation cost: tokens, US dollars by a price table, time."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

from agentpay.evals.graders.protocol import Grade
from agentpay.evals.graders.record import Record

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens."""

    input: float
    output: float

    def of(self, prompt: int, completion: int) -> float:
        return (prompt * self.input + completion * self.output) / _MILLION


@cache
def prices() -> dict[str, Price]:
    """By model, as prices.toml has them."""
    table = tomllib.loads(resources.files("agentpay.evals.graders").joinpath("prices.toml").read_text("utf-8"))
    return {name: Price(**row) for name, row in table["models"].items()}


class Cost:
    """`model`: who plays the agent where the shop's own settings do not say."""

    def __init__(self, model: str | None = None) -> None:
        self._model = model

    def grade(self, record: Record) -> Sequence[Grade]:
        usage: Counter[str] = Counter()
        for turn in record.turns:
            usage.update(turn.usage)
        prompt, completion = usage["input_tokens"], usage["output_tokens"]
        calls = sum(len(turn.calls) for turn in record.turns)
        times = sorted(
            turn.milliseconds for turn in record.turns if turn.kind == "message" and turn.milliseconds is not None
        )
        grades = [
            Grade("prompt_tokens", float(prompt), unit="tokens", binding=False),
            Grade("completion_tokens", float(completion), unit="tokens", binding=False),
            self._dollars(record.shop.model or self._model or "house", prompt, completion),
            Grade("tool_calls", float(calls), unit="calls", binding=False),
        ]
        if times:
            slowest = round(times[-1], 1)
            grades.append(Grade("slowest_turn", slowest, f"of {len(times)} turns", unit="ms", binding=False))
        return grades

    @staticmethod
    def _dollars(model: str, prompt: int, completion: int) -> Grade:
        if not prompt and not completion:
            return Grade("cost_usd", 0.0, "no tokens were used", unit="usd", binding=False)
        price = prices().get(model.removeprefix("openai:"))
        if price is None:
            return Grade("cost_usd", None, f"prices.toml has no price for {model}", unit="usd", binding=False)
        return Grade("cost_usd", round(price.of(prompt, completion), 6), model, unit="usd", binding=False)
