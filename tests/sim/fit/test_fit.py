"""A fit to the first calls of a run foretells the rest: runs made by simulating with values that are known."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from commissure.hal.errors import UsageError
from commissure.hal.profiles.serving import EngineSettings
from commissure.sim.fit.fit import METRICS, RunFit, fit_run, simulate
from commissure.sim.fit.prior import experts_of, find_model
from commissure.sim.fit.profile import fitted_profile
from commissure.sim.fit.recorded import RecordedRun, read_run
from commissure.sim.workload.trace import make_trace

DENSE = {
    "fixed_s": 0.0131, "token_s": 2.3e-5, "sequence_s": 1.7e-5, "kv_token_s": 6.1e-8, "attention_s": 1.9e-9,
    "experts_s": 0.0, "hidden_tokens": 150.0, "call_s": 0.0,
}  # fmt: skip
MIXTURE = DENSE | {"fixed_s": 0.004, "experts_s": 0.021}
DENSE_MODEL, MIXTURE_MODEL = "meta-llama/Llama-3.1-8B", "Qwen/Qwen3-30B-A3B"
FIRST = 60


def known_run(
    folder: Path, values: dict[str, float], model: str = DENSE_MODEL, *, calls: int = 200, gap_s: float = 0.05,
    clock_s: float = 0.0, queued: bool = True, **settings: Any,
) -> tuple[RecordedRun, int]:  # fmt: skip
    """A run as its clients would have written it down, read back; with how many preemptions it took."""
    engine = EngineSettings.model_validate({"max_num_seqs": 32, "max_batched_tokens": 1024} | settings)
    dice = np.random.default_rng(11)
    arrivals = np.cumsum(dice.exponential(gap_s, calls))
    inputs, outputs = dice.integers(30, 1500, calls), dice.integers(5, 300, calls)
    trace = make_trace("known", arrivals.tolist(), inputs.tolist(), outputs.tolist())
    truth = RecordedRun(trace, arrivals, arrivals, engine, 1, 1, model, "", "2026-01-01", from_queue=False)
    (ttft, _, e2e), preemptions = simulate(truth, values, experts_of(model))
    lines = []
    for number in range(calls):
        begun = 1000.0 + float(trace.arrival_s[number])
        call = {
            "input_toks": int(inputs[number]), "output_toks": int(outputs[number]), "arrival_time": begun + clock_s,
            "first_token_ts": begun + float(ttft[number]), "last_token_ts": begun + float(e2e[number]),
        }  # fmt: skip
        if queued:
            call["queued_ts"] = begun
        lines.append(json.dumps(call))
    (folder / "requests.jsonl").write_text("\n".join(lines))
    meta = {
        "model": model, "vllm_version": "0.9.1", "started_at": "2026-02-03T10:00:00Z",
        "engine_kwargs": {"max_num_seqs": engine.max_num_seqs, "max_num_batched_tokens": engine.max_batched_tokens},
        "kv_cache": {"num_gpu_blocks": engine.kv_blocks, "block_size": engine.block_tokens},
        "resolved_config": {"scheduler_config": {"async_scheduling": engine.schedules_ahead}},
    }  # fmt: skip
    (folder / "meta.json").write_text(json.dumps(meta))
    return read_run(folder / "requests.jsonl", folder / "meta.json"), preemptions


def assert_foretells(run: RecordedRun, fit: RunFit, metrics: Sequence[str] = METRICS, within: float = 0.02) -> None:
    errors = fit.errors(run)
    for metric in metrics:
        assert abs(errors[metric]["mean"]["error"]) < within, (metric, errors[metric])


@pytest.mark.parametrize("ahead", [False, True])
def test_a_dense_model(ahead: bool, tmp_path: Path) -> None:
    run, _ = known_run(tmp_path, DENSE, queued=False, schedules_ahead=ahead)
    assert not run.from_queue
    assert run.settings.schedules_ahead == ahead
    fit = fit_run(run, FIRST)
    assert_foretells(run, fit)
    # What every step costs is seen in every call.
    assert fit.values["fixed_s"] == pytest.approx(DENSE["fixed_s"], rel=0.1)
    assert fit.values["token_s"] == pytest.approx(DENSE["token_s"], rel=0.3)
    assert fit.values["experts_s"] == 0.0


def test_a_run_without_queues(tmp_path: Path) -> None:
    # Then a first token is a step or two, and where in a step the call falls blurs it.
    run, _ = known_run(tmp_path, DENSE, queued=False, gap_s=0.15)
    fit = fit_run(run, FIRST)
    assert_foretells(run, fit, ("tpot", "e2e"))
    assert_foretells(run, fit, ("ttft",), within=0.06)


def test_a_run_that_is_short_of_memory(tmp_path: Path) -> None:
    run, preemptions = known_run(tmp_path, DENSE, queued=False, kv_blocks=500)
    assert preemptions > 10
    assert run.settings.kv_blocks == 500
    fit = fit_run(run, FIRST)
    assert fit.preemptions > 10
    assert_foretells(run, fit)


def test_a_mixture_of_experts(tmp_path: Path) -> None:
    run, _ = known_run(tmp_path, MIXTURE, MIXTURE_MODEL, queued=False)
    assert experts_of(run.model) is not None
    fit = fit_run(run, FIRST)
    assert fit.values["experts_s"] > 0.0
    assert_foretells(run, fit)


def test_another_clock_than_the_stamps_changes_nothing(tmp_path: Path) -> None:
    runs = []
    for number, clock_s in enumerate((0.0, 1.7e9)):
        folder = tmp_path / str(number)
        folder.mkdir()
        runs.append(known_run(folder, DENSE, clock_s=clock_s)[0])
    one, other = runs
    assert one.from_queue
    assert other.from_queue
    # Seconds since 1970 are good to a quarter of a microsecond.
    np.testing.assert_allclose(one.trace.arrival_s, other.trace.arrival_s, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(one.ttft_s, other.ttft_s)
    np.testing.assert_array_equal(one.e2e_s, other.e2e_s)


def test_two_clocks_are_joined_where_they_are_closest(tmp_path: Path) -> None:
    # Sent at 0, 1 and 2 by one clock, taken in at 100.3, 101.1 and 102.2 by the other: the second, within no time.
    lines = [
        json.dumps({"input_toks": 9, "output_toks": 2, "arrival_time": sent_s, "queued_ts": queued_s,
                    "first_token_ts": queued_s + 0.5, "last_token_ts": queued_s + 0.75})
        for sent_s, queued_s in ((0.0, 100.3), (1.0, 101.1), (2.0, 102.2))
    ]  # fmt: skip
    (tmp_path / "requests.jsonl").write_text("\n".join(lines))
    (tmp_path / "meta.json").write_text("{}")
    run = read_run(tmp_path / "requests.jsonl", tmp_path / "meta.json")
    assert run.trace.arrival_s == pytest.approx([0.0, 1.0, 2.0])
    # On the engine's clock the first was sent at 100.1: arrivals count from there, times from the queue.
    assert run.ttft_s == pytest.approx([0.5, 0.5, 0.5])
    assert run.tpot_s == pytest.approx([0.25, 0.25, 0.25])


def test_times_count_from_the_queue_where_it_is_stamped(tmp_path: Path) -> None:
    # An engine takes a call in as its step ends: what it stamps is then, and TTFT counts from it.
    run, _ = known_run(tmp_path, DENSE, queued=False)
    (ttft, _, e2e), _ = simulate(replace(run, from_queue=True), DENSE, None)
    assert (ttft <= run.ttft_s + 1e-6).all()
    assert (ttft < run.ttft_s - 1e-4).mean() > 0.5
    fit = fit_run(replace(run, ttft_s=ttft, e2e_s=e2e, from_queue=True), FIRST)
    assert_foretells(replace(run, ttft_s=ttft, e2e_s=e2e, from_queue=True), fit)


def test_calls_are_put_in_order_of_arrival(tmp_path: Path) -> None:
    run, _ = known_run(tmp_path, DENSE, calls=30)
    lines = (tmp_path / "requests.jsonl").read_text().split("\n")
    (tmp_path / "requests.jsonl").write_text("\n".join(reversed(lines)))
    again = read_run(tmp_path / "requests.jsonl", tmp_path / "meta.json")
    np.testing.assert_array_equal(again.trace.input_tokens, run.trace.input_tokens)
    np.testing.assert_array_equal(again.e2e_s, run.e2e_s)
    assert again.trace.lines.tolist() == list(range(30, 0, -1))


def test_later_calls_count_by_their_arrival_and_lengths_only(tmp_path: Path) -> None:
    run, _ = known_run(tmp_path, DENSE, calls=80)
    wrong = run.e2e_s.copy()
    wrong[FIRST:] *= 3
    assert fit_run(run, FIRST).values == fit_run(replace(run, e2e_s=wrong), FIRST).values


def test_a_fit_is_a_profile(tmp_path: Path) -> None:
    run, _ = known_run(tmp_path, DENSE, calls=40, kv_blocks=800)
    profile = fitted_profile(run, fit_run(run, 10), "requests.jsonl")
    assert profile.step is not None
    assert profile.engine == run.settings
    assert profile.model == "llama-3.1-8b"
    assert profile.step.fixed_s.as_of.isoformat() == "2026-02-03"
    assert "fitted to the first 10 of 40 calls of requests.jsonl" in profile.step.fixed_s.source


@pytest.mark.parametrize("first", [-1, 0, 9, 30, 31])
def test_too_few_calls_to_fit_or_to_test(first: int, tmp_path: Path) -> None:
    run, _ = known_run(tmp_path, DENSE, calls=30)
    with pytest.raises(UsageError, match=r"give 10 to 29; the run has 30 calls"):
        fit_run(run, first)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("meta-llama/Llama-3.1-8B", "llama-3.1-8b"), ("Qwen/Qwen3-30B-A3B", "qwen3-30b-a3b"),
        ("meta-llama/Llama-3.1-8B-Instruct", "llama-3.1-8b"), ("someone/unheard-of-13b", None), ("", None),
    ],
)  # fmt: skip
def test_a_runs_model_by_its_name(name: str, found: str | None) -> None:
    model = find_model(name)
    assert (model.name if model else None) == found
