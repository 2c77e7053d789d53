"""The command line. Each command prints a table for people or, with --json, one JSON object for programs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commissure.cli_calibrate import calibrate
from commissure.cli_check import check
from commissure.cli_fleet import fleet_app
from commissure.cli_grammar import grammar_app
from commissure.cli_hits import hits
from commissure.cli_kernel import kernel_app
from commissure.cli_profile import profile
from commissure.cli_replay import replay
from commissure.cli_resume import resume
from commissure.cli_sweep import sweep
from commissure.console import print_json, print_table, print_tables, progress, set_values, text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from commissure.hal.fleets.fleet import Fleet
    from commissure.scenarios.legs import LegSummary
    from commissure.scenarios.plan import Plan
    from commissure.scenarios.runfolder import RunFolder
    from commissure.scenarios.scenario import Claim

app = typer.Typer(
    help="Decide which model, on which chip, does which part of an agent's work.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command()(resume)
app.command()(sweep)
app.command()(replay)
app.command()(hits)
app.command()(calibrate)
app.command()(profile)
app.command()(check)
app.add_typer(fleet_app, name="fleet")
app.add_typer(grammar_app, name="grammar")
app.add_typer(kernel_app, name="kernel")


def _print_version(wanted: bool) -> None:
    if wanted:
        import commissure

        typer.echo(commissure.__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


ScenarioName = Annotated[str, typer.Argument(help="A scenario; `commissure scenarios` lists them.")]
FleetOption = Annotated[str, typer.Option("--fleet", help="A fleet file, or one of the package by name.")]
SetOption = Annotated[list[str] | None, typer.Option("--set", help="key=value, a setting of the scenario.")]
OutOption = Annotated[Path, typer.Option("--out", help="The folder that holds run folders.")]
SeedOption = Annotated[int, typer.Option(help="The one seed of the run.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON value instead of tables.")]


@app.command()
def run(
    scenario: ScenarioName,
    world: Annotated[str, typer.Option(help="sim: virtual time. live: real endpoints.")] = "sim",
    policy: Annotated[str | None, typer.Option(help="A policy by name, or your own as module:Name.")] = None,
    seed: SeedOption = 0,
    fleet: FleetOption = "local",
    set_: SetOption = None,
    out: OutOption = Path("runs"),
    record: Annotated[bool, typer.Option("--record", help="live: keep what goes to and fro, without keys.")] = False,
    recording: Annotated[Path | None, typer.Option(help="sim: replay what this run folder has recorded.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Run a scenario under one policy in one world."""
    from commissure.hal.errors import UsageError
    from commissure.hal.record.recording import FILE_NAME, Recording

    if record and world != "live":
        raise UsageError("--record is of live runs: give --world live with it")
    if recording is not None and world != "sim":
        raise UsageError("--recording is replayed in virtual time: give --world sim with it")
    plan = _plan(scenario, [world], [policy] if policy else None, seed, fleet, set_, everything=False)
    plan = replace(plan, record=record, recording=None if recording is None else Recording.load(recording))
    folder, legs = _execute(plan, out, quiet=as_json)
    if as_json:
        print_json(legs[-1].flat() | {"run_dir": str(folder.path)})
        return
    print_tables(legs, folder.report)
    if record:
        typer.echo(f"recording: {folder.path / FILE_NAME}   replay it with: --world sim --recording {folder.path}")
    if legs[-1].replayed_from:
        typer.echo(f"replayed from {legs[-1].replayed_from}, in its times: nothing is modelled")


@app.command()
def compare(
    scenario: ScenarioName,
    seed: SeedOption = 0,
    fleet: FleetOption = "local",
    set_: SetOption = None,
    policies: Annotated[
        str | None, typer.Option("--policies", help="These, separated by commas, the baseline first.")
    ] = None,
    sim_only: Annotated[bool, typer.Option("--sim-only", help="Leave the real endpoints alone.")] = False,
    out: OutOption = Path("runs"),
    as_json: JsonOption = False,
) -> None:
    """Run a scenario under all its policies, predicted in sim and measured live, and report them side by side."""
    chosen = None if policies is None else [name.strip() for name in policies.split(",")]
    plan = _plan(scenario, ["sim"] if sim_only else ["sim", "live"], chosen, seed, fleet, set_, everything=True)
    folder, legs = _execute(plan, out, quiet=as_json)
    if as_json:
        print_json({"run_dir": str(folder.path), "legs": [leg.flat() for leg in legs]})
    else:
        print_tables(legs, folder.report)


