"""report.html of a sweep: its table, its front and its figures on one self-contained page."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from commissure.hal.files import write_whole
from commissure.scenarios.sweep.figures import figures_of
from commissure.scenarios.sweep.table import notes_of, table_of

if TYPE_CHECKING:
    from commissure.scenarios.sweep.outcome import Outcome


def write_sweep_report(path: Path, outcome: Outcome) -> None:
    """Write the page."""
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    environment = Environment(
        loader=PackageLoader("commissure.scenarios", "."),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
    )
    page = environment.get_template("sweep/sweep.html.j2").render(
        outcome=outcome, scenario=f"{outcome.scenario}, swept", table=table_of(outcome), notes=notes_of(outcome),
        figures=figures_of(outcome),
    )  # fmt: skip
    write_whole(path, page)
