"""Run Vidur's simulator on a trace and print one JSON line; for the python that has vidur.

wall_s is Simulator.run() alone: the event loop, without the import, the op tables, reading the trace and filling
the first event queue. Metrics, plots and traces are off. The op times are made up (a memory-bound Llama-3-8B of
about 6 ms a step), because Vidur would download its measured tables: the latencies say nothing of its accuracy, and
slower steps would make it faster, for it pays per step (2,000 requests take 2 times less at twice the op times).
A preempted request fails one of Vidur's own assertions and so ends the run: give it enough --kv-tokens.
"""

import argparse
import csv
import json
import logging
import os
import sys
import tempfile
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any

Table = dict[tuple[int, ...], float]

DAY = "2023-11-16"  # the replay keeps the rows of one date only
GRAIN = 256  # of KV lengths in the attention tables
LAYERS = 32
OPS = (
    "attn_pre_proj",
    "attn_post_proj",
    "mlp_up_proj",
    "mlp_down_proj",
    "mlp_act",
    "attn_rope",
    "attn_kv_cache_save",
    "input_layernorm",
    "post_attention_layernorm",
    "add",
)


def read(trace: Path, limit: int | None) -> list[dict[str, Any]]:
    """The first `limit` requests of a converted trace."""
    with trace.open() as lines:
        return [json.loads(line) for line in islice(lines, limit)]


def convert(requests: list[dict[str, Any]], target: Path) -> None:
    """Write the columns that the trace replay reads."""
    with target.open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(["Date", "Time", "PromptTokenCount", "CompletionTokenCount"])
        rows.writerows([DAY, r["arrival_s"], r["input_tokens"], r["output_tokens"]] for r in requests)


def tables(longest: int, chunk: int, max_seqs: int) -> dict[str, Table]:
    """Made-up milliseconds per layer: 6 ms of weights a step, 40 us a token, KV read at 2 TB/s, over 32 layers."""
    tokens = range(1, chunk + max_seqs + 9)
    op: Table = {(n,): (6 + 0.04 * n) / LAYERS / len(OPS) for n in tokens}
    lengths = range(0, longest + 2 * GRAIN, GRAIN)
    decode: Table = {(b, kv): 6.5e-5 * b * kv / LAYERS for b in range(1, max_seqs + 1) for kv in lengths}
    prefill: Table = {(kv, n): 1e-6 * n * kv / LAYERS for kv in lengths for n in range(32, chunk + 64, 32)}
    return {**{name: dict(op) for name in OPS}, "attn_decode": decode, "attn_prefill": prefill}


def mean(values: list[float]) -> float | None:
    """None of nothing."""
    return sum(values) / len(values) if values else None


def run(requests: list[dict[str, Any]], options: argparse.Namespace, folder: str) -> dict[str, Any]:
    """One simulation with the sarathi scheduler and round robin over the replicas."""
    from vidur import config
    from vidur.execution_time_predictor import sklearn_execution_time_predictor as predictor
    from vidur.simulator import Simulator

    logging.getLogger("vidur").setLevel(logging.ERROR)  # its log goes to standard output
    # A limit makes Vidur shorten prompts, so without --max-tokens it is the longest request, in whole grains.
    longest = max(request["input_tokens"] + request["output_tokens"] for request in requests)
    allowed = options.max_tokens or -(-longest // GRAIN) * GRAIN
    clipped = sum(request["input_tokens"] + request["output_tokens"] > allowed for request in requests)
    made_up = tables(allowed, options.chunk, options.max_seqs)
    predictor.SklearnExecutionTimePredictor._load_predictions_from_hf = lambda self: made_up
    trace = Path(folder) / "trace.csv"
    convert(requests, trace)
    simulator = Simulator(
        config.SimulationConfig(
            cluster_config=config.ClusterConfig(
                num_replicas=options.replicas,
                replica_config=config.ReplicaConfig(
                    device="a100", network_device="a100_dgx", num_pipeline_stages=1, tensor_parallel_size=1
                ),
                cache_config=config.CacheConfig(num_blocks=options.kv_tokens and options.kv_tokens // 16),
                replica_scheduler_config=config.SarathiSchedulerConfig(
                    batch_size_cap=options.max_seqs, chunk_size=options.chunk
                ),
            ),
            # The defaults of the factors shrink prompts to 0.3 and time to 0.04.
            request_generator_config=config.TraceRequestGeneratorConfig(
                trace_file=str(trace), date=DAY, prefill_scale_factor=1, time_scale_factor=1, max_tokens=allowed
            ),
            execution_time_predictor_config=config.RandomForrestExecutionTimePredictorConfig(
                kv_cache_prediction_granularity=GRAIN, cache_dir=f"{folder}/cache"
            ),
            metrics_config=config.MetricsConfig(
                write_metrics=False, enable_chrome_trace=False, store_plots=False, output_dir=f"{folder}/out"
            ),
        )
    )
    tracked = [event._request for _, event in simulator._event_queue]
    began = perf_counter()
    simulator.run()
    wall = perf_counter() - began
    done = [
        (r.e2e_time, r.prefill_completed_at - r.arrived_at, r.num_decode_tokens - 1) for r in tracked if r.completed
    ]
    return {
        "peer": "vidur",
        "version": version("vidur"),
        "requests": len(done),
        "wall_s": wall,
        "ttft_s_mean": mean([first for _, first, _ in done]),
        "tpot_s_mean": mean([(whole - first) / rest for whole, first, rest in done if rest]),
        "e2e_s_mean": mean([whole for whole, _, _ in done]),
        "notes": f"made-up op times; sarathi, chunk {options.chunk}, at most {options.max_seqs} requests; "
        f"no prefix cache; {clipped} prompts clipped to {allowed} tokens in all",
    }


def main() -> None:
    """Parse the command line, simulate, print the line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("trace", type=Path)
    parser.add_argument("--replicas", type=int, default=1)
    parser.add_argument("--limit", type=int, help="only the first so many requests")
    parser.add_argument("--chunk", type=int, default=2048, help="tokens per iteration")
    parser.add_argument("--max-seqs", type=int, default=128, help="requests per iteration")
    parser.add_argument("--kv-tokens", type=int, help="tokens of KV cache per replica; default: what an A100 has left")
    parser.add_argument("--max-tokens", type=int, help="shorten prompts so that no request is longer than this")
    options = parser.parse_args()
    # This file has the name of the package it drives: keep its folder out of the search.
    sys.path[:] = [place for place in sys.path if Path(place).resolve() != Path(__file__).resolve().parent]
    os.environ.setdefault("WANDB_MODE", "disabled")
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(run(read(options.trace, options.limit), options, folder)))


if __name__ == "__main__":
    main()
