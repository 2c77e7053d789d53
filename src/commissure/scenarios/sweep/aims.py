"""Which measures a sweep compares, and which way each is better."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from commissure.hal.errors import UsageError, unknown

# What every leg has, beside the scenario's own; of all of them less is better.
COMMON = ("cost_usd", "time_s", "p95_s", "time_p95_s", "calls", "tokens", "failed_attempts")
_WAYS = ("max", "min")
_SCORE = "score"


@dataclass(frozen=True, slots=True)
class Aim:
    """A measure by its whole name, and whether more of it is better."""

    name: str
    maximise: bool

    def __str__(self) -> str:
        return f"{self.name} ({'max' if self.maximise else 'min'})"


@dataclass(frozen=True, slots=True)
class Asked:
    """A measure as it was asked for, perhaps by the end of its name only; `maximise` is None where nothing is said."""

    name: str
    maximise: bool | None


def parse_measures(given: str) -> list[Asked]:
    """Of `score,min:cost_usd`: names, each with its way if it is said. Raises UsageError."""
    asked: list[Asked] = []
    for item in given.split(","):
        way, colon, name = item.strip().partition(":")
        if not colon:
            way, name = "", way
        elif way not in _WAYS:
            raise unknown("direction of a measure", way, _WAYS)
        if not name:
            raise UsageError(f"--measure {given}: give names separated by commas, each as score or max:score")
        asked.append(Asked(name, {"max": True, "min": False}.get(way)))
    return asked


def choose(asked: Sequence[Asked] | None, known: Collection[str], others: Collection[str]) -> list[Aim]:
    """The aims that were asked for, or the usual ones: a score if there is one, USD and seconds.

    `known` are the measures there are, `others` what is measured but no number. Raises UsageError.
    """
    if asked is None:
        score = _named(_SCORE, known)
        usual = [score[0], "cost_usd", "time_s"] if len(score) == 1 else ["cost_usd", "time_s", "p95_s"]
        return [Aim(name, name not in COMMON) for name in usual if name in known]
    found: dict[str, Aim] = {}
    for one in asked:
        name = _find(one.name, known, others)
        maximise = name not in COMMON if one.maximise is None else one.maximise
        if name in found and found[name].maximise != maximise:
            raise UsageError(f"measure {name!r} is asked for both ways: give it once")
        found[name] = Aim(name, maximise)
    return list(found.values())


def _find(given: str, known: Collection[str], others: Collection[str]) -> str:
    found = _named(given, known)
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"measure {given!r} may be any of these; give one whole: {', '.join(found)}")
    listed = f"Those there are: {', '.join(sorted(known))}."
    if _named(given, others):
        raise UsageError(f"measure {given!r} is not a number in the first leg. {listed}")
    raise unknown("measure", given, known)


def _named(given: str, names: Collection[str]) -> list[str]:
    return [given] if given in names else sorted(name for name in names if name.endswith(f".{given}"))
