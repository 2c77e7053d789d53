"""Why several answers take longer than one: fuller steps, prompts, masks, and the longest of several lengths."""

from __future__ import annotations

from dataclasses import dataclass, replace

from commissure.hal.fleets.fleet import Fleet
from commissure.scenarios.tool_calling.silicon.candidates import measure
from commissure.scenarios.tool_calling.silicon.case import Case, Work
from commissure.scenarios.tool_calling.silicon.lengths import Lengths

ONE_TOKEN = Lengths((1,))


@dataclass(frozen=True, slots=True)
class Split:
    """latency(n) / latency(1) under the same load, as a product: `total` = steps x prompts x masks x lengths.

    `steps`: answers of equal length, without masks, if their prompts took what one takes: the batch alone. `prompts`:
    what the other answers' prompts, and the choice of one answer, make of that. `masks`: what masks make of it.
    `lengths`: what lengths that differ make of it all, for the longest of n is longer than one is on average: at most
    `longest`, which is E[max of n lengths] / E[length], where nothing else is in a latency.
    """

    n: int
    way: str
    steps: float
    prompts: float
    masks: float
    lengths: float
    longest: float

    @property
    def equal(self) -> float:
        """With answers of equal length."""
        return self.steps * self.prompts * self.masks

    @property
    def total(self) -> float:
        """With lengths that differ."""
        return self.equal * self.lengths


def split(case: Case, work: Work | None = None, fleet: Fleet | None = None) -> Split:
    """The ratio of a case to one answer under the same load and in the same way, by its causes, each simulated."""
    equal, work = Lengths((max(1, round(case.lengths.mean)),)), work or Work()
    # Alone on a chip, questions whose answers are equally long are all the same.
    once = work if case.busy else replace(work, questions=1)

    def latency_s(way: str, lengths: Lengths, n: int = case.n) -> float:
        asked = once if len(lengths.values) == 1 else work
        return measure(replace(case, way=way, lengths=lengths, n=n), asked, fleet).latency_s

    def ratio(way: str, lengths: Lengths) -> float:
        return latency_s(way, lengths) / latency_s(way, lengths, 1)

    one_s, several_s = latency_s("free", equal, 1), latency_s("free", equal)
    # Answers of one token end with their prompts.
    more_prompts_s = latency_s("free", ONE_TOKEN) - latency_s("free", ONE_TOKEN, 1)
    masked = ratio(case.way, equal)
    return Split(
        n=case.n,
        way=case.way,
        steps=(several_s - more_prompts_s) / one_s,
        prompts=several_s / (several_s - more_prompts_s),
        masks=masked / (several_s / one_s),
        lengths=ratio(case.way, case.lengths) / masked,
        longest=case.lengths.longest(case.n) / case.lengths.mean,
    )
