"""Published scores by length, with where they stand."""

from __future__ import annotations

from datetime import date
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

from commissure.hal.profiles.quantity import Record
from commissure.hal.tomlfile import load_toml

Demand = Literal["constant", "linear", "quadratic"]
Source = Literal["rlm", "oolong"]
SOURCES: dict[Source, str] = {
    "rlm": "arXiv 2512.24601 v3, figure 1 (read off the plot)",
    "oolong": "arXiv 2511.02817, table 4",
}


class Series(Record):
    """One model's scores, in percent, by length in tokens."""

    model: str
    demand: Demand
    source: Source
    as_of: date
    scores: dict[int, float]
    read_off_a_plot: bool = False


class Unburdened(Record):
    """One model's scores of NoLiMa, in percent, by length in tokens; `base` is the score of short contexts."""

    base: float
    scores: dict[int, float]


class Published(Record):
    """All of them: of one long call, of recursion, of RULER and of NoLiMa."""

    series: tuple[Series, ...]
    recursion: tuple[Series, ...]
    ruler: dict[str, dict[int, float]]
    nolima: dict[str, Unburdened]


@cache
def published() -> Published:
    """As the package has them."""
    return load_toml(Path(str(files("commissure.theory.context"))) / "published.toml", Published)


def find(model: str, demand: str, source: str, *, recursion: bool = False) -> Series | None:
    """The series of a model, if one was published."""
    every = published().recursion if recursion else published().series
    return next((one for one in every if (one.model, one.demand, one.source) == (model, demand, source)), None)
