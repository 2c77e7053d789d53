"""Run NVIDIA Dynamo's offline replay on a trace and print one JSON line; for the python that has ai-dynamo.

wall_s is the replay's own wall_time_ms: building the Rust runtime and simulating. It excludes the import, the
conversion of the trace, reading the converted file and building the report (notes: call_s has the latter two).
"""

import argparse
import json
import os
import sys
import tempfile
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

BLOCK = 512


def read(trace: Path, limit: int | None) -> list[dict[str, Any]]:
    """The first `limit` requests of a converted trace."""
    with trace.open() as lines:
        return [json.loads(line) for line in islice(lines, limit)]


def convert(requests: list[dict[str, Any]], target: Path) -> None:
    """Write the mooncake format, which demands hash_ids: a request without any gets blocks no other has."""
    fresh = 1 + max((block for request in requests for block in request.get("hash_ids") or ()), default=-1)
    with target.open("w") as out:
        for request in requests:
            blocks = request.get("hash_ids")
            if blocks is None:
                count = -(-request["input_tokens"] // BLOCK)
                blocks = list(range(fresh, fresh + count))
                fresh += count
            row = {
                "timestamp": request["arrival_s"] * 1000,
                "input_length": request["input_tokens"],
                "output_length": request["output_tokens"],
                "hash_ids": blocks,
            }
            out.write(json.dumps(row) + "\n")


def run(requests: list[dict[str, Any]], options: argparse.Namespace) -> dict[str, Any]:
    """One replay; the engine is the default one (mock vLLM, built-in step times) but for the given limits."""
    from dynamo.replay import run_trace_replay

    engine = {
        "block_size": options.block_size,
        "num_gpu_blocks": options.kv_tokens // options.block_size,
        "max_num_seqs": options.max_seqs,
        "max_num_batched_tokens": options.chunk,
    }
    with tempfile.TemporaryDirectory() as folder:
        converted = Path(folder) / "mooncake.jsonl"
        convert(requests, converted)
        began = perf_counter()
        report = run_trace_replay(
            converted,
            num_workers=options.replicas,
            router_mode=options.router,
            trace_block_size=BLOCK,
            extra_engine_args={"engine": engine},
        ).summary
        call = perf_counter() - began
    return {
        "peer": "dynamo",
        "version": version("ai-dynamo-runtime"),
        "requests": report["completed_requests"],
        "wall_s": report["wall_time_ms"] / 1000,
        "ttft_s_mean": report["mean_ttft_ms"] / 1000,
        "tpot_s_mean": report["mean_tpot_ms"] / 1000,
        "e2e_s_mean": report["mean_e2e_latency_ms"] / 1000,
        "notes": f"call_s {call:.4f}; {options.router}; default step times; tpot is per request after its first token; "
        f"reused prefix {report['prefix_cache_reused_ratio']:.4f}",
    }


def main() -> None:
    """Parse the command line, replay, print the line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trace", type=Path)
    parser.add_argument("--replicas", type=int, default=1)
    parser.add_argument("--limit", type=int, help="only the first so many requests")
    parser.add_argument("--router", choices=["round_robin", "kv_router"], default="round_robin")
    # The defaults are Dynamo's own.
    parser.add_argument("--chunk", type=int, default=8192, help="tokens per iteration")
    parser.add_argument("--max-seqs", type=int, default=256, help="requests per iteration")
    parser.add_argument("--kv-tokens", type=int, default=1_048_576, help="tokens of KV cache per replica")
    parser.add_argument("--block-size", type=int, default=64, help="tokens per KV block")
    options = parser.parse_args()
    # This file has the name of the package it drives: keep its folder out of the search.
    sys.path[:] = [place for place in sys.path if Path(place).resolve() != Path(__file__).resolve().parent]
    os.environ.setdefault("DYN_LOG", "error")
    print(json.dumps(run(read(options.trace, options.limit), options)))


if __name__ == "__main__":
    main()
