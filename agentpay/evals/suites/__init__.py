"""The suites that `agentpay eval all` walks: one protocol (`protocol`), one list (`registry`), one file a suite."""
