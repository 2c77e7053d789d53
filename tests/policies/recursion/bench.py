"""Modelled fleets with round numbers, a plan that counts words, and one way to run a tree over them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import commissure as cm
from commissure.hal.fleets.fault import Fault
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.journal import StepRecord
from commissure.hal.profiles.profile import Profile
from commissure.hal.reply import Choice
from commissure.policies.recursion.ask import Ask, Limits, Outcome
from commissure.policies.recursion.delegation.delegation import Delegation
from commissure.policies.recursion.delegation.one import One
from commissure.policies.recursion.plans.chunks import chunks
from commissure.policies.recursion.plans.plan import MapPlan
from commissure.policies.recursion.tree import Tree
from commissure.scenarios.run import Run, run

AS_OF = {"source": "a test", "as_of": date(2026, 11, 1)}


def profile(usd: float, room: int, base_s: float, token_s: float, **hosted: float) -> Profile:
    """A black box: so many dollars for a million tokens in, five times as many out."""
    rates = {"base_s": base_s, "output_token_s": token_s, "uncached_token_s": 0.001, **hosted}
    return Profile.model_validate(
        {
            "model": "m", "chip": "undisclosed", "provider": "openai", "context_tokens": {"value": room, **AS_OF},
            "price": {name: {"value": value, **AS_OF} for name, value in
                      (("input_usd_per_mtok", usd), ("output_usd_per_mtok", 5 * usd))},
            "hosted": {name: {"value": value, **AS_OF} for name, value in rates.items()},
        }
    )  # fmt: skip


def fleet_of(profiles: Mapping[str, Profile], faults: Sequence[Fault] = (), **resilience: Any) -> cm.Fleet:
    specs = [
        EndpointSpec(
            name=name, provider="openai", model="m", chip="undisclosed", resilience={"attempts": 1} | resilience
        )
        for name in profiles
    ]
    return cm.Fleet(tuple(specs), dict(profiles), faults=tuple(faults))


def dear_and_cheap(faults: Sequence[Fault] = (), **resilience: Any) -> cm.Fleet:
    """`dear` has much room and is quick; `cheap` is slow and has room for 2,000 tokens."""
    profiles = {"dear": profile(100.0, 100_000, 0.5, 0.001), "cheap": profile(1.0, 2_000, 1.0, 0.01)}
    return fleet_of(profiles, faults, **resilience)


@dataclass
class Counts:
    """Says how many words the prompt has; `broken` answers, by the order of calls, are no number."""

    broken: frozenset[int] = frozenset()
    asked: list[cm.Call] = field(default_factory=list)

    def answer(self, call: cm.Call) -> tuple[Choice, int]:
        self.asked.append(call)
        bad = len(self.asked) - 1 in self.broken
        return Choice("cannot say" if bad else str(call.prompt.count("word")), "stop"), 2


@dataclass(frozen=True)
class CountWords(MapPlan):
    """How often `word` is in the text."""

    closes: bool = False
    longest: int = 16

    def split(self, context: str, chunk_tokens: int) -> Sequence[str]:
        return chunks(context, chunk_tokens, lines=True)

    def keep(self, piece: str) -> bool:
        return "word" in piece

    def ask(self, piece: str) -> Ask:
        return Ask(piece, "expand", max_tokens=self.longest)

    def read(self, piece: str, text: str) -> int:
        return int(text)

    def join(self, parts: Sequence[int]) -> int:
        return sum(parts)

    def text(self, whole: int, closing: Outcome | None) -> str:
        return str(whole)


class CountAndTell(CountWords):
    """The same, told by a model in the end."""

    def close(self, whole: int) -> Ask | None:
        return Ask(f"Tell that there are {whole} words.", "aggregate", max_tokens=8)


@dataclass
class Done:
    """A run, and the steps that it noted."""

    run: Run
    steps: list[StepRecord]

    @property
    def result(self) -> Any:
        return self.run.result


def treed(
    work: Callable[[Tree], Coroutine[Any, Any, Any]], fleet: cm.Fleet | None = None,
    delegation: Delegation | None = None, limits: Limits | None = None, behaviour: Any = None,
    budget: cm.Budget | None = None,
) -> Done:  # fmt: skip
    """`work(tree)` in sim, with the steps of its trajectory."""
    steps: list[StepRecord] = []

    async def workflow(rt: cm.Runtime, opened: cm.OpenFleet) -> Any:
        return await work(Tree(rt, opened, "tree", delegation or One(), limits or Limits()))

    done = run(
        workflow, fleet or dear_and_cheap(), behaviour=behaviour or Counts(), on_step=steps.append,
        budget=budget or cm.Budget(),
    )  # fmt: skip
    return Done(done, steps)
