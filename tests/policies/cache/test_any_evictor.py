"""Whatever a cache does by the seam, pins and sizes and losses included, no evictor breaks."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissure.hal.errors import UsageError
from commissure.hal.eviction import Evictor, Moment, Plan, Resident
from commissure.policies.cache import build_evictor, evictor_names
from commissure.policies.cache.traces.flat import FlatCache, Use
from tests.policies.cache.draws import traces

KEYS = 7
GRAPH: nx.DiGraph[str] = nx.DiGraph([(str(one), str((one + step) % KEYS)) for one in range(KEYS) for step in (1, 3)])
SIZES = st.lists(st.sampled_from([0.5, 1.0, 2.0, 3.0]), min_size=KEYS + 1, max_size=KEYS + 1)


@st.composite
def pinning(draw: st.DrawFn) -> list[tuple[int, bool]]:
    """Uses, and of each whether it pins what it used until it is used again."""
    dice = Random(draw(st.integers(0, 2**32)))
    return [(key, dice.random() < 0.2) for key in draw(traces(KEYS, 100))]


def evictor_of(name: str, uses: list[tuple[int, bool]]) -> Evictor:
    return build_evictor(name, Plan(GRAPH, 7, tuple(key for key, _ in uses) or (0,)))


@pytest.mark.parametrize("name", evictor_names())
@given(uses=pinning(), sizes=SIZES, capacity=st.integers(3, 9))
def test_pins_sizes_and_losses(name: str, uses: list[tuple[int, bool]], sizes: list[float], capacity: int) -> None:
    """Where an evictor's favourite is pinned, the next one leaves in its place."""
    evictor = evictor_of(name, uses).for_cache(capacity)
    residents: dict[int, Resident] = {}
    pinned: set[int] = set()
    for step, (key, pin) in enumerate(uses):
        now = Moment(step, str(key))
        evictor.asked(now)
        if key in residents:
            residents[key] = replace(residents[key], last_used=step, uses=residents[key].uses + 1)
            evictor.used(residents[key], now)
        else:
            while sum(one.size for one in residents.values()) + sizes[key] > capacity:
                ranks = {one: evictor.priority(entry, now) for one, entry in residents.items()}
                assert ranks == {one: evictor.priority(entry, now) for one, entry in residents.items()}
                victim = min((one for one in residents if one not in pinned), key=ranks.__getitem__, default=None)
                if victim is None:
                    pinned.clear()
                    continue
                evictor.left(residents.pop(victim), now)
            residents[key] = Resident(str(key), 0, step, step, 1, key, sizes[key])
            evictor.entered(residents[key], now)
        (pinned.add if pin else pinned.discard)(key)
        if step % 17 == 16:  # the engine has lost all, and says so of one that it never had too
            evictor.left(Resident("nobody", 0, 0, 0, 1, "nobody"), now)
            residents.clear()
            pinned.clear()


@pytest.mark.parametrize("bypass", [False, True])
@pytest.mark.parametrize("name", evictor_names())
@given(uses=pinning(), sizes=SIZES, capacity=st.integers(1, 9))
def test_capacity_holds(
    name: str, bypass: bool, uses: list[tuple[int, bool]], sizes: list[float], capacity: int
) -> None:
    cache = FlatCache(evictor_of(name, uses), capacity, bypass=bypass)
    for key, _ in uses:
        use = Use(key, str(key), sizes[key])
        before = set(cache.residents)
        if use.size > capacity and not bypass:
            with pytest.raises(UsageError, match="more than the whole cache"):
                cache.use(use)
            continue
        hit, left = cache.use(use)
        assert hit == (key in before)
        assert set(left) <= before
        assert set(cache.residents) - {key} == before - set(left) - {key}
        assert bypass or key in cache.residents
        assert sum(one.size for one in cache.residents.values()) == capacity - cache.room <= capacity


@pytest.mark.parametrize("name", evictor_names())
def test_what_one_cache_remembers_another_does_not(name: str) -> None:
    uses = [Use(key, str(key)) for key in (0, 1, 0, 2, 3, 0, 4, 1, 5, 2, 6, 0, 1, 3)]
    evictor = build_evictor(name, Plan(GRAPH, 7, tuple(use.key for use in uses)))
    first, second = FlatCache(evictor, 3), FlatCache(evictor, 3)
    assert [(first.use(use), second.use(use)) for use in uses] == [
        (step, step) for step in map(FlatCache(evictor, 3).use, uses)
    ]
