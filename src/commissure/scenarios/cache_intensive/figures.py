"""The figures of cache scenarios."""

from __future__ import annotations

from collections.abc import Sequence

from commissure.hal.eviction import Plan
from commissure.policies.cache import build_evictor
from commissure.policies.cache.traces.flat import replay, uses_of
from commissure.scenarios.cache_intensive.sweeps import Point
from commissure.scenarios.figures import COLOURS, new_axes, svg
from commissure.scenarios.legs import LegSummary
from commissure.theory.cache.belady import fewest_misses

# What a hit curve is drawn from, so that a report of a long run is written in seconds.
MOST_USES, MOST_POINTS = 2000, 25


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


def sweeps_figure(slots: Sequence[Point], iterations: Sequence[Point], outputs: Sequence[Point]) -> str:
    """Prompts saved by slots and by iterations, and the speed-up by prefill share: sim as dots, the laws as lines."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11.0, 3.0), layout="constrained")
    by_slots, by_iterations, by_share = figure.subplots(1, 3)
    for axes, points, what in ((by_slots, slots, "slots"), (by_iterations, iterations, "iterations")):
        axes.plot([point.at for point in points], [point.law for point in points], color="#999999", label="law")
        axes.plot([point.at for point in points], [point.saved for point in points], "o", color="#009e73", label="sim")
        axes.set_xlabel(what)
        axes.set_ylabel("prompts saved against LRU")
    ordered = sorted(outputs, key=lambda point: point.prefill_share)
    shares = [point.prefill_share for point in ordered]
    by_share.plot(shares, [point.lawful_speedup for point in ordered], color="#999999")
    by_share.plot(shares, [point.speedup for point in ordered], "o", color="#009e73")
    by_share.set_xlabel("share of prefill in LRU's time")
    by_share.set_ylabel("times as fast")
    for axes in (by_slots, by_iterations, by_share):
        axes.spines[["top", "right"]].set_visible(False)
    by_slots.legend(fontsize=7)
    return svg(figure)


def hits_figure(uses: Sequence[str], policies: Sequence[str], plan: Plan) -> str:
    """Hit ratio at every number of slots under forced residency; the grey area is above the certified optimum."""
    uses = uses[:MOST_USES]
    agents = len(set(uses))
    points = sorted({1 + round(number * (agents - 1) / (MOST_POINTS - 1)) for number in range(MOST_POINTS)})
    figure, axes = new_axes(9.0, 3.4)
    best = [1 - len(fewest_misses(uses, places)) / len(uses) for places in points]
    axes.fill_between(points, best, 1.0, color="#dddddd", label="beyond Belady's optimum")
    for place, policy in enumerate(policies):
        ratios = [replay(build_evictor(policy, plan), uses_of(uses), places).hits / len(uses) for places in points]
        axes.plot(points, ratios, ".-", color=COLOURS[place % len(COLOURS)], lw=max(1.0, 3.0 - place / 2), label=policy)
    axes.set_xlabel("slots")
    axes.set_ylabel("hit ratio")
    axes.set_ylim(0, 1)
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return svg(figure)
