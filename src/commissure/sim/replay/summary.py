"""What a replay comes to, as one JSON object."""

from __future__ import annotations

from collections import Counter
from typing import Any

from commissure.sim.replay.columns import Columns, Slo, distribution


def summary(columns: Columns, slo: Slo, wall_s: float) -> dict[str, Any]:
    """Requests, speed of the simulation, latencies in virtual seconds, money and cache.

    `tpot_s` is (E2E - TTFT) / (out - 1) over calls of more than one token; `goodput` the calls a second of virtual
    time that met the objective, `slo_share` their share of all.
    """
    calls, served, makespan_s = len(columns.arrival_s), int(columns.served.sum()), columns.makespan_s
    good = columns.good(slo)
    return {
        "requests": calls,
        "served": served,
        "failed": calls - served,
        "errors": dict(Counter(str(error) for error in columns.errors.values()).most_common(5)),
        "wall_s": wall_s,
        "requests_per_s": calls / wall_s if wall_s else None,
        "makespan_s": makespan_s,
        "ttft_s": distribution(columns.ttft_s),
        "tpot_s": distribution(columns.tpot_s),
        "e2e_s": distribution(columns.e2e_s),
        "cost_usd": columns.total_usd(),
        "kv_hit_rate": columns.kv_hit_rate(),
        "goodput": good / makespan_s if makespan_s else 0.0,
        "slo": {"ttft_s": slo.ttft_s, "tpot_s": slo.tpot_s},
        "slo_share": good / calls if calls else 0.0,
        "preemptions": int(columns.preemptions.sum()),
        "utilisation": {name: busy_s / makespan_s if makespan_s else 0.0 for name, busy_s in columns.busy_s.items()},
        "trace_hash": columns.trace_hash(),
    }
