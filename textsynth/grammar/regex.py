"""Values that a regular expression matches, as Python's own parser understands it."""
