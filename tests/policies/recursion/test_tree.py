"""A tree keeps its limits, tells failures by their kind, and blames the delegation where that is at fault."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pytest

import commissure as cm
from commissure.hal.errors import MalformedReply
from commissure.hal.fleets.fault import Fault
from commissure.hal.ledger import Amount
from commissure.policies.recursion.ask import Ask, Failed, Limits, Outcome, Said
from commissure.policies.recursion.bounds import efficiency
from commissure.policies.recursion.delegation.by_depth import ByDepth
from commissure.policies.recursion.delegation.delegation import Delegation
from commissure.policies.recursion.delegation.one import One
from commissure.policies.recursion.tree import Tree
from tests.policies.recursion.bench import Counts, dear_and_cheap, fleet_of, profile, treed


def asks(number: int, **changes: Any) -> list[Ask]:
    return [Ask(f"word {place} " * 10, "expand", **changes) for place in range(number)]


def kinds(outcomes: list[Outcome]) -> list[str]:
    return [one.kind if isinstance(one, Failed) else "said" for one in outcomes]


class Raises:
    """Every answer fails on its way."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def answer(self, call: cm.Call) -> tuple[str, int]:
        raise self.error


class Strange(Delegation):
    """Gives what it was made with, or raises it."""

    def __init__(self, given: Any) -> None:
        self.given = given

    def place(self, *asked: Any) -> Any:
        if isinstance(self.given, BaseException):
            raise self.given
        return self.given(asked[-1]) if callable(self.given) else self.given


async def unawaited() -> None: ...


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, r"Strange\.place\(\) returned None; it must be one of fleet.candidates: dear, cheap"),
        ("dear", "returned 'dear'; it must"),
        (Unprintable(), "returned a Unprintable; it must"),
        (lambda fleet: cm.Candidate("dearest", *_parts(fleet)), "returned Candidate.name='dearest'"),
        (lambda fleet: unawaited(), "returned a coroutine: write `def place`, without async"),
        (ZeroDivisionError("by nought"), r"Strange\.place\(\) cannot be asked: ZeroDivisionError: by nought"),
        (SystemExit(3), "SystemExit: 3"),
        (cm.UsageError("said by itself"), "said by itself"),
    ],
)
def test_a_delegation_at_fault_ends_the_run_with_its_name(given: Any, message: str) -> None:
    with pytest.raises(cm.UsageError, match=message):
        treed(lambda tree: tree.ask_all(asks(3)), delegation=Strange(given))


def _parts(fleet: cm.FleetStatus) -> tuple[Any, Any, int]:
    one = fleet.candidates[0]
    return one.profile, one.capabilities, one.running


def test_an_endpoint_that_the_fleet_has_not_is_named_before_anything_is_asked() -> None:
    with pytest.raises(cm.UsageError, match=r"endpoint of delegation ByDepth 'chep'\. Did you mean 'cheap'\?"):
        treed(lambda tree: tree.ask_all(asks(1)), delegation=ByDepth({0: "dear", 1: "chep"}))


def test_what_does_not_fit_goes_elsewhere_unless_that_is_forbidden() -> None:
    long = Ask("word " * 3000, "expand")

    async def work(tree: Tree) -> Outcome:
        return await tree.ask(long)

    assert treed(work, delegation=One("cheap")).steps[0].endpoint == "dear"
    strict = treed(work, delegation=One("cheap", strict=True))
    assert (strict.result.kind, strict.result.problem[:24]) == ("room", "endpoint 'cheap' cannot ")
    assert strict.run.calls == ()
    nowhere = treed(work, fleet_of({"small": profile(1.0, 500, 1.0, 0.01)}))
    assert nowhere.result.kind == "room"


def test_failed_calls_leave_the_others_alone() -> None:
    """Two of the five are too long for any endpoint, and one is too deep."""
    given = asks(5)
    given[1] = Ask("word " * 200_000, "expand")
    given[3] = Ask("word", "expand", depth=2)
    done = treed(lambda tree: tree.ask_all(given))
    assert kinds(done.result) == ["said", "room", "said", "depth", "said"]
    assert len(done.steps) == 5


def test_the_time_limit_cuts_what_is_under_way_and_sends_nothing_more() -> None:
    """Calls take 1.05 s and 2 run at once: by 2.5 s four have ended, two are under way, four never began."""

    async def work(tree: Tree) -> tuple[list[Outcome], float, Amount]:
        said = await tree.ask_all(asks(10, max_tokens=4))
        return said, tree.rt.now() - tree.began_s, tree.ledger.reserved

    done = treed(work, delegation=One("cheap"), limits=Limits(wall_s=2.5, fan_out=2))
    outcomes, took_s, reserved = done.result
    assert kinds(outcomes) == ["said"] * 4 + ["wall"] * 6
    assert took_s == pytest.approx(2.5)
    assert reserved == Amount()
    cut = [step for step in done.steps if step.error == "wall"]
    assert sum(step.endpoint == "cheap" for step in cut) == 2
    assert all(step.end_s == pytest.approx(2.5) for step in cut)


@pytest.mark.parametrize("wall_s", [math.inf, 100.0, 0.3])
def test_cancellation_from_outside_passes_through_whatever_the_own_limit(wall_s: float) -> None:
    async def work(tree: Tree) -> tuple[float, Amount, float]:
        with tree.rt.move_on_after(0.3):
            await tree.ask_all(asks(3))
        return tree.rt.now(), tree.ledger.reserved, tree.ledger.spent.calls

    done = treed(work, limits=Limits(wall_s=wall_s, fan_out=2))
    ended_s, reserved, calls = done.result
    assert (ended_s, reserved) == (pytest.approx(0.3), Amount())
    # What was sent is paid for, and so it is in the trajectory.
    assert calls == 2 == sum(step.endpoint != "" for step in done.steps)
    assert {step.error for step in done.steps} <= {"cancelled", "wall"}


