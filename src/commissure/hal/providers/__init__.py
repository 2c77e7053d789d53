"""One file per provider; each has `connect(spec, profile, rt)`, an async context manager giving an Endpoint."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from commissure.hal.endpoint import Endpoint
    from commissure.hal.fleet import EndpointSpec
    from commissure.hal.profile import Profile
    from commissure.hal.runtime import Runtime


def connect(spec: EndpointSpec, profile: Profile, rt: Runtime) -> AbstractAsyncContextManager[Endpoint]:
    """Open the real endpoint by its provider's adapter."""
    module = import_module(f"{__name__}.{spec.provider}")
    opened: AbstractAsyncContextManager[Endpoint] = module.connect(spec, profile, rt)
    return opened
