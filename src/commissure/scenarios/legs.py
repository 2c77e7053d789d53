"""A leg: one scenario under one policy, in one world, with one seed; and the summary that it leaves."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from commissure.hal.fleets.fleet import Fleet
from commissure.hal.journal import CallRecord, FailureRecord, StepRecord
from commissure.hal.kept import Kept
from commissure.hal.record.recording import Recording
from commissure.scenarios.earlier import Earlier
from commissure.scenarios.run import Run, Workflow, World, run
from commissure.scenarios.scenario import Resumable, Scenario

# Of the predicted time. Calibration on a quiet machine errs by less than 10 %.
DISTURBED_BEYOND = 0.25


class LegSummary(BaseModel):
    """One leg's result. Times in seconds; `measures` are the scenario's own.

    `replayed_from`: endpoints answered out of this recording of a live run. `repeated_calls`: those of `calls` whose
    work was stopped and done again; they are paid for, and in no measure.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    scenario: str
    world: World
    policy: str
    seed: int
    settings: dict[str, Any]
    calls: int
    time_s: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    predicted_time_s: float | None = None
    predicted_from: dict[str, float] | None = None
    cost_usd: float
    trace_hash: str
    decision_hash: str
    measures: dict[str, Any]
    failed_attempts: int = 0
    uncertain_usd: float = 0.0
    replayed_from: str | None = None
    repeated_calls: int = 0

    @property
    def prediction_error(self) -> float | None:
        """predicted / measured - 1."""
        return None if self.predicted_time_s is None or self.time_s == 0 else self.predicted_time_s / self.time_s - 1

    @property
    def disturbed(self) -> bool:
        """Whether a live time is too far from what the machine could do just before: something else used it."""
        return abs(self.prediction_error or 0.0) > DISTURBED_BEYOND

    def flat(self) -> dict[str, Any]:
        """All values as one JSON object, the scenario's measures among them."""
        common = self.model_dump(exclude={"measures", "predicted_from"}, exclude_none=True)
        return common | self.measures


def run_leg(
    scenario: Scenario,
    settings: BaseModel,
    fleet: Fleet,
    policy: str,
    world: World,
    seed: int,
    on_call: Callable[[CallRecord], None] = lambda record: None,
    *,
    on_failure: Callable[[FailureRecord], None] = lambda record: None,
    on_step: Callable[[StepRecord], None] = lambda record: None,
    record: Path | None = None,
    recording: Recording | None = None,
    kept: Kept | None = None,
    earlier: Earlier | None = None,
) -> Run:
    """Run the scenario once; record it, or replay a recording of it.

    With `kept`, of a scenario that is Resumable, what is kept is not done again; `earlier` is what was done until then.
    """
    prepared = scenario.fleet(fleet, settings, policy, seed)
    leg = leg_name(scenario, settings, policy, world)
    modelled = scenario.behaviour(settings, seed) if world == "sim" and recording is None else None
    workflow: Workflow = scenario.workflow
    inputs: tuple[object, ...] = (policy,)
    if kept is not None and isinstance(scenario, Resumable):
        workflow, inputs = scenario.go_on, (policy, kept)
    return run(
        workflow, prepared, settings, *inputs, world=world, seed=seed, behaviour=modelled, leg=leg,
        on_call=on_call, on_failure=on_failure, on_step=on_step, record=record, recording=recording, earlier=earlier,
    )  # fmt: skip


def leg_name(scenario: Scenario, settings: BaseModel, policy: str, world: World) -> str:
    """The leg as its records call it: world, policy, and what tells the scenario's variants apart."""
    return "/".join([world, policy, *(str(getattr(settings, key)) for key in _switches(scenario))])


def summarise(
    scenario: Scenario,
    settings: BaseModel,
    policy: str,
    done: Run,
    predicted_time_s: float | None = None,
    predicted_from: dict[str, float] | None = None,
) -> LegSummary:
    """The summary of a run; for a live one with the time predicted, and the coefficients it was predicted from."""
    return LegSummary(
        scenario=scenario.name,
        world=done.world,
        policy=policy,
        seed=done.seed,
        settings=settings.model_dump(),
        calls=len(done.calls),
        time_s=done.time_s,
        predicted_time_s=predicted_time_s,
        predicted_from=predicted_from,
        cost_usd=done.cost_usd,
        trace_hash=done.trace_hash,
        decision_hash=done.decision_hash,
        measures={**scenario.measure(done.calls_that_count, settings, done.seed), **(done.result or {})},
        failed_attempts=len(done.failures),
        uncertain_usd=done.uncertain_usd,
        replayed_from=str(done.replayed_from) if done.replayed_from else None,
        repeated_calls=len(done.calls) - len(done.calls_that_count),
    )


def _switches(scenario: Scenario) -> list[str]:
    """The settings that tell the scenario's variants apart."""
    return sorted({next(iter(variant)) for variant in scenario.variants})
