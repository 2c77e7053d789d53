"""What is claimed of constrained decoding on the chip, and what all of its claims have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from commissure.scenarios.scenario import Claim, Verdict

SCENARIO_NAME = "constrained-decoding"
SOURCE = "Callosum, Heterogeneous Intelligence (2026): tool calling, constrained decoding on the chip"
KERNEL_US = {1: 1.4, 64: 1.7}
SPEEDUP, GROWTH = 1767.0, 100.0
CHIP_SHARE, CPU_SHARE = 1e-4, 0.23
BATCH, VOCABULARY, HIDDEN = 64, 128_256, 4096
# A claim counts as reproduced within this part of it: what was published has two digits.
TOLERANCE = 0.05


def claim(
    id: str, statement: str, claimed: Any, verdict: bool | None, why: str, inputs: Mapping[str, Any],
    *, sim: Any = None, live: Any = None,
) -> Claim:  # fmt: skip
    """One of them; `verdict` None where something is missing."""
    words: Mapping[bool | None, Verdict] = {True: "reproduced", False: "not reproduced", None: "not testable"}
    return Claim(
        f"{SCENARIO_NAME}/{id}", SCENARIO_NAME, statement, SOURCE, claimed, sim, live, words[verdict], why, inputs
    )


def by_batch(found: Mapping[int, float]) -> dict[str, float]:
    """With the batch in words."""
    return {f"batch {batch}": value for batch, value in found.items()}
