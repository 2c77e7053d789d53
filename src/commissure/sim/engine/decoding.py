"""How a call's answer comes: token by token, several a step, block by block, or under a grammar."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import simpy

from commissure.hal.clock.dice import Dice
from commissure.hal.profiles.model import Model
from commissure.hal.profiles.serving import EngineSettings, SpeculativeDecoding
from commissure.sim.engine.job import Job
from commissure.sim.engine.server import Server


@dataclass(frozen=True, slots=True)
class Constraint:
    """What constrained decoding costs a call.

    `compile_s` comes before it is admitted, `mask_s` in each of its steps, hidden behind the chip's work if `overlaps`,
    and with it `step_s`, which a step pays once for all that it masks. `forced_share` of its tokens follow from the
    grammar alone and take no step.
    """

    compile_s: float = 0.0
    mask_s: float = 0.0
    overlaps: bool = True
    step_s: float = 0.0
    forced_share: float = 0.0


Constrain = Callable[[Job], Constraint | None]


class Decoding:
    """A server whose calls decode otherwise than one token a step, or cost `call_s` each before they are admitted."""

    def __init__(
        self,
        env: simpy.Environment,
        server: Server,
        settings: EngineSettings,
        model: Model | None,
        stream: Dice,
        constrain: Constrain | None = None,
        call_s: float = 0.0,
    ) -> None:
        self._call_s = call_s
        self._env = env
        self._server = server
        self._speculative = settings.speculative
        self._diffusion = model.diffusion if model else None
        self._stream = stream
        self._constrain = constrain
        self._compiling: dict[Job, simpy.Event] = {}

    @property
    def busy_s(self) -> float:
        """Seconds in which the server worked."""
        return self._server.busy_s

    def submit(self, job: Job) -> None:
        """Take a job now."""
        tokens = job.output - 1
        constraint = self._constrain(job) if self._constrain else None
        if constraint is not None:
            job.mask_s, job.mask_overlaps = constraint.mask_s, constraint.overlaps
            job.mask_step_s = constraint.step_s
            tokens = round(tokens * (1.0 - constraint.forced_share))
        if self._diffusion is not None:
            blocks = math.ceil(job.output / self._diffusion.block_tokens.value)
            job.first_step = round(self._diffusion.steps_per_block.value)
            job.left = blocks * job.first_step
        else:
            job.left = self._steps(tokens)
        job.rate = (job.output - 1) / job.left if job.left else 1.0
        before_s = self._call_s + (constraint.compile_s if constraint else 0.0)
        if before_s:
            compiled = self._compiling[job] = simpy.Timeout(self._env, before_s, job)
            compiled.callbacks.append(self._compiled)
        else:
            self._server.submit(job)

    def cancel(self, job: Job) -> None:
        """Drop a job."""
        if job in self._compiling:
            del self._compiling[job]
        else:
            self._server.cancel(job)

    def slow(self, factor: float) -> None:
        """The server slows down."""
        self._server.slow(factor)

    def evacuate(self) -> list[Job]:
        """Lose every job."""
        lost = [*self._server.evacuate(), *self._compiling]
        self._compiling.clear()
        return lost

    def _compiled(self, event: simpy.Event) -> None:
        if self._compiling.get(event._value) is event:
            del self._compiling[event._value]
            self._server.submit(event._value)

    def _steps(self, tokens: int) -> int:
        """Steps for so many tokens after the first; with a draft a sample, in O(1)."""
        draft = self._speculative
        if draft is None or tokens == 0:
            return tokens
        mean, variance = accepted(draft)
        # The last step may give more than is asked for: on average this much of a step.
        beyond = (variance + mean * mean - mean) / (2 * mean * mean)
        drawn = self._stream.gauss(tokens / mean + beyond, math.sqrt(tokens * variance / mean**3))
        return int(min(tokens, max(math.ceil(tokens / (draft.draft_tokens + 1)), round(drawn))))


def accepted(draft: SpeculativeDecoding) -> tuple[float, float]:
    """Mean and variance of the tokens of one step: a geometric number of accepted ones, cut off, and one more.

    The mean is 1 + p + ... + p^draft_tokens (Leviathan et al. 2023, arXiv 2211.17192).

    The steps for n tokens then are about normal, with mean n / mean and variance n variance / mean^3 (renewal theory).
    """
    p, most = draft.acceptance, draft.draft_tokens
    chances = [p**number * (1 - p) for number in range(most)] + [p**most]
    mean = sum((number + 1) * chance for number, chance in enumerate(chances))
    square = sum((number + 1) ** 2 * chance for number, chance in enumerate(chances))
    return mean, square - mean * mean
