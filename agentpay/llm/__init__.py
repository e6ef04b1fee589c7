"""The brains behind the agents: any OpenAI-compatible chat model, or the built-in house model."""
