"""Fit step times to a recorded run by simulating it, and say how well they foretell the rest of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import exp, inf, log

import numpy as np
import simpy
from scipy.optimize import least_squares

from commissure.hal.clock.dice import dice
from commissure.hal.errors import UsageError
from commissure.hal.profiles.model import Experts
from commissure.sim.engine.cost import StepCost
from commissure.sim.engine.job import Job
from commissure.sim.engine.jump import Engine
from commissure.sim.engine.prefix import PrefixCache
from commissure.sim.fit.prior import NAMES, START, experts_of, relations
from commissure.sim.fit.recorded import RecordedRun
from commissure.sim.workload.trace import Floats

# How closely the model is expected to follow a call's TTFT, TPOT and E2E, in logs. A first token depends on where in
# a step the call happens to fall.
DEVIATIONS = np.array([0.3, 0.03, 0.05])
STARTS, SPREAD, EVALUATIONS = 3, 0.7, 40
# A step of the search: small steps see only the jumps of single calls from one engine step to the next.
STEP, FARTHEST = 0.03, 6.0
METRICS = ("ttft", "tpot", "e2e")
Predicted = tuple[Floats, Floats, Floats]


@dataclass(frozen=True, slots=True)
class RunFit:
    """Fitted coefficients, seconds and tokens, with the prediction of every call of the run: TTFT, TPOT, E2E."""

    values: Mapping[str, float]
    predicted: Predicted
    fitted_calls: int
    preemptions: int

    def errors(self, run: RecordedRun) -> dict[str, dict[str, dict[str, float]]]:
        """Per metric mean, p50 and p99 over the calls that were not fitted: predicted, measured, error."""
        measured = (run.ttft_s, run.tpot_s, run.e2e_s)
        return {
            name: _compare(ours[self.fitted_calls :], theirs[self.fitted_calls :])
            for name, ours, theirs in zip(METRICS, self.predicted, measured, strict=True)
        }


def _compare(predicted: Floats, measured: Floats) -> dict[str, dict[str, float]]:
    usable = np.isfinite(predicted) & np.isfinite(measured)
    predicted, measured = predicted[usable], measured[usable]
    found = {}
    if not len(measured):
        return {}
    for name, of in (("mean", np.mean), ("p50", np.median), ("p99", lambda values: np.percentile(values, 99))):
        ours, theirs = float(of(predicted)), float(of(measured))
        found[name] = {"predicted": ours, "measured": theirs, "error": ours / theirs - 1 if theirs else 0.0}
    return found


def simulate(run: RecordedRun, values: Mapping[str, float], experts: Experts | None) -> tuple[Predicted, int]:
    """The run under these step times: TTFT, TPOT and E2E of each call as they were measured, and preemptions."""
    settings = run.settings
    env = simpy.Environment()
    cache = PrefixCache(settings.kv_blocks or inf, settings.block_tokens, settings.block_tokens)
    engine = Engine(env, StepCost(values, settings, experts), settings, cache)
    jobs: list[Job] = []
    begun: list[float] = []

    def arrive(event: simpy.Event) -> None:
        job = jobs[event._value]
        begun[job.index] = engine.step_end() if run.from_queue else env.now
        engine.submit(job)

    sizes = zip(run.trace.input_tokens.tolist(), run.trace.output_tokens.tolist(), strict=True)
    for number, (prompt, output) in enumerate(sizes):
        jobs.append(Job(prompt, output, index=number))
        begun.append(0.0)
        simpy.Timeout(env, float(run.trace.arrival_s[number]), number).callbacks.append(arrive)
    env.run()
    start = np.asarray(begun)
    ttft = np.asarray([job.first_s for job in jobs]) - start + values["call_s"]
    e2e = np.asarray([job.finished_s for job in jobs]) - start + values["call_s"]
    more = np.where(run.trace.output_tokens > 1, run.trace.output_tokens - 1, np.nan)
    return (ttft, (e2e - ttft) / more, e2e), engine.preemptions


def fit_run(run: RecordedRun, first: int, progress: Callable[[], None] = lambda: None) -> RunFit:
    """Fit to the first calls of a run; the others count by their arrival and lengths only, not by their times.

    Maximum a posteriori: each call's TTFT, TPOT and E2E in logs under a soft-L1 loss, and what the model's layout
    says of the coefficients' ratios. Raises UsageError if calls to fit or to test are too few, or one cannot fit the
    engine's memory.
    """
    _check(run, first)
    experts = experts_of(run.model)
    names = [name for name in NAMES if experts or name != "experts_s"]
    known = relations(run.model)
    start = np.array([log(START[name]) for name in names])
    measured = [np.log(of[:first]) for of in (run.ttft_s, run.tpot_s, run.e2e_s)]

    def residuals(logs: Floats) -> Floats:
        predicted, _ = simulate(run, _values(names, logs), experts)
        z = np.stack([np.log(ours[:first]) - theirs for ours, theirs in zip(predicted, measured, strict=True)], axis=1)
        z = np.nan_to_num(z / DEVIATIONS).ravel()
        # Soft L1: a call that fell on the other side of a step's end counts by its distance, not by its square.
        soft = np.sign(z) * np.sqrt(2 * (np.sqrt(1 + z * z) - 1))
        by_name = dict(zip(names, logs.tolist(), strict=True))
        return np.concatenate([soft, [relation.surprise(by_name) for relation in known]])

    best = None
    for number in range(STARTS):
        stream = dice(f"fit/{number}")
        begin = start + [SPREAD * stream.gauss() if number else 0.0 for _ in names]
        bounds = (start - FARTHEST, start + FARTHEST)
        steps = [STEP] * len(names)
        found = least_squares(residuals, begin, diff_step=steps, bounds=bounds, max_nfev=EVALUATIONS)
        progress()
        if best is None or found.cost < best.cost:
            best = found
    assert best is not None
    values = _values(names, best.x)
    predicted, preemptions = simulate(run, values, experts)
    return RunFit(values, predicted, first, preemptions)


def _values(names: list[str], logs: Floats) -> dict[str, float]:
    found = {name: exp(value) for name, value in zip(names, logs.tolist(), strict=True)}
    return dict.fromkeys(NAMES, 0.0) | {"call_s": 0.0} | found


def _check(run: RecordedRun, first: int) -> None:
    calls = len(run.trace)
    if calls < 11:
        raise UsageError(f"{run.trace.name}: the run has {calls} calls; a fit needs 10, and one more to test")
    if not 10 <= first < calls:
        raise UsageError(f"--fit-first {first}: give 10 to {calls - 1}; the run has {calls} calls, and some must test")
    settings = run.settings
    if settings.kv_blocks is not None:
        room = settings.kv_blocks * settings.block_tokens
        longest = int((run.trace.input_tokens + run.trace.output_tokens).argmax())
        tokens = int(run.trace.input_tokens[longest] + run.trace.output_tokens[longest])
        if tokens > room:
            line = run.trace.lines[longest]
            raise UsageError(f"{run.trace.name}:{line}: a call of {tokens} tokens does not fit the {room} of KV memory")
    if not (np.all(run.ttft_s > 0) and np.all(run.e2e_s > 0)):
        bad = int(np.flatnonzero((run.ttft_s <= 0) | (run.e2e_s <= 0))[0])
        raise UsageError(f"{run.trace.name}:{run.trace.lines[bad]}: the first token is stamped before the call began")
