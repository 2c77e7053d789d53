"""The command `resume`: go on with a run that was stopped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commissure.console import print_json, print_tables, progress

if TYPE_CHECKING:
    from commissure.scenarios.legs import LegSummary
    from commissure.scenarios.runfolder import RunFolder


def resume(
    run_dir: Annotated[Path, typer.Argument(help="The folder of a run that was stopped.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON value instead of tables.")] = False,
) -> None:
    """Go on with a run that was stopped: what is done is kept, the rest runs."""
    from commissure.scenarios.runfolder import RunFolder

    folder = RunFolder(run_dir)
    with folder.locked():
        ended = _legs_of_complete(folder)
        legs = _go_on(folder, quiet=as_json) if ended is None else ended
    if as_json:
        print_json({"run_dir": str(run_dir), "resumed": ended is None, "legs": [leg.flat() for leg in legs]})
        return
    if ended is not None:
        typer.echo(f"{run_dir}: this run is complete, there is nothing to go on with")
    with folder.shown():
        print_tables(legs, folder.report)


def _legs_of_complete(folder: RunFolder) -> list[LegSummary] | None:
    """The legs of a run that ended; None of one that did not."""
    from commissure.scenarios.runfolder import read_summary

    if not (folder.path / "summary.json").exists():
        return None
    summary = read_summary(folder.path)
    if summary.complete and not folder.report.exists():
        # It was killed between its last two steps.
        folder.rebuild()
    return list(summary.legs) if summary.complete else None


def _go_on(folder: RunFolder, *, quiet: bool) -> list[LegSummary]:
    from commissure.scenarios.compare import run_legs
    from commissure.scenarios.stopped import read_stopped

    stopped = read_stopped(folder)
    plan, done = stopped.plan, stopped.done
    for warning in stopped.warnings:
        typer.echo(f"warning: {warning}", err=True)
    stopped.mend()
    total = done.steps + plan.steps_after(done)
    with progress(plan.scenario.name, total, quiet=quiet, done=done.steps) as advance:
        return run_legs(plan, folder, done, advance)
