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
from commissure.theory.context.curve import curve_for
from commissure.theory.context.published import Source


class Errors(Record):
    """Of one tier of models: probabilities, and the relative deviation `miscount`."""

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
            if quantity.value > 1:
                raise ValueError(f"{name}: {quantity.value} is no probability")
        return self


class Skills(Record):
    """All of the file."""

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


def found_share(model: str, tokens: float, source: Source) -> float:
    """The share of a log's commits that one call still finds at so many tokens, of those it finds in a short one.

    By the model's published curve of OOLONG, else that of GPT-5. That a listing leaves out as much as a count misses is
    a judgement (assumed).
    """
    curve = curve_for(model, "linear", source)
    return curve.at(tokens) / curve.top if curve.top else 0.0
