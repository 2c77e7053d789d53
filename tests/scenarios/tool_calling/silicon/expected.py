"""The same latency in closed form, where nobody else is at the endpoint: sums over steps and binomial chances."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from math import comb

from commissure.hal.errors import UsageError
from commissure.hal.fleets.fleet import Fleet
from commissure.kernels.masking import MaskCurve
from commissure.scenarios.tool_calling.silicon.case import Case, Work, blocks_shared, set_up, silicon
from commissure.scenarios.tool_calling.silicon.lengths import Lengths
from commissure.sim.engine.cost import PaddedCost, StepCost
from commissure.sim.engine.masking import masking_of


def expected_s(case: Case, work: Work | None = None, fleet: Fleet | None = None) -> float:
    """E[seconds] until one of the case's answers is chosen, at an endpoint that nobody else uses.

    A step's number of sequences is binomial, for each of n answers is still under way in it with chance P(L >= k); the
    sum over steps of the chances that any is, is E[max L]. Raises UsageError for a case with busy sequences, and for
    prompts that do not fit one step of the engine.
    """
    if case.busy:
        raise UsageError(f"the closed form is of an endpoint alone, not beside busy={case.busy} sequences: use measure")
    work = work or Work()
    chosen_s = work.selection_s if case.n > 1 else 0.0
    return steps_of(case, work, fleet).seconds() + chosen_s


def steps_of(case: Case, work: Work, fleet: Fleet | None = None) -> Steps:
    """What the case's steps cost. Raises UsageError for prompts that do not fit one step of the engine."""
    _, profile, _ = set_up(fleet or silicon(), case)
    settings, step = profile.engine, profile.step
    assert settings is not None
    assert step is not None
    prompt = work.prompt_tokens
    rest = prompt if case.prompts == "each" else prompt - blocks_shared(settings, prompt)
    tokens = 1 + (case.n - 1) * rest
    if settings.buckets is None and max(prompt, tokens) > settings.max_batched_tokens:
        raise UsageError(f"{tokens} tokens of prompts do not fit a step of {settings.max_batched_tokens}: use measure")
    masks = None if case.way == "free" else masking_of(profile)
    values, overlaps = step.values(), settings.constrained.overlaps
    if settings.buckets is None:
        return Continuous(StepCost(values, settings), masks, overlaps, case.n, case.lengths, prompt, rest)
    return Static(PaddedCost(values, settings), masks, overlaps, case.n, case.lengths, prompt, rest)


@dataclass(frozen=True, slots=True)
class Steps(ABC):
    """Of `n` answers to a `prompt` of so many tokens, of which each after the first computes the `rest`."""

    cost: StepCost
    masks: MaskCurve | None
    overlaps: bool
    n: int
    lengths: Lengths
    prompt: int
    rest: int

    @abstractmethod
    def seconds(self) -> float:
        """Of all of them, expected."""

    def masked(self, plain_s: float, sequences: int) -> float:
        """A step with the masks of so many sequences."""
        masks_s = self.masks.seconds(sequences) if self.masks else 0.0
        return max(plain_s, masks_s) if self.overlaps else plain_s + masks_s

    def chance(self, least: int) -> float:
        """That an answer has so many tokens or more."""
        return self.lengths.beyond(least - 1)


class Static(Steps):
    """Static shapes: one prefill after another, then steps of the whole compiled batch."""

    __slots__ = ()

    def seconds(self) -> float:
        """Prompts, and the steps from each answer's second token on."""
        cost = self.cost
        assert isinstance(cost, PaddedCost)
        total_s = cost.prefill(self.prompt) + (self.n - 1) * cost.prefill(self.rest)
        for token in range(2, self.lengths.most + 1):
            plain_s = cost.decode(self.prompt + token - 1)
            running = _binomial(self.n, self.chance(token))
            total_s += sum(p * self.masked(plain_s, m) for m, p in enumerate(running) if m)
        return total_s


class Continuous(Steps):
    """Continuous batching: the first answer's prompt has a step of its own, the others join in the next one."""

    __slots__ = ()

    def seconds(self) -> float:
        """The first prompt's step, the others', and those in which answers only grow."""
        total_s = self.cost.seconds(self.prompt, 1, self.prompt, self.prompt * self.prompt / 2)
        joins = 1 if self.n > 1 else 0
        if joins:
            leads = self.chance(2)
            total_s += leads * self._joining(1) + (1 - leads) * self._joining(0)
        for step in range(2 + joins, self.lengths.most + joins + 1):
            leads = self.chance(step)
            for m, p in enumerate(_binomial(self.n - 1, self.chance(step - 1))):
                total_s += p * (leads * self._growing(step, 1, m) + (1 - leads) * self._growing(step, 0, m))
        return total_s

    def _joining(self, leads: int) -> float:
        """The second step: the other prompts, beside the first answer's second token."""
        others = self.n - 1
        attention = others * self.rest * (self.prompt - self.rest / 2)
        kv = leads * (self.prompt + 1) + others * self.prompt
        plain_s = self.cost.seconds(leads + others * self.rest, leads + others, kv, attention)
        return self.masked(plain_s, leads)

    def _growing(self, step: int, leads: int, others: int) -> float:
        """A later step: the first answer, if it is still under way, is one token ahead of the others."""
        running = leads + others
        if not running:
            return 0.0
        kv = running * (self.prompt + step - 2) + leads
        return self.masked(self.cost.seconds(running, running, kv, 0.0), running)


def _binomial(n: int, p: float) -> list[float]:
    """The chances of 0 to n."""
    return [comb(n, m) * p**m * (1 - p) ** (n - m) for m in range(n + 1)]
