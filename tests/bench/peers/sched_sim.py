"""Run sched-sim on a trace and print one JSON line; for the python that has sched-sim.

wall_s is Simulator.run() alone: the event loop and the closing summary, without the import, reading the trace and
filling the event queue. Step times are its built-in A100 roofline; it knows one replica only.
"""

import argparse
import json
import sys
import tempfile
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any


def read(trace: Path, limit: int | None) -> list[dict[str, Any]]:
    """The first `limit` requests of a converted trace."""
    with trace.open() as lines:
        return [json.loads(line) for line in islice(lines, limit)]


def convert(requests: list[dict[str, Any]], target: Path) -> None:
    """Write the list that its trace loader reads; it rounds arrivals to 0.1 ms."""
    rows = [
        {
            "id": str(number),
            "timestamp": request["arrival_s"],
            "prompt_tokens": request["input_tokens"],
            "output_tokens": request["output_tokens"],
        }
        for number, request in enumerate(requests)
    ]
    target.write_text(json.dumps(rows))


def mean(values: list[float]) -> float | None:
    """None of nothing."""
    return sum(values) / len(values) if values else None


def run(requests: list[dict[str, Any]], options: argparse.Namespace) -> dict[str, Any]:
    """One simulation with the chunked-prefill scheduler, without prefix cache."""
    from sched_sim.core.event_engine import Simulator
    from sched_sim.hardware.presets import get_hardware_profile
    from sched_sim.schedulers.factory import create_scheduler
    from sched_sim.workloads.trace_loader import load_trace_file

    hardware = get_hardware_profile("a100")
    simulator = Simulator(hardware, create_scheduler("chunked", hardware, token_budget=options.chunk))
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace.json"
        convert(requests, trace)
        simulator.submit_workload(load_trace_file(trace))
    began = perf_counter()
    simulator.run()
    wall = perf_counter() - began
    done = [request for request in simulator.all_requests if request.completed_at is not None]
    return {
        "peer": "sched_sim",
        "version": version("sched-sim"),
        "requests": len(done),
        "wall_s": wall,
        "ttft_s_mean": mean([request.ttft for request in done]),
        "tpot_s_mean": mean([request.tpot for request in done if request.output_tokens > 1]),
        "e2e_s_mean": mean([request.e2e_latency for request in done]),
        "notes": f"chunked, budget {options.chunk} tokens; one replica; built-in A100 roofline; no prefix cache; "
        f"{len(requests) - len(done)} requests not completed",
    }


def main() -> None:
    """Parse the command line, simulate, print the line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trace", type=Path)
    parser.add_argument("--replicas", type=int, choices=[1], default=1)
    parser.add_argument("--limit", type=int, help="only the first so many requests")
    parser.add_argument("--chunk", type=int, default=2048, help="tokens per iteration")
    options = parser.parse_args()
    # This file has the name of the package it drives: keep its folder out of the search.
    sys.path[:] = [place for place in sys.path if Path(place).resolve() != Path(__file__).resolve().parent]
    print(json.dumps(run(read(options.trace, options.limit), options)))


if __name__ == "__main__":
    main()
