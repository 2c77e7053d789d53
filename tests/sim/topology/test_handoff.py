"""A state that another endpoint holds: what its journey takes, and who cannot read it."""

from typing import Any

import pytest

from commissure.hal.call import KvState
from commissure.hal.errors import EndpointError, UsageError
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.profiles.model import models
from commissure.sim.runtime import SimRuntime
from commissure.sim.topology import handoff
from commissure.sim.topology.handoff import HandOff

FLEET = Fleet.load("h100")
SPEC, PROFILE = FLEET.specs[0], FLEET.profiles["h100"]
# An H100's link of 450 GB/s, and 131,072 bytes a token.
TOKEN_S = 131_072 / 450e9


def hand_off(rt: SimRuntime, **changes: str) -> HandOff:
    spec, profile = SPEC.model_copy(update=changes), PROFILE.model_copy(update=changes)
    return HandOff(rt.env, spec, profile, rt.sleep)


def received(states: list[KvState], **changes: str) -> list[Any]:
    """Tokens and the time of each, all asked for at once."""
    rt = SimRuntime()
    one = hand_off(rt, **changes)

    async def get(state: KvState) -> tuple[int, float]:
        return await one.received(state), rt.now()

    async def main() -> list[Any]:
        return await rt.gather(*(get(state) for state in states))

    return rt.run(main)


def test_a_state_takes_its_size_over_the_link() -> None:
    state = KvState("llama-3.1-8b", 1000, "other")
    assert received([state]) == [(1000, pytest.approx(1000 * TOKEN_S))]


def test_states_come_one_after_the_other() -> None:
    states = [KvState("llama-3.1-8b", tokens, "other") for tokens in (1000, 500)]
    assert received(states) == [(1000, pytest.approx(1000 * TOKEN_S)), (500, pytest.approx(1500 * TOKEN_S))]


def test_a_state_of_its_own_needs_no_journey() -> None:
    assert received([KvState("llama-3.1-8b", 1000, "h100")]) == [(1000, 0.0)]


def test_another_models_state_is_not_read() -> None:
    with pytest.raises(EndpointError, match=r"serves 'llama-3.1-8b' and cannot read .* 'qwen3-32b': send the text"):
        received([KvState("qwen3-32b", 10, "other")])


def test_the_same_weights_under_another_name_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = models()["llama-3.1-8b"].model_copy(update={"same_layout_as": ("llama-tuned",)})
    monkeypatch.setattr(handoff, "models", lambda: models() | {"llama-3.1-8b": mine})
    assert received([KvState("llama-tuned", 1000, "other")]) == [(1000, pytest.approx(1000 * TOKEN_S))]


def test_a_chip_without_a_known_link_says_what_to_state() -> None:
    with pytest.raises(EndpointError, match="state link_gb_per_s of 'groq-lpu'"):
        received([KvState("llama-3.1-8b", 10, "other")], chip="groq-lpu")


def test_a_model_without_a_known_state_says_what_to_state() -> None:
    with pytest.raises(UsageError, match="kv_bytes_per_token in profiles/models/llada-8b"):
        received([KvState("llada-8b", 10, "other")], model="llada-8b")
