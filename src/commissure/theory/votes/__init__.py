"""Votes: what several answers to one question are worth, foretold from two."""
