"""Stages and their bounds, on cases computed by hand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.journal import StepRecord
from commissure.policies.recursion.ask import Ask, Limits
from commissure.policies.recursion.bounds import efficiency, stages
from commissure.policies.recursion.delegation.one import One
from commissure.sim.behaviour import Filler
from tests.policies.recursion.bench import fleet_of, profile, treed


def step(id: int, start_s: float, end_s: float, parent: int | None = None, **changes: Any) -> StepRecord:
    given_: dict[str, Any] = {"tree": "t", "depth": 1, "kind": "expand", "endpoint": "e"} | changes
    return StepRecord(id=id, parent=parent, start_s=start_s, end_s=end_s, **given_)


def test_five_equal_calls_on_two_places() -> None:
    """One place has to serve three of them: 6 s, though 10 s of work on two places would need 5."""
    steps = [step(place, 2.0 * (place // 2), 2.0 * (place // 2) + 2) for place in range(5)]
    (stage,) = stages(steps)
    assert (stage.calls, stage.makespan_s, stage.work_s, stage.longest_s) == (5, 6.0, 10.0, 2.0)
    assert stage.bound_s(2) == 6.0
    assert efficiency(steps, 2) == 1.0
    assert efficiency(steps, 1) == 1.0


def test_grahams_worst_case_for_two_places() -> None:
    """1, 1, 2 in this order end at 3, where 2 is the bound: 2 - 1/2 times as late."""
    steps = [step(0, 0, 1), step(1, 0, 1), step(2, 1, 3)]
    assert efficiency(steps, 2) == pytest.approx(1 / (2 - 1 / 2))


def test_a_piece_that_is_asked_about_again_is_a_chain() -> None:
    steps = [step(0, 0, 2), step(1, 0, 1), step(2, 2, 5, parent=0, kind="verify")]
    (stage,) = stages(steps)
    assert (stage.longest_s, stage.work_s) == (5.0, 6.0)
    assert efficiency(steps, 4) == 1.0


def test_stages_are_told_apart_by_who_asks_and_the_root_is_none() -> None:
    root: dict[str, Any] = {"depth": 0, "kind": "plan"}
    steps = [
        step(0, 0, 10, **root), step(1, 10, 12, 0), step(2, 10, 11, 0), step(3, 12, 12, 0, kind="run", endpoint=""),
        step(4, 12, 20, **root), step(5, 20, 21, 4), step(6, 21, 22, 4), step(7, 22, 22, 4, endpoint="", error="depth"),
        step(8, 22, 30, kind="aggregate"),
    ]  # fmt: skip
    assert [(one.calls, one.makespan_s) for one in stages(steps)] == [(2, 2.0), (2, 2.0), (1, 8.0)]
    # Bounds of 2, 1 and 8 s, of 12 s.
    assert efficiency(steps, 2) == pytest.approx(11 / 12)
    assert efficiency([], 2) == efficiency([step(0, 1, 1)], 2) == 1.0


@settings(max_examples=40, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=25), fan_out=st.integers(1, 8),
)  # fmt: skip
def test_calls_that_do_not_slow_each_other_keep_grahams_bound(lengths: list[int], fan_out: int) -> None:
    fleet = fleet_of({"e": profile(1.0, 10_000, 0.01, 0.1)})
    asks = [Ask("word", "expand", max_tokens=length) for length in lengths]
    done = treed(lambda tree: tree.ask_all(asks), fleet, One(), Limits(fan_out=fan_out), Filler())
    (stage,) = stages(done.steps)
    assert stage.calls == len(lengths)
    bound = stage.bound_s(fan_out)
    assert bound - 1e-9 <= stage.makespan_s <= (2 - 1 / fan_out) * bound + 1e-9
    assert 1 / (2 - 1 / fan_out) - 1e-9 <= efficiency(done.steps, fan_out) <= 1
