"""Misses of a million Zipf requests: our loops against libCacheSim, in the same run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from commissure.policies.cache.traces import compiled, quick
from tests.bench.ratios import line, paired
from tests.policies.cache import peer

pytestmark = pytest.mark.bench
lcs = pytest.importorskip("libcachesim")
pytest.importorskip("numba")

REQUESTS, IDS, PLACES = 1_000_000, 100_000, 10_000
RECORD = np.dtype([("time", "<u4"), ("id", "<u8"), ("size", "<u4"), ("next", "<i8")])


@pytest.fixture(scope="module")
def trace() -> NDArray[np.int64]:
    weights = 1 / np.arange(1, IDS + 1)
    drawn: NDArray[np.int64] = np.random.default_rng(0).choice(IDS, REQUESTS, p=weights / weights.sum())
    return drawn


@pytest.fixture(scope="module")
def reader(trace: NDArray[np.int64], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Its own reader of its own binary format, next uses included."""
    rows = np.zeros(REQUESTS, RECORD)
    rows["time"], rows["id"], rows["size"] = np.arange(REQUESTS), trace, 1
    rows["next"] = quick.next_uses(trace.tolist())
    path: Path = tmp_path_factory.mktemp("trace") / "zipf.oracleGeneral.bin"
    rows.tofile(path)
    settings = lcs.ReaderInitParam(ignore_obj_size=True)
    return lcs.TraceReader(str(path), lcs.TraceType.ORACLE_GENERAL_TRACE, settings)


def compare(what: str, ours: Callable[[], object], theirs: Callable[[], object], pairs: int) -> float:
    """Print both speeds; how many times as fast ours is, in the median of the pairs."""
    began = perf_counter()
    ours()
    middle = perf_counter()
    theirs()
    ended = perf_counter()
    speeds = f"{REQUESTS / (middle - began) / 1e6:.1f} M/s, theirs {REQUESTS / (ended - middle) / 1e6:.1f} M/s"
    times = [1 / ratio for ratio in paired(ours, theirs, pairs)]
    print("\n" + line(what, times, speeds))
    return median(times)


def by_request(name: str, reader: Any) -> int:
    """As its Python API is meant: request by request from a reader."""
    get, misses = peer.cache(name, PLACES).get, 0
    reader.reset()
    for request in reader:
        misses += not get(request)
    return misses


@pytest.mark.parametrize(
    ("name", "of", "least"), [("lru", "lru", 5), ("topology", "belady", 1), ("belady", "belady", 1)]
)
def test_quick_against_single_requests(trace: NDArray[np.int64], reader: Any, name: str, of: str, least: float) -> None:
    """Python against the peer asked from Python, which is where a policy of one's own would be asked."""
    objects = trace.tolist()
    declared = quick.next_uses(objects) if name == "topology" else None

    def ours() -> int:
        return len(quick.missed(name, objects, PLACES, next_use=declared))

    assert ours() == by_request(of, reader)
    assert compare(f"quick {name} / libCacheSim {of}, by request", ours, lambda: by_request(of, reader), 5) >= least


def test_quick_lru_against_one_request_over_and_over(trace: NDArray[np.int64]) -> None:
    """The least that Python can do to ask the peer: one request, of which only the number is changed."""
    objects = trace.tolist()
    never = [-1] * REQUESTS
    what = "quick lru / libCacheSim lru, one request"

    def ours() -> object:
        return quick.missed("lru", objects, PLACES)

    def theirs() -> object:
        return peer.missed("lru", objects, PLACES, never)

    assert ours() == theirs()
    assert compare(what, ours, theirs, 5) >= 1


@pytest.mark.parametrize("name", peer.PEERS)
def test_compiled_against_its_own_replay(trace: NDArray[np.int64], reader: Any, name: str) -> None:
    """The peer reads its binary trace in C, with a hash table that fits (2**17)."""
    began = perf_counter()
    compiled.compile_loop(name)
    print(f"\ncompiling {name}: {perf_counter() - began:.2f} s")

    def ours() -> int:
        return len(compiled.missed(name, trace, PLACES))

    def theirs() -> int:
        reader.reset()
        missed: float = peer.cache(name, PLACES).process_trace(reader)[0]
        return round(missed * REQUESTS)

    assert ours() == theirs()
    assert compare(f"compiled {name} / libCacheSim's replay", ours, theirs, 15) >= 1.0
