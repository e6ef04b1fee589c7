"""A conversation held again from its start, over a copy of its shop, and how the two differ."""
