"""A sweep as it runs: legs on many cores, rows as they get whole, and what is kept of them however it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from commissure.hal.errors import UsageError
from commissure.hal.files import write_whole
from commissure.hal.journal import Journal
from commissure.scenarios.runfolder import RunFolder, manifest_of
from commissure.scenarios.scenario import parse_settings
from commissure.scenarios.sweep.aims import Aim, Asked, choose
from commissure.scenarios.sweep.front import front, hypervolume
from commissure.scenarios.sweep.grid import Combination, Grid
from commissure.scenarios.sweep.leg import Ended, Job
from commissure.scenarios.sweep.outcome import Outcome
from commissure.scenarios.sweep.pool import run_jobs
from commissure.scenarios.sweep.row import Row, aggregate

ROWS = "rows.jsonl"


class Sweep:
    """One sweep into a run folder of its own."""

    def __init__(self, grid: Grid, asked: Sequence[Asked] | None, processes: int, root: Path) -> None:
        """Raises UsageError if no combination has settings that the scenario takes, or there is no place for it."""
        self._grid, self._asked, self._processes = grid, asked, processes
        self._points = list(grid.combinations())
        self._refused = dict(_refused(grid, self._points))
        if len(self._refused) == len(self._points):
            raise UsageError(f"no combination can run; the first: {self._refused[0]}")
        self._aims: list[Aim] = []
        self._rows: list[Row] = []
        self._came: dict[int, list[Ended]] = {}
        # The legs that came before the one that says what is measured; None once it has.
        self._early: dict[int, Ended] | None = {}
        self._awaited = 0
        self._complete = False
        self.folder = RunFolder.create(root, f"{grid.scenario.name}-sweep", 0, _manifest(grid))

    def run(self, advance: Callable[[str], None] = lambda what: None) -> Outcome:
        """Run every leg; what ended is kept, whatever is raised. Raises UsageError for a measure that there is not."""
        with self.folder.locked(), Journal(self.folder.path / ROWS) as journal:
            try:
                for number, problem in self._refused.items():
                    self._keep(journal, number, {}, problem)
                with closing(run_jobs(self._jobs(), self._processes)) as legs:
                    for ended in legs:
                        self._take(journal, ended)
                        advance(str(self._points[ended.combination]))
                self._complete = True
            finally:
                self._save()
        return self.outcome

    @property
    def outcome(self) -> Outcome:
        """Of the rows so far."""
        rows = sorted(self._rows, key=lambda row: row.number)
        best = [row.number for row in front(rows, self._aims)]
        swept = [*self._grid.over, *(["fleet"] if len(self._grid.fleets) > 1 else [])]
        return Outcome(
            scenario=self._grid.scenario.name, complete=self._complete, seeds=self._grid.seeds, swept=swept,
            measures=self._aims, front=best, hypervolume=hypervolume(rows, self._aims), rows=rows,
        )  # fmt: skip

    def _jobs(self) -> list[Job]:
        grid = self._grid
        legs = [(point, seed) for point in self._points if point.number not in self._refused
                for seed in range(grid.seeds)]  # fmt: skip
        return [
            Job(order, point.number, grid.scenario, {**grid.fixed, **point.swept}, point.fleet, point.policy, seed)
            for order, (point, seed) in enumerate(legs)
        ]

    def _take(self, journal: Journal, ended: Ended) -> None:
        self._look_for_aims(ended)
        came = self._came.setdefault(ended.combination, [])
        came.append(ended)
        if len(came) == self._grid.seeds:
            measures, failed = aggregate(self._came.pop(ended.combination))
            self._keep(journal, ended.combination, measures, failed)

    def _look_for_aims(self, ended: Ended) -> None:
        """The first leg that ended well, in the order of the grid and not of ending, says what is measured."""
        if self._early is None:
            return
        self._early[ended.order] = ended
        while (first := self._early.pop(self._awaited, None)) is not None:
            if first.failed is None:
                self._early = None
                self._aims = choose(self._asked, [*first.values, "time_p95_s"], first.others)
                return
            self._awaited += 1

    def _keep(self, journal: Journal, number: int, measures: dict[str, Any], failed: str | None) -> None:
        point = self._points[number]
        row = Row(number=number, settings=_typed(self._grid, point), fleet=point.fleet, policy=point.policy,
                  measures=measures, failed=failed)  # fmt: skip
        journal.append(row)
        self._rows.append(row)

    def _save(self) -> None:
        from commissure.scenarios.sweep.report import write_sweep_report

        outcome = self.outcome
        if outcome.complete:
            # As they ended until now, which is another order each time.
            self.folder.rewrite(ROWS, outcome.rows)
        write_whole(self.folder.path / "summary.json", outcome.model_dump_json(indent=1))
        write_sweep_report(self.folder.report, outcome)


def _refused(grid: Grid, points: Sequence[Combination]) -> Iterator[tuple[int, str]]:
    """The combinations whose settings the scenario does not take, and why."""
    for point in points:
        try:
            parse_settings(grid.scenario, {**grid.fixed, **point.swept})
        except UsageError as error:
            yield point.number, str(error)


def _typed(grid: Grid, point: Combination) -> dict[str, Any]:
    """The swept settings as the scenario takes them; as given, where it does not."""
    try:
        known = parse_settings(grid.scenario, {**grid.fixed, **point.swept}).model_dump(mode="json")
    except UsageError:
        return dict(point.swept)
    return {key: known[key] for key in point.swept}


def _manifest(grid: Grid) -> dict[str, Any]:
    """What is known of a sweep before it starts."""
    parts = {name: manifest_of(grid.scenario.name, ["sim"], grid.policies, one) for name, one in grid.fleets.items()}
    of_fleet = ("fleet", "fleet_folder", "faults", "profiles", "profile_hashes")
    return {
        "scenario": grid.scenario.name,
        "worlds": ["sim"],
        "policies": list(grid.policies),
        "over": {key: list(values) for key, values in grid.over.items()},
        "set": dict(grid.fixed),
        "seeds": grid.seeds,
        "fleets": {name: {key: part[key] for key in of_fleet} for name, part in parts.items()},
    }
