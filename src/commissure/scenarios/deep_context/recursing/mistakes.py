"""How modelled models err: wrong labels are no even spread, numbers are missed by little more often than by much."""

from __future__ import annotations

from collections.abc import Sequence

from commissure.hal.clock.dice import Dice
from commissure.hal.errors import unknown
from commissure.hal.profiles.model import Skill, models
from commissure.scenarios.deep_context.questions.record import Question

# Of the wrong labels this share goes to one neighbour: an even spread is too kind to comparisons (assumed).
SKEW = 0.6


def skill_of(model: str, stand_in: str) -> Skill:
    """What is known of a model, or of the one that stands in for it. Raises UsageError if neither is known."""
    known = {name: one.skill for name, one in models().items() if one.skill is not None}
    for name in (model, stand_in):
        if name in known:
            return known[name]
    raise unknown("stand_in (a model with a skill)", stand_in, known)


def noisy(label: str, labels: Sequence[str], accuracy: float, roll: Dice) -> str:
    """The label as a model of this accuracy reads it. Each label has a neighbour that it is mostly taken for."""
    if roll.random() < accuracy:
        return label
    place = labels.index(label)
    if len(labels) == 2 or roll.random() < SKEW:
        return labels[(place + 1) % len(labels)]
    return roll.choice([other for other in labels if other != label])


def wrong_answer(question: Question, roll: Dice) -> str:
    """An answer of the right form that is not the right one."""
    if question.answer_kind == "NUMERIC":
        return str(_wrong_number(int(question.gold), roll))
    others = [choice for choice in question.choices if choice != question.gold]
    if others:
        return roll.choice(others)
    return "unknown"


def _wrong_number(right: int, roll: Dice) -> int:
    """Some part of it too many or too few, and at least one."""
    away = max(1, round(abs(roll.gauss(0.0, 0.15)) * right))
    return max(0, right - away) if roll.random() < 0.5 and right else right + away
