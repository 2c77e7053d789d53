"""Slots are never over-full, a prefix in use never leaves, and the evictor alone decides."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from commissure.hal.call import CacheHint, Call, HintOutcome
from commissure.hal.clock.background import background
from commissure.hal.eviction import Evictor, Moment, Prefetcher, Resident
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.fleets.residency import Residency
from commissure.hal.words import distinct_text
from commissure.sim.endpoint import ModelledEndpoint
from commissure.sim.runtime import SimRuntime


class Oldest(Evictor):
    def priority(self, entry: Resident, now: Moment) -> int:
        return entry.inserted


def make(rt: SimRuntime, slots: int, evictor: Evictor) -> tuple[ModelledEndpoint, Residency]:
    fleet = Fleet.load("local").with_slots(slots, 256)
    endpoint = ModelledEndpoint(fleet.specs[0], fleet.profiles["local"], rt)
    return endpoint, Residency(rt, endpoint, evictor)


@given(slots=st.integers(1, 4), agents=st.lists(st.sampled_from("abcdefg"), max_size=40), workers=st.integers(1, 6))
def test_concurrent_calls_share_the_slots(slots: int, agents: list[str], workers: int) -> None:
    rt = SimRuntime()
    _endpoint, residency = make(rt, slots, Oldest())
    running: list[tuple[str, int]] = []

    async def work(queue: list[str], pace: float) -> None:
        while queue:
            agent = queue.pop()
            async with residency.admitted(Call("x", agent=agent)) as placement:
                running.append((agent, placement.slot))
                assert placement.evicted not in {name for name, _ in running}
                assert len({slot for _, slot in running}) == len({name for name, _ in running})
                assert 0 <= placement.slot < slots
                await rt.sleep(pace)
                running.remove((agent, placement.slot))
            held = residency.residents
            assert len(held) <= slots
            assert len({entry.slot for entry in held}) == len(held)

    async def main() -> None:
        queue = list(agents)
        async with rt.task_group() as group:
            for number in range(workers):
                group.start_soon(work, queue, 0.3 + 0.11 * number)

    rt.run(main)
    assert not running


def test_the_smallest_priority_leaves() -> None:
    rt = SimRuntime()
    _endpoint, residency = make(rt, 2, Oldest())
    evicted = []

    async def main() -> None:
        for agent in "abacbd":
            async with residency.admitted(Call("x", agent=agent)) as placement:
                evicted.append(placement.evicted)

    rt.run(main)
    assert evicted == ["", "", "", "a", "", "b"]
    assert {entry.agent: entry.uses for entry in residency.residents} == {"c": 1, "d": 1}


class Eager(Prefetcher):
    """Wants whatever is not there."""

    def wanted(self, absent: Sequence[Resident], now: Moment) -> Sequence[Resident]:
        return absent


class Newest(Evictor):
    def priority(self, entry: Resident, now: Moment) -> int:
        return -entry.last_used


@given(
    slots=st.integers(1, 3),
    disk_slots=st.integers(0, 2),
    agents=st.lists(st.sampled_from("abcdef"), max_size=30),
    workers=st.integers(1, 4),
    pause_s=st.sampled_from([0.0, 0.01, 0.5]),
)
def test_what_is_fetched_ahead_is_in_nobodys_way(
    slots: int, disk_slots: int, agents: list[str], workers: int, pause_s: float
) -> None:
    rt = SimRuntime()
    fleet = Fleet.load("local").with_slots(slots, 256, disk_slots)
    busy: dict[int, str] = {}

    class Watched(ModelledEndpoint):
        async def hint(self, hint: CacheHint) -> HintOutcome:
            assert hint.slot is not None
            assert busy.get(hint.slot, hint.agent) in (hint.agent, "")
            return await super().hint(hint)

    endpoint = Watched(fleet.specs[0], fleet.profiles["local"], rt)

    async def work(residency: Residency, queue: list[str]) -> None:
        while queue:
            agent = queue.pop()
            async with residency.admitted(Call("x", distinct_text(20, agent), agent=agent, max_tokens=1)) as placement:
                assert busy.get(placement.slot, agent) == agent
                busy[placement.slot] = agent
                reply = await endpoint.generate(Call("x", distinct_text(20, agent), agent=agent, max_tokens=1))
                assert reply.slot == placement.slot
            if agent not in {entry.agent for entry in residency.residents if entry.slot != placement.slot}:
                busy.pop(placement.slot, None)
            await rt.sleep(pause_s)

    async def main() -> None:
        async with background(rt) as start:
            residency = Residency(rt, endpoint, Newest(), Eager(), disk_slots, start)
            queue = list(agents)
            async with rt.task_group() as group:
                for _ in range(workers):
                    group.start_soon(work, residency, queue)
            held = residency.residents
            assert len({entry.slot for entry in held}) == len(held) <= slots

    rt.run(main)
    assert not agents or rt.now() > 0
