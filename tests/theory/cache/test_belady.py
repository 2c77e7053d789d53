"""MIN against exhaustive search and against an independent library."""

from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commissure.hal.errors import UsageError
from commissure.theory.cache.belady import fewest_misses
from commissure.theory.cache.uses import next_use


def exhaustive(uses: tuple[int, ...], places: int, bypass: bool) -> int:
    """The fewest misses over all decisions."""

    @cache
    def best(position: int, held: frozenset[int]) -> int:
        if position == len(uses):
            return 0
        entry = uses[position]
        if entry in held:
            return best(position + 1, held)
        options = [held | {entry}] if len(held) < places else [held - {victim} | {entry} for victim in held]
        if bypass:
            options.append(held)
        return 1 + min(best(position + 1, option) for option in options)

    return best(0, frozenset())


@given(uses=st.lists(st.integers(0, 4), max_size=12), places=st.integers(1, 4), bypass=st.booleans())
def test_no_decision_does_better(uses: list[int], places: int, bypass: bool) -> None:
    misses = fewest_misses(uses, places, bypass=bypass)
    assert len(misses) == exhaustive(tuple(uses), places, bypass)
    assert all(earlier < later for earlier, later in pairwise(misses))


@pytest.mark.parametrize(("places", "forced", "bypass"), [(5, 19, 17), (4, 32, 28), (3, 45, 39)])
def test_the_published_loop(places: int, forced: int, bypass: int) -> None:
    uses = list(range(6)) * 12
    assert len(fewest_misses(uses, places)) == forced
    assert len(fewest_misses(uses, places, bypass=True)) == bypass


def test_host_and_two_guests() -> None:
    uses = "HAHB" * 6
    assert [len(fewest_misses(uses, places)) for places in (1, 2)] == [24, 13]
    assert [len(fewest_misses(uses, places, bypass=True)) for places in (1, 2)] == [13, 8]


@pytest.mark.parametrize(("objects", "places"), [(50, 5), (200, 40)])
def test_the_same_count_as_libcachesim(objects: int, places: int) -> None:
    lcs = pytest.importorskip("libcachesim")
    import numpy as np

    uses = np.random.default_rng(objects).zipf(1.3, 5000) % objects
    following: dict[int, int] = {}
    next_use = np.full(len(uses), 2**40)
    for position in range(len(uses) - 1, -1, -1):
        next_use[position] = following.get(int(uses[position]), 2**40)
        following[int(uses[position])] = position
    peer = lcs.Belady(cache_size=places)
    misses = 0
    for entry, later in zip(uses, next_use, strict=True):
        request = lcs.Request()
        request.obj_id, request.obj_size, request.next_access_vtime = int(entry), 1, int(later)
        misses += not peer.get(request)
    assert len(fewest_misses(uses.tolist(), places)) == misses


def test_the_published_counts_of_a_million_zipf_uses() -> None:
    import numpy as np

    weights = 1 / np.arange(1, 100_001)
    keys = np.random.default_rng(0).choice(100_000, 1_000_000, p=weights / weights.sum())
    following = next_use(keys)
    counts = [len(fewest_misses((), places, following=following)) for places in (1_000, 3_000, 10_000)]
    assert counts == [336_050, 247_568, 157_423]


def test_no_places() -> None:
    with pytest.raises(UsageError, match="places >= 1"):
        fewest_misses([1], 0)
