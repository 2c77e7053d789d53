"""A number with its provenance, and the frozen record that profile files are read into."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Record(BaseModel):
    """What a file holds: frozen, with no unknown field and no infinite number."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Quantity(Record):
    """A number >= 0 with its provenance; `assumed` marks a judgement without a source that states it."""

    value: Annotated[float, Field(ge=0, le=1e18)]
    source: Annotated[str, Field(min_length=1)]
    as_of: date
    assumed: bool = False


def value_of(quantity: Quantity | None, default: float = 0.0) -> float:
    """The number, or a default where it is unknown."""
    return default if quantity is None else quantity.value
