"""A case: a workflow, a cache and the uses that it sees; and how it is told in a few lines."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import asdict, dataclass, replace
from typing import Any

import networkx as nx

from commissure.hal.eviction import Plan
from commissure.policies.cache.traces.flat import Use
from commissure.policies.testing.salted import salted_kind


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """What an evictor is tried on.

    `capacity` is in the unit of the uses' sizes. `runs` says of each use for how many uses more its call runs on, in
    which time it must not leave (empty: none does). With `bypass` an object may be served without a place.
    """

    graph: nx.DiGraph[str]
    capacity: float
    uses: tuple[Use, ...]
    runs: tuple[int, ...] = ()
    bypass: bool = False
    seed: int = 0

    def plan(self, *, offline: bool = False) -> Plan:
        """What an evictor may know beforehand; only an offline one the uses."""
        uses: tuple[Hashable, ...] = tuple(use.key for use in self.uses) if offline else ()
        return Plan(self.graph.copy(), self.seed, uses)

    def of_one_size(self) -> Case:
        """The same with all objects alike, and nothing that runs on: where Belady's MIN is the optimum."""
        uses = tuple(replace(use, size=1.0, cost=1.0) for use in self.uses)
        return replace(self, uses=uses, runs=(), capacity=float(min(self.capacity, len({use.key for use in uses}))))

    def salted(self, salt: int) -> Case:
        """The same with texts whose hash is another, as they have in another process."""
        kind = salted_kind(salt)
        names = {agent: kind(agent) for agent in self.graph}
        uses = tuple(
            replace(use, key=kind(use.key), agent=kind(use.agent), others=tuple(map(kind, use.others)))
            for use in self.uses
        )
        return replace(self, graph=nx.relabel_nodes(self.graph, names), uses=uses)

    def lines(self) -> tuple[str, ...]:
        """The case for a person."""
        edges = [
            f"{one} -> {other}" + (f" ({said['probability']:.3g})" if "probability" in said else "")
            for one, other, said in self.graph.edges(data=True)
        ]
        alone = [agent for agent in self.graph if not self.graph.degree(agent)]
        running = self.runs or (0,) * len(self.uses)
        uses = [_use_text(use, run) for use, run in zip(self.uses, running, strict=True)]
        return (
            f"workflow: {', '.join([*edges, *alone])}",
            f"capacity: {self.capacity:g}{', with bypass' if self.bypass else ''}",
            f"uses: {', '.join(uses)}",
        )

    def data(self) -> dict[str, Any]:
        """The case for a program."""
        return {
            "edges": [[one, other, said.get("probability")] for one, other, said in self.graph.edges(data=True)],
            "agents": list(self.graph), "capacity": self.capacity, "bypass": self.bypass, "seed": self.seed,
            "uses": [asdict(use) for use in self.uses], "runs": list(self.runs),
        }  # fmt: skip


def _use_text(use: Use, runs: int) -> str:
    said = [f"by {use.agent}"] if use.agent != use.key else []
    said += [f"size {use.size:g}"] if use.size != 1 else []
    said += [f"cost {use.cost:g}"] if use.cost != 1 else []
    said += [f"in {use.workflow}"] if use.workflow else []
    said += [f"runs for {runs} more"] if runs else []
    return f"{use.key}" + (f" ({', '.join(said)})" if said else "")
