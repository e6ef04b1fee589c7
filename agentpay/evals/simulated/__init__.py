"""Simulated customers hold whole conversations with the running service (docs/simulated.md)."""
