"""How fast a trace is replayed, beside SimPy's own floor and peers on the same converted trace, and what it holds."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter
from typing import Any

import numpy as np
import pytest
import simpy

from commissure.hal.fleets.fleet import Fleet
from commissure.hal.ledger import UNLIMITED, Budget
from commissure.policies.routing import build_router
from commissure.sim.engine import jump
from commissure.sim.replay.columns import Slo
from commissure.sim.replay.run import replay
from commissure.sim.replay.summary import summary
from commissure.sim.workload.reader import read_trace
from commissure.sim.workload.trace import Trace

pytestmark = pytest.mark.bench

HERE = Path(__file__)
DATA = Path(os.environ.get("COMMISSURE_DATA", HERE.parents[3] / "shared" / "data")) / "traces"
PEERS = Path(os.environ.get("COMMISSURE_PEERS", HERE.parents[2] / ".peers"))
# A budget that holds everything, so that every call is reserved and settled.
LEDGER = Budget(usd=1e6)
ONE = Fleet.load("h100")
FOUR = replace(
    ONE,
    specs=tuple(ONE.specs[0].model_copy(update={"name": f"h100-{number}"}) for number in range(4)),
    profiles={f"h100-{number}": ONE.profiles["h100"] for number in range(4)},
    router=build_router("least_loaded", 0),
)


def trace(name: str) -> Trace:
    if not (DATA / name).exists():
        pytest.skip(f"the public trace {name} is not here: put it into a folder `traces` and name its parent in "
                    "COMMISSURE_DATA")  # fmt: skip
    return read_trace(DATA / name)


def seconds(calls: Trace, fleet: Fleet, budget: Budget = UNLIMITED) -> float:
    """Everything from the trace in memory to percentiles, money and hit rate."""
    began = perf_counter()
    columns = replay(calls, fleet, budget=budget)
    summary(columns, Slo(), 1.0)
    return perf_counter() - began


def floor(events: int) -> float:
    """SimPy's own cost of so many events, each a callback that schedules the next."""
    env = simpy.Environment()
    left = iter(range(events))

    def tick(event: simpy.Event) -> None:
        if next(left, None) is not None:
            simpy.Timeout(env, 1.0).callbacks.append(tick)

    tick(env.event())
    began = perf_counter()
    env.run()
    return perf_counter() - began


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The traces as every peer's driver reads them."""
    folder = tmp_path_factory.mktemp("converted")
    found = {}
    for name in ("azure_2023_conv.csv", "mooncake_conversation.jsonl"):
        calls = trace(name)
        path = found[name] = folder / f"{name}.jsonl"
        rows = zip(calls.arrival_s.tolist(), calls.input_tokens.tolist(), calls.output_tokens.tolist(),
                   calls.prefixes(), strict=True)  # fmt: skip
        with path.open("w") as file:
            for arrival, prompt, output, units in rows:
                row: dict[str, Any] = {"arrival_s": arrival, "input_tokens": prompt, "output_tokens": output}
                file.write(json.dumps(row | ({"hash_ids": list(units)} if units else {})) + "\n")
    return found


