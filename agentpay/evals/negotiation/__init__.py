"""Simulated buyers haggle over real price histories with the running service (docs/negotiation.md)."""
