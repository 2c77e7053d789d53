"""How sure a fitted curve is: what its parameters become when each published point is left out in turn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from commissure.hal.errors import UsageError
from commissure.theory.context.curve import Curve, Fit, fit, without_each
from commissure.theory.context.published import Demand, Source, find, published

Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Spread:
    """The least and the most of each parameter over the fits with one point left out; `half` in tokens."""

    top: Range
    floor: Range
    half: Range
    steep: Range


@dataclass(frozen=True, slots=True)
class Row:
    """One published series beside its fit; errors in points of 100, `spread` None where points are too few for one."""

    model: str
    demand: Demand
    source: Source
    read_off_a_plot: bool
    fit: Fit
    spread: Spread | None


def spread_of(scores: Mapping[int, float]) -> Spread:
    """Over the fits to all points but one: delete-one, as a jackknife does, without its assumption of a normal error.

    With five or six points for four parameters a standard error would promise more than there is, so it is the range.
    Raises UsageError for fewer than two points.
    """
    found = list(without_each(scores).values())
    return Spread(*(_range(found, name) for name in Curve.__slots__))


def rows() -> list[Row]:
    """All series of one long call. `fit.error` says how well the form suits the points, not what it foretells."""
    return [
        Row(
            one.model, one.demand, one.source, one.read_off_a_plot, found := fit(one.scores),
            None if found.left_out_error is None else spread_of(one.scores),
        )
        for one in published().series
    ]  # fmt: skip


def disagreement(model: str, demand: Demand, fitted: Source, told: Source) -> float:
    """The mean absolute error, in points of 100, of one source's curve at the points of another.

    Raises UsageError if either has no series of the model.
    """
    one, two = find(model, demand, fitted), find(model, demand, told)
    if one is None or two is None:
        raise UsageError(f"{model}, {demand} demand: no series of both {fitted!r} and {told!r}")
    curve = fit(one.scores).curve
    return sum(abs(100 * curve.at(length) - score) for length, score in two.scores.items()) / len(two.scores)


def _range(curves: list[Curve], name: str) -> Range:
    values = [float(getattr(curve, name)) for curve in curves]
    return min(values), max(values)
