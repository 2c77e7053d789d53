"""Synthetic traces: their distributions, and that arrivals and lengths are streams of their own.

The seeds are fixed, so nothing here is a matter of luck; bounds are 4 standard errors, Kolmogorov-Smirnov p > 0.01.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from commissure.hal.errors import UsageError
from commissure.sim.workload.arrivals import gamma, poisson
from commissure.sim.workload.lengths import Bootstrap, Constant, Drawn, Geometric, Lengths, Lognormal, Tokens
from commissure.sim.workload.streams import stream
from commissure.sim.workload.trace import Trace, make_trace

CALLS = 20_000
FIXED = Drawn(Constant(100), Constant(10))
TEXT: Any = "2"
HALF: Any = 0.5
MIXED = Drawn(Geometric(300), Lognormal(200, 1.5))


def same(one: Trace, other: Trace) -> list[bool]:
    return [
        bool(np.array_equal(getattr(one, name), getattr(other, name)))
        for name in ("arrival_s", "input_tokens", "output_tokens")
    ]


@pytest.mark.parametrize("rate", [0.01, 3.0, 5000.0])
def test_poisson_gaps_are_exponential(rate: float) -> None:
    trace = poisson(rate, CALLS, 1, FIXED)
    gaps = np.diff(trace.arrival_s)
    assert trace.arrival_s[0] == 0
    assert len(trace) == CALLS
    assert gaps.mean() == pytest.approx(1 / rate, rel=4 / math.sqrt(CALLS))
    assert stats.kstest(gaps, stats.expon(scale=1 / rate).cdf).pvalue > 0.01
    counts = np.bincount((trace.arrival_s * rate / 10).astype(int))[:-1]  # in windows of ten mean gaps
    assert counts.var() / counts.mean() == pytest.approx(1, abs=4 * math.sqrt(2 / len(counts)))


@pytest.mark.parametrize("cv", [0.1, 0.5, 1.0, 2.0, 5.0])
def test_gamma_gaps_have_their_mean_and_variation(cv: float) -> None:
    gaps = np.diff(gamma(4.0, cv, CALLS, 2, FIXED).arrival_s)
    assert gaps.mean() == pytest.approx(0.25, rel=4 * cv / math.sqrt(CALLS))
    # The standard error of a variance: its relative square is (kurtosis + 2) / n, with excess kurtosis 6 cv^2.
    assert gaps.var() == pytest.approx((0.25 * cv) ** 2, rel=4 * math.sqrt((6 * cv**2 + 2) / CALLS))
    # A clock rounds the shortest gaps, of which bursts have many: compared are those above a microsecond.
    law = stats.gamma(cv**-2, scale=0.25 * cv**2)
    seen, hidden = gaps[gaps > 1e-6], law.cdf(1e-6)
    assert stats.kstest(seen, lambda gap: (law.cdf(gap) - hidden) / (1 - hidden)).pvalue > 0.01
    assert stats.binomtest(len(gaps) - len(seen), len(gaps), hidden).pvalue > 0.01


def test_the_distributions_can_be_told_apart() -> None:
    gaps = np.diff(gamma(4.0, 1.1, CALLS, 2, FIXED).arrival_s)
    assert stats.kstest(gaps, stats.expon(scale=0.25).cdf).pvalue < 1e-6


@pytest.mark.parametrize(
    ("tokens", "mean", "cv"),
    [
        (Constant(17), 17, 0.0),
        (Geometric(1), 1, 0.0),
        (Geometric(200), 200, math.sqrt(1 - 1 / 200)),
        (Lognormal(400, 0.8), 400, 0.8),
        (Lognormal(400, 0), 400, 0.0),
    ],
)
def test_lengths_have_their_mean_and_variation(tokens: Tokens, mean: float, cv: float) -> None:
    drawn = tokens.draw(CALLS, stream(3, "lengths"))
    assert drawn.dtype == np.int64
    assert drawn.min() >= 1
    assert drawn.mean() == pytest.approx(mean, rel=4 * cv / math.sqrt(CALLS), abs=1e-9)
    # Standard errors of a cv: 0.7 % for the geometric, 1.4 % for the lognormal, measured over 200 seeds.
    assert drawn.std() / drawn.mean() == pytest.approx(cv, rel=0.06, abs=1e-9)


def test_lognormal_lengths_are_cut() -> None:
    drawn = Lognormal(400, 3, most=1000).draw(CALLS, stream(3, "lengths"))
    assert (drawn.min(), drawn.max()) == (1, 1000)
    logs = np.log(Lognormal(4000, 1).draw(CALLS, stream(3, "lengths")))
    assert stats.kstest(logs, stats.norm(math.log(4000) - math.log(2) / 2, math.sqrt(math.log(2))).cdf).pvalue > 0.01


def test_geometric_lengths_have_no_memory() -> None:
    drawn = Geometric(5).draw(CALLS, stream(3, "lengths"))
    expected = CALLS * 0.2 * 0.8 ** np.arange(20)
    counts = np.bincount(drawn, minlength=22)[1:21]
    assert stats.chisquare([*counts, CALLS - counts.sum()], [*expected, CALLS - expected.sum()]).pvalue > 0.01


def test_a_bootstrap_keeps_a_prompt_with_its_answer() -> None:
    source = make_trace("source", range(50), range(1, 51), range(1001, 1051))
    drawn = poisson(1, CALLS, 4, Bootstrap(source))
    assert np.array_equal(drawn.output_tokens, drawn.input_tokens + 1000)
    assert stats.chisquare(np.bincount(drawn.input_tokens)[1:]).pvalue > 0.01
    assert not len(drawn.hashes)
    with pytest.raises(UsageError, match="'nothing' is empty"):
        Bootstrap(make_trace("nothing", [], [], []))


MAKERS: dict[str, Callable[[int, int, Lengths], Trace]] = {
    "poisson": lambda calls, seed, lengths: poisson(2.0, calls, seed, lengths),
    "gamma": lambda calls, seed, lengths: gamma(2.0, 3.0, calls, seed, lengths),
}


@pytest.mark.parametrize("name", MAKERS)
def test_a_seed_is_the_trace(name: str) -> None:
    make = MAKERS[name]
    assert all(same(make(500, 7, MIXED), make(500, 7, MIXED)))
    assert not any(same(make(500, 7, MIXED), make(500, 8, MIXED)))


@pytest.mark.parametrize("name", MAKERS)
def test_arrivals_and_lengths_do_not_move_each_other(name: str) -> None:
    make = MAKERS[name]
    base = make(500, 7, MIXED)
    assert same(base, make(500, 7, Drawn(Geometric(300), Constant(3)))) == [True, True, False]
    assert same(base, make(500, 7, Drawn(Constant(3), MIXED.output))) == [True, False, True]
    assert same(base, gamma(9.0, 0.4, 500, 7, MIXED)) == [False, True, True]
    alike = make(500, 7, Drawn(Geometric(300), Geometric(300)))
    assert abs(np.corrcoef(alike.input_tokens, alike.output_tokens)[0, 1]) < 4 / math.sqrt(500)
    correlations = np.corrcoef([np.diff(base.arrival_s), base.input_tokens[1:], base.output_tokens[1:]])
    assert np.abs(correlations - np.eye(3)).max() < 4 / math.sqrt(500)


@pytest.mark.parametrize("name", MAKERS)
def test_a_longer_trace_begins_as_a_shorter_one(name: str) -> None:
    make = MAKERS[name]
    assert all(same(make(500, 7, MIXED).head(200), make(200, 7, MIXED)))


def test_a_rate_is_a_time_scale() -> None:
    slow, fast = poisson(2.0, 500, 7, MIXED), poisson(8.0, 500, 7, MIXED)
    assert slow.arrival_s == pytest.approx(4 * fast.arrival_s, rel=1e-12)


def test_streams_are_named_by_text() -> None:
    """The first numbers are the same in every process and under every PYTHONHASHSEED: these."""
    assert stream(7, "arrivals").bit_generator.random_raw(2).tolist() == [10600993675279974324, 18224616996800745685]
    first = stream(1, "a").integers(2**63, size=4).tolist()
    assert first == stream(1, "a").integers(2**63, size=4).tolist()
    others = [stream(1, "b"), stream(2, "a"), stream(1, ""), stream(1, "é")]
    assert all(first != other.integers(2**63, size=4).tolist() for other in others)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: poisson(0, 5, 1, FIXED), "rate_per_s must be a number from 1e-09 to 1e.09, not 0"),
        (lambda: poisson(-1.0, 5, 1, FIXED), "rate_per_s .* not -1.0"),
        (lambda: poisson(math.nan, 5, 1, FIXED), "rate_per_s .* not nan"),
        (lambda: poisson(math.inf, 5, 1, FIXED), "rate_per_s .* not inf"),
        (lambda: poisson(TEXT, 5, 1, FIXED), "rate_per_s .* not '2'"),
        (lambda: poisson(1, 0, 1, FIXED), "calls must be a whole number from 1 to 1000000000, not 0"),
        (lambda: poisson(1, HALF, 1, FIXED), "calls .* not 0.5"),
        (lambda: poisson(1, True, 1, FIXED), "calls .* not True"),
        (lambda: poisson(1, 5, -1, FIXED), "seed must be a whole number from 0 .* not -1"),
        (lambda: poisson(1, 5, HALF, FIXED), "seed .* not 0.5"),
        (lambda: gamma(1, 0, 5, 1, FIXED), "cv must be a number from 0.01 to 100, not 0"),
        (lambda: gamma(1, math.nan, 5, 1, FIXED), "cv .* not nan"),
        (lambda: Constant(0), "Constant: tokens must be a whole number from 1"),
        (lambda: Constant(HALF), "Constant: tokens .* not 0.5"),
        (lambda: Geometric(0.5), "Geometric: mean must be a number from 1 to 1e.07, not 0.5"),
        (lambda: Lognormal(10, -1), "Lognormal: cv must be a number from 0 to 100, not -1"),
        (lambda: Lognormal(math.inf, 1), "Lognormal: mean .* not inf"),
        (lambda: Lognormal(10, 1, 0), "Lognormal: most .* not 0"),
    ],
)
def test_bad_parameters_are_named(make: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        make()
