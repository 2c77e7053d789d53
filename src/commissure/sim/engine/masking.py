"""What constrained decoding costs a modelled endpoint: the kernel's cost on NeuronCores, a CPU's elsewhere."""

from __future__ import annotations

from commissure.hal.profiles.model import models
from commissure.hal.profiles.profile import Profile
from commissure.kernels.masking import MaskCurve, cpu_mask, neuron_mask
from commissure.kernels.nki.cost.targets import target_of_chip
from commissure.sim.engine.decoding import Constrain, Constraint
from commissure.sim.engine.job import Job


def masking_of(profile: Profile) -> MaskCurve:
    """The curve that holds for an endpoint's chip: of the kernel where it is a Neuron chip, else of a CPU.

    Both are of Llama 3's vocabulary. The kernel's is a documented-cost estimate of what its mask adds to a step on the
    critical path; on a CPU, which can mask only what it has, nothing hides behind the chip's work.
    """
    target = target_of_chip(profile.chip)
    if target is None:
        return cpu_mask()
    cores = round(profile.chips * target.cores_per_chip.value)
    return neuron_mask(target.name, cores, hidden=_hidden(profile))


def _hidden(profile: Profile) -> int:
    model = models().get(profile.model)
    size = None if model is None else model.hidden_size
    return 4096 if size is None else -(-round(size.value) // 128) * 128


def mask_costs(profile: Profile) -> Constrain:
    """What an endpoint's calls that ask for a grammar cost: each its mask, and a step with any what is fixed."""
    found: list[Constraint] = []

    def constrain(job: Job) -> Constraint | None:
        if not job.constrained:
            return None
        if not found:
            curve = masking_of(profile)
            found.append(Constraint(mask_s=curve.sequence_s, step_s=curve.fixed_s, overlaps=False))
        return found[0]

    return constrain
