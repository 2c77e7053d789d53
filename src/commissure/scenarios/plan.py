"""What a run is to do, leg by leg, and how much of it is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

from pydantic import BaseModel

from commissure.hal.fleets.fleet import Fleet
from commissure.hal.profiles.profile import Profile
from commissure.hal.record.recording import Recording
from commissure.scenarios.calibration import CALLS, PROBE_CALLS, FitReport
from commissure.scenarios.earlier import Earlier
from commissure.scenarios.legs import LegSummary
from commissure.scenarios.run import WORLDS, World
from commissure.scenarios.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Done:
    """What a run folder has when its run goes on: legs that ended, the one under way, and the calibration."""

    legs: tuple[LegSummary, ...] = ()
    earlier: Earlier = field(default_factory=Earlier)
    calibration: dict[str, FitReport] | None = None
    calibrated: dict[str, Profile] | None = None

    @property
    def earlier_calls(self) -> int:
        """Those of the leg under way that need not be made again."""
        return sum(not call.repeated for call in self.earlier.calls)

    @property
    def steps(self) -> int:
        """The number of calls that count, for a progress bar."""
        return sum(leg.calls - leg.repeated_calls for leg in self.legs) + self.earlier_calls


@dataclass(frozen=True)
class Plan:
    """What to run. Every leg is one variant of the settings under one policy in one world.

    `record`: what goes to and fro in the live leg is written into the run folder; there may be one live leg then.
    `recording`: the simulated legs replay it.
    """

    scenario: Scenario
    fleet: Fleet
    worlds: Sequence[World]
    policies: Sequence[str]
    variants: Sequence[BaseModel]
    seed: int
    record: bool = False
    recording: Recording | None = None

    @property
    def legs(self) -> list[tuple[BaseModel, str, World]]:
        """The settings, the policy and the world of each, in the order in which they run."""
        pairs = product(self.variants, self.policies)
        return [(*pair, world) for pair in pairs for world in WORLDS if world in self.worlds]

    @property
    def steps(self) -> int:
        """The number of calls to come, calibration included, for a progress bar."""
        return self.steps_after(Done())

    def steps_after(self, done: Done) -> int:
        """The number of calls to come once this is done."""
        left = self.legs[len(done.legs) :]
        calls = sum(self.scenario.expected_calls(settings, self.seed) for settings, _, _ in left)
        live = sum(world == "live" for _, _, world in left)
        probes = PROBE_CALLS * live if done.calibrated is not None else CALLS + PROBE_CALLS * (live - 1)
        calibrated = sum(spec.calibrate for spec in self.fleet.specs) if live else 0
        return max(0, calls - done.earlier_calls) + calibrated * probes
