"""What a mask adds to a decode step, by design and batch: the table that `commissure kernel cost` prints."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from commissure.kernels.nki.cost.decode import DecodeStep
from commissure.kernels.nki.cost.designs import step_pair
from commissure.kernels.nki.cost.report import LABEL, added
from commissure.kernels.nki.cost.workload import Workload

VISIBLE_US = 1e-3
"""Below a nanosecond a difference is rounding."""


@dataclass(frozen=True, slots=True)
class Row:
    """One design at one batch; every number a documented-cost estimate.

    `added_us` is the difference of a steady step with masks and one without. `ratio` is to the first batch of the same
    design, None where nothing shows there. `share` is of a decode step of the whole model.
    """

    design: str
    table: str
    """Where the masks are: resident in SBUF, or streamed from HBM in each step."""
    batch: int
    added_us: float
    added_busy_us: Mapping[str, float]
    chain_us: float
    """From a token to the mask of the next, were there nothing that it hides behind."""
    alone_us: float
    """Added to a launch of one step, which loads its tables and whose last states nothing hides."""
    step_us: float
    ratio: float | None
    share: float
    bound: str
    hidden: Sequence[str]
    assumed: Mapping[str, str]
    label: str = LABEL


def compare(
    workload: Workload, designs: Sequence[str], batches: Sequence[int], decode: DecodeStep,
    advance: Callable[[str], None] = lambda what: None,
) -> list[Row]:  # fmt: skip
    """A row for each design and batch. Raises UsageError for what a kernel cannot take."""
    rows: list[Row] = []
    for design in designs:
        first: float | None = None
        for batch in batches:
            pair = step_pair(design, replace(workload, batch=batch))
            more = added(pair.constrained, pair.unconstrained)
            # What is below the schedule's rounding is nothing.
            us = more.us if abs(more.us) >= VISIBLE_US else 0.0
            first = us if first is None else first
            rows.append(Row(
                design, pair.table, batch, us, more.busy_us, pair.chain_us, more.alone_us, more.step_us,
                us / first if first else None, us / decode.us, pair.unconstrained.bound, more.hidden,
                pair.constrained.assumed,
            ))  # fmt: skip
            advance(f"{design}, batch {batch}")
    return rows
