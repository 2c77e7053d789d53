"""Every number of answers on every chip, in every way, under every load; beside a larger model's one greedy answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from commissure.hal.fleets.fleet import Fleet
from commissure.scenarios.tool_calling.silicon.candidates import Measured, measure
from commissure.scenarios.tool_calling.silicon.case import LARGER, SMALL, Case, Work, holds, set_up, silicon

NS = (1, 2, 4, 8, 16, 32)
BUSY = (0, 16, 64)
CHIP_WAYS = ("free", "cpu", "chip")


@dataclass(frozen=True, slots=True)
class Against:
    """A larger model's one greedy answer, under the same load and in the same way; and what the several answers take of
    its time and its price: below 1 they are faster, or cheaper.
    """

    larger: Measured
    latency: float
    usd: float


@dataclass(frozen=True, slots=True)
class Row:
    """A case, what of it takes so many times as long as one answer, and as dear; and larger models beside it."""

    measured: Measured
    latency_ratio: float
    usd_ratio: float
    against: tuple[Against, ...] = field(default=())


def sweep(
    *,
    endpoints: Sequence[str] = SMALL,
    ways: Sequence[str] = CHIP_WAYS,
    ns: Sequence[int] = NS,
    busy: Sequence[int] = BUSY,
    work: Work | None = None,
    fleet: Fleet | None = None,
) -> list[Row]:
    """All cases, with lengths that differ. `chip` is left out where there is no kernel. Raises UsageError."""
    work, fleet = work or Work(), fleet or silicon()
    rows = []
    for name in endpoints:
        for way in ways_of(fleet, name, ways):
            for load in busy:
                one = measure(Case(name, way, 1, load), work, fleet)
                larger = [found for other in LARGER.get(name, ()) if (found := _larger(other, way, load, work, fleet))]
                rows += [_row(measure(replace(one.case, n=n), work, fleet), one, larger) for n in ns]
    return rows


def ways_of(fleet: Fleet, endpoint: str, ways: Sequence[str] = CHIP_WAYS) -> list[str]:
    """Those ways of masking that there are at the endpoint. Raises UsageError for an unknown endpoint."""
    found = []
    for way in ways:
        _, profile, _ = set_up(fleet, Case(endpoint, way))
        if way != "chip" or (profile.engine and profile.engine.constrained.masks == "chip"):
            found.append(way)
    return found


def _larger(name: str, way: str, busy: int, work: Work, fleet: Fleet) -> Measured | None:
    """Its one answer; None where its chips have no room for so many sequences."""
    case = Case(name, way, 1, busy)
    _, profile, _ = set_up(fleet, case)
    fits = profile.engine is None or holds(profile.engine, case, work)
    return measure(case, work, fleet) if fits else None


def _row(several: Measured, one: Measured, larger: Sequence[Measured]) -> Row:
    against = [Against(each, several.latency_s / each.latency_s, several.usd / each.usd) for each in larger]
    return Row(several, several.latency_s / one.latency_s, several.usd / one.usd, tuple(against))
