"""The figures of tool-calls: accuracy against n, against tokens and time, and how far confidences can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from commissure.scenarios.figures import COLOURS, new_axes, svg
from commissure.scenarios.legs import LegSummary
from commissure.scenarios.tool_calling.ensembles.measured import Calibration, Measured
from commissure.scenarios.tool_calling.ensembles.measures import Measures, MemberMeasures
from commissure.scenarios.tool_calling.ensembles.on_silicon import on_silicon, silicon_figure
from commissure.scenarios.tool_calling.ensembles.rows import Row
from commissure.scenarios.tool_calling.ensembles.ways import GREEDY, ONE, ORACLE, STOPPED

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def figures_of(legs: Sequence[LegSummary]) -> list[tuple[str, str]]:
    """Of each leg: a curve a member and vote, all policies by time and by cost, and how sure the leg's policy is."""
    found = []
    for leg in legs:
        measures = Measures.model_validate(leg.measures["ensembles"])
        for name, one in measures.members.items():
            title = f"{leg.world}, {leg.policy}: {one.model} ({name}), accuracy against the number of candidates"
            found.append((title, votes_figure(one, _greedy(measures, name))))
        found.append((f"{leg.world}, {leg.policy}: accuracy against latency", time_figure(measures)))
        found.append((f"{leg.world}, {leg.policy}: accuracy against cost, in tokens", cost_figure(measures)))
        if on_silicon(leg):
            found.append(silicon_figure())
        confident = {name: one.calibration for name, one in measures.members.items()}
        found.append((f"{leg.world}, {leg.policy}: confidence against accuracy", calibration_figure(confident)))
    return found


def votes_figure(one: MemberMeasures, greedy: float) -> str:
    """Measured with its interval, as foretold with its band, greedy and the oracle."""
    figure, axes = new_axes(9.0, 3.6)
    curves: list[Measured] = [one.plurality, one.per_field]
    if one.own.policy not in ("plurality", "per_field"):
        curves.append(one.own)
    for number, curve in enumerate(curves):
        colour = colour_of(number)
        axes.plot(curve.n, curve.accuracy, "o-", color=colour, label=f"{curve.policy}, measured")
        axes.fill_between(curve.n, curve.low, curve.high, color=colour, alpha=0.15, linewidth=0)
    if one.foretold is not None:
        for number, told in enumerate((one.foretold.plurality, one.foretold.per_field)):
            name = ("plurality", "per_field")[number]
            axes.plot(told.n, told.accuracy, "--", color=colour_of(number), label=f"{name}, foretold from two")
    axes.plot(curves[0].n, curves[0].oracle, ":", color=COLOURS[0], label="oracle, measured")
    axes.axhline(greedy, color=COLOURS[5], linewidth=1, label="greedy")
    axes.set_xlabel("candidates")
    axes.set_ylabel("records right")
    axes.set_ylim(0, 1)
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return svg(figure)


def time_figure(measures: Measures) -> str:
    """Records right against the median seconds that they took: one greedy answer, and all candidates with each policy.

    Those that stop early have no time of their own here, as all candidates were drawn at once.
    """
    figure, axes = new_axes(9.0, 3.6)
    for number, (name, one) in enumerate(measures.members.items()):
        for row in _policies(measures, name):
            if row.policy in STOPPED:
                continue
            more = one.pace.verify_s if row.policy == "verified" else 0.0
            seconds = one.pace.greedy_s if row.policy == GREEDY else one.pace.candidates_s + more
            _point(axes, seconds, row, number, name)
    return _shown(figure, axes, "median seconds a record")


def cost_figure(measures: Measures) -> str:
    """Records right against the tokens said for them; where they are paid, they are what is paid for."""
    figure, axes = new_axes(9.0, 3.6)
    for number, (name, one) in enumerate(measures.members.items()):
        for row in _policies(measures, name):
            more = one.pace.verify_tokens if row.policy == "verified" else 0.0
            _point(axes, row.tokens + more, row, number, name)
    return _shown(figure, axes, "tokens said a record")


def _policies(measures: Measures, name: str) -> list[Row]:
    return [row for row in measures.rows if row.who == name and row.policy not in (ORACLE, ONE)]


def _point(axes: Axes, x: float, row: Row, number: int, name: str) -> None:
    greedy = row.policy == GREEDY
    axes.plot(x, row.right[0], "s" if greedy else ".", color=colour_of(number), label=name if greedy else None)
    axes.annotate(row.policy, (x, row.right[0]), fontsize=6, xytext=(3, 2), textcoords="offset points")


def _shown(figure: Figure, axes: Axes, label: str) -> str:
    # An endpoint that takes no time at all has no place on a logarithmic axis.
    if all(x > 0 for line in axes.lines for x in np.ravel(line.get_xdata())):
        axes.set_xscale("log")
    axes.set_xlabel(label)
    axes.set_ylabel("records right")
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return svg(figure)


def calibration_figure(found: dict[str, Calibration]) -> str:
    """The share that is right against the confidence, by bins; on the diagonal it is what it says."""
    figure, axes = new_axes(6.0, 3.6)
    axes.plot([0, 1], [0, 1], color="#999999", linewidth=1)
    for number, (name, one) in enumerate(found.items()):
        sure, right = [bin[0] for bin in one.bins], [bin[1] for bin in one.bins]
        label = f"{name}: {one.policy}, error {one.expected_error:.2f}, Brier {one.brier:.2f}"
        axes.plot(sure, right, "o-", color=colour_of(number), label=label)
        for bin in one.bins:
            axes.annotate(str(bin[2]), bin[:2], fontsize=6, xytext=(3, 2), textcoords="offset points")
    axes.set_xlabel("confidence")
    axes.set_ylabel("records right")
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return svg(figure)


def colour_of(number: int) -> str:
    """Of the `number`-th member or vote, from 0 on; black is the oracle's."""
    return COLOURS[1 + number % (len(COLOURS) - 1)]


def _greedy(measures: Measures, name: str) -> float:
    return next(row.right[0] for row in measures.rows if (row.who, row.policy) == (name, GREEDY))
