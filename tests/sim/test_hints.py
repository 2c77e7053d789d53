"""Hints to modelled engines: prompts fetched or computed ahead as room allows, prompts sent down, what is announced."""

from pathlib import Path
from typing import Any

import networkx as nx
import pytest

import commissure as cm
from commissure.hal.eviction import Evictor, Plan
from commissure.hal.words import distinct_text
from commissure.policies.cache import build_evictor
from tests.support.servers import bare

ENGINE = """[[endpoints]]
name = "engine"
provider = "vllm"
model = "llama-3.1-8b"
chip = "nvidia-h100"
"""
# 64 blocks of 16 tokens; a block's state is 2.1 MB, so 400 tokens come up in 2.6 ms and are computed in 12 ms.
SMALL = ENGINE + "[endpoints.engine]\nkv_blocks = 64\n"
TIERS = SMALL + 'tiers = [{ name = "dram", gb = 4, gb_per_s = 20 }]\n'
PREFILL = '[[endpoints.prefill]]\nprofile = "vllm-llama-3.1-8b-nvidia-h100"\ngb_per_s = 50\n'
STATIC = '[[endpoints]]\nname = "engine"\nprovider = "neuron"\nmodel = "llama-3.1-8b"\nchip = "aws-inferentia2"\n'
WORDS = 401  # 25 whole blocks, and a token that every call computes


@pytest.fixture
def load(tmp_path: Path) -> Any:
    def loaded(text: str, **more: Any) -> cm.Fleet:
        (tmp_path / "fleet.toml").write_text(text)
        return cm.Fleet.load(tmp_path / "fleet.toml", **more)

    return loaded


def prompt(agent: str, words: int = WORDS) -> cm.Call:
    return cm.Call(distinct_text(words, agent), agent=agent, max_tokens=2)


def prefetch(agent: str, words: int = WORDS) -> cm.CacheHint:
    return cm.CacheHint("prefetch", call=prompt(agent, words))


def moved_bytes(fleet: Any) -> float:
    server = bare(fleet.endpoints["engine"]._server)
    return float(sum(store.channel.moved_bytes for store in server.stores))


HINTS = {
    "plain": (SMALL, {"prefetch", "place", "evict"}),
    "tiers": (TIERS, {"prefetch", "place", "evict"}),
    "replicas": (ENGINE + "replicas = 2\n", {"prefetch", "place"}),
    "split": (ENGINE + PREFILL, {"prefetch", "place"}),
    "no cache": (ENGINE + "[endpoints.engine]\nprefix_caching = false\n", set()),
    "static shapes": (STATIC, set()),
    "stated": (ENGINE + 'capabilities = { hints = ["prefetch"] }\n', {"prefetch"}),
}


@pytest.mark.parametrize("kind", HINTS)
def test_what_is_announced_is_what_is_supported(load: Any, kind: str) -> None:
    async def work(rt: cm.Runtime, fleet: cm.OpenFleet) -> set[str]:
        endpoint = fleet.endpoints["engine"]
        asked = {
            "prefetch": prefetch("a"),
            "evict": cm.CacheHint("evict", agent="a"),
            "place": cm.CacheHint("place", agent="a", call=prompt("a")),
            "save": cm.CacheHint("save", agent="a"),
        }
        taken = {name for name, hint in asked.items() if await endpoint.hint(hint) != "unsupported"}
        assert taken == endpoint.capabilities.hints
        return taken

    text, able = HINTS[kind]
    assert cm.run(work, load(text)).result == able


