"""Certified optima of caching on a known sequence of uses: one memory, a prefix tree, several tiers."""
