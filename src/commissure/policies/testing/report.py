"""What a check has found: of each invariant whether it holds, and a counter-example where it does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, Literal, Protocol, TypeVar

from commissure.policies.testing.broken import Broken
from commissure.policies.testing.case import Case
from commissure.policies.testing.regret import Regret

Verdict = Literal["holds", "broken", "not checked", "declined"]


class Tried(Protocol):
    """What an invariant is tried on, and can be shown."""

    def lines(self) -> tuple[str, ...]:
        """For a person."""

    def data(self) -> dict[str, Any]:
        """For a program."""


C = TypeVar("C", bound=Tried)
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class CounterExample(Generic[C]):
    """The smallest case that was found, what was done in it, and what came out that must not."""

    case: C
    broken: Broken

    def story(self) -> tuple[str, ...]:
        """The counter-example in a few lines."""
        return (*self.case.lines(), *(served.line() for served in self.broken.served), f"broken: {self.broken.said}")

    def data(self) -> dict[str, Any]:
        """The counter-example for a program."""
        return {"said": self.broken.said, "story": self.story()} | self.case.data()


@dataclass(frozen=True, slots=True)
class Finding(Generic[C]):
    """One invariant over so many examples that could be judged; why it could not be, or was declined, if none was."""

    invariant: str
    meaning: str
    verdict: Verdict
    examples: int
    why: str = ""
    counter_example: CounterExample[C] | None = None

    @property
    def failure(self) -> Broken | None:
        """What was raised."""
        return self.counter_example.broken if self.counter_example else None

    def data(self) -> dict[str, Any]:
        """The finding for a program."""
        shown = {"invariant": self.invariant, "meaning": self.meaning, "verdict": self.verdict,
                 "examples": self.examples, "why": self.why}  # fmt: skip
        return shown | {"counter_example": self.counter_example.data() if self.counter_example else None}


@dataclass(frozen=True, slots=True)
class Checked(Generic[C, R]):
    """What a check of any policy has found."""

    policy: str
    seed: int
    findings: tuple[Finding[C], ...]
    regrets: tuple[R, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every invariant holds that is not declined."""
        return all(one.verdict in ("holds", "declined") for one in self.findings)

    @property
    def broken(self) -> tuple[Finding[C], ...]:
        """The invariants that do not hold."""
        return tuple(one for one in self.findings if one.verdict == "broken")


@dataclass(frozen=True, slots=True)
class Report(Checked[Case, Regret]):
    """All that a check has found. `offline`: it is built of the uses to come, so no online policy is to match it."""

    offline: bool = False
