"""The command `check`: whether a user's policy keeps what any policy must keep, and how near the optimum it is."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from commissure.console import print_json, print_table, progress

if TYPE_CHECKING:
    from commissure.policies.testing import Finding, Regret, Report


def check(
    policy: Annotated[str, typer.Argument(help="An evictor: module:Name, file.py:Name, or one of ours by name.")],
    examples: Annotated[int, typer.Option(min=1, help="How many cases each invariant is tried on.")] = 200,
    seed: Annotated[int, typer.Option(help="The same seed tries the same cases.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON value instead of tables.")] = False,
) -> None:
    """Property-test a cache policy: what any must keep, the smallest counter-example, and its regret."""
    from commissure.policies.testing import INVARIANTS, check_evictor
    from commissure.policies.testing.load import load_evictor

    # What the policy itself prints must not get into our own output.
    with redirect_stdout(sys.stderr), _elsewhere():
        make = load_evictor(policy, Path.cwd())
        with progress(f"check {policy}", len(INVARIANTS) + 1, quiet=as_json) as advance:
            report = check_evictor(make, examples=examples, seed=seed, advance=advance)
    if as_json:
        print_json(_data(report))
    else:
        _print(report)
    if not report.ok:
        raise typer.Exit(1)


@contextmanager
def _elsewhere() -> Iterator[None]:
    """Hypothesis keeps its notes in a folder that is not left behind, unless the user has named one."""
    with TemporaryDirectory() as folder:
        os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", folder)
        yield


def _data(report: Report) -> dict[str, object]:
    return {
        "policy": report.policy, "ok": report.ok, "seed": report.seed, "offline": report.offline,
        "invariants": [one.data() for one in report.findings], "regret": [asdict(one) for one in report.regrets],
    }  # fmt: skip


def _print(report: Report) -> None:
    print_table(["invariant", "verdict", "cases", "what it says"], [_row(one) for one in report.findings])
    for one in report.broken:
        typer.echo(f"\n{one.invariant}: broken")
        lines = one.counter_example.story() if one.counter_example else (one.why,)
        typer.echo("\n".join(f"    {line}" for line in lines))
    if report.regrets:
        known = ", built of the uses to come" if report.offline else ""
        typer.echo(f"\nregret on random workflows, beside Belady's MIN ({report.policy}{known}, seed {report.seed})")
        print_table(
            ["workflows", "number", "evictor", "misses over the fewest", "share of its hits", "regret less LRU's"],
            [_regret(one) for one in report.regrets],
        )
        typer.echo("median (10 % to 90 %) over the workflows; mean difference (95 % interval): below 0 is better")
    else:
        typer.echo("\nregret is not measured: the answers fail")


def _row(one: Finding) -> list[str]:
    return [one.invariant, one.verdict, str(one.examples), one.meaning]


def _regret(one: Regret) -> list[str]:
    low, middle, high = one.regret
    hits = "-" if one.hits is None else f"{one.hits[1]:.0%} ({one.hits[0]:.0%} to {one.hits[2]:.0%})"
    mean, least, most = one.versus_lru
    versus = "-" if one.evictor == "lru" else f"{mean:+.2f} ({least:+.2f} to {most:+.2f})"
    return [one.family, str(one.workflows), one.evictor, f"{middle:+.0%} ({low:+.0%} to {high:+.0%})", hits, versus]
