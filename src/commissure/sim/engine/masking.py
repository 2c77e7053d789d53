"""What constrained decoding costs a modelled endpoint: the kernel's cost on NeuronCores, a CPU's elsewhere."""

from __future__ import annotations

from commissure.hal.errors import UsageError
from commissure.hal.profiles.model import models
from commissure.hal.profiles.profile import Profile
from commissure.hal.profiles.serving import EngineSettings
from commissure.kernels.masking import MaskCurve, cpu_mask, neuron_mask
from commissure.kernels.nki.cost.targets import target_of_chip
from commissure.sim.engine.decoding import Constrain, Constraint
from commissure.sim.engine.job import Job


def masking_of(profile: Profile, settings: EngineSettings | None = None) -> MaskCurve:
    """The curve that holds for an endpoint: of the kernel where its chip is a Neuron chip, else of a CPU.

    Its engine's settings may say which; they are the profile's unless given. Raises UsageError for masks on a chip
    for which there is no kernel.

    Both are of Llama 3's vocabulary. The kernel's is a documented-cost estimate of what its mask adds to a step on the
    critical path; on a CPU, which can mask only what it has, nothing hides behind the chip's work.
    """
    target, wanted = target_of_chip(profile.chip), (settings or _settings(profile)).constrained.masks
    if target is None and wanted == "chip":
        raise UsageError(f"masks on the chip were asked for on {profile.chip}; there is a kernel for Neuron chips only")
    if target is None or wanted == "cpu":
        return cpu_mask()
    cores = round(profile.chips * target.cores_per_chip.value)
    return neuron_mask(target.name, cores, hidden=_hidden(profile))


def _hidden(profile: Profile) -> int:
    model = models().get(profile.model)
    size = None if model is None else model.hidden_size
    return 4096 if size is None else -(-round(size.value) // 128) * 128


def _settings(profile: Profile) -> EngineSettings:
    return profile.engine or EngineSettings()


def mask_costs(profile: Profile, settings: EngineSettings | None = None) -> Constrain:
    """What an endpoint's calls that ask for a grammar cost: each its mask, and a step with any what is fixed."""
    how = (settings or _settings(profile)).constrained
    found: list[Constraint] = []

    def constrain(job: Job) -> Constraint | None:
        if not job.constrained:
            return None
        if not found:
            curve = masking_of(profile, settings)
            found.append(Constraint(0.0, curve.sequence_s, how.overlaps, curve.fixed_s, how.forced_share))
        return found[0]

    return constrain
