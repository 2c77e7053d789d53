"""A fit as a profile that a fleet can use."""

from __future__ import annotations

from datetime import date

from commissure.hal.profiles.profile import Profile, StepTime
from commissure.hal.profiles.quantity import Quantity
from commissure.sim.fit.fit import RunFit
from commissure.sim.fit.prior import find_model
from commissure.sim.fit.recorded import RecordedRun

# The chip of a recorded run that does not name one the package knows.
UNKNOWN_CHIP = "undisclosed"
# An error of a mean from which on a fit is called doubtful.
DOUBTFUL = 0.2


def fitted_profile(run: RecordedRun, fit: RunFit, name: str) -> Profile:
    """The profile: the coefficients with their source, and the engine as it was set up."""
    model = find_model(run.model)
    source = f"fitted to the first {fit.fitted_calls} of {len(run.trace)} calls of {name}, {run.engine}, {run.model}"
    quantities = {
        key: Quantity(
            value=value,
            source=source if value else "not part of the fit",
            as_of=date.fromisoformat(run.recorded),
            assumed=not value,
        )
        for key, value in fit.values.items()
    }
    return Profile(
        model=model.name if model else run.model or "unknown",
        chip=UNKNOWN_CHIP,
        provider="vllm",
        context_tokens=model.context_tokens if model else None,
        step=StepTime.model_validate(quantities),
        chips=run.chips,
        engine=run.settings,
    )


def run_notes(run: RecordedRun, errors: dict[str, dict[str, dict[str, float]]]) -> list[str]:
    """What a user should know before relying on the fit."""
    notes = []
    if run.settings.kv_blocks is None:
        notes.append(
            "the meta file does not say kv_cache.num_gpu_blocks, so memory never limits in this fit; state "
            "engine.kv_blocks before you use the profile for other loads"
        )
    if any(abs(parts["mean"]["error"]) > DOUBTFUL for parts in errors.values() if parts):
        notes.append(f"a mean is more than {DOUBTFUL:.0%} off: compare the settings with those the engine ran with")
    if run.replicas > 1:
        notes.append(f"the {run.replicas} data-parallel engines are modelled as one pool")
    return notes
