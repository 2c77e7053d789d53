"""The kernels whose cost is compared, traced without numbers: with masks and without, one step and two."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from numpy.typing import NDArray

from commissure.hal.errors import unknown
from commissure.kernels.nki.added import ADDED
from commissure.kernels.nki.cost.report import Step, launch_cost, steady_step
from commissure.kernels.nki.cost.schedule import schedule
from commissure.kernels.nki.cost.standalone import standalone_pair, standalone_traces
from commissure.kernels.nki.cost.targets import find_target
from commissure.kernels.nki.cost.timeline import timeline
from commissure.kernels.nki.cost.workload import Pair, Workload
from commissure.kernels.nki.decode import MODULE
from commissure.kernels.nki.executor.launch import ArraySpec
from commissure.kernels.nki.loader import load_kernel
from commissure.kernels.nki.pack import Pack
from commissure.kernels.nki.pack_budget import MOST_DEPTH, Plan, plan
from commissure.kernels.nki.sizes import PARTITIONS
from commissure.kernels.nki.trace import Instruction, Trace
from commissure.kernels.nki.traces import blank_pack

DESIGNS = {
    "fused": "masks as one more product of the lm_head, their table in SBUF over all steps of a launch if it fits",
    "streamed": "the same, the table streaming past in each step, as where each step is a launch of its own",
    "standalone": "logits in SBUF, the vocabulary over the partitions, masks added by VectorE a sequence at a time",
}
SETS = {"both": ("fused", "standalone"), "all": tuple(DESIGNS)}
STORE, PENALTIES = "store_tokens", "add_penalties"
"""Labels between which a step's states become the masks of the next."""


def chosen_designs(given: str) -> tuple[str, ...]:
    """The designs of a name or of a set of them. Raises UsageError with what is known."""
    if given in SETS:
        return SETS[given]
    if given not in DESIGNS:
        raise unknown("design", given, [*DESIGNS, *SETS])
    return (given,)


def step_pair(design: str, work: Workload) -> Pair:
    """Trace, schedule and subtract. Raises UsageError where a kernel does not fit its target."""
    return standalone_pair(work) if design == "standalone" else _fused_pair(design, work)


def step_timeline(design: str, work: Workload) -> str:
    """One launch of one masked step as a Chrome trace."""
    one = standalone_traces(work)[1] if design == "standalone" else fused_trace(work, 1, _resident(design, work))
    return timeline(one, schedule(one, find_target(work.target)))


@lru_cache(maxsize=32)
def _fused_pair(design: str, work: Workload) -> Pair:
    target, resident = find_target(work.target), _resident(design, work)
    traces = [fused_trace(work, steps, resident) for steps in (1, 2)]
    constrained = steady_step(*(launch_cost(trace, target) for trace in traces))
    chain = Trace(work.target, tuple(_chain(traces[1].instructions)), 0, 0)
    held = "resident" if resident == work.columns else f"{resident:,} of {work.columns:,} resident"
    chain_us = schedule(chain, target).total_ns / 1e3
    return Pair(constrained, _unmasked(work), chain_us, held if resident else "streamed")


@lru_cache(maxsize=32)
def _unmasked(work: Workload) -> Step:
    """The step without masks, which is the same beside either fused design."""
    target, kernel = find_target(work.target), load_kernel(MODULE, work.target, "unconstrained_decode")
    traces = [kernel.trace(**_shared(work, steps), sampled=False, depth=MOST_DEPTH) for steps in (1, 2)]
    return steady_step(*(launch_cost(trace, target) for trace in traces))


def _chain(program: Iterable[Instruction]) -> list[Instruction]:
    """What lies between the first step's tokens and the second step's first masked product."""
    found: list[Instruction] = []
    begun = False
    for one in program:
        begun = begun or one.label == STORE
        if begun and one.label == PENALTIES:
            break
        if begun and one.label in ADDED:
            found.append(one)
    return found


def fused_trace(work: Workload, steps: int, resident: int) -> Trace:
    """What a launch of so many masked steps would do, so many columns of the masks' table staying in SBUF."""
    tables = _tables(work)
    depth = _plan(work).depth if resident else MOST_DEPTH
    column = ArraySpec((work.batch, 1), "int32")
    of = tables.tables
    return load_kernel(MODULE, work.target, "constrained_decode").trace(
        **_shared(work, steps),
        penalty=ArraySpec((len(tables.penalty), work.columns), tables.penalty.dtype.name),
        states=column, counts=column, sampled=False, resident=resident, depth=depth,
        of_token=_spec(of.of_token), of_class=_spec(of.of_class), of_state=_spec(of.of_state), of_row=_spec(of.of_row),
        gather=tables.gather, counted=tables.counted, digits=of.digits,
    )  # fmt: skip


def _shared(work: Workload, steps: int) -> dict[str, ArraySpec]:
    """What the kernel takes with masks and without."""
    return {
        "hidden": ArraySpec((steps * PARTITIONS, work.hidden // PARTITIONS * work.batch), "bfloat16"),
        "weights": ArraySpec((work.hidden, work.columns), "bfloat16"),
        "noise": ArraySpec((1, 8), "float32"),
        "temperature": ArraySpec((work.batch, 1), "float32"),
    }


def _spec(array: NDArray[Any]) -> ArraySpec:
    return ArraySpec(array.shape, array.dtype.name)


def _tables(work: Workload) -> Pack:
    return blank_pack(work.vocabulary, masks=work.masks, states=work.states, classes=work.classes)


def _plan(work: Workload) -> Plan:
    return plan(_tables(work), work.hidden, work.batch, work.target, shards=work.cores)


def _resident(design: str, work: Workload) -> int:
    return _plan(work).resident if design == "fused" else 0
