"""The noise of hosted calls: log-logistic around 1, correlated among the calls of one session."""

from __future__ import annotations

import math
from collections.abc import Hashable

from commissure.hal.clock.dice import dice
from commissure.hal.errors import UsageError


class Noise:
    """Multipliers with median 1. Every one is exactly log-logistic, whatever share its session has.

    A Gaussian copula joins the calls of a session: z = sqrt(share) z_session + sqrt(1 - share) z_call is standard
    normal, and its probability becomes a log-logistic quantile. z_session depends on seed, endpoint and session only;
    z_call is the endpoint's own stream, in the order in which its calls start.
    """

    def __init__(self, seed: int, name: str, shape: float, share: float = 0.0) -> None:
        if shape <= 0 or not 0 <= share <= 1:
            raise UsageError(
                f"endpoint {name!r}: noise_shape must be above 0 and session_share at most 1, not {shape} and {share}"
            )
        self._key = f"{seed}/{name}/noise"
        self._calls = dice(f"{self._key}/calls")
        self._power = 1.0 / shape
        self._common, self._own = math.sqrt(share), math.sqrt(1.0 - share)
        self._sessions: dict[Hashable, float] = {}

    def next(self, session: str | None) -> float:
        """The multiplier of the next call; one without a session, None or "", is alone in its own."""
        z = self._calls.gauss(0.0, 1.0)
        if session and self._common:
            z = self._common * self._of(session) + self._own * z
        return quantile(z, self._power)

    def _of(self, session: str) -> float:
        z = self._sessions.get(session)
        if z is None:
            z = self._sessions[session] = dice(f"{self._key}/session/{session}").gauss(0.0, 1.0)
        return z


def quantile(z: float, power: float) -> float:
    """The log-logistic quantile (u / (1 - u)) ** power at the probability u of a standard normal z.

    Both tails come from erfc, so that neither loses its digits where u is nearly 0 or 1.
    """
    return float((math.erfc(-z * _HALF) / math.erfc(z * _HALF)) ** power)


_HALF = math.sqrt(0.5)
