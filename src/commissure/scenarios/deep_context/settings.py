"""What may be set of every recursion over a long context."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from commissure.policies.recursion.ask import Limits

# Not infinite: what is not limited is not set, and infinity is no JSON.
Most = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class RecursionSettings(BaseModel):
    """Pieces of `chunk_tokens` are asked about, `fan_out` at once.

    A recursion may take `usd`, `calls` and `wall_s` seconds, as much as it likes where they are not set. `slot_tokens`
    is the room of a prompt and its answer where an endpoint has KV slots. In sim, a model of which nothing is known
    answers as `stand_in`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    chunk_tokens: Annotated[int, Field(ge=64, le=1_000_000)] = 2000
    fan_out: Annotated[int, Field(ge=1, le=1024)] = 8
    usd: Most | None = None
    calls: Most | None = None
    wall_s: Most | None = None
    slot_tokens: Annotated[int, Field(ge=256, le=131_072)] = 2048
    stand_in: str = "gpt-oss-120b"

    def limits_to(self, depth: int) -> Limits:
        """Of one recursion whose sub-calls go so deep."""
        usd, calls, wall_s = (math.inf if one is None else one for one in (self.usd, self.calls, self.wall_s))
        return Limits(usd=usd, calls=calls, wall_s=wall_s, depth=depth, fan_out=self.fan_out)
