"""What may be set of oolong."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from commissure.hal.errors import UsageError, unknown
from commissure.policies.recursion.ask import MOST_DEPTH, Limits
from commissure.scenarios.deep_context.questions.families import family_names
from commissure.scenarios.deep_context.settings import RecursionSettings
from commissure.theory.context.published import Source

MOST_TOKENS = 4_194_304


class Settings(RecursionSettings):
    """`questions` of the `families` about one window of `tokens`, of our own texts or those of the file `data`.

    `delegation` says who serves which sub-call; empty, the ablest model is the root and the cheapest the leaf.
    Sub-calls go `depth` deep. A model that writes code may take `turns`. Each question is a recursion of its own, with
    the limits and sizes of `RecursionSettings`.

    In sim, `hidden_tokens` of reasoning are added to each call of a hosted model, as its profile says where it is not
    set; one long call is right as often as the `curve` of its model says: that of the RLM paper's figure, or of
    OOLONG's own table.
    """

    tokens: Annotated[int, Field(ge=512, le=MOST_TOKENS)] = 8192
    questions: Annotated[int, Field(ge=1, le=1000)] = 10
    families: str = "counting,user,timeline"
    data: str = ""
    delegation: str = ""
    depth: Annotated[int, Field(ge=0, le=MOST_DEPTH)] = 1
    turns: Annotated[int, Field(ge=1, le=100)] = 12
    hidden_tokens: Annotated[int, Field(ge=0, le=1_000_000)] | None = None
    curve: Source = "rlm"

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
        return self.limits_to(self.depth)
