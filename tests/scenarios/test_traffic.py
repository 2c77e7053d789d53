"""Traffic: a trace as a workflow gives what the fast replay of it gives, and real endpoints lose nothing of it."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commissure.hal.errors import BudgetExceeded, UsageError
from commissure.hal.fleets.fault import Fault
from commissure.hal.fleets.fleet import Fleet
from commissure.hal.fleets.spec import EndpointSpec
from commissure.hal.journal import CallRecord, FailureRecord, read_calls
from commissure.hal.ledger import UNLIMITED, Budget
from commissure.policies.routing import build_router
from commissure.scenarios import live_replay
from commissure.scenarios.live_replay import foretold, replay_live
from commissure.scenarios.runfolder import earlier_legs
from commissure.scenarios.traffic import run_traffic
from commissure.scenarios.traffic_text import Ruler, beyond, prompt_text, scaled
from commissure.sim.replay.columns import Columns, Slo
from commissure.sim.replay.run import replay
from commissure.sim.replay.summary import summary
from commissure.sim.workload.trace import Trace, make_trace
from tests.test_cli import command

TIMES = ("started_s", "first_s", "finished_s")
EXACT = ("input_tokens", "output_tokens", "cached_tokens", "endpoint", "served")


def small_trace(calls: int = 80, rate: float = 20.0, unit: int = 512, seed: int = 1, prefixes: bool = True) -> Trace:
    """Five families of prompts, which share up to three leading blocks."""
    dice = np.random.default_rng(seed)
    blocks = dice.integers(0, 4, calls) if prefixes else np.zeros(calls, np.int64)
    family = dice.integers(0, 5, calls)
    return make_trace(
        "small",
        np.cumsum(dice.exponential(1 / rate, calls)).tolist(),
        (blocks * unit + dice.integers(1, unit, calls)).tolist(),
        dice.integers(1, 120, calls).tolist(),
        prefixes=[[100 * int(one) + part for part in range(most)] for one, most in zip(family, blocks, strict=True)],
        unit_tokens=unit,
    )


def engines(count: int, router: str, **more: Any) -> Fleet:
    """So many H100s, one apart from the others by its name only."""
    one = Fleet.load("h100", router=build_router(router, 0))
    specs = tuple(one.specs[0].model_copy(update={"name": f"h100-{number}"}) for number in range(count))
    return replace(one, specs=specs, profiles={spec.name: one.profiles["h100"] for spec in specs}, **more)


@pytest.mark.parametrize(
    ("count", "router", "budget"),
    [
        (1, "first", UNLIMITED),
        (3, "round_robin", UNLIMITED),
        (2, "least_loaded", UNLIMITED),
        (1, "first", Budget(calls=30)),
        (2, "round_robin", Budget(tokens=20_000)),
    ],
)
@pytest.mark.parametrize("prefixes", [True, False])
def test_the_workflow_gives_what_the_fast_replay_gives(count: int, router: str, budget: Budget, prefixes: bool) -> None:
    """Same engines under both; the workflow sleeps from arrival to arrival, so times differ by rounding only."""
    trace = small_trace(prefixes=prefixes)
    fast = replay(trace, engines(count, router), budget=budget)
    slow = run_traffic(trace, engines(count, router), world="sim", budget=budget)
    assert fast.served.sum() == (80 if budget is UNLIMITED else slow.served.sum())
    assert 0 < slow.served.sum() <= 80
    for name in TIMES:
        assert getattr(slow, name) == pytest.approx(getattr(fast, name), abs=1e-9)
    at = fast.served
    for name in EXACT:
        np.testing.assert_array_equal(getattr(slow, name)[at], getattr(fast, name)[at])
    if budget is UNLIMITED:
        assert slow.busy_s == pytest.approx(fast.busy_s)
    else:
        assert {type(error) for error in slow.errors.values()} == {BudgetExceeded}
        assert slow.errors.keys() == fast.errors.keys()
        assert summary(slow, Slo(), 0.0)["failed"] == 80 - at.sum() > 0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 3), max_size=5),
    st.lists(st.integers(0, 3), max_size=5),
    st.integers(1, 12),
    st.integers(1, 70),
    st.integers(1, 70),
)
def test_prompts_share_what_their_hashes_share(
    one: Sequence[int], other: Sequence[int], unit: int, long: int, longer: int
) -> None:
    first = prompt_text(long, one, unit, "1").split()
    second = prompt_text(longer, other, unit, "2").split()
    assert (len(first), len(second)) == (long, longer)
    shared = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    alike = min(shared * unit, long, longer)
    assert first[:alike] == second[:alike]
    # Beyond it words are drawn anew: thirty in a row do not agree by chance.
    assert min(long, longer) < alike + 30 or first[alike : alike + 30] != second[alike : alike + 30]


def test_lengths_and_arrivals_are_divided() -> None:
    trace = small_trace()
    found = scaled(trace, speedup=4, shrink=16)
    assert found.arrival_s == pytest.approx(trace.arrival_s / 4)
    assert found.unit_tokens == 32
    assert (abs(found.input_tokens - trace.input_tokens / 16) <= 1).all()
    assert found.output_tokens.min() == 1
    assert found.prefixes() == trace.prefixes()
    for bad in ({"speedup": 0}, {"shrink": 0.5}, {"speedup": float("nan")}):
        with pytest.raises(UsageError, match="must be a number from"):
            scaled(trace, **bad)


@pytest.mark.parametrize(("fleet", "off"), [("local", 0), ("local-pair", 3)])
def test_prompts_are_as_long_as_the_trace_says_chat_frame_included(fleet: str, off: int) -> None:
    trace = scaled(small_trace(40), shrink=4)
    pair = Fleet.load(fleet, router=build_router("round_robin", 0))
    done = run_traffic(trace, pair, world="sim")
    wanted = np.maximum(trace.input_tokens, Ruler.of(pair).tokens(1))
    assert abs(done.input_tokens - wanted).max() <= off
    assert done.served.all()
    assert done.kv_hit_rate() > 0.1


def test_a_call_that_fails_is_a_row_and_the_others_go_on() -> None:
    fleet = engines(2, "round_robin", faults=(Fault(endpoint="h100-1", kind="fail", rate=0.5, at_s=0, for_s=1e9),))
    heard: list[CallRecord] = []
    done = run_traffic(small_trace(), fleet, world="sim", on_call=heard.append)
    failed = np.flatnonzero(~done.served)
    assert 5 < len(failed) < 35
    assert set(done.endpoint[failed]) == {1}
    assert [*failed] == sorted(done.errors)
    assert sorted(record.number for record in heard) == [*range(80)]
    assert {record.number for record in heard if record.finish.startswith("failed: ")} == {*failed}
    assert not done.cost_usd[failed].any()


def test_tries_are_counted_and_their_waits_belong_to_the_call() -> None:
    fleet = engines(1, "first", faults=(Fault(endpoint="h100-0", kind="fail", rate=0.4, at_s=0, for_s=1e9),))
    trace = small_trace(60)
    calm = run_traffic(trace, engines(1, "first"), world="sim")
    failures: list[FailureRecord] = []
    columns = run_traffic(trace, fleet, world="sim", seed=3, on_failure=failures.append)
    assert columns.served.sum() + len(columns.errors) == 60
    assert len(failures) >= columns.retries >= 10
    later_s = (columns.finished_s - calm.finished_s)[columns.served]
    assert later_s.max() > 0.5  # the least wait before another try


@pytest.fixture
def live(tmp_path: Path) -> Callable[..., Columns]:
    """A replay on an endpoint that answers at once."""

    def go(trace: Trace, **more: Any) -> Columns:
        return replay_live(trace, Fleet.load("null"), tmp_path / "runs", **more)[0]

    return go


def test_a_live_replay_paces_calls_and_leaves_a_journal(live: Callable[..., Columns], tmp_path: Path) -> None:
    trace = scaled(small_trace(30), speedup=5)
    done = live(trace, budget=Budget(calls=20))
    assert (done.finished_s - done.arrival_s)[done.served].min() >= 0
    assert done.served.sum() == 20
    (folder,) = (tmp_path / "runs").iterdir()
    records = read_calls(folder / "calls.jsonl")
    assert sorted(record.number for record in records) == [*range(30)]
    assert sum(record.finish.startswith("failed: the budget holds 20") for record in records) == 10
    assert json.loads((folder / "manifest.json").read_text())["calls"] == 30
    predicted = foretold(trace, Fleet.load("null"))
    assert predicted is not None
    assert predicted.served.all()


def test_what_cannot_be_sent_is_refused_before_anything_is(
    live: Callable[..., Columns], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = small_trace()
    with monkeypatch.context() as absent:
        absent.setattr(live_replay, "require", _absent)
        with pytest.raises(UsageError, match="no adapter for 'null'"):
            live(trace)
    local = Fleet.load("local")
    large = trace.input_tokens + trace.output_tokens > 1024
    assert 0 < large.sum() < 80
    assert set(beyond(trace, local)) == {*np.flatnonzero(large)}
    with pytest.raises(UsageError, match=rf"fits no endpoint.*local 1,024.*{large.sum()} of 80.*--shrink"):
        replay_live(trace, local, tmp_path / "runs")
    monkeypatch.setattr(live_replay, "MOST_CALLS", 79)
    with pytest.raises(UsageError, match=r"80 real calls are more than 79.*--limit"):
        live(trace)
    assert not (tmp_path / "runs").exists()


def _absent(spec: EndpointSpec) -> None:
    raise UsageError(f"no adapter for {spec.name!r}")


def write_trace(path: Path, trace: Trace) -> Path:
    rows = zip(trace.arrival_s, trace.input_tokens, trace.output_tokens, trace.prefixes(), strict=True)
    lines = (
        json.dumps({"arrival_s": at, "input_tokens": int(sent), "output_tokens": int(said), "hash_ids": [*names]})
        for at, sent, said, names in rows
    )
    path.write_text("\n".join(lines) + "\n")
    return path


def test_an_interrupted_replay_keeps_what_has_ended(tmp_path: Path) -> None:
    trace = make_trace("t", [0, 0, 0, 1000], [10] * 4, [2] * 4)
    arguments = ["replay", str(write_trace(tmp_path / "t.jsonl", trace)), "--world", "live", "--fleet", "null"]
    started = subprocess.Popen(
        [sys.executable, "-m", "commissure", *arguments], cwd=tmp_path, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        until = time.monotonic() + 60
        while not [*tmp_path.glob("runs/*/calls.jsonl")] or len(read_calls(_journal(tmp_path))) < 3:
            assert started.poll() is None
            assert time.monotonic() < until
            time.sleep(0.05)
        started.send_signal(signal.SIGINT)
        _, told = started.communicate(timeout=30)
    finally:
        started.kill()
        started.wait()
    assert started.returncode == 130
    assert "3 of 4 calls ended: " in told
    assert [record.number for record in read_calls(_journal(tmp_path))] == [0, 1, 2]


def _journal(folder: Path) -> Path:
    return next(folder.glob("runs/*/calls.jsonl"))


def test_the_command_says_what_it_did_to_the_trace(tmp_path: Path) -> None:
    path = write_trace(tmp_path / "t.jsonl", small_trace(12))
    done = command("replay", str(path), "--world", "live", "--fleet", "null", "--speedup", "10", "--shrink", "8",
                   "--limit", "9", "--json", cwd=tmp_path)  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert (found["modelled"], found["requests"], found["served"]) == (False, 9, 9)
    assert (found["speedup"], found["shrink"]) == (10, 8)
    assert found["predicted"]["served"] == 9
    folder = tmp_path / found["run_dir"]
    assert {one.name for one in folder.iterdir()} == {"manifest.json", "calls.jsonl", "summary.json", "trace.json"}
    assert json.loads((folder / "summary.json").read_text())["trace_hash"] == found["trace_hash"]
    assert earlier_legs(tmp_path / "runs") == []
    again = command("replay", str(folder / "calls.jsonl"), "--world", "live", "--fleet", "null", cwd=tmp_path)
    assert "measured, of the calls served" in again.stdout
    assert "lengths in tokens divided by 1, arrival times by 1" in again.stdout


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--shrink", "2"], "--shrink is for real endpoints: give --world live"),
        (["--world", "live", "--fleet", "null", "--exact"], "--exact is of simulated engines"),
        (["--world", "live", "--fleet", "null", "--shrink", "0.5"], "shrink must be a number from 1"),
        (["--world", "real"], "unknown world 'real'"),
    ],
)
def test_bad_options(arguments: list[str], problem: str, tmp_path: Path) -> None:
    path = write_trace(tmp_path / "t.jsonl", small_trace(3))
    done = command("replay", str(path), *arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert problem in done.stderr


@pytest.mark.local
def test_two_real_models_serve_a_trace(tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """Twenty calls, both endpoints; when a call is sent and how long it is, sim and the engines agree on."""
    trace = scaled(small_trace(20, rate=1.5, seed=3), shrink=16)
    pair = Fleet.load("local-pair", router=build_router("round_robin", 0))
    predicted = foretold(trace, pair)
    measured, folder = replay_live(trace, pair, tmp_path / "runs")
    assert predicted is not None
    assert measured.served.all()
    assert len(read_calls(folder.path / "calls.jsonl")) == 20
    assert [*measured.endpoint] == [0, 1] * 10
    np.testing.assert_array_equal(measured.input_tokens, predicted.input_tokens)
    np.testing.assert_array_equal(measured.output_tokens, trace.output_tokens)
    assert measured.kv_hit_rate() > 0
    assert (measured.first_s >= measured.started_s).all()
    assert (measured.finished_s >= measured.first_s).all()
    for name, columns in (("predicted", predicted), ("measured", measured)):
        record_property(
            f"{name}, s: first token", f"{columns.ttft_s.mean():.3f}, whole call {columns.e2e_s.mean():.3f}"
        )
