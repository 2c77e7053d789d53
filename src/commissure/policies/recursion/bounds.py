"""How near a recursion came to its schedule's bound: of a finished trajectory, stage by stage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from commissure.hal.journal import StepRecord
from commissure.policies.recursion.ask import KINDS


@dataclass(frozen=True, slots=True)
class Stage:
    """Sub-calls that one step asked for side by side. Times in seconds.

    `times_s` are those of all, each from when it had its place, the shortest first; `longest_s` is the longest chain of
    calls of which each was asked because of the one before, as a piece is asked about again.
    """

    times_s: tuple[float, ...]
    makespan_s: float
    longest_s: float

    @property
    def calls(self) -> int:
        """How many there were."""
        return len(self.times_s)

    @property
    def work_s(self) -> float:
        """All of them one after another."""
        return sum(self.times_s)

    def bound_s(self, fan_out: int) -> float:
        """No schedule of these calls on so many places ends earlier.

        max(longest chain, work / places, the ceil(calls / places) shortest calls), as some place has to serve so many.
        Any that leaves no place empty while a call waits ends within 2 - 1/fan_out times this, where calls do not slow
        each other (Graham, "Bounds on multiprocessing timing anomalies", SIAM J. Appl. Math. 17(2), 1969).
        """
        least = -(-self.calls // fan_out)
        return max(self.longest_s, self.work_s / fan_out, sum(self.times_s[:least]))


def stages(steps: Iterable[StepRecord]) -> list[Stage]:
    """The leaf stages of one tree, in the order in which they began: of calls below the root that were sent."""
    sent = {one.id: one for one in steps if one.kind in KINDS and one.endpoint and one.depth > 0}
    groups: dict[tuple[int | None, int, str], list[StepRecord]] = {}
    for one in sorted(sent.values(), key=lambda step: (step.start_s, step.id)):
        top = one
        while (asker := _asker(top, sent)) is not None:
            top = asker
        groups.setdefault((top.parent, top.depth, top.kind), []).append(one)
    return [_stage(group, sent) for group in groups.values()]


def efficiency(steps: Iterable[StepRecord], fan_out: int) -> float:
    """The bounds of all leaf stages of one tree over the times that they took, in (0, 1]; 1 where there is none."""
    found = stages(steps)
    took = sum(one.makespan_s for one in found)
    # Sums of floats may pass each other by a bit.
    return min(1.0, sum(one.bound_s(fan_out) for one in found) / took) if took > 0 else 1.0


def _asker(step: StepRecord, sent: Mapping[int, StepRecord]) -> StepRecord | None:
    """The call of the same depth because of which this one was made."""
    asker = None if step.parent is None else sent.get(step.parent)
    return asker if asker is not None and asker.depth == step.depth and asker.id < step.id else None


def _stage(group: list[StepRecord], sent: Mapping[int, StepRecord]) -> Stage:
    began, ended = min(one.start_s for one in group), max(one.end_s for one in group)
    chains: dict[int, float] = {}
    for one in sorted(group, key=lambda step: step.id):
        asker = _asker(one, sent)
        chains[one.id] = one.end_s - one.start_s + (chains[asker.id] if asker else 0.0)
    times = sorted(one.end_s - one.start_s for one in group)
    return Stage(tuple(times), ended - began, max(chains.values()))
