"""Open real endpoints by their providers' files."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import lru_cache
from importlib import import_module
from typing import Any

from commissure.hal.capabilities import Capabilities
from commissure.hal.endpoint import Endpoint
from commissure.hal.errors import UsageError
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.profiles.profile import Profile
from commissure.hal.provider import Provider
from commissure.hal.providers import adapter_names
from commissure.hal.runtime import Runtime
from commissure.hal.wire.address import http_transport, key_of, split_version, url_of
from commissure.hal.wire.transport import Transport

Wrap = Callable[[Transport], Transport]


def connect(
    spec: EndpointSpec, profile: Profile, rt: Runtime, wrap: Wrap = lambda transport: transport
) -> AbstractAsyncContextManager[Endpoint]:
    """Open the endpoint. `wrap` puts something between it and its transport, such as a recorder."""
    module = _adapter(spec)
    opened: AbstractAsyncContextManager[Endpoint]
    if hasattr(module, "connect"):
        opened = module.connect(spec, profile, rt, wrap)
    else:
        opened = _connect_api(module.PROVIDER, spec, profile, rt, wrap)
    return opened


def require(spec: EndpointSpec) -> None:
    """Raise UsageError, with the fix, if the endpoint lacks a key, an address or a package. Opens nothing."""
    module = _adapter(spec)
    if hasattr(module, "require"):
        module.require(spec)
    else:
        url_of(module.PROVIDER, spec)
        key_of(module.PROVIDER, spec)


def capabilities(spec: EndpointSpec) -> Capabilities:
    """What the real endpoint can do, by its provider's table: the modelled one can do as much."""
    provider = provider_of(spec.provider)
    return provider.able(spec) if provider else Capabilities().changed(spec.capabilities)


@lru_cache
def provider_of(name: str) -> Provider | None:
    """A provider's facts; None where there is no file of it, or it has nothing to tell."""
    if name not in adapter_names():
        return None
    found: Provider | None = getattr(import_module(f"commissure.hal.providers.{name}"), "PROVIDER", None)
    return found


def over(transport: Transport, spec: EndpointSpec, profile: Profile, rt: Runtime, version: str) -> Endpoint:
    """The endpoint over any transport, such as a recording. Raises UsageError if its provider speaks no HTTP."""
    module = _adapter(spec)
    if hasattr(module, "over"):
        endpoint: Endpoint = module.over(transport, spec, profile, rt, version)
        return endpoint
    from commissure.hal.wire.client import Client
    from commissure.hal.wire.endpoint import ApiEndpoint

    return ApiEndpoint(module.PROVIDER, spec, profile, rt, Client(spec.name, transport, rt), version)


@asynccontextmanager
async def _connect_api(
    provider: Provider, spec: EndpointSpec, profile: Profile, rt: Runtime, wrap: Wrap
) -> AsyncIterator[Endpoint]:
    root, version = split_version(url_of(provider, spec))
    transport = wrap(http_transport(provider, spec, root))
    try:
        yield over(transport, spec, profile, rt, version)
    finally:
        await transport.aclose()


def _adapter(spec: EndpointSpec) -> Any:
    if spec.provider not in adapter_names():
        raise UsageError(
            f"endpoint {spec.name!r}: there is no live adapter for provider {spec.provider!r} yet, only for "
            f"{', '.join(adapter_names())}; it can be simulated: --world sim"
        )
    return import_module(f"commissure.hal.providers.{spec.provider}")