@pytest.mark.parametrize("text", [SMALL, TIERS, ENGINE + "replicas = 2\n", ENGINE + PREFILL])
def test_a_prompt_that_stands_nowhere_is_computed_ahead(load: Any, text: str) -> None:
    async def work(rt: cm.Runtime, fleet: cm.OpenFleet) -> tuple[str, float, cm.Reply, int]:
        endpoint = fleet.endpoints["engine"]
        outcome = await endpoint.hint(prefetch("a"))
        took_s = rt.now()
        reply = await endpoint.generate(prompt("a"))
        return outcome, took_s, reply, (await endpoint.status()).running

    done = cm.run(work, load(text))
    outcome, took_s, reply, running = done.result
    assert (outcome, running, done.calls) == ("accepted", 0, ())
    assert took_s > 0.00624 + 400 * 1.33e-5
    if "replicas" not in text:  # whose caches are their own: the call may go to another
        assert reply.usage.cached_tokens == 400
    assert reply.timing.prefill_s < took_s


def test_what_stands_below_is_loaded_and_a_call_waits_for_the_rest_only(load: Any) -> None:
    async def work(rt: cm.Runtime, fleet: cm.OpenFleet, lead_s: float | None) -> tuple[float, int, float]:
        endpoint: Any = fleet.endpoints["engine"]
        for agent in "abc":
            await endpoint.generate(prompt(agent))
        assert bare(endpoint._server)._engine.steps == 6
        began = rt.now()
        async with rt.task_group() as group:
            if lead_s is not None:
                group.start_soon(endpoint.hint, prefetch("a"))
                await rt.sleep(lead_s)
            asked = rt.now()
            reply = await endpoint.generate(prompt("a"))
        return rt.now() - asked, reply.usage.cached_tokens, rt.now() - began

    fleet = load(TIERS)
    cold_s, cached, _ = cm.run(work, fleet, None).result
    assert cached == 400
    journey_s = cold_s - cm.run(work, fleet, 1.0).result[0]
    assert journey_s > 0.0005
    for share in (0.25, 0.75):
        waited_s, cached, whole_s = cm.run(work, fleet, share * journey_s).result
        assert cached == 400
        assert whole_s == pytest.approx(cold_s)
        assert waited_s == pytest.approx(cold_s - share * journey_s)


def test_room_that_running_calls_hold_clips_a_prefetch(load: Any) -> None:
    async def work(rt: cm.Runtime, fleet: cm.OpenFleet) -> tuple[str, int, str]:
        endpoint = fleet.endpoints["engine"]
        async with rt.task_group() as group:
            group.start_soon(endpoint.generate, cm.Call(distinct_text(640, "busy"), max_tokens=100))
            await rt.sleep(0.1)
            outcome = await endpoint.hint(prefetch("a", 641))
            again = await endpoint.hint(prefetch("a", 201))
        reply = await endpoint.generate(prompt("a", 641))
        return outcome, reply.usage.cached_tokens, again

    outcome, cached, again = cm.run(work, load(SMALL)).result
    assert (outcome, again) == ("clipped", "accepted")
    assert 0 < cached < 640


def test_a_prefetch_that_is_never_used_costs_what_it_displaces(load: Any) -> None:
    async def work(rt: cm.Runtime, fleet: cm.OpenFleet, fetched: str) -> tuple[float, float, int]:
        endpoint = fleet.endpoints["engine"]
        for agent in "abc":
            await endpoint.generate(prompt(agent))
        if fetched:
            assert await endpoint.hint(prefetch(fetched)) == "accepted"
        began = rt.now()
        reply = await endpoint.generate(prompt("b"))
        return rt.now() - began, moved_bytes(fleet), reply.usage.cached_tokens

    fleet = load(TIERS)
    quiet, wasted = (cm.run(work, fleet, fetched).result for fetched in ("", "a"))
    assert quiet[2] == wasted[2] == 400
    assert wasted[0] > quiet[0]  # b has to come up again
    assert wasted[1] > quiet[1]


