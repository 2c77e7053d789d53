"""The result of a report as cells, tables and figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from commissure.scenarios.deep_context.reporting.result import Result
from commissure.scenarios.figures import COLOURS, new_axes, svg
from commissure.scenarios.legs import LegSummary
from commissure.scenarios.scenario import Table


def cells(measures: Mapping[str, Any]) -> dict[str, str]:
    """Of a leg's row."""
    one = Result.model_validate(measures["report"])
    late = measures.get("call_p95_s")
    return {
        "points": f"{one.total:.1f}",
        "attribution F1": f"{one.f1:.3f}",
        "nothing invented": "yes" if one.zero_hallucination else f"no: {_invented(one)}",
        "left out": f"{one.left_out} of {one.pieces}",
        "p95 of a call": "-" if late is None else f"{late:.2f} s",
    }


def tables_of(legs: Sequence[LegSummary]) -> list[Table]:
    """The rubric by its parts; who did what, and what became of it."""
    shown = [(leg, Result.model_validate(leg.measures["report"])) for leg in legs]
    parts = list(dict.fromkeys(part for _, one in shown for part in one.points))
    rubric = [
        [leg.world, leg.policy, *(f"{one.points.get(part, 0.0):.1f}" for part in parts), f"{one.total:.1f}",
         f"{one.precision:.3f}", f"{one.recall:.3f}"]
        for leg, one in shown
    ]  # fmt: skip
    course = [
        [leg.world, leg.policy, one.reads, one.writes, one.checks, str(one.pieces), str(one.left_out), str(one.dropped),
         str(one.written), _failures(one), f"{one.usd:.4f}", f"{one.tokens:,.0f}", f"{one.calls:.0f}",
         f"{one.wall_s:.1f}"]
        for leg, one in shown
    ]  # fmt: skip
    return [
        Table("Points of 100, by part", ["world", "policy", *parts, "total", "precision", "recall"], rubric),
        Table(
            "What each took",
            ["world", "policy", "reads", "writes", "checks", "pieces", "left out", "rows dropped", "lines by a model",
             "failures", "USD", "tokens", "calls", "s"],
            course,
        ),
    ]  # fmt: skip


def figures_of(legs: Sequence[LegSummary]) -> list[tuple[str, str]]:
    """Points against what they took."""
    return [
        ("Points against USD", _scatter(legs, "USD", lambda one: one.usd)),
        ("Points against seconds", _scatter(legs, "seconds", lambda one: one.wall_s)),
    ]


def _scatter(legs: Sequence[LegSummary], unit: str, of: Callable[[Result], float]) -> str:
    figure, axes = new_axes(6.0, 3.2)
    colours = dict(zip(dict.fromkeys(leg.policy for leg in legs), COLOURS * len(legs), strict=False))
    for leg in legs:
        one = Result.model_validate(leg.measures["report"])
        axes.plot(of(one), one.total, "o" if leg.world == "live" else "s", color=colours[leg.policy],
                  label=f"{leg.policy}, {leg.world}")  # fmt: skip
    axes.set_xlabel(unit)
    axes.set_ylabel("points of 100")
    axes.set_ylim(0, 102)
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return svg(figure)


def _invented(one: Result) -> str:
    return ", ".join(one.hallucinated[:2]) or "no report"


def _failures(one: Result) -> str:
    return ", ".join(f"{count} {kind}" for kind, count in one.failures.items()) or "none"
