"""Closed-loop clients against the laws that hold for any of them."""

from typing import Any

import numpy as np
import pytest
import simpy

from commissure.hal.errors import EndpointError, UsageError
from commissure.hal.profiles.serving import EngineSettings
from commissure.sim.engine.cost import StepCost
from commissure.sim.engine.job import Job
from commissure.sim.engine.jump import Engine
from commissure.sim.engine.prefix import PrefixCache
from commissure.sim.replay.closed import ClosedLoop
from commissure.sim.replay.columns import Columns
from commissure.sim.workload.lengths import Constant, Drawn, Geometric

STEP = {
    "fixed_s": 0.01, "token_s": 1e-5, "sequence_s": 1e-4, "kv_token_s": 1e-7, "attention_s": 1e-9, "experts_s": 0.0,
    "call_s": 0.0, "hidden_tokens": 0.0,
}  # fmt: skip
LENGTHS = Drawn(Geometric(200), Geometric(30))


def serve(
    clients: int, calls: int, think_s: float, lengths: Drawn = LENGTHS, seed: int = 1, think: Any = "exponential",
    places: int = 4,
) -> tuple[ClosedLoop, Columns]:  # fmt: skip
    env, settings = simpy.Environment(), EngineSettings(max_num_seqs=places)
    engine = Engine(env, StepCost(STEP, settings), settings, PrefixCache(float("inf"), 16, 512))
    loop = ClosedLoop(env, engine.submit, clients, calls, think_s, lengths, seed, think)
    loop.start()
    env.run()
    return loop, loop.columns("one", engine.busy_s)


def test_every_call_is_served_and_stands_in_order_of_arrival() -> None:
    loop, columns = serve(7, 30, 0.5)
    assert loop.ended == len(columns.arrival_s) == 210
    assert np.all(np.diff(columns.arrival_s) >= 0)
    assert columns.served.all()
    assert np.all(columns.started_s >= columns.arrival_s)
    assert np.all(columns.first_s > columns.started_s)
    assert np.all(columns.finished_s >= columns.first_s)
    assert np.bincount(loop.client).tolist() == [30] * 7
    assert columns.busy_s["one"] <= columns.makespan_s


def test_a_client_has_one_call_at_a_time_and_thinks_before_each() -> None:
    loop, columns = serve(5, 20, 0.25, think="constant")
    for client in range(5):
        own = np.asarray(loop.client) == client
        sent, ended = columns.arrival_s[own], columns.finished_s[own]
        assert sent[0] == 0.25
        assert sent[1:] - ended[:-1] == pytest.approx(np.full(19, 0.25))


def test_think_times_are_exponential_with_their_mean() -> None:
    loop, columns = serve(50, 100, 2.0)
    pauses = np.concatenate(
        [
            columns.arrival_s[own] - np.concatenate([[0.0], columns.finished_s[own][:-1]])
            for own in (np.asarray(loop.client) == client for client in range(50))
        ]
    )
    assert pauses.mean() == pytest.approx(2.0, rel=4 / np.sqrt(5000))
    assert pauses.std() == pytest.approx(2.0, rel=4 * np.sqrt(2 / 5000))


def test_littles_law() -> None:
    """The time-integral of the number in the system is the sum of sojourn times, and N = X (R + Z) over the run."""
    clients, calls = 12, 50
    loop, columns = serve(clients, calls, 1.0)
    times = np.concatenate([columns.arrival_s, columns.finished_s])
    order = np.argsort(times, kind="stable")
    number = np.cumsum(np.repeat([1, -1], clients * calls)[order])
    assert number.max() <= clients
    assert (number[:-1] * np.diff(times[order])).sum() == pytest.approx(columns.e2e_s.sum(), rel=1e-12)
    cycles = sum(columns.finished_s[np.asarray(loop.client) == client].max() for client in range(clients))
    think_s = cycles - columns.e2e_s.sum()
    throughput = clients * calls / (cycles / clients)
    assert throughput * (columns.e2e_s.mean() + think_s / (clients * calls)) == pytest.approx(clients, rel=1e-12)
    assert think_s / (clients * calls) == pytest.approx(1.0, rel=4 / np.sqrt(clients * calls))


