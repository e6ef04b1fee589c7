"""`agentpay eval adversarial`: attacks, poisoned catalogues and a malicious model against a shop (docs/guardrails.md)."""
