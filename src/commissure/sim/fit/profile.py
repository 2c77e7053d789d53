"""A fit as a profile that a fleet can use."""

from __future__ import annotations

from datetime import date

from commissure.hal.profile import Profile, StepTime
from commissure.hal.quantity import Quantity
from commissure.sim.fit.fit import RunFit
from commissure.sim.fit.prior import find_model
from commissure.sim.fit.recorded import RecordedRun

# The chip of a recorded run that does not name one the package knows.
UNKNOWN_CHIP = "undisclosed"


def fitted_profile(run: RecordedRun, fit: RunFit, name: str) -> Profile:
    """The profile: the coefficients with their source, and the engine as it was set up."""
    model = find_model(run.model)
    source = f"fitted to the first {fit.fitted_calls} of {len(run.trace)} calls of {name}, {run.engine}, {run.model}"
    quantities = {
        key: Quantity(value=value, source=source, as_of=date.fromisoformat(run.recorded))
        for key, value in fit.values.items()
    }
    return Profile(
        model=model.name if model else run.model or "unknown",
        chip=UNKNOWN_CHIP,
        provider="vllm",
        context_tokens=model.context_tokens if model else None,
        step=StepTime.model_validate(quantities),
        engine=run.settings,
    )
