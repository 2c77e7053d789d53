"""A schedule as a Chrome trace, which Perfetto (ui.perfetto.dev) opens: a row for each engine."""

from __future__ import annotations

import json
from typing import Any

from commissure.kernels.nki.cost.report import ENGINES, LABEL
from commissure.kernels.nki.cost.schedule import Schedule
from commissure.kernels.nki.trace import Trace

NAMES = {"tensor": "TensorE", "vector": "VectorE", "scalar": "ScalarE", "gpsimd": "GpSimdE", "dma": "DMA"}


def timeline(trace: Trace, plan: Schedule) -> str:
    """The whole file; times in microseconds from the launch."""
    title = {"name": f"{trace.target}: {LABEL}"}
    events: list[dict[str, Any]] = [{"ph": "M", "pid": 1, "tid": 0, "name": "process_name", "args": title}]
    for row, engine in enumerate(ENGINES, start=1):
        name = {"name": NAMES[engine]}
        events.append({"ph": "M", "pid": 1, "tid": row, "name": "thread_name", "args": name})
    critical = set(plan.critical_path())
    for place, one in enumerate(trace.instructions):
        events.append({
            "ph": "X", "pid": 1, "tid": ENGINES.index(one.engine) + 1, "name": one.op, "cat": one.label,
            "ts": plan.begin_ns[place] / 1e3, "dur": plan.busy_ns[place] / 1e3,
            "args": {"index": one.index, "label": one.label, "critical": place in critical},
        })  # fmt: skip
    return json.dumps({"traceEvents": events, "displayTimeUnit": "ns"})
