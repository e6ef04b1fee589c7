"""Polar, a merchant of record: checkouts on its page, orders, refunds and webhooks, with the official SDK."""