@pytest.mark.parametrize("hint", ["prefetch", "place", None])
def test_what_is_here_and_wanted_again_leaves_later(load: Any, hint: Any) -> None:
    async def work(rt: cm.Runtime, fleet: cm.OpenFleet) -> list[int]:
        endpoint = fleet.endpoints["engine"]
        for agent in "ab":
            await endpoint.generate(prompt(agent))
        if hint:
            outcome = await endpoint.hint(cm.CacheHint(hint, agent="a", call=prompt("a")))
            assert outcome == {"prefetch": "accepted", "place": "clipped"}[hint]
        await endpoint.generate(prompt("c"))
        return [(await endpoint.generate(prompt(agent))).usage.cached_tokens for agent in "a"]

    cached = cm.run(work, load(SMALL)).result
    assert (cached == [400]) == (hint is not None)


def by_graph() -> Evictor:
    graph: nx.DiGraph[str] = nx.DiGraph([("a", "b"), ("b", "c"), ("c", "a"), ("z", "a")])
    return build_evictor("topology", Plan(graph))


@pytest.mark.parametrize(("evictor", "outcome"), [(None, "accepted"), (by_graph(), "clipped")])
@pytest.mark.parametrize("text", [SMALL, TIERS])
def test_a_prefetch_displaces_only_what_is_worth_less(
    load: Any, text: str, evictor: Evictor | None, outcome: str
) -> None:
    """z comes never again: by the graph it has no place before the two that come next; LRU does not know."""

    async def work(rt: cm.Runtime, fleet: cm.OpenFleet) -> tuple[str, int]:
        endpoint = fleet.endpoints["engine"]
        for agent in "zbca":
            await endpoint.generate(prompt(agent, 481))
        told = await endpoint.hint(prefetch("z", 481))
        return told, (await endpoint.generate(prompt("a", 481))).usage.cached_tokens

    told, cached = cm.run(work, load(text, evictor=evictor)).result
    assert told == outcome
    assert cached == 480


def test_an_agents_prompt_is_sent_down_but_not_what_others_share(load: Any) -> None:
    def shared(agent: str) -> cm.Call:
        text = f"{distinct_text(160, 'common')} {distinct_text(161, agent)}"
        return cm.Call(text, agent=agent, max_tokens=2)

    async def work(rt: cm.Runtime, fleet: cm.OpenFleet, by_call: bool) -> tuple[str, list[int]]:
        endpoint: Any = fleet.endpoints["engine"]
        for agent in "ab":
            await endpoint.generate(shared(agent))
        hint = cm.CacheHint("evict", call=shared("a")) if by_call else cm.CacheHint("evict", agent="a")
        outcome = await endpoint.hint(hint)
        again = [(await endpoint.generate(shared(agent))).usage.cached_tokens for agent in "ba"]
        return outcome, again

    for by_call in (False, True):
        assert cm.run(work, load(SMALL), by_call).result == ("accepted", [320, 160])
        assert cm.run(work, load(TIERS), by_call).result == ("accepted", [320, 320])


def test_what_is_in_use_stays(load: Any) -> None:
    async def work(rt: cm.Runtime, fleet: cm.OpenFleet) -> tuple[str, str, str]:
        endpoint = fleet.endpoints["engine"]
        async with rt.task_group() as group:
            group.start_soon(endpoint.generate, cm.Call(distinct_text(200, "a"), agent="a", max_tokens=50))
            await rt.sleep(0.05)
            during = await endpoint.hint(cm.CacheHint("evict", agent="a"))
        after = await endpoint.hint(cm.CacheHint("evict", agent="a"))
        return during, after, await endpoint.hint(cm.CacheHint("evict"))

    assert cm.run(work, load(SMALL)).result == ("clipped", "accepted", "clipped")


def test_a_prefetch_can_be_left(load: Any) -> None:
    async def work(rt: cm.Runtime, fleet: cm.OpenFleet) -> tuple[bool, int, int]:
        endpoint: Any = fleet.endpoints["engine"]
        with rt.move_on_after(0.001) as scope:
            await endpoint.hint(prefetch("a"))
        await rt.sleep(0.1)
        return scope.cancelled_caught, (await endpoint.status()).running, bare(endpoint._server).memory.cache.used

    assert cm.run(work, load(SMALL)).result == (True, 0, 0)
