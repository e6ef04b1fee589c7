"""τ²-bench retail: its tasks' gold actions through our graph and tools, or a model that plays the agent (docs/tau2.md)."""
