"""The figures of oolong: what a score costs, in money and in seconds."""

from __future__ import annotations

from collections.abc import Sequence

from commissure.scenarios.deep_context.recursing.measures import Measures
from commissure.scenarios.figures import COLOURS, new_axes, svg
from commissure.scenarios.legs import LegSummary


def figures_of(legs: Sequence[LegSummary]) -> list[tuple[str, str]]:
    """One for money, one for seconds."""
    found = [(f"{leg.world}, {leg.policy}", Measures.model_validate(leg.measures["oolong"])) for leg in legs]
    if not found:
        return []
    return [
        ("score against money", _scatter(found, "USD a question", [one.usd[0] for _, one in found])),
        ("score against time", _scatter(found, "seconds a question", [one.wall_s[0] for _, one in found])),
    ]


def _scatter(found: Sequence[tuple[str, Measures]], label: str, places: Sequence[float]) -> str:
    figure, axes = new_axes(6.0, 3.4)
    for number, ((name, one), place) in enumerate(zip(found, places, strict=True)):
        mean, low, high = (100 * part for part in one.score)
        axes.errorbar([place], [mean], yerr=[[mean - low], [high - mean]], fmt="o", capsize=3,
                      color=COLOURS[number % len(COLOURS)], label=name)  # fmt: skip
    if min(places) > 0:
        axes.set_xscale("log")
    axes.set_xlabel(label)
    axes.set_ylabel("score (95 % interval)")
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return svg(figure)
