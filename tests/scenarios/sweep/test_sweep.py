"""Whole sweeps: what they leave, on how many cores, in what order, and however they end."""

import json
import re
from collections.abc import Generator, Sequence
from multiprocessing import active_children
from pathlib import Path

import pytest
from joblib.externals.loky import reusable_executor

from commissure.hal.errors import UsageError
from commissure.hal.journal import read_records
from commissure.scenarios.scenario import find_scenario
from commissure.scenarios.sweep import sweep as sweeping
from commissure.scenarios.sweep.aims import Aim, Asked, parse_measures
from commissure.scenarios.sweep.figures import figures_of
from commissure.scenarios.sweep.grid import make_grid
from commissure.scenarios.sweep.leg import Ended, Job
from commissure.scenarios.sweep.outcome import Outcome
from commissure.scenarios.sweep.pool import run_jobs
from commissure.scenarios.sweep.row import Row
from commissure.scenarios.sweep.sweep import Sweep

OVER = ["slots=1,2,9", "iterations=1,3"]
MISSES = parse_measures("min:misses,time_s,max:calls")
LEFT = ("rows.jsonl", "summary.json", "report.html")


def swept(root: Path, processes: int = 1, asked: Sequence[Asked] | None = MISSES, over: Sequence[str] = OVER) -> Sweep:
    grid = make_grid(find_scenario("cache-loop"), over, {"agents": "3"}, None, ["lru", "random"], 3)
    return Sweep(grid, asked, processes, root)


def contents(made: Sweep) -> list[str]:
    return [(made.folder.path / name).read_text() for name in LEFT]


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    """In this process, with its steps counted."""
    made, steps = swept(tmp_path_factory.mktemp("runs")), list[str]()
    made.run(steps.append)
    assert len(steps) == 3 * 2 * 2 * 3
    return made


def test_it_leaves_all_that_a_reader_needs(alone: Sweep) -> None:
    outcome = Outcome.model_validate_json((alone.folder.path / "summary.json").read_text())
    assert outcome == alone.outcome
    assert outcome.complete
    assert [row.number for row in outcome.rows] == list(range(12))
    assert read_records(alone.folder.path / "rows.jsonl", Row) == outcome.rows
    first, last = outcome.rows[0], outcome.rows[-1]
    assert (first.settings, first.policy, first.fleet) == ({"slots": 1, "iterations": 1}, "lru", "local")
    assert (last.settings, last.measures["misses"].mean) == ({"slots": 9, "iterations": 3}, 3.0)
    # With one slot all nine prompts are missed, with nine the first three.
    crowded = {"slots": 1, "iterations": 3}
    assert {row.measures["misses"].mean for row in outcome.rows if row.settings == crowded} == {9.0}
    best = [row.settings for row in outcome.rows if row.number in outcome.front]
    assert {"slots": 9, "iterations": 3} in best
    assert {"slots": 1, "iterations": 1} in best
    assert crowded not in best
    assert outcome.hypervolume is not None
    assert 0 < outcome.hypervolume < 1
    manifest = json.loads((alone.folder.path / "manifest.json").read_text())
    assert manifest["over"] == {"slots": ["1", "2", "9"], "iterations": ["1", "3"]}
    assert manifest["fleets"]["local"]["profile_hashes"]
    assert (manifest["set"], manifest["seeds"], manifest["policies"]) == ({"agents": "3"}, 3, ["lru", "random"])


def test_the_report_is_one_page_with_its_figures(alone: Sweep) -> None:
    page = alone.folder.report.read_text()
    assert page.count("<svg") == 2
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!#)""", page)
    for told in ("calls against USD", "calls against seconds", "front of these two", "<td>*</td>", "hypervolume 0."):
        assert told in page
    assert "did not end" not in page


def test_figures_name_what_the_user_named(alone: Sweep) -> None:
    odd = {"settings": {"slots": r"$\frac$", "iterations": "<&>"}, "policy": "$x$"}
    rows = [row.model_copy(update=odd) for row in alone.outcome.rows]
    for way in (True, False):
        aims = [Aim("time_s", way), Aim("misses", False)]
        found = dict(figures_of(alone.outcome.model_copy(update={"rows": rows, "measures": aims})))
        assert list(found) == ["misses against USD", "misses against seconds"]
        assert r"slots $\frac$ iterations &lt;&amp;&gt; $x$" in found["misses against seconds"]
        assert f"seconds: time_s ({'max' if way else 'min'})" in found["misses against seconds"]


