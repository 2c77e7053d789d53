"""The noise of hosted calls is log-logistic whatever a session shares, and what it shares shows in sums."""

import numpy as np
import pytest
from scipy import stats

from commissure.sim.hosted.noise import Noise, quantile
from commissure.sim.workload.trace import Floats

SHAPE = 7.6


def sessions(share: float, count: int, calls: int) -> Floats:
    """Multipliers, one row a session; the calls of the sessions alternate."""
    noise = Noise(5, "box", SHAPE, share)
    return np.array([[noise.next(f"s{row}") for row in range(count)] for _ in range(calls)]).T


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_marginals_are_log_logistic(share: float) -> None:
    drawn = sessions(share, 20_000, 1).ravel()
    assert stats.kstest(drawn, stats.fisk(c=SHAPE).cdf).pvalue > 0.01
    assert np.median(drawn) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("session", [None, ""])
def test_a_call_without_a_session_is_as_noisy(session: str | None) -> None:
    noise = Noise(5, "box", SHAPE, 0.4)
    drawn = [noise.next(session) for _ in range(20_000)]
    assert stats.kstest(drawn, stats.fisk(c=SHAPE).cdf).pvalue > 0.01
    assert abs(np.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 0.03


@pytest.mark.parametrize("share", [0.0, 0.3, 0.8])
def test_calls_correlate_within_a_session_and_not_across(share: float) -> None:
    logs = np.log(sessions(share, 6000, 2))
    assert np.corrcoef(logs[:, 0], logs[:, 1])[0, 1] == pytest.approx(share, abs=0.04)
    assert np.corrcoef(logs[:-1, 0], logs[1:, 1])[0, 1] == pytest.approx(0.0, abs=0.04)


def test_sums_over_a_session_have_fatter_tails_than_independent_ones() -> None:
    independent, correlated = (sessions(share, 4000, 30).sum(axis=1) for share in (0.0, 0.4))
    assert np.median(correlated) == pytest.approx(np.median(independent), rel=0.03)
    excess = [float(np.quantile(sums, 0.99) / np.median(sums)) - 1 for sums in (independent, correlated)]
    assert excess[1] > 2 * excess[0]


def test_a_session_is_the_same_whenever_it_comes() -> None:
    early, late = Noise(5, "box", SHAPE, 1.0), Noise(5, "box", SHAPE, 1.0)
    for number in range(10):
        late.next(f"other{number}")
    assert early.next("mine") == late.next("mine")
    assert early.next("mine") != Noise(6, "box", SHAPE, 1.0).next("mine")
    assert early.next("mine") != Noise(5, "other", SHAPE, 1.0).next("mine")


def test_the_tails_stay_finite() -> None:
    for z in (-9.0, 9.0):
        log_odds = stats.norm.logcdf(z) - stats.norm.logsf(z)
        assert quantile(z, 1 / SHAPE) == pytest.approx(float(np.exp(log_odds / SHAPE)), rel=1e-9)
