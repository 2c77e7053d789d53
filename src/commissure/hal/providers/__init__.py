"""One file per provider.

Each has a PROVIDER: its facts and its codec. One whose endpoints are more than a codec has functions of its own:
`connect(spec, profile, rt, wrap)`, an async context manager giving an Endpoint, `over(transport, ...)`, the endpoint
over any transport, and `require(spec)`, which raises UsageError if something that it needs is not there.
"""

import pkgutil


def adapter_names() -> list[str]:
    """The providers that there is an adapter for."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))