@app.command("scenarios")
def list_scenarios(as_json: JsonOption = False) -> None:
    """List the scenarios, their policies and their settings."""
    from commissure.scenarios.scenario import scenarios

    found = scenarios().values()
    if as_json:
        print_json(
            [
                {
                    "scenario": one.name,
                    "summary": one.summary,
                    "policies": list(one.policies),
                    "settings": one.settings().model_dump(),
                }
                for one in found
            ]
        )
        return
    print_table(
        ["scenario", "what", "policies", "settings"],
        [[one.name, one.summary, " ".join(one.policies), text(one.settings().model_dump())] for one in found],
    )


@app.command()
def report(run_dir: Annotated[Path, typer.Argument(help="A run folder.")], as_json: JsonOption = False) -> None:
    """Write a run's report and timeline anew and print their place."""
    from commissure.scenarios.runfolder import RunFolder, read_summary

    folder = RunFolder(run_dir)
    legs = read_summary(run_dir).legs
    folder.rebuild()
    if as_json:
        print_json({"run_dir": str(run_dir), "report": str(folder.report)})
    else:
        with folder.shown():
            print_tables(legs, folder.report)


@app.command()
def claims(
    scenario: Annotated[str | None, typer.Argument(help="Of this scenario only; default all.")] = None,
    runs: Annotated[Path, typer.Option("--runs", help="Where earlier live runs are looked for.")] = Path("runs"),
    as_json: JsonOption = False,
) -> None:
    """Print every claim of the source documents: claimed, in sim, live, and the verdict."""
    from dataclasses import asdict

    from commissure.scenarios.runfolder import earlier_legs
    from commissure.scenarios.scenario import find_scenario, scenarios

    asked = scenarios().values() if scenario is None else [find_scenario(scenario)]
    measured = earlier_legs(runs)
    found: list[Claim] = [claim for one in asked for claim in one.claims(measured)]
    if as_json:
        print_json([asdict(claim) for claim in found])
        return
    for claim in found:
        print_table(
            [claim.id, claim.statement],
            [["claimed", text(claim.claimed)], ["sim (modelled)", text(claim.sim)],
             ["live", text(claim.live) if claim.live is not None else "no live run of these settings found"],
             ["verdict", claim.verdict], ["why", claim.why], ["source", claim.source]],
        )  # fmt: skip


def _fleet(name: str) -> Fleet:
    from commissure.hal.fleets.fleet import Fleet

    return Fleet.load(name)


def _plan(
    scenario: str, worlds: list[str], policies: Sequence[str] | None, seed: int, fleet: str, set_: list[str] | None,
    *, everything: bool,
) -> Plan:  # fmt: skip
    from commissure.hal.errors import unknown
    from commissure.scenarios.compare import make_plan
    from commissure.scenarios.run import WORLDS
    from commissure.scenarios.scenario import find_scenario

    changes = set_values(set_)
    chosen = [one for one in WORLDS if one in worlds]
    if len(chosen) != len(worlds):
        raise unknown("world", worlds[0], WORLDS)
    found = find_scenario(scenario)
    for name in policies or ():
        if name not in found.known_policies and ":" not in name:
            raise unknown("policy", name, found.known_policies)
    if not policies:
        policies = found.policies if everything else [found.policies[-1]]
    return make_plan(found, _fleet(fleet), chosen, policies, seed, changes, all_variants=everything)


def _execute(plan: Plan, out: Path, *, quiet: bool) -> tuple[RunFolder, list[LegSummary]]:
    from commissure.scenarios.compare import execute

    with progress(plan.scenario.name, plan.steps, quiet=quiet) as advance:
        return execute(plan, out, advance)