def test_one_place_serves_all_depths_without_deadlock() -> None:
    async def down(tree: Tree, depth: int) -> int:
        said = await tree.ask(Ask("word", "expand", depth=depth))
        if depth == 3:
            return int(isinstance(said, Said))
        return int(isinstance(said, Said)) + sum(await tree.rt.gather(*(down(tree, depth + 1) for _ in range(2))))

    done = treed(lambda tree: down(tree, 0), limits=Limits(depth=3, fan_out=1))
    assert done.result == 15
    times = sorted((step.start_s, step.end_s) for step in done.steps)
    assert all(end <= start + 1e-9 for (_, end), (start, _) in pairwise(times))


@pytest.mark.parametrize("fan_out", [1, 3, 7])
def test_no_more_at_once_than_the_cap_and_no_place_empty_while_calls_wait(fan_out: int) -> None:
    done = treed(lambda tree: tree.ask_all(asks(20)), limits=Limits(fan_out=fan_out), delegation=One("cheap"))
    edges = sorted([(step.start_s, 1) for step in done.steps] + [(step.end_s, -1) for step in done.steps])
    at_once = [sum(change for _, change in edges[: place + 1]) for place in range(len(edges))]
    assert max(at_once) == fan_out
    assert efficiency(done.steps, fan_out) >= 1 / (2 - 1 / fan_out) - 1e-9


def test_budgets_are_kept_before_anything_is_sent_and_answers_tell_what_was_used() -> None:
    behaviour = Counts()

    async def work(tree: Tree) -> tuple[list[Outcome], Amount, Amount]:
        return await tree.ask_all(asks(10)), tree.ledger.spent, tree.ledger.left

    done = treed(work, limits=Limits(calls=4, fan_out=2), behaviour=behaviour)
    outcomes, spent, left = done.result
    assert sorted(kinds(outcomes)) == ["budget"] * 6 + ["said"] * 4
    assert len(behaviour.asked) == spent.calls == 4
    assert left.calls == 0
    assert spent.usd == pytest.approx(sum(step.cost_usd for step in done.steps))
    assert spent.usd > 0


def test_retries_are_the_endpoints_own_and_each_is_settled() -> None:
    """A refusal is free; an answer that came broken is estimated, and the rest of its reservation stays aside."""

    async def work(tree: Tree) -> tuple[list[Outcome], cm.Ledger, cm.Ledger]:
        return await tree.ask_all(asks(2)), tree.ledger, tree.fleet.ledger

    refused = treed(work, dear_and_cheap([Fault(endpoint="dear", kind="fail", rate=1.0)], attempts=3))
    assert kinds(refused.result[0]) == ["endpoint", "endpoint"]
    assert len(refused.run.failures) > 2
    assert refused.result[1].spent == Amount() == refused.result[1].uncertain
    broken = treed(work, behaviour=Raises(MalformedReply("dear", "half an answer")))
    outcomes, own, whole = broken.result
    assert kinds(outcomes) == ["endpoint", "endpoint"]
    assert own.spent == own.estimated == whole.spent
    assert own.spent.usd > 0
    assert own.uncertain.usd > 0
    assert own.uncertain == whole.uncertain
    assert len(broken.steps) == 2


def test_a_fault_of_the_run_itself_is_no_failed_call() -> None:
    """As a disk that is full, where the journal is written."""

    class Full(cm.CommissureError):
        pass

    async def work(tree: Tree) -> Outcome:
        def full(*_: Any) -> None:
            raise Full("no space left")

        tree.fleet._heard = full  # type: ignore[method-assign, assignment]
        return await tree.ask(asks(1)[0])

    with pytest.raises(Full, match="no space left"):
        treed(work)


def test_a_step_tells_times_in_order_and_counts_what_was_sent() -> None:
    done = treed(lambda tree: tree.ask_all(asks(3, system="be brief")), limits=Limits(fan_out=1))
    for step in done.steps:
        assert step.first_s is not None
        assert step.start_s <= step.start_s + step.queue_s <= step.first_s <= step.end_s
        assert step.prompt_chars == len("be brief") + len("word 0 " * 10)


def test_what_a_step_waited_for_since_it_had_its_place_is_its_queue() -> None:
    """For the first 2 s every try is refused; the time until the one that is answered counts as waiting."""
    fleet = dear_and_cheap([Fault(endpoint="dear", kind="fail", rate=1.0, for_s=2.0)], attempts=9, breaker_failures=0)
    done = treed(lambda tree: tree.ask(asks(1)[0]), fleet)
    (step,) = done.steps
    (call,) = done.run.calls
    assert done.run.failures
    assert step.start_s == 0.0
    assert step.queue_s == pytest.approx(call.start_s + call.queue_s)
    assert step.queue_s >= 2.0


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        ({"usd": "x"}, "usd is a number"), ({"wall_s": "9"}, "wall_s is a number"), ({"calls": -1}, "calls is a num"),
        ({"usd": float("nan")}, "usd is a number"), ({"depth": 1.5}, "depth is 0 to 8"), ({"depth": 9}, "depth is 0"),
        ({"fan_out": 2.5}, "fan_out is the number"), ({"fan_out": 0}, "fan_out is the number"), ({"wall_s": 0}, "> 0"),
    ],
)  # fmt: skip
def test_limits_that_are_none_are_told(given_: dict[str, Any], message: str) -> None:
    with pytest.raises(cm.UsageError, match=message):
        Limits(**given_)


def test_a_task_is_of_texts() -> None:
    with pytest.raises(cm.UsageError, match="context is a text, not bytes"):
        cm.Task("What?", b"bytes")  # type: ignore[arg-type]
