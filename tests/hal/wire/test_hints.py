"""What hints send to real servers, and how they are answered: on loopback servers that speak as the engines do."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from commissure.hal.call import CacheHint, Call
from commissure.hal.capabilities import HINTS
from commissure.hal.clock.live import LiveRuntime
from commissure.hal.conformance.contract import answers_hints
from commissure.hal.connect import connect, provider_of
from commissure.hal.errors import ServerFault, UsageError
from commissure.hal.eviction import Evictor
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.fleets.ranking import FIRST, STEP
from commissure.hal.ledger import Ledger
from commissure.hal.profiles.profile import Profile
from commissure.hal.providers import sglang
from commissure.policies.cache.lru import Lru
from commissure.policies.cache.mru import Mru
from tests.hal.wire.test_adapters import KEY, PROVIDERS, SPEAKS, profile, spec
from tests.support.api import ApiServer, api_server
from tests.support.api.flavours.engines import Engine

OWN = ("vllm", "neuron", "sglang")
BY_PRIORITY = {"capabilities": {"kv_priorities": True}, "timeout_s": 20}
CALL = Call("go on", "You are the planner. " * 20, agent="planner", max_tokens=4)


def hired(provider: str) -> Profile:
    """Of a server that is paid by the hour."""
    return profile(provider).model_copy(update={"price": None})


def asking(server: ApiServer, provider: str, known: Profile, work: Callable[[Any], Awaitable[Any]], **more: Any) -> Any:
    rt = LiveRuntime()

    async def main() -> Any:
        async with connect(spec(provider, server.url, **more), known, rt) as endpoint:
            return await work(endpoint)

    return rt.run(main)


def carried(server: ApiServer) -> list[int | None]:
    flavour: Any = server.flavour
    return [one.priority for one in flavour.asked]


@pytest.mark.parametrize("paid", ["by the token", "by the hour"])
@pytest.mark.parametrize("provider", PROVIDERS)
def test_hints_are_answered_as_announced_and_the_others_send_nothing(
    provider: str, paid: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = provider_of(provider)
    assert facts is not None
    for variable in facts.key_variables[:1]:
        monkeypatch.setenv(variable, KEY)
    with api_server(SPEAKS.get(provider, provider)) as server:

        async def work(endpoint: Any) -> Any:
            for action in HINTS - endpoint.capabilities.hints:
                hint = CacheHint(action, agent="planner", slot=0, call=CALL, priority=1)
                assert await endpoint.hint(hint) == "unsupported"
            assert not server.requests
            await answers_hints(LiveRuntime(), endpoint)
            return endpoint.capabilities.hints

        known = profile(provider) if paid == "by the token" else hired(provider)
        hints = asking(server, provider, known, work, timeout_s=20)
    announced = facts.capabilities.hints
    assert hints == (announced if paid == "by the hour" or provider == "llama_cpp" else frozenset())
    assert bool(announced) == (provider in (*OWN, "llama_cpp"))


@pytest.mark.parametrize("provider", OWN)
def test_a_prefetch_is_a_call_for_one_token(provider: str) -> None:
    with api_server(provider) as server:

        async def work(endpoint: Any) -> Any:
            outcome = await endpoint.hint(CacheHint("prefetch", call=CALL))
            return outcome, await endpoint.generate(CALL)

        outcome, reply = asking(server, provider, hired(provider), work, timeout_s=20)
        assert outcome == "accepted"
        asked: Any = server.flavour
        assert [one.most_tokens for one in asked.asked] == [1, 4]
        assert asked.asked[0].words == asked.asked[1].words
        assert reply.usage.cached_tokens == 80


@pytest.mark.parametrize("provider", ["vllm", "neuron"])
def test_a_place_touches_what_is_kept(provider: str) -> None:
    with api_server(provider) as server:

        async def work(endpoint: Any) -> Any:
            await endpoint.generate(CALL)
            touched = await endpoint.hint(CacheHint("place", agent="planner", call=CALL))
            in_a_slot = await endpoint.hint(CacheHint("place", agent="planner", slot=0))
            with pytest.raises(UsageError, match="a prefetch hint needs the call"):
                await endpoint.hint(CacheHint("prefetch", agent="planner"))
            return touched, in_a_slot

        assert asking(server, provider, hired(provider), work, timeout_s=20) == ("clipped", "unsupported")
        asked: Any = server.flavour
        assert [one.most_tokens for one in asked.asked] == [4, 1]
        assert server.bills[1].cached_tokens == 80


def test_priorities_are_carried_by_the_agents_next_calls() -> None:
    hints = [
        CacheHint("place", agent="planner", priority=5),
        CacheHint("place", agent="planner", priority=3),
        CacheHint("place", agent="planner", priority=5),
        CacheHint("evict", agent="planner"),
        CacheHint("place", agent="planner", priority=6),
    ]
    with api_server("sglang") as server:

        async def work(endpoint: Any) -> list[str]:
            outcomes = []
            await endpoint.generate(CALL)
            for hint in hints:
                sent = len(server.requests)
                outcomes.append(await endpoint.hint(hint))
                assert len(server.requests) == sent
                await endpoint.generate(CALL)
            await endpoint.generate(Call("x", agent="coder"))
            assert await endpoint.hint(CacheHint("prefetch", call=CALL)) == "accepted"
            assert await endpoint.hint(CacheHint("place", agent="planner", slot=0)) == "unsupported"
            assert await endpoint.hint(CacheHint("evict", slot=0)) == "unsupported"
            return outcomes

        outcomes = asking(server, "sglang", hired("sglang"), work, **BY_PRIORITY)
        assert outcomes == ["accepted", "clipped", "accepted", "clipped", "accepted"]
        assert carried(server) == [0, 5, 3, 5, 0, 6, 0, 6]


def test_no_priority_is_sent_unless_the_fleet_file_says_so() -> None:
    with api_server("sglang") as server:
        assert isinstance(server.flavour, Engine)
        server.flavour.refuses_priorities = True

        async def work(endpoint: Any) -> None:
            assert await endpoint.hint(CacheHint("place", agent="planner", priority=5)) == "unsupported"
            await endpoint.generate(CALL)

        asking(server, "sglang", hired("sglang"), work)
        assert carried(server) == [None]
        with pytest.raises(ServerFault, match="priority is disabled"):
            asking(server, "sglang", hired("sglang"), work_of_one_call, **BY_PRIORITY)


async def work_of_one_call(endpoint: Any) -> None:
    await endpoint.generate(CALL)


def test_the_fleet_files_own_priority_is_that_of_all_others() -> None:
    with api_server("sglang") as server:

        async def work(endpoint: Any) -> None:
            await endpoint.generate(CALL)
            await endpoint.hint(CacheHint("place", agent="planner", priority=9))
            await endpoint.generate(CALL)

        asking(server, "sglang", hired("sglang"), work, **BY_PRIORITY, options={"priority": 2})
        assert carried(server) == [2, 9]


def test_priorities_of_so_many_agents_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sglang, "MOST_AGENTS", 2)
    with api_server("sglang") as server:

        async def work(endpoint: Any) -> None:
            for agent in "abac":
                await endpoint.hint(CacheHint("place", agent=agent, priority=7))
            for agent in "abc":
                await endpoint.generate(Call("x", agent=agent))

        asking(server, "sglang", hired("sglang"), work, **BY_PRIORITY)
        assert carried(server) == [7, 0, 7]


def test_a_server_that_fails_at_a_hint_is_told_to_whoever_gave_it() -> None:
    with api_server("vllm") as server:

        async def work(endpoint: Any) -> None:
            server.play("http_503")
            with pytest.raises(ServerFault):
                await endpoint.hint(CacheHint("prefetch", call=CALL))
            assert await endpoint.hint(CacheHint("prefetch", call=CALL)) == "accepted"

        asking(server, "vllm", hired("vllm"), work, timeout_s=20)


@pytest.mark.parametrize(
    ("evictor", "numbers"),
    [(Lru(), [0, STEP, 2 * STEP]), (Mru(), [0, -STEP, -2 * STEP])],
    ids=["lru", "mru"],
)
def test_a_fleet_with_an_evictor_ranks_its_calls(evictor: Evictor, numbers: list[int]) -> None:
    rt = LiveRuntime()
    with api_server("sglang") as server:
        fleet = Fleet((spec("sglang", server.url, **BY_PRIORITY),), {"sglang": hired("sglang")}, evictor=evictor)

        async def main() -> None:
            async with fleet.open(rt, connect, Ledger()) as opened:
                for agent in "abc":
                    await opened.generate(Call("x", agent=agent, max_tokens=2))
                opened.ended("")

        rt.run(main)
        assert carried(server) == [FIRST + number for number in numbers]
