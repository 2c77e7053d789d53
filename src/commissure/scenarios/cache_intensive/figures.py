"""The figure of cache scenarios."""

from __future__ import annotations

from collections.abc import Sequence

from commissure.scenarios.figures import COLOURS, new_axes, svg
from commissure.scenarios.legs import LegSummary


def misses_figure(legs: Sequence[LegSummary]) -> str:
    """Misses of each iteration: simulated as lines, measured as circles, the fewest possible as a grey area."""
    figure, axes = new_axes(9.0, 3.4)
    policies = list(dict.fromkeys(leg.policy for leg in legs))
    for leg in legs:
        place = policies.index(leg.policy)
        colour = COLOURS[place % len(COLOURS)]
        misses = leg.measures["misses_per_iteration"]
        iterations = range(1, len(misses) + 1)
        if leg.world == "sim":
            # Later lines are thinner, so that policies that do the same all stay visible.
            axes.plot(iterations, misses, color=colour, lw=max(1.2, 4.5 - place), label=f"{leg.policy}, sim")
        else:
            axes.plot(iterations, misses, "o", color=colour, fillstyle="none", label=f"{leg.policy}, live")
    fewest = legs[0].measures["fewest_misses_per_iteration"]
    axes.fill_between(range(1, len(fewest) + 1), fewest, color="#dddddd", label="Belady's optimum (fewest in total)")
    axes.set_xlabel("iteration")
    axes.set_ylabel("prompts recomputed")
    axes.set_ylim(bottom=0)
    axes.legend(fontsize=7, ncols=2, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return svg(figure)
