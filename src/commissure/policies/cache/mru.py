"""Most recently used leaves first: optimal on a plain loop, so the baseline that "not LRU" must beat."""

from __future__ import annotations

import networkx as nx

from commissure.hal.policy import Evictor, Moment, Resident


class Mru(Evictor):
    """On a plain loop the same as Belady's MIN under forced residency."""

    def priority(self, entry: Resident, now: Moment) -> int:
        """The call that last used it, latest first."""
        return -entry.last_used


def build(graph: nx.DiGraph[str], seed: int) -> Mru:
    """Needs neither graph nor seed."""
    return Mru()
