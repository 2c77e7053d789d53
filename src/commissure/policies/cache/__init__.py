"""Which KV prefix leaves when room is needed: one file an evictor, each with `build(plan)`."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from commissure.hal.errors import unknown
from commissure.hal.eviction import Evictor, Plan


def evictor_names() -> list[str]:
    """The evictors, one a file of this folder; `topology-cost` is topology_cost.py."""
    return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__) if not module.ispkg)


def build_evictor(name: str, plan: Plan) -> Evictor:
    """The evictor of a name. Raises UsageError for an unknown name, or if it needs more than the plan knows."""
    if name not in evictor_names():
        raise unknown("evictor", name, evictor_names())
    evictor: Evictor = import_module(f"{__name__}.{name.replace('-', '_')}").build(plan)
    return evictor
