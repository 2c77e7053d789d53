"""The grid of a sweep: which settings, fleets and policies are crossed, and over which seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod

from commissure.hal.errors import UsageError, unknown
from commissure.hal.fleets.fleet import Fleet
from commissure.scenarios.scenario import Scenario

# What is swept beside the settings of a scenario.
FLEET = "fleet"
MOST_LEGS = 10_000


@dataclass(frozen=True, slots=True)
class Combination:
    """A point of the grid: the swept settings as given, and the fleet and the policy by name."""

    number: int
    swept: Mapping[str, str]
    fleet: str
    policy: str

    def __str__(self) -> str:
        return ", ".join([*(f"{key}={value}" for key, value in self.swept.items()), self.fleet, self.policy])


@dataclass(frozen=True)
class Grid:
    """The cross product of a sweep, whose every combination runs once a seed, 0 to `seeds` - 1."""

    scenario: Scenario
    over: Mapping[str, Sequence[str]]
    fixed: Mapping[str, str]
    fleets: Mapping[str, Fleet]
    policies: Sequence[str]
    seeds: int

    @property
    def legs(self) -> int:
        """How many there are in all."""
        return _combinations(self.over, self.fleets, self.policies) * self.seeds

    def combinations(self) -> Iterator[Combination]:
        """All, settings first and policies last, in the order given."""
        points = product(*self.over.values(), self.fleets, self.policies)
        for number, (*values, fleet, policy) in enumerate(points):
            yield Combination(number, dict(zip(self.over, values, strict=True)), fleet, policy)


def make_grid(
    scenario: Scenario,
    over: Sequence[str],
    fixed: Mapping[str, str],
    fleet: str | None,
    policies: Sequence[str] | None,
    seeds: int,
) -> Grid:
    """Check what can be checked before anything runs; None of fleet and policies are the defaults. Raises UsageError.

    A value that one setting cannot have is no error here: its combinations fail, and the others run.
    """
    swept = parse_over(over)
    for key in [*swept, *fixed]:
        _check_key(scenario, key)
    for key in swept.keys() & fixed.keys():
        raise UsageError(f"setting {key} is both swept and set: give it either to --over or to --set")
    names = swept.pop(FLEET, None)
    if names and fleet is not None:
        raise UsageError("the fleet is both swept and given: give it either to --over fleet=... or to --fleet")
    for policy in policies or ():
        if policy not in scenario.known_policies and ":" not in policy:
            raise unknown("policy", policy, scenario.known_policies)
    chosen = list(dict.fromkeys(policies or scenario.policies))
    fleets = names or [fleet or "local"]
    _check_size(swept, fleets, chosen, seeds)
    return Grid(scenario, swept, fixed, {name: Fleet.load(name) for name in fleets}, chosen, seeds)


def parse_over(given: Sequence[str]) -> dict[str, list[str]]:
    """The values of each key, of `key=v1,v2`; or of `key=a,b;c`, where values hold commas. Raises UsageError."""
    swept: dict[str, list[str]] = {}
    for item in given:
        key, equals, listed = item.partition("=")
        key = key.strip()
        values = [value.strip() for value in listed.split(";" if ";" in listed else ",")]
        if not (equals and key and all(values)):
            raise UsageError(f"--over {item}: give key=v1,v2,... with at least one value and none empty")
        if key in swept:
            raise UsageError(f"--over {item}: {key} is swept twice; give all its values at once")
        swept[key] = list(dict.fromkeys(values))
    return swept


def _check_key(scenario: Scenario, key: str) -> None:
    if key == "policy":
        raise UsageError("policies are swept by --policies a,b, not by --over or --set")
    fields = scenario.settings.model_fields
    if key not in fields and key != FLEET:
        raise unknown(f"setting of {scenario.name}", key, [*fields, FLEET])


def _check_size(over: Mapping[str, Sequence[str]], fleets: Sequence[str], policies: Sequence[str], seeds: int) -> None:
    combinations = _combinations(over, fleets, policies)
    legs = combinations * seeds
    if legs > MOST_LEGS:
        raise UsageError(
            f"too many combinations: {combinations:,} with {seeds:,} seeds each are {legs:,} legs; a sweep has at "
            f"most {MOST_LEGS:,}: give fewer values, policies or --seeds"
        )


def _combinations(over: Mapping[str, Sequence[str]], fleets: Mapping[str, Fleet] | Sequence[str],
                  policies: Sequence[str]) -> int:  # fmt: skip
    return prod(map(len, over.values())) * len(fleets) * len(policies)
