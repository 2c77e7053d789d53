"""Synthetic traces: open arrivals at a rate, with lengths drawn beside them.

Arrivals and lengths are separate streams of one seed. So two rates differ only in the time scale, two `Lengths` have
the same arrivals, and two policies see the same calls: common random numbers.
"""

from __future__ import annotations

import numpy as np

from commissure.sim.workload.checks import check_number, check_whole
from commissure.sim.workload.lengths import Lengths
from commissure.sim.workload.streams import stream
from commissure.sim.workload.trace import Floats, Trace

# More calls than memory holds; from a call in thirty years to more than any service takes; from gaps that are as good
# as constant to gaps so uneven that most calls come at once.
MOST_CALLS = 1_000_000_000
LEAST_PER_S, MOST_PER_S = 1e-9, 1e9
LEAST_CV, MOST_CV = 0.01, 100.0


def poisson(rate_per_s: float, calls: int, seed: int, lengths: Lengths) -> Trace:
    """Calls that arrive independently of each other: exponential gaps. Raises UsageError."""
    _check(rate_per_s, calls)
    gaps = stream(seed, "arrivals").standard_exponential(calls)
    return _trace("poisson", gaps / rate_per_s, seed, lengths)


def gamma(rate_per_s: float, cv: float, calls: int, seed: int, lengths: Lengths) -> Trace:
    """Gamma gaps with this coefficient of variation: bursts above 1, a steadier beat below it. Raises UsageError."""
    _check(rate_per_s, calls)
    check_number("cv", cv, LEAST_CV, MOST_CV)
    gaps = stream(seed, "arrivals").standard_gamma(cv**-2, calls)
    return _trace("gamma", gaps * (cv**2 / rate_per_s), seed, lengths)


def _check(rate_per_s: float, calls: int) -> None:
    check_number("rate_per_s", rate_per_s, LEAST_PER_S, MOST_PER_S)
    check_whole("calls", calls, 1, MOST_CALLS)


def _trace(name: str, gaps: Floats, seed: int, lengths: Lengths) -> Trace:
    """The gap before the first call is not used: a trace counts from its first call."""
    gaps[0] = 0.0
    prompts, outputs = lengths.draw(len(gaps), seed)
    return Trace(name, np.cumsum(gaps), prompts, outputs)
