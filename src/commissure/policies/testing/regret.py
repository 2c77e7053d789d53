"""How far an evictor stays behind the optimum, over random workflows of each family, beside the plain baselines."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from commissure.hal.clock.dice import dice
from commissure.hal.eviction import Evictor
from commissure.policies.cache.traces.flat import replay
from commissure.policies.custom.build import Make
from commissure.policies.testing.broken import raised
from commissure.policies.testing.build import fresh
from commissure.policies.testing.case import Case
from commissure.policies.testing.graphs import FAMILIES, PERCENT, walk, workflow
from commissure.theory.cache.belady import fewest_misses
from commissure.theory.intervals import mean_interval

BASELINES = ("lru", "mru", "random")
USES, MOST_AGENTS, RESAMPLES = 240, 10, 2000
QUANTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True, slots=True)
class Regret:
    """An evictor on the workflows of one family, or of all.

    `regret` is misses / Belady's misses - 1, `hits` the share of Belady's hits: their 10, 50 and 90 % quantiles over
    the workflows. `versus_lru` is the mean of the evictor's regret less that of LRU on the same workflow, and its 95 %
    interval by a paired bootstrap (Efron and Tibshirani 1993, percentile interval); below 0 is better than LRU.
    """

    family: str
    evictor: str
    workflows: int
    regret: tuple[float, float, float]
    hits: tuple[float, float, float] | None
    versus_lru: tuple[float, float, float]


def regrets(make: Make, name: str, *, workflows: int, seed: int) -> tuple[Regret, ...]:
    """The evictor beside the baselines on so many random workflows of each family, then on all of them together.

    Each is walked for 240 uses by its probabilities, objects alike, forced residency. Raises Raised if it raises.
    """
    field = _field(workflows, seed)
    ours = name if name not in BASELINES or make == name else f"{name} (given)"
    counts = {ours: [_counts(make, case) for case in field.cases]} | {one: field.counts[one] for one in BASELINES}
    rows: list[Regret] = []
    for place, family in enumerate((*FAMILIES, "all")):
        part = slice(None) if family == "all" else slice(place * workflows, (place + 1) * workflows)
        rows += _rows(family, {one: counts[one][part] for one in counts}, field.optima[part], seed)
    return tuple(rows)


@dataclass(frozen=True, slots=True)
class _Field:
    """Random workflows, those of a family side by side; misses and hits of Belady and of the baselines on each."""

    cases: tuple[Case, ...]
    optima: list[tuple[int, int]]
    counts: dict[str, list[tuple[int, int]]]


@lru_cache(maxsize=2)
def _field(workflows: int, seed: int) -> _Field:
    chosen = tuple(_case(family, number, seed) for family in FAMILIES for number in range(workflows))
    counts = {one: [_counts(one, case) for case in chosen] for one in BASELINES}
    return _Field(chosen, [_optimum(case) for case in chosen], counts)


def _case(family: str, number: int, seed: int) -> Case:
    chance = dice(f"regret/{seed}/{family}/{number}")
    graph = workflow(family, chance.randint(3, MOST_AGENTS), chance.randint)
    uses = walk(graph, [chance.randrange(6 * PERCENT) for _ in range(USES)])
    distinct = len({use.key for use in uses})
    return Case(graph, float(chance.randint(1, max(1, distinct - 1))), tuple(uses), seed=chance.randrange(2**32))


def _optimum(case: Case) -> tuple[int, int]:
    misses = len(fewest_misses([use.key for use in case.uses], int(case.capacity)))
    return misses, len(case.uses) - misses


def _counts(make: Make, case: Case) -> tuple[int, int]:
    evictor: Evictor = fresh(make, case)
    try:
        outcome = replay(evictor, case.uses, case.capacity)
    except (Exception, SystemExit) as error:
        raise raised(f"a run of {len(case.uses)} uses", error) from error
    return outcome.misses, outcome.hits


def _rows(
    family: str, counts: dict[str, list[tuple[int, int]]], optima: list[tuple[int, int]], seed: int
) -> list[Regret]:
    best = np.array(optima, dtype=float)
    measured = {name: np.array(one, dtype=float) for name, one in counts.items()}
    regret = {name: one[:, 0] / best[:, 0] - 1 for name, one in measured.items()}
    can_hit = best[:, 1] > 0
    return [
        Regret(
            family, name, len(best), _quantiles(regret[name]),
            _quantiles(one[can_hit, 1] / best[can_hit, 1]) if can_hit.any() else None,
            interval(regret[name] - regret["lru"], f"regret/{seed}/{family}/{name}"),
        )
        for name, one in measured.items()
    ]  # fmt: skip


def _quantiles(values: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    low, middle, high = (float(one) for one in np.quantile(values, QUANTILES))
    return low, middle, high


def interval(differences: npt.NDArray[np.float64], stream: str) -> tuple[float, float, float]:
    """The mean and its 95 % interval by the bootstrap, drawn by the dice of this name."""
    chance = np.random.Generator(np.random.PCG64(dice(stream).getrandbits(64)))
    found = mean_interval(differences, seed=chance, resamples=RESAMPLES)
    return found.mean, found.low, found.high
