"""report.html: one self-contained page of a run's tables and figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from commissure.hal.files import write_whole
from commissure.scenarios.calibration import FitReport
from commissure.scenarios.legs import LegSummary
from commissure.scenarios.scenario import find_scenario


@dataclass(frozen=True)
class Row:
    """One policy of a table, in the numbers that a reader compares; `own` are the scenario's.

    `saving` is the part of the first policy's time that this one saves: measured where there are live legs, and
    `modelled_saving` in sim; None for a policy alone.
    """

    policy: str
    own: dict[str, str]
    sim_s: float | None
    live_s: float | None
    predicted_s: float | None
    error: float | None
    saving: float | None
    modelled_saving: float | None
    same: bool | None
    disturbed: bool


def table_rows(legs: Sequence[LegSummary]) -> list[Row]:
    """A row a policy for the legs of one variant. Live numbers where there are any, else simulated."""
    rows: list[Row] = []
    alone = len({leg.policy for leg in legs}) == 1
    base = {leg.world: leg for leg in reversed(legs)}
    for policy in dict.fromkeys(leg.policy for leg in legs):
        sim = next((leg for leg in legs if (leg.policy, leg.world) == (policy, "sim")), None)
        live = next((leg for leg in legs if (leg.policy, leg.world) == (policy, "live")), None)
        shown = live or sim
        assert shown is not None
        rows.append(
            Row(
                policy=policy,
                own=find_scenario(shown.scenario).columns(shown.measures),
                sim_s=sim.time_s if sim else None,
                live_s=live.time_s if live else None,
                predicted_s=live.predicted_time_s if live else None,
                error=live.prediction_error if live else None,
                saving=None if alone else _saving(shown, base[shown.world]),
                modelled_saving=_saving(sim, base["sim"]) if sim and not alone else None,
                same=sim.decision_hash == live.decision_hash if sim and live else None,
                disturbed=live.disturbed if live else False,
            )
        )
    return rows


def _saving(leg: LegSummary, base: LegSummary) -> float | None:
    return 1 - leg.time_s / base.time_s if base.time_s else None


def by_variant(legs: Sequence[LegSummary]) -> list[tuple[str, list[LegSummary]]]:
    """The legs of each variant of the settings, under a title that names them."""

    def title(leg: LegSummary) -> str:
        return ", ".join(f"{key} {value}" for key, value in leg.settings.items())

    return [(name, list(group)) for name, group in groupby(legs, key=title)]


def write_report(
    path: Path, legs: Sequence[LegSummary], calibration: Mapping[str, FitReport] | None, *, complete: bool
) -> None:
    """Write the page."""
    from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

    from commissure.scenarios.figures import prediction_figure

    environment = Environment(
        loader=PackageLoader("commissure.scenarios", "."),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
    )
    sections = [
        {
            "title": title,
            "rows": table_rows(group),
            "tables": find_scenario(group[0].scenario).tables(group),
            "figures": find_scenario(group[0].scenario).figures(group),
            "prediction_svg": prediction_figure(group) if any(leg.predicted_time_s for leg in group) else "",
        }
        for title, group in by_variant(legs)
    ]
    page = environment.get_template("report.html.j2").render(
        scenario=legs[0].scenario if legs else "",
        seed=legs[0].seed if legs else "",
        sections=sections,
        calibration=calibration or {},
        complete=complete,
    )
    write_whole(path, page)
