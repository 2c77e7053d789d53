"""What a schedule says: time, busy engines, the critical path, and what constraining a kernel adds to each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from commissure.kernels.nki.cost.cycles import OTHER, RULES, cost_of
from commissure.kernels.nki.cost.schedule import NOTHING, Schedule, schedule
from commissure.kernels.nki.cost.targets import Target
from commissure.kernels.nki.trace import Trace

LABEL = "documented-cost estimate"
ENGINES = ("tensor", "vector", "scalar", "gpsimd", "dma")


@dataclass(frozen=True, slots=True)
class Part:
    """A share of the critical path: instructions of one op of one part of the kernel."""

    label: str
    op: str
    engine: str
    instructions: int
    us: float
    """From the end of what came before, so waiting and latency are in it."""


@dataclass(frozen=True, slots=True)
class Launch:
    """One launch of a kernel: a documented-cost estimate."""

    total_us: float
    busy_us: Mapping[str, float]
    by_label_us: Mapping[str, Mapping[str, float]]
    """Busy time of each engine in each part of the kernel."""
    critical: tuple[Part, ...]
    """The largest first."""
    assumed: Mapping[str, str]
    """Ops whose cost is not documented, and what was assumed."""
    instructions: int


def launch_cost(trace: Trace, target: Target, plan: Schedule | None = None) -> Launch:
    """Add up a trace's schedule."""
    plan = plan or schedule(trace, target)
    busy = dict.fromkeys(ENGINES, 0.0)
    labels: dict[str, dict[str, float]] = {}
    assumed: dict[str, str] = {}
    for one, length in zip(trace.instructions, plan.busy_ns, strict=True):
        busy[one.engine] += length / 1e3
        mine = labels.setdefault(one.label, dict.fromkeys(ENGINES, 0.0))
        mine[one.engine] += length / 1e3
        if one.engine != "dma" and one.op not in assumed and cost_of(one, target).basis == "assumed":
            assumed[one.op] = f"{RULES.get(one.op, OTHER).words} cycles on {one.engine}"
    return Launch(plan.total_ns / 1e3, busy, labels, _critical(trace, plan), assumed, len(trace.instructions))


def _critical(trace: Trace, plan: Schedule) -> tuple[Part, ...]:
    lengths: dict[tuple[str, str, str], float] = defaultdict(float)
    counts: Counter[tuple[str, str, str]] = Counter()
    for place in plan.critical_path():
        one, before = trace.instructions[place], plan.because[place]
        key = (one.label, one.op, one.engine)
        lengths[key] += plan.end_ns[place] - (0.0 if before == NOTHING else plan.end_ns[before])
        counts[key] += 1
    parts = [Part(*key, counts[key], length / 1e3) for key, length in lengths.items()]
    return tuple(sorted(parts, key=lambda part: -part.us))


@dataclass(frozen=True, slots=True)
class Step:
    """A steady step: what one more step adds to a launch."""

    us: float
    busy_us: Mapping[str, float]
    by_label_us: Mapping[str, Mapping[str, float]]
    alone_us: float
    """A launch of one step, with what comes before the first and after the last."""
    assumed: Mapping[str, str]

    @property
    def bound(self) -> str:
        """The engine that works most of it."""
        return max(self.busy_us, key=lambda name: self.busy_us[name])


def steady_step(shorter: Launch, longer: Launch, *, alone_us: float | None = None) -> Step:
    """The step by which one launch is longer than the other, of the same kernel with one step less."""
    busy = {name: longer.busy_us[name] - shorter.busy_us[name] for name in ENGINES}
    nothing = dict.fromkeys(ENGINES, 0.0)
    labels = {
        label: {name: more[name] - shorter.by_label_us.get(label, nothing)[name] for name in ENGINES}
        for label, more in longer.by_label_us.items()
    }
    alone = shorter.total_us if alone_us is None else alone_us
    return Step(longer.total_us - shorter.total_us, busy, labels, alone, longer.assumed)


@dataclass(frozen=True, slots=True)
class Added:
    """What constraining adds to a steady step: to its length, and to each engine's work."""

    us: float
    alone_us: float
    """To a launch of one step: loading tables before it and the state's advance after it are in the way then."""
    busy_us: Mapping[str, float]
    step_us: float
    hidden: tuple[str, ...]
    """Which added work is behind what."""
    label: str = LABEL


def added(constrained: Step, unconstrained: Step) -> Added:
    """The difference of the two steps."""
    busy = {name: constrained.busy_us[name] - unconstrained.busy_us[name] for name in ENGINES}
    us = constrained.us - unconstrained.us
    return Added(
        us, constrained.alone_us - unconstrained.alone_us, busy, constrained.us, _hidden(us, busy, unconstrained)
    )


def _hidden(us: float, busy: Mapping[str, float], before: Step) -> tuple[str, ...]:
    """Of each engine's added work, what the step shows; the rest is behind the engine that bounds it."""
    told = []
    rest = max(0.0, us - max(0.0, busy[before.bound]))
    for name, more in busy.items():
        shown = min(more, max(us, 0.0) if name == before.bound else rest)
        if more <= 0.0005:
            continue
        if name == before.bound:
            told.append(f"{name} +{more:.3f} us on the engine that bounds the step: {shown:.3f} us show")
        else:
            behind = f"{before.bound} ({before.busy_us[before.bound]:.1f} us a step)"
            told.append(
                f"{name} +{more:.3f} us behind {behind}" + (f", of which {shown:.3f} us show" if shown > 0.0005 else "")
            )
    return tuple(told)
