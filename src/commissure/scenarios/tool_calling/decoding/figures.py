"""The figure of the pace under each way of masking."""

from __future__ import annotations

from collections.abc import Sequence

from commissure.scenarios.figures import COLOURS, new_axes, svg
from commissure.scenarios.legs import LegSummary


def pace_figure(legs: Sequence[LegSummary]) -> str:
    """Milliseconds a token, by policy and endpoint; sim as bars, live as circles."""
    policies = list(dict.fromkeys(leg.policy for leg in legs))
    endpoints = list(dict.fromkeys(name for leg in legs for name in leg.measures["pace"]))
    figure, axes = new_axes(9.0, 1.0 + 0.35 * len(policies) * len(endpoints))
    places = {pair: number for number, pair in enumerate((policy, name) for name in endpoints for policy in policies)}
    for leg in legs:
        for name, found in leg.measures["pace"].items():
            place, value = places[leg.policy, name], found["token_s"] * 1e3
            if leg.world == "sim":
                axes.barh(place, value, color=COLOURS[2 + policies.index(leg.policy) % 5])
            else:
                axes.plot(value, place, "o", color="black", fillstyle="none")
    axes.set_yticks(list(places.values()), [f"{name}: {policy}" for policy, name in places])
    axes.invert_yaxis()
    axes.set_xlabel("milliseconds from a token to the next")
    return svg(figure)
