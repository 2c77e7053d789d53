"""A thousand random recursions on endpoints with faults: no budget is ever passed, nothing is lost or told twice."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import commissure as cm
from commissure.hal.clock.dice import Dice, dice
from commissure.hal.errors import Disconnected, EndpointError, MalformedReply, NoAnswerInTime
from commissure.hal.fleets.fault import Fault
from commissure.hal.journal import StepRecord
from commissure.hal.ledger import FIELDS, Ledger, Reservation
from commissure.hal.reply import Choice
from commissure.policies.recursion.ask import KINDS, Ask, Failed, Limits, Outcome, Said
from commissure.policies.recursion.delegation import build_delegation
from commissure.policies.recursion.tree import Tree
from commissure.scenarios.run import run
from tests.policies.recursion.bench import fleet_of, profile

# 50 runs of 20 recursions side by side.
RUNS, TREES = 50, 20
DELEGATIONS = (
    "one",
    "by_depth:0=a,1=b",
    "by_kind:verify=a,other=b",
    "cheapest",
    "fastest",
    "frugal:first=a,calls=3",
    "one:all=b,strict=true",
)
# Of a trajectory: a step's record without its texts.
STEP_BYTES = 800
# What the runs met, and how often an account was checked.
SEEN: Counter[str] = Counter()


class Watched(Ledger):
    """Checks its own budget, and that of all it is a part of, after whatever happens to it."""

    def reserve(self, amount: cm.Amount) -> Reservation:
        made = super().reserve(amount)
        self.check()
        return made

    def commit(self, reservation: Reservation, used: cm.Amount) -> None:
        super().commit(reservation, used)
        self.check()

    def estimate(self, reservation: Reservation, about: cm.Amount) -> None:
        super().estimate(reservation, about)
        self.check()

    def refund(self, reservation: Reservation) -> None:
        super().refund(reservation)
        self.check()

    def check(self) -> None:
        one: Ledger | None = self
        while one is not None:
            SEEN["checked"] += 1
            gone = one.spent + one.reserved + one.uncertain
            for name in ("usd", "tokens", "calls"):
                assert getattr(gone, name) <= getattr(one.budget, name) * (1 + 1e-12), (name, gone, one.budget)
            one = one.within


class Erring:
    """Answers at some length, says what is no answer, or fails on the way as a provider does that may bill it."""

    def __init__(self, seed: int, share: float) -> None:
        self.roll = dice(f"{seed} says")
        self.share = share

    def answer(self, call: cm.Call) -> tuple[Choice, int]:
        if self.roll.random() < self.share:
            kinds: tuple[type[EndpointError], ...] = (MalformedReply, NoAnswerInTime, Disconnected)
            raise self.roll.choice(kinds)("a", "failed on its way", retryable=self.roll.random() < 0.5)
        said = self.roll.randrange(1, call.max_tokens + 1)
        return Choice("w " * said, "stop"), said


@dataclass
class Told:
    """What came of one recursion: its asks with their outcomes, and the steps that asked and were answered."""

    tree: Tree
    outcomes: list[Outcome] = field(default_factory=list)
    texts: int = 0
    ended_s: float = 0.0


def limits_of(roll: Dice) -> Limits:
    return Limits(
        usd=roll.choice([math.inf, math.inf, 0.0, 0.02, 0.2]),
        tokens=roll.choice([math.inf, math.inf, 1000, 10_000]),
        calls=roll.choice([math.inf, math.inf, math.inf, 0, 2, 8]),
        wall_s=roll.choice([math.inf, math.inf, 0.5, 3.0, 8.0]),
        depth=roll.randrange(4),
        fan_out=roll.randrange(1, 5),
    )


async def descend(told: Told, roll: Dice, depth: int, parent: int | None) -> None:
    """Ask a few things side by side, and go deeper below those that were answered."""
    asks = [
        Ask(
            "w " * roll.choice([0, 3, 40, 400, 6000]), roll.choice(KINDS), depth, max_tokens=roll.choice([1, 30, 200]),
            parent=parent,
        )
        for _ in range(roll.randrange(1, 4))
    ]  # fmt: skip
    said = await told.tree.ask_all(asks)
    assert len(said) == len(asks)
    told.outcomes += said
    told.texts += sum(len(one.text) for one in said if isinstance(one, Said))
    told.texts += sum(len(one.problem) for one in said if isinstance(one, Failed))
    below = [one.step for one in said if isinstance(one, Said) and roll.random() < 0.6]
    # One level more than any is allowed: it is refused as a failure, too.
    if depth <= told.tree.limits.depth:
        await told.tree.rt.gather(*(descend(told, roll, depth + 1, step) for step in below))
    told.ended_s = told.tree.rt.now()


def checked(told: Told, steps: list[StepRecord]) -> None:
    """Every ask has one outcome and one step; and time was cut where it was to be."""
    tree, ids = told.tree, [step.id for step in steps]
    assert len(set(ids)) == len(ids) == len(told.outcomes)
    assert sorted(ids) == sorted(one.step for one in told.outcomes if one.step is not None)
    by_id = {step.id: step for step in steps}
    for one in told.outcomes:
        assert one.step is not None
        step = by_id[one.step]
        assert (step.error, step.said) == ((one.kind, "") if isinstance(one, Failed) else ("", one.text))
        assert step.parent is None or (by_id[step.parent].depth < step.depth and by_id[step.parent].id < step.id)
        assert tree.began_s <= step.start_s <= step.end_s
    assert tree.failures == sorted((one for one in told.outcomes if isinstance(one, Failed)), key=_order(tree))
    assert told.ended_s <= tree.began_s + tree.limits.wall_s + 1e-9
    assert sum(len(step.model_dump_json()) for step in steps) <= STEP_BYTES * len(steps) + 2 * told.texts
    assert tree.ledger.reserved == cm.Amount()


def _order(tree: Tree) -> Any:
    return tree.failures.index


@settings(max_examples=RUNS, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32), share=st.sampled_from([0.0, 0.1, 0.3]), usd=st.sampled_from([math.inf, 0.4, 2.0]),
    calls=st.sampled_from([math.inf, 60, 150]), attempts=st.integers(1, 3), hedge=st.booleans(),
    faults=st.lists(
        st.builds(
            Fault, endpoint=st.sampled_from("ab"), kind=st.sampled_from(["fail", "lose", "hang", "die", "slow"]),
            rate=st.sampled_from([0.1, 0.5]), factor=st.just(3.0), at_s=st.sampled_from([0.0, 1.0]),
            for_s=st.sampled_from([1.0, 5.0]), after_s=st.just(2.0),
        ),
        max_size=3,
    ),
)  # fmt: skip
def twenty_recursions(
    seed: int, share: float, usd: float, calls: float, attempts: int, hedge: bool, faults: list[Fault]
) -> None:
    steps: list[StepRecord] = []
    boxes = {"a": profile(20.0, 5000, 0.3, 0.01, hidden_tokens=20), "b": profile(1.0, 300, 0.8, 0.02)}
    resilience = {"attempts": attempts, "hedge": hedge} | ({"hedge_after_s": 0.4} if hedge else {})
    fleet = fleet_of(boxes, faults, **resilience)

    async def workflow(rt: cm.Runtime, opened: cm.OpenFleet) -> tuple[list[Told], Ledger]:
        async def grown(place: int) -> Told:
            roll = dice(f"{seed} {place}")
            tree = Tree(rt, opened, f"tree {place}", build_delegation(roll.choice(DELEGATIONS)), limits_of(roll))
            tree.ledger = Watched(tree.limits.budget, within=opened.ledger)
            told = Told(tree)
            await descend(told, roll, 0, None)
            return told

        return await rt.gather(*map(grown, range(TREES))), opened.ledger

    done = run(workflow, fleet, behaviour=Erring(seed, share), on_step=steps.append, budget=cm.Budget(usd, calls=calls))
    forest, whole = done.result
    for told in forest:
        checked(told, [step for step in steps if step.tree == told.tree.name])
    for kept in ("spent", "uncertain", "estimated"):
        parts = sum((getattr(told.tree.ledger, kept) for told in forest), cm.Amount())
        for name in FIELDS:
            assert abs(getattr(getattr(whole, kept), name) - getattr(parts, name)) <= 1e-6, (kept, name)
    SEEN.update(step.error or "said" for step in steps)
    SEEN["trees"] += len(forest)


def test_no_budget_is_ever_passed_and_every_ask_ends_once() -> None:
    """And they met every way to fail, else this would say little."""
    SEEN.clear()
    twenty_recursions()
    assert {"said", "budget", "depth", "wall", "endpoint", "room"} <= set(SEEN)
    assert SEEN["checked"] > 2_000
