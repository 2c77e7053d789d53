"""One file per provider.

Each has `connect(spec, profile, rt)`, an async context manager giving an Endpoint, and `require(spec)`, which
raises UsageError if something that the endpoint needs is not installed.
"""

import pkgutil


def adapter_names() -> list[str]:
    """The providers that there is an adapter for."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))
