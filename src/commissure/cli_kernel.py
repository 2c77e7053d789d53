"""The command `kernel cost`: what the kernel for constrained decoding adds to a step, by documented costs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from commissure.console import print_json, print_table, progress

if TYPE_CHECKING:
    from commissure.kernels.nki.cost.comparison import Row
    from commissure.kernels.nki.cost.decode import DecodeStep
    from commissure.kernels.nki.cost.targets import Target
    from commissure.kernels.nki.cost.workload import Workload

kernel_app = typer.Typer(help="The NKI kernel for constrained decoding.", no_args_is_help=True)


@kernel_app.callback()
def _kernel() -> None:
    pass


@kernel_app.command()
def cost(
    batch: Annotated[
        str, typer.Option(help="Batches, separated by commas; the others are compared to the first.")
    ] = "1,8,64",
    vocab: Annotated[int, typer.Option(help="Tokens of the vocabulary.")] = 128_256,
    hidden: Annotated[int, typer.Option(help="Width of the hidden state.")] = 4096,
    target: Annotated[str, typer.Option(help="trn1, inf2, trn2 or trn3.")] = "inf2",
    design: Annotated[
        str, typer.Option(help="fused, streamed, standalone, both (the first and the last) or all.")
    ] = "all",
    tp: Annotated[int, typer.Option("--tp", help="Cores that share the vocabulary, and the model.")] = 1,
    model: Annotated[str, typer.Option("--model", help="Whose decode step a share is told of.")] = "llama-3.1-8b",
    states: Annotated[int, typer.Option(help="States of the grammar; 147, 84 and 195 are medians of MaskBench.")] = 147,
    masks: Annotated[int, typer.Option(help="Distinct masks of the grammar.")] = 84,
    classes: Annotated[int, typer.Option(help="Classes of tokens that the grammar tells apart.")] = 195,
    trace_file: Annotated[
        Path | None, typer.Option("--trace-file", help="A timeline of one masked step at the last batch (.json).")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON value instead of tables.")] = False,
) -> None:
    """Estimate what masking adds to a decode step: critical path, busy engines, share of the step."""
    from commissure.hal.files import check_target, write_whole
    from commissure.kernels.nki.cost.comparison import compare
    from commissure.kernels.nki.cost.decode import decode_step
    from commissure.kernels.nki.cost.designs import chosen_designs, step_timeline
    from commissure.kernels.nki.cost.targets import find_target
    from commissure.kernels.nki.cost.workload import Workload

    check_target("--trace-file", trace_file, ".json")
    found, designs, batches = find_target(target), chosen_designs(design), _batches(batch)
    work = Workload(max(batches), vocab, hidden, found.name, tp, states, masks, classes)
    decode = decode_step(model, found, tp)
    with progress("scheduling", len(designs) * len(batches), quiet=as_json) as advance:
        rows = compare(work, designs, batches, decode, advance)
    if trace_file is not None:
        write_whole(trace_file, step_timeline(designs[0], work))
    if as_json:
        print_json({"workload": asdict(work), "decode_step": asdict(decode), "rows": [asdict(row) for row in rows],
                    "target": _figures(found), "trace_file": trace_file})  # fmt: skip
        return
    _print(work, decode, rows)
    if trace_file is not None:
        typer.echo(f"timeline of {designs[0]} at batch {max(batches)}: {trace_file} (opens in ui.perfetto.dev)")


def _batches(given: str) -> list[int]:
    from commissure.hal.errors import UsageError
    from commissure.kernels.nki.sizes import MOST_BATCH

    parts = [part.strip() for part in given.split(",")]
    if not all(part.isdecimal() and 1 <= int(part) <= MOST_BATCH for part in parts):
        raise UsageError(f"--batch {given}: give whole numbers from 1 to {MOST_BATCH}, separated by commas")
    return [int(part) for part in parts]


def _figures(target: Target) -> dict[str, dict[str, object]]:
    return {name: figure._asdict() for name, figure in target.figures().items()}


def _print(work: Workload, decode: DecodeStep, rows: list[Row]) -> None:
    from commissure.kernels.nki.cost.targets import find_target

    typer.echo(f"{rows[0].label}, nothing measured: {work.target}, {work.columns:,} tokens of {work.vocabulary:,} "
               f"a core, hidden {work.hidden:,}")  # fmt: skip
    head = ["design", "masks", "batch", "added us", "to the first", "tensor", "vector", "scalar", "gpsimd", "dma",
            "step us", "share of a decode step", "states alone us", "one launch, added us"]  # fmt: skip
    print_table(head, [_row(row) for row in rows])
    typer.echo("added us: a steady step with masks less one without; tensor to dma: work added to each engine, us;")
    typer.echo("states alone: from a token to the next mask with nothing beside it")
    typer.echo("one launch: of a single step, which loads its tables")
    for row in {row.design: row for row in rows}.values():
        typer.echo(f"{row.design}, batch {row.batch}: {'; '.join(row.hidden) or 'nothing is added'}")
    typer.echo(f"decode step {decode.us:,.0f} us: {decode.basis}")
    guesses = [name for name, figure in find_target(work.target).figures().items() if figure.basis == "assumed"]
    typer.echo(f"assumed: {', '.join(guesses)}; memory that is free longest is used first; transfers of each part of a "
               "kernel take turns (--json has each figure's source)")  # fmt: skip
    assumed = {op: words for row in rows for op, words in row.assumed.items()}
    for op, words in assumed.items():
        typer.echo(f"not documented: {op}, taken as {words}")


def _row(row: Row) -> list[str]:
    busy = [f"{row.added_busy_us[name]:+.2f}" for name in ("tensor", "vector", "scalar", "gpsimd", "dma")]
    ratio = "-" if row.ratio is None else f"{row.ratio:.3f}"
    return [row.design, row.table, str(row.batch), f"{row.added_us:.3f}", ratio, *busy, f"{row.step_us:,.1f}",
            f"{row.share:.4%}", f"{row.chain_us:.2f}" if row.chain_us else "-", f"{row.alone_us:.2f}"]  # fmt: skip
