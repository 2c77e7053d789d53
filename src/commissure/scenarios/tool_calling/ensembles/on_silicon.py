"""Beside tool-calls on the silicon fleet: what n answers take on each chip, with masks made here or there."""

from __future__ import annotations

from functools import cache

from commissure.scenarios.legs import LegSummary
from commissure.scenarios.scenario import Table
from commissure.scenarios.tool_calling.silicon.case import SMALL, Work
from commissure.scenarios.tool_calling.silicon.figures import latency_figure, table
from commissure.scenarios.tool_calling.silicon.sweep import Row, sweep

QUESTIONS = 8
"""To each endpoint in each way, of answers whose lengths differ."""
SHOWN = (1, 8)
TITLE = "sim: answers to one prompt on silicon, nobody else there, masks made here or there; all modelled"


def on_silicon(leg: LegSummary) -> bool:
    """Whether a leg is a simulated one of that fleet."""
    return leg.world == "sim" and set(SMALL) <= set(leg.measures["ensembles"]["members"])


def silicon_table() -> Table:
    """One answer and eight, beside larger models' one."""
    rows = table([row for row in _rows() if row.measured.case.n in SHOWN])
    head = list(dict.fromkeys(title for row in rows for title in row))
    return Table(TITLE, head, [[row.get(title, "-") for title in head] for row in rows])


def silicon_figure() -> tuple[str, str]:
    """Times the latency of one answer, against their number."""
    return TITLE, latency_figure(_rows())


@cache
def _rows() -> tuple[Row, ...]:
    return tuple(sweep(busy=(0,), work=Work(questions=QUESTIONS)))
