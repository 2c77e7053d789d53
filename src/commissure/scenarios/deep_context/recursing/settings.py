"""What may be set of oolong."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from commissure.hal.errors import UsageError, unknown
from commissure.policies.recursion.ask import MOST_DEPTH, Limits
from commissure.scenarios.deep_context.questions.families import family_names

Amount = Annotated[float, Field(gt=0, allow_inf_nan=False)]
MOST_TOKENS = 4_194_304


class Settings(BaseModel):
    """`questions` of the `families` about one window of `tokens`, of our own texts or those of the file `data`.

    `delegation` says who serves which sub-call; empty, the ablest model is the root and the cheapest the leaf. Pieces
    of `chunk_tokens` are asked about, `fan_out` at once; sub-calls go `depth` deep. A question may take `usd`, `calls`
    and `wall_s`, as much as it likes where they are not set. A model that writes code may take `turns`.

    `slot_tokens` is the room of a prompt and its answer where an endpoint has KV slots. In sim, a model whose skill is
    not known answers as `stand_in`; `hidden_tokens` of reasoning are added to each call of a hosted model, as its
    profile says where it is not set; one long call is right as often as the `curve` of its model says: that of the RLM
    paper's figure, or of OOLONG's own table.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tokens: Annotated[int, Field(ge=512, le=MOST_TOKENS)] = 8192
    questions: Annotated[int, Field(ge=1, le=1000)] = 10
    families: str = "counting,user,timeline"
    data: str = ""
    delegation: str = ""
    chunk_tokens: Annotated[int, Field(ge=64, le=1_000_000)] = 2000
    fan_out: Annotated[int, Field(ge=1, le=1024)] = 8
    depth: Annotated[int, Field(ge=0, le=MOST_DEPTH)] = 1
    turns: Annotated[int, Field(ge=1, le=100)] = 12
    usd: Amount | None = None
    calls: Amount | None = None
    wall_s: Amount | None = None
    slot_tokens: Annotated[int, Field(ge=256, le=131_072)] = 2048
    hidden_tokens: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    stand_in: str = "gpt-oss-120b"
    curve: Literal["rlm", "oolong"] = "rlm"

    @field_validator("families")
    @classmethod
    def _known_families(cls, value: str) -> str:
        names = [name.strip() for name in value.split(",") if name.strip()]
        for name in names:
            if name not in family_names():
                raise unknown("family", name, family_names())
        if not names:
            raise UsageError(f"name at least one of {', '.join(family_names())}")
        return ",".join(dict.fromkeys(names))

    @property
    def family_list(self) -> tuple[str, ...]:
        """The families by name."""
        return tuple(self.families.split(","))

    @property
    def limits(self) -> Limits:
        """Of one question."""
        usd, calls, wall_s = (math.inf if one is None else one for one in (self.usd, self.calls, self.wall_s))
        return Limits(usd=usd, calls=calls, wall_s=wall_s, depth=self.depth, fan_out=self.fan_out)
