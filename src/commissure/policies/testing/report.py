"""What a check has found: of each invariant whether it holds, and a counter-example where it does not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from commissure.policies.testing.broken import Broken
from commissure.policies.testing.case import Case
from commissure.policies.testing.regret import Regret

Verdict = Literal["holds", "broken", "not checked"]


@dataclass(frozen=True, slots=True)
class CounterExample:
    """The smallest case that was found, what was done in it, and what came out that must not."""

    case: Case
    broken: Broken

    def story(self) -> tuple[str, ...]:
        """The counter-example in a few lines."""
        return (*self.case.lines(), *(served.line() for served in self.broken.served), f"broken: {self.broken.said}")

    def data(self) -> dict[str, Any]:
        """The counter-example for a program."""
        return {"said": self.broken.said, "story": self.story()} | self.case.data()


@dataclass(frozen=True, slots=True)
class Finding:
    """One invariant over so many examples that could be judged; why it could not be, if there were none."""

    invariant: str
    meaning: str
    verdict: Verdict
    examples: int
    why: str = ""
    counter_example: CounterExample | None = None

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
class Report:
    """All that a check has found. `offline`: it is built of the uses to come, so no online policy is to match it."""

    policy: str
    seed: int
    offline: bool
    findings: tuple[Finding, ...]
    regrets: tuple[Regret, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every invariant holds."""
        return all(one.verdict == "holds" for one in self.findings)

    @property
    def broken(self) -> tuple[Finding, ...]:
        """The invariants that do not hold."""
        return tuple(one for one in self.findings if one.verdict == "broken")
