"""Where an endpoint is, how it knows us, and the way there."""

from __future__ import annotations

import re

from commissure.hal.errors import UsageError
from commissure.hal.fleets.spec import EndpointSpec, check_url
from commissure.hal.keys import Key, checked_header, first_set, read_key
from commissure.hal.provider import Provider
from commissure.hal.wire.transport import Transport


def url_of(provider: Provider, spec: EndpointSpec) -> str:
    """Where the endpoint is: as the fleet file says, the environment, or the provider. Raises UsageError."""
    if spec.base_url is not None:
        return spec.base_url
    if (url := first_set(provider.url_variables)) is not None:
        try:
            return check_url(url)
        except ValueError as error:
            names = " or ".join(provider.url_variables)
            raise UsageError(f"endpoint {spec.name!r}: {names} in the environment: {error}") from None
    if provider.base_url is None:
        variables = "".join(f", or set {name}" for name in provider.url_variables)
        fix = f'give base_url = "http://HOST:PORT/v1" in the fleet file{variables}'
        raise UsageError(f"endpoint {spec.name!r}: where does it listen? {fix}")
    return provider.base_url


def split_version(url: str) -> tuple[str, str]:
    """The server's own address, and the version of its API below it: /v1 where the address names none."""
    root = url.rstrip("/")
    found = re.search(r"/v\d+\w*$", root)
    return (root[: found.start()], found[0]) if found else (root, "/v1")


def key_of(provider: Provider, spec: EndpointSpec) -> Key | None:
    """The endpoint's key. Raises UsageError, naming the variables, if it needs one and none is set."""
    variables = (spec.key_variable,) if spec.key_variable else provider.key_variables
    return read_key(spec.name, variables, required=provider.key_required or bool(spec.key_variable))


def http_transport(provider: Provider, spec: EndpointSpec, root: str) -> Transport:
    """The way to the endpoint over HTTP, with its key. Raises UsageError if there is none and one is needed."""
    from commissure.hal.wire.http import HttpTransport

    variables = {
        header: checked_header(spec.name, name, value)
        for header, name in provider.variables.items()
        if (value := first_set([name]))
    }
    return HttpTransport(
        spec.name,
        root,
        key=key_of(provider, spec),
        key_header=provider.key_header,
        headers={**provider.headers, **variables},
        timeout_s=spec.timeout_s,
        keep_alive=provider.keep_alive,
    )
