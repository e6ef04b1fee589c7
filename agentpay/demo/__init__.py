"""The demo shop that ships with the package (docs/demo-shop.md)."""

from pathlib import Path

STORE: Path = Path(__file__).with_name("store.yaml")
"""The store file (CONTRACT §5) that `agentpay demo` opens unless `--store` names another."""
