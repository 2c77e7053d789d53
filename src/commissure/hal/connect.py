"""Open real endpoints by their providers' adapters."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from importlib import import_module
from typing import Any

from commissure.hal.endpoint import Endpoint
from commissure.hal.errors import UsageError
from commissure.hal.profile import Profile
from commissure.hal.providers import adapter_names
from commissure.hal.runtime import Runtime
from commissure.hal.spec import EndpointSpec

_PROVIDERS = "commissure.hal.providers"


def connect(spec: EndpointSpec, profile: Profile, rt: Runtime) -> AbstractAsyncContextManager[Endpoint]:
    """Open the endpoint."""
    opened: AbstractAsyncContextManager[Endpoint] = _adapter(spec).connect(spec, profile, rt)
    return opened


def require(spec: EndpointSpec) -> None:
    """Raise UsageError, with the fix, if what the endpoint needs is not installed. Opens nothing."""
    _adapter(spec).require(spec)


def _adapter(spec: EndpointSpec) -> Any:
    if spec.provider not in adapter_names():
        raise UsageError(
            f"endpoint {spec.name!r}: there is no live adapter for provider {spec.provider!r} yet, only for "
            f"{', '.join(adapter_names())}; it can be simulated: --world sim"
        )
    return import_module(f"{_PROVIDERS}.{spec.provider}")
