"""A replay's rows as files: columns for numpy, a timeline for Perfetto (ui.perfetto.dev)."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np

from commissure.hal.files import write_whole
from commissure.sim.replay.columns import Columns

# Perfetto opens some hundred megabytes; a call takes about half a kilobyte.
MOST_CALLS = 100_000
COLUMNS = (
    "arrival_s", "started_s", "first_s", "finished_s", "input_tokens", "cached_tokens", "output_tokens", "endpoint",
    "preemptions", "cost_usd",
)  # fmt: skip


def write_columns(path: Path, columns: Columns) -> None:
    """Every column under its name, and the endpoints' names, as compressed numpy arrays."""
    buffer = io.BytesIO()
    arrays = {name: getattr(columns, name) for name in COLUMNS}
    np.savez_compressed(buffer, endpoints=np.asarray(columns.endpoints), **arrays)
    write_whole(path, buffer.getvalue())


def write_replay_timeline(path: Path, columns: Columns) -> None:
    """One process an endpoint; each call an asynchronous slice with its queue, prefill and decode inside it."""
    events: list[dict[str, Any]] = [
        {"ph": "M", "pid": number, "name": "process_name", "args": {"name": name}}
        for number, name in enumerate(columns.endpoints)
    ]
    for number in np.flatnonzero(columns.served)[:MOST_CALLS].tolist():
        events += _call(columns, number)
    write_whole(path, json.dumps({"traceEvents": events, "displayTimeUnit": "ms"}))


def _call(columns: Columns, number: int) -> list[dict[str, Any]]:
    moments = [float(column[number]) for column in (
        columns.arrival_s, columns.started_s, columns.first_s, columns.finished_s
    )]  # fmt: skip
    where = {"pid": int(columns.endpoint[number]), "tid": 0, "cat": "call", "id": number}
    args = {name: int(getattr(columns, name)[number]) for name in ("input_tokens", "cached_tokens", "output_tokens")}
    slices = [("call", moments[0], moments[3])]
    slices += [(name, moments[part], moments[part + 1]) for part, name in enumerate(("queue", "prefill", "decode"))]
    return [
        {"ph": phase, "name": name, "ts": at_s * 1e6, **where}
        | ({"args": args} if (phase, name) == ("b", "call") else {})
        for name, begin, end in slices
        for phase, at_s in (("b", begin), ("e", end))
    ]
