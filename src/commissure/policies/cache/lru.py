"""Least recently used leaves first: what engines do by default."""

from __future__ import annotations

import networkx as nx

from commissure.hal.policy import Evictor, Moment, Resident


class Lru(Evictor):
    """Blind to the workflow. On a loop longer than the cache it evicts just what is needed next."""

    def priority(self, entry: Resident, now: Moment) -> int:
        """The call that last used it."""
        return entry.last_used


def build(graph: nx.DiGraph[str], seed: int) -> Lru:
    """Needs neither graph nor seed."""
    return Lru()
