"""Figures of a sweep: what is aimed at against money and against seconds, with the front of the two as a step line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from commissure.scenarios.figures import COLOURS, new_axes, svg
from commissure.scenarios.sweep.aims import Aim
from commissure.scenarios.sweep.front import front
from commissure.scenarios.sweep.row import Row, Statistic

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from commissure.scenarios.sweep.outcome import Outcome

ACROSS = {"cost_usd": "USD", "time_s": "seconds"}
# More names than that would hide the points.
MOST_NAMES = 12


def figures_of(outcome: Outcome) -> list[tuple[str, str]]:
    """Titles and SVG elements; none where there is nothing to set against money and seconds."""
    up = _aim_up(outcome.measures)
    if up is None:
        return []
    given = {aim.name: aim for aim in outcome.measures}
    figures = []
    for name, unit in ACROSS.items():
        across = given.get(name, Aim(name, False))
        rows = [row for row in outcome.rows if {name, up.name} <= row.measures.keys()]
        if name != up.name and rows:
            figures.append((f"{up.name} against {unit}", plane(rows, across, up, unit, outcome.swept)))
    return figures


def plane(rows: Sequence[Row], across: Aim, up: Aim, unit: str, swept: Sequence[str]) -> str:
    """Each row as a point with its intervals, a colour a policy; the step line is the front of these two alone."""
    figure, axes = new_axes(9.0, 4.0)
    for place, policy in enumerate(dict.fromkeys(row.policy for row in rows)):
        _points(
            axes,
            [row for row in rows if row.policy == policy],
            across,
            up,
            COLOURS[place % len(COLOURS)],
            _plain(policy),
        )
    best = sorted(front(rows, [across, up]), key=lambda row: (_mean(row, across), _mean(row, up)))
    axes.step(
        [_mean(row, across) for row in best], [_mean(row, up) for row in best],
        where="pre" if across.maximise else "post", color="#999999", lw=1.2, zorder=0, label="front of these two",
    )  # fmt: skip
    _name_points(axes, [((_mean(row, across), _mean(row, up)), _name(row, swept)) for row in best])
    axes.set_xlabel(f"{unit}: {across}")
    axes.set_ylabel(str(up))
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return svg(figure)


def _points(axes: Axes, rows: Sequence[Row], across: Aim, up: Aim, colour: str, policy: str) -> None:
    axes.errorbar(
        [_mean(row, across) for row in rows], [_mean(row, up) for row in rows],
        xerr=_errors([row.measures[across.name] for row in rows]),
        yerr=_errors([row.measures[up.name] for row in rows]),
        fmt="o", ms=4, lw=0.8, capsize=2, color=colour, label=_plain(policy),
    )  # fmt: skip


def _name_points(axes: Axes, named: Sequence[tuple[tuple[float, float], str]]) -> None:
    """What lies at one place has one name between them."""
    by_place: dict[tuple[float, float], list[str]] = {}
    for place, name in named:
        by_place.setdefault(place, []).append(name)
    for place, names in by_place.items() if len(by_place) <= MOST_NAMES else ():
        others = f" and {len(names) - 1} more" if len(names) > 1 else ""
        axes.annotate(f"{names[0]}{others}", place, (4, 4), textcoords="offset points", fontsize=6)


def _name(row: Row, swept: Sequence[str]) -> str:
    values = {"fleet": row.fleet, **row.settings}
    return _plain(" ".join([*(f"{key} {values[key]}" for key in swept), row.policy]))


def _plain(text: str) -> str:
    """As it stands: what is between two dollars would be read as mathematics."""
    return text.replace("$", r"\$")


def _errors(found: Sequence[Statistic]) -> list[list[float]]:
    """Below and above each mean."""
    below = [0.0 if one.low is None else max(0.0, one.mean - one.low) for one in found]
    above = [0.0 if one.high is None else max(0.0, one.high - one.mean) for one in found]
    return [below, above]


def _mean(row: Row, aim: Aim) -> float:
    return row.measures[aim.name].mean


def _aim_up(aims: Sequence[Aim]) -> Aim | None:
    """What is aimed at: the first that is better when more, else the first that is neither money nor seconds."""
    wanted = [aim for aim in aims if aim.maximise and aim.name not in ACROSS]
    return next(iter([*wanted, *(aim for aim in aims if aim.name not in ACROSS), *aims]), None)
