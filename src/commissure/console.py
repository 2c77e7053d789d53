"""What the command line shows: tables for people, one JSON value for programs, a progress bar on a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from commissure.scenarios.legs import LegSummary
    from commissure.scenarios.report import Row

Advance = Callable[[str], None]
# In a pipe there is no width to fit into: nothing is folded or cut.
PIPE_WIDTH = 240


def print_json(value: Any) -> None:
    """One JSON value on one line."""
    typer.echo(json.dumps(value, default=str, allow_nan=False))


def set_values(given: Sequence[str] | None) -> dict[str, str]:
    """What `--set key=value` gives, by key. Raises UsageError for another form."""
    from commissure.hal.errors import UsageError

    found = {}
    for item in given or ():
        key, equals, value = item.partition("=")
        if not equals:
            raise UsageError(f"--set {item}: give key=value")
        found[key.strip()] = value.strip()
    return found


def print_table(head: list[str], rows: list[list[str]]) -> None:
    """A plain table."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table

    table = Table(*head, box=SIMPLE_HEAD)
    for row in rows:
        table.add_row(*row)
    Console(width=None if _is_terminal(sys.stdout) else PIPE_WIDTH, markup=False, highlight=False).print(table)


def print_tables(legs: Sequence[LegSummary], report: Path) -> None:
    """A table for each variant of the settings, and where the report is."""
    from commissure.scenarios.report import by_variant, table_rows
    from commissure.scenarios.scenario import find_scenario

    for title, group in by_variant(legs):
        typer.echo(f"\n{title}")
        rows = table_rows(group)
        common = ["policy", *rows[0].own]
        if any(row.live_s is not None for row in rows):
            head = ["measured s", "predicted s", "error", "saving", "modelled saving", "live = sim"]
            print_table([*common, *head], [_common(row) + _live(row) for row in rows])
        else:
            print_table(
                [*common, "modelled s", "saving"],
                [[*_common(row), _seconds(row.sim_s), _percent(row.saving)] for row in rows],
            )
        for table in find_scenario(group[0].scenario).tables(group):
            typer.echo(table.title)
            print_table(list(table.head), [list(row) for row in table.rows])
        for row in rows:
            if row.disturbed:
                typer.echo(
                    f"warning: {row.policy} was disturbed: {row.error:+.0%} off; something else used this machine"
                )
    typer.echo(f"report: {report}")


def _common(row: Row) -> list[str]:
    return [row.policy, *row.own.values()]


def _live(row: Row) -> list[str]:
    same = {True: "every call", False: "NO", None: "-"}[row.same]
    error = "-" if row.error is None else f"{row.error:+.1%}"
    return [
        _seconds(row.live_s),
        _seconds(row.predicted_s),
        error,
        _percent(row.saving),
        _percent(row.modelled_saving),
        same,
    ]


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{value:z.0%}"


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _is_terminal(stream: Any) -> bool:
    return stream is not None and bool(stream.isatty())


def text(value: Any) -> str:
    """A value as a cell of a table."""
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, dict):
        return ", ".join(f"{key} {text(item)}" for key, item in value.items())
    return "-" if value is None else str(value)


def progress_of(title: str, total: int, *, quiet: bool) -> AbstractContextManager[Callable[[int, int], None] | None]:
    """A progress bar that is told how far things are; None where there is no terminal to show it on."""
    if quiet or not _is_terminal(sys.stderr):
        return nullcontext(None)
    return _bar_of(title, total)


@contextmanager
def _bar_of(title: str, total: int) -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=total)
        yield lambda done, total: bar.update(task, completed=done)


def progress(title: str, total: int, *, quiet: bool, done: int = 0) -> AbstractContextManager[Advance]:
    """A progress bar on a terminal, and none in a pipe or beside --json. What it gives advances it by one.

    `done` of the total is there already.
    """
    if quiet or not _is_terminal(sys.stderr):
        return nullcontext(lambda what: None)
    return _bar(title, total, done)


@contextmanager
def _bar(title: str, total: int, done: int) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description:<24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=total, completed=done)
        yield lambda what: bar.update(task, advance=1, description=what)