def test_cores_and_the_order_of_ending_change_nothing(
    alone: Sweep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spread = swept(tmp_path, processes=2)
    spread.run()
    assert contents(spread) == contents(alone)
    assert _processes() == 0

    def backwards(jobs: Sequence[Job], processes: int) -> Generator[Ended, None, None]:
        yield from reversed(list(run_jobs(jobs, processes)))

    monkeypatch.setattr(sweeping, "run_jobs", backwards)
    turned = swept(tmp_path)
    turned.run()
    assert contents(turned) == contents(alone)


def test_what_cannot_run_is_a_row_and_the_others_go_on(alone: Sweep, tmp_path: Path) -> None:
    made = swept(tmp_path, over=["slots=0,2", "iterations=1,3"])
    outcome = made.run()
    assert [row.failed for row in outcome.rows[:4]] == [
        "setting slots: Input should be greater than or equal to 1 (given: '0')"
    ] * 4
    assert outcome.rows[0].settings == {"slots": "0", "iterations": "1"}
    fine = [row for row in alone.outcome.rows if row.settings["slots"] == 2]
    assert [(row.settings, row.policy, row.measures) for row in outcome.rows[4:]] == [
        (row.settings, row.policy, row.measures) for row in fine
    ]
    assert min(outcome.front) >= 4
    assert "greater than or equal to 1" in made.folder.report.read_text()
    with pytest.raises(UsageError, match="no combination can run; the first: setting slots"):
        swept(tmp_path, over=["slots=0,x"])


def test_a_fleet_that_cannot_serve_fails_alone(tmp_path: Path) -> None:
    outcome = swept(tmp_path, asked=None, over=["fleet=h100,local"]).run()
    assert outcome.swept == ["fleet"]
    assert [row.failed is None for row in outcome.rows] == [False, False, True, True]
    assert outcome.rows[0].failed is not None
    assert outcome.rows[0].failed.startswith("seed 0: cache-loop needs one llama_cpp endpoint")
    assert [aim.name for aim in outcome.measures] == ["cost_usd", "time_s", "p95_s"]


def test_an_interrupt_keeps_the_rows_that_ended(alone: Sweep, tmp_path: Path) -> None:
    made = swept(tmp_path)

    def stop(what: str) -> None:
        if len(made.outcome.rows) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        made.run(stop)
    kept = read_records(made.folder.path / "rows.jsonl", Row)
    assert len(kept) == 2
    assert all(row in alone.outcome.rows for row in kept)
    summary = Outcome.model_validate_json((made.folder.path / "summary.json").read_text())
    assert (summary.complete, summary.rows) == (False, sorted(kept, key=lambda row: row.number))
    assert "did not end" in made.folder.report.read_text()


def test_the_first_leg_that_ended_well_says_what_is_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def partly(jobs: Sequence[Job], processes: int) -> Generator[Ended, None, None]:
        for job in reversed(jobs):
            where = (job.order, job.combination, job.seed)
            values = {"time_s": 1.0, **({"early": 1.0} if job.order < 4 else {})}
            yield Ended(*where, failed="why") if job.order < 3 else Ended(*where, values)

    monkeypatch.setattr(sweeping, "run_jobs", partly)
    outcome = swept(tmp_path, asked=parse_measures("early")).run()
    assert [aim.name for aim in outcome.measures] == ["early"]
    assert outcome.rows[0].failed == "seed 0: why"


def test_an_unknown_measure_stops_at_the_first_leg(tmp_path: Path) -> None:
    made, steps = swept(tmp_path, asked=parse_measures("mises")), list[str]()
    with pytest.raises(UsageError, match=r"unknown measure 'mises'\. Did you mean 'misses'\?"):
        made.run(steps.append)
    assert steps == []


def _processes() -> int:
    """Those of the pool that are left."""
    executor = reusable_executor._executor
    running = [] if executor is None else list((executor._processes or {}).values())
    alive = [process for process in running if process.is_alive()]
    return len(alive) + len(active_children())
