"""The kernels whose cost is compared, traced without numbers: with masks and without, one step and two."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from commissure.hal.errors import UsageError, unknown
from commissure.kernels.nki.added import ADDED
from commissure.kernels.nki.cost.report import Step, launch_cost, steady_step
from commissure.kernels.nki.cost.schedule import schedule
from commissure.kernels.nki.cost.targets import find_target
from commissure.kernels.nki.cost.timeline import timeline
from commissure.kernels.nki.decode import MODULE, MOST_BATCH
from commissure.kernels.nki.executor.launch import ArraySpec
from commissure.kernels.nki.loader import load_kernel
from commissure.kernels.nki.pack import GrammarArrays, Pack, pack
from commissure.kernels.nki.pack_budget import DEEPEST, Plan, plan
from commissure.kernels.nki.trace import Instruction, Trace

__all__ = ["DESIGNS", "MOST_BATCH", "Pair", "Workload", "chosen_designs", "step_pair", "step_timeline", "trace_of"]

DESIGNS = {
    "fused": "masks as one more product of the lm_head, their table in SBUF over all steps of a launch if it fits",
    "streamed": "the same, the table streaming past in each step, as where each step is a launch of its own",
    "standalone": "logits in SBUF, the vocabulary over the partitions, masks added by VectorE a sequence at a time",
}
SETS = {"both": ("fused", "standalone"), "all": tuple(DESIGNS)}
PARTITIONS = 128
STORE, PENALTIES = "store_tokens", "add_penalties"
"""Labels between which a step's states become the masks of the next."""


@dataclass(frozen=True, slots=True)
class Workload:
    """A decode step's lm_head on one of `cores` that share the vocabulary, under one grammar for all sequences.

    147 states, 84 masks and 195 classes of tokens are medians of MaskBench's schemas (measured, 789 schemas with fewer
    than 6,000 states). Raises UsageError for what no kernel takes.
    """

    batch: int
    vocabulary: int = 128_256
    hidden: int = 4096
    target: str = "inf2"
    cores: int = 1
    states: int = 147
    masks: int = 84
    classes: int = 195

    def __post_init__(self) -> None:
        if not 1 <= self.batch <= MOST_BATCH:
            raise UsageError(f"a batch of {self.batch} was given; 1 to {MOST_BATCH} sequences fit the partitions")
        if self.hidden < PARTITIONS or self.hidden % PARTITIONS:
            raise UsageError(f"a hidden size of {self.hidden:,} was given; it must be a multiple of {PARTITIONS}")
        if self.cores < 1 or self.vocabulary < PARTITIONS * self.cores:
            least = PARTITIONS * max(self.cores, 1)
            raise UsageError(
                f"a vocabulary of {self.vocabulary:,} tokens on {self.cores} cores was given; "
                f"at least 1 core and {PARTITIONS} tokens a core are needed, here {least:,}"
            )
        for name, value, least in (("states", self.states, 2), ("masks", self.masks, 1), ("classes", self.classes, 1)):
            if value < least:
                raise UsageError(f"a grammar of {value} {name} was given; at least {least} are needed")
        find_target(self.target)

    @property
    def columns(self) -> int:
        """Tokens of one core's share of the vocabulary, the largest."""
        return -(-self.vocabulary // self.cores)


@dataclass(frozen=True, slots=True)
class Pair:
    """A steady step with masks and one without.

    `chain_us` is how long states take from a token to the next mask, alone; `table` says where the masks are.
    """

    constrained: Step
    unconstrained: Step
    chain_us: float
    table: str


def chosen_designs(given: str) -> tuple[str, ...]:
    """The designs of a name or of a set of them. Raises UsageError with what is known."""
    if given in SETS:
        return SETS[given]
    if given not in DESIGNS:
        raise unknown("design", given, [*DESIGNS, *SETS])
    return (given,)


@lru_cache(maxsize=32)
def step_pair(design: str, work: Workload) -> Pair:
    """Trace, schedule and subtract. Raises UsageError where a kernel does not fit its target."""
    target = find_target(work.target)
    traces = [trace_of(design, work, steps) for steps in (1, 2)]
    constrained = steady_step(*(launch_cost(trace, target) for trace in traces))
    chain = Trace(work.target, tuple(_chain(traces[1].instructions)), 0, 0)
    return Pair(constrained, _unmasked(work), schedule(chain, target).total_ns / 1e3, _table(design, work))


@lru_cache(maxsize=32)
def _unmasked(work: Workload) -> Step:
    """The step without masks, which is the same beside either fused design."""
    target = find_target(work.target)
    return steady_step(*(launch_cost(_fused(work, steps, masked=False), target) for steps in (1, 2)))


def _table(design: str, work: Workload) -> str:
    return "resident" if design == "fused" and _plan(work).resident else "streamed"


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


def step_timeline(design: str, work: Workload) -> str:
    """One launch of one masked step as a Chrome trace."""
    trace = trace_of(design, work, 1)
    return timeline(trace, schedule(trace, find_target(work.target)))


def trace_of(design: str, work: Workload, steps: int) -> Trace:
    """What a launch of so many masked steps would do. Raises UsageError where it does not fit."""
    return _fused(work, steps, resident=_table(design, work) == "resident")


def _plan(work: Workload) -> Plan:
    return plan(_packed(replace(work, batch=1)), work.hidden, work.batch, work.target, shards=work.cores)


def _fused(work: Workload, steps: int, *, resident: bool = False, masked: bool = True) -> Trace:
    batch = work.batch
    given: dict[str, object] = {
        "hidden": ArraySpec((steps * PARTITIONS, work.hidden // PARTITIONS * batch), "bfloat16"),
        "weights": ArraySpec((work.hidden, work.columns), "bfloat16"),
        "noise": ArraySpec((1, 8), "float32"),
        "temperature": ArraySpec((batch, 1), "float32"),
        "sampled": False,
        "depth": _plan(work).depth if resident else DEEPEST,
    }
    if not masked:
        return load_kernel(MODULE, work.target, "unconstrained_decode").trace(**given)
    tables = _packed(replace(work, batch=1))
    of = tables.tables
    given |= {
        "penalty": ArraySpec((len(tables.penalty), work.columns), str(tables.penalty.dtype)),
        "states": ArraySpec((batch, 1), "int32"),
        "counts": ArraySpec((batch, 1), "int32"),
        "of_token": of.of_token, "of_class": of.of_class, "of_state": of.of_state, "of_row": of.of_row,
        "gather": False, "counted": False, "digits": of.digits, "resident": resident,
    }  # fmt: skip
    return load_kernel(MODULE, work.target, "constrained_decode").trace(**given)


@lru_cache(maxsize=4)
def _packed(work: Workload) -> Pack:
    """Tables of a grammar of that size. What they hold costs nothing; no row of them is empty."""
    tokens, masks = np.arange(work.vocabulary), np.arange(work.masks)[:, None]
    allowed = (tokens + masks * 7919) % 101 < 50
    numbers = np.arange(work.states)
    moves = (np.arange(work.classes)[:, None] + numbers) % work.states
    grammar = GrammarArrays(
        tokens % work.classes, moves, numbers % work.masks, np.arange(work.masks), allowed, (work.vocabulary - 1,)
    )
    return pack([grammar], gather=False)
