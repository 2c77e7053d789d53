"""What may be set of tool-calls."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from commissure.hal.errors import unknown
from commissure.policies.ensemble.diversity import diversity_names
from commissure.scenarios.tool_calling.records.families import family_names

Says = Literal["recorded", "modelled"]


class Settings(BaseModel):
    """`records` questions, evenly of the `families`, to each endpoint of the fleet: one greedy answer, `n` candidates.

    Candidates are drawn at the `temperature`; `diversity` makes them differ beside that. Before any of them, two
    `pilots` of each question are drawn, from which the vote is foretold. Without `grammar` no schema is sent. With
    `verify` the endpoint is asked of each candidate whether it is right. `slot_tokens` is the room of a prompt and its
    answer where the endpoint has KV slots; so many questions are asked `side_by_side`. In sim models say what was
    `recorded` of the local ones, or are `modelled` after that; a model that was not recorded answers as `stand_in` did.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    n: Annotated[int, Field(ge=1, le=64)] = 8
    diversity: str = "temperature"
    records: Annotated[int, Field(ge=2, le=1000)] = 12
    families: str = "listings,tickets,orders"
    temperature: Annotated[float, Field(ge=0, le=2, allow_inf_nan=False)] = 0.7
    pilots: bool = True
    grammar: bool = True
    verify: bool = False
    slot_tokens: Annotated[int, Field(ge=256, le=65536)] = 2048
    side_by_side: Annotated[int, Field(ge=1, le=64)] = 1
    says: Says = "recorded"
    stand_in: str = "smollm2-135m"

    @field_validator("families")
    @classmethod
    def _known_families(cls, value: str) -> str:
        names = [name.strip() for name in value.split(",") if name.strip()]
        for name in names:
            if name not in family_names():
                raise unknown("family", name, family_names())
        if not names:
            raise ValueError(f"name at least one of {', '.join(family_names())}")
        return ",".join(dict.fromkeys(names))

    @field_validator("diversity")
    @classmethod
    def _known_diversity(cls, value: str) -> str:
        if value not in diversity_names():
            raise unknown("diversity", value, diversity_names())
        return value

    @property
    def family_list(self) -> tuple[str, ...]:
        """The families by name."""
        return tuple(self.families.split(","))
