"""The command `calibrate`: fit a profile to a real endpoint, to a live run, or to a recorded trace."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from commissure.console import print_json, print_table, progress


def calibrate(
    endpoint: Annotated[str | None, typer.Argument(help="An endpoint of the fleet, by name.")] = None,
    fleet: Annotated[str, typer.Option("--fleet", help="A fleet file, or one of the package by name.")] = "local",
    from_trace: Annotated[
        Path | None, typer.Option("--from-trace", help="A recorded run's requests.jsonl, in place of an endpoint.")
    ] = None,
    from_run: Annotated[
        Path | None, typer.Option("--from-run", help="The folder of a live run, in place of an endpoint.")
    ] = None,
    only: Annotated[str | None, typer.Option("--endpoint", help="Only this endpoint of the run.")] = None,
    meta: Annotated[Path | None, typer.Option("--meta", help="The recorded run's meta.json.")] = None,
    fit_first: Annotated[int, typer.Option("--fit-first", help="Fit this many calls of it; the rest test.")] = 60,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out bad lines, and count them.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Write the profile found to this .toml file.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON value instead of tables.")] = False,
) -> None:
    """Measure a real endpoint by some 45 short calls, or take a live run or a recorded trace, and fit its times."""
    from commissure.hal.errors import UsageError
    from commissure.hal.files import check_target

    check_target("--out", out, ".toml")
    if sum(given is not None for given in (endpoint, from_trace, from_run)) != 1:
        raise UsageError(
            "give either an endpoint of the fleet or --from-trace REQUESTS.jsonl --meta META.json, or --from-run RUN"
        )
    if only is not None and from_run is None:
        raise UsageError("--endpoint is of a run: give --from-run RUN with it, or the endpoint's name alone")
    if endpoint is not None:
        _from_endpoint(endpoint, fleet, out, as_json=as_json)
    elif from_run is not None:
        _from_run(from_run, only, out, as_json=as_json)
    elif from_trace is not None and meta is not None:
        _from_trace(from_trace, meta, fit_first, out, skip_bad=skip_bad, as_json=as_json)
    else:
        raise UsageError("--from-trace needs --meta META.json, which says how the engine was set up")


def _from_endpoint(endpoint: str, fleet: str, out: Path | None, *, as_json: bool) -> None:
    from commissure.hal.errors import unknown
    from commissure.hal.files import write_whole
    from commissure.hal.fleets.fleet import Fleet
    from commissure.hal.profiles.profile_toml import profile_toml
    from commissure.scenarios.calibration import CALLS, calibrate_endpoint, fit_report

    loaded = Fleet.load(fleet)
    specs = {spec.name: spec for spec in loaded.specs}
    if endpoint not in specs:
        raise unknown("endpoint", endpoint, specs)
    with progress("calibrating", CALLS, quiet=as_json) as advance:
        profile, found = calibrate_endpoint(specs[endpoint], loaded.profiles[endpoint], lambda: advance("calibrating"))
    if out is not None:
        write_whole(out, profile_toml(profile))
    report = fit_report(found).model_dump() | {"endpoint": endpoint, "profile": str(out) if out else None}
    if as_json:
        print_json(report)
        return
    _print_coefficients(report["coefficients"])
    print_table(
        ["held-out error of", "mean |predicted / measured - 1|"],
        [[part, f"{error:.1%}"] for part, error in report["held_out_errors"].items()],
    )


def _from_run(folder: Path, only: str | None, out: Path | None, *, as_json: bool) -> None:
    from commissure.hal.errors import UsageError
    from commissure.hal.files import write_whole
    from commissure.hal.profiles.profile_toml import profile_toml
    from commissure.scenarios.from_run import calibrate_from, read_live

    run = read_live(folder)
    if out is not None and only is None and len(run.fleet.specs) > 1:
        names = ", ".join(spec.name for spec in run.fleet.specs)
        raise UsageError(f"--out holds the profile of one endpoint: give --endpoint, one of {names}")
    found = calibrate_from(run, only)
    if out is not None:
        write_whole(out, profile_toml(next(iter(found.fits.values())).profile))
    if as_json:
        print_json(found.values() | {"run_dir": str(folder), "profile": str(out) if out else None})
        return
    for name, one in found.fits.items():
        typer.echo(f"\n{name}: {one.calls} calls, {one.held_out_calls} of them held out; {'; '.join(one.notes)}")
        _print_coefficients(dict(one.coefficients))
        rows = [[f"{part}, held out", "-", f"{error:.1%}"] for part, error in one.held_out_errors.items()]
        rows.append(["whole call, all calls", f"{one.before:.1%}", f"{one.after:.1%}"])
        print_table(["mean |predicted / measured - 1|", "before", "after"], rows)
    if found.legs:
        print_table(
            ["leg", "measured s", "before s", "error", "after s", "error"],
            [
                [f"{leg.scenario} {leg.policy}", f"{leg.measured_s:.2f}", f"{leg.before_s:.2f}", f"{leg.before:.1%}",
                 f"{leg.after_s:.2f}", f"{leg.after:.1%}"]
                for leg in found.legs
            ],
        )  # fmt: skip
    for name, why in found.left_out.items():
        typer.echo(f"note: {name} was not fitted: {why}")


def _from_trace(requests: Path, meta: Path, first: int, out: Path | None, *, skip_bad: bool, as_json: bool) -> None:
    from commissure.hal.files import write_whole
    from commissure.hal.profiles.profile_toml import profile_toml
    from commissure.sim.fit.fit import STARTS, fit_run
    from commissure.sim.fit.profile import fitted_profile, run_notes
    from commissure.sim.fit.recorded import read_run

    run = read_run(requests, meta, skip_bad=skip_bad)
    with progress("fitting", STARTS, quiet=as_json) as advance:
        found = fit_run(run, first, lambda: advance("fitting"))
    errors = found.errors(run)
    notes = run_notes(run, errors)
    if out is not None:
        write_whole(out, profile_toml(fitted_profile(run, found, requests.name)))
    if as_json:
        tested = len(run.trace) - first
        print_json(errors | {
            "requests": len(run.trace), "fitted": first, "tested": tested, "skipped": run.trace.skipped,
            "model": run.model, "engine": run.engine, "settings": run.settings.model_dump(exclude_none=True),
            "coefficients": dict(found.values), "preemptions": found.preemptions,
            "profile": str(out) if out else None, "notes": notes,
        })  # fmt: skip
        return
    _print_coefficients(dict(found.values))
    rows = [
        [name, which, *(f"{numbers[key]:.4g}" for key in ("predicted", "measured")), f"{numbers['error']:+.1%}"]
        for name, parts in errors.items()
        for which, numbers in parts.items()
    ]
    print_table([f"of the calls after the first {first}, s", "", "predicted", "measured", "error"], rows)
    for note in notes:
        typer.echo(f"note: {note}")


def _print_coefficients(values: dict[str, Any]) -> None:
    print_table(["coefficient", "value"], [[name, f"{value:.4g}"] for name, value in values.items()])
