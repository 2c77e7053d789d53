"""The engine's parts against plain loops: block growth, stretches and the prefix cache."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from commissure.sim.engine.growth import BlockGrowth
from commissure.sim.engine.job import Job
from commissure.sim.engine.prefix import PrefixCache
from commissure.sim.engine.stretch import Stretch

TRIED = settings(max_examples=300, deadline=None, database=None, derandomize=True)


def blocks(tokens: int, block: int) -> int:
    return -(-tokens // block)


@TRIED
@given(
    block=st.integers(1, 9), joins=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 60)), max_size=8),
    leave=st.integers(0, 7), ahead=st.integers(0, 40), free=st.integers(0, 60), most=st.integers(0, 50),
)  # fmt: skip
def test_block_growth(block: int, joins: list[tuple[int, int]], leave: int, ahead: int, free: int, most: int) -> None:
    growth = BlockGrowth(block)
    joins = sorted(joins)
    for step, tokens in joins:
        growth.add(tokens, step)
    for step, tokens in joins[:leave]:
        growth.remove(tokens, step)
    stay = joins[leave:]
    now = max((step for step, _ in joins), default=0) + ahead

    def needed(step: int) -> int:
        # A sequence that held `tokens` before step s holds tokens + S - s before step S.
        return sum(blocks(tokens + step - since, block) - blocks(tokens, block) for since, tokens in stay)

    assert growth.blocks(now) == needed(now)
    # `steps` more steps from `now` on write that many tokens a sequence.
    brute = 0
    while brute < most and needed(now + brute + 1) - needed(now) <= free:
        brute += 1
    assert growth.steps(now, free, most) == brute
    assert growth.steps(now, math.inf, most) == most


def stretch_of(first_s: float, more_s: float, n: int, began_s: float = 0.0) -> Stretch:
    stretch = Stretch()
    stretch.began_s, stretch.first_s, stretch.more_s, stretch.n = began_s, first_s, more_s, n
    return stretch


POSITIVE = st.floats(1e-6, 10, allow_nan=False)


@TRIED
@given(POSITIVE, st.just(0.0) | st.floats(1e-9, 1), st.integers(1, 300), st.integers(-1, 300), st.floats(0.01, 0.99))
def test_a_stretch(first_s: float, more_s: float, n: int, over: int, part: float) -> None:
    assume(more_s < first_s)  # what a step costs more is read by the first as well
    lengths = [first_s + more_s * number for number in range(n)]
    stretch = stretch_of(first_s, more_s, n, began_s=5.0)
    assert stretch.end_s() == pytest.approx(5.0 + sum(lengths), rel=1e-9)
    over = min(over, n - 1)
    now_s = 5.0 + (-0.5 if over < 0 else sum(lengths[:over]) + part * lengths[over])
    assert stretch.done(now_s) == over
    assert stretch.cut(now_s) == (over + 1 < n)
    assert stretch.n == min(n, over + 1)
    assert not stretch.cut(now_s)


def test_a_stretch_whose_first_step_is_half_of_its_growth() -> None:
    # The first chunk of a prompt where attention alone costs: c x c / 2, and each next one c x c more. 0.5, 1.5, 2.5.
    assert stretch_of(0.5, 1.0, 10).done(0.6) == 1


@TRIED
@given(POSITIVE, st.just(0.0) | st.floats(1e-9, 1), st.integers(1, 300), st.floats(0, 20))
def test_a_pace(first_s: float, more_s: float, n: int, pace_s: float) -> None:
    stretch = stretch_of(first_s, more_s, n)
    stretch.keep_pace(pace_s)
    assert 1 <= stretch.n <= n
    lengths = [max(pace_s, first_s + more_s * number) for number in range(stretch.n)]
    assert stretch.end_s() == pytest.approx(sum(lengths), rel=1e-9)
    overtaken = first_s + more_s * stretch.n > pace_s * (1 + 1e-9)
    assert stretch.n == n or overtaken


class PlainCache:
    """Units in use counted, units kept in a list from the least to the most recent: the same rules, written out."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.in_use: list[int] = []
        self.kept: list[int] = []
        self.left: list[int] = []

    def match(self, hashes: Sequence[int]) -> int:
        number = 0
        while number < len(hashes) and (hashes[number] in self.in_use or hashes[number] in self.kept):
            number += 1
        return number

    def hold(self, hashes: Sequence[int], matched: int) -> list[int]:
        held = list(hashes[:matched]) + [unit for unit in hashes[matched:] if not self.match([unit])]
        self.kept = [unit for unit in self.kept if unit not in held]
        self.in_use += held
        while len(set(self.in_use)) + len(self.kept) > self.capacity:
            self.left.append(self.kept.pop(0))
        return held

    def drop(self, held: Sequence[int]) -> None:
        for unit in reversed(held):
            self.in_use.remove(unit)
            if unit not in self.in_use:
                self.kept.append(unit)


@TRIED
@given(
    capacity=st.integers(4, 14), unit_blocks=st.integers(1, 3),
    moves=st.lists(
        st.tuples(st.sampled_from(["hold", "hold", "drop"]), st.integers(0, 3), st.integers(1, 4)), max_size=40
    ),
)  # fmt: skip
def test_the_prefix_cache(capacity: int, unit_blocks: int, moves: list[tuple[str, int, int]]) -> None:
    left: list[int] = []
    cache = PrefixCache(capacity * unit_blocks, 1, unit_blocks, left.append)
    plain = PlainCache(capacity)
    held: list[list[int]] = []
    for move, family, depth in moves:
        if move == "hold":
            hashes = [family * 100 + number for number in range(depth)]
            matched = cache.match(hashes, depth)
            assert matched == plain.match(hashes)
            free = capacity - len(set(plain.in_use))
            idle = sum(1 for unit in hashes[:matched] if unit in plain.kept)
            assert cache.free == free * unit_blocks
            assert cache.idle(hashes, matched) == idle * unit_blocks
            if depth - matched + idle <= free:
                held.append(list(cache.hold(Job(1, 1, hashes), matched, depth)))
                assert held[-1] == plain.hold(hashes, matched)
        elif held:
            one = held.pop(family % len(held))
            cache.drop(one)
            plain.drop(one)
        assert cache.used == len(set(plain.in_use)) * unit_blocks
        assert cache.kept == len(plain.kept) * unit_blocks
        assert list(cache._idle) == plain.kept
        assert left == plain.left
    for one in held:
        cache.drop(one)
    assert cache.used == 0


def test_what_was_never_computed_is_forgotten() -> None:
    cache = PrefixCache(10, 1, 1)
    cache.drop(cache.hold(Job(1, 1, [1, 2]), 0, 2))
    held = cache.hold(Job(1, 1, [1, 2, 3, 4]), cache.match([1, 2, 3, 4], 4), 4)
    cache.forget(held, 2)
    assert cache.match([1, 2, 3, 4], 4) == 2
    assert (cache.used, cache.kept) == (0, 2)
    cache.keep([1, 2, 3])
    assert cache.match([1, 2, 3, 4], 4) == 3
    cache.clear()
    assert (cache.match([1], 1), cache.kept, cache.free) == (0, 0, 10)
