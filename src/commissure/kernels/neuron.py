"""Detects AWS's Neuron kernel toolchain, which is never required.

The public registry holds empty placeholders named nki and neuronx-cc, on which `import nki` succeeds; the
real packages come from AWS's own index. So the module that carries the instructions is asked for.
"""

from __future__ import annotations

from importlib.util import find_spec

from commissure.hal.errors import MissingExtra

INSTALL = "pip install neuronx-cc nki --extra-index-url https://pip.repos.neuron.amazonaws.com"


def neuron_available() -> bool:
    """Whether a real NKI is installed, not its placeholder."""
    try:
        return find_spec("nki.isa") is not None
    except ModuleNotFoundError:
        return False


def require_neuron() -> None:
    """Raise MissingExtra, with the command that installs it, unless a real NKI is installed."""
    if not neuron_available():
        raise MissingExtra("AWS's Neuron kernel toolchain (a real `nki`, not the placeholder)", INSTALL)
