"""Recursion over long contexts: who serves each depth, and how pieces are asked and joined."""
