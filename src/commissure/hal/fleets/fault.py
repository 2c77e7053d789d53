"""A fault that a fleet file plans for its simulation."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from commissure.hal.profiles.quantity import Record

Seconds = Annotated[float, Field(ge=0, le=3.2e9)]  # a century


class Fault(Record):
    """One fault of one endpoint, from `at_s` on for `for_s` seconds of virtual time, or for good.

    slow: every step takes `factor` times as long. fail: a call is refused with probability `rate`. lose: a call's
    answer is lost with probability `rate`. hang: a call is taken and never answered with probability `rate`; its client
    gives up after `after_s`. die: every call under way fails, and so do new ones. full: the KV `tier`
    takes in no more.
    """

    endpoint: str
    kind: Literal["slow", "fail", "lose", "hang", "die", "full"]
    at_s: Seconds = 0.0
    for_s: Seconds | None = None
    factor: Annotated[float, Field(ge=1, le=1e6)] = 1.0
    rate: Annotated[float, Field(ge=0, le=1)] = 0.0
    after_s: Seconds = 60.0
    tier: Literal["", "dram", "ssd", "remote"] = ""

    @model_validator(mode="after")
    def _has_what_it_needs(self) -> Self:
        needed = {"slow": "factor", "fail": "rate", "lose": "rate", "hang": "rate", "full": "tier"}.get(self.kind)
        if needed is not None and needed not in self.model_fields_set:
            raise ValueError(f"a fault of kind {self.kind!r} needs {needed}")
        return self
