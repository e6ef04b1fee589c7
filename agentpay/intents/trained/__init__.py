"""Tier 2: linear heads over a sentence's embedding and its n-grams, trained from sentences a line."""
