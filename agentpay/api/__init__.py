"""The HTTP service: routers over the services below, and what they share (keys, problems, idempotency, streams)."""