def test_one_client_without_think_time_is_as_fast_as_one_call() -> None:
    _, columns = serve(1, 40, 0.0, Drawn(Constant(100), Constant(20)))
    assert len(columns.arrival_s) / columns.makespan_s == pytest.approx(1 / columns.e2e_s.mean(), rel=1e-12)
    assert columns.e2e_s == pytest.approx(np.full(40, columns.e2e_s[0]), rel=1e-9)
    # A step for the prompt, and 19 that each read one token more, from 101 on.
    prompt = 0.01 + 100 * 1e-5 + 1e-4 + 100 * 1e-7 + 100 * 50 * 1e-9
    decode = 19 * (0.01 + 1e-5 + 1e-4) + 1e-7 * sum(range(101, 120))
    assert columns.e2e_s[0] == pytest.approx(prompt + decode, rel=1e-12)
    assert columns.busy_s["one"] == pytest.approx(columns.makespan_s, rel=1e-12)


def test_throughput_keeps_below_its_two_asymptotes() -> None:
    """min(N / (R1 + Z), what the engine can do with every place taken): operational analysis."""
    lengths = Drawn(Constant(100), Constant(20))
    alone = serve(1, 1, 0.0, lengths)[1].e2e_s[0]
    most = 0.0
    for clients in (1, 2, 8, 32):
        _, columns = serve(clients, 50, 0.5, lengths, think="constant")
        throughput = clients * 50 / columns.finished_s.max()
        assert throughput <= clients / (alone + 0.5) * (1 + 1e-9)
        assert throughput <= 4 / alone
        assert throughput > most
        most = throughput


def test_the_same_seed_gives_the_same_columns() -> None:
    hashes = [serve(6, 25, 0.3, seed=seed)[1].trace_hash() for seed in (1, 1, 2)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_a_clients_calls_do_not_depend_on_what_serves_them() -> None:
    def calls_of(places: int) -> list[Any]:
        loop, columns = serve(6, 25, 0.3, places=places)
        rows = zip(loop.client, columns.input_tokens.tolist(), columns.output_tokens.tolist(), strict=True)
        return sorted(rows, key=lambda row: row[0])  # stable: each client's own order

    slow, fast = calls_of(1), calls_of(6)
    assert slow == fast
    assert serve(6, 25, 0.3, places=1)[1].trace_hash() != serve(6, 25, 0.3, places=6)[1].trace_hash()


def test_a_call_that_fails_is_a_row_without_a_finish() -> None:
    env = simpy.Environment()

    def refuse(job: Job) -> None:
        job.error = EndpointError("one", "no room") if job.index % 2 else None
        job.started_s = job.first_s = job.finished_s = env.now
        job.done(job)

    loop = ClosedLoop(env, refuse, 2, 5, 1.0, LENGTHS, 1)
    loop.start()
    env.run()
    columns = loop.columns("one", 0.0)
    assert columns.served.tolist() == [number % 2 == 0 for number in range(10)]
    assert sorted(columns.errors) == [1, 3, 5, 7, 9]
    assert str(columns.errors[1]) == "endpoint 'one': no room"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"clients": 0}, "clients must be a whole number from 1"),
        ({"calls": 0}, "calls must be a whole number from 1"),
        ({"think_s": -1.0}, "think_s must be a number from 0 .* not -1.0"),
        ({"think_s": float("nan")}, "think_s .* not nan"),
        ({"think": "normal"}, "unknown think 'normal'.* Allowed: constant, exponential"),
        ({"seed": -3}, "seed .* not -3"),
    ],
)
def test_bad_parameters_are_named(change: dict[str, Any], said: str) -> None:
    given: dict[str, Any] = {"clients": 2, "calls": 2, "think_s": 1.0, "lengths": LENGTHS, "seed": 1}

    def submit(job: Job) -> None:
        raise AssertionError("nothing is sent")

    with pytest.raises(UsageError, match=said):
        ClosedLoop(simpy.Environment(), submit, **(given | change))
