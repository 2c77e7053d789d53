"""Limits of queueing theory that must come out of the engine.

With `fixed_s` alone every step takes the same time whoever is in it, so an engine of c places is c parallel servers,
and an answer's tokens are its service in steps. A service has 200 steps on the mean, so that steps are short: with
one place nothing is lost to them, for a call begins when it comes or when the one before it ends; with more a call
that finds a free place waits for the step in progress, less than a step. That much is allowed beside the error of
sampling: the 99.8 % confidence interval of 40 batch means, the first twentieth of the calls left out. Seeds are fixed.
"""

import math
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from commissure.hal.profiles.serving import EngineSettings
from commissure.sim.engine.cost import StepCost
from commissure.sim.engine.job import Job
from commissure.sim.engine.jump import Engine
from commissure.sim.engine.prefix import PrefixCache
from commissure.sim.replay.feed import Feed
from commissure.sim.workload.arrivals import poisson
from commissure.sim.workload.lengths import Constant, Drawn, Geometric, Tokens
from commissure.sim.workload.trace import Floats, Trace

NAMES = ("fixed_s", "token_s", "sequence_s", "kv_token_s", "attention_s", "experts_s", "call_s", "hidden_tokens")
STEP_S, MEAN, BATCHES = 0.001, 200, 40
SERVICE_S = MEAN * STEP_S


@dataclass
class Served:
    """What came of a trace; `area` is the time-integral of the number of jobs that the engine holds."""

    trace: Trace
    feed: Feed
    engine: Engine
    area: float = 0.0
    started_s: Floats = field(init=False)
    finished_s: Floats = field(init=False)

    def __post_init__(self) -> None:
        self.started_s, self.finished_s = np.asarray(self.feed.started_s), np.asarray(self.feed.finished_s)

    @property
    def waits_s(self) -> Floats:
        return self.started_s - self.trace.arrival_s

    @property
    def sojourns_s(self) -> Floats:
        return self.finished_s - self.trace.arrival_s


def serve(trace: Trace, coefficients: dict[str, float], places: int) -> Served:
    env, setup = simpy.Environment(), EngineSettings(max_num_seqs=places)
    cost = StepCost(dict.fromkeys(NAMES, 0.0) | coefficients, setup)
    engine = Engine(env, cost, setup, PrefixCache(math.inf, 16, 512))
    area, held, since = 0.0, 0, 0.0

    def count() -> None:
        nonlocal area, held, since
        area += held * (env.now - since)
        held, since = len(engine.waiting) + len(engine.running), env.now

    def submit(job: Job) -> None:
        engine.submit(job)
        count()

    inputs, outputs = trace.input_tokens.tolist(), trace.output_tokens.tolist()
    feed = Feed(env, trace.arrival_s.tolist(), inputs, outputs, trace.prefixes(), lambda number: submit)
    feed.on_end = lambda job: count()
    feed.start()
    env.run()
    return Served(trace, feed, engine, area)


def poisson_calls(load: float, places: int, output: Tokens, calls: int, seed: int) -> Trace:
    """Prompts of one token: the step that computes them gives the first token, so a service is its answer's steps."""
    return poisson(load * places / SERVICE_S, calls, seed, Drawn(Constant(1), output))


def parallel(load: float, places: int, output: Tokens, calls: int, seed: int) -> Served:
    return serve(poisson_calls(load, places, output, calls, seed), {"fixed_s": STEP_S}, places)


