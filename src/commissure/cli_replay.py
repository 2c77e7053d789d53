"""The command `replay`: a trace on a modelled fleet."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Annotated, Any

import typer

from commissure.console import print_json, print_table, progress_of, text


def replay(
    trace: Annotated[Path, typer.Argument(help="A trace: Mooncake, Azure, BurstGPT, plain JSON lines or calls.jsonl.")],
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
    seed: Annotated[int, typer.Option(help="The one seed of the run.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON value instead of tables.")] = False,
) -> None:
    """Serve a trace of real traffic on modelled endpoints, in virtual time."""
    from networkx import DiGraph

    from commissure.hal.errors import UsageError
    from commissure.hal.files import check_target
    from commissure.hal.fleet import Fleet
    from commissure.hal.ledger import UNLIMITED, Budget
    from commissure.policies.cache import build_evictor
    from commissure.policies.routing import build_router
    from commissure.sim.replay.columns import Slo
    from commissure.sim.replay.run import replay as run_replay
    from commissure.sim.replay.run import too_large
    from commissure.sim.replay.summary import summary
    from commissure.sim.replay.write import write_columns, write_replay_timeline
    from commissure.sim.workload.reader import read_trace

    for option, path, suffix in (("--timeline", timeline, ".json"), ("--columns", columns_file, ".npz")):
        check_target(option, path, suffix)
    if evictor == "topology":
        raise UsageError("evictor 'topology' needs a workflow's graph, which a trace has not; give lru, mru or random")
    chosen = build_evictor(evictor, DiGraph(), seed) if evictor else None
    loaded = Fleet.load(fleet, router=build_router(router, seed), evictor=chosen)
    budget = UNLIMITED if budget_usd is None else Budget(usd=budget_usd)
    calls = read_trace(trace, limit, skip_bad=skip_bad)
    if skip_bad and len(beyond := too_large(calls, loaded)) < len(calls):
        calls = calls.without(beyond)
    with progress_of("replaying", len(calls), quiet=as_json) as told:
        began = perf_counter()
        columns = run_replay(calls, loaded, seed=seed, budget=budget, exact=exact, progress=told)
        found = summary(columns, Slo(slo_ttft, slo_tpot), perf_counter() - began)
    if timeline is not None:
        write_replay_timeline(timeline, columns)
    if columns_file is not None:
        write_columns(columns_file, columns)
    found |= {"skipped": calls.skipped, "modelled": True}
    if as_json:
        print_json(found)
    else:
        _print(found)


def _print(found: dict[str, Any]) -> None:
    rows = [
        [name, *(text(found[key][part]) for part in ("mean", "p50", "p90", "p99"))]
        for name, key in (("first token, s", "ttft_s"), ("a token after it, s", "tpot_s"), ("whole call, s", "e2e_s"))
    ]
    print_table(["modelled, of the calls served", "mean", "p50", "p90", "p99"], rows)
    slo, cost = found["slo"], found["cost_usd"]
    rows = [
        ["calls", f"{found['served']} served, {found['failed']} failed, {found['retries']} retries, "
                  f"{found['skipped']} lines skipped"],
        ["time", f"{found['makespan_s']:.1f} s from the first arrival to the last answer"],
        ["cost", "not known: an endpoint has no price" if cost is None else f"{cost:.2f} USD"],
        ["prompt tokens from a cache", f"{found['kv_hit_rate']:.1%}"],
        ["goodput", f"{found['goodput']:.3f} calls/s with {slo['ttft_s']} s and {slo['tpot_s']} s a token, "
                    f"{found['slo_share']:.1%} of all"],
        ["preemptions", str(found["preemptions"])],
        ["simulated in", f"{found['wall_s']:.2f} s, {found['requests_per_s']:,.0f} calls a second"],
        ["trace hash", found["trace_hash"]],
    ]  # fmt: skip
    print_table(["of all calls", ""], [*rows, *([f"{count} failed", why] for why, count in found["errors"].items())])
    columns = ["requests", "failed", "ttft_s", "e2e_s", "token_usd", "busy_share"]
    print_table(
        ["endpoint, means", *columns],
        [[name, *(text(one[key]) for key in columns)] for name, one in found["endpoints"].items()],
    )