def peer(name: str, *arguments: str) -> dict[str, Any]:
    python = PEERS / name / "bin" / "python"
    if not python.exists():
        pytest.skip(f"peer {name} is not installed in {PEERS.name}: make peers")
    script = HERE.parent / "peers" / f"{name}.py"
    done = subprocess.run([python, script, *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"peer {name} failed: {done.stderr.strip().splitlines()[-1:]}")
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


def compared(name: str, file: Path, calls: Trace, fleet: Fleet, pairs: int, *arguments: str) -> float:
    """The median of theirs / ours over pairs run in turn, printed with both speeds."""
    seconds(calls, fleet, LEDGER)
    ours, theirs = [], []
    for _ in range(pairs):
        theirs.append(peer(name, str(file), *arguments))
        ours.append(seconds(calls, fleet, LEDGER))
    ratios = [one["wall_s"] / mine for one, mine in zip(theirs, ours, strict=True)]
    low, _, high = quantiles(ratios, n=4) if pairs > 1 else (ratios[0],) * 3
    tpot = median(one["tpot_s_mean"] for one in theirs)
    mine, other = len(calls) / median(ours), len(calls) / median(one["wall_s"] for one in theirs)
    print(f"\n{Path(calls.name).name}, {len(calls)} calls: {median(ratios):.1f}x {name} {theirs[0]['version']} "
          f"{' '.join(arguments)} (quartiles {low:.1f} .. {high:.1f}); ours {mine / 1000:.0f} k/s, "
          f"theirs {other / 1000:.1f} k/s at a mean TPOT of {1000 * tpot:.1f} ms")  # fmt: skip
    return float(median(ratios))


def test_speed_against_simpys_floor() -> None:
    built = "compiled" if jump.__file__.endswith(".so") else "pure Python"
    for name in ("azure_2023_conv.csv", "mooncake_conversation.jsonl"):
        calls = trace(name)
        for what, fleet, budget in (
            ("one endpoint", ONE, UNLIMITED),
            ("one endpoint, with a ledger", ONE, LEDGER),
            ("four endpoints, least_loaded", FOUR, UNLIMITED),
            ("four endpoints, least_loaded, with a ledger", FOUR, LEDGER),
        ):
            seconds(calls, fleet, budget)
            pairs = [(seconds(calls, fleet, budget), floor(len(calls))) for _ in range(5)]
            ratio = median(mine / bare for mine, bare in pairs)
            rate, best = (len(calls) / of(mine for mine, _ in pairs) / 1000 for of in (median, min))
            bare = len(calls) / median(bare for _, bare in pairs) / 1e6
            print(f"\n{Path(calls.name).name}, {what}, {built}: {rate:.0f} k calls/s, best {best:.0f} k; a call costs "
                  f"{ratio:.1f} SimPy callbacks, of which SimPy does {bare:.2f} M/s")  # fmt: skip
            assert ratio < 200


def test_speed_against_dynamo(converted: dict[str, Path]) -> None:
    calls, file = trace("azure_2023_conv.csv"), converted["azure_2023_conv.csv"]
    ratio = compared("dynamo", file, calls, ONE, 5)
    compared("dynamo", file, calls, ONE, 3, "--chunk", "8192", "--max-seqs", "1024", "--block-size", "16",
             "--kv-tokens", "467296")  # fmt: skip
    compared("dynamo", file, calls, FOUR, 3, "--replicas", "4")
    long, file = trace("mooncake_conversation.jsonl"), converted["mooncake_conversation.jsonl"]
    compared("dynamo", file, long, ONE, 3)
    compared("dynamo", file, long, FOUR, 3, "--replicas", "4")
    assert ratio > 3


@pytest.mark.timeout(900)
def test_speed_against_vidur(converted: dict[str, Path]) -> None:
    calls, file = trace("azure_2023_conv.csv"), converted["azure_2023_conv.csv"]
    compared("vidur", file, calls.head(2000), ONE, 3, "--limit", "2000")
    assert compared("vidur", file, calls, ONE, 1) > 20


def test_speed_against_sched_sim(converted: dict[str, Path]) -> None:
    calls = trace("azure_2023_conv.csv").head(2000)
    compared("sched_sim", converted["azure_2023_conv.csv"], calls, ONE, 3, "--limit", "2000")


def synthetic(calls: int) -> Trace:
    """Poisson arrivals at seven tenths of what the endpoint serves; lengths like those of the Azure trace."""
    rng = np.random.default_rng(0)
    prompts = np.minimum(rng.lognormal(6.5, 0.9, calls), 7000).astype(np.int64) + 1
    outputs = np.minimum(rng.lognormal(5.0, 0.8, calls), 1500).astype(np.int64) + 1
    return Trace("poisson", np.cumsum(rng.exponential(1 / 6.0, calls)), prompts, outputs)


@pytest.mark.timeout(600)
def test_cost_and_memory_grow_linearly() -> None:
    rates = {}
    for calls in (10_000, 100_000, 1_000_000):
        script = f"from tests.bench.test_replay import *; print(json.dumps(measured({calls})))"
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=HERE.parents[2]
        )
        found = json.loads(done.stdout)
        rates[calls] = calls / found["wall_s"]
        print(f"\n{calls:>9,} calls: {found['wall_s']:7.2f} s, {rates[calls] / 1000:.0f} k/s, {found['mib']:.0f} MiB")
        assert found["mib"] < 1536
    assert rates[1_000_000] > 0.5 * rates[100_000]


def measured(calls: int) -> dict[str, float]:
    """Wall time of a replay in this process, and the most memory that the process has held."""
    made = synthetic(calls)
    wall_s = seconds(made, ONE)
    # Not getrusage: its maximum is inherited from the process that started this one.
    (peak,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return {"wall_s": wall_s, "mib": int(peak.split()[1]) / 1024}
