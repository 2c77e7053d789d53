"""Simulated populations of records, each answered by several candidates of one model: right by chance, wrong together.

All of it is modelled, and says how selectors compare where these assumptions hold.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from itertools import accumulate

from commissure.hal.clock.dice import Dice, dice
from commissure.policies.ensemble.sample import Sample
from commissure.policies.testing.selection.poll import Poll

CANDIDATES, WRONG_VALUES, TEMPERATURE = 8, 6, 0.7
REFUTED = 0.3
"""Of wrong values so many do not stand in the source."""
DISCERNS = 1.0
"""How far a right answer's score lies above a wrong one's, in deviations of its noise: d' (Green and Swets 1966)."""


@dataclass(frozen=True, slots=True)
class Population:
    """Records of so many fields, each with one right and six wrong values.

    The probability of a field's right value is Beta(`right`); with probability `shared` it is its record's own draw.
    One wrong value holds the share `strong` of the rest, so that candidates err together; others have equal parts.
    Candidates are sampled at a temperature of 0.7; their log probabilities are those at 1.
    """

    name: str
    fields: int
    right: tuple[float, float]
    shared: float
    strong: float


POPULATIONS = (
    Population("four fields", 4, (1.6, 1.1), 0.6, 0.6),
    Population("four fields, harder", 4, (1.1, 1.3), 0.6, 0.8),
    Population("one field, one strong error", 1, (0.7, 1.3), 0.0, 0.8),
    Population("four fields, errors apart", 4, (1.6, 1.1), 0.0, 1 / WRONG_VALUES),
)


@dataclass(frozen=True, slots=True)
class Answered:
    """A record's poll, and the text of its right answer."""

    poll: Poll
    truth: str


def answered(population: Population, number: int, seed: int) -> Answered:
    """The record of a number; candidates carry the log probability of their text, and a verifier's verdict."""
    chance = dice(f"population/{seed}/{population.name}/{number}")
    own = chance.betavariate(*population.right)
    masses = [own if chance.random() < population.shared else chance.betavariate(*population.right)
              for _ in range(population.fields)]  # fmt: skip
    values = [_values(place, chance) for place in range(population.fields)]
    weights = [_weights(mass, population.strong) for mass in masses]
    ends = [list(accumulate(mass ** (1 / TEMPERATURE) for mass in one)) for one in weights]
    candidates = []
    for _ in range(CANDIDATES):
        chosen = [chance.choices(range(1 + WRONG_VALUES), cum_weights=one)[0] for one in ends]
        score = DISCERNS * (not any(chosen)) + chance.gauss(0, 1)
        sure = sum(math.log(weights[place][which]) for place, which in enumerate(chosen))
        text = _record([values[place][which] for place, which in enumerate(chosen)])
        # The likelihood ratio of the score, at even odds.
        verdict = 1 / (1 + math.exp(DISCERNS**2 / 2 - DISCERNS * score))
        candidates.append(Sample(text, parsed=True, tokens=len(text) // 4, logprob=sure, verdict=verdict))
    poll = Poll(_source(values, chance), _schema(population.fields), tuple(candidates))
    return Answered(poll, _record([one[0] for one in values]))


def _values(place: int, chance: Dice) -> list[str | int]:
    """The right one first. Every other field is a number."""
    numbers: list[int] = chance.sample(range(100, 1000), 1 + WRONG_VALUES)
    return [f"w{one}" for one in numbers] if place % 2 else list(numbers)


def _weights(mass: float, strong: float) -> list[float]:
    # A mass of 0 or 1 has no logarithm; no draw comes as near to them as this but by rounding.
    mass = min(max(mass, 1e-9), 1 - 1e-9)
    rest = (1 - mass) * (1 - strong) / (WRONG_VALUES - 1)
    return [mass, (1 - mass) * strong, *[rest] * (WRONG_VALUES - 1)]


def _record(values: list[str | int]) -> str:
    return json.dumps({f"field{place}": value for place, value in enumerate(values)})


def _source(values: list[list[str | int]], chance: Dice) -> str:
    said = [str(one[0]) for one in values]
    said += [str(wrong) for one in values for wrong in one[1:] if chance.random() >= REFUTED]
    chance.shuffle(said)
    return " ".join(said)


def _schema(fields: int) -> str:
    kinds = ("integer", "string")
    properties = {f"field{place}": {"type": kinds[place % 2]} for place in range(fields)}
    return json.dumps({"type": "object", "properties": properties, "required": list(properties),
                       "additionalProperties": False})  # fmt: skip
