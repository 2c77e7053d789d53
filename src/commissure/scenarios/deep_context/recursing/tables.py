"""The tables of oolong: what a question scores and takes, by family, and one by one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from commissure.scenarios.deep_context.recursing.measures import Measures, Spread
from commissure.scenarios.legs import LegSummary
from commissure.scenarios.scenario import Table

_SHOWN_CHARS = 40


def cells(measures: Mapping[str, Any]) -> dict[str, str]:
    """Of a leg's row."""
    found = Measures.model_validate(measures)
    return {
        "score": points(found.score),
        "chance": f"{100 * found.chance:.0f}",
        "whole": f"{found.whole}/{found.questions}",
        "USD a question": f"{found.usd[0]:.4f} (p95 {found.usd_p95:.4f})",
        "s a question": f"{found.wall_s[0]:.1f} (p95 {found.wall_s_p95:.1f})",
        "calls": f"{found.calls:.1f}",
        "at once": f"{found.overlap:.1f}",
        "of the schedule's bound": f"{found.efficiency:.0%}",
    }


def tables_of(legs: Sequence[LegSummary]) -> list[Table]:
    """Of each leg."""
    found = []
    for leg in legs:
        measures = Measures.model_validate(leg.measures["oolong"])
        where = f"{leg.world}, {leg.policy}"
        found += [_families(where, measures), _questions(where, measures)]
    if not legs:
        return []
    beside = _beside(legs)
    last = Measures.model_validate(legs[-1].measures["oolong"])
    return [*([beside] if beside.rows else []), *found, _baselines(last)]


def _beside(legs: Sequence[LegSummary]) -> Table:
    """What was foretold of each policy beside what was measured, where there are both."""
    found = {(leg.world, leg.policy): Measures.model_validate(leg.measures["oolong"]) for leg in legs}
    both = [policy for world, policy in found if world == "live" and ("sim", policy) in found]
    rows = [
        [policy, name, foretold, measured]
        for policy in both
        for (name, foretold), (_, measured) in zip(
            _shown(found["sim", policy]), _shown(found["live", policy]), strict=True
        )
    ]
    return Table("foretold (modelled) beside measured, a question", ("policy", "what", "foretold", "measured"), rows)


def _shown(measures: Measures) -> list[tuple[str, str]]:
    return [
        ("score", points(measures.score)),
        ("answered whole", f"{measures.whole} of {measures.questions}"),
        ("seconds", f"{measures.wall_s[0]:.1f}"),
        ("tokens", f"{measures.tokens:.0f}"),
        ("calls", f"{measures.calls:.1f}"),
        ("calls at once", f"{measures.overlap:.1f}"),
    ]


def _families(where: str, measures: Measures) -> Table:
    head = ("family", "questions", "score", "chance", "USD", "seconds", "calls")
    rows = [
        [one.family, str(one.questions), points(one.score), f"{100 * one.chance:.0f}", f"{one.usd:.4f}",
         f"{one.wall_s:.1f}", f"{one.calls:.1f}"]
        for one in measures.families
    ]  # fmt: skip
    title = f"{where}: by family; sub-calls by {measures.delegation}; 95 % intervals by bootstrap over questions"
    return Table(title, head, rows)


def _baselines(measures: Measures) -> Table:
    rows = [[name, f"{100 * one:.0f}"] for name, one in measures.baselines.items()]
    return Table("what is scored without reading a text", ("way", "score"), rows)


def _questions(where: str, measures: Measures) -> Table:
    head = ("question", "kind", "strategy", "said", "right", "score", "USD", "seconds", "calls", "failed")
    rows = [
        [one.id, one.kind, one.strategy, _short(one.said), _short(one.gold), f"{one.score:.2f}", f"{one.usd:.4f}",
         f"{one.wall_s:.1f}", f"{one.calls:.0f}", ", ".join(f"{n} {kind}" for kind, n in one.failures.items())]
        for one in measures.results
    ]  # fmt: skip
    return Table(f"{where}: each question", head, rows)


def points(spread: Spread) -> str:
    """Of a hundred, with the interval."""
    mean, low, high = (100 * one for one in spread)
    return f"{mean:.0f} ({low:.0f} .. {high:.0f})"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN_CHARS else f"{line[:_SHOWN_CHARS]}..."
