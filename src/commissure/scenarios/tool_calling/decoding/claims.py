"""The claims about constrained decoding, each worked out from stated inputs; nothing here is tuned until it fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from commissure.scenarios.scenario import Claim
from commissure.scenarios.tool_calling.decoding.claimed import BATCH, HIDDEN, VOCABULARY
from commissure.scenarios.tool_calling.decoding.cpu_claims import (
    cpu_share_claim,
    growth_claim,
    sampler_share,
    speedup_claim,
    untestable,
)  # fmt: skip
from commissure.scenarios.tool_calling.decoding.cpu_steps import cpu_steps, installed
from commissure.scenarios.tool_calling.decoding.kernel_claims import kernel_claim, share_claim
from commissure.scenarios.tool_calling.decoding.kernel_costs import CHIP, CLUSTER, kernel_costs, standalone_us


def constrained_decoding_claims(measured: Sequence[Mapping[str, Any]]) -> list[Claim]:
    """The kernel by documented costs, the processor as measured here and now, a real engine by earlier runs."""
    vocabulary = installed()
    # Measured first: schedules would fill the caches.
    cpu = None if vocabulary is None else cpu_steps(vocabulary, VOCABULARY)
    chip, cluster = (kernel_costs(VOCABULARY, cores, HIDDEN) for cores in (CHIP, CLUSTER))
    kernel = [kernel_claim(chip, standalone_us(VOCABULARY, BATCH, HIDDEN)), share_claim(chip, cluster)]
    if cpu is None:
        return [*kernel, *untestable()]
    return [*kernel, speedup_claim(chip, cpu), growth_claim(cpu), cpu_share_claim(cpu, sampler_share(measured))]
