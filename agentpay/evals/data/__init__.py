"""What the evaluations ask, shipped with the package: `agentpay eval all` needs nothing else."""

from pathlib import Path

from agentpay.demo import STORE

SCENARIO_FILES = Path(__file__).parent / "scenarios"
"""Files of scenarios, over the shops in its `stores`; those that end in `_aside` are not tuned to."""
INTENTS = Path(__file__).parent / "intents"
"""Sentences with their intents, and the shops they are said in."""

RECORDINGS = Path(__file__).parent / "replay"
"""Conversations with the demo shop as they went (`agentpay eval replay`), and in `conversations.yaml` what they were made of."""


def store_of(file: Path) -> Path:
    """The shop that one of `SCENARIO_FILES` is about: `books_more.yaml` is about `stores/books.yaml`."""
    name = file.stem.partition("_")[0]
    return STORE if name == "demo" else file.parent / "stores" / f"{name}.yaml"
