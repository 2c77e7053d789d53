"""Ranks follow the evictor as far as the caller's own number can, on modelled servers that note what they are told."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissure.hal.call import CacheHint, Call, HintOutcome
from commissure.hal.errors import EndpointError, UsageError
from commissure.hal.eviction import Evictor, Moment, Resident
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.fleets.ranking import FIRST, Ranking, fitting, takes_ranks
from commissure.hal.fleets.residency import Residency
from commissure.policies.cache.lru import Lru
from commissure.policies.cache.mru import Mru
from commissure.policies.cache.topology import Topology
from commissure.sim.endpoint import ModelledEndpoint
from commissure.sim.runtime import SimRuntime

NAMES = st.lists(st.sampled_from("abcdefgh"), max_size=40)
NUMBERS = st.lists(st.integers(0, 12), max_size=8)


class Radix(ModelledEndpoint):
    """A server with room for so many agents' prefixes: the lowest number leaves, then the least recently used.

    A prefix keeps the highest number of all calls that reached it, as in SGLang.
    """

    def __init__(self, rt: SimRuntime, room: int = 5) -> None:
        fleet = Fleet.load("local")
        super().__init__(fleet.specs[0], fleet.profiles["local"], rt)
        self.capabilities = replace(self.capabilities, kv_slots=0, kv_priorities=True)
        self.hints: list[CacheHint] = []
        self.fails = False
        self.missed: list[str] = []
        self._room = room
        self._kept: dict[str, tuple[int, int]] = {}

    async def hint(self, hint: CacheHint) -> HintOutcome:
        self.hints.append(hint)
        if self.fails:
            raise EndpointError(self.name, "it fails")
        return "accepted"

    def use(self, agent: str) -> None:
        told = self.hints[-1]
        assert (told.action, told.agent) == ("place", agent)
        assert told.priority is not None
        highest = self._kept.get(agent, (0, 0))[0]
        if agent not in self._kept:
            self.missed.append(agent)
            if len(self._kept) == self._room:
                del self._kept[min(self._kept, key=lambda one: self._kept[one])]
        self._kept[agent] = max(told.priority, highest), len(self.hints)


class Told(Evictor):
    """By a table of keys; it notes what it hears."""

    def __init__(self, keys: dict[str, Any]) -> None:
        self.keys, self.heard = keys, list[tuple[str, str, int]]()

    def priority(self, entry: Resident, now: Moment) -> Any:
        return self.keys.get(entry.agent, 0), entry.last_used

    def asked(self, now: Moment) -> None:
        self.heard.append(("asked", now.agent, now.step))

    def entered(self, entry: Resident, now: Moment) -> None:
        self.heard.append(("entered", entry.agent, now.step))

    def used(self, entry: Resident, now: Moment) -> None:
        self.heard.append(("used", entry.agent, entry.uses))

    def left(self, entry: Resident, now: Moment) -> None:
        self.heard.append(("left", entry.agent, now.step))


def calls(rt: SimRuntime, ranking: Ranking | Residency, agents: str, work: Callable[[str], None]) -> None:
    async def main() -> None:
        for agent in agents:
            async with ranking.admitted(Call("x", agent=agent)):
                work(agent)

    rt.run(main)


def ranked(evictor: Evictor, agents: str, room: int = 5) -> tuple[Radix, Ranking]:
    rt = SimRuntime()
    radix = Radix(rt, room)
    ranking = Ranking(rt, radix, evictor)
    calls(rt, ranking, agents, radix.use)
    return radix, ranking


@given(NUMBERS, NUMBERS, st.none() | st.integers(0, 12))
def test_no_number_contradicts_fewer_than_the_chosen_one(earlier: list[int], later: list[int], old: int | None) -> None:
    def contradicted(number: int) -> int:
        return sum(one > number for one in earlier) + sum(one <= number for one in later)

    chosen = fitting(earlier, later, old)
    fewest = min(contradicted(number) for number in range(15))
    assert chosen >= 0
    assert contradicted(chosen) == fewest
    assert old is None or contradicted(old) > fewest or chosen == old


@given(st.permutations("abcdefgh"), st.permutations("abcdefgh"))
def test_the_numbers_are_in_the_evictors_order(wanted: list[str], came: list[str]) -> None:
    keys = {agent: place for place, agent in enumerate(wanted)}
    _, ranking = ranked(Told(keys), "".join(came))
    assert sorted(came, key=ranking.carried.__getitem__) == wanted
    assert len(set(ranking.carried.values())) == len(wanted)


@given(NAMES.map("".join), st.permutations("abcdefgh"))
def test_the_caller_alone_is_told_and_its_rank_is_the_fitting_one(agents: str, wanted: list[str]) -> None:
    keys = {agent: place for place, agent in enumerate(wanted)}
    radix, ranking = ranked(Told(keys), agents)
    assert [hint.agent for hint in radix.hints] == list(agents)
    carried: dict[str, int] = {}
    for hint in radix.hints:
        earlier = [rank for agent, rank in carried.items() if keys[agent] < keys[hint.agent]]
        later = [rank for agent, rank in carried.items() if keys[agent] > keys[hint.agent]]
        assert hint.priority == fitting(earlier, later, carried.get(hint.agent))
        carried[hint.agent] = hint.priority
    assert carried == ranking.carried


@given(NAMES.map("".join), st.integers(1, 5))
def test_lru_stays_lru(agents: str, room: int) -> None:
    radix, _ = ranked(Lru(), agents, room)
    kept: list[str] = []
    missed = []
    for agent in agents:
        if agent in kept:
            kept.remove(agent)
        else:
            missed.append(agent)
            kept = kept[1 - room :] if len(kept) == room and room > 1 else kept[: room - 1]
        kept.append(agent)
    assert radix.missed == missed


def test_a_loop_that_lru_cannot_keep_is_kept_for_the_most_part() -> None:
    loop: nx.DiGraph[str] = nx.DiGraph(list(zip("abcdef", "bcdefa", strict=True)))
    missed = {type(one).__name__: len(ranked(one, "abcdef" * 12)[0].missed) for one in (Lru(), Mru(), Topology(loop))}
    # Two a turn; the optimum, which needs the others' numbers too, is one or two: 19 in all.
    assert missed == {"Lru": 6 * 12, "Mru": 6 + 2 * 11, "Topology": 6 + 2 * 11}


@given(NAMES.map("".join), st.integers(1, 4), st.permutations("abcdefgh"))
def test_an_evictor_hears_what_a_residency_tells_it(agents: str, room: int, wanted: list[str]) -> None:
    keys = {agent: place for place, agent in enumerate(wanted)}
    heard = []
    for of_slots in (True, False):
        rt, evictor = SimRuntime(), Told(keys)
        radix = Radix(rt)
        radix.capabilities = replace(radix.capabilities, kv_slots=room if of_slots else 0)
        kept = Residency(rt, radix, evictor) if of_slots else Ranking(rt, radix, evictor, room)
        calls(rt, kept, agents, lambda agent: None)
        heard.append(evictor.heard)
    assert heard[0] == heard[1]


@given(NAMES, st.integers(1, 6))
def test_calls_at_once_are_all_let_through(agents: list[str], workers: int) -> None:
    rt = SimRuntime()
    ranking = Ranking(rt, Radix(rt), Mru(), 2)
    served = []

    async def work(queue: list[str]) -> None:
        while queue:
            agent = queue.pop()
            async with ranking.admitted(Call("x", agent=agent)):
                await rt.sleep(1)
                served.append(agent)
            assert len(ranking.carried) <= 2

    async def main() -> None:
        queue = list(agents)
        async with rt.task_group() as group:
            for _ in range(workers):
                group.start_soon(work, queue)

    rt.run(main)
    assert sorted(served) == sorted(agents)


def test_a_rank_that_cannot_be_told_fails_no_call_and_a_slot_that_cannot_does() -> None:
    rt = SimRuntime()
    radix = Radix(rt)
    radix.fails = True
    served: list[str] = []
    ranking = Ranking(rt, radix, Lru())
    calls(rt, ranking, "ab", served.append)
    assert served == ["a", "b"]
    assert len(radix.hints) == 2
    radix.capabilities = replace(radix.capabilities, kv_slots=1)
    with pytest.raises(EndpointError, match="it fails"):
        calls(rt, Residency(rt, radix, Lru()), "a", served.append)


def test_what_a_call_raises_is_not_taken_for_a_hints() -> None:
    rt = SimRuntime()

    def fails(agent: str) -> None:
        raise EndpointError("e", "the call")

    with pytest.raises(EndpointError, match="the call"):
        calls(rt, Ranking(rt, Radix(rt), Lru()), "a", fails)


def test_keys_that_do_not_sort_are_named() -> None:
    with pytest.raises(UsageError, match=r"Told.priority\(\) must give keys that sort"):
        ranked(Told({"a": 1, "b": "one"}), "ab")


def test_who_takes_ranks() -> None:
    radix = Radix(SimRuntime())
    assert takes_ranks(radix)
    for changes in ({"kv_priorities": False}, {"kv_slots": 1}, {"hints": frozenset({"prefetch"})}):
        radix.capabilities = replace(Radix(SimRuntime()).capabilities, **changes)
        assert not takes_ranks(radix)
    assert ranked(Lru(), "a")[1].carried == {"a": FIRST}
