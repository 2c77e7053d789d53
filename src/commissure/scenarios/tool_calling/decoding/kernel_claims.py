"""The claims about the kernel alone: its time, and its share of a decode step; documented-cost estimates both."""

from __future__ import annotations

from typing import Any

from commissure.scenarios.scenario import Claim
from commissure.scenarios.tool_calling.decoding.claimed import (
    BATCH,
    CHIP_SHARE,
    HIDDEN,
    KERNEL_US,
    TOLERANCE,
    VOCABULARY,
    claim,
)  # fmt: skip
from commissure.scenarios.tool_calling.decoding.kernel_costs import (
    ALONE,
    CHIP,
    CLUSTER,
    FUSED,
    RESIDENT,
    STREAMED,
    TARGET,
    KernelCosts,
)  # fmt: skip

LAUNCHES = (
    "A table stays in SBUF within one launch only, as far as is documented; where each step is a launch of its own, as "
    "in today's engines, it is streamed, and so it is judged in both places"
)


def kernel_claim(chip: KernelCosts, one_core_us: float) -> Claim:
    """What masking adds to the critical path, by design, on one chip; `one_core_us`: stand-alone, on one core of it."""
    least = {
        design: all(chip.added_us[design][b] <= (1 + TOLERANCE) * us for b, us in KERNEL_US.items()) for design in FUSED
    }
    resident, streamed, alone = (chip.added_us[design] for design in (RESIDENT, STREAMED, ALONE))
    held = " and ".join(design for design, holds in least.items() if holds) or "neither"
    return claim(
        "kernel",
        "the mask kernel takes 1.4 us at batch 1 and 1.7 us at batch 64",
        {f"batch {batch}, us": us for batch, us in KERNEL_US.items()},
        all(least.values()),
        "a documented-cost estimate of what a step grows by, not silicon. The fused kernel adds "
        f"{resident[1]:.3g} us at batch 1 and {resident[BATCH]:.3g} at {BATCH} with its table in SBUF, "
        f"{streamed[1]:.3g} and {streamed[BATCH]:.3g} with the table streamed. {LAUNCHES}: within the claim is "
        f"{held}. Its "
        f"states alone take {chip.chain_us:.1f} us, hidden behind the layers. A stand-alone pass over the logits "
        "grows with the batch, "
        f"from {alone[1]:.3g} to {alone[BATCH]:.3g} us, {one_core_us:.3g} on one core: no such pass takes 1.7 us.",
        kernel_inputs(chip),
        sim={f"{design}, batch {b}, us": us for design, found in chip.added_us.items() for b, us in found.items()},
    )


def share_claim(chip: KernelCosts, cluster: KernelCosts) -> Claim:
    """The same as a share of a decode step of llama-3.1-8b, on one chip and on twelve."""
    places = {f"one chip, {CHIP} cores": chip, f"12 chips, {CLUSTER} cores": cluster}
    shares = {name: {design: costs.share(design, BATCH) for design in FUSED} for name, costs in places.items()}
    told = "; ".join(
        f"{name}: a step takes {costs.step_us:,.0f} us at least, masks add {shares[name][RESIDENT]:.3%} resident, "
        f"{shares[name][STREAMED]:.3%} streamed"
        for name, costs in places.items()
    )
    theirs = [KERNEL_US[BATCH] / costs.step_us for costs in places.values()]
    return claim(
        "share",
        "masking on the chip is less than 0.01 % of a decode step",
        CHIP_SHARE,
        all(share < CHIP_SHARE for found in shares.values() for share in found.values()),
        f"{told}. {LAUNCHES}. The claim's own {KERNEL_US[BATCH]} us would be {theirs[0]:.3%} of the step on one chip "
        f"and {theirs[1]:.3%} on twelve, whose steps are short.",
        kernel_inputs(chip) | {"decode step on 12 chips": cluster.step_basis},
        sim={f"{place}, {design}": share for place, found in shares.items() for design, share in found.items()},
    )


def kernel_inputs(costs: KernelCosts) -> dict[str, Any]:
    """What the costs of one chip were reckoned from."""
    known = {"vocabulary": VOCABULARY, "hidden": HIDDEN, "cores": CHIP, "target": TARGET}
    return known | {"decode step": costs.step_basis, "basis": "documented-cost estimate"}
