"""A conversation as a scenario: what was said and done, what was true then, and nobody's name in it."""
