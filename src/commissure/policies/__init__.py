"""Decisions, each small and pure: routing, recursion, cache, ensemble, perception."""
