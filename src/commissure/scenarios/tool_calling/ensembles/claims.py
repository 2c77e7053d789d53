"""The claims about ensembles: what eight candidates of a small model are worth, and what they take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from commissure.scenarios.scenario import Claim, Verdict
from commissure.scenarios.tool_calling.ensembles.best import Best
from commissure.scenarios.tool_calling.ensembles.evidence import SCENARIO_NAME, Evidence, N, evidence
from commissure.scenarios.tool_calling.silicon.case import Work
from commissure.scenarios.tool_calling.silicon.eight import CLAIMED, STATEMENT, eight_at_one
from commissure.theory.votes.reach import Limits, limits, populations_reaching

SOURCE = "Callosum, Heterogeneous Intelligence (2026): tool calling, ensembles of a small model"
ONE, EIGHT = 0.313, 0.4227
LEAD = 0.02
QUESTIONS = 16
"""So many questions a case of the computed latency: enough for the lengths of answers that differ."""


def tool_calls_claims(measured: Sequence[Mapping[str, Any]]) -> list[Claim]:
    """From the newest live run of enough records, else from the recorded one; times on silicon are modelled."""
    found = evidence(measured)
    return [gain_claim(found), lead_claim(found), _latency()]


def gain_claim(found: Evidence) -> Claim:
    """Reproduced if a member's best ensemble gains on its own greedy answer, and 11 points are within the interval."""
    live = {one.who: _told(one) for one in found.best}
    reached = [one for one in found.best if one.against_greedy[1] > 0 and one.against_greedy[2] >= EIGHT - ONE]
    why = "; ".join(f"{one.who}: {one.policy} is {one.why}" for one in found.best)
    return _claim(
        "eight-candidates-gain",
        "Eight candidates of a 1B model raise its accuracy from 31.3 % to 42.27 %, by 11 points",
        {"one": ONE, "eight": EIGHT, "points": round(100 * (EIGHT - ONE), 2)},
        _reach(),
        live,
        bool(reached),
        f"on our models (no 1B model is at hand), policies chosen on the other records: {why}. {_in_theory()}",
        found,
    )


def lead_claim(found: Evidence) -> Claim:
    """Reproduced if a smaller member's best ensemble is better than the larger model's greedy answer."""
    small = [one for one in found.best if one.against_larger is not None]
    live = {one.who: _told(one) for one in small}
    led = [one for one in small if one.against_larger is not None and one.against_larger[1] > 0]
    told = "; ".join(
        f"{one.who}: {_points(one.against_larger)} to the larger model's greedy answer, "
        f"{_points(one.against_greedy)} to its own"
        for one in small
    )
    return _claim(
        "two-points",
        "Eight candidates of a small model gain two points; taken as over the larger model's one greedy answer",
        {"points": 100 * LEAD},
        None,
        live,
        bool(led),
        told or "there was no larger model in the run",
        found,
    )


def _latency() -> Claim:
    found = eight_at_one(Work(questions=QUESTIONS))
    return Claim(
        f"{SCENARIO_NAME}/eight-at-one", SCENARIO_NAME, STATEMENT, SOURCE, CLAIMED, found.sim(), None,
        _verdict(found.reproduced), f"modelled: {found.why}", found.inputs(),
    )  # fmt: skip


def _in_theory() -> str:
    least = min(one.mode for one in populations_reaching(ONE, EIGHT, N))
    return (
        "In theory a vote alone can do it: sim says which populations of questions with a mean of 31.3 % would give "
        f"that; in all of them the right value is the likeliest of at least {least:.0%} of the questions, and greedy "
        "answers find most of those too, so that the gain is over one sample rather than over greedy"
    )


def _reach() -> dict[str, Any]:
    """Populations whose mean is the claim's one sample and whose vote is its eight; and the bounds of any vote."""
    met = populations_reaching(ONE, EIGHT, N)
    bounds: Limits = limits(N, mean=ONE)
    return {
        "populations": [
            {"top wrong value": one.top, "precision": round(one.precision, 2), "likeliest is right": round(one.mode, 3),
             "oracle of 8": round(one.oracle, 3)}
            for one in met
        ],
        "vote of 8, least and most of any population": [round(bounds.least, 3), round(bounds.most, 3)],
    }  # fmt: skip


def _claim(
    id: str, statement: str, claimed: Any, sim: Any, live: Any, reproduced: bool, why: str, found: Evidence
) -> Claim:  # fmt: skip
    name = f"{SCENARIO_NAME}/{id}"
    return Claim(
        name, SCENARIO_NAME, statement, SOURCE, claimed, sim, live, _verdict(reproduced), why, dict(found.inputs)
    )


def _verdict(reproduced: bool) -> Verdict:
    return "reproduced" if reproduced else "not reproduced"


def _told(one: Best) -> dict[str, Any]:
    return {
        "policy": one.policy,
        "right": round(one.right[0], 3),
        "greedy": round(one.greedy, 3),
        "oracle of 8": round(one.oracle, 3),
        "less greedy": _points(one.against_greedy),
        "less one sample": _points(one.against_one),
    }


def _points(value: tuple[float, float, float] | None) -> str:
    if value is None:
        return "-"
    mean, low, high = (100 * one for one in value)
    return f"{mean:+.1f} points ({low:+.1f} .. {high:+.1f})"
