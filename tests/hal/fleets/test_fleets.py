"""The fleets that come with the package: each can be checked, and simulated call by call, with no key at all."""

from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from datetime import date

import pytest

import commissure as cm
from commissure.hal.connect import provider_of
from commissure.hal.fleets.fleet import Fleet, fleet_names
from commissure.hal.policy import Candidate, FleetStatus, Router
from commissure.hal.providers import adapter_names
from commissure.scenarios.fleet_check import check

EXAMPLES = {
    "cerebras", "deep-context", "gpu-box", "h100", "inf2-h100", "local", "local-pair", "mixed", "null", "sambanova",
    "tool-silicon", "trainium",
}  # fmt: skip


class Turns(Router):
    """Each endpoint once, in the fleet's order."""

    def choose(self, call: cm.Call, fleet: FleetStatus) -> Candidate:
        return fleet.candidates[fleet.number]


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in adapter_names():
        provider = provider_of(name)
        for variable in (*provider.key_variables, *provider.url_variables) if provider else ():
            monkeypatch.delenv(variable, raising=False)


def test_the_examples_are_there() -> None:
    assert set(fleet_names()) == EXAMPLES


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_an_example_can_be_checked_and_simulated(name: str) -> None:
    fleet = Fleet.load(name)
    found = {one.endpoint: one for one in check(fleet, date(2026, 11, 22))}
    assert all(one.can_simulate and not one.not_simulated for one in found.values())
    # Nothing but a key or the address of a server of one's own is missing for a live run.
    missing = {lack.what for one in found.values() for lack in one.lacks}
    assert missing <= {"no key", "no address", "package missing"}
    assert not any("no longer" in warning for one in found.values() for warning in one.warnings)

    async def one_to_each(rt: cm.Runtime, fleet: cm.OpenFleet) -> list[str]:
        said = []
        for _ in fleet.endpoints:
            async with streamed(fleet) as text:
                said.append(text)
        return said

    done = cm.run(one_to_each, replace(fleet, router=Turns()), world="sim", seed=3)
    assert [call.endpoint for call in done.calls] == [spec.name for spec in fleet.specs]
    assert all(done.result)
    assert all(call.total_s > 0 for call in done.calls if call.endpoint != "null")


@asynccontextmanager
async def streamed(fleet: cm.OpenFleet) -> AsyncIterator[str]:
    async with aclosing(fleet.stream(cm.Call("Count to twenty.", max_tokens=16))) as chunks:
        yield "".join([chunk.text async for chunk in chunks])


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_servers_of_ones_own_are_asked_by_hugging_faces_name(name: str) -> None:
    for spec in Fleet.load(name).specs:
        if spec.provider in ("vllm", "sglang", "neuron") and spec.base_url:
            assert "/" in spec.model_id
        if spec.base_url:
            assert spec.base_url.startswith("http://127.0.0.1:")
