"""The graph: `commerce.py` is the whole flow on one page."""
