"""What a sweep found."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from commissure.scenarios.sweep.aims import Aim
from commissure.scenarios.sweep.row import Row


class Outcome(BaseModel):
    """summary.json of a sweep: the rows that ended, by number, and which of them are on the front of the measures."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scenario: str
    complete: bool
    seeds: int
    swept: list[str]
    measures: list[Aim]
    front: list[int]
    hypervolume: float | None
    rows: list[Row]
