"""A workflow graph as a Markov chain: the discounted chance that an agent calls again, for all pairs by one inverse."""

from __future__ import annotations

import math
from dataclasses import dataclass

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from commissure.hal.errors import UsageError

# What a use is worth less for being one step later, at a step of mean duration. Results hardly depend on it.
DISCOUNT = 0.95
# A loop that takes no time at all would come round for ever.
MOST_DISCOUNT = 0.9999
# Of a row of probabilities that were written as decimals.
ROUNDING = 1e-9

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Chain:
    """`moves[i, j]`: the probability that agent j calls after agent i; what a row leaves to 1 ends the workflow.

    `discounts[i]` is E[exp(-lambda T)] of the time T between the two calls (a semi-Markov chain).
    """

    agents: tuple[str, ...]
    moves: Matrix
    discounts: Matrix


def green(chain: Chain) -> Matrix:
    """G = (I - D P)^-1, the expected discounted number of calls of j from i on, the one at i included."""
    steps = chain.discounts[:, None] * chain.moves
    return np.asarray(np.linalg.inv(np.eye(len(steps)) - steps), dtype=np.float64)


def reached_later(green: Matrix, here: int) -> Matrix:
    """psi[v] = E[exp(-lambda T)] of the time T from a call at `here` to v's next call after it.

    First passages are phi[i, v] = G[i, v] / G[v, v], and psi = D P phi = (G - I) / diag G, as G = I + D P G.
    """
    row = green[here].copy()
    row[here] -= 1.0
    return np.asarray(row / green.diagonal(), dtype=np.float64)


def chain_of(graph: nx.DiGraph[str], discount: float = DISCOUNT) -> Chain:
    """The chain of a workflow graph (`Plan.graph`). Raises UsageError, naming the node, for what is no probability.

    A node takes `duration_s` and its tool `tool_s` seconds on average, taken as exponential: E[exp(-lambda T)] =
    1 / (1 + lambda d), with lambda such that a node of mean duration has the discount.
    """
    agents = tuple(graph)
    place = {agent: number for number, agent in enumerate(agents)}
    moves = np.zeros((len(agents), len(agents)))
    for agent in agents:
        for successor, probability in _row(graph, agent).items():
            moves[place[agent], place[successor]] = probability
    seconds = np.array([_duration_s(agent, graph.nodes[agent]) for agent in agents])
    mean = float(seconds.mean()) or 1.0
    return Chain(agents, moves, np.minimum(1.0 / (1.0 + (1.0 / discount - 1.0) * seconds / mean), MOST_DISCOUNT))


def _row(graph: nx.DiGraph[str], agent: str) -> dict[str, float]:
    """Where a node leads, with probabilities; a node of which none says any leads to all its successors alike."""
    given = {successor: edge.get("probability") for successor, edge in graph.adj[agent].items()}
    if all(value is None for value in given.values()):
        return dict.fromkeys(given, 1.0 / max(1, len(given)))
    row = {}
    for successor, value in given.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise UsageError(f"edge {agent!r} to {successor!r}: probability is a number from 0 to 1, not {value!r:.40}")
        row[successor] = float(value)
    if sum(row.values()) > 1 + ROUNDING:
        raise UsageError(f"node {agent!r}: the probabilities of its edges sum to {sum(row.values()):g}; at most 1")
    return row


def _duration_s(agent: str, node: dict[str, object]) -> float:
    total = 0.0
    for name in ("duration_s", "tool_s"):
        value = node.get(name, 1.0 if name == "duration_s" else 0.0)
        if isinstance(value, bool) or not isinstance(value, int | float) or not (math.isfinite(value) and value >= 0):
            raise UsageError(f"node {agent!r}: {name} is a number of seconds, not {value!r:.40}")
        total += value
    return total
