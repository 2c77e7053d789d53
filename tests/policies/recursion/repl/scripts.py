"""Models that follow a script, on a modelled fleet with round numbers, and one way to let them answer a task."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import commissure as cm
from commissure.hal.fleets.fault import Fault
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.journal import StepRecord
from commissure.hal.profiles.profile import Profile
from commissure.hal.reply import Choice
from commissure.policies.recursion.ask import Answer, Limits
from commissure.policies.recursion.delegation import build_delegation
from commissure.policies.recursion.strategies import build_strategy
from commissure.policies.recursion.strategies.strategy import Options, Task
from commissure.policies.recursion.tree import Tree
from commissure.scenarios.run import Run, run

AS_OF = {"source": "a test", "as_of": date(2026, 11, 1)}
ROOT_S, LEAF_S = 1.0, 10.0
TEXT = "\n".join(f"row {number} is {'red' if number % 3 else 'blue'}" for number in range(300))
READY = 'answer = {"content": result, "ready": True}'


def profile(base_s: float, room: int = 1_000_000, at_once: int = 1000) -> Profile:
    """A call takes `base_s` whatever is said, and a million tokens cost a dollar."""
    rates = {"base_s": base_s, "output_token_s": 0.0, "uncached_token_s": 0.0, "concurrency": at_once}
    prices = ("input_usd_per_mtok", "output_usd_per_mtok")
    return Profile.model_validate(
        {
            "model": "m", "chip": "undisclosed", "provider": "openai", "context_tokens": {"value": room, **AS_OF},
            "price": {name: {"value": 1.0, **AS_OF} for name in prices},
            "hosted": {name: {"value": value, **AS_OF} for name, value in rates.items()},
        }
    )  # fmt: skip


def root_and_leaf(*faults: Fault, room: int = 1_000_000) -> cm.Fleet:
    """`root` takes a second a call and `leaf` ten."""
    profiles = {"root": profile(ROOT_S, room), "leaf": profile(LEAF_S, room)}
    specs = [
        EndpointSpec(name=name, provider="openai", model="m", chip="undisclosed", resilience={"attempts": 1})
        for name in profiles
    ]
    return cm.Fleet(tuple(specs), profiles, faults=faults)


def fenced(code: str) -> str:
    return f"```python\n{code}\n```"


@dataclass
class Script:
    """Roots of each depth say these turns in order, and the last of them ever after; leaves answer by `leaf`.

    A turn that begins with `raw:` is said as it stands, any other as a block of code; a raw one that ends in the
    middle of a block was cut off.
    """

    said: Sequence[str] | Callable[[cm.Call, int], str]
    leaf: Callable[[cm.Call], str] = lambda call: f"{len(call.prompt)}"
    calls: list[cm.Call] = field(default_factory=list)

    def answer(self, call: cm.Call) -> tuple[Choice, int]:
        self.calls.append(call)
        text = self._root(call) if call.kind == "plan" else self.leaf(call)
        finish = "length" if text.count("```") % 2 else "stop"
        return Choice(text, finish), max(1, min(call.max_tokens, len(text) // 4))

    def _root(self, call: cm.Call) -> str:
        turn = sum(one.role == "assistant" for one in call.history)
        said = self.said(call, turn) if callable(self.said) else self.said[min(turn, len(self.said) - 1)]
        return said[4:] if said.startswith("raw:") else fenced(said)


@dataclass
class Done:
    """A run, the steps that it noted, and what was asked of its models."""

    run: Run
    steps: list[StepRecord]
    script: Script

    @property
    def answer(self) -> Answer:
        assert isinstance(self.run.result, Answer)
        return self.run.result

    @property
    def kinds(self) -> list[str]:
        return [one.kind for one in self.answer.failures]

    @property
    def leaves(self) -> list[cm.Call]:
        return [call for call in self.script.calls if call.kind != "plan"]

    @property
    def outputs(self) -> list[str]:
        """What each turn of code printed."""
        return [one.output for one in self.steps if one.kind == "run"]


def done(
    said: Sequence[str] | Callable[[cm.Call, int], str], text: str = TEXT, *, strategy: str = "free_code",
    leaf: Callable[[cm.Call], str] | None = None, limits: Limits | None = None, fleet: cm.Fleet | None = None,
    task: Task | None = None, budget: cm.Budget | None = None, seed: int = 0, **options: Any,
) -> Done:  # fmt: skip
    """One task answered in sim: the root model at depth 0 and wherever there is a sandbox, else the leaf."""
    steps: list[StepRecord] = []
    script = Script(said) if leaf is None else Script(said, leaf)

    async def workflow(rt: cm.Runtime, opened: cm.OpenFleet) -> Answer:
        limited, by_kind = limits or Limits(), build_delegation("by_kind:plan=root,other=leaf")
        tree = Tree(rt, opened, "tree", by_kind, limited)
        chosen = build_strategy(strategy, Options(**options))
        return await chosen.answer(tree, task or Task("How many rows are red?", text))

    finished = run(
        workflow, fleet or root_and_leaf(), behaviour=script, on_step=steps.append, seed=seed,
        budget=budget or cm.Budget(),
    )  # fmt: skip
    return Done(finished, steps, script)
