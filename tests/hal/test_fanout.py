"""Several answers to one prompt, where a request brings fewer: how they are asked for, and what they count."""

from contextlib import aclosing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import commissure as cm
from commissure.hal.call import Call
from commissure.hal.capabilities import Capabilities
from commissure.hal.clock.live import LiveRuntime
from commissure.hal.connect import connect
from commissure.hal.errors import UsageError
from commissure.hal.fanout import fan_out, in_parts, together
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.profiles.profile import load_profile
from commissure.hal.reply import Choice, Reply, Timing, Usage
from tests.support.api import api_server

PROFILE = load_profile("llama_cpp-smollm2-135m-cpu")


@given(st.integers(1, 200), st.integers(1, 1024), st.none() | st.integers(0, 10**6))
def test_every_answer_is_asked_for_once_with_a_seed_of_its_own(n: int, most: int, seed: int | None) -> None:
    parts = in_parts(Call("x", n=n, seed=seed), most)
    assert sum(part.n for part in parts) == n
    assert max(part.n for part in parts) <= most
    assert len(parts) == -(-n // most)
    if seed is not None:  # a request for several counts on from its seed
        seeds = [part.seed + number for part in parts if part.seed is not None for number in range(part.n)]
        assert seeds == list(range(seed, seed + n))


def test_a_shared_prompt_is_that_of_the_answer_that_computed_it() -> None:
    usages = [Usage(100, 99, 7), Usage(100, 20, 8), Usage(100, 99, 9, estimated=True)]
    assert together(usages, shared=True) == Usage(100, 20, 24, estimated=True)
    assert together(usages, shared=False) == Usage(300, 218, 24, estimated=True)


def test_times_are_of_all_answers() -> None:
    times = [
        Timing(1.0, 0.0, 0.5, 1.5, 2.0, "client", first_s=0.5, chunks_s=(0.5, 2.0)),
        Timing(2.0, 0.0, 0.25, 3.0, 3.25, "client", first_s=0.25, chunks_s=(0.25, 3.25)),
    ]
    rt = LiveRuntime()

    async def ask(call: Call) -> Reply:
        return Reply((Choice("x"),), Usage(1, 0, 1), times[call.seed or 0], "e")

    async def main() -> Reply:
        return await fan_out(rt, Call("x", n=2, seed=0), PROFILE, ask)

    found = rt.run(main).timing
    assert (found.start_s, found.first_s, found.total_s, found.chunks_s) == (1.0, 0.5, 4.25, (1.25, 4.25))


def test_how_many_a_request_brings() -> None:
    assert Capabilities().answers_at_once == 1024
    assert Capabilities(several=False).answers_at_once == 1
    assert Capabilities().changed({"most_answers": 4}).answers_at_once == 4
    assert Capabilities(most_answers=128).in_slots(6, 512).answers_at_once == 6
    assert Capabilities(most_answers=4).in_slots(6, 512).answers_at_once == 4
    with pytest.raises(UsageError, match="most_answers is a number from 1 on, not 0"):
        Capabilities().changed({"most_answers": 0})


@pytest.mark.parametrize(("flavour", "most"), [("openai", 4), ("vllm", 3), ("llama_cpp", 4), ("compatible", 1)])
@pytest.mark.parametrize("streamed", [False, True])
def test_an_endpoint_that_caps_n_is_asked_several_times(
    flavour: str, most: int, streamed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
    rt = LiveRuntime()
    call = Call("the same prompt for all", n=10, max_tokens=6, seed=40)

    async def main(url: str) -> Reply | None:
        fields = {"name": "e", "provider": flavour, "model": "m", "chip": "undisclosed", "base_url": url, "slots": 4}
        spec = EndpointSpec.model_validate(fields | {"capabilities": {"most_answers": most}})
        async with connect(spec, PROFILE, rt) as endpoint:
            if not streamed:
                return await endpoint.generate(call)
            async with aclosing(endpoint.stream(call)) as chunks:
                return [chunk async for chunk in chunks][-1].reply

    with api_server("openai" if flavour == "compatible" else flavour) as server:
        reply = rt.run(main, server.url)
        assert reply is not None
        bodies = [bill.request.body or {} for bill in server.bills]
        assert sorted((body["seed"], body.get("n", 1)) for body in bodies) == [
            (40 + first, min(most, 10 - first)) for first in range(0, 10, most)
        ]
        assert len(reply.choices) == 10
        assert reply.usage.prompt_tokens == sum(bill.prompt_tokens for bill in server.bills)
        assert reply.usage.said_tokens == sum(bill.output_tokens for bill in server.bills)
        assert not reply.usage.estimated


def sim(endpoint: dict[str, Any], n: int) -> Reply:
    async def workflow(rt: cm.Runtime, fleet: cm.OpenFleet) -> Reply:
        return await fleet.generate(Call("a prompt of some words", n=n, max_tokens=6))

    spec = EndpointSpec.model_validate(endpoint)
    fleet = cm.Fleet((spec,), {spec.name: load_profile(spec.profile_name)})
    reply: Reply = cm.run(workflow, fleet, world="sim").result
    return reply


@pytest.mark.parametrize(
    "endpoint",
    [
        {"name": "e", "provider": "vllm", "model": "llama-3.1-8b", "chip": "nvidia-h100"},
        {"name": "e", "provider": "llama_cpp", "model": "smollm2-135m", "chip": "cpu", "slots": 32},
    ],
)
def test_a_modelled_endpoint_counts_the_prompt_once_a_request(endpoint: dict[str, Any]) -> None:
    one = sim(endpoint, 1).usage.prompt_tokens
    for most, requests in ((1024, 1), (4, 3), (1, 10)):
        reply = sim(endpoint | {"capabilities": {"most_answers": most}}, 10)
        assert (len(reply.choices), reply.usage.prompt_tokens) == (10, requests * one)


def test_slots_are_a_cap_too() -> None:
    endpoint = {"name": "e", "provider": "llama_cpp", "model": "smollm2-135m", "chip": "cpu", "slots": 4}
    assert sim(endpoint, 10).usage.prompt_tokens == 3 * sim(endpoint, 1).usage.prompt_tokens


def test_several_answers_begin_with_the_first_token_of_any() -> None:
    endpoint = {"name": "e", "provider": "vllm", "model": "llama-3.1-8b", "chip": "nvidia-h100"}
    one, several = sim(endpoint, 1).timing, sim(endpoint, 9).timing
    assert several.first_s == one.first_s
    assert several.total_s > one.total_s
