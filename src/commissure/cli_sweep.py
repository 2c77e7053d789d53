"""The command `sweep`: settings, fleets and policies crossed in sim, and the Pareto front of what came of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commissure.console import print_json, print_table, progress, set_values

if TYPE_CHECKING:
    from commissure.scenarios.sweep.sweep import Sweep


def sweep(
    scenario: Annotated[str, typer.Argument(help="A scenario; `commissure scenarios` lists them.")],
    over: Annotated[
        list[str] | None,
        typer.Option("--over", help="key=v1,v2,... or key=a,b;c: a setting or fleet, and its values."),
    ] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", help="key=value, a setting that stays.")] = None,
    policies: Annotated[
        str | None, typer.Option("--policies", help="These, separated by commas; default the scenario's.")
    ] = None,
    fleet: Annotated[
        str | None, typer.Option("--fleet", help="A fleet file, or one of the package by name; default local.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds each combination runs with, from 0.")] = 3,
    measure: Annotated[
        str | None,
        typer.Option(
            "--measure", help="Columns that the front is of: score,max:name,min:name; the end of a name is enough."
        ),
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, help="How many processes run legs.")] = 2,
    out: Annotated[Path, typer.Option("--out", help="The folder that holds run folders.")] = Path("runs"),
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON value instead of tables.")] = False,
) -> None:
    """Run a scenario in sim at every combination of settings, fleets and policies, and mark the Pareto front.

    Exit status 1 if a combination failed; the others are there all the same.
    """
    from commissure.hal.errors import UsageError
    from commissure.scenarios.scenario import find_scenario
    from commissure.scenarios.sweep.aims import parse_measures
    from commissure.scenarios.sweep.grid import make_grid
    from commissure.scenarios.sweep.sweep import Sweep

    asked = None if measure is None else parse_measures(measure)
    fixed = set_values(set_)
    chosen = None if policies is None else [name.strip() for name in policies.split(",")]
    grid = make_grid(find_scenario(scenario), over or (), fixed, fleet, chosen, seeds)
    going = Sweep(grid, asked, jobs, out)
    try:
        with progress(scenario, grid.legs, quiet=as_json) as advance:
            going.run(advance)
    except BaseException as error:
        rows = len(going.outcome.rows)
        error.add_note(f"{rows or 'no'} rows ended: {going.folder.path}")
        if rows and not isinstance(error, UsageError):
            _show(going, as_json=as_json)
        raise
    _show(going, as_json=as_json)
    if any(row.failed is not None for row in going.outcome.rows):
        raise typer.Exit(1)


def _show(done: Sweep, *, as_json: bool) -> None:
    from commissure.scenarios.sweep.table import notes_of, table_of

    outcome = done.outcome
    if as_json:
        print_json({"run_dir": str(done.folder.path)} | outcome.model_dump(mode="json"))
        return
    table = table_of(outcome)
    typer.echo(f"\n{table.title}")
    print_table(list(table.head), [list(row) for row in table.rows])
    for note in notes_of(outcome):
        typer.echo(note)
    failed = sum(row.failed is not None for row in outcome.rows)
    if failed:
        typer.echo(f"{failed} of {len(outcome.rows)} rows failed")
    typer.echo(f"report: {done.folder.report}")
