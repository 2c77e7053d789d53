"""The settings that a fleet file gives under [endpoints.resilience]."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from commissure.hal.profiles.quantity import Record

Seconds = Annotated[float, Field(gt=0, le=86_400)]


class Resilience(Record):
    """How calls to one endpoint are kept alive.

    A call is tried up to `attempts` times, with waits from `base_s` to `longest_s` seconds between tries. Retries and
    hedges together are at most `retry_share` of all calls, plus a few that a quiet start may need. After
    `breaker_failures` failures in a row (0: never) nothing is sent for `breaker_rest_s`. With `hedge`, a second
    attempt starts beside one that shows no token for `hedge_after_s`, by default the observed 95th percentile.
    `concurrency` is the most attempts at once; others wait in turn.
    """

    attempts: Annotated[int, Field(ge=1, le=20)] = 3
    base_s: Seconds = 0.5
    longest_s: Seconds = 30.0
    retry_share: Annotated[float, Field(ge=0, le=1)] = 0.2
    breaker_failures: Annotated[int, Field(ge=0, le=1_000_000)] = 5
    breaker_rest_s: Seconds = 30.0
    hedge: bool = False
    hedge_after_s: Seconds | None = None
    concurrency: Annotated[int, Field(ge=1, le=1_000_000)] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.base_s > self.longest_s:
            raise ValueError(f"base_s ({self.base_s}) must be at most longest_s ({self.longest_s})")
        if self.hedge_after_s is not None and "hedge" not in self.model_fields_set:
            raise ValueError("hedge_after_s has no effect without hedge: add hedge = true, or false to keep it off")
        return self
