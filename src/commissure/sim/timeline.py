"""The timeline of a run as a Chrome trace, which Perfetto (ui.perfetto.dev) opens."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from commissure.hal.files import write_whole
from commissure.hal.journal import CallRecord

_PARTS = ("queue", "prefill", "decode")


def write_timeline(path: Path, records: Iterable[CallRecord]) -> None:
    """Write one process for each leg, one thread for each slot; times in microseconds of the leg's clock."""
    processes: dict[str, int] = {}
    events: list[dict[str, Any]] = []
    for record in records:
        if record.leg not in processes:
            pid = processes[record.leg] = len(processes) + 1
            events.append({"ph": "M", "pid": pid, "tid": 0, "name": "process_name", "args": {"name": record.leg}})
        events.extend(_call_events(record, processes[record.leg]))
    write_whole(path, json.dumps({"traceEvents": events, "displayTimeUnit": "ms"}))


def _call_events(record: CallRecord, pid: int) -> list[dict[str, Any]]:
    thread = {"pid": pid, "tid": 0 if record.slot is None else record.slot + 1}
    args = record.model_dump(include={"agent", "kind", "evicted", "prompt_tokens", "cached_tokens", "output_tokens"})
    start = record.start_s
    events = [_span(record.agent or record.kind or "call", start, record.total_s, thread) | {"args": args}]
    for part, length in zip(_PARTS, (record.queue_s, record.prefill_s, record.decode_s), strict=True):
        events.append(_span(part, start, length, thread))
        start += length
    return events


def _span(name: str, start_s: float, length_s: float, thread: dict[str, int]) -> dict[str, Any]:
    return {"ph": "X", "name": name, "ts": start_s * 1e6, "dur": length_s * 1e6, **thread}
