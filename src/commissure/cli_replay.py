"""The command `replay`: a trace on a modelled fleet, or sent to real endpoints."""

from __future__ import annotations

import json
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commissure.console import print_json, print_table, progress_of, text

if TYPE_CHECKING:
    from commissure.hal.fleets.fleet import Fleet
    from commissure.hal.ledger import Budget
    from commissure.sim.replay.columns import Columns, Slo
    from commissure.sim.workload.trace import Trace


def replay(
    trace: Annotated[Path, typer.Argument(help="A trace: Mooncake, Azure, BurstGPT, plain JSON lines or calls.jsonl.")],
    world: Annotated[str, typer.Option(help="sim: virtual time. live: real endpoints.")] = "sim",
    fleet: Annotated[str, typer.Option("--fleet", help="A fleet file, or one of the package by name.")] = "h100",
    router: Annotated[str, typer.Option("--router", help="Who serves a call, where several can.")] = "first",
    evictor: Annotated[str, typer.Option("--evictor", help="Which kept KV prefix leaves first; default LRU.")] = "",
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first calls.")] = None,
    budget_usd: Annotated[float | None, typer.Option("--budget-usd", min=0, help="Most to pay by the token.")] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out bad lines, and count them.")] = False,
    slo_ttft: Annotated[float, typer.Option("--slo-ttft", min=0, help="Goodput: seconds to the first token.")] = 1.0,
    slo_tpot: Annotated[float, typer.Option("--slo-tpot", min=0, help="Goodput: seconds a token after it.")] = 0.1,
    exact: Annotated[bool, typer.Option("--exact", help="Step through every engine iteration: slow.")] = False,
    timeline: Annotated[Path | None, typer.Option("--timeline", help="Write a timeline for Perfetto (.json).")] = None,
    columns_file: Annotated[Path | None, typer.Option("--columns", help="Write every call's row (.npz).")] = None,
    speedup: Annotated[float | None, typer.Option(help="live: divide arrival times by this.")] = None,
    shrink: Annotated[float | None, typer.Option(help="live: divide lengths in tokens by this, 1 or more.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="live: the folder of run folders; default runs.")] = None,
    seed: Annotated[int, typer.Option(help="The one seed of the run.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON value instead of tables.")] = False,
) -> None:
    """Serve a trace of real traffic on modelled endpoints, in virtual time; or send it to real ones as it came."""
    from commissure.hal.errors import UsageError, unknown
    from commissure.hal.eviction import Plan
    from commissure.hal.files import check_target
    from commissure.hal.fleets.fleet import Fleet
    from commissure.hal.ledger import UNLIMITED, Budget
    from commissure.policies.custom.build import evictor_of
    from commissure.policies.routing import build_router
    from commissure.scenarios.run import WORLDS
    from commissure.sim.replay.columns import Slo
    from commissure.sim.replay.write import write_columns, write_replay_timeline
    from commissure.sim.workload.reader import read_trace

    for option, path, suffix in (("--timeline", timeline, ".json"), ("--columns", columns_file, ".npz")):
        check_target(option, path, suffix)
    if world not in WORLDS:
        raise unknown("world", world, WORLDS)
    if world == "live" and exact:
        raise UsageError("--exact is of simulated engines: leave it out with --world live")
    if world == "sim":
        for option, given in (("--speedup", speedup), ("--shrink", shrink), ("--out", out)):
            if given is not None:
                raise UsageError(f"{option} is for real endpoints: give --world live with it")
    chosen = evictor_of(evictor, Plan(seed=seed)) if evictor else None
    loaded = Fleet.load(fleet, router=build_router(router, seed), evictor=chosen)
    budget = UNLIMITED if budget_usd is None else Budget(usd=budget_usd)
    calls = read_trace(trace, limit, skip_bad=skip_bad)
    slo = Slo(slo_ttft, slo_tpot)
    if world == "live":
        scale = (1.0 if speedup is None else speedup, 1.0 if shrink is None else shrink)
        columns, found = _live(calls, loaded, seed, budget, slo, scale, out or Path("runs"), skip_bad, as_json)
    else:
        columns, found = _sim(calls, loaded, seed, budget, slo, exact, skip_bad, as_json)
    if timeline is not None:
        write_replay_timeline(timeline, columns)
    if columns_file is not None:
        write_columns(columns_file, columns)
    if as_json:
        print_json(found)
    else:
        _print(found)


def _sim(
    calls: Trace, fleet: Fleet, seed: int, budget: Budget, slo: Slo, exact: bool, skip_bad: bool, quiet: bool
) -> tuple[Columns, dict[str, Any]]:
    from commissure.sim.replay.run import replay as run_replay
    from commissure.sim.replay.run import too_large
    from commissure.sim.replay.summary import summary

    if skip_bad and len(beyond := too_large(calls, fleet)) < len(calls):
        calls = calls.without(beyond)
    with progress_of("replaying", len(calls), quiet=quiet) as told:
        began = perf_counter()
        columns = run_replay(calls, fleet, seed=seed, budget=budget, exact=exact, progress=told)
        found = summary(columns, slo, perf_counter() - began)
    return columns, found | {"skipped": calls.skipped, "modelled": True}


def _live(
    calls: Trace, fleet: Fleet, seed: int, budget: Budget, slo: Slo, scale: tuple[float, float], out: Path,
    skip_bad: bool, quiet: bool,
) -> tuple[Columns, dict[str, Any]]:  # fmt: skip
    from commissure.hal.files import write_whole
    from commissure.scenarios.live_replay import foretold, replay_live
    from commissure.scenarios.traffic_text import beyond, scaled
    from commissure.sim.replay.summary import summary
    from commissure.sim.replay.write import write_replay_timeline

    about: dict[str, Any] = {"speedup": scale[0], "shrink": scale[1]}
    calls = scaled(calls, *scale)
    if skip_bad and len(too_large := beyond(calls, fleet)) < len(calls):
        calls = calls.without(too_large)
    predicted = foretold(calls, fleet, seed, budget)
    with progress_of("sending", len(calls), quiet=quiet) as told:
        began = perf_counter()
        try:
            columns, folder = replay_live(calls, fleet, out, seed=seed, budget=budget, about=about, progress=told)
        except KeyboardInterrupt as stop:
            # Typer ends the program without a word of it.
            typer.echo("\n".join(["interrupted", *getattr(stop, "__notes__", [])]), err=True)
            raise
        found = summary(columns, slo, perf_counter() - began)
    if predicted is not None:
        whole = summary(predicted, slo, 0.0)
        about["predicted"] = {key: whole[key] for key in ("served", "makespan_s", "ttft_s", "tpot_s", "e2e_s")}
    found |= about | {"skipped": calls.skipped, "modelled": False, "run_dir": str(folder.path)}
    write_whole(folder.path / "summary.json", json.dumps(found, indent=1, default=str) + "\n")
    write_replay_timeline(folder.path / "trace.json", columns)
    return columns, found


def _latencies(title: str, found: dict[str, Any]) -> None:
    rows = [
        [name, *(text(found[key][part]) for part in ("mean", "p50", "p90", "p99"))]
        for name, key in (("first token, s", "ttft_s"), ("a token after it, s", "tpot_s"), ("whole call, s", "e2e_s"))
    ]
    print_table([f"{title}, of the calls served", "mean", "p50", "p90", "p99"], rows)


def _how(found: dict[str, Any]) -> list[str]:
    if found["modelled"]:
        return ["simulated in", f"{found['wall_s']:.2f} s, {found['requests_per_s']:,.0f} calls a second"]
    scale = f"lengths in tokens divided by {found['shrink']:g}, arrival times by {found['speedup']:g}"
    return ["sent to real endpoints", f"{scale}; {found['run_dir']}"]


def _usd(cost: float) -> str:
    """To the cent, and small sums to a millionth."""
    return f"{cost:.{6 if 0 < cost < 0.01 else 2}f} USD"


def _print(found: dict[str, Any]) -> None:
    if found["modelled"]:
        _latencies("modelled", found)
    else:
        _latencies("measured", found)
        if "predicted" in found:
            _latencies("predicted by sim for the same calls", found["predicted"])
    slo, cost = found["slo"], found["cost_usd"]
    rows = [
        ["calls", f"{found['served']} served, {found['failed']} failed, {found['retries']} retries, "
                  f"{found['skipped']} lines skipped"],
        ["time", f"{found['makespan_s']:.1f} s from the first arrival to the last answer"],
        ["cost", "not known: an endpoint has no price" if cost is None else _usd(cost)],
        ["prompt tokens from a cache", f"{found['kv_hit_rate']:.1%}"],
        ["goodput", f"{found['goodput']:.3f} calls/s with {slo['ttft_s']} s and {slo['tpot_s']} s a token, "
                    f"{found['slo_share']:.1%} of all"],
        ["preemptions", str(found["preemptions"])],
        _how(found),
        ["trace hash", found["trace_hash"]],
    ]  # fmt: skip
    print_table(["of all calls", ""], [*rows, *([f"{count} failed", why] for why, count in found["errors"].items())])
    columns = ["requests", "failed", "ttft_s", "e2e_s", "token_usd", "busy_share"]
    print_table(
        ["endpoint, means", *columns],
        [[name, *(text(one[key]) for key in columns)] for name, one in found["endpoints"].items()],
    )
