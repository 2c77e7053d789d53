"""What a replay comes to, as one JSON object."""

from __future__ import annotations

from collections import Counter
from typing import Any

from commissure.hal.errors import EndpointError
from commissure.sim.replay.columns import Columns, Slo, distribution


def summary(columns: Columns, slo: Slo, wall_s: float) -> dict[str, Any]:
    """Requests, speed of the simulation, latencies in virtual seconds, money and cache.

    Latencies are of the calls that were served. `tpot_s` is (E2E - TTFT) / (out - 1) over those of more than one
    token; `goodput` the calls a second of virtual time that met the objective, `slo_share` their share of all;
    `utilisation` the share of the makespan in which an endpoint had something under way; `requests_per_s` the speed
    of the simulation itself. `cost_usd` is None where a price is not known.
    """
    calls, served, makespan_s = len(columns.arrival_s), int(columns.served.sum()), columns.makespan_s
    good = columns.good(slo)
    return {
        "requests": calls,
        "served": served,
        "failed": calls - served,
        "errors": dict(Counter(map(_cause, columns.errors.values())).most_common(10)),
        "retries": columns.retries,
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
        "endpoints": {name: _of_endpoint(columns, number) for number, name in enumerate(columns.endpoints)},
        "trace_hash": columns.trace_hash(),
    }


def _cause(error: Exception) -> str:
    """Why a call failed, the same words for all that failed so."""
    return f"{error.endpoint}: {error.problem}" if isinstance(error, EndpointError) else str(error)


def _of_endpoint(columns: Columns, number: int) -> dict[str, Any]:
    mine = columns.endpoint == number
    served = mine & columns.served
    waits = {"ttft_s": columns.first_s - columns.arrival_s, "e2e_s": columns.finished_s - columns.arrival_s}
    return {
        "requests": int(mine.sum()),
        "failed": int((mine & ~columns.served).sum()),
        **{name: float(values[served].mean()) if served.any() else None for name, values in waits.items()},
        "token_usd": float(columns.cost_usd[mine].sum()),
        "busy_share": columns.busy_s[columns.endpoints[number]] / columns.makespan_s if columns.makespan_s else 0.0,
    }
