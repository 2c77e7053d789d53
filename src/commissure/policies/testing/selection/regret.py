"""How often a selector is right in simulated populations, beside the plain baselines and the oracle."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from commissure.policies.custom.selector import MakeSelector
from commissure.policies.ensemble.leaves import canonical
from commissure.policies.testing.regret import interval
from commissure.policies.testing.selection.ask import ask, fresh
from commissure.policies.testing.selection.poll import key
from commissure.policies.testing.selection.populations import CANDIDATES, POPULATIONS, Answered, answered

BASELINES = ("first", "plurality")
ORACLE = f"oracle of {CANDIDATES}"
Interval = tuple[float, float, float]
Marks = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SelectorRegret:
    """A selector in one population, or in all.

    `accuracy` is the share of records whose answer is right as a whole; `regret` that of the oracle, which is right
    where any candidate is, less it (one that puts a record together can be right where none is); `versus_first` and
    `versus_plurality` it less theirs. Each with its 95 % interval by a bootstrap over records, differences paired
    (Efron and Tibshirani 1993, percentile interval).
    """

    population: str
    selector: str
    records: int
    accuracy: Interval
    regret: Interval
    versus_first: Interval
    versus_plurality: Interval


def selector_regrets(make: MakeSelector, name: str, *, records: int, seed: int) -> tuple[SelectorRegret, ...]:
    """The selector beside the baselines on so many records of each population, then on all of them together.

    Raises Raised if it raises.
    """
    field = _field(records, seed)
    ours = name if name not in field.marks or make == name else f"{name} (given)"
    marks = {ours: _marks(make, field.records)} | field.marks
    rows: list[SelectorRegret] = []
    for place, population in enumerate((*(one.name for one in POPULATIONS), "all")):
        part = slice(None) if population == "all" else slice(place * records, (place + 1) * records)
        rows += _rows(population, {one: marked[part] for one, marked in marks.items()}, seed)
    return tuple(rows)


@dataclass(frozen=True, slots=True, eq=False)
class _Field:
    """Records, those of a population side by side; and whether each baseline, and the oracle, is right on each."""

    records: tuple[Answered, ...]
    marks: dict[str, Marks]


@lru_cache(maxsize=2)
def _field(records: int, seed: int) -> _Field:
    chosen = tuple(answered(one, number, seed) for one in POPULATIONS for number in range(records))
    marks = {name: _marks(name, chosen) for name in BASELINES}
    best = [any(key(one.text) == key(record.truth) for one in record.poll.candidates) for record in chosen]
    return _Field(chosen, marks | {ORACLE: np.array(best, dtype=float)})


def _marks(make: MakeSelector, records: tuple[Answered, ...]) -> Marks:
    selector = fresh(make)
    said = (ask(selector, record.poll) for record in records)
    right = [one.answered and canonical(one.value) == key(record.truth)
             for one, record in zip(said, records, strict=True)]  # fmt: skip
    return np.array(right, dtype=float)


def _rows(population: str, marks: dict[str, Marks], seed: int) -> list[SelectorRegret]:
    stream = f"selector/{seed}/{population}"
    return [
        SelectorRegret(
            population, name, len(marked), interval(marked, stream), interval(marks[ORACLE] - marked, stream),
            interval(marked - marks["first"], stream), interval(marked - marks["plurality"], stream),
        )
        for name, marked in marks.items()
    ]  # fmt: skip
