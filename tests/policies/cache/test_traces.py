"""Traces: the quick loops, the compiled ones and the seam agree with each other, with libCacheSim and known numbers."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from commissure.hal.errors import MissingExtra, UsageError
from commissure.hal.eviction import Evictor, Moment, Plan, Resident
from commissure.policies.cache import build_evictor
from commissure.policies.cache.traces import compiled, quick
from commissure.policies.cache.traces.flat import replay, uses_of
from tests.policies.cache import peer
from tests.policies.cache.draws import traces

TRACES = traces(14, 150)
PLACES = st.integers(1, 8)
# Misses of a million Zipf(1) requests by places, of libCacheSim (its Belady is forced).
ZIPF = {
    "lru": {1_000: 493_720, 3_000: 387_293, 10_000: 265_669},
    "fifo": {1_000: 535_226, 3_000: 426_654, 10_000: 301_052},
    "lfu": {1_000: 407_643, 3_000: 319_342, 10_000: 224_205},
    "sieve": {1_000: 402_586, 3_000: 318_619, 10_000: 224_205},
    "belady": {1_000: 336_050, 3_000: 247_568, 10_000: 157_423},
}


@pytest.fixture(scope="module", autouse=True)
def _all_compiled() -> None:
    """So that no example of a property test takes longer than the others."""
    if find_spec("numba"):
        for name in compiled.NAMES:
            compiled.compile_loop(name)


@cache
def zipf(requests: int, ids: int, seed: int = 0) -> NDArray[np.int64]:
    weights = 1 / np.arange(1, ids + 1)
    drawn: NDArray[np.int64] = np.random.default_rng(seed).choice(ids, requests, p=weights / weights.sum())
    return drawn


class Declared(Evictor):
    """By the seam what `topology` does in a trace: the furthest next use declared, then the longest unused."""

    lasting = True

    def __init__(self, next_use: Sequence[int]) -> None:
        self._next_use = next_use

    def priority(self, entry: Resident, now: Moment) -> tuple[float, int]:
        declared = self._next_use[entry.last_used]
        return -declared if declared >= 0 else -np.inf, entry.last_used


def by_seam(name: str, trace: list[int], places: int, *, bypass: bool = False) -> list[int]:
    evictor = build_evictor(name, Plan(uses=tuple(trace) or (0,)))
    return list(replay(evictor, uses_of(trace), places, bypass=bypass).missed)


@pytest.mark.parametrize("name", quick.NAMES)
@given(trace=TRACES, places=PLACES, bias=st.sampled_from([0, 10**6, 2**40, -7]))
def test_quick_loops_take_any_numbers(name: str, trace: list[int], places: int, bias: int) -> None:
    assert quick.missed(name, [used + bias for used in trace], places) == quick.missed(name, trace, places)


@pytest.mark.parametrize("name", [name for name in quick.NAMES if name != "topology"])
@given(trace=TRACES, places=PLACES)
def test_quick_compiled_and_seam_miss_the_same(name: str, trace: list[int], places: int) -> None:
    pytest.importorskip("numba")
    assert quick.missed(name, trace, places) == by_seam(name, trace, places)
    assert compiled.missed(name, trace, places).tolist() == by_seam(name, trace, places)


@given(trace=TRACES, places=PLACES, bypass=st.booleans(), data=st.data())
def test_declared_next_uses_may_be_wrong(trace: list[int], places: int, bypass: bool, data: st.DataObject) -> None:
    pytest.importorskip("numba")
    dice = Random(data.draw(st.integers(0, 2**32)))
    next_use = [dice.randint(-1, len(trace)) for _ in trace]
    seam = list(replay(Declared(next_use), uses_of(trace), places, bypass=bypass).missed)
    assert quick.missed("topology", trace, places, next_use=next_use, bypass=bypass) == seam
    assert compiled.missed("topology", trace, places, next_use=next_use, bypass=bypass).tolist() == seam


@given(trace=TRACES, places=PLACES, bypass=st.booleans())
def test_with_the_truth_declared_it_is_belady(trace: list[int], places: int, bypass: bool) -> None:
    pytest.importorskip("numba")
    best = by_seam("belady", trace, places, bypass=bypass)
    for name in ("belady", "topology"):
        assert quick.missed(name, trace, places, bypass=bypass) == best
        assert compiled.missed(name, trace, places, bypass=bypass).tolist() == best


@pytest.mark.parametrize("name", peer.PEERS)
@given(trace=TRACES, places=PLACES)
def test_small_traces_as_in_libcachesim(name: str, trace: list[int], places: int) -> None:
    assert by_seam(name, trace, places) == peer.missed(name, trace, places, quick.next_uses(trace))


@pytest.mark.parametrize("name", peer.PEERS)
@pytest.mark.parametrize("kind", ["zipf", "uniform"])
def test_long_traces_as_in_libcachesim(name: str, kind: str) -> None:
    pytest.importorskip("numba")
    even: NDArray[np.int64] = np.random.default_rng(1).integers(0, 3_000, 100_000)
    trace = zipf(100_000, 10_000, 1) if kind == "zipf" else even
    theirs = peer.missed(name, trace.tolist(), 1_000, quick.next_uses(trace.tolist()))
    assert compiled.missed(name, trace, 1_000).tolist() == theirs
    assert quick.missed("topology" if name == "belady" else name, trace.tolist(), 1_000) == theirs


@pytest.mark.parametrize("name", ZIPF)
def test_a_million_zipf_requests(name: str) -> None:
    trace = zipf(1_000_000, 100_000).tolist()
    declared = quick.next_uses(trace) if name == "belady" else None
    own = "topology" if name == "belady" else name
    assert {places: len(quick.missed(own, trace, places, next_use=declared)) for places in ZIPF[name]} == ZIPF[name]


@pytest.mark.parametrize("name", ZIPF)
def test_a_million_zipf_requests_compiled(name: str) -> None:
    pytest.importorskip("numba")
    trace = zipf(1_000_000, 100_000)
    assert {places: len(compiled.missed(name, trace, places)) for places in ZIPF[name]} == ZIPF[name]


@pytest.mark.parametrize(
    ("message", "arguments"),
    [
        (r"'slru'.*Allowed: belady, fifo", {"name": "slru"}),
        ("places >= 1, not 0", {"places": 0}),
        ("bypass is for 'belady' and 'topology', not 'lru'", {"bypass": True}),
        ("one for each of 3 uses; got 2 for 'topology'", {"name": "topology", "next_use": [1, 2]}),
        ("got 3 for 'lru'", {"next_use": [1, 2, 3]}),
    ],
)
def test_what_the_loops_refuse(message: str, arguments: dict[str, Any]) -> None:
    pytest.importorskip("numba")
    given_: dict[str, Any] = {"name": "lru", "objects": [1, 2, 1], "places": 2} | arguments
    for missed in (quick.missed, compiled.missed):
        with pytest.raises(UsageError, match=message):
            missed(**given_)


@pytest.mark.parametrize("objects", [[-1, 2], [10**12], [0.5], [[1, 2]], ["a"]])
def test_what_only_the_compiled_loops_refuse(objects: list[Any]) -> None:
    pytest.importorskip("numba")
    with pytest.raises(UsageError, match="objects"):
        compiled.missed("lru", objects, 2)


def test_without_numba_the_error_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **named: Any) -> Any:
        if name.split(".")[0] == "numba":
            raise ModuleNotFoundError("No module named 'numba'", name="numba")
        return real(name, *rest, **named)

    monkeypatch.delitem(sys.modules, "commissure.policies.cache.traces.loops", raising=False)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match=r"pip install 'commissure\[fast\]'"):
        compiled.missed("lru", [1], 1)
