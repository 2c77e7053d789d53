"""Which KV prefix leaves when a slot is needed: one file an evictor, each with `build(graph, seed)`.

`graph` is the workflow: its nodes are agents, an edge leads to who may call next. The smallest priority
leaves first.
"""

from __future__ import annotations

import pkgutil
from importlib import import_module

import networkx as nx

from commissure.hal.errors import unknown
from commissure.hal.policy import Evictor


def evictor_names() -> list[str]:
    """The evictors, one a file of this folder."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def build_evictor(name: str, graph: nx.DiGraph[str], seed: int) -> Evictor:
    """The evictor of a name, for a workflow. Raises UsageError for an unknown name."""
    if name not in evictor_names():
        raise unknown("policy", name, evictor_names())
    evictor: Evictor = import_module(f"{__name__}.{name}").build(graph, seed)
    return evictor
