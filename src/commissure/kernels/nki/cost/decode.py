"""How long a decode step of a whole model takes at least, to tell a mask's share of it: weights over HBM bandwidth."""

from __future__ import annotations

from dataclasses import dataclass

from commissure.hal.errors import UsageError, unknown
from commissure.hal.profiles.model import models
from commissure.kernels.nki.cost.targets import Target


@dataclass(frozen=True, slots=True)
class DecodeStep:
    """The least time of a decode step, and what it is reckoned from."""

    us: float
    basis: str


def decode_step(model: str, target: Target, cores: int) -> DecodeStep:
    """All weights read once, evenly by so many cores, each with its share of its chip's HBM.

    KV cache, activations and collectives are left out, so it is a floor, and a share of it a ceiling. Raises UsageError
    for a model that is not known, or whose weights' size is not.
    """
    known = models()
    if model not in known:
        raise unknown("model", model, known)
    size = known[model].weight_bytes
    if size is None:
        able = ", ".join(name for name, one in known.items() if one.weight_bytes)
        raise UsageError(f"model {model!r}: how large its weights are is not known; known of: {able}")
    share = target.hbm_share_gb_per_s
    basis = (
        f"{model}: {size / 1e9:.2f} GB of weights over {cores} x {share:.0f} GB/s, a core's share of the HBM of "
        f"{target.name}: a floor, without KV cache and collectives"
    )
    return DecodeStep(size / (cores * share * 1e9) * 1e6, basis)
