"""Majorities of two values: independent votes, votes that are alike, and how many independent ones those are worth."""

from __future__ import annotations

import numpy as np
from scipy.special import betaln, gammaln
from scipy.stats import binom

from commissure.hal.errors import UsageError


def majority(n: int, p: float) -> float:
    """The probability that most of n independent votes are right, each with probability p; half of a tie is right.

    Condorcet (1785). Raises UsageError for n < 1 or p outside 0..1.
    """
    return correlated_majority(n, p, 0.0)


def correlated_majority(n: int, p: float, rho: float) -> float:
    """The same where the votes have pairwise correlation rho, their probability being Beta with mean p.

    The number of right votes is beta-binomial with a + b = 1 / rho - 1 (Skellam 1948). Raises UsageError for n < 1, or
    for p or rho outside 0..1.
    """
    _check(n, p, rho)
    counts = np.arange(n + 1)
    share = np.where(2 * counts > n, 1.0, np.where(2 * counts == n, 0.5, 0.0))
    if rho == 0.0 or p in (0.0, 1.0):
        return float(share @ binom.pmf(counts, n, p))
    if rho == 1.0:
        return p
    total = 1 / rho - 1
    a, b = p * total, (1 - p) * total
    log = gammaln(n + 1) - gammaln(counts + 1) - gammaln(n - counts + 1)
    log = log + betaln(counts + a, n - counts + b) - betaln(a, b)
    return float(share @ np.exp(log))


def effective_votes(n: int, rho: float) -> float:
    """As many independent votes have the variance of n whose pairwise correlation is rho: n / (1 + (n - 1) rho).

    Kish's design effect (1965); 1 / rho is the limit. Raises UsageError for n < 1 or rho outside 0..1.
    """
    _check(n, 0.5, rho)
    return n / (1 + (n - 1) * rho)


def _check(n: int, p: float, rho: float) -> None:
    if n < 1:
        raise UsageError(f"a majority of {n} votes: n must be at least 1.")
    for name, value in (("p", p), ("rho", rho)):
        if not 0 <= value <= 1:
            raise UsageError(f"{name} = {value:g}: a probability or correlation here is from 0 to 1.")
