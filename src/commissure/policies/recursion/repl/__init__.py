"""Recursion by code that a model writes: turns of code in a sandbox that holds the context (arXiv 2512.24601)."""
