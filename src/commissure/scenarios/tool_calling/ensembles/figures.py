"""The figures of tool-calls: accuracy against n, against tokens and time, and how far confidences can be trusted."""

from __future__ import annotations

from collections.abc import Sequence

from commissure.scenarios.figures import COLOURS, new_axes, svg
from commissure.scenarios.legs import LegSummary
from commissure.scenarios.tool_calling.ensembles.measures import Calibration, Measured, Measures, MemberMeasures


def figures_of(legs: Sequence[LegSummary]) -> list[tuple[str, str]]:
    """Of each leg: a curve a member and vote, one scatter of all policies, and the calibration of the leg's policy."""
    found = []
    for leg in legs:
        measures = Measures.model_validate(leg.measures["ensembles"])
        for name, one in measures.members.items():
            title = f"{leg.world}, {leg.policy}: {one.model} ({name}), accuracy against the number of candidates"
            found.append((title, votes_figure(one, _greedy(measures, name))))
        found.append((f"{leg.world}, {leg.policy}: accuracy against tokens and time", price_figure(measures)))
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
        colour = COLOURS[1 + number]
        axes.plot(curve.n, curve.accuracy, "o-", color=colour, label=f"{curve.policy}, measured")
        axes.fill_between(curve.n, curve.low, curve.high, color=colour, alpha=0.15, linewidth=0)
    if one.foretold is not None:
        for number, told in enumerate((one.foretold.plurality, one.foretold.per_field)):
            name = ("plurality", "per_field")[number]
            axes.plot(told.n, told.accuracy, "--", color=COLOURS[1 + number], label=f"{name}, foretold from two")
    axes.plot(curves[0].n, curves[0].oracle, ":", color=COLOURS[0], label="oracle, measured")
    axes.axhline(greedy, color=COLOURS[5], linewidth=1, label="greedy")
    axes.set_xlabel("candidates")
    axes.set_ylabel("records right")
    axes.set_ylim(0, 1)
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return svg(figure)


def price_figure(measures: Measures) -> str:
    """Records right against seconds, one greedy answer and all candidates, and each policy against its tokens."""
    figure, axes = new_axes(9.0, 3.6)
    for number, (name, one) in enumerate(measures.members.items()):
        colour = COLOURS[1 + number]
        rows = [row for row in measures.rows if row.who == name and row.policy not in ("oracle", "one sample")]
        axes.scatter([row.tokens for row in rows], [row.right[0] for row in rows], color=colour, s=14, label=name)
        for row in rows:
            seconds = one.pace.greedy_s if row.policy == "greedy" else one.pace.candidates_s
            told = (
                f"{row.policy}, {seconds:.1f} s" if row.policy in ("greedy", "plurality", "per_field") else row.policy
            )
            axes.annotate(told, (row.tokens, row.right[0]), fontsize=6, xytext=(3, 2), textcoords="offset points")
    axes.set_xscale("log")
    axes.set_xlabel("tokens said a record")
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
        axes.plot(sure, right, "o-", color=COLOURS[1 + number], label=label)
        for bin in one.bins:
            axes.annotate(str(bin[2]), bin[:2], fontsize=6, xytext=(3, 2), textcoords="offset points")
    axes.set_xlabel("confidence")
    axes.set_ylabel("records right")
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return svg(figure)


def _greedy(measures: Measures, name: str) -> float:
    return next(row.right[0] for row in measures.rows if (row.who, row.policy) == (name, "greedy"))
