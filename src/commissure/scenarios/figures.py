"""Figures of a report, as SVG text to stand inside the page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from io import StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from commissure.scenarios.legs import LegSummary

# Colour-blind safe (Okabe and Ito 2008), by the order of the policies.
COLOURS = ("#000000", "#e69f00", "#56b4e9", "#009e73", "#cc79a7", "#0072b2", "#d55e00")


def prediction_figure(legs: Sequence[LegSummary]) -> str:
    """Measured beside predicted total time of each live leg, in seconds."""
    live = [leg for leg in legs if leg.predicted_time_s is not None]
    figure, axes = new_axes(9.0, 0.8 + 0.45 * len(live))
    places = range(len(live))
    axes.barh([place - 0.2 for place in places], [leg.predicted_time_s or 0 for leg in live], 0.38,
              color="#56b4e9", label="predicted (modelled, from the calibration)")  # fmt: skip
    axes.barh([place + 0.2 for place in places], [leg.time_s for leg in live], 0.38,
              color="#000000", label="measured")  # fmt: skip
    axes.set_yticks(list(places), [leg.policy for leg in live])
    axes.invert_yaxis()
    axes.set_xlabel("seconds")
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return svg(figure)


def new_axes(width: float, height: float) -> tuple[Figure, Axes]:
    """An empty figure of so many inches."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def svg(figure: Figure) -> str:
    """The SVG element of a figure, the same text for the same figure."""
    import matplotlib as mpl

    text = StringIO()
    with mpl.rc_context({"svg.hashsalt": "commissure", "svg.fonttype": "none"}):
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return re.sub(r"^.*?(?=<svg)", "", text.getvalue(), flags=re.DOTALL)