def interval(values: Any) -> tuple[float, float]:
    """Mean and half-width of its 99.8 % confidence interval, by batch means."""
    steady = np.asarray(values, np.float64)[len(values) // 20 :]
    size = len(steady) // BATCHES
    means = steady[: size * BATCHES].reshape(BATCHES, size).mean(axis=1)
    return float(means.mean()), float(stats.t.ppf(0.999, BATCHES - 1) * means.std(ddof=1) / math.sqrt(BATCHES))


def close(values: Any, theory: float, allowed: float = 0.0) -> bool:
    """Whether theory is in the interval."""
    mean, half = interval(values)
    print(f"measured {mean:.6g} +- {half:.2g}, theory {theory:.6g}")
    return abs(mean - theory) <= half + allowed


def agrees(values: Any, theory: float, allowed: float = 0.0, narrow: float = 0.1) -> bool:
    """Whether theory is in the interval, which must not be wider than this part of it to either side."""
    assert interval(values)[1] <= narrow * theory, "too few calls to decide"
    return close(values, theory, allowed)


def erlang_c(load: float, places: int) -> float:
    """The probability that a call has to wait."""
    offered = load * places
    full = offered**places / math.factorial(places) / (1 - load)
    return full / (full + sum(offered**k / math.factorial(k) for k in range(places)))


def idle(load: float, places: int) -> float:
    """The probability that nobody is there."""
    offered = load * places
    full = offered**places / math.factorial(places) / (1 - load)
    return 1 / (full + sum(offered**k / math.factorial(k) for k in range(places)))


@pytest.mark.parametrize(("load", "calls"), [(0.5, 100_000), (0.8, 150_000)])
def test_one_place_is_a_single_server_queue(load: float, calls: int) -> None:
    """Geometric services: Pollaczek-Khinchine with E[S^2] = (2 - p) / p^2 steps; M/M/1 is its limit, 0.25 % above."""
    served = parallel(load, 1, Geometric(MEAN), calls, 1)
    second = (2 - 1 / MEAN) * SERVICE_S**2
    theory = load / SERVICE_S * second / (2 * (1 - load))
    markovian = load * SERVICE_S / (1 - load)
    assert theory == pytest.approx(markovian, rel=0.003)
    assert agrees(served.waits_s, theory)
    assert agrees(served.sojourns_s, theory + SERVICE_S)
    assert agrees(served.waits_s > 0, load)
    limit_s = 2 * SERVICE_S
    assert agrees(served.waits_s > limit_s, load * math.exp(-(1 - load) / SERVICE_S * limit_s), allowed=0.002)
    assert not close(served.waits_s, theory / 2)


@pytest.mark.parametrize("places", [1, 3])
def test_each_call_waits_as_the_recursion_says(places: int) -> None:
    """Lindley's recursion for one place, to rounding; Kiefer and Wolfowitz's for more, but for the steps."""
    served = parallel(0.9, places, Geometric(MEAN), 20_000, 10)
    free = [0.0] * places
    expected = []
    for arrival, tokens in zip(served.trace.arrival_s.tolist(), served.trace.output_tokens.tolist(), strict=True):
        began = max(arrival, free[0])
        free = sorted([*free[1:], began + tokens * STEP_S])
        expected.append(began - arrival)
    difference = np.abs(served.waits_s - expected)
    if places == 1:
        assert difference.max() < 1e-8
    else:
        assert np.mean(served.waits_s - expected) == pytest.approx(0, abs=5 * STEP_S)
        assert served.waits_s.mean() > 100 * STEP_S


@pytest.mark.parametrize(("load", "places"), [(0.7, 2), (0.8, 8)])
def test_more_places_are_parallel_servers(load: float, places: int) -> None:
    served = parallel(load, places, Geometric(MEAN), 200_000, 2)
    waiting, clearing = erlang_c(load, places), places * (1 - load) / SERVICE_S
    assert agrees(served.waits_s, waiting / clearing, allowed=STEP_S, narrow=0.15)
    assert agrees(served.waits_s > STEP_S, waiting * math.exp(-clearing * STEP_S), allowed=0.005)
    assert agrees(served.sojourns_s, waiting / clearing + SERVICE_S, allowed=STEP_S)
    pooled = erlang_c(load, 1) / clearing  # one server of the speed of all
    assert not close(served.waits_s, pooled, STEP_S)


@pytest.mark.parametrize("load", [0.5, 0.8])
def test_constant_answers_wait_half_as_long(load: float) -> None:
    served = parallel(load, 1, Constant(MEAN), 100_000, 3)
    assert agrees(served.waits_s, load * SERVICE_S / (2 * (1 - load)))
    assert agrees(served.waits_s > 0, load)
    assert np.allclose(served.finished_s - served.started_s, SERVICE_S, rtol=0, atol=1e-9)
    assert not close(served.waits_s, load * SERVICE_S / (1 - load))


@pytest.mark.parametrize("output", [Constant(MEAN), Geometric(MEAN)], ids=["constant", "geometric"])
def test_a_step_as_long_as_its_batch_shares_the_processor(output: Tokens) -> None:
    """With `sequence_s` alone each of n sequences gets a token in n times one's time. Then the mean time in the system
    is S / (1 - load) whatever the answers' distribution, and in proportion to a call's own length (Kleinrock 1967).
    A call joins at the end of a step, which favours those before it a little (0.6 % with constant answers, over 12
    seeds): allowed are two steps of the mean number there beside it.
    """
    load = 0.6
    allowed = 2 * STEP_S * load / (1 - load)
    served = serve(poisson_calls(load, 1, output, 100_000, 4), {"sequence_s": STEP_S}, 256)
    assert agrees(served.sojourns_s, SERVICE_S / (1 - load), allowed)
    if isinstance(output, Geometric):
        for least, most in ((50, 100), (400, 800)):
            own = (served.trace.output_tokens >= least) & (served.trace.output_tokens < most)
            slowdown = served.sojourns_s[own] / (served.trace.output_tokens[own] * STEP_S)
            assert agrees(slowdown, 1 / (1 - load), allowed / (least * STEP_S))


@pytest.mark.parametrize("places", [1, 4])
def test_littles_law_is_exact(places: int) -> None:
    """The integral of how many the engine holds, by its own count, is the sum of the calls' times in the system."""
    served = parallel(0.8, places, Geometric(MEAN), 20_000, 5)
    assert served.area == pytest.approx(served.sojourns_s.sum(), rel=1e-9)
    span = served.finished_s.max()
    rate = len(served.trace) / span
    assert served.area / span == pytest.approx(rate * served.sojourns_s.mean(), rel=1e-9)
    if places == 1:
        _, half = interval(served.sojourns_s)
        assert served.area / span == pytest.approx(0.8 / 0.2, abs=rate * half)


@pytest.mark.parametrize("load", [0.3, 0.9])
def test_the_busy_share_of_one_place_is_its_load(load: float) -> None:
    served = parallel(load, 1, Geometric(MEAN), 100_000, 6)
    work_s = served.trace.output_tokens.sum() * STEP_S
    assert served.engine.steps == served.trace.output_tokens.sum()
    assert served.engine.busy_s == pytest.approx(work_s, rel=1e-9)
    assert served.engine.busy_s == pytest.approx((served.finished_s - served.started_s).sum(), rel=1e-9)
    # The relative variances of the mean service and of the mean gap add up.
    assert served.engine.busy_s / served.finished_s.max() == pytest.approx(load, rel=3.1 * math.sqrt(2 / 100_000))


def test_the_busy_share_of_many_places() -> None:
    """Places are taken as the load says; the engine is busy unless nobody is there."""
    load, places, calls = 0.5, 4, 100_000
    served = parallel(load, places, Geometric(MEAN), calls, 7)
    span = served.finished_s.max()
    taken = (served.finished_s - served.started_s).sum() / places / span
    assert taken == pytest.approx(load, rel=3.1 * math.sqrt(2 / calls))
    share = served.engine.busy_s / span
    print(f"busy {share:.5f}, theory {1 - idle(load, places):.5f}, places taken {taken:.5f}")
    # A call that comes while others run begins with the next step, so it may end up to a step later: half of one on
    # the mean.
    allowed = load * places / SERVICE_S * STEP_S / 2
    assert share == pytest.approx(1 - idle(load, places), abs=allowed + 3.1 * math.sqrt(2 / calls))


CALLS = st.lists(
    st.tuples(st.floats(0, 3), st.integers(1, 20_000), st.integers(1, 400)), min_size=1, max_size=25
)  # gap, prompt, output
COEFFICIENTS = st.fixed_dictionaries(
    {name: st.floats(0, most) for name, most in (("token_s", 1e-4), ("sequence_s", 1e-2), ("kv_token_s", 1e-6),
     ("attention_s", 1e-8), ("hidden_tokens", 500))} | {"fixed_s": st.floats(1e-4, 0.1)}
)  # fmt: skip


def trace_of(calls: Sequence[tuple[float, int, int]]) -> Trace:
    gaps, prompts, outputs = zip(*calls, strict=True)
    return Trace("drawn", np.cumsum(gaps), np.asarray(prompts), np.asarray(outputs))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(CALLS, COEFFICIENTS, st.floats(0.01, 0.999))
def test_a_faster_device_makes_no_call_later(
    calls: list[tuple[float, int, int]], slow: dict[str, float], scale: float
) -> None:
    """One place, first come, first served: so neither the median nor any other latency rises."""
    fast = {name: value * scale if name.endswith("_s") else value for name, value in slow.items()}
    trace = trace_of(calls)
    before, after = (serve(trace, coefficients, 1).sojourns_s for coefficients in (slow, fast))
    assert np.median(after) <= np.median(before) + 1e-9
    assert np.all(after <= before + 1e-9)
    assert after.sum() < before.sum()


PROGRAM = """
import math
import simpy
from hashlib import sha256
from commissure.hal.profiles.serving import EngineSettings
from commissure.sim.engine.cost import StepCost
from commissure.sim.engine.jump import Engine
from commissure.sim.engine.prefix import PrefixCache
from commissure.sim.replay.feed import Feed
from commissure.sim.workload.arrivals import gamma
from commissure.sim.workload.lengths import Drawn, Geometric, Lognormal

VALUES = {"fixed_s": 0.01, "token_s": 1e-5, "sequence_s": 1e-4, "kv_token_s": 1e-7, "attention_s": 1e-9,
          "experts_s": 0.0, "call_s": 0.0, "hidden_tokens": 64.0}
env, setup = simpy.Environment(), EngineSettings(max_num_seqs=16, max_batched_tokens=512, kv_blocks=800)
engine = Engine(env, StepCost(VALUES, setup), setup, PrefixCache(800, 16, 512))
trace = gamma(3.0, 2.0, 1500, SEED, Drawn(Lognormal(1000, 1.0, 8000), Geometric(200)))
prefixes = [tuple(range(number % 7 * 100, number % 7 * 100 + tokens // 512))
            for number, tokens in enumerate(trace.input_tokens.tolist())]
feed = Feed(env, trace.arrival_s.tolist(), trace.input_tokens.tolist(), trace.output_tokens.tolist(), prefixes,
            lambda number: engine.submit)
feed.start()
env.run()
columns = [feed.started_s, feed.first_s, feed.finished_s, feed.cached, feed.preemptions, engine.busy_s]
print(engine.preemptions, sum(feed.cached), feed.ended, sha256(repr(columns).encode()).hexdigest())
"""


def printed(seed: int, hash_seed: str) -> list[str]:
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", PROGRAM.replace("SEED", str(seed))]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.split()


def test_the_times_do_not_depend_on_the_process() -> None:
    """With memory short and prefixes shared, so that sets and dicts of jobs and blocks are at work."""
    preemptions, cached, ended, digest = first = printed(1, "0")
    assert int(preemptions) > 20
    assert int(cached) > 10_000
    assert (ended, len(digest)) == ("1500", 64)
    for hash_seed in ("1", "42", "random"):
        assert printed(1, hash_seed) == first
    assert printed(2, "0") != first


def test_a_run_again_is_the_same_to_the_last_bit() -> None:
    one, other, third = (parallel(0.8, 4, Geometric(MEAN), 5000, seed) for seed in (8, 8, 9))
    assert one.finished_s.tobytes() == other.finished_s.tobytes()
    assert one.engine.busy_s == other.engine.busy_s
    assert one.finished_s.tobytes() != third.finished_s.tobytes()
