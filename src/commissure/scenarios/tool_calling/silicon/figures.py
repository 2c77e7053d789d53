"""The table and the figure of several answers on silicon."""

from __future__ import annotations

from collections.abc import Sequence

from commissure.scenarios.figures import COLOURS, new_axes, svg
from commissure.scenarios.tool_calling.silicon.sweep import Row

TITLES = ("endpoint", "masks", "others busy", "answers", "latency, ms", "times one", "first token, ms", "tokens said",
          "micro-USD a question", "times one's")  # fmt: skip
STYLES = {"free": ":", "cpu": "--", "cpu-overlapped": "-.", "chip": "-"}


def table(rows: Sequence[Row]) -> list[dict[str, str]]:
    """A row of cells a case, by the columns' titles: TITLES, and two of each larger model beside it. All modelled."""
    return [dict(zip(TITLES, _cells(row), strict=True)) | _beside(row) for row in rows]


def _cells(row: Row) -> tuple[str, ...]:
    found, case = row.measured, row.measured.case
    return (
        case.endpoint, case.way, str(case.busy), str(case.n), f"{found.latency_s * 1e3:.1f}",
        f"{row.latency_ratio:.2f}", f"{found.first_s * 1e3:.1f}", f"{found.said_tokens:.0f}",
        f"{found.usd * 1e6:.1f}", f"{row.usd_ratio:.2f}",
    )  # fmt: skip


def _beside(row: Row) -> dict[str, str]:
    cells = {}
    for one in row.against:
        model = one.larger.case.endpoint.partition("-")[0]
        cells[f"of {model} greedy's time"] = f"{one.latency:.2f}"
        cells[f"of {model} greedy's price"] = f"{one.usd:.3f}"
    return cells


def latency_figure(rows: Sequence[Row], busy: int = 0) -> str:
    """Times the latency of one answer, against their number: a colour a chip, a line a way. An SVG element."""
    figure, axes = new_axes(7.0, 3.6)
    chosen = [row for row in rows if row.measured.case.busy == busy]
    endpoints = list(dict.fromkeys(row.measured.case.endpoint for row in chosen))
    for name in endpoints:
        for way in dict.fromkeys(row.measured.case.way for row in chosen if row.measured.case.endpoint == name):
            line = [row for row in chosen if (row.measured.case.endpoint, row.measured.case.way) == (name, way)]
            axes.plot([row.measured.case.n for row in line], [row.latency_ratio for row in line], STYLES[way],
                      marker=".", color=COLOURS[1 + endpoints.index(name) % 6], label=f"{name}, {way}")  # fmt: skip
    axes.axhline(1.0, color="black", linewidth=0.6)
    axes.set_xscale("log", base=2)
    numbers = sorted({row.measured.case.n for row in chosen})
    axes.set_xticks(numbers, list(map(str, numbers)))
    axes.set_xlabel(f"answers to one prompt, {busy} other sequences" if busy else "answers to one prompt")
    axes.set_ylabel("times the latency of one (modelled)")
    axes.legend(fontsize=7, loc="upper left", bbox_to_anchor=(1.01, 1.0))
    return svg(figure)
