"""Open real endpoints by their providers' adapters."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from importlib import import_module

from commissure.hal.endpoint import Endpoint
from commissure.hal.profile import Profile
from commissure.hal.runtime import Runtime
from commissure.hal.spec import EndpointSpec

_PROVIDERS = "commissure.hal.providers"


def connect(spec: EndpointSpec, profile: Profile, rt: Runtime) -> AbstractAsyncContextManager[Endpoint]:
    """Open the endpoint."""
    opened: AbstractAsyncContextManager[Endpoint] = import_module(f"{_PROVIDERS}.{spec.provider}").connect(
        spec, profile, rt
    )
    return opened


def require(spec: EndpointSpec) -> None:
    """Raise UsageError, with the fix, if what the endpoint needs is not installed. Opens nothing."""
    import_module(f"{_PROVIDERS}.{spec.provider}").require(spec)
