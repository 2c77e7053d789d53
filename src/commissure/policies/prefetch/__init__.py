"""Which KV prefixes are brought in before they are asked for: one file a prefetcher, each with `build(plan)`."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from commissure.hal.errors import unknown
from commissure.hal.eviction import Plan, Prefetcher


def prefetcher_names() -> list[str]:
    """The prefetchers, one a file of this folder."""
    return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__))


def build_prefetcher(name: str, plan: Plan) -> Prefetcher:
    """The prefetcher of a name. Raises UsageError for an unknown name, or if it needs more than the plan knows."""
    if name not in prefetcher_names():
        raise unknown("prefetcher", name, prefetcher_names())
    prefetcher: Prefetcher = import_module(f"{__name__}.{name.replace('-', '_')}").build(plan)
    return prefetcher
