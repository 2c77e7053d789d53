"""The claims about reports: how much cheaper and better recursion is than one long call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from commissure.scenarios.deep_context.reporting.points import FLEET, SEEDS, Compared, report_points
from commissure.scenarios.deep_context.reporting.settings import NAME
from commissure.scenarios.scenario import Claim, Verdict
from commissure.theory.context.published import SOURCES
from commissure.theory.intervals import Interval

SOURCE = "Callosum, Heterogeneous Intelligence: reports on vLLM's activity (unverified)"
CLAIMED = {30_000: (2.1, 13.0), 200_000: (1.8, 13.5)}
# A claim's ratio and its points are met within a tenth.
WITHIN = 0.1


def report_claims(measured: Sequence[Mapping[str, Any]]) -> list[Claim]:
    """At either size. Live values only show that the pipeline runs: local models are far smaller."""
    return [_claim(size, measured) for size in CLAIMED]


def met(claimed: float, found: float) -> bool:
    """Whether a value is within a tenth of the claimed one."""
    return abs(found - claimed) <= WITHIN * claimed


def verdict_of(found: Compared) -> Verdict:
    """Reproduced if both numbers are met; not testable where one long call cannot be made."""
    if found.failures:
        return "not testable"
    cheaper, points = CLAIMED[found.tokens]
    return "reproduced" if met(cheaper, found.cheaper) and met(points, found.more.mean) else "not reproduced"


def _claim(size: int, measured: Sequence[Mapping[str, Any]]) -> Claim:
    cheaper, points = CLAIMED[size]
    found = report_points(size)
    return Claim(
        f"{NAME}/{size // 1000}k", NAME,
        f"A report on {size:,} tokens of a log is {cheaper}x cheaper and {points:g} points better by recursion over "
        "unlike models than by one long call",
        SOURCE, {"times cheaper": cheaper, "more points": points}, _told(found), _live(measured), verdict_of(found),
        _why(found, cheaper, points), _inputs(size, found),
    )  # fmt: skip


def _why(found: Compared, cheaper: float, points: float) -> str:
    if found.failures:
        return f"one long call failed ({found.failures}), so there is nothing to compare recursion with"
    return (
        f"modelled: {found.cheaper:.2f}x cheaper against {cheaper}x, and {_interval(found.more)} more points against "
        f"{points:g}. The points hang on assumed error rates of models (reporting/skill.toml), which no public "
        "measurement backs, so agreement or not says little of real models. The money hangs on public prices and "
        "on how much each model says: a long call that leaves out commits is cheaper by that. The rubric, the log and "
        "the models of the claim are not public"
    )


def _told(found: Compared) -> dict[str, Any]:
    return {
        "times cheaper": round(found.cheaper, 2),
        "more points": _interval(found.more),
        "points of one call": _interval(found.one_call),
        "points of recursion": _interval(found.heterogeneous),
        "USD of one call": round(found.one_call_usd.mean, 4),
        "USD of recursion": round(found.heterogeneous_usd.mean, 4),
    }


def _inputs(size: int, found: Compared) -> dict[str, Any]:
    return {
        "log": f"made up from {SEEDS} seeds, {size:,} tokens at 4 characters each, {found.commits:.0f} commits",
        "fleet": FLEET,
        "strong model in both": found.strong,
        "errors of models": "reporting/skill.toml, all assumed",
        "what a long call finds": f"{SOURCES['oolong']}: GPT-5's curve; that it holds of listings is assumed",
        "interval": f"95 % bootstrap over {SEEDS} seeds",
    }


def _live(measured: Sequence[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Points by policy of the newest live run of each."""
    found = {
        str(one["policy"]): round(one["report"]["total"], 1)
        for one in measured
        if one.get("scenario") == NAME and one.get("world") == "live" and isinstance(one.get("report"), Mapping)
    }
    return {"points by policy on small local models": found} if found else None


def _interval(one: Interval) -> str:
    return f"{one.mean:.1f} ({one.low:.1f} .. {one.high:.1f})"
