"""The rows of a sweep as a table, for a terminal and for the report."""

from __future__ import annotations

from typing import Any

from commissure.scenarios.scenario import Table
from commissure.scenarios.sweep.outcome import Outcome
from commissure.scenarios.sweep.row import Row, Statistic


def table_of(outcome: Outcome) -> Table:
    """A row a combination, * where it is on the front; last why a row failed, if one has."""
    aims = outcome.measures
    failed = any(row.failed is not None for row in outcome.rows)
    head = ["", *outcome.swept, "policy", *map(str, aims), *(["failed"] if failed else [])]
    best = set(outcome.front)
    rows = [
        [
            "*" if row.number in best else "",
            *_swept(row, outcome),
            row.policy,
            *(cell(row.measures.get(aim.name)) for aim in aims),
            *([row.failed or ""] if failed else []),
        ]
        for row in outcome.rows
    ]
    return Table(f"{outcome.scenario}, simulated, {seeds_of(outcome)}", head, rows)


def notes_of(outcome: Outcome) -> list[str]:
    """What the table's signs mean, each in a line."""
    notes = []
    if outcome.front:
        notes.append("* on the front: no row is as good in all of these measures and better in one, by their means")
    if outcome.hypervolume is not None:
        share = f"{outcome.hypervolume:.3f}"
        notes.append(f"hypervolume {share}: the share of the box from the worst to the best of each that rows beat")
    if outcome.seeds > 1:
        notes.append("mean (95 % interval by bootstrap over seeds, never wider than from the least seed to the most)")
    return notes


def seeds_of(outcome: Outcome) -> str:
    """How many, in words."""
    return f"{outcome.seeds} seeds" if outcome.seeds > 1 else "1 seed"


def cell(found: Statistic | None) -> str:
    """A mean, and its interval where it has a width."""
    if found is None:
        return "-"
    if found.low is None or found.high is None or found.low == found.high:
        return f"{found.mean:.4g}"
    return f"{found.mean:.4g} ({found.low:.4g} .. {found.high:.4g})"


def _swept(row: Row, outcome: Outcome) -> list[str]:
    values: dict[str, Any] = {"fleet": row.fleet, **row.settings}
    return [str(values[key]) for key in outcome.swept]
