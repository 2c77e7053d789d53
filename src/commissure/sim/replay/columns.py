"""The results of a replay as columns, and what they come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from commissure.sim.workload.trace import Floats, Ints

PERCENTILES = (50, 90, 99)


@dataclass(frozen=True, slots=True)
class Slo:
    """What a good call is: its first token in time, and the others at a rate. Seconds."""

    ttft_s: float = 1.0
    tpot_s: float = 0.1


@dataclass(frozen=True, slots=True)
class Columns:
    """One row a call, in order of arrival; virtual seconds, -1 where a call did not get so far.

    `endpoint` indexes `endpoints`; `busy_s` is how long each of them worked. `unpriced` are the endpoints whose
    price is not known. `retries` counts tries beyond each call's first; `errors` says why calls failed.
    """

    arrival_s: Floats
    started_s: Floats
    first_s: Floats
    finished_s: Floats
    input_tokens: Ints
    cached_tokens: Ints
    output_tokens: Ints
    endpoint: Ints
    preemptions: Ints
    cost_usd: Floats
    endpoints: tuple[str, ...]
    busy_s: Mapping[str, float]
    hourly_usd: float = 0.0
    unpriced: frozenset[int] = frozenset()
    retries: int = 0
    latest_s: float = 0.0
    errors: Mapping[int, Exception] = field(default_factory=dict)

    @property
    def served(self) -> NDArray[np.bool_]:
        """Which calls were answered."""
        return self.finished_s >= 0

    @property
    def ttft_s(self) -> Floats:
        """Time to first token of the calls that were served."""
        ttft: Floats = (self.first_s - self.arrival_s)[self.served]
        return ttft

    @property
    def e2e_s(self) -> Floats:
        """From arrival to the last token, of the calls that were served."""
        e2e: Floats = (self.finished_s - self.arrival_s)[self.served]
        return e2e

    @property
    def tpot_s(self) -> Floats:
        """Time per output token, (E2E - TTFT) / (out - 1), of the calls that were served with more than one."""
        more = self.served & (self.output_tokens > 1)
        return (self.finished_s - self.first_s)[more] / (self.output_tokens[more] - 1)

    @property
    def makespan_s(self) -> float:
        """From the first arrival to the last end of a call, well or not."""
        return max(self.latest_s, float(self.finished_s.max(initial=0.0)))

    def total_usd(self) -> float | None:
        """The tokens' price, and that of hired endpoints for the whole makespan; None if a price is not known."""
        if self.unpriced and np.isin(self.endpoint, list(self.unpriced)).any():
            return None
        return float(self.cost_usd.sum()) + self.hourly_usd * self.makespan_s / 3600

    def kv_hit_rate(self) -> float:
        """Share of prompt tokens, of the calls that were served, that came from a prefix cache."""
        served = self.served
        return float(self.cached_tokens[served].sum()) / max(1, int(self.input_tokens[served].sum()))

    def good(self, slo: Slo) -> int:
        """How many calls met the objective."""
        served = self.served
        tokens = np.maximum(self.output_tokens - 1, 1)
        in_time = (self.first_s - self.arrival_s <= slo.ttft_s) & (
            (self.finished_s - self.first_s) <= slo.tpot_s * tokens
        )
        return int((served & in_time).sum())

    def trace_hash(self) -> str:
        """Of every column: two runs with the same hash gave the same to the last bit."""
        digest = sha256()
        for column in (
            self.arrival_s, self.started_s, self.first_s, self.finished_s, self.input_tokens, self.cached_tokens,
            self.output_tokens, self.endpoint, self.preemptions, self.cost_usd,
        ):  # fmt: skip
            digest.update(np.ascontiguousarray(column).tobytes())
        return digest.hexdigest()[:16]


def distribution(values: Floats) -> dict[str, float | None]:
    """Mean and percentiles (linear interpolation); None of nothing."""
    if not len(values):
        return dict.fromkeys(("mean", *(f"p{percent}" for percent in PERCENTILES)))
    cuts = np.percentile(values, PERCENTILES).tolist()
    named = zip((f"p{percent}" for percent in PERCENTILES), cuts, strict=True)
    return {"mean": float(values.mean()), **dict(named)}
