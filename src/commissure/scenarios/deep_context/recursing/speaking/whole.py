"""The answer of one long call: right as often as the curve of its model says at that length."""

from __future__ import annotations

from commissure.hal.clock.dice import Dice, dice
from commissure.scenarios.deep_context.questions.record import Question
from commissure.scenarios.deep_context.questions.scoring import score
from commissure.scenarios.deep_context.recursing.mistakes import wrong_answer

# So many wrong answers are drawn to see what they score by themselves.
_DRAWS = 64


def answered(question: Question, quality: float, name: str) -> str:
    """Scored over many questions, answers come to `quality`, from 0 to 1: wrong ones score a little too."""
    roll = dice(f"{name} {question.id} {question.text} whole")
    if question.answer_kind == "PAIRS":
        return _some_pairs(question.gold, quality, roll)
    return question.gold if roll.random() < _exact(question, quality) else _in_form(question, roll.random())


def _some_pairs(gold: str, quality: float, roll: Dice) -> str:
    """A list that breaks off: with right pairs only, a share r of them has an F1 of 2 r / (1 + r)."""
    share = quality / (2 - quality)
    return "\n".join(pair for pair in gold.split("\n") if roll.random() < share)


def _exact(question: Question, quality: float) -> float:
    """The share of exact answers e of which e + (1 - e) x score of a wrong one = quality."""
    partial = sum(score(question, _in_form(question, draw / _DRAWS)) for draw in range(_DRAWS)) / _DRAWS
    return max(0.0, (quality - partial) / (1 - partial)) if partial < 1 else quality


def _in_form(question: Question, draw: float) -> str:
    return wrong_answer(question, dice(f"{question.id} {question.text} {draw:.6f}"))
