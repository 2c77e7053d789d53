"""What the bounds of caching cost in time: printed, beside a peer where there is one."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
import pytest

from commissure.theory.cache.belady import fewest_misses
from commissure.theory.cache.bounds import Bracket
from commissure.theory.cache.bracket import bracket
from commissure.theory.cache.paths import Paths
from commissure.theory.cache.pfoo import pfoo
from commissure.theory.cache.program import program
from commissure.theory.cache.tree import fewest_block_misses
from commissure.theory.cache.uses import Ints, Uses, next_use
from tests.bench.ratios import line, paired

pytestmark = pytest.mark.bench

DATA = Path(os.environ.get("COMMISSURE_DATA", Path(__file__).resolve().parents[3] / "shared" / "data")) / "traces"


def zipf(uses: int, objects: int, seed: int = 0) -> Ints:
    weights = 1 / np.arange(1, objects + 1)
    return np.random.default_rng(seed).choice(objects, uses, p=weights / weights.sum())


def with_sizes(keys: Ints, capacity_part: float, seed: int = 1) -> tuple[Uses, float]:
    """Sizes 1 to 20 and costs 1 to 49, and room for this part of the bytes."""
    plain, rng = Uses.of(keys), np.random.default_rng(seed)
    count = len(plain.sizes)
    uses = Uses(plain.objects, rng.integers(1, 21, count).astype(float), rng.integers(1, 50, count).astype(float))
    return uses, uses.sizes.sum() * capacity_part


def timed(name: str, work: Callable[[], Bracket]) -> Bracket:
    began = perf_counter()
    found = work()
    took = perf_counter() - began
    print(f"\n{name:<60} {took:6.2f} s  {found.mode}, gap {found.gap:.3%}, {found.lower_by} .. {found.upper_by}")
    return found


@pytest.mark.parametrize("bypass", [False, True])
@pytest.mark.parametrize("part", [0.02, 0.1])
@pytest.mark.parametrize("uses", [11_200, 33_000])
def test_the_linear_program(uses: int, part: float, bypass: bool) -> None:
    """10,190 and 30,110 reuse intervals; the target is 15 s for 10,000."""
    known, capacity = with_sizes(zipf(uses, uses // 10), part)
    intervals = len(known.intervals()[0])
    assert intervals > 10_000
    name = f"linear program, {intervals:,} intervals, {part:.0%} of bytes"
    found = timed(name, lambda: program(known, capacity, bypass=bypass))
    quick = timed("  the same by PFOO", lambda: pfoo(known, capacity, bypass=bypass))
    assert quick.lower <= found.lower <= found.upper


@pytest.mark.parametrize("bypass", [False, True])
def test_pfoo_of_a_million(bypass: bool) -> None:
    """The target is 5 s."""
    known, capacity = with_sizes(zipf(1_000_000, 100_000), 0.1)
    timed("PFOO, a million uses", lambda: bracket(known, capacity, bypass=bypass))


def test_belady_beside_libcachesim() -> None:
    """Its Python API, request by request, with next uses given; ours finds them itself."""
    lcs = pytest.importorskip("libcachesim")
    keys, places = zipf(1_000_000, 100_000), 10_000
    known = keys.tolist()
    following = np.where((later := next_use(keys)) < len(keys), later, 2**40).tolist()
    ours, theirs = [], []

    def peer() -> None:
        cache, request, misses = lcs.Belady(cache_size=places), lcs.Request(), 0
        request.obj_size = 1
        for request.obj_id, request.next_access_vtime in zip(known, following, strict=True):
            misses += not cache.get(request)
        theirs.append(misses)

    ratios = paired(peer, lambda: ours.append(len(fewest_misses(known, places))), pairs=3)
    began = perf_counter()
    fewest_misses(known, places)
    print("\n" + line("libcachesim per request / MIN", ratios, f"{1 / (perf_counter() - began):.1f} M/s ours"))
    assert set(ours) == set(theirs) == {157_423}


def test_leaf_belady_on_mooncake() -> None:
    file = DATA / "mooncake_conversation.jsonl"
    if not file.exists():
        pytest.skip(f"no {file}: set COMMISSURE_DATA")
    with file.open() as lines:
        requests = [json.loads(text)["hash_ids"] for text in lines]
    began = perf_counter()
    paths = Paths.of(requests)
    print(f"\n{len(paths.blocks):,} references, {perf_counter() - began:.2f} s to read the tree")
    for capacity in (1_000, 10_000):
        for bypass in (False, True):
            began = perf_counter()
            missed = fewest_block_misses(paths, capacity, bypass=bypass)
            took, mode = perf_counter() - began, "bypass" if bypass else "forced"
            print(f"{capacity:,} blocks, {mode}: {missed.sum():,} misses, {1 - missed.mean():.2%} hits, {took:.2f} s")
