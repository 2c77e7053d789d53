"""A leaf's answer: each row of its prompt is labelled, rightly as often as the model can."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import ascii_uppercase

from commissure.hal.call import Call
from commissure.hal.clock.dice import dice
from commissure.hal.profiles.model import Skill
from commissure.hal.profiles.quantity import value_of
from commissure.scenarios.deep_context.questions.reading import rows_in
from commissure.scenarios.deep_context.recursing.mistakes import noisy

# What an answer that is not in the form says; nobody can read labels in it.
MALFORMED = "i could not decide."


def labelled(call: Call, skill: Skill, labels: Sequence[str], truth: Mapping[str, str], name: str) -> str:
    """A letter a row. The same model reads the same row the same way, whatever piece it stands in.

    An answer that is asked for anew is made anew: `call.kind` is part of the seed.
    """
    if dice(f"{name} {call.kind} form {call.prompt}").random() < value_of(skill.malformed):
        return MALFORMED
    accuracy = value_of(skill.item_accuracy)
    letters = dict(zip(labels, ascii_uppercase, strict=False))
    return "".join(
        letters[noisy(truth[row.text], labels, accuracy, dice(f"{name} {row.line}"))] for row in rows_in(call.prompt)
    )


def looked_up(call: Call, skill: Skill, facts: Mapping[str, str], key: str, name: str) -> str:
    """The fact, where it stands in the prompt: single needles were found at every length (arXiv 2512.24601, S-NIAH)."""
    if dice(f"{name} {call.kind} form {call.prompt}").random() < value_of(skill.malformed):
        return MALFORMED
    return facts[key] if any(key in line and facts[key] in line for line in call.prompt.split("\n")) else "none"
