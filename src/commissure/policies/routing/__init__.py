"""Which endpoint serves a call: one file a router, each with `build(seed)`."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from commissure.hal.errors import unknown
from commissure.hal.policy import Router


def router_names() -> list[str]:
    """The routers, one a file of this folder."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def build_router(name: str, seed: int) -> Router:
    """The router of a name. Raises UsageError for an unknown name."""
    if name not in router_names():
        raise unknown("router", name, router_names())
    router: Router = import_module(f"{__name__}.{name}").build(seed)
    return router
