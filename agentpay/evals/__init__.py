"""Evaluations: what a release of AgentPay, or a merchant's own shop, is held to."""
