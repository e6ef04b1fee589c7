"""Payments: one protocol, its providers, and what a payment event does to the shop."""
