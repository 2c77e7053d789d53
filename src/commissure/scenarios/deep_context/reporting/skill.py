"""How models err when they report on a log: assumed probabilities, each with its provenance, from skill.toml."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Self

from pydantic import model_validator

from commissure.hal.errors import unknown
from commissure.hal.profiles.quantity import Quantity, Record
from commissure.hal.tomlfile import load_toml


class Curve(Record):
    """q(L) = floor + (top - floor) / (1 + (L / half)^steep), as of OOLONG."""

    top: Quantity
    floor: Quantity
    steep: Quantity


class Errors(Record):
    """Of one tier of models: probabilities, but for `half_tokens` and the relative deviation `miscount`."""

    half_tokens: Quantity
    omitted: Quantity
    wrong_person: Quantity
    invented_pr: Quantity
    wrong_area: Quantity
    missed_revert: Quantity
    unsupported_line: Quantity
    miscount: Quantity
    malformed: Quantity
    caught: Quantity
    spoiled: Quantity

    @model_validator(mode="after")
    def _probabilities(self) -> Self:
        for name, quantity in self:
            if name != "half_tokens" and quantity.value > 1:
                raise ValueError(f"{name}: {quantity.value} is no probability")
        return self


class Skills(Record):
    """All of the file."""

    curve: Curve
    tiers: dict[str, Errors]
    models: dict[str, str]

    @model_validator(mode="after")
    def _known_tiers(self) -> Self:
        for model, tier in self.models.items():
            if tier not in self.tiers:
                raise ValueError(f"models.{model}: there is no tier {tier!r}, only {', '.join(self.tiers)}")
        return self


@cache
def skills() -> Skills:
    """As the package has them."""
    return load_toml(Path(str(files("commissure.scenarios.deep_context.reporting"))) / "skill.toml", Skills)


def errors_of(model: str, stand_in: str) -> Errors:
    """A model's, or those of the one that stands in for it. Raises UsageError if neither is known."""
    known = skills()
    for name in (model, stand_in):
        if name in known.models:
            return known.tiers[known.models[name]]
    raise unknown("stand_in (a model whose errors are known)", stand_in, known.models)


def found_share(errors: Errors, tokens: float) -> float:
    """The share of a log's commits that one call still finds, at so many tokens: 1 at none, falling with the curve."""
    curve = skills().curve
    top, floor, steep = curve.top.value, curve.floor.value, curve.steep.value
    return float((floor + (top - floor) / (1.0 + (tokens / errors.half_tokens.value) ** steep)) / top)
