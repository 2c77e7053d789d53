"""The comparison's cost: masks over logits that lie in SBUF already, with the pass that adds them and without."""

from __future__ import annotations

from functools import lru_cache

from commissure.hal.errors import UsageError
from commissure.kernels.nki.cost.report import Launch, Step, launch_cost
from commissure.kernels.nki.cost.targets import find_target
from commissure.kernels.nki.cost.workload import Pair, Workload
from commissure.kernels.nki.executor.launch import ArraySpec
from commissure.kernels.nki.loader import load_kernel
from commissure.kernels.nki.sizes import PARTITIONS
from commissure.kernels.nki.trace import Trace

MODULE = "commissure.kernels.nki.standalone_mask"
BEFORE = ("load_logits", "load_rows", "load_table")
"""What another kernel has done, or an earlier step."""
MASKING = ("apply_mask", "held_row", "streamed_row", "load_rows", "load_table")
LEAST_COLUMNS = 8 * PARTITIONS
SPARE_BYTES = 24 * 1024
"""Of a partition, for the tiles at work and what they leave (assumed)."""


@lru_cache(maxsize=32)
def standalone_pair(work: Workload) -> Pair:
    """A step whose logits and tables are there; alone, a launch that loads them. Raises UsageError."""
    target = find_target(work.target)
    whole, masked = standalone_traces(work)
    launch = launch_cost(masked, target)
    without = launch_cost(_without(masked, MASKING), target)
    alone = launch_cost(whole, target).total_us, launch_cost(_without(whole, MASKING), target).total_us
    held = "resident" if _held(work) else "streamed"
    return Pair(_step(launch, alone[0]), _step(without, alone[1]), 0.0, held)


def standalone_traces(work: Workload) -> tuple[Trace, Trace]:
    """One launch, with what it loads first and without."""
    columns = -(-work.columns // PARTITIONS) * PARTITIONS
    _check(work, columns)
    trace = load_kernel(MODULE, work.target).trace(
        logits=ArraySpec((work.batch, columns), "bfloat16"), penalty=ArraySpec((work.masks, columns), "bfloat16"),
        rows=ArraySpec((1, work.batch), "int32"), held=_held(work),
    )  # fmt: skip
    return trace, _without(trace, BEFORE)


def _check(work: Workload, columns: int) -> None:
    if columns < LEAST_COLUMNS:
        raise UsageError(
            f"standalone: {work.columns:,} tokens a core were given; at least {LEAST_COLUMNS:,} are needed, 8 a "
            "partition: use fewer cores (--tp), or --design fused"
        )
    limit = find_target(work.target).sbuf_bytes.value
    taken = work.batch * columns // PARTITIONS * 2 + SPARE_BYTES
    if taken > limit:
        raise UsageError(
            f"standalone: the logits of {work.batch} sequences over {work.columns:,} tokens take {taken:,} bytes of a "
            f"partition of {work.target}, which has {limit:,.0f}: use a smaller batch, more cores (--tp), or "
            "--design fused"
        )


def _held(work: Workload) -> bool:
    """Whether the table of masks fits beside the logits."""
    width = -(-work.columns // PARTITIONS) * 2
    return (work.masks + work.batch) * width + SPARE_BYTES <= find_target(work.target).sbuf_bytes.value


def _without(trace: Trace, labels: tuple[str, ...]) -> Trace:
    kept = tuple(one for one in trace.instructions if one.label not in labels)
    return Trace(trace.target, kept, trace.sbuf_bytes, trace.psum_bytes)


def _step(launch: Launch, alone_us: float) -> Step:
    return Step(launch.total_us, launch.busy_us, launch.by_label_us, alone_us, launch.assumed)
