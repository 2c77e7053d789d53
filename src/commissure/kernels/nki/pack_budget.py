"""What of a batch's constants stays in a core's SBUF, what streams past, and whether it fits at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from commissure.kernels.grammar.errors import DoesNotFit
from commissure.kernels.nki.executor.targets import find_target
from commissure.kernels.nki.pack import Pack

STRIP = 3 * 512
"""Columns of one row of W that are held at a time: kernels/nki/constrained_logits.py's GROUP * TILE."""
DEEPEST = 16
SHALLOWEST = 4
"""Slots for rows of W: 128 x 1,536 bfloat16 take some 1.4 us at 272 GB/s, and a DMA some 1.3 us until it starts, so
that four are the least that keep HBM busy; sixteen also bridge the time that the next states take."""


@dataclass(frozen=True, slots=True)
class Plan:
    """`resident`: all penalties stay in SBUF, else they stream by each step. `depth`: slots for rows of W.

    `parts`: bytes per partition of each part; `limit`: what a partition has.
    """

    resident: bool
    depth: int
    parts: Mapping[str, int]
    limit: int

    @property
    def bytes(self) -> int:
        """Per partition."""
        return sum(self.parts.values())


def plan(packed: Pack, hidden: int, batch: int, target: str, *, sampled: bool = False, shards: int = 1) -> Plan:
    """The plan that keeps most in SBUF. Raises DoesNotFit, naming the largest part, if there is none."""
    limit = find_target(target).sbuf_bytes
    columns = -(-packed.vocabulary // shards)
    fixed = _fixed(packed, hidden, batch, columns, sampled=sampled)
    item = packed.penalty.dtype.itemsize * (packed.penalty.shape[0] // 128)
    for resident in (True, False):
        penalties = {"penalties, resident": item * columns} if resident else {"penalties, streamed": 2 * item * STRIP}
        left = limit - sum(fixed.values()) - sum(penalties.values())
        depth = min(DEEPEST, left // (2 * STRIP))
        if depth >= SHALLOWEST:
            return Plan(resident, depth, {**fixed, **penalties, "rows of W": depth * 2 * STRIP}, limit)
    parts = {**fixed, **penalties}
    largest = max(parts, key=lambda part: parts[part])
    raise DoesNotFit(
        f"the tables take {sum(parts.values()) + SHALLOWEST * 2 * STRIP:,} bytes per partition of {target}, which has "
        f"{limit:,}; the largest is {largest!r}, {parts[largest]:,}: use more shards, fewer grammars in a batch"
        f"{'' if packed.gather else ', or tables that are gathered (trn2, trn3)'}"
    )


def _fixed(packed: Pack, hidden: int, batch: int, columns: int, *, sampled: bool) -> dict[str, int]:
    """Bytes per partition of what a plan cannot choose."""
    tables = packed.tables
    tiles = max(-(-columns // 512) + 1, 8)
    passes = packed.penalty.shape[0] // 128
    parts = {
        "hidden states": 2 * 2 * (hidden // 128) * batch,
        "best of tiles": 2 * tiles * (8 * (4 + 4) + 2 * 4),
        "masks of the batch": 3 * passes * batch * packed.penalty.dtype.itemsize,
        "small tiles": 8 * 1024,
    }
    if sampled:
        parts["noise"] = 4 * 512 * 4
    if packed.gather:
        return parts
    held = {
        "classes of tokens": tables.of_token,
        "moves of classes": tables.of_class,
        "records of states": tables.of_state,
        "masks of rows": tables.of_row,
    }
    for name, table in held.items():
        parts[name] = len(table) // 128 * table.shape[1] * table.dtype.itemsize
    widest = max(table.shape[1] for table in held.values())
    most = max(len(table) // 128 for table in held.values())
    parts["column numbers"] = 4 * widest + 4 * max(widest, 512)
    parts["one-hot rows"] = 3 * 2 * most * batch
    return parts
