"""The scenario seam: a workflow with its settings, its policies, its measures and the claims it tests."""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal, Protocol, runtime_checkable

from pydantic import BaseModel, ValidationError

from commissure.hal.errors import UsageError, unknown
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.fleets.open_fleet import OpenFleet
from commissure.hal.journal import CallRecord
from commissure.hal.kept import Kept
from commissure.hal.runtime import Runtime
from commissure.sim.behaviour import Behaviour, ByModel

Verdict = Literal["reproduced", "not reproduced", "not testable"]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a report: its title, the columns' titles, and the rows' cells."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True)
class Claim:
    """A claim of the source documents: what was claimed, what this project computes for it, and from what."""

    id: str
    scenario: str
    statement: str
    source: str
    claimed: Any
    sim: Any
    live: Any
    verdict: Verdict
    why: str
    inputs: Mapping[str, Any]


class Scenario(Protocol):
    """One file of a problem class, with an instance of this named SCENARIO."""

    @property
    def name(self) -> str:
        """As the command line knows it."""

    @property
    def summary(self) -> str:
        """One line for the list of scenarios."""

    @property
    def settings(self) -> type[BaseModel]:
        """What `--set` may change."""

    @property
    def variants(self) -> Sequence[Mapping[str, Any]]:
        """The settings that a comparison runs, one after another; the first key of each tells it from the others."""

    @property
    def policies(self) -> Sequence[str]:
        """The policies to compare, the baseline first."""

    @property
    def known_policies(self) -> Sequence[str]:
        """All that it can run under."""

    def fleet(self, fleet: Fleet, settings: Any, policy: str, seed: int) -> Fleet:
        """The fleet under a policy, with what the scenario needs of it. Raises UsageError if it cannot serve."""

    def behaviour(self, settings: Any, seed: int) -> Behaviour | ByModel | None:
        """What modelled endpoints answer; None where any filler does."""

    async def workflow(self, rt: Runtime, fleet: OpenFleet, settings: Any, policy: str) -> Mapping[str, Any] | None:
        """The program under a policy. It may return measures of its own, of what was said, which no record tells."""

    def measure(self, calls: Sequence[CallRecord], settings: Any, seed: int) -> dict[str, Any]:
        """The scenario's own measures of a run."""

    def columns(self, measures: Mapping[str, Any]) -> dict[str, str]:
        """The scenario's own cells of a leg's row in a result table, by the columns' titles."""

    def tables(self, legs: Sequence[Any]) -> list[Table]:
        """Its own tables of the legs (LegSummary) of one variant, beside the row of each leg."""

    def figures(self, legs: Sequence[Any]) -> list[tuple[str, str]]:
        """Its own figures of the legs (LegSummary) of one variant: titles and SVG elements."""

    def expected_calls(self, settings: Any, seed: int) -> int:
        """How many calls a run makes, for the progress bar."""

    def claims(self, measured: Sequence[Mapping[str, Any]]) -> list[Claim]:
        """Its claims, with live values from the summaries of earlier live runs."""


@runtime_checkable
class Resumable(Protocol):
    """A scenario that keeps its finished work, so that a run that was stopped can go on."""

    async def go_on(
        self, rt: Runtime, fleet: OpenFleet, settings: Any, policy: str, kept: Kept
    ) -> Mapping[str, Any] | None:
        """As `workflow`, but what is kept is not done again, and what gets done is kept."""


def scenarios() -> dict[str, Scenario]:
    """Every scenario by name: each module of a problem class that has a SCENARIO."""
    package = import_module("commissure.scenarios")
    found: dict[str, Scenario] = {}
    for folder in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
        if folder.ispkg:
            for module in pkgutil.iter_modules(import_module(folder.name).__path__, f"{folder.name}."):
                scenario = getattr(import_module(module.name), "SCENARIO", None)
                if scenario is not None:
                    found[scenario.name] = scenario
    return found


def find_scenario(name: str) -> Scenario:
    """A scenario by name. Raises UsageError with the nearest match."""
    known = scenarios()
    if name not in known:
        raise unknown("scenario", name, known)
    return known[name]


def parse_settings(scenario: Scenario, given: Mapping[str, str]) -> BaseModel:
    """The settings with the given changes. Raises UsageError for an unknown key or a value out of range."""
    fields = scenario.settings.model_fields
    for key in given:
        if key not in fields:
            raise unknown(f"setting of {scenario.name}", key, fields)
    try:
        return scenario.settings.model_validate(dict(given))
    except ValidationError as error:
        problems = (
            f"setting {'.'.join(map(str, item['loc'])) or scenario.name}: {item['msg']} (given: {item['input']!r})"
            for item in error.errors()
        )
        raise UsageError("\n".join(problems)) from None
