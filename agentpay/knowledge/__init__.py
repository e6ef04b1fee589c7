"""What the shop knows, found by words: products, articles, the shop's vocabulary."""
