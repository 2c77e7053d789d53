"""The command `hits`: a trace's prefix blocks through a cache under any evictor, beside the certified optimum."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from commissure.console import print_json, print_table, progress

if TYPE_CHECKING:
    from commissure.scenarios.cache_intensive.block_hits import BlockHits, Point

Number = TypeVar("Number", int, float)


def hits(
    trace: Annotated[Path, typer.Argument(help="A trace whose calls name the blocks of their prompts, as Mooncake's.")],
    capacity: Annotated[str | None, typer.Option(help="Room in blocks: numbers separated by commas.")] = None,
    gb: Annotated[str | None, typer.Option("--gb", help="Room in GB (10^9 bytes) instead; needs --model.")] = None,
    model: Annotated[str | None, typer.Option("--model", help="A model of profiles/models: its KV's size.")] = None,
    policies: Annotated[
        str | None, typer.Option("--policies", help="Evictors, separated by commas; default the quick ones.")
    ] = None,
    bypass: Annotated[bool, typer.Option("--bypass", help="A block may be served without a place.")] = False,
    second_half: Annotated[bool, typer.Option("--second-half", help="Count only the later half of the calls.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first calls.")] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave out bad lines, and count them.")] = False,
    figure: Annotated[Path | None, typer.Option("--figure", help="Draw the hit curves (.svg).")] = None,
    seed: Annotated[int, typer.Option(help="The one seed of the run.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON value instead of tables.")] = False,
) -> None:
    """Replay a trace's prefix blocks under evictors, each with its share of the most hits that any could have."""
    from commissure.hal.errors import UsageError
    from commissure.hal.files import check_target, write_whole
    from commissure.scenarios.cache_intensive.block_hits import BlockReplay, block_hits_figure
    from commissure.sim.workload.reader import read_trace

    check_target("--figure", figure, ".svg")
    if capacity is not None and gb is not None:
        raise UsageError("give either --capacity in blocks or --gb with --model")
    if gb is not None and model is None:
        raise UsageError("--gb needs --model, whose KV says how many blocks fit")
    token_bytes = None if model is None else _kv_bytes(model)
    wanted = [] if capacity is None else _numbers("--capacity", capacity, int, "whole numbers >= 1")
    sizes = [] if gb is None else _numbers("--gb", gb, float, "numbers above 0")
    chosen = [] if policies is None else list(dict.fromkeys(name.strip() for name in policies.split(",")))
    calls = read_trace(trace, limit, skip_bad=skip_bad)
    block_bytes = None if token_bytes is None else token_bytes * calls.unit_tokens
    if block_bytes is not None and sizes:
        wanted = [_blocks(one, block_bytes) for one in sizes]
    asked = BlockReplay(calls, sorted(set(wanted)), chosen, bypass=bypass, second_half=second_half, seed=seed)
    with progress("replaying", asked.steps, quiet=as_json) as advance:
        found = asked.run(advance)
    if figure is not None:
        write_whole(figure, block_hits_figure(found))
    if as_json:
        print_json(asdict(found) | {"skipped": calls.skipped, "block_bytes": block_bytes})
    else:
        _print(found, calls.skipped, block_bytes, figure)


def _kv_bytes(name: str) -> float:
    """Bytes of a token's KV."""
    from commissure.hal.errors import UsageError, unknown
    from commissure.hal.profiles.model import models
    from commissure.hal.profiles.quantity import value_of

    known = models()
    if name not in known:
        raise unknown("model", name, known)
    sizes = {one: value_of(model.kv_bytes_per_token) for one, model in known.items()}
    if not sizes[name]:
        able = ", ".join(one for one, size in sizes.items() if size)
        raise UsageError(f"model {name!r}: how large the KV of a token is, is not known; known of: {able}")
    return sizes[name]


def _numbers(option: str, given: str, kind: Callable[[str], Number], allowed: str) -> list[Number]:
    from commissure.hal.errors import UsageError

    try:
        found = [kind(one) for one in given.split(",")]
    except ValueError:
        found = []
    least = 1 if kind is int else 0
    if not found or not all(least <= one < float("inf") and one > 0 for one in found):
        raise UsageError(f"{option} {given}: give {allowed}, separated by commas")
    return found


def _blocks(gb: float, block_bytes: float) -> int:
    from commissure.hal.errors import UsageError

    if gb * 1e9 < block_bytes:
        raise UsageError(f"--gb {gb:g} holds no block: one takes {block_bytes / 1e9:.3g} GB")
    return int(gb * 1e9 / block_bytes)


def _print(found: BlockHits, skipped: int, block_bytes: float | None, figure: Path | None) -> None:
    mode = "what is used is resident" if found.mode == "forced" else "a block may be served without a place"
    counted = f", of which the last {found.counted:,} count" if found.counted < found.requests else ""
    rows = [
        ["calls", f"{found.requests:,}{counted}; {skipped} lines skipped"],
        ["blocks", f"{found.blocks:,} references of {found.block_tokens} tokens; {found.distinct:,} distinct in all"],
        ["prompt tokens", f"{found.prompt_tokens:,}"],
        ["mode", f"{found.mode}: {mode}"],
        ["optimum", "leaf-Belady: certified, for blocks of one cost" if found.exact
                    else "at most: a bound on the counted calls, for blocks of one cost"],
    ]  # fmt: skip
    print_table(["of the trace", ""], rows)
    head = ["capacity", *(["GB"] if block_bytes else []), "policy", "blocks hit", "hit ratio", "tokens computed",
            "share of the optimum's hits"]  # fmt: skip
    print_table(head, [_row(point, block_bytes) for point in found.points])
    if figure is not None:
        typer.echo(f"figure: {figure}")


def _row(point: Point, block_bytes: float | None) -> list[str]:
    computed = "-" if point.tokens_computed is None else f"{point.tokens_computed:,}"
    share = "-" if point.share is None else f"{point.share:.1%}"
    size: list[Any] = [f"{point.capacity * block_bytes / 1e9:,.4g}"] if block_bytes else []
    return [f"{point.capacity:,}", *size, point.policy, f"{point.hits:,}", f"{point.hit_ratio:.2%}", computed, share]
