"""What of a batch's constants stays in a core's SBUF, what streams past, and whether it fits at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from commissure.kernels.grammar.errors import DoesNotFit
from commissure.kernels.nki.executor.targets import find_target
from commissure.kernels.nki.pack import Pack
from commissure.kernels.nki.pack_tables import TOKEN_COLUMNS
from commissure.kernels.nki.sizes import check_batch, check_hidden, check_whole

STRIP = 3 * 512
"""Columns of one row of W that are held at a time: kernels/nki/constrained_logits.py's GROUP * TILE."""
ROW = 2 * STRIP
"""Bytes per partition of one slot for a row of W, bfloat16."""
LEAST_DEPTH = 8
MOST_DEPTH = 16
"""Slots: 128 x 1,536 bfloat16 take some 1.4 us at 272 GB/s, and a DMA some 1.3 us until it starts (both documented,
see the cost model's targets). Four keep HBM busy; the others bridge what the tensor engine waits for states."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The first `resident` of `columns` of the penalties stay in SBUF, the others stream by in each step.

    `depth`: slots for rows of W. `parts`: bytes per partition of each part; `limit`: what a partition has.
    """

    columns: int
    resident: int
    depth: int
    parts: Mapping[str, int]
    limit: int

    @property
    def bytes(self) -> int:
        """Per partition."""
        return sum(self.parts.values())


def plan(packed: Pack, hidden: int, batch: int, target: str, *, sampled: bool = False, shards: int = 1) -> Plan:
    """The plan that keeps most in SBUF. Raises DoesNotFit, naming the largest part, if there is none.

    Raises UsageError for a hidden size, a batch, shards or a target that no kernel takes.
    """
    check_hidden(hidden)
    check_batch(batch)
    check_whole("shards", shards, 1, packed.vocabulary)
    limit = find_target(target).sbuf_bytes
    columns = -(-packed.vocabulary // shards)
    parts = _fixed(packed, hidden, batch, columns, sampled=sampled)
    item = packed.penalty.dtype.itemsize * -(-packed.masks // 128)
    left = limit - sum(parts.values()) - LEAST_DEPTH * ROW
    if columns * item <= left:
        resident = columns
    else:
        parts["penalties, streamed"] = 2 * item * STRIP
        left -= parts["penalties, streamed"]
        resident = left // item // STRIP * STRIP
    if left < 0:
        raise _too_much(packed, parts, target, limit)
    parts["penalties, resident"] = resident * item
    depth = min(MOST_DEPTH, LEAST_DEPTH + (left - resident * item) // ROW)
    parts["rows of W"] = depth * ROW
    return Plan(columns, resident, depth, parts, limit)


def _too_much(packed: Pack, parts: Mapping[str, int], target: str, limit: int) -> DoesNotFit:
    largest = max(parts, key=lambda part: parts[part])
    fix = "use fewer grammars in a batch, or more shards"
    if not packed.gather:
        fix += ", or gathered tables (trn2, trn3)"
    return DoesNotFit(
        f"a partition of {target} has {limit:,} bytes and would need {sum(parts.values()) + LEAST_DEPTH * ROW:,}; the "
        f"largest part is {largest!r}, {parts[largest]:,} bytes: {fix}"
    )


def _fixed(packed: Pack, hidden: int, batch: int, columns: int, *, sampled: bool) -> dict[str, int]:
    """Bytes per partition of what a plan cannot choose."""
    tables = packed.tables
    tiles = max(-(-columns // 512) + 1, 8)
    passes = -(-packed.masks // 128)
    parts = {
        "hidden states": 2 * (hidden // 128) * batch,
        "best of tiles": tiles * (8 * (4 + 4) + 3 * 4),
        "masks of the batch": 3 * passes * batch * packed.penalty.dtype.itemsize,
        "small tiles": 4 * 1024,
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
    blocks = tables.digits + (1 + tables.digits if packed.counted else 0)
    widest = max(TOKEN_COLUMNS, tables.of_class.shape[1] // blocks)
    parts["column numbers"] = 3 * 4 * widest
    # A state's are held while the next state's are made.
    rows = sum(len(table) // 128 for table in (tables.of_token, tables.of_state, tables.of_state, tables.of_row))
    parts["one-hot rows"] = 2 * rows * batch
    return parts
