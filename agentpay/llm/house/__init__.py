"""The house model: a deterministic dialogue policy. It needs no key, and says only what a tool has answered."""
