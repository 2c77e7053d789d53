"""What each change gains: the steps from one model for everything, in turn, to a mix that works side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import exp

from commissure.hal.errors import UsageError, unknown
from commissure.hal.fleets.fleet import Fleet
from commissure.scenarios.legs import LegSummary
from commissure.scenarios.scenario import Table
from commissure.theory.context.shares import shares

FACTORS = ("model", "chip", "concurrency", "routing")
NOTHING = "none"


@dataclass(frozen=True, slots=True)
class Parts:
    """The endpoints of a mix: who does everything at first, the other model on an ordinary chip, and on another."""

    base: str
    model: str
    chip: str


def ways() -> tuple[str, ...]:
    """All combinations of the factors by name, the one without any first."""
    sets = [chosen for size in range(len(FACTORS) + 1) for chosen in combinations(FACTORS, size)]
    return tuple("+".join(chosen) or NOTHING for chosen in sets)


def factors_of(way: str) -> frozenset[str]:
    """The factors that a way switches on. Raises UsageError for an unknown one."""
    if way == NOTHING:
        return frozenset()
    for name in way.split("+"):
        if name not in FACTORS:
            raise unknown("factor", name, FACTORS)
    return frozenset(way.split("+"))


def placed_by(way: str, parts: Parts) -> str:
    """Who serves root and leaves, as a delegation by depth. Raises UsageError for an unknown factor."""
    root, leaf = who(factors_of(way), parts)
    return f"by_depth:0={root},1={leaf}"


def who(on: frozenset[str], parts: Parts) -> tuple[str, str]:
    """Who serves the root, and who the leaves.

    model: the other model does the work. routing: the root stays with the base, only leaves go elsewhere. chip: the
    other model runs on the other chip; the base model has no other chip to run on, so with it alone nothing changes.
    """
    leaf = parts.base if "model" not in on else parts.chip if "chip" in on else parts.model
    return (parts.base if "routing" in on else leaf), leaf


def only_used(fleet: Fleet, way: str, parts: Parts) -> Fleet:
    """The fleet without the endpoints that the way does not use: what is not used is not hired. Raises UsageError."""
    known = [spec.name for spec in fleet.specs]
    for name in (parts.base, parts.model, parts.chip):
        if name not in known:
            raise unknown("endpoint of the fleet (set base, model and chip)", name, known)
    used = {item.partition("=")[2] for item in placed_by(way, parts).partition(":")[2].split(",")}
    return replace(fleet, specs=tuple(spec for spec in fleet.specs if spec.name in used))


def split_table(legs: Sequence[LegSummary]) -> Table:
    """Each factor's part of the gain in seconds and in money, with the score beside: Shapley values.

    Raises UsageError if a combination is missing.
    """
    found = {factors_of(leg.policy): leg for leg in legs}
    if len(found) < 2 ** len(FACTORS):
        raise UsageError(f"a split needs all {2 ** len(FACTORS)} combinations, {len(found)} were run")
    head = ("factor", "times as fast", "of that gain", "times as cheap", "of that gain")
    seconds = {on: leg.time_s for on, leg in found.items()}
    money = {on: leg.cost_usd for on, leg in found.items()}
    fast, cheap = (shares(FACTORS, values.__getitem__) for values in (seconds, money))
    rows = [[one, *_cells(fast, one), *_cells(cheap, one)] for one in FACTORS]
    rows.append(["all", f"{_total(fast):.2f}", "100 %", f"{_total(cheap):.2f}", "100 %"])
    title = "where the gain comes from: Shapley values of the logarithm; parts multiply to the whole"
    return Table(title, head, rows)


def _cells(parts: Mapping[str, float], factor: str) -> tuple[str, str]:
    whole, moved = sum(parts.values()), sum(map(abs, parts.values()))
    # Where parts work against each other, shares of what is left of them say nothing.
    share = f"{parts[factor] / whole:.0%}" if 2 * whole > moved > 0 else "-"
    return f"{exp(parts[factor]):.2f}", share


def _total(parts: Mapping[str, float]) -> float:
    return exp(sum(parts.values()))
