"""Writes README's figures of evictors on random workflows to docs/families.json: python docs/families.py"""

import json
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from commissure.hal.clock.dice import dice
from commissure.hal.eviction import Plan
from commissure.policies.cache import build_evictor
from commissure.policies.cache.traces.families import FAMILIES, Case, How, make_case, spoiled
from commissure.policies.cache.traces.flat import replay
from commissure.theory.cache.belady import fewest_misses

CASES = 60
OURS = "topology-stochastic"
BASELINES = ("lru", "mru", "random", "sieve", "s3fifo", "arc", "topology")
SPOILED: tuple[tuple[How, float], ...] = (("missing", 0.2), ("permuted", 0.2), ("permuted", 1.0))


def shares(name: str, cases: list[Case], wrong: How | None = None, part: float = 0.0) -> NDArray[np.float64]:
    """Hits for Belady's hits, case by case; with part of each graph's edges wrong."""
    found = []
    for number, case in enumerate(cases):
        graph = spoiled(case.graph, wrong, part, dice(f"{number}")) if wrong else case.graph
        best = len(case.uses) - len(fewest_misses([use.key for use in case.uses], case.places))
        found.append(replay(build_evictor(name, Plan(graph, number)), case.uses, case.places).hits / best)
    return np.array(found)


def percent(values: ArrayLike) -> list[float]:
    """Rounded to a tenth of a percent."""
    return [round(100 * float(value), 1) for value in np.atleast_1d(values)]


rng = np.random.default_rng(0)
families = {}
for family in FAMILIES:
    cases = [make_case(family, seed) for seed in range(CASES)]
    ours = shares(OURS, cases)
    rows: dict[str, object] = {OURS: {"10, 50, 90 %": percent(np.percentile(ours, [10, 50, 90]))}}
    for name in BASELINES:
        theirs = shares(name, cases)
        means = rng.choice(ours - theirs, (4000, CASES)).mean(axis=1)
        rows[name] = {"median": percent(np.median(theirs)), "ours above by": percent(np.percentile(means, [2.5, 97.5]))}
    for wrong, part in SPOILED:
        rows[f"{part:.0%} of edges {wrong}"] = {
            name: percent(np.median(shares(name, cases, wrong, part))) for name in (OURS, "topology")
        }
    families[family] = rows
(Path(__file__).parent / "families.json").write_text(json.dumps(families) + "\n", encoding="utf-8")
