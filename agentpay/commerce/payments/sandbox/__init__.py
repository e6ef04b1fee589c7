"""The sandbox: a small payment processor of its own, with magic cards, 3-D Secure, late settlement and signed webhooks."""
