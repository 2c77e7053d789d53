from importlib.util import find_spec

import pytest

from commissure.hal.errors import MissingExtra
from commissure.kernels import neuron


def test_a_placeholder_is_not_taken_for_the_toolchain(monkeypatch: pytest.MonkeyPatch) -> None:
    def placeholder(name: str) -> object:
        if name.startswith("nki."):
            raise ModuleNotFoundError(name)
        return find_spec("json")

    monkeypatch.setattr(neuron, "find_spec", placeholder)
    assert not neuron.neuron_available()
    with pytest.raises(MissingExtra, match="neuronx-cc"):
        neuron.require_neuron()


def test_a_real_toolchain_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neuron, "find_spec", lambda name: find_spec("json") if name == "nki.isa" else None)
    assert neuron.neuron_available()
    neuron.require_neuron()
