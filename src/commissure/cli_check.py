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
    from commissure.policies.testing import Case, Finding, Regret, Report
    from commissure.policies.testing.selection import Poll, SelectorRegret, SelectorReport


def check(
    policy: Annotated[
        str, typer.Argument(help="An evictor or a selector: module:Name, file.py:Name, or one of ours by name.")
    ],
    examples: Annotated[int, typer.Option(min=1, help="How many cases each invariant is tried on.")] = 200,
    seed: Annotated[int, typer.Option(help="The same seed tries the same cases.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON value instead of tables.")] = False,
) -> None:
    """Property-test a policy for caches or ensembles: what any must keep, the smallest counter-example, its regret."""
    from commissure.policies.custom.kind import SELECTOR
    from commissure.policies.custom.load import load_policy
    from commissure.policies.testing import INVARIANTS, check_evictor
    from commissure.policies.testing.selection import SELECTOR_INVARIANTS, check_selector

    report: Report | SelectorReport
    # What the policy itself prints must not get into our own output.
    with redirect_stdout(sys.stderr), _elsewhere():
        kind, make = load_policy(policy, Path.cwd())
        invariants = SELECTOR_INVARIANTS if kind is SELECTOR else INVARIANTS
        check_it = check_selector if kind is SELECTOR else check_evictor
        with progress(f"check {policy}", len(invariants) + 1, quiet=as_json) as advance:
            report = check_it(make, examples=examples, seed=seed, advance=advance)
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


def _data(report: Report | SelectorReport) -> dict[str, object]:
    from commissure.policies.testing.selection import SelectorReport

    own: dict[str, object]
    if isinstance(report, SelectorReport):
        own = {"kind": "selector", "answerable": report.answerable, "abstained": report.abstained}
    else:
        own = {"kind": "evictor", "offline": report.offline}
    return {"policy": report.policy, "ok": report.ok, "seed": report.seed} | own | {
        "invariants": [one.data() for one in report.findings], "regret": [asdict(one) for one in report.regrets],
    }  # fmt: skip


def _print(report: Report | SelectorReport) -> None:
    from commissure.policies.testing.selection import SelectorReport

    print_table(["invariant", "verdict", "cases", "what it says"], [_row(one) for one in report.findings])
    for one in report.broken:
        typer.echo(f"\n{one.invariant}: broken")
        lines = one.counter_example.story() if one.counter_example else (one.why,)
        typer.echo("\n".join(f"    {line}" for line in lines))
    if isinstance(report, SelectorReport):
        typer.echo(f"\nit abstains on {report.abstained} of the {report.answerable} polls in which something parses")
        _print_selector_regret(report)
    else:
        _print_regret(report)
    if not report.regrets:
        typer.echo("\nregret is not measured: the answers fail")


def _print_regret(report: Report) -> None:
    if report.regrets:
        known = ", built of the uses to come" if report.offline else ""
        typer.echo(f"\nregret on random workflows, beside Belady's MIN ({report.policy}{known}, seed {report.seed})")
        print_table(
            ["workflows", "number", "evictor", "misses over the fewest", "share of its hits", "regret less LRU's"],
            [_regret(one) for one in report.regrets],
        )
        typer.echo("median (10 % to 90 %) over the workflows; mean difference (95 % interval): below 0 is better")


def _print_selector_regret(report: SelectorReport) -> None:
    if report.regrets:
        typer.echo(f"\nrecords right as a whole, in modelled populations ({report.policy}, seed {report.seed})")
        print_table(
            ["population", "records", "selector", "right, %", "oracle less it", "it less first", "it less plurality"],
            [_right(one) for one in report.regrets],
        )
        typer.echo("mean (95 % interval) in points, differences over the same records: above 0 is the former better")


def _row(one: Finding[Case] | Finding[Poll]) -> list[str]:
    return [one.invariant, one.verdict, str(one.examples), one.meaning]


def _regret(one: Regret) -> list[str]:
    low, middle, high = one.regret
    hits = "-" if one.hits is None else f"{one.hits[1]:.0%} ({one.hits[0]:.0%} to {one.hits[2]:.0%})"
    mean, least, most = one.versus_lru
    versus = "-" if one.evictor == "lru" else f"{mean:+.2f} ({least:+.2f} to {most:+.2f})"
    return [one.family, str(one.workflows), one.evictor, f"{middle:+.0%} ({low:+.0%} to {high:+.0%})", hits, versus]


def _right(one: SelectorRegret) -> list[str]:
    shown = [_points(each) for each in (one.accuracy, one.regret, one.versus_first, one.versus_plurality)]
    return [one.population, str(one.records), one.selector, *shown]


def _points(share: tuple[float, float, float]) -> str:
    mean, low, high = (100 * one for one in share)
    return "-" if not any(share) else f"{mean:.1f} ({low:.1f} to {high:.1f})"
