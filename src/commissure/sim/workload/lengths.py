"""How long prompts and answers are: drawn from a distribution each, or together from the calls of a trace."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from commissure.hal.errors import UsageError
from commissure.sim.workload.checks import check_number, check_whole
from commissure.sim.workload.streams import stream
from commissure.sim.workload.trace import Ints, Trace

# As long as contexts get, in tokens; the largest spread is of a distribution that hardly has a mean any more.
LONGEST, WIDEST_CV = 10_000_000, 100.0


class Tokens(Protocol):
    """The distribution of one length, in tokens, at least 1."""

    def draw(self, calls: int, dice: np.random.Generator) -> Ints:
        """So many lengths; the first of a longer draw are those of a shorter one."""


@dataclass(frozen=True)
class Constant:
    """Always the same length. Raises UsageError."""

    tokens: int

    def __post_init__(self) -> None:
        check_whole("Constant: tokens", self.tokens, 1, LONGEST)

    def draw(self, calls: int, dice: np.random.Generator) -> Ints:
        """So many times the same."""
        return np.full(calls, self.tokens, np.int64)


@dataclass(frozen=True)
class Geometric:
    """Each token is the last with the same probability, 1 / mean. Raises UsageError."""

    mean: float

    def __post_init__(self) -> None:
        check_number("Geometric: mean", self.mean, 1, LONGEST)

    def draw(self, calls: int, dice: np.random.Generator) -> Ints:
        """Numbers of tokens up to and with the last."""
        return dice.geometric(1.0 / self.mean, calls).astype(np.int64)


@dataclass(frozen=True)
class Lognormal:
    """Mean and coefficient of variation before rounding to whole tokens from 1 to `most`. Raises UsageError."""

    mean: float
    cv: float
    most: int = LONGEST

    def __post_init__(self) -> None:
        check_number("Lognormal: mean", self.mean, 1, LONGEST)
        check_number("Lognormal: cv", self.cv, 0, WIDEST_CV)
        check_whole("Lognormal: most", self.most, 1, LONGEST)

    def draw(self, calls: int, dice: np.random.Generator) -> Ints:
        """Lengths whose logarithm is normal, with variance ln(1 + cv^2)."""
        variance = math.log1p(self.cv**2)
        logs = math.log(self.mean) - variance / 2 + math.sqrt(variance) * dice.standard_normal(calls)
        return np.clip(np.rint(np.exp(logs)), 1, self.most).astype(np.int64)


class Lengths(Protocol):
    """How long the prompts and answers of calls are."""

    def draw(self, calls: int, seed: int) -> tuple[Ints, Ints]:
        """Tokens of so many prompts, and of their answers."""


@dataclass(frozen=True)
class Drawn:
    """Prompts and answers independent of each other, each from a stream of its own."""

    prompt: Tokens
    output: Tokens

    def draw(self, calls: int, seed: int) -> tuple[Ints, Ints]:
        """Tokens of so many prompts, and of their answers."""
        prompts = self.prompt.draw(calls, stream(seed, "lengths/prompt"))
        return prompts, self.output.draw(calls, stream(seed, "lengths/output"))


@dataclass(frozen=True)
class Bootstrap:
    """Calls of a trace drawn with replacement, each prompt with its own answer; their prefixes are left out."""

    trace: Trace

    def __post_init__(self) -> None:
        if not len(self.trace):
            raise UsageError(f"Bootstrap: trace {self.trace.name!r} is empty; give one with at least one call")

    def draw(self, calls: int, seed: int) -> tuple[Ints, Ints]:
        """Tokens of so many prompts, and of their answers."""
        rows = stream(seed, "lengths/rows").integers(len(self.trace), size=calls)
        return self.trace.input_tokens[rows], self.trace.output_tokens[rows]
